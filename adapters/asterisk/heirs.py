"""Tells a call at once that the agent it waits for was not reached.

The dialplan finds out by itself, too, but takes five seconds when it never saw that agent's leg.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from acd.engine import Engine
from acd.model import ContactId, OfferId, Rule
from adapters.asterisk.facts import LEG_PREFIX, offer_of
from adapters.asterisk.legs import NO_HEIR_MARK
from adapters.asterisk.switchboard import Switchboard
from ivr.ports import PhonesFailed

log = logging.getLogger(__name__)


class Heirs:
    """Watches the legs of agents who are consulted, or to whom a contact is handed on."""

    def __init__(self, switchboard: Switchboard, engine: Engine) -> None:
        self._switchboard = switchboard
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, event: Mapping[str, str]) -> None:
        """One AMI event. Never raises; never waits."""
        kind, ended = event.get("Event", ""), None
        if kind == "Hangup":
            ended = offer_of(event.get("Uniqueid", ""))
        elif kind == "OriginateResponse" and event.get("Response") == "Failure":
            ended = OfferId(event.get("ActionID", "").removeprefix(LEG_PREFIX))
        offer = self._engine.offers.get(ended) if ended else None
        if offer and offer.rule is Rule.CONSULT and offer.answered_at is None:
            task = asyncio.get_running_loop().create_task(self._tell(offer.contact, offer.id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, contact: ContactId, offer: OfferId) -> None:
        # By name, and beside the heir: told late, it is about nobody who came after.
        try:
            await self._switchboard.set_on(contact, {NO_HEIR_MARK: offer})
        except PhonesFailed as failed:
            log.info("call not told of its heir", extra={"contact": contact, "why": str(failed)})
