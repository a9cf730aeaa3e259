"""The one writer: decide, write, and only then do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from acd import events, snapshot
from acd.commands import Offer, Withdraw
from acd.config import Queue
from acd.engine import Engine
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, OfferId, QueueId, Seconds
from acd.states import ForbiddenMove
from acd.waits import Waits
from ivr import distributor as distributor_module
from ivr.distributor import CEL_APPLIED, Distributor
from ivr.ports import CallFacts, Note
from ivr.recovery import recover
from tests.centres import centre
from tests.fakes_stores import MemoryJournal, MemoryVault

SUPPORT, ANN, ONE = QueueId("support"), AgentId("ann"), ContactId("one")
CENTRE = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0}, {ANN: (SUPPORT,)})
FACTS = CallFacts(ONE, dialled="4000", caller_number="+8613800000000", queue="support")


@dataclass
class ManualClock:
    at: Seconds = 100.0

    def now(self) -> Seconds:
        return self.at


@dataclass
class FakePhones:
    """Writes down what it is told, and how much was durable at that moment."""

    journal: MemoryJournal
    told: list[Offer | Withdraw] = field(default_factory=list)
    durable_then: list[int] = field(default_factory=list)

    async def offer(self, offer: Offer) -> None:
        self.told.append(offer)
        self.durable_then.append(len(self.journal.records))

    async def withdraw(self, offer: Withdraw) -> None:
        self.told.append(offer)

    async def say(self, *_: object, **__: object) -> None:
        raise AssertionError("the distributor says nothing to callers")


@dataclass
class Cast:
    distributor: Distributor
    journal: MemoryJournal
    phones: FakePhones
    vault: MemoryVault
    clock: ManualClock

    @property
    def kinds(self) -> list[str]:
        return [record.kind for record in self.journal.records]


@asynccontextmanager
async def at_work(journal: MemoryJournal | None = None) -> AsyncIterator[Cast]:
    """A distributor whose agent is ready and whose link is up."""
    journal, clock, vault = journal or MemoryJournal(), ManualClock(), MemoryVault()
    phones = FakePhones(journal)
    engine = Engine(CENTRE)
    engine.waits = Waits(CENTRE)
    cast = Cast(Distributor(engine, journal, phones, vault, clock), journal, phones, vault, clock)
    running = asyncio.create_task(cast.distributor.run())
    opening = (events.Started(1), events.LinkChanged(True), events.PhoneChanged(ANN, True))
    cast.distributor.post(*opening, events.AgentLoggedIn(ANN))
    try:
        yield cast
    finally:
        running.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def test_an_offer_is_made_only_after_the_reason_for_it_is_durable() -> None:
    async with at_work() as cast:
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        await until(lambda: bool(cast.phones.told))
        kinds = cast.kinds[: cast.phones.durable_then[0]]
        assert kinds[-2:] == ["Arrived", "Offered"]


async def test_a_contact_that_is_enqueued_is_durable_when_the_caller_is_told() -> None:
    async with at_work() as cast:
        entered = await cast.distributor.enqueue(FACTS, "support", "standard", "zh", None)
        assert (entered, cast.kinds[-1]) == (100.0, "Arrived")


async def test_a_contact_that_is_enqueued_twice_keeps_its_first_time() -> None:
    async with at_work() as cast:
        first = await cast.distributor.enqueue(FACTS, "support", "standard", "zh", None)
        cast.clock.at = 130.0
        assert await cast.distributor.enqueue(FACTS, "support", "standard", "zh", None) == first


async def test_what_has_an_effect_is_durable_when_its_step_goes_on() -> None:
    async with at_work() as cast:
        await cast.distributor.write(ONE, "MessageLeft", {"effect": "one/mailbox/1"})
        last = cast.journal.records[-1]
        assert (last.kind, last.contact, last.data) == (
            "MessageLeft", ONE, {"effect": "one/mailbox/1"},
        )  # fmt: skip


async def test_the_callers_number_goes_into_the_vault_and_nowhere_else() -> None:
    async with at_work() as cast:
        person = await cast.distributor.begin(FACTS)
        await until(lambda: "CallStarted" in cast.kinds)
        assert "13800000000" not in str(cast.journal.records)
        assert cast.journal.records[-1].data["person"] == person
        assert await cast.distributor.begin(FACTS) == person


async def test_withheld_numbers_are_different_people_each_time() -> None:
    nobody = CallFacts(ONE, dialled="4000", caller_number=None)
    async with at_work() as cast:
        assert await cast.distributor.begin(nobody) != await cast.distributor.begin(nobody)


async def test_a_refused_request_says_why_and_leaves_nothing_behind() -> None:
    async with at_work() as cast:
        await until(lambda: "AgentLoggedIn" in cast.kinds)
        written = len(cast.journal.records)
        with pytest.raises(ForbiddenMove, match="cannot log in"):
            await cast.distributor.record(events.AgentLoggedIn(ANN))
        assert len(cast.journal.records) == written


async def test_one_refusal_does_not_take_others_of_the_same_instant_with_it() -> None:
    async with at_work() as cast:
        refused = asyncio.create_task(cast.distributor.record(events.AgentReady(ANN)))
        done = asyncio.create_task(cast.distributor.record(events.AgentPaused(ANN, "tea")))
        assert isinstance((await asyncio.gather(refused, return_exceptions=True))[0], ForbiddenMove)
        await done
        assert cast.kinds[-1] == "AgentPaused"


async def test_news_that_is_no_news_is_not_written() -> None:
    async with at_work() as cast:
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        written = len(cast.journal.records)
        await cast.distributor.record(events.Reached(ONE), events.PhoneChanged(ANN, True))
        assert len(cast.journal.records) == written


async def test_a_failing_journal_holds_every_effect_back_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributor_module, "JOURNAL_RETRY_SECONDS", 0.0)
    async with at_work() as cast:
        await until(lambda: "AgentLoggedIn" in cast.kinds)
        cast.journal.failing = "disk full"
        asked = asyncio.create_task(
            cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        )
        for _ in range(20):
            await asyncio.sleep(0)
        assert not cast.phones.told and not asked.done()
        cast.journal.failing = ""
        await asked
        await until(lambda: bool(cast.phones.told))


async def test_a_ring_time_that_is_over_is_noticed_without_any_news() -> None:
    async with at_work() as cast:
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        cast.clock.at = 115.0
        cast.distributor.post(Note(ONE, "StepTaken", {}))  # wakes it; the deadline is in the past
        await until(lambda: len(cast.phones.told) == 2)
        assert isinstance(cast.phones.told[1], Withdraw)


async def test_a_restart_finds_the_engine_as_it_was() -> None:
    async with at_work() as cast:
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        await cast.distributor.record(events.OfferAnswered(ONE, OfferId("1.1.1")))
        await cast.distributor.record(Note(None, CEL_APPLIED, {"row": 42}))
        found = await recover(cast.journal, CENTRE)
        assert snapshot.dump(found.engine) == snapshot.dump(cast.distributor.engine)
        assert (found.cel_row, found.at) == (42, 100.0)


async def test_a_restart_after_a_snapshot_replays_only_what_came_since(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(distributor_module, "RECORDS_PER_SNAPSHOT", 5)
    async with at_work() as cast:
        await cast.distributor.record(Note(None, CEL_APPLIED, {"row": 42}))
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        assert cast.journal.snapshots
        await cast.distributor.record(events.OfferEnded(OfferId("1.1.1"), OfferEnd.DECLINED))
        found = await recover(cast.journal, CENTRE)
        assert snapshot.dump(found.engine) == snapshot.dump(cast.distributor.engine)
        assert (found.cel_row, found.records) == (42, 2)


@pytest.mark.parametrize("cut", range(12))
async def test_the_engine_can_be_rebuilt_from_every_prefix_of_the_journal(cut: int) -> None:
    async with at_work() as cast:
        await cast.distributor.record(events.Arrived(ONE, SUPPORT, 100, waits=True))
        await cast.distributor.record(events.OfferAnswered(ONE, OfferId("1.1.1")))
        await cast.distributor.record(events.LegEnded(ONE, OfferId("1.1.1")))
        await cast.distributor.record(events.CallerLeft(ONE))
        prefix = MemoryJournal(cast.journal.records[:cut])
        found = await recover(prefix, CENTRE)
        assert found.engine.seq == int(any(r.kind == "Arrived" for r in prefix.records))
