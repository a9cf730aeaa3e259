"""`overflow` asks the queue's rules before a caller waits, and never leaves one in silence."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ivr import perform_spilling
from ivr.call import take_call
from ivr.flow import Flow
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of

ASKS = """
first: full
steps:
  full: {do: overflow, then: {queue: person, callback: ring, message: note, elsewhere: others}}
  ring: {do: say, say: {zh: 回拨。, en: We call back.}, then: person}
  note: {do: say, say: {zh: 留言。, en: Leave a message.}, then: person}
  others: {do: queue, queue: sales}
  person: {do: queue}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(ASKS, tmp_path)


async def take(flow: Flow, acceptance: FakeAcceptance) -> list[str]:
    facts = replace(A_CALL, class_="vip")
    return await take_call(FakeLine(facts=facts), flow, acceptance, StandingClock(), HOURS)


@pytest.mark.parametrize(
    ("leads_to", "outcome"),
    [
        ("", "queue"),
        ("callback", "callback"),
        ("message", "message"),
        ("sales", "elsewhere"),
        ("chat", "elsewhere"),
    ],
)
async def test_the_rules_of_the_numbers_queue_decide(
    flow: Flow, leads_to: str, outcome: str
) -> None:
    acceptance = FakeAcceptance(leads_to=leads_to)
    assert (await take(flow, acceptance))[0] == f"full:{outcome}"
    assert acceptance.asked_about == [("support", "vip")]
    assert acceptance.enqueued, "whatever the rules say, this flow brings a person"


async def test_a_step_with_a_queue_of_its_own_asks_that(tmp_path: Path) -> None:
    flow = flow_of(ASKS.replace("do: overflow,", "do: overflow, queue: sales,"), tmp_path)
    acceptance = FakeAcceptance()
    await take(flow, acceptance)
    assert acceptance.asked_about == [("sales", "vip")]


async def test_rules_that_cannot_be_asked_in_time_let_the_caller_wait(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform_spilling, "ASK_SECONDS", 0.01)
    acceptance = FakeAcceptance(away=frozenset({"way_out"}))
    async with asyncio.timeout(5):
        assert await take(flow, acceptance) == ["full:queue", "person:waiting"]


CALLERS = """
callers:
  - {name: waits, expect: {steps: [full:queue, person:waiting]}}
  - {name: is called back, overflow: callback, expect: {steps: [full:callback, ring:done, person:waiting]}}
  - {name: speaks, overflow: message, expect: {steps: [full:message, note:done, person:waiting]}}
  - {name: goes, overflow: elsewhere, expect: {steps: [full:elsewhere, others:waiting], queue: sales}}
"""  # noqa: E501


def test_scripted_callers_come_to_every_outcome(flow: Flow, tmp_path: Path) -> None:
    numbers = {"4000": NumberEntry(flow="busy")}
    named = replace(flow, name="busy")
    premises = Premises({"busy": named}, HOURS, frozenset(HOUSE.queues), numbers)
    file = tmp_path / "busy.yaml"
    file.write_text(CALLERS, encoding="utf-8")
    tried = trial.run(premises, ["busy"], callers.load([file], premises), 20, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert (tried.strays, tried.coverage["busy"].missing()) == ([], [])
