"""`./hotline why`: one line for each offer, the rules, and who was looked at."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd import events
from acd.engine import Engine
from acd.model import AgentId, ContactId, OfferId
from adapters.cli import why as explained
from adapters.cli.commands import app
from ivr.explain import Explained
from tests.routing_stage import ANN, BOB, ONE, SUPPORT, house, member
from tests.whys import whys


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ONE was offered to Ann, who was free for longer than Bob."""
    engine = Engine(house(member(ANN), member(BOB)))
    found = whys(engine)
    told: list[events.Event] = [events.Started(1), events.LinkChanged(up=True)]
    for agent in (ANN, BOB):
        told += [events.PhoneChanged(agent, reachable=True), events.AgentLoggedIn(agent)]
    for second, event in enumerate([*told, events.Arrived(ONE, SUPPORT, 20.0, waits=True)]):
        engine.handle(event, 20.0 + second)
    [why] = found

    async def offers(settings: object, contact: ContactId) -> tuple[list[Explained], None]:
        made = Explained(OfferId("1.1.1"), ANN, 26.0, why)
        return [made, Explained(OfferId("1.1.2"), AgentId("eve"), 40.0, None)], None

    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(explained, "_offers", offers)


def shown(*words: str) -> Any:
    result = CliRunner().invoke(app, ["why", ONE, *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_text_has_the_line_the_rules_and_the_agents_by_their_rank(offered: None) -> None:
    lines = shown().splitlines()
    assert lines[0].startswith("1.1.1 to ann: first in order: waited 0:06; ann was the longest")
    assert lines[1].startswith("rules ") and lines[1].endswith("strategy longest_idle")
    rows = [line.split() for line in lines]
    assert rows.index(["ann", "0:03", "0", "this", "one"]) < rows.index(["bob", "0:01", "0"])
    assert lines[-1].endswith("made under rules that are no longer in force")


def test_json_has_the_whole_of_it(offered: None) -> None:
    first, second = json.loads(shown("--json"))
    assert [one["agent"] for one in first["why"]["agents"]] == ["ann", "bob"]
    assert first["line"].startswith("first in order") and second["why"] is None
