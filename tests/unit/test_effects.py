"""Effects of steps: each has a key that stays the same however often its script begins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from adapters.cli.commands import app
from adapters.stores.outbox import FileOutbox
from ivr import perform
from ivr.call import take_call
from ivr.flow import Flow, SayStep
from ivr.ports import EffectKey, LineFailed, Outgoing, StoreFailed
from ivr.session import Session
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of

ROUND = """
first: does
steps:
  does: {do: say, say: {zh: 好。, en: Done.}, then: again}
  again:
    do: menu
    say: {zh: 再来请按一，人工请按零。, en: "Again: one. A person: zero."}
    at_most: 3
    then: {"1": does, "0": person, silence: person, no_match: person, too_many: person}
  person: {do: queue}
"""


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of what `say` steps do, which here count as effects."""
    found: list[str] = []

    async def noted(step: SayStep, session: Session) -> str:
        found.append(session.effect())
        return await perform.say(step, session)

    monkeypatch.setattr(SayStep, "has_effect", True)
    monkeypatch.setitem(perform.PERFORMERS, "say", noted)
    return found


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(ROUND, tmp_path)


async def take(line: FakeLine, flow: Flow) -> list[str]:
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)


async def test_each_visit_of_a_step_has_a_key_of_its_own(keys: list[str], flow: Flow) -> None:
    await take(FakeLine("1", "1", "0"), flow)
    assert keys == ["c-1/does/1", "c-1/does/2", "c-1/does/3"]


async def test_a_script_that_begins_again_has_the_key_of_the_visit_it_died_in(
    keys: list[str], flow: Flow
) -> None:
    class Dies(FakeLine):
        async def say(self, *_: object, **__: object) -> str | None:
            raise LineFailed("the process is gone")

    dying = Dies(facts=replace(A_CALL, step="does", visits={"does": 1}))
    await take(dying, flow)
    again = replace(A_CALL, step=dying.step, visits=dying.visits)
    await take(FakeLine("0", facts=again), flow)
    assert keys == ["c-1/does/2", "c-1/does/2"]


async def test_a_step_without_effect_and_limit_is_not_counted(flow: Flow) -> None:
    line = FakeLine("1", "0")
    await take(line, flow)
    assert dict(line.visits) == {"again": 2}


async def test_a_limit_and_an_effect_count_together(keys: list[str], tmp_path: Path) -> None:
    limited = ROUND.replace("then: again}", "at_most: 1, then: {done: again, too_many: person}}")
    trail = await take(FakeLine("1"), flow_of(limited, tmp_path))
    assert trail[-2:] == ["does:too_many", "person:waiting"] and keys == ["c-1/does/1"]


async def test_a_call_without_an_outbox_promises_nothing(flow: Flow) -> None:
    session = Session(FakeLine(), FakeAcceptance(), StandingClock(), HOURS, ("zh",), "zh")
    with pytest.raises(StoreFailed, match="no outbox"):
        await session.neighbours.outbox.put(Outgoing(session.effect("x"), "email", None, {}))


async def test_the_command_lists_what_waits_with_ids_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    shown = CliRunner().invoke(app, ["outbox"])
    assert (shown.exit_code, shown.stdout) == (0, "nothing waits to be sent\n")
    outgoing = Outgoing(EffectKey("c-1/mailbox/1"), "email", None, {"queue": "support"})
    await FileOutbox(tmp_path).put(outgoing)
    shown = CliRunner().invoke(app, ["outbox", "--json"])
    [entry] = json.loads(shown.stdout)
    assert (entry["key"], entry["kind"], entry["to"]) == ("c-1/mailbox/1", "email", None)
    (tmp_path / "outbox" / "odd.json").write_text("[]")
    assert "odd.json" in CliRunner().invoke(app, ["outbox"]).stderr
