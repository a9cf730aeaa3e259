"""Writes down what becomes of a callback, and lets the engine know in the same commit."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from acd import events
from acd.model import CALLED_BACK, Contact, Seconds
from acd.schedule import Schedule
from ivr import callback_states as states
from ivr.callback_book import CallbackBook
from ivr.callback_plan import CallbackPlan, CallbackSettings, not_before
from ivr.callback_states import Callback, ClosedBy
from ivr.distributor import Distributor, Entry
from ivr.outward import Told
from ivr.ports import Clock, Journal, Note

log = logging.getLogger(__name__)

MINUTE: Seconds = 60.0


class CallbackLedger:
    """The book of callbacks, and everything that is written into it."""

    def __init__(
        self, distributor: Distributor, journal: Journal, clock: Clock,
        settings: CallbackSettings, hours: Callable[[], Mapping[str, Schedule]],
    ) -> None:  # fmt: skip
        self.book = CallbackBook()
        self._distributor = distributor
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._hours = hours

    async def read(self) -> None:
        """Take in what has been written since."""
        await self.book.read(self._journal)

    def plan(self, callback: Callback) -> CallbackPlan:
        """How callbacks of its queue are dialled now."""
        return self._settings.for_queue(callback.promise.queue)

    def contact(self, callback: Callback) -> Contact | None:
        """The contact that keeps the place; None: its waiting is over."""
        return self._distributor.engine.contacts.get(callback.contact)

    def may_begin(self, callback: Callback) -> bool:
        """Whether it is time, the hours of the plan are open, and the customer is not on the line
        already."""
        now = self._clock.now()
        is_open = self._hours()[self.plan(callback).hours].is_open(now)
        return now >= callback.again and is_open and not self.book.calls_us(callback, now)

    # ---------------------------------------------------------------- what is written

    async def in_line(self, callback: Callback) -> None:
        """The contact waits for an agent, as any other, with its key."""
        await self._distributor.record(events.Reached(callback.contact))
        await self.read()

    async def park(self, callback: Callback) -> None:
        """Out of the line again: nobody is rung for it."""
        await self._distributor.record(self._parked(callback))
        await self.read()

    async def dialled(self, callback: Callback, leg: str, seq: int) -> str:
        """An attempt begins, durably when this returns; its id."""
        attempt = callback.attempts + 1
        id_ = f"{self._distributor.engine.epoch}.{seq}.{attempt}"
        told = {"dialling": id_, "attempt": attempt, "leg": leg}
        await self._write(callback, states.DIALLED, told)
        log.info("callback dialled", extra={"contact": callback.contact, "attempt": attempt})
        return id_

    async def failed(self, callback: Callback, how: Told) -> None:
        """Back into the plan, with the same order key; after the last attempt it is over."""
        again = self._next(callback)
        told = {"attempt": callback.attempts, "dialling": callback.dialling, "why": how}
        log.info("callback failed", extra={"contact": callback.contact, "why": how})
        if callback.last or again is None:
            await self._write(callback, states.FAILED, {**told, "again": self._clock.now()})
            await self.close(callback, ClosedBy.ATTEMPTS if callback.last else ClosedBy.TOO_OLD)
        else:
            told["again"] = again
            await self._write(callback, states.FAILED, told, self._parked(callback))

    async def put_off(self, callback: Callback, why: str) -> None:
        """Not now; no attempt is counted."""
        again = self._next(callback)
        log.info("callback put off", extra={"contact": callback.contact, "why": why})
        told = {"why": why, "again": callback.promise.until if again is None else again}
        await self._write(callback, states.PUT_OFF, told, self._parked(callback))

    async def hasten(self, callback: Callback, who: str) -> None:
        """Not later than now."""
        told = {"why": "asked for", "who": who, "again": self._clock.now()}
        await self._write(callback, states.PUT_OFF, told)

    async def close(self, callback: Callback, how: ClosedBy, who: str = "") -> None:
        """Nothing is dialled any more. Who waits or talks by themselves is left alone."""
        contact, more = self.contact(callback), list[Entry]()
        if contact and contact.channel == CALLED_BACK:
            more = [events.Parked(contact.id, limit=0.0)]
        log.info("callback closed", extra={"contact": callback.contact, "how": how})
        told = {"how": how, "attempts": callback.attempts} | ({"who": who} if who else {})
        await self._write(callback, states.CLOSED, told, *more)

    def _next(self, callback: Callback) -> Seconds | None:
        """The first moment at which it may be tried again; None: not before it is too old."""
        at = self._clock.now() + callback.promise.minutes_between * MINUTE
        again = not_before(self._hours()[self.plan(callback).hours], at)
        return again if again is not None and again < callback.promise.until else None

    def _parked(self, callback: Callback) -> events.Event:
        left = callback.promise.until - self._clock.now()
        return events.Parked(callback.contact, limit=max(left, 0.0))

    async def _write(
        self, callback: Callback, kind: str, data: Mapping[str, Any], *more: Entry
    ) -> None:
        await self._distributor.record(Note(callback.contact, kind, data), *more)
        await self.read()
