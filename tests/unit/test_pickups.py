"""An agent takes what rings at a colleague: one offer at a time, only where the rules let them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from acd import events
from acd.commands import Command, Offer, Withdraw
from acd.config import Centre, Class, Member, Queue
from acd.engine import Engine
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, QueueId, Rule
from acd.states import AgentState, ForbiddenMove
from ivr.distributor import Distributor
from ivr.pickups import Pickups
from ivr.ports import CoreRefused
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

SUPPORT, SALES = QueueId("support"), QueueId("sales")
ANN, BOB, CID = AgentId("ann"), AgentId("bob"), AgentId("cid")
ONE = ContactId("one")
RULES = Centre(
    queues={id_: Queue(id_) for id_ in (SUPPORT, SALES)},
    classes={"standard": Class()},
    agents={
        ANN: Member(ANN, {SUPPORT: 0.0}, {"billing": 5}),
        BOB: Member(BOB, {SUPPORT: 0.0}, {"billing": 3}),
        CID: Member(CID, {SUPPORT: 60.0, SALES: 0.0}, {"billing": 5}),
    },
)


class Stage:
    """One contact rings at Ann from 0 on; whoever is named comes after that."""

    def __init__(
        self, *others: AgentId, skills: dict[str, int] | None = None, now: float = 0.0
    ) -> None:
        self.engine, self.now = Engine(RULES), now
        self.tell(events.LinkChanged(up=True))
        self.comes(ANN)
        [offer] = self.tell(events.Arrived(ONE, SUPPORT, now, skills=skills or {}, waits=True))
        assert isinstance(offer, Offer) and offer.agent == ANN
        self.offer = offer.offer
        for agent in others:
            self.comes(agent)

    def comes(self, agent: AgentId) -> None:
        self.tell(events.AgentLoggedIn(agent), events.PhoneChanged(agent, reachable=True))

    def tell(self, *told: events.Event, now: float = 1.0) -> list[Command]:
        at = self.now + now
        return [command for event in told for command in self.engine.handle(event, at)]

    def takes(self, agent: AgentId, now: float = 1.0) -> list[Command]:
        return self.tell(events.RingingTaken(ONE, agent, "bob"), now=now)


def test_it_rings_there_only_when_the_colleagues_leg_is_confirmed_gone() -> None:
    stage = Stage(BOB)
    [back] = stage.takes(BOB)
    assert isinstance(back, Withdraw) and (back.agent, back.offer) == (ANN, stage.offer)
    [offer] = stage.tell(events.OfferEnded(stage.offer, OfferEnd.RELEASED), now=1.2)
    assert isinstance(offer, Offer) and (offer.agent, offer.rule) == (BOB, Rule.PICKED_UP)
    assert stage.engine.agents[ANN].state is AgentState.READY, "the colleague let nothing ring"
    assert stage.engine.contacts[ONE].rests == {}


def test_a_colleague_who_answers_in_that_instant_has_the_contact() -> None:
    stage = Stage(BOB)
    stage.takes(BOB)
    assert stage.tell(events.OfferAnswered(ONE, stage.offer)) == []
    assert stage.engine.contacts[ONE].talked_with == ANN
    assert stage.engine.agents[BOB].state is AgentState.READY
    assert stage.engine.agents[BOB].kept_for is None


def test_a_caller_who_leaves_in_that_instant_rings_nowhere() -> None:
    stage = Stage(BOB)
    stage.takes(BOB)
    stage.tell(events.CallerLeft(ONE))
    assert stage.tell(events.OfferEnded(stage.offer, OfferEnd.RELEASED)) == []
    assert stage.engine.agents[BOB].kept_for is None


def test_only_who_may_serve_the_contact_now_may_take_it() -> None:
    stage = Stage(BOB, CID, skills={"billing": 5})
    for agent, why in ((BOB, "may not serve"), (CID, "may not serve"), (ANN, "at agent ann")):
        with pytest.raises(ForbiddenMove, match=why):
            stage.takes(agent)
    assert stage.engine.offers[stage.offer].withdrawn == "", "nothing has changed"
    with pytest.raises(ForbiddenMove, match="no agent"):
        stage.takes(AgentId("eve"))
    assert [command.agent for command in stage.takes(CID, now=61.0)] == [ANN]  # type: ignore[union-attr]


def test_who_is_busy_or_away_takes_nothing() -> None:
    stage = Stage()
    with pytest.raises(ForbiddenMove, match="no room"):
        stage.takes(BOB)
    stage.comes(BOB)
    stage.tell(events.PhoneChanged(BOB, reachable=False))
    with pytest.raises(ForbiddenMove, match="no room"):
        stage.takes(BOB)


def test_what_rings_at_nobody_cannot_be_taken_nor_taken_twice() -> None:
    stage = Stage(BOB, CID)
    stage.takes(BOB)
    with pytest.raises(ForbiddenMove, match="being taken back"):
        stage.takes(CID, now=70.0)
    stage.tell(events.OfferAnswered(ONE, stage.offer))
    with pytest.raises(ForbiddenMove, match="rings at nobody"):
        stage.takes(CID, now=70.0)
    with pytest.raises(ForbiddenMove, match="no contact"):
        stage.tell(events.RingingTaken(ContactId("two"), BOB, "bob"))


def test_what_is_asked_comes_back_from_the_journal_as_it_was() -> None:
    asked = events.RingingTaken(ONE, BOB, "the boss")
    assert events.from_plain(*events.to_plain(asked)) == asked


# ---------------------------------------------------------------- asked of the core


class NoPhones:
    """Nobody is rung here."""

    async def offer(self, offer: Offer) -> None: ...

    async def withdraw(self, offer: Withdraw) -> None: ...


class House:
    """The stage with its one writer, and what is written of it."""

    def __init__(self) -> None:
        clock = StandingClock()
        self.engine = Stage(BOB, now=clock.now() - 1.0).engine
        self.audit, self.journal = MemoryAudit(), MemoryJournal()
        self.distributor = Distributor(self.engine, self.journal, NoPhones(), MemoryVault(), clock)
        self.pickups = Pickups(self.distributor, self.audit, clock)

    async def ask(self, **fields: str) -> dict[str, object]:
        return dict(await self.pickups.known["agent pickup"](fields))

    async def until(self, agent: AgentId, state: AgentState) -> None:
        async with asyncio.timeout(5):
            while self.engine.agents[agent].state is not state:
                await asyncio.sleep(0)

    @property
    def kinds(self) -> list[str]:
        return [record.kind for record in self.journal.records]


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    found = House()
    work = asyncio.create_task(found.distributor.run())
    yield found
    work.cancel()


async def test_who_asks_is_in_the_audit_before_the_engine_decides(house: House) -> None:
    found = await house.ask(agent="bob", colleague="ann", who="boss")
    assert found == {"agent": BOB, "colleague": ANN, "contact": ONE}
    [written] = house.audit.entries
    assert (written.who, written.action, written.subject) == ("boss", "pickup", ONE)
    assert written.details == {"agent": BOB, "colleague": ANN}
    assert house.kinds == ["RingingTaken", "Withdrawn"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"agent": "bob", "colleague": "bob"}, "nothing rings at bob"),
     ({"agent": "bob", "colleague": "eve"}, "nothing rings at eve"),
     ({"agent": "bob"}, "name colleague")],
)  # fmt: skip
async def test_what_cannot_be_taken_is_refused_with_the_reason(
    house: House, fields: dict[str, str], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why):
        await house.ask(who="boss", **fields)
    assert house.kinds == []


async def test_nothing_is_taken_that_cannot_be_written_down(house: House) -> None:
    house.audit.failing = "disk full"
    with pytest.raises(CoreRefused, match="written down"):
        await house.ask(agent="bob", colleague="ann", who="boss")
    assert house.kinds == []


async def test_by_telephone_it_is_taken_when_the_phone_is_free_again(house: House) -> None:
    house.distributor.post(events.PhoneChanged(BOB, reachable=False))  # it has dialled the code
    async with asyncio.timeout(5):
        while house.engine.agents[BOB].reachable:
            await asyncio.sleep(0)
    assert house.pickups.by_phone(BOB, ANN)
    await asyncio.sleep(0.05)
    assert "RingingTaken" not in house.kinds
    house.distributor.post(events.PhoneChanged(BOB, reachable=True))
    async with asyncio.timeout(5):
        while "RingingTaken" not in house.kinds:
            await asyncio.sleep(0.01)
    assert house.audit.entries[0].who == "bob by their telephone"


async def test_a_telephone_is_told_at_once_that_nothing_rings_there(house: House) -> None:
    assert not house.pickups.by_phone(ANN, BOB)
    assert not house.pickups.by_phone(ANN, ANN)
    assert not house.pickups.by_phone(AgentId("reception"), ANN)
