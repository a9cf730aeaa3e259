"""An agent calls somebody: their phone first, the customer second, and one owner all the time."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from acd import events
from acd.model import CALLED_OUT, CALLS, ContactId, OfferId
from acd.states import AgentState, ContactState, ForbiddenMove
from ivr.dialling import Refusal
from ivr.outward import Told
from ivr.ports import CoreRefused, Note
from ivr.tickets.projection import Known, tell
from tests.fakes_outward import ANN, BEN, NUMBER, SUPPORT, CallingHouse


@pytest.fixture
async def house() -> AsyncIterator[CallingHouse]:
    made = CallingHouse()
    await made.begin()
    await made.tell(events.AgentLoggedIn(ANN), events.AgentLoggedIn(BEN))
    yield made
    made.running.cancel()


async def calls(house: CallingHouse, **fields: str) -> tuple[ContactId, OfferId]:
    """Ann calls; her phone rings."""
    ask = house.calls.requests["agent call"]
    answer = await ask({"agent": ANN, "number": NUMBER, **fields})
    await house.settle()
    offer, about = house.outward.rung[-1]
    assert (offer.agent, offer.contact, about) == (ANN, answer["contact"], "")
    return ContactId(answer["contact"]), offer.offer


async def picks_up(house: CallingHouse, contact: ContactId, offer: OfferId) -> str:
    await house.tell(events.OfferAnswered(contact, offer))
    house.offers.hear({
        "Event": "UserEvent", "UserEvent": "AcdDial", "Contact": contact, "Offer": offer,
        "Channel": "PJSIP/ann-1",
    })  # fmt: skip
    await house.settle()
    return house.outward.dialled[-1].id


async def test_the_customer_is_dialled_when_the_agent_has_picked_up_and_asked_for_no_key(
    house: CallingHouse,
) -> None:
    contact, offer = await calls(house)
    assert house.outward.dialled == [] and house.engine.agents[ANN].state is AgentState.OFFERED
    await picks_up(house, contact, offer)
    [dialling] = house.outward.dialled
    assert dialling.routes[0].dial == f"{NUMBER}@trunk.main"
    assert dialling.variables["OWN_CALL"] == "1", "without this agent nobody is rung for them"
    assert "CONFIRM" not in dialling.variables and dialling.variables["LEG"] == "PJSIP/ann-1"
    assert house.engine.agents[ANN].state is AgentState.TALKING
    assert NUMBER not in str(house.journal.records)


async def test_the_talk_is_a_contact_of_the_agents_and_has_its_wrap_up(
    house: CallingHouse,
) -> None:
    contact, offer = await calls(house)
    house.outward.answer(await picks_up(house, contact, offer))
    await house.tell(events.Moved(contact, CALLS))
    await house.tell(events.LegEnded(contact, offer), events.CallerLeft(contact, channel=CALLS))
    assert house.engine.agents[ANN].state is AgentState.WRAP_UP
    assert house.of("ContactEnded") == [{"how": "served"}]


@pytest.mark.parametrize("how", [Told.BUSY, Told.NO_ANSWER])
async def test_who_is_not_reached_is_nobody_elses_business_and_the_agent_is_free(
    house: CallingHouse, how: Told
) -> None:
    contact, offer = await calls(house)
    house.outward.end(await picks_up(house, contact, offer), how)
    await house.settle()
    assert house.outward.told == [(offer, how)] and house.of("CallFailed") == [{"why": how}]
    await house.tell(events.OfferEnded(offer, events.OfferEnd.RELEASED))
    await house.settle()
    assert house.engine.agents[ANN].state is AgentState.READY
    assert house.of("ContactEnded") == [{"how": "not reached"}]
    assert len(house.outward.rung) == 1, "the other agent is not rung"


async def test_an_agent_who_does_not_pick_up_their_own_call_calls_nobody(
    house: CallingHouse,
) -> None:
    contact, offer = await calls(house)
    await house.tell(events.OfferEnded(offer, events.OfferEnd.RANG_OUT))
    await house.settle()
    assert house.outward.dialled == [] and contact not in house.engine.contacts
    assert [one.agent for one, _ in house.outward.rung] == [ANN]


async def test_an_agent_who_is_not_free_and_rules_that_refuse_say_why(
    house: CallingHouse,
) -> None:
    ask = house.calls.requests["agent call"]
    house.refusal = Refusal.PREMIUM
    with pytest.raises(CoreRefused, match="premium"):
        await ask({"agent": ANN, "number": NUMBER})
    house.refusal = None
    for fields in ({"agent": "eve"}, {"agent": ANN}, {"agent": ANN, "person": "per_9"}):
        with pytest.raises(CoreRefused):
            await ask(fields)
    await house.tell(events.AgentPaused(ANN, "lunch"))
    with pytest.raises(ForbiddenMove, match="not ready"):
        await ask({"agent": ANN, "number": NUMBER})
    assert house.outward.rung == [] and house.of("AgentCalled") == []


async def test_a_second_life_of_the_core_dials_nobody_again(house: CallingHouse) -> None:
    contact, offer = await calls(house)
    await house.dies()
    await picks_up(house, contact, offer)
    await house.dies()
    house.offers.hear({
        "Event": "UserEvent", "UserEvent": "AcdDial", "Contact": contact, "Offer": offer,
        "Channel": "PJSIP/ann-1",
    })  # fmt: skip
    await house.settle()
    assert len(house.outward.dialled) == 1


async def test_calls_count_for_the_estimate_of_nobody_who_waits(house: CallingHouse) -> None:
    contact, _ = await calls(house)
    assert house.engine.waits
    known = house.engine.contacts[contact]
    assert (known.channel, known.state) == (CALLED_OUT, ContactState.RINGING)
    assert (
        house.engine.waits.plain()["estimates"][SUPPORT]
        == (type(house.engine.waits)(house.engine.centre).plain()["estimates"][SUPPORT])
    )


async def test_the_call_stands_on_the_customers_ticket(house: CallingHouse) -> None:
    contact, offer = await calls(house)
    house.outward.end(await picks_up(house, contact, offer), Told.BUSY)
    await house.settle()
    await house.tell(Note(contact, "CallEnded", {"cause": "17"}))
    known = Known()
    for record in house.journal.records:
        tell(known, record)
    told = {entry.kind: entry for entry in known.entries if entry.contact}
    [ticket] = known.tickets.values()
    for kind in ("agent_called", "call_dialled", "call_failed", "offered"):
        assert told[kind].ticket == ticket.id
    assert ticket.person and told["agent_called"].data == {"agent": ANN, "queue": SUPPORT}
