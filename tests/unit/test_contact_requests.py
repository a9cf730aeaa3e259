"""Supervisors change the order: who and why are in audit and journal, and refusals help on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from acd import events
from acd.commands import Offer
from acd.config import Centre, Class, Member, Queue
from acd.engine import Engine
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, QueueId, Rule
from acd.requests import AUTOMATIC, Regraded
from acd.states import ForbiddenMove
from ivr.contact_requests import ContactRequests
from ivr.distributor import Distributor
from ivr.ports import CoreRefused
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault
from tests.unit.test_pickups import NoPhones

Q, ELSE = QueueId("q"), QueueId("else")
ANN, BOB, CHO = AgentId("ann"), AgentId("bob"), AgentId("cho")
ONE, TWO, THREE = ContactId("one"), ContactId("two"), ContactId("three")
RULES = Centre(
    queues={Q: Queue(Q), ELSE: Queue(ELSE)},
    classes={"standard": Class()},
    agents={
        ANN: Member(ANN, {Q: 0.0}), BOB: Member(BOB, {ELSE: 0.0}), CHO: Member(CHO, {Q: 0.0}),
    },
    version="v7",
)  # fmt: skip


class House:
    """THREE rings at Ann; ONE and then TWO wait. Bob is free, for another queue; Cho is off."""

    def __init__(self) -> None:
        self.clock = StandingClock()
        self.engine, now = Engine(RULES), self.clock.now() - 3.0
        for agent in (ANN, BOB):
            self.tell(now, events.AgentLoggedIn(agent), events.PhoneChanged(agent, reachable=True))
        self.tell(now, events.LinkChanged(up=True))
        for second, contact in enumerate((THREE, ONE, TWO)):
            at = now + second
            self.tell(at, events.Arrived(contact, Q, at, waits=True))
        self.audit, self.journal = MemoryAudit(), MemoryJournal()
        self.distributor = Distributor(
            self.engine, self.journal, NoPhones(), MemoryVault(), self.clock
        )
        self.known = ContactRequests(self.distributor, self.audit, self.clock).known

    def tell(self, now: float, *told: events.Event) -> None:
        for event in told:
            self.engine.handle(event, now)

    async def regrade(self, **fields: Any) -> dict[str, Any]:
        asked = {"contact": "one", "credit": 90, "who": "sue", "why": "was cut off"} | fields
        return dict(await self.known["contact regrade"](asked))

    async def hand(self, **fields: Any) -> dict[str, Any]:
        asked = {"contact": "two", "agent": "bob", "who": "sue", "why": "knows her"} | fields
        return dict(await self.known["contact hand"](asked))

    @property
    def order(self) -> list[str]:
        return [one.id for one in self.engine.waiting()]


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    found = House()
    work = asyncio.create_task(found.distributor.run())
    yield found
    work.cancel()


async def test_a_regrade_changes_the_place_and_says_who_why_before_after_and_by_which_rules(
    house: House,
) -> None:
    told = await house.regrade(contact="two")
    assert told == {
        "contact": TWO, "queue": Q, "state": "waiting", "old": 0.0, "credit": 90.0,
    }  # fmt: skip
    assert house.order == [TWO, THREE, ONE]
    [entry], [record] = house.audit.entries, house.journal.records
    assert (entry.who, entry.action, entry.subject, entry.reason) == (
        "sue", "regrade", TWO, "was cut off",
    )  # fmt: skip
    assert entry.details == {"old": 0.0, "new": 90.0, "rules": "v7"}
    assert (record.kind, record.contact) == ("Regraded", TWO)
    assert record.data == {
        "contact": TWO, "credit": 90.0, "who": "sue", "why": "was cut off",
        "old": 0.0, "rules": "v7",
    }  # fmt: skip


async def test_a_person_may_take_a_head_start_back(house: House) -> None:
    await house.regrade()
    told = await house.regrade(credit=0.5, why="a mistake")
    assert (told["old"], told["credit"]) == (90.0, 0.5)


async def test_of_two_regrades_at_once_each_has_the_credit_before_it(house: House) -> None:
    both = await asyncio.gather(house.regrade(credit=30), house.regrade(credit=60))
    assert [one["old"] for one in both] == [0.0, 30.0]


async def test_who_is_handed_a_contact_is_rung_out_of_order_and_from_any_queue(
    house: House,
) -> None:
    assert await house.hand() == {"contact": TWO, "queue": Q, "agent": "bob"}
    [entry], [asked, offered] = house.audit.entries, house.journal.records
    assert (entry.who, entry.action, entry.subject, entry.reason, entry.details) == (
        "sue", "hand over", TWO, "knows her", {"agent": "bob"},
    )  # fmt: skip
    assert asked.kind == "PickedUp"
    assert asked.data == {"contact": TWO, "agent": BOB, "who": "sue", "why": "knows her"}
    assert (offered.kind, offered.data["agent"], offered.data["rule"]) == (
        "Offered", BOB, Rule.HANDED_OVER,
    )  # fmt: skip
    offer = house.engine.offers[house.engine.contacts[TWO].offer or ""]  # type: ignore[index]
    assert "handed over by a supervisor" in offer.why


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"contact": "nobody"}, "no contact nobody: ./hotline status"),
     ({"contact": "three"}, "rings at ann already: ./hotline agent pickup AGENT ann"),
     ({"agent": "eve"}, "no agent eve: ./hotline agent list"),
     ({"agent": "cho"}, "logged off: ./hotline agent login cho"),
     ({"agent": "ann"}, "is offered and has no room"),
     ({"why": " "}, "name why: why="),
     ({"who": AUTOMATIC}, "say who you are")],
)  # fmt: skip
async def test_what_cannot_be_handed_over_is_refused_with_the_way_out(
    house: House, fields: dict[str, str], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why):
        await house.hand(**fields)
    assert house.journal.records == [] and house.audit.entries == []


@pytest.mark.parametrize(
    ("told", "why"),
    [((events.AgentPaused(BOB, "lunch"),), "on a break: ./hotline agent ready bob"),
     ((events.PhoneChanged(BOB, reachable=False),), "look at the telephone"),
     ((events.LinkChanged(up=False),), "try again")],
)  # fmt: skip
async def test_an_agent_who_is_not_free_is_said_to_be_so_with_what_to_do(
    house: House, told: tuple[events.Event, ...], why: str
) -> None:
    house.tell(house.clock.now(), *told)
    with pytest.raises(CoreRefused, match=why):
        await house.hand()


async def test_a_contact_in_a_talk_is_handed_on_there(house: House) -> None:
    now, offer = house.clock.now(), house.engine.contacts[THREE].offer
    assert offer
    house.tell(now, events.OfferAnswered(THREE, offer))
    with pytest.raises(CoreRefused, match=r"is with ann: \./hotline talk transfer ann"):
        await house.hand(contact="three")
    house.tell(now, events.Parked(ONE))
    with pytest.raises(CoreRefused, match="parked"):
        await house.hand(contact="one")


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"contact": "nobody"}, "no contact nobody"), ({"credit": 0}, "0 seconds already"),
     ({"credit": -1}, "0 or more"), ({"credit": float("inf")}, "0 or more"),
     ({"credit": float("nan")}, "0 or more"), ({"credit": "much"}, "number of seconds"),
     ({"credit": None}, "number of seconds"), ({"who": ""}, "name who"),
     ({"why": ""}, "name why"), ({"who": AUTOMATIC}, "say who you are")],
)  # fmt: skip
async def test_what_is_no_credit_or_has_no_reason_is_refused(
    house: House, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why):
        await house.regrade(**fields)
    assert house.journal.records == [] and house.audit.entries == []


async def test_nothing_is_changed_that_cannot_be_written_down(house: House) -> None:
    house.audit.failing = "disk full"
    for asked in (house.regrade(), house.hand()):
        with pytest.raises(CoreRefused, match="written down"):
            await asked
    assert house.journal.records == [] and house.order == [THREE, ONE, TWO]


async def test_who_lets_it_ring_gives_it_back_to_its_place(house: House) -> None:
    await house.hand()
    offer = house.engine.contacts[TWO].offer
    assert offer
    [*offers] = house.engine.handle(
        events.OfferEnded(offer, OfferEnd.RANG_OUT), house.clock.now() + 15.0
    )
    assert not [one for one in offers if isinstance(one, Offer)]
    assert house.order == [THREE, ONE, TWO]


def test_an_automatic_regrade_below_the_credit_is_refused_with_who_may() -> None:
    engine = Engine(RULES)
    engine.handle(events.Arrived(ONE, Q, 1.0, waits=True), 1.0)
    engine.handle(Regraded(ONE, 60.0), 2.0)
    with pytest.raises(ForbiddenMove, match="a person may lower it"):
        engine.handle(Regraded(ONE, 30.0), 3.0)


def test_a_regrade_of_an_older_version_is_read_and_a_new_one_comes_back_as_it_was() -> None:
    old = {"contact": "one", "credit": 60.0, "who": "sue", "why": "promised"}
    assert events.from_plain("Regraded", 1, old) == Regraded(ONE, 60.0, "sue", "promised")
    asked = Regraded(ONE, 60.0, "sue", "promised", 0.0, "v7")
    kind, version, data = events.to_plain(asked)
    assert events.from_plain(kind, version, json.loads(json.dumps(data))) == asked
