"""A customer who waits in the chat is called back at the place they have there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from acd import events
from acd.config import Queue
from acd.events import OfferAnswered
from acd.model import CALLED_BACK, CHATS, ContactId
from acd.states import ContactState
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.chat_call_me import CallMe
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.outbound import OutboundSettings
from ivr.ports import CoreRefused
from ivr.whose import Whose
from tests.fakes_calls import HOURS
from tests.fakes_online import BOB, MOBILE, ONE, SUPPORT, TWO, OnlineHouse

BY = {"browser-1": ONE, "browser-2": TWO}


class Chats:
    """Whose browser has which chat."""

    def contact_of(self, by: str) -> ContactId | None:
        return BY.get(by)


class Rules(Routing):
    """Dialling rules that refuse what begins with +44."""

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        if number.startswith("+44"):
            raise NotDialled(Refusal.NOT_ALLOWED)
        return (Route("line", f"{number}@trunk", "+861085550000"),)


class House(OnlineHouse):
    """With chats that wait, and callbacks."""

    async def begin(self) -> None:
        await super().begin()
        settings = CallbackSettings(prefixes=("+86", "+44"))
        self.callbacks = CallbackDesk(
            self.distributor, self.vault, self.clock, settings, lambda: dict(HOURS)
        )
        await self.callbacks.remember(self.journal)
        self.desk = CallMe(
            Chats(),
            self.engine,
            self.callbacks,
            Rules(),
            self.vault,
            Whose(self.journal).of,
            OutboundSettings().is_emergency,
        )

    async def chats(self, contact: ContactId = ONE) -> None:
        now = self.clock.now()
        await self.tell(events.Arrived(contact, SUPPORT, now, channel=CHATS, waits=True))

    async def asks(self, by: str = "browser-1", number: str = MOBILE) -> Mapping[str, Any]:
        return await self.desk.known["chat call me"]({"by": by, "number": number})


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    made = House(tmp_path, Queue(SUPPORT))
    await made.begin()
    await made.chats()
    yield made
    made.running.cancel()


async def test_the_chat_becomes_a_promised_callback_with_its_key(house: House) -> None:
    key = house.engine.contacts[ONE].order_key
    house.clock.at += 120.0
    told = await house.asks()
    contact = house.engine.contacts[ONE]
    assert told["promised"] and told["until"] > told["not_before"]
    assert (contact.channel, contact.state) == (CALLED_BACK, ContactState.PARKED)
    assert contact.order_key == key
    [promise] = house.callbacks.open()
    assert (promise.contact, await house.vault.open(promise.to, "number")) == (ONE, MOBILE)
    assert MOBILE not in str(house.journal.records)


async def test_the_promise_is_kept_over_a_restart(house: House) -> None:
    await house.asks()
    await house.again()
    assert [one.contact for one in house.callbacks.open()] == [ONE]


@pytest.mark.parametrize(
    ("fields", "why"),
    [({"number": "+442079460018"}, "not dialled here"), ({"number": "+14165551212"}, "such"),
     ({"number": ""}, "no telephone number of yours"),
     ({"number": "110"}, "no telephone number of yours"),
     ({"by": "browser-9"}, "no chat that waits"), ({"by": ""}, "no chat that waits"),
     ({"by": "browser-2"}, "no chat that waits")],
)  # fmt: skip
async def test_what_cannot_be_promised_is_refused_and_the_chat_waits_on(
    house: House, fields: dict[str, str], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why) as refusal:
        await house.asks(**fields)
    assert not fields.get("number") or fields["number"] not in str(refusal.value)
    assert (house.engine.contacts[ONE].channel, house.callbacks.open()) == (CHATS, [])


async def test_a_number_that_is_to_be_called_already_gets_no_second_promise(house: House) -> None:
    await house.asks()
    await house.chats(TWO)
    with pytest.raises(CoreRefused, match="to be called already"):
        await house.asks("browser-2")
    assert house.engine.contacts[TWO].channel == CHATS


async def test_who_has_an_agent_is_not_called(house: House) -> None:
    await house.agents(BOB)
    offer = house.engine.contacts[ONE].offer
    assert offer
    await house.tell(OfferAnswered(ONE, offer))
    with pytest.raises(CoreRefused, match="an agent is in this chat"):
        await house.asks()


async def test_a_chat_that_rings_at_a_desk_is_withdrawn_there(house: House) -> None:
    await house.agents(BOB)
    await house.asks()
    await house.settle()
    assert not house.engine.offers
    assert house.engine.contacts[ONE].channel == CALLED_BACK
