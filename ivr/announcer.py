"""Says to waiting callers what their flow wants said while they wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from acd.engine import Engine
from acd.model import Contact, ContactId, Seconds
from acd.states import ContactState
from ivr.flow import Flow
from ivr.ports import Clock, Origin, PhonesFailed, WaitingLoop
from ivr.waiting import Request, Waiting, announcements

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 1.0
SAY_SECONDS: Seconds = 20.0


class Announcer:
    """Reads the engine, never writes it: what is said changes nobody's place."""

    def __init__(
        self,
        engine: Engine,
        flows: Callable[[Origin], Flow | None],
        loop: WaitingLoop,
        clock: Clock,
    ) -> None:
        """`flows`: in the version that the caller began in; None while it is not known."""
        self._engine = engine
        self._flows = flows
        self._loop = loop
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
            known = self._known(contact)
            if known and (request := known.due(now, partial(self._expected, contact, now))):
                self._start_saying(contact.id, request)
        for gone in self._waiting.keys() - self._engine.contacts.keys():
            del self._waiting[gone]

    def _expected(self, contact: Contact, now: Seconds) -> Seconds | None:
        """The long end of the range, so that few wait longer than they are told."""
        waits = self._engine.waits
        wait = waits.range(self._engine, contact, now) if waits else None
        return wait.high if wait and not wait.few else None

    def _known(self, contact: Contact) -> Waiting | None:
        """What the contact hears where it waits now: it may have been in the flow again. None: the
        caller's flow is not known yet."""
        origin = self._loop.origin(contact.id)
        known = self._waiting.get(contact.id)
        if origin is None or (known and known.place == (origin.step, contact.queue)):
            return known
        flow = self._flows(origin)
        if flow is None:
            return None
        rules = announcements(flow, origin.step, contact.queue)
        place = (origin.step, contact.queue)
        waiting = Waiting(rules, contact.language, contact.entered_at, place=place)
        self._waiting[contact.id] = waiting
        return waiting

    def _start_saying(self, contact: ContactId, request: Request) -> None:
        task = asyncio.create_task(self._say(contact, request))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _say(self, contact: ContactId, request: Request) -> None:
        try:
            async with asyncio.timeout(SAY_SECONDS):
                await self._loop.say(contact, request.id, request.prompts, key_seconds=0.0)
        except (TimeoutError, PhonesFailed) as fault:
            log.info("announcement left out", extra={"contact": contact, "why": str(fault)})
