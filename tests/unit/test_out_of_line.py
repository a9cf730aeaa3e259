"""Waiting callers go back into the flow by a key and keep the place; nobody is rung meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from acd import events
from acd.commands import ContactEnd
from acd.model import CALLED_BACK, ContactId, QueueId
from acd.states import ContactState
from adapters.asterisk.facts import from_ami
from ivr import call as call_module
from ivr.call import take_call
from ivr.flow import Flow
from ivr.flow_difference import difference
from ivr.flow_sketch import sketch
from ivr.out_of_line import LONGEST
from ivr.ports import CallFacts
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.unit.test_callback import ANN, House, another

ONE, SALES, SUPPORT = A_CALL.contact, QueueId("sales"), QueueId("support")
TWO = ContactId("c-2")
KEYS = """
first: person
steps:
  person:
    do: queue
    say: {zh: 按一回拨，按二转销售。, en: "To be called back press 1, for sales press 2."}
    keys: {1: ring_me, 2: sales}
  ring_me:
    do: callback
    at_most: 3
    say: {zh: "拨打{number}？", en: "We call {number}?"}
    another: {zh: 请输入号码。, en: Which number?}
    then: {promised: bye, declined: person, silence: person, no_match: person, full: person,
           failed: person, too_many: wait_on}
  wait_on: {do: queue}
  sales: {do: queue, queue: sales}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""


class Quiet(House):
    """A core whose agent has gone home."""

    async def begin(self) -> None:
        await super().begin()
        self.distributor.post(events.AgentLoggedOff(ANN))

    async def waits(self, facts: CallFacts = A_CALL) -> None:
        """A new caller comes to the waiting loop."""
        assert await self.call(facts=facts) == ["person:waiting"]
        await self.distributor.record(events.Reached(facts.contact))

    async def presses(self, key: str, *acts: str, facts: CallFacts = A_CALL) -> list[str]:
        """They press a key there; what becomes of it."""
        return await self.call(*acts, facts=replace(facts, step="person", left=key))

    @property
    def order(self) -> list[ContactId]:
        return [contact.id for contact in self.engine.waiting()]

    def ended(self) -> list[str]:
        records = self.journal.records
        return [record.data["how"] for record in records if record.kind == "ContactEnded"]


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(KEYS, tmp_path)


@pytest.fixture
async def house(flow: Flow) -> AsyncIterator[Quiet]:
    made = Quiet(flow)
    await made.begin()
    yield made
    made.running.cancel()


# ---------------------------------------------------------------- the place


async def test_who_accepts_a_callback_while_waiting_has_the_place_of_their_arrival(
    house: Quiet,
) -> None:
    await house.waits()
    arrived = house.engine.contacts[ONE].order_key
    house.clock.at += 60
    await house.waits(another(2))
    assert await house.presses("1", "1") == ["person:1", "ring_me:promised", "bye:done"]
    contact = house.engine.contacts[ONE]
    assert (contact.channel, contact.state) == (CALLED_BACK, ContactState.PARKED)
    assert contact.order_key == arrived < house.engine.contacts[TWO].order_key
    [promise] = house.promises()
    assert (promise.contact, contact.park_limit) == (ONE, promise.until - promise.at)
    await house.distributor.record(events.CallerLeft(ONE, channel="voice"))
    assert house.promises() and house.ended() == []


async def test_who_declines_waits_on_before_those_who_came_later(house: Quiet) -> None:
    await house.waits()
    house.clock.at += 60
    await house.waits(another(2))
    assert await house.presses("1", "0") == ["person:1", "ring_me:declined", "person:waiting"]
    assert house.order == [TWO], "until the waiting loop has them they are not offered"
    await house.distributor.record(events.Reached(ONE))
    assert house.order == [ONE, TWO]
    assert house.line.queued == ("support", "standard", house.engine.contacts[ONE].entered_at)


async def test_another_queue_is_joined_with_the_same_key(house: Quiet) -> None:
    await house.waits()
    before = house.engine.contacts[ONE].order_key
    assert await house.presses("2") == ["person:2", "sales:waiting"]
    await house.distributor.record(events.Reached(ONE))
    contact = house.engine.contacts[ONE]
    assert (contact.queue, contact.state) == (SALES, ContactState.WAITING)
    assert contact.order_key == before


async def test_a_promise_for_another_queue_is_kept_there(house: Quiet, tmp_path: Path) -> None:
    house.flow = flow_of(KEYS.replace("do: callback", "do: callback\n    queue: sales"), tmp_path)
    await house.waits()
    await house.presses("1", "1")
    contact = house.engine.contacts[ONE]
    assert (contact.queue, contact.state, contact.channel) == (
        SALES, ContactState.PARKED, CALLED_BACK,
    )  # fmt: skip


async def test_nobody_is_rung_for_a_caller_who_is_in_the_flow(house: Quiet) -> None:
    await house.waits()
    await house.distributor.let_out(A_CALL)
    house.distributor.post(events.AgentLoggedIn(ANN))
    await house.distributor.record(events.TimePassed())
    assert house.engine.offers == {}


async def test_who_hangs_up_in_the_dialogue_has_abandoned_the_wait(house: Quiet) -> None:
    await house.waits()
    assert (await house.presses("1", HANGS_UP))[-1] == "ring_me:caller gone"
    await house.distributor.record(events.CallerLeft(ONE, channel="voice"))
    assert house.ended() == [ContactEnd.ABANDONED] and house.promises() == []


# ---------------------------------------------------------------- a process that dies


async def test_a_dialogue_outlives_our_processes_and_so_does_its_place(house: Quiet) -> None:
    await house.waits()
    before = house.engine.contacts[ONE].order_key
    await house.presses("1", HANGS_UP)  # the script ends there, as when its process is killed
    await house.dies()
    contact = house.engine.contacts[ONE]
    assert (contact.state, contact.park_limit) == (ContactState.PARKED, LONGEST)
    again = replace(A_CALL, step=house.line.step, visits=house.line.visits, left="1")
    assert await house.call("1", facts=again) == ["ring_me:promised", "bye:done"]
    assert len(house.promises()) == 1 and house.engine.contacts[ONE].order_key == before


async def test_a_script_that_dies_on_its_way_into_the_flow_goes_there_again(house: Quiet) -> None:
    await house.waits()
    await house.distributor.let_out(A_CALL)
    await house.dies()
    assert await house.presses("1", "0") == ["person:1", "ring_me:declined", "person:waiting"]
    await house.distributor.record(events.Reached(ONE))
    assert house.order == [ONE]


async def test_a_call_that_goes_back_into_its_flow_does_not_start_a_second_time(
    house: Quiet,
) -> None:
    await house.waits()
    await house.presses("1", "0")
    kinds = [record.kind for record in house.journal.records]
    assert kinds.count("CallStarted") == 1 and kinds.count("Arrived") == 1


# ---------------------------------------------------------------- the script


async def walk(
    flow: Flow, *acts: str, acceptance: FakeAcceptance | None = None, **facts: str
) -> list[str]:
    line = FakeLine(*acts, facts=replace(A_CALL, **facts))  # type: ignore[arg-type]
    return await take_call(line, flow, acceptance or FakeAcceptance(), StandingClock(), HOURS)


async def test_the_loop_is_told_which_keys_lead_out(flow: Flow) -> None:
    line = FakeLine()
    await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)
    assert line.keys == "12"


async def test_the_engine_is_told_before_the_caller_is_asked_anything(flow: Flow) -> None:
    acceptance = FakeAcceptance()
    await walk(flow, HANGS_UP, acceptance=acceptance, step="person", left="1")
    assert acceptance.let_out_of_line == [ONE]


async def test_an_engine_that_is_away_keeps_nobody_out_of_the_flow(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_module, "LET_OUT_SECONDS", 0.01)
    acceptance = FakeAcceptance(away=frozenset({"let_out"}))
    async with asyncio.timeout(5):
        trail = await walk(flow, "0", acceptance=acceptance, step="person", left="1")
    assert trail == ["person:1", "ring_me:declined", "person:waiting"]


async def test_a_key_that_leads_nowhere_any_more_lets_the_caller_wait_on(flow: Flow) -> None:
    assert await walk(flow, step="person", left="7") == ["person:7", "person:waiting"]
    assert await walk(flow, step="no_step_of_this_flow", left="1") == []


async def test_who_was_cut_off_and_waits_again_comes_out_by_a_key_too(flow: Flow) -> None:
    trail = await walk(flow, "0", step="person", left="1", talked="7.1.1")
    assert trail == ["person:1", "ring_me:declined", "person:waiting"]


async def test_a_limited_queue_counts_those_who_come_out_of_it(tmp_path: Path) -> None:
    limited = KEYS.replace("    do: queue\n", "    do: queue\n    at_most: 1\n").replace(
        "    keys:", "    then: {too_many: wait_on}\n    keys:"
    )
    trail = await walk(flow_of(limited, tmp_path), "0", step="person", left="1")
    assert trail == ["person:1", "ring_me:declined", "person:too_many", "wait_on:waiting"]


def test_the_telephone_side_tells_at_once_that_a_caller_came_out() -> None:
    told = {"Event": "UserEvent", "UserEvent": "AcdLeft", "Contact": "c-1", "By": "1"}
    assert from_ami(told) == [events.Parked(ONE, limit=LONGEST, channel="voice")]


# ---------------------------------------------------------------- trials and pictures


CALLERS = """
callers:
  - {name: waits, expect: {steps: [person:waiting], ends: waiting}}
  - name: is called back
    does: ["1", "1"]
    caller_number: "+12025550123"
    expect: {steps: [person:waiting, person:1, ring_me:promised, bye:done], ends: goodbye}
  - name: types ahead
    does: ["10"]
    caller_number: "+12025550123"
    expect: {steps: [person:waiting, person:1, ring_me:declined, person:waiting]}
  - name: goes to sales
    does: ["2"]
    expect: {steps: [person:waiting, person:2, sales:waiting], queue: sales}
"""


def test_scripted_callers_press_keys_where_they_wait(flow: Flow, tmp_path: Path) -> None:
    numbers = {"4000": NumberEntry(flow="keys")}
    premises = Premises(
        {"keys": replace(flow, name="keys")}, HOURS, frozenset(HOUSE.queues), numbers
    )
    file = tmp_path / "keys.yaml"
    file.write_text(CALLERS, encoding="utf-8")
    tried = trial.run(premises, ["keys"], callers.load([file], premises), 50, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.strays == []
    assert not {"person:1", "person:2"} & set(tried.coverage["keys"].missing())


def test_a_picture_counts_who_came_out_by_a_key_once(flow: Flow) -> None:
    counts = {("person", "waiting"): 10, ("person", "1"): 3, ("person", "2"): 2}
    drawn = sketch(flow, counts)
    [box] = [box for box in drawn.boxes if box.name == "person"]
    taken = {arrow.target: arrow.taken for arrow in drawn.arrows if arrow.source == "person"}
    assert (box.came, taken, drawn.no_longer) == (10, {"ring_me": 3, "sales": 2}, ())


def test_a_key_that_leads_elsewhere_is_a_difference_told_once(flow: Flow, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    turned = KEYS.replace("{1: ring_me, 2: sales}", "{1: sales, 2: ring_me}")
    assert difference(flow, flow_of(turned, tmp_path / "new")) == [
        "person: key 1 now goes to sales (was ring_me)",
        "person: key 2 now goes to ring_me (was sales)",
    ]


def test_a_step_that_is_only_called_otherwise_is_the_same(flow: Flow, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    now = flow_of(KEYS.replace("ring_me", "call_me"), tmp_path / "new")
    assert difference(flow, now) == ["step ring_me is now called call_me"]


def test_a_key_of_a_called_flow_leads_to_a_step_of_that_flow(tmp_path: Path) -> None:
    (tmp_path / "wait.yaml").write_text(KEYS, encoding="utf-8")
    caller = "first: go\nsteps:\n  go: {do: flow, flow: wait}\n"
    step = flow_of(caller, tmp_path).steps["go/person"]
    assert step.then == {"1": "go/ring_me", "2": "go/sales"}
