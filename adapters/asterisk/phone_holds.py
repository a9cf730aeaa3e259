"""Callers whom a telephone holds by itself (re-INVITE): Asterisk tells of it by AMI alone.

The event log has no row for such a hold. So after every login the legs themselves are asked: what
is known again is whether a caller is held, not for how long they were meanwhile.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping

from acd import events
from acd.engine import Engine
from acd.model import Contact, ContactId, OfferId, OfferMade
from acd.states import ContactState
from adapters.asterisk.ami import Ami, AmiRefused
from adapters.asterisk.facts import LEG_PREFIX, offer_of

log = logging.getLogger(__name__)

AT_THE_DESK = ("hold", "consult")
"""States of an agent's leg in which the caller hears music, whatever the telephone does."""
ON_HOLD = "1"


class PhoneHolds:
    """Who is held by a telephone, who by a command; the caller speaks when neither is so."""

    def __init__(self, ami: Ami, engine: Engine, post: Callable[[events.Event], None]) -> None:
        self._ami = ami
        self._engine = engine
        self._post = post
        self._by_phone: set[OfferId] = set()
        self._by_command: set[OfferId] = set()

    def holds(self, offer: OfferId) -> bool:
        """Whether the telephone of this talk holds the caller."""
        return offer in self._by_phone

    def by_command(self, offer: OfferId) -> bool:
        """Whether a command has taken the leg of this talk away from the caller."""
        return offer in self._by_command

    def hear(self, event: Mapping[str, str]) -> None:
        """One AMI event, after its own facts have been told."""
        kind = event.get("UserEvent") or event.get("Event", "")
        named = event.get("Offer", "") or offer_of(event.get("Uniqueid", "")) or ""
        offer = OfferId(named)
        if kind == "Hold":
            self._by_phone.add(offer)
            self._tell(offer, held=True)
        elif kind == "Unhold":
            self._by_phone.discard(offer)
            self._tell(offer, held=offer in self._by_command)
        elif kind == "AcdHeld":
            self._by_command.add(offer)
        elif kind == "AcdResumed":
            self._by_command.discard(offer)
            if offer in self._by_phone:
                self._tell(offer, held=True)
        elif kind == "Hangup":
            self._by_phone.discard(offer)
            self._by_command.discard(offer)

    def _tell(self, offer: OfferId, held: bool) -> None:
        made = self._engine.offers.get(offer)
        if made:
            kind = events.Held if held else events.Resumed
            self._post(kind(made.contact, offer))

    async def look(self, channels: Mapping[ContactId, str]) -> None:
        """After a gap: ask the leg of every talk, and the caller's channel."""
        self._by_phone.clear()
        self._by_command.clear()
        for offer in list(self._engine.offers.values()):
            contact = self._engine.contacts.get(offer.contact)
            if contact and contact.offer == offer.id and offer.answered_at is not None:
                await self._look_at(offer, contact, channels.get(contact.id))

    async def _look_at(self, offer: OfferMade, contact: Contact, channel: str | None) -> None:
        try:
            on_hold = await self._value(LEG_PREFIX + offer.id, "CHANNEL(rtp,hold)")
            desk = await self._value(channel, "SHARED(DESK)") if channel else ""
        except AmiRefused as refused:
            log.info("leg not there to be asked", extra={"offer": offer.id, "why": str(refused)})
            return
        of, state = [*desk.split("~"), ""][:2]
        by_command = of == offer.id and state in AT_THE_DESK
        if on_hold == ON_HOLD:
            self._by_phone.add(offer.id)
        if by_command:
            self._by_command.add(offer.id)
        held = by_command or on_hold == ON_HOLD
        if held != (contact.state is ContactState.HELD):
            self._tell(offer.id, held)

    async def _value(self, channel: str, name: str) -> str:
        asked = {"Action": "Getvar", "Channel": channel, "Variable": name}
        return (await self._ami.send(asked)).get("Value") or ""
