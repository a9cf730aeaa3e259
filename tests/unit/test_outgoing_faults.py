"""Calls that we make when something fails in the middle: agents are told, nothing is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from acd import events
from acd.model import CALLS, ContactId, OfferId
from ivr.dialling import NotDialled
from ivr.dialling_rules import CALLED, DiallingRules
from ivr.outbound import OutboundSettings
from ivr.outward import Told
from ivr.ports import Note, PersonId, Record, StoreFailed
from ivr.trunks import TrunkEntry
from tests.fakes_calls import StandingClock
from tests.fakes_outward import ANN, BEN, NUMBER, CallingHouse
from tests.fakes_stores import MemoryJournal


@pytest.fixture
async def house() -> AsyncIterator[CallingHouse]:
    made = CallingHouse()
    await made.begin()
    await made.tell(events.AgentLoggedIn(ANN), events.AgentLoggedIn(BEN))
    yield made
    made.running.cancel()


async def calls(house: CallingHouse) -> tuple[ContactId, OfferId]:
    """Ann calls, and picks up her phone."""
    answer = await house.calls.requests["agent call"]({"agent": ANN, "number": NUMBER})
    await house.settle()
    contact, offer = ContactId(answer["contact"]), house.outward.rung[-1][0].offer
    await house.tell(events.OfferAnswered(contact, offer))
    return contact, offer


async def waits(house: CallingHouse, contact: ContactId, offer: OfferId) -> None:
    """The agent's leg says that it waits for the customer."""
    house.offers.hear({
        "Event": "UserEvent", "UserEvent": "AcdDial", "Contact": contact, "Offer": offer,
        "Channel": "PJSIP/ann-1",
    })  # fmt: skip
    await house.settle()


async def test_an_agent_is_told_when_the_number_cannot_be_read(
    house: CallingHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, offer = await calls(house)

    async def fails(person: PersonId, field_name: str) -> str | None:
        raise StoreFailed("the disk does not answer")

    monkeypatch.setattr(house.vault, "open", fails)
    await waits(house, contact, offer)
    assert house.outward.told == [(offer, Told.NOT_DIALLED)] and house.outward.dialled == []
    assert house.of("CallFailed") == [{"why": "the disk does not answer"}]


async def test_a_customer_who_is_on_the_line_is_not_said_to_be_not_dialled(
    house: CallingHouse,
) -> None:
    contact, offer = await calls(house)
    await waits(house, contact, offer)
    house.outward.answer(house.outward.dialled[0].id)
    await house.tell(events.Moved(contact, CALLS))
    await waits(house, contact, offer)  # said a moment before the leg looked
    assert house.outward.told == []


async def test_an_agent_whose_customer_was_never_dialled_before_the_core_died_is_told(
    house: CallingHouse,
) -> None:
    contact, offer = await calls(house)
    await waits(house, contact, offer)
    house.outward.alive.clear()  # `kill -9` between the journal and the telephone side
    await house.dies()
    for _ in range(3):
        assert house.outward.told == []
        await waits(house, contact, offer)
    assert house.outward.told == [(offer, Told.UNKNOWN)]
    assert house.of("CallFailed") == [{"why": "unknown"}] and len(house.outward.dialled) == 1


async def test_an_agent_whose_customer_rings_still_waits_on_after_the_core_died(
    house: CallingHouse,
) -> None:
    contact, offer = await calls(house)
    await waits(house, contact, offer)
    await house.dies()
    for _ in range(9):
        await waits(house, contact, offer)
    assert house.outward.told == [] and house.of("CallFailed") == []


class SlowJournal(MemoryJournal):
    """Lets others work between two records, as a database does."""

    async def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]:
        async for record in super().read(after, kinds):
            await asyncio.sleep(0)
            yield record


async def test_calls_count_once_though_two_ask_the_rules_at_once() -> None:
    journal, clock = SlowJournal(), StandingClock()
    await journal.append([Record(clock.at, CALLED, {"agent": ANN})] * 2)
    trunk = TrunkEntry(address="192.0.2.10", caller_ids=("+861012345678",))
    allowed = OutboundSettings(allow=("+86",), caller_id="+861012345678", per_agent=3, per_day=9)
    rules = DiallingRules(allowed, {"main": trunk}, journal, clock)
    both = [rules(NUMBER, queue="support", agent=ANN) for _ in range(2)]
    asked = await asyncio.gather(*both, return_exceptions=True)
    assert not [one for one in asked if isinstance(one, NotDialled)]
    await journal.append([Record(clock.at, CALLED, {"agent": ANN})])
    with pytest.raises(NotDialled):
        await rules(NUMBER, queue="support", agent=ANN)


async def test_a_customer_served_while_nobody_looked_is_not_called_back(
    house: CallingHouse,
) -> None:
    """Their whole call lies in the journal when the core, back again, looks for the first time."""
    promise, call = await house.promise(), ContactId("c-7")
    answered = {"contact": call, "offer": "1.9.1"}
    await house.tell(
        Note(call, "CallStarted", {"person": promise.to}),
        Note(call, "Arrived", {"contact": call, "queue": promise.queue}),
        Note(call, "OfferAnswered", answered), Note(call, "CallEnded", {"cause": "16"}),
    )  # fmt: skip
    await house.look()
    assert house.of("CallbackClosed") == [{"how": "called in", "attempts": 0}]
    assert house.outward.rung == []


async def test_a_customer_served_in_another_queue_is_called_back(house: CallingHouse) -> None:
    promise, call = await house.promise(), ContactId("c-7")
    await house.tell(
        Note(call, "CallStarted", {"person": promise.to}),
        Note(call, "Arrived", {"contact": call, "queue": "sales"}),
        Note(call, "OfferAnswered", {"contact": call, "offer": "1.9.1"}),
        Note(call, "CallEnded", {"cause": "16"}),
    )  # fmt: skip
    await house.look()
    assert house.of("CallbackClosed") == [] and len(house.outward.rung) == 1
