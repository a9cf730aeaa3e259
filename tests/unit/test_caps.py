"""The caps of a day hold exactly: the last call is made, the next is not, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from acd import events
from acd.model import AgentId, ContactId, OfferMade
from ivr.dialling import NotDialled
from ivr.dialling_rules import DiallingRules
from ivr.outbound import OutboundSettings
from ivr.outward import Told
from ivr.ports import CoreRefused
from ivr.talk_outside import ways_outside
from ivr.trunks import TrunkEntry
from tests.fakes_outward import ANN, BEN, NUMBER, ONE, CallingHouse

SHOWN = "+861012345678"


async def house_with(**caps: int) -> CallingHouse:
    """A house that goes by the real rules, with these caps."""
    made = CallingHouse()
    allowed = OutboundSettings.model_validate({"allow": ["+86"], "caller_id": SHOWN, **caps})
    trunk = TrunkEntry(address="192.0.2.10", caller_ids=(SHOWN,))
    made.rules = DiallingRules(allowed, {"main": trunk}, made.journal, made.clock)
    await made.begin()
    await made.tell(events.AgentLoggedIn(ANN), events.AgentLoggedIn(BEN))
    return made


@pytest.fixture
async def house() -> AsyncIterator[CallingHouse]:
    """One call a day."""
    made = await house_with(per_day=1)
    yield made
    made.running.cancel()


async def asks(house: CallingHouse, agent: AgentId = ANN) -> ContactId:
    answer = await house.calls.requests["agent call"]({"agent": agent, "number": NUMBER})
    return ContactId(answer["contact"])


async def picks_up(house: CallingHouse, contact: ContactId) -> None:
    """The agent's own telephone, which waits for the customer then."""
    offer = house.outward.rung[-1][0].offer
    await house.tell(events.OfferAnswered(contact, offer))
    house.offers.hear({
        "Event": "UserEvent", "UserEvent": "AcdDial", "Contact": contact, "Offer": offer,
        "Channel": "PJSIP/ann-1",
    })  # fmt: skip
    await house.settle()


@pytest.mark.parametrize("cap", ["per_day", "per_agent"])
async def test_the_last_call_of_a_cap_reaches_the_customer_and_the_next_is_refused(
    cap: str,
) -> None:
    house = await house_with(**{cap: 1})
    contact = await asks(house)
    await house.settle()
    await picks_up(house, contact)
    assert len(house.outward.dialled) == 1 and house.of("CallFailed") == []
    house.outward.end(house.outward.dialled[0].id, Told.BUSY)
    await house.settle()
    with pytest.raises(CoreRefused, match="as often as is allowed"):
        await asks(house)
    house.running.cancel()


async def test_a_core_that_dies_before_it_has_dialled_dials_the_last_call_of_a_cap(
    house: CallingHouse,
) -> None:
    contact = await asks(house)
    await house.settle()
    await house.dies()
    await picks_up(house, contact)
    assert len(house.outward.dialled) == 1


async def test_of_two_who_call_in_the_same_instant_one_has_the_last_call(
    house: CallingHouse,
) -> None:
    both = await asyncio.gather(asks(house, ANN), asks(house, BEN), return_exceptions=True)
    await house.settle()
    refused = [one for one in both if isinstance(one, CoreRefused)]
    assert len(refused) == 1 and len(house.outward.rung) == len(house.of("AgentCalled")) == 1


async def offered(house: CallingHouse) -> tuple[OfferMade, AgentId]:
    """An agent is offered the callback; and the other agent, who is free."""
    await house.promise()
    await house.look()
    made = house.engine.offers[house.outward.rung[-1][0].offer]
    await house.tell(events.OfferAnswered(ONE, made.id))
    return made, BEN if made.agent == ANN else ANN


async def test_of_a_call_and_a_customer_handed_on_at_once_one_has_the_last_call(
    house: CallingHouse,
) -> None:
    talk, free = await offered(house)
    on = ways_outside(house.distributor, house.rules, talk, NUMBER, "mobile", "talk-1")
    both = await asyncio.gather(on, asks(house, free), return_exceptions=True)
    assert len([one for one in both if isinstance(one, CoreRefused | NotDialled)]) == 1


async def test_of_a_call_and_a_callback_at_once_one_has_the_last_call(house: CallingHouse) -> None:
    talk, free = await offered(house)
    back = house.dialler.agent_waits(ONE, talk.id, "PJSIP/ann-1")
    await asyncio.gather(back, asks(house, free), return_exceptions=True)
    assert len(house.of("AgentCalled")) + len(house.of("CallbackDialled")) == 1
