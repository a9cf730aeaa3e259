"""Agents who are offered a customer who is not on the line, and what they set off by accepting."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from acd import events
from acd.commands import Offer, Withdraw
from acd.model import CALLED_BACK, Contact, ContactId, OfferId
from ivr.callback_dialler import CallbackDialler
from ivr.distributor import Distributor
from ivr.outgoing_calls import OutgoingCalls
from ivr.outward import Outward

log = logging.getLogger(__name__)

AGENT_WAITS = "AcdDial"
"""What the telephone side calls it when an agent has accepted and waits for the customer."""
A_CALLBACK = "callback"
"""What the agent is told that it is about; of their own call they need not be told."""


class OutwardOffers:
    """`ivr.outward.OutwardOffers`; `hear` takes the telephone side's news."""

    def __init__(
        self, distributor: Distributor, outward: Outward, callbacks: CallbackDialler,
        calls: OutgoingCalls,
    ) -> None:  # fmt: skip
        self._distributor = distributor
        self._outward = outward
        self._callbacks = callbacks
        self._calls = calls
        self._tasks: set[asyncio.Task[None]] = set()

    async def offer(self, offer: Offer, contact: Contact) -> None:
        """Ring the agent; or take the contact out of the line again, if it is not to be called just
        now."""
        if contact.channel != CALLED_BACK:
            await self._outward.ring_agent(offer, "")
        elif await self._callbacks.takes_now(contact.id):
            await self._outward.ring_agent(offer, A_CALLBACK)
        else:
            self._distributor.post(events.Parked(contact.id, limit=contact.park_limit))

    async def withdraw(self, offer: Withdraw) -> None:
        await self._outward.void(offer)

    def hear(self, event: Mapping[str, str]) -> None:
        """One event of the telephone side. Never raises; never waits."""
        if event.get("UserEvent") != AGENT_WAITS:
            return
        contact, offer = ContactId(event.get("Contact", "")), OfferId(event.get("Offer", ""))
        # Not by the contact's channel: it is a caller's as soon as the customer is on the line, and
        # what this leg said a moment before must not be answered as if nobody had been dialled.
        whose = self._calls if self._calls.has(contact) else self._callbacks
        task = asyncio.create_task(whose.agent_waits(contact, offer, event.get("Channel", "")))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a customer was not dialled", exc_info=task.exception())
