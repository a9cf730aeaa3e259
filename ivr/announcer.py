"""Says to waiting callers what their flow wants said while they wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from acd.engine import Engine
from acd.model import Contact, ContactId, Seconds
from acd.states import ContactState
from ivr.flow import Flow
from ivr.ports import Clock, Phones, PhonesFailed
from ivr.waiting import Request, Waiting, announcements

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 1.0
SAY_SECONDS: Seconds = 20.0


class Announcer:
    """Reads the engine, never writes it: what is said changes nobody's place."""

    def __init__(
        self, engine: Engine, flows: Mapping[str, Flow], phones: Phones, clock: Clock
    ) -> None:
        self._engine = engine
        self._flows = flows
        self._phones = phones
        self._clock = clock
        self._waiting: dict[ContactId, Waiting] = {}
        self._saying: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            self.look(self._clock.now())
            await asyncio.sleep(LOOK_SECONDS)

    def look(self, now: Seconds) -> None:
        """Start saying what is due now."""
        waiting = [
            contact
            for contact in self._engine.contacts.values()
            if contact.state is ContactState.WAITING and contact.channel == "voice"
        ]
        for contact in waiting:
            self._look_at(contact, now)
        for gone in self._waiting.keys() - self._engine.contacts.keys():
            del self._waiting[gone]

    def _look_at(self, contact: Contact, now: Seconds) -> None:
        known = self._waiting.get(contact.id)
        if known is None:
            known = self._waiting[contact.id] = self._new(contact, now)
        request = known.due(now)
        if request:
            task = asyncio.create_task(self._say(contact.id, request))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    def _new(self, contact: Contact, now: Seconds) -> Waiting:
        rules = next(
            (
                found
                for flow in self._flows.values()
                if (found := announcements(flow, contact.queue))
            ),
            (),
        )
        return Waiting(rules, contact.language, contact.entered_at, said=now)

    async def _say(self, contact: ContactId, request: Request) -> None:
        try:
            async with asyncio.timeout(SAY_SECONDS):
                await self._phones.say(contact, request.id, request.prompts, key_seconds=0.0)
        except (TimeoutError, PhonesFailed) as fault:
            log.info("announcement left out", extra={"contact": contact, "why": str(fault)})
