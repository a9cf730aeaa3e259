"""`./hotline directory` and `agent pickup`: what is asked of the core, and what people are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import agents, inside
from adapters.cli.commands import app

DIRECTORY = [
    {"kind": "agent", "name": "ann", "numbers": ["801"], "presence": "ready", "reachable": False},
    {"kind": "queue", "name": "support", "numbers": [], "presence": "staffed", "waiting": 2},
    {"kind": "destination", "name": "reception", "numbers": ["803"], "presence": "in use"},
]
TAKEN = {"agent": "bob", "colleague": "ann", "contact": "call-1"}


class Core:
    """A core with this directory, at which what is asked is done."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.asked.append((what, fields))
        return {"directory": DIRECTORY} if what == "directory" else TAKEN


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Core:
    made = Core()
    for command in (agents, inside):
        monkeypatch.setattr(command, "ask", made.ask)
    return made


def hotline(*words: str) -> Result:
    return CliRunner().invoke(app, [*words])


def test_the_directory_is_a_line_each_or_all_of_it_as_json(core: Core) -> None:
    shown = hotline("directory").output
    for words in (("801", "ann", "ready", "phone out of reach"), ("support", "2 waiting"),
                  ("803", "reception", "in use")):  # fmt: skip
        assert any(all(word in line for word in words) for line in shown.splitlines()), words
    assert json.loads(hotline("directory", "--json").output) == DIRECTORY


def test_a_pickup_names_both_agents_and_who_asks(core: Core) -> None:
    done = hotline("agent", "pickup", "bob", "ann", "--who", "boss", "--json")
    assert json.loads(done.output) == [TAKEN]
    assert core.asked == [("agent pickup", {"agent": "bob", "colleague": "ann", "who": "boss"})]
