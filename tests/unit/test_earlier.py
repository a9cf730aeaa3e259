"""Who knows a customer is waited for a while, and who asks again has a head start."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from acd import events
from acd.commands import Offer, Withdraw
from acd.config import Class, Queue
from acd.engine import Engine
from acd.model import CALLS, AgentId, Contact, ContactId, OfferId, QueueId
from acd.requests import ConsultAsked, TransferCompleted
from ivr import earlier
from ivr.call import take_call
from ivr.distributor import Distributor
from ivr.earlier import NEW, Before, EarlierContacts
from ivr.neighbours import Neighbours
from ivr.ports import Note, PersonId, StoreFailed
from ivr.tickets.life import JOIN_SECONDS
from tests.centres import centre
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, StandingClock, flow_of
from tests.fakes_stores import MemoryJournal, MemoryVault

SUPPORT, SALES = QueueId("support"), QueueId("sales")
ANN, BEN = AgentId("ann"), AgentId("ben")
LEE, NUMBER = PersonId("per_000001"), "+8613900000001"
RULES = centre(
    {SUPPORT: Queue(SUPPORT, hold_for_preferred=30.0), SALES: Queue(SALES)},
    {"standard": 0.0, "vip": 90.0},
    {ANN: (SUPPORT, SALES), BEN: (SUPPORT, SALES)},
)
REGULAR = replace(RULES, classes={**RULES.classes, "regular": Class(credit=10.0, repeat=30.0)})
WAITS = "first: person\nsteps: {person: {do: queue, queue: QUEUE}}"


@dataclass
class Telephones:
    """Which offers were made."""

    rung: list[Offer] = field(default_factory=list)

    async def offer(self, offer: Offer) -> None:
        self.rung.append(offer)

    async def withdraw(self, offer: Withdraw) -> None:
        """Nobody looks at it."""


class House:
    """A core on memory stores with two agents."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.engine, self.journal = folder, Engine(RULES), MemoryJournal()
        self.clock, self.vault, self.phones = StandingClock(), MemoryVault(), Telephones()
        told = self.journal, self.phones, self.vault, self.clock
        self.distributor = Distributor(self.engine, *told)
        self.earlier = EarlierContacts(self.journal, self.engine, self.clock)

    async def begin(self) -> None:
        self.running = asyncio.create_task(self.distributor.run())
        await self.tell(events.Started(1), events.LinkChanged(True))
        await self.tell(events.PhoneChanged(ANN, True), events.PhoneChanged(BEN, True))

    async def tell(self, *told: events.Event | Note) -> None:
        await self.distributor.record(*told)
        await asyncio.sleep(0)

    async def calls(
        self, name: str, number: str | None = NUMBER, queue: QueueId = SUPPORT,
        class_: str = "standard",
    ) -> Contact:  # fmt: skip
        """Somebody calls and waits."""
        await self.earlier.learn()
        self.clock.at += 1
        facts = replace(A_CALL, contact=ContactId(name), caller_number=number, class_=class_)
        flow = flow_of(WAITS.replace("QUEUE", queue), self.folder)
        near = Neighbours(earlier=self.earlier)
        await take_call(FakeLine(facts=facts), flow, self.distributor, self.clock, HOURS, near)
        await self.tell(events.Reached(facts.contact))
        return self.engine.contacts[facts.contact]

    async def talks(self, name: str, agent: AgentId, **more: object) -> None:
        """Somebody calls, is answered by this agent, who is alone, and hangs up."""
        await self.tell(events.AgentLoggedIn(agent))
        contact = await self.calls(name, **more)  # type: ignore[arg-type]
        offer = contact.offer or OfferId("")
        await self.tell(events.OfferAnswered(contact.id, offer))
        await self.ends(contact.id)
        await self.tell(events.AgentLoggedOff(agent))

    async def ends(self, contact: ContactId) -> None:
        offer = self.engine.contacts[contact].talked or OfferId("")
        await self.tell(events.LegEnded(contact, offer), events.CallerLeft(contact, channel=CALLS))

    async def open(self, *agents: AgentId) -> None:
        for agent in agents:
            await self.tell(events.AgentLoggedIn(agent))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path)
    await made.begin()
    yield made
    made.running.cancel()


async def test_who_answered_a_customer_last_is_waited_for_a_while(house: House) -> None:
    await house.talks("one", ANN)
    await house.talks("two", BEN)
    await house.open(ANN)
    house.clock.at += 1
    await house.open(BEN)
    again = await house.calls("again")
    assert (again.preferred, house.phones.rung[-1].agent) == (BEN, BEN), "ann is idle for longer"


async def test_the_hold_ends_and_somebody_else_is_rung(house: House) -> None:
    await house.talks("one", ANN)
    await house.open(ANN)
    await house.calls("other", "+8613900000002")
    await house.open(BEN)
    waits = await house.calls("again")
    assert (waits.preferred, waits.offer) == (ANN, None)
    house.clock.at += 30
    await house.tell(events.TimePassed())
    assert (house.phones.rung[-1].contact, house.phones.rung[-1].agent) == ("again", BEN)


async def test_only_queues_that_hold_contacts_have_preferred_agents(house: House) -> None:
    await house.talks("one", BEN, queue=SALES)
    assert (await house.calls("two", queue=SALES)).preferred is None
    assert (await house.calls("three")).preferred is None, "another queue, another agent"


async def test_withheld_numbers_are_known_to_nobody(house: House) -> None:
    await house.talks("one", BEN, number=None)
    assert (await house.calls("two", None)).preferred is None
    assert house.earlier.of(None, SUPPORT, "standard") == NEW


async def test_after_a_week_nobody_knows_the_customer(house: House) -> None:
    await house.talks("one", BEN)
    house.clock.at += earlier.REMEMBERED + 1
    assert (await house.calls("two")).preferred is None


async def test_after_a_restart_the_customer_is_still_known(house: House) -> None:
    await house.talks("one", BEN)
    house.earlier = EarlierContacts(house.journal, house.engine, house.clock)
    assert (await house.calls("two")).preferred == BEN


async def test_an_agent_who_is_gone_keeps_nobody_waiting(house: House) -> None:
    await house.talks("one", BEN)
    await house.open(ANN)
    await house.calls("two")
    assert house.phones.rung[-1].agent == ANN


async def test_a_store_that_fails_means_that_nobody_is_preferred(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.talks("one", BEN)
    await house.open(ANN)

    async def gone() -> tuple[int, float]:
        raise StoreFailed("gone")

    monkeypatch.setattr(house.journal, "last", gone)
    with pytest.raises(StoreFailed):
        await house.earlier.learn()
    monkeypatch.setattr(house, "earlier", EarlierContacts(house.journal, house.engine, house.clock))
    running = asyncio.create_task(house.earlier.run())
    await asyncio.sleep(0)
    assert house.earlier.of(LEE, SUPPORT, "standard") == NEW and not running.done()
    running.cancel()


async def test_who_is_asked_for_advice_knows_the_customer_when_they_take_over(
    house: House,
) -> None:
    await house.open(ANN)
    contact = await house.calls("one")
    await house.tell(events.OfferAnswered(contact.id, contact.offer or OfferId("")))
    await house.open(BEN)
    await house.tell(ConsultAsked(contact.id, BEN))
    asked = house.phones.rung[-1]
    await house.tell(events.OfferAnswered(contact.id, asked.offer))
    await house.earlier.learn()
    [person] = house.vault.fields
    assert house.earlier.of(person, SUPPORT, "standard") == Before(ANN)
    await house.tell(TransferCompleted(contact.id, asked.offer))
    await house.earlier.learn()
    assert house.earlier.of(person, SUPPORT, "standard") == Before(BEN)


async def test_the_journal_has_the_agent_and_no_number(house: House) -> None:
    await house.talks("one", BEN)
    await house.calls("two")
    arrived = [record for record in house.journal.records if record.kind == "Arrived"][-1]
    assert arrived.data["preferred"] == BEN
    assert NUMBER not in str(house.journal.records)


async def test_the_oldest_are_forgotten_first(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier, "MOST", 1)
    await house.talks("one", BEN)
    await house.talks("two", ANN, number="+8613900000002")
    assert (await house.calls("three", "+8613900000002")).preferred == ANN
    assert (await house.calls("four")).preferred is None


# ---------------------------------------------------------------- who asks again


async def test_who_asks_again_within_a_day_has_the_head_start_of_their_class(house: House) -> None:
    house.engine.use(REGULAR, house.clock.now())
    first = await house.calls("one", class_="regular")
    await house.tell(events.CallerLeft(first.id, channel=CALLS))
    house.clock.at += JOIN_SECONDS - 1
    again = await house.calls("two", class_="regular")
    assert (first.credit, again.credit) == (10.0, 40.0)


async def test_what_was_longer_ago_or_of_another_queue_class_or_customer_does_not_count(
    house: House,
) -> None:
    house.engine.use(REGULAR, house.clock.now())
    await house.calls("one", class_="regular")
    assert (await house.calls("two", class_="regular", queue=SALES)).credit == 10.0
    assert (await house.calls("three", class_="vip")).credit == 90.0
    assert (await house.calls("four", "+8613900000002", class_="regular")).credit == 10.0
    assert (await house.calls("five", None, class_="regular")).credit == 10.0
    house.clock.at += JOIN_SECONDS + 1
    assert (await house.calls("six", class_="regular")).credit == 10.0


async def test_the_journal_says_that_the_head_start_is_for_asking_again(house: House) -> None:
    house.engine.use(REGULAR, house.clock.now())
    for name in ("one", "two"):
        await house.calls(name, class_="regular")
    arrived = [record.data for record in house.journal.records if record.kind == "Arrived"]
    assert [data["repeat"] for data in arrived] == [False, True]


async def test_a_house_that_asks_for_neither_reads_nothing(house: House) -> None:
    rules = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0}, {ANN: (SUPPORT,)})

    class Unread(MemoryJournal):
        async def last(self) -> tuple[int, float]:
            raise AssertionError("nobody asks")

    await EarlierContacts(Unread(), Engine(rules), house.clock).learn()
