"""What overflow rules say of waiting callers is carried out, once, and leaves nobody in between."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from acd import events
from acd.commands import Overflow
from acd.config import Condition, OverflowRule, Queue
from acd.engine import Engine
from acd.events import Event
from acd.model import ContactId, QueueId, Seconds
from acd.states import ContactState
from ivr import ways_out
from ivr.call import take_call
from ivr.flow import Flow
from ivr.flow_notes import notes
from ivr.out_of_line import WaitsIn
from ivr.ports import Origin, PhonesFailed, Record
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from ivr.ways_out import WaysOut
from tests.centres import centre
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryJournal
from tests.unit.test_distributor import at_work, until

ONE, TWO = ContactId("one"), ContactId("two")
SALES, SUPPORT = QueueId("sales"), QueueId("support")
LONG = Condition(waited=30)
LEADS = """
first: person
steps:
  person:
    do: queue
    queue: support
    overflow: {callback: sorry, message: note, elsewhere: chat}
  sorry: {do: say, say: {zh: 抱歉。, en: Sorry.}, then: bye_or_wait}
  bye_or_wait:
    do: menu
    at_most: 3
    say: {zh: 再等请按一。, en: To wait on press one.}
    then: {1: person, silence: person, no_match: person, too_many: bye}
  note: {do: say, say: {zh: 请留言。, en: Leave a message.}, then: person}
  chat: {do: say, say: {zh: 网上有人。, en: There is a chat.}, then: person}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""


@dataclass
class Loop:
    """A waiting loop that keeps what it is asked to do."""

    origins: dict[ContactId, Origin] = field(default_factory=dict)
    done: list[tuple[str, ...]] = field(default_factory=list)
    fails: bool = False

    def origin(self, contact: ContactId) -> Origin | None:
        return self.origins.get(contact)

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        self._do("out", contact, request, outcome)

    async def moved(self, contact: ContactId, queue: str, to: WaitsIn | None) -> None:
        self._do("moved", contact, queue, *([to.step, to.keys] if to else []))

    def _do(self, *what: str) -> None:
        if self.fails:
            raise PhonesFailed("no link")
        self.done.append(what)


class House:
    """An engine whose queues have these rules, and who carries out what they say."""

    def __init__(self, flow: Flow | None, **rules: str) -> None:
        """`rules`: where who has waited for 30 seconds goes, by queue."""
        queues = {
            name: Queue(name, overflow=(OverflowRule(LONG, rules[name]),) if name in rules else ())
            for name in (SUPPORT, SALES)
        }
        self.engine = Engine(centre(queues, {"standard": 0.0}, {}))
        self.engine.handle(events.Started(1), 0)
        self.engine.handle(events.LinkChanged(up=True), 0)
        self.flow, self.now = flow, 0.0
        self.loop = Loop({ONE: Origin("4000", "person"), TWO: Origin("4000", "person")})
        self.ways = WaysOut(self.engine, self.record, lambda _: self.flow, self.loop)
        self.said: list[Overflow] = []

    async def record(self, event: Event) -> None:
        self._keep(event)

    def _keep(self, event: Event) -> None:
        self.said += [c for c in self.engine.handle(event, self.now) if isinstance(c, Overflow)]

    async def waits_until(self, end: Seconds) -> None:
        """Time passes; what is said is carried out as it is said."""
        while (at := self.engine.next_deadline()) is not None and at <= end:
            self.now = at
            self._keep(events.TimePassed())
            while self.said:
                await self.ways.carry_out(self.said.pop(0))

    def arrives(self, contact: ContactId, at: Seconds = 0.0) -> None:
        self.now = at
        self._keep(events.Arrived(contact, SUPPORT, at, waits=True))


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(LEADS, tmp_path)


# ---------------------------------------------------------------- on the telephone


@pytest.mark.parametrize(
    ("to", "outcome"),
    [("callback", "callback"), ("message", "message"), ("web chat", "elsewhere")],
)
async def test_callers_are_led_to_where_the_rules_say_once_and_keep_waiting_until_then(
    flow: Flow, to: str, outcome: str
) -> None:
    house = House(flow, support=to)
    house.arrives(ONE)
    await house.waits_until(300)
    assert house.loop.done == [("out", ONE, to, outcome)]
    assert house.engine.contacts[ONE].state is ContactState.WAITING


async def test_who_is_offered_a_channel_is_led_there_by_nobody_but_themselves(flow: Flow) -> None:
    house = House(flow, support="chat")
    house.ways = WaysOut(house.engine, house.record, lambda _: flow, house.loop, offered=("chat",))
    house.arrives(ONE)
    await house.waits_until(300)
    assert house.loop.done == [] and house.engine.contacts[ONE].overflowed == 1


async def test_to_another_queue_the_contact_moves_with_its_key_and_the_telephone_follows(
    flow: Flow,
) -> None:
    house = House(flow, support="sales")
    house.arrives(ONE)
    key = house.engine.contacts[ONE].order_key
    house.arrives(TWO, 20.0)
    house._keep(events.Transferred(TWO, SALES))
    await house.waits_until(31)
    assert house.loop.done == [("moved", ONE, "sales")]
    assert house.engine.contacts[ONE].queue == SALES
    assert house.engine.contacts[ONE].order_key == key
    assert [contact.id for contact in house.engine.waiting()] == [ONE, TWO]


async def test_who_is_moved_waits_in_the_flows_own_step_for_that_queue(tmp_path: Path) -> None:
    steps = """
first: person
steps:
  person: {do: queue, say: {zh: 按一。, en: Press one.}, keys: {1: sales}}
  sales: {do: queue, queue: sales, say: {zh: 按二。, en: Press two.}, keys: {2: bye}}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""
    house = House(flow_of(steps, tmp_path), support="sales")
    house.arrives(ONE)
    await house.waits_until(31)
    assert house.loop.done == [("moved", ONE, "sales", "sales", "2")]


async def test_rules_of_two_queues_send_nobody_to_and_fro(flow: Flow) -> None:
    house = House(flow, support="sales", sales="support")
    house.arrives(ONE)
    await house.waits_until(3600)
    assert house.loop.done == [("moved", ONE, "sales"), ("moved", ONE, "support", "person", "")]


@pytest.mark.parametrize(
    "text", ["{do: queue, queue: support}", "{do: queue, overflow: {message: bye}}"]
)
async def test_without_a_step_for_it_the_caller_stays_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    steps = f"first: person\nsteps:\n  person: {text}\n"
    bye = "  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}\n" if "bye" in text else ""
    house = House(flow_of(steps + bye, tmp_path), support="callback")
    house.arrives(ONE)
    with caplog.at_level(logging.WARNING):
        await house.waits_until(300)
    assert house.loop.done == [] and house.engine.waiting()
    assert [record.message for record in caplog.records] == [
        "no step for what the overflow rules say, the caller stays"
    ]


async def test_who_came_by_the_plain_menu_stays(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways_out, "FLOW_WAIT", 0.0)
    house = House(flow, support="message")
    house.loop.origins = {ONE: Origin("4000", ""), TWO: Origin("4000", "bye_or_wait")}
    house.arrives(ONE)
    house.arrives(TWO)
    house.arrives(ContactId("three"))  # whose channel nobody knows
    await house.waits_until(300)
    assert house.loop.done == []


async def test_who_rings_at_an_agent_already_is_left_to_them(flow: Flow) -> None:
    house = House(flow)
    house.arrives(ONE)
    house.engine.contacts[ONE].state = ContactState.RINGING
    await house.ways.carry_out(Overflow(ONE, "message", "long"))
    await house.ways.carry_out(Overflow(ONE, "sales", "long"))
    await house.ways.carry_out(Overflow(ContactId("gone"), "message", "long"))
    assert house.loop.done == [] and house.engine.contacts[ONE].queue == SUPPORT


async def test_a_link_that_is_away_leaves_the_caller_where_they_are(
    flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(flow, support="message")
    house.loop.fails = True
    house.arrives(ONE)
    await house.waits_until(300)
    assert house.engine.waiting()
    assert "overflow not carried out" in [record.message for record in caplog.records]


async def test_after_a_restart_nobody_is_led_there_a_second_time(flow: Flow) -> None:
    house = House(flow)
    house.arrives(ONE)
    gone = ContactId("gone")
    said = [Record(1, "Overflowed", {"to": "message", "why": "long"}, one) for one in (ONE, gone)]
    await house.ways.remember(MemoryJournal(said))
    await house.ways.carry_out(Overflow(ONE, "message", "long"))
    assert house.loop.done == []
    await house.ways.carry_out(Overflow(ONE, "callback", "longer"))
    assert house.loop.done == [("out", ONE, "callback", "callback")]


async def test_a_flow_that_is_still_being_read_is_waited_for(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ways_out, "FLOW_WAIT", 0.0)
    house = House(flow)
    read = iter([None, None, flow])
    house.ways = WaysOut(house.engine, house.record, lambda _: next(read), house.loop)
    house.arrives(ONE)
    await house.ways.carry_out(Overflow(ONE, "message", "long"))
    assert house.loop.done == [("out", ONE, "message", "message")]


async def test_what_the_engine_says_is_carried_out_when_it_is_durable() -> None:
    told: list[tuple[Overflow, int]] = []
    async with at_work() as cast:

        async def keep(command: Overflow) -> None:
            told.append((command, len(cast.journal.records)))

        cast.distributor.overflows = keep
        rule = OverflowRule(Condition(length=0), "message")
        cast.distributor.engine.use(
            centre({SUPPORT: Queue(SUPPORT, overflow=(rule,))}, {"standard": 0.0}, {}), 100.0
        )
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        await until(lambda: bool(told))
        assert told[0][0].to == "message"
        assert cast.kinds[: told[0][1]][-1] == "Overflowed"


# ---------------------------------------------------------------- the script, trials, notes


@pytest.mark.parametrize(
    ("left", "second"), [("callback", "sorry"), ("message", "note"), ("elsewhere", "chat")]
)
async def test_the_script_goes_on_where_the_rules_lead(flow: Flow, left: str, second: str) -> None:
    line = FakeLine("1", facts=replace(A_CALL, step="person", left=left))
    trail = await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)
    assert [entry.partition(":")[0] for entry in trail[:2]] == ["person", second]
    assert trail[0] == f"person:{left}" and trail[-1] == "person:waiting"


CALLERS = """
callers:
  - {name: waits, expect: {steps: [person:waiting]}}
  - name: speaks
    overflow: message
    expect: {steps: [person:waiting, person:message, note:done, person:waiting], hears: [Leave], ends: waiting}
  - name: waits on
    overflow: callback
    does: ["1"]
    expect: {steps: [person:waiting, person:callback, sorry:done, bye_or_wait:1, person:waiting]}
  - name: is told of the chat
    overflow: elsewhere
    expect: {steps: [person:waiting, person:elsewhere, chat:done, person:waiting]}
"""  # noqa: E501


def test_scripted_callers_are_led_out_of_the_line_once(flow: Flow, tmp_path: Path) -> None:
    numbers = {"4000": NumberEntry(flow="leads", language="en")}
    premises = Premises(
        {"leads": replace(flow, name="leads")}, HOURS, frozenset(HOUSE.queues), numbers
    )
    file = tmp_path / "leads.yaml"
    file.write_text(CALLERS, encoding="utf-8")
    tried = trial.run(premises, ["leads"], callers.load([file], premises), 20, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.strays == []


def test_a_check_notes_where_rules_lead_and_the_flow_does_not(tmp_path: Path) -> None:
    steps = """
first: person
steps:
  person: {do: queue, overflow: {message: sorry}}
  sorry: {do: say, say: {zh: 抱歉。, en: Sorry.}, then: sales}
  sales: {do: queue, queue: sales}
"""
    rules = tuple(OverflowRule(LONG, to) for to in ("message", "sales", "web chat", "sms"))
    queues = {SUPPORT: Queue(SUPPORT, overflow=rules), SALES: Queue(SALES, overflow=rules)}
    flow = replace(flow_of(steps, tmp_path), name="main")
    numbers = [NumberEntry(flow="main"), NumberEntry(flow="other", queue="sales")]
    assert list(notes(flow, queues, numbers)) == [
        "main: steps.person: a rule of the queue 'support' leads to 'elsewhere'; without a step "
        "for it in `overflow` callers stay",
        "main: steps.sales: a rule of the queue 'sales' leads to 'message'; without a step for it "
        "in `overflow` callers stay",
        "main: steps.sales: a rule of the queue 'sales' leads to 'elsewhere'; without a step for "
        "it in `overflow` callers stay",
    ]
    offered = list(notes(flow, queues, numbers, offered=("web chat", "sms")))
    assert len(offered) == 1 and "'message'" in offered[0]
