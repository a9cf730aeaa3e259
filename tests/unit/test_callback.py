"""`callback` keeps the caller's place, promises once, and never says what is not written."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from acd import events
from acd.config import Queue
from acd.engine import Engine
from acd.model import CALLED_BACK, AgentId, ContactId, QueueId
from acd.schedule import weekly
from acd.states import ContactState
from acd.waits import Waits
from ivr import settings
from ivr.call import take_call
from ivr.callback_book import CallbackBook
from ivr.callback_plan import CallbackPlan, CallbackSettings
from ivr.callback_requests import CallbackRequests
from ivr.callbacks import CallbackDesk
from ivr.distributor import Distributor
from ivr.faults import BadSettings
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.ports import CallFacts, Note, PersonId, StoreFailed
from ivr.promises import PROMISED, Promise
from ivr.recovery import recover
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from ivr.tickets.projection import Known, tell
from tests.centres import centre
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, HOUSE, NOON_ON_SUNDAY, StandingClock, flow_of
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryOutbox, MemoryVault
from tests.logged import carried

SUPPORT, ANN = QueueId("support"), AgentId("ann")
CENTRE = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0}, {ANN: (SUPPORT,)})
OWN, OTHER = "+8613800138000", "01085551234"
ASKS = """
first: ring_me
steps:
  ring_me:
    do: callback
    say: {zh: "拨打{number}？", en: "We call {number}?"}
    another: {zh: 请输入号码。, en: Which number?}
    promised: {zh: "我们会拨打{number}。", en: "We will call {number}."}
    after_silence: {zh: 没有听到。, en: We heard nothing.}
    after_no_match: {zh: 不对。, en: That is no answer.}
    then: {promised: bye, declined: person, silence: person, no_match: person, full: person,
           failed: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""


class NoPhones:
    """Nobody may be rung."""

    async def offer(self, offer: object) -> None:
        raise AssertionError("a promise rings nobody")

    async def withdraw(self, offer: object) -> None:
        raise AssertionError("there is nothing to withdraw")


class NoDials:
    """Nobody dials here."""

    book = CallbackBook()

    async def cancel(self, id_: ContactId, who: str) -> bool:
        return False

    async def try_now(self, id_: ContactId, who: str) -> bool:
        return False


class House:
    """A core whose agent is ready; `dies` begins it anew from its stores."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.journal, self.vault = MemoryJournal(), MemoryVault()
        self.outbox, self.clock = MemoryOutbox(), StandingClock()
        self.settings = CallbackSettings()
        self.hours = dict(HOURS)
        self.engine = Engine(CENTRE)
        self.engine.waits = Waits(CENTRE)

    async def begin(self) -> None:
        self.distributor = Distributor(
            self.engine, self.journal, NoPhones(), self.vault, self.clock
        )
        self.running = asyncio.create_task(self.distributor.run())
        self.desk = CallbackDesk(
            self.distributor, self.vault, self.clock, self.settings, lambda: self.hours
        )
        await self.desk.remember(self.journal)
        self.distributor.post(
            events.Started(self.engine.epoch + 1), events.LinkChanged(True),
            events.PhoneChanged(ANN, True), events.AgentLoggedIn(ANN),
        )  # fmt: skip

    async def dies(self) -> None:
        self.running.cancel()
        self.engine = (await recover(self.journal, CENTRE)).engine
        await self.begin()

    async def call(self, *acts: str, facts: CallFacts = A_CALL) -> list[str]:
        self.line = FakeLine(*acts, facts=facts)
        return await take_call(
            self.line, self.flow, self.distributor, self.clock, self.hours,
            Neighbours(outbox=self.outbox, callbacks=self.desk),
        )  # fmt: skip

    def promises(self) -> list[Promise]:
        return self.desk.open()

    @property
    def written(self) -> list[str]:
        told = ("Arrived", "Parked", "Moved", PROMISED)
        return [record.kind for record in self.journal.records if record.kind in told]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(flow_of(ASKS, tmp_path))
    await made.begin()
    yield made
    made.running.cancel()


def another(number: int) -> CallFacts:
    return replace(A_CALL, contact=ContactId(f"c-{number}"))


# ---------------------------------------------------------------- in a call


async def test_the_callers_number_is_read_digit_by_digit_and_promised(house: House) -> None:
    assert await house.call("1") == ["ring_me:promised", "bye:done"]
    assert house.line.heard[:2] == [
        "拨打加八六，幺三八，零零幺三，八零零零？",
        "我们会拨打加八六，幺三八，零零幺三，八零零零。",
    ]
    [promise] = house.promises()
    assert (promise.contact, promise.queue, promise.at) == ("c-1", "support", NOON_ON_SUNDAY)
    assert await house.vault.open(promise.to, "number") == OWN


async def test_the_place_is_kept_and_the_hang_up_does_not_end_it(house: House) -> None:
    await house.call("1")
    house.clock.at += 60
    await house.distributor.record(events.CallerLeft(ContactId("c-1"), channel="voice"))
    known = house.engine.contacts[ContactId("c-1")]
    assert (known.state, known.channel) == (ContactState.PARKED, CALLED_BACK)
    assert known.order_key[0] == NOON_ON_SUNDAY
    assert house.engine.offers == {}


async def test_what_is_said_was_written_before(house: House) -> None:
    class Attentive(FakeLine):
        async def say(self, prompts, *, interruptible=True):  # type: ignore[no-untyped-def]
            assert house.written == ["Arrived", "Parked", PROMISED]
            return await super().say(prompts, interruptible=interruptible)

    line = Attentive("1")
    trail = await take_call(
        line, house.flow, house.distributor, house.clock, HOURS, Neighbours(callbacks=house.desk)
    )
    assert trail == ["ring_me:promised", "bye:done"]


async def test_another_number_is_keyed_read_back_and_called(house: House) -> None:
    assert (await house.call("2", f"{OTHER}#", "1"))[0] == "ring_me:promised"
    assert "零幺零，八五五五，幺二三四" in house.line.heard[2]
    [promise] = house.promises()
    assert await house.vault.open(promise.to, "number") == OTHER
    assert promise.by != promise.to


async def test_a_withheld_number_is_asked_for(house: House) -> None:
    facts = replace(A_CALL, caller_number=None)
    assert (await house.call(OTHER + "#", "1", facts=facts))[0] == "ring_me:promised"
    assert house.line.heard[0] == "请输入号码。"


@pytest.mark.parametrize(
    ("acts", "outcome"),
    [
        (("0",), "declined"),
        (("", "", ""), "silence"),
        (("7", "8", "9"), "no_match"),
        (("2", "", ""), "silence"),
        (("2", "12#", "*#"), "no_match"),
    ],
)
async def test_without_a_yes_nothing_is_promised(
    house: House, acts: tuple[str, ...], outcome: str
) -> None:
    assert await house.call(*acts) == [f"ring_me:{outcome}", "person:waiting"]
    assert (house.promises(), house.outbox.entries) == ([], {})


async def test_who_hangs_up_before_the_yes_is_promised_nothing(house: House) -> None:
    assert (await house.call(HANGS_UP))[0] == "ring_me:caller gone"
    assert house.written == []


async def test_the_number_is_nowhere_but_in_the_vault(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await house.call("2", f"{OTHER}#", "1")
    records = [(record.kind, record.data) for record in house.journal.records]
    everything = f"{records} {house.outbox.entries} {house.line.values}"
    everything += carried(caplog.records)
    assert OTHER not in everything and OWN not in everything
    assert house.line.in_secret == 1


async def test_a_house_without_callbacks_says_so_by_full(house: House) -> None:
    line = FakeLine("1")
    trail = await take_call(line, house.flow, house.distributor, house.clock, HOURS)
    assert trail == ["ring_me:full", "person:waiting"]


async def test_a_vault_that_fails_promises_nothing(house: House) -> None:
    async def fails(number: str) -> PersonId:
        raise StoreFailed("locked")

    house.vault.person_for_number = fails  # type: ignore[method-assign]
    assert (await house.call("1"))[0] == "ring_me:failed"
    assert house.promises() == []


# ---------------------------------------------------------------- once


async def test_a_script_that_begins_again_promises_nothing_anew_and_asks_nothing(
    house: House,
) -> None:
    await house.call("1")
    await house.dies()
    again = replace(A_CALL, step="ring_me")
    assert await house.call(facts=again) == ["ring_me:promised", "bye:done"]
    assert house.written == ["Arrived", "Parked", PROMISED]
    assert len(house.promises()) == 1
    assert house.line.heard == ["再见。"]


async def test_a_script_that_ends_while_it_is_written_finds_the_promise(house: House) -> None:
    house.journal.failing = "disk full"
    script = asyncio.create_task(house.call("1"))
    async with asyncio.timeout(5):
        while not house.desk._making:
            await asyncio.sleep(0)
    script.cancel()
    await asyncio.wait({script})
    house.journal.failing = ""
    again = replace(A_CALL, step="ring_me")
    assert (await house.call(facts=again))[0] == "ring_me:promised"
    assert house.written == ["Arrived", "Parked", PROMISED]


async def test_a_second_wish_of_the_same_person_joins_the_first(house: House) -> None:
    await house.call("1")
    house.clock.at += 600
    assert (await house.call("1", facts=another(2)))[0] == "ring_me:promised"
    [promise] = house.promises()
    assert (promise.contact, promise.at) == ("c-1", NOON_ON_SUNDAY)
    assert house.written == ["Arrived", "Parked", PROMISED, PROMISED]
    assert house.outbox.entries == {}, "nobody sends a confirmation: customers have no address"


async def test_two_wishes_at_the_same_moment_are_one(house: House) -> None:
    calls = [
        take_call(
            FakeLine("1", facts=another(n)), house.flow, house.distributor, house.clock, HOURS,
            Neighbours(callbacks=house.desk),
        )
        for n in (1, 2)
    ]  # fmt: skip
    await asyncio.gather(*calls)
    assert len(house.promises()) == 1 and house.written.count("Arrived") == 1


async def test_no_more_are_open_than_the_plan_allows(house: House) -> None:
    house.settings = CallbackSettings(most_open=2)
    await house.dies()
    for n in (1, 2):
        trail = await house.call("2", f"0108555123{n}#", "1", facts=another(n))
        assert trail[0] == "ring_me:promised"
    assert (await house.call("1", facts=another(3)))[0] == "ring_me:full"


async def test_numbers_that_the_house_does_not_call_are_no_answer(house: House) -> None:
    house.settings = CallbackSettings(prefixes=("+86", "0"))
    await house.dies()
    foreign = replace(A_CALL, caller_number="+882123")
    acts = ("900123456#", f"{OTHER}#", "1")
    assert (await house.call(*acts, facts=foreign))[0] == "ring_me:promised"
    assert house.line.heard[:2] == ["请输入号码。", "不对。"]


async def test_the_promise_outlives_the_process_with_its_place(house: House) -> None:
    await house.call("1")
    [before] = house.promises()
    await house.dies()
    assert house.promises() == [before]
    assert house.engine.contacts[before.contact].order_key[0] == NOON_ON_SUNDAY


async def test_who_waits_after_all_has_the_place_and_is_not_called_back(house: House) -> None:
    await house.call("1")
    house.clock.at += 600
    facts = another(1)
    entered = await house.distributor.enqueue(facts, "support", "standard", "zh", None)
    assert (entered, house.promises()) == (NOON_ON_SUNDAY, [])


async def test_who_comes_to_the_plain_menu_after_a_promise_is_on_the_telephone(
    house: House,
) -> None:
    await house.call("1")
    house.distributor.meet(A_CALL, events.Reached(A_CALL.contact))
    await house.distributor.record(Note(None, "CelApplied", {"row": 1}))
    known = house.engine.contacts[A_CALL.contact]
    assert (known.channel, known.entered_at, house.promises()) == ("voice", NOON_ON_SUNDAY, [])


async def test_a_promise_that_is_too_old_is_over(house: House) -> None:
    house.settings = CallbackSettings(longest_hours=1)
    await house.dies()
    await house.call("1")
    house.clock.at += 3600
    await house.distributor.record(events.TimePassed(), Note(None, "CelApplied", {"row": 1}))
    assert house.promises() == []
    assert house.journal.records[-2].data == {"how": "expired"}


# ---------------------------------------------------------------- the plan


async def test_in_quiet_hours_the_plan_begins_when_they_are_over(house: House) -> None:
    house.settings = CallbackSettings(hours="weekdays", longest_hours=2)
    await house.dies()
    await house.call("1")
    [promise] = house.promises()
    monday_at_nine = NOON_ON_SUNDAY + 21 * 3600
    assert (promise.not_before, promise.until) == (monday_at_nine, monday_at_nine + 7200)


async def test_hours_that_never_open_promise_nothing(house: House) -> None:
    house.hours["weekdays"] = weekly("UTC", {})
    house.settings = CallbackSettings(hours="weekdays")
    await house.dies()
    assert (await house.call("1"))[0] == "ring_me:failed"


def test_a_queue_has_what_the_house_has_but_for_what_it_says() -> None:
    plan = CallbackSettings.model_validate(
        {"attempts": 5, "most_open": 2, "queues": {"sales": {"attempts": 1}}}
    )
    assert plan.for_queue("support") == CallbackPlan(attempts=5, most_open=2)
    assert plan.for_queue("sales") == CallbackPlan(attempts=1, most_open=2)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("{hours: weekday}", "callbacks.hours: there are no hours 'weekday'"),
        ("{queues: {suport: {}}}", "callbacks.queues.suport: there is no queue 'suport'"),
        ("{queues: {support: {hours: x}}}", "callbacks.queues.support.hours: there are no hours"),
        ("{prefixes: [all]}", "is the beginning of a number"),
        ("{attempts: 0}", "callbacks.attempts"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(given: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(f"callbacks: {given}", encoding="utf-8")
    with pytest.raises(BadSettings) as refusal:
        settings.load({"HOTLINE_DATA": str(tmp_path)})
    assert fault in "\n".join(refusal.value.faults)


# ---------------------------------------------------------------- who sees it


async def test_the_numbers_are_shown_to_who_stands_in_the_audit(house: House) -> None:
    await house.call("1")
    audit = MemoryAudit()
    dials = NoDials()
    ask = CallbackRequests(house.desk, house.vault, audit, dials).known["callbacks"]
    assert OWN not in json.dumps(await ask({}))
    assert audit.entries == []
    shown = await ask({"numbers": True, "who": "ann"})
    assert [one["number"] for one in shown["callbacks"]] == [OWN]
    assert [(entry.who, entry.details) for entry in audit.entries] == [("ann", {"of": ["c-1"]})]


async def test_the_ticket_says_what_was_promised_and_outlives_the_call(house: House) -> None:
    await house.call("1")
    await house.distributor.record(Note(ContactId("c-1"), "CallEnded", {"cause": "16"}))
    await house.call("1", facts=another(2))
    known = Known()
    for record in house.journal.records:
        tell(known, record)
    told = [entry for entry in known.entries if entry.kind == "callback_promised"]
    assert [entry.ticket is not None for entry in told] == [True, True]
    assert told[0].data["to"] == house.promises()[0].to
    assert [entry.data["joins"] for entry in told] == [False, True]
    story = known.contacts[ContactId("c-1")]
    assert (story.state, story.channel) == (ContactState.PARKED, CALLED_BACK)


# ---------------------------------------------------------------- rehearsals

CALLERS = """
callers:
  - name: agrees
    caller_number: "+8613800138000"
    does: ["1"]
    expect: {hears: [拨打加八六], steps: [ring_me:promised, bye:done], ends: goodbye}
  - {name: declines, caller_number: "138", does: ["0"], expect: {steps: [ring_me:declined, person:waiting]}}
  - {name: keys another, does: ["01085551234#", "1"], expect: {steps: [ring_me:promised, bye:done]}}
  - {name: says nothing, expect: {steps: [ring_me:silence, person:waiting]}}
  - {name: errs, does: ["1#", "2#", "3#"], expect: {steps: [ring_me:no_match, person:waiting]}}
  - {name: comes late, callbacks: full, does: ["12345#", "1"], expect: {steps: [ring_me:full, person:waiting]}}
  - {name: is unlucky, callbacks: away, does: ["12345#", "1"], expect: {steps: [ring_me:failed, person:waiting]}}
"""  # noqa: E501


def test_scripted_callers_come_to_every_outcome(tmp_path: Path) -> None:
    flow = replace(flow_of(ASKS, tmp_path), name="ring")
    numbers = {"4000": NumberEntry(flow="ring")}
    premises = Premises({"ring": flow}, HOURS, frozenset(HOUSE.queues), numbers)
    file = tmp_path / "ring.yaml"
    file.write_text(CALLERS, encoding="utf-8")
    tried = trial.run(premises, ["ring"], callers.load([file], premises), 20, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert (tried.strays, tried.coverage["ring"].missing()) == ([], [])
