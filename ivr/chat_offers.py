"""Offers of chats and messages: they ring on the agent's page, which asks for them, on no phone.

What rings out is withdrawn by the engine itself, whatever the telephone side does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from acd import events
from acd.commands import Offer, Withdraw
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, Medium, OfferId, OfferMade, Rule
from ivr.distributor import Distributor
from ivr.ports import CoreRefused

log = logging.getLogger(__name__)


class ChatOffers:
    """`ivr.outward.ChatSide`. An answer that was asked for before a withdrawal wins."""

    def __init__(self, distributor: Distributor) -> None:
        self._distributor = distributor
        self._engine = distributor.engine
        self._claimed: set[OfferId] = set()
        self._declined: set[OfferId] = set()

    async def offer(self, offer: Offer) -> None:
        """Nothing to be done: the page sees it in the journal, or by asking."""
        log.info("offered on a page", extra={"contact": offer.contact, "agent": offer.agent})

    async def withdraw(self, offer: Withdraw) -> None:
        made = self._engine.offers.get(offer.offer)
        is_answered = made is not None and made.answered_at is not None
        if offer.offer not in self._claimed and not is_answered:
            self._distributor.post(events.OfferEnded(offer.offer, OfferEnd.RELEASED))

    def ringing(self, agent: AgentId) -> list[OfferMade]:
        """What rings on this agent's page."""
        return [one for one in self.of(agent) if one.answered_at is None and not one.withdrawn]

    def of(self, agent: AgentId) -> list[OfferMade]:
        """This agent's offers of what is written, answered or not."""
        known = self._engine.agents.get(agent)
        if known is None:
            raise CoreRefused(f"there is no agent {agent}")
        made = [self._engine.offers[id_] for id_ in known.works if id_ in self._engine.offers]
        return [one for one in made if one.medium is not Medium.VOICE]

    async def accept(self, agent: AgentId, offer: OfferId) -> tuple[ContactId, bool]:
        """The agent has this contact from now on; whether that is new."""
        made = self._offer(agent, offer)
        if new := made.answered_at is None:
            self._check(made)
            self._claimed.add(offer)
            try:
                await self._distributor.record(*self._taken(made))
            finally:
                self._claimed.discard(offer)
        there = self._engine.contacts.get(made.contact)
        if there is None or there.offer != offer:
            self._distributor.post(events.LegEnded(made.contact, offer))
            raise CoreRefused("the customer has left")
        return made.contact, new

    def _taken(self, made: OfferMade) -> Sequence[events.Event]:
        """Who was asked by a colleague has the chat from now on, and the colleague's part ends."""
        if made.rule is not Rule.CONSULT:
            return [events.OfferAnswered(made.contact, made.id)]
        before = self._engine.contacts[made.contact].offer
        ended = [events.LegEnded(made.contact, before)] if before else []
        return [events.TakenOver(made.contact, made.id, made.agent), *ended]

    def _check(self, made: OfferMade) -> None:
        contact = self._engine.contacts.get(made.contact)
        if made.withdrawn or made.id in self._declined:
            raise CoreRefused("this rings no longer")
        if contact is None or contact.medium is not made.medium:
            raise CoreRefused("the customer is not there any more")

    async def decline(self, agent: AgentId, offer: OfferId) -> ContactId:
        """It is for somebody else."""
        made = self._offer(agent, offer)
        if made.answered_at is not None or offer in self._claimed:
            raise CoreRefused("this has been accepted: close it, or transfer it")
        self._declined.add(offer)
        try:
            await self._distributor.record(events.OfferEnded(offer, OfferEnd.DECLINED))
        finally:
            self._declined.discard(offer)
        return made.contact

    def _offer(self, agent: AgentId, offer: OfferId) -> OfferMade:
        found = [one for one in self.of(agent) if one.id == offer]
        if not found:
            raise CoreRefused("this rings no longer")
        return found[0]
