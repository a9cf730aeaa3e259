"""Calling somebody outside: what is dialled, and who dials it.

The customer's line is a channel of its own from the first ring on. When it is picked up it is in
the dialplan's hands, as every caller is; none of our processes has to live for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from acd.commands import Offer, Withdraw
from acd.model import (
    CALLED_BACK,
    CALLED_OUT,
    Contact,
    ContactId,
    Medium,
    OfferId,
    OfferMade,
    Seconds,
)
from ivr.dialling import Route
from ivr.ports import Phones

OUTWARD = (CALLED_BACK, CALLED_OUT)
"""Channels of contacts whose customer is not on the line: we call them."""


NO_OFFERS: Mapping[OfferId, OfferMade] = MappingProxyType({})


class Told(StrEnum):
    """How a dialling ended without anybody on the line."""

    BUSY = "busy"
    NO_ANSWER = "no answer"
    WRONG_NUMBER = "wrong number"
    UNREACHABLE = "unreachable"
    """No trunk has taken the call."""
    MACHINE = "nobody pressed the key"
    HUNG_UP = "hung up"
    """It was picked up, and put down before anything was pressed."""
    NOT_DIALLED = "not dialled"
    AGENT_GONE = "agent gone"
    """The agent who was to talk hung up while it rang."""
    UNKNOWN = "unknown"
    """Our process or the link ended in the middle, and nobody can say."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """One attempt to get somebody on the line."""

    id: str
    """Unique for ever: its channel has it for an id, and nobody is dialled twice for it."""
    contact: ContactId
    routes: tuple[Route, ...]
    ring_seconds: Seconds
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the customer's channel is to know."""


class Outward(Protocol):
    """The telephone side of calls that we make."""

    async def ring_agent(self, offer: Offer, about: str) -> None:
        """Ring the agent, who then waits for the customer. `about`: what for, as the dialplan says
        it; empty: they know. Its end comes back as an event, like that of any offer."""

    async def void(self, offer: Withdraw) -> None:
        """The agent's leg of this offer passes no gate any more."""

    async def dial(self, dialling: Dialling) -> Told | None:
        """Try the routes in their order; how it ended, or None when it was picked up. `UNKNOWN`:
        look with `lives`."""

    async def lives(self, dialling: str) -> bool | None:
        """Whether the channel of this dialling is there; None: nobody can say just now."""

    async def hang_up(self, dialling: str) -> bool:
        """End it if it rings still; False: it has been picked up, or cannot be reached."""

    async def tell_agent(self, offer: OfferId, how: Told) -> None:
        """The agent who waits for the customer need not wait longer."""


class OutwardOffers(Protocol):
    """Who makes offers of contacts that we call."""

    async def offer(self, offer: Offer, contact: Contact) -> None: ...

    async def withdraw(self, offer: Withdraw) -> None: ...


class BothWays:
    """`Phones`: offers of callers go to the switchboard, those of customers whom we call to those
    who call them, those of chats and messages to agents' pages."""

    def __init__(
        self, inward: Phones, contacts: Mapping[ContactId, Contact],
        offers: Mapping[OfferId, OfferMade] = NO_OFFERS,
    ) -> None:  # fmt: skip
        self._inward = inward
        self._contacts = contacts
        self._offers = offers
        self.outward: OutwardOffers | None = None
        """Set when all parts are there."""
        self.chats: Phones | None = None
        """Set where there is chat."""

    def _pages(self, offer: OfferId) -> Phones | None:
        """Who has this offer, if it is one of something written. A phone that rang before its
        contact went online rings on: the offer says it, not the contact."""
        made = self._offers.get(offer)
        return self.chats if made and made.medium is not Medium.VOICE else None

    async def offer(self, offer: Offer) -> None:
        contact = self._contacts.get(offer.contact)
        if pages := self._pages(offer.offer):
            await pages.offer(offer)
        elif self.outward and contact and contact.channel in OUTWARD:
            await self.outward.offer(offer, contact)
        else:
            await self._inward.offer(offer)

    async def withdraw(self, offer: Withdraw) -> None:
        if pages := self._pages(offer.offer):
            await pages.withdraw(offer)
            return
        if self.outward:
            await self.outward.withdraw(offer)
        await self._inward.withdraw(offer)


def milliseconds(at: Seconds) -> str:
    """As the dialplan keeps times."""
    return str(round(at * 1000))


def on_the_line(contact: Contact, dialling: str, leg: str) -> dict[str, Any]:
    """What a customer's channel knows of the contact: what the entry sets for a caller."""
    return {
        "CONTACT": contact.id,
        "QENTER": milliseconds(contact.entered_at),
        "QUEUE": contact.queue,
        "CLASS": contact.class_,
        "URGENCY": contact.urgency,
        "LANG": contact.language,
        "AFTER": "goodbye",
        "CALL": dialling,
        "LEG": leg,
        "OWN_CALL": "1" if contact.channel == CALLED_OUT else "",
    }
