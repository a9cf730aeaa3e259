"""Keeps the promises of callbacks: who is to be called, from when on, and that nobody is twice.

A promise is a contact in the channel `callback`, parked with its order key, and a record of the
journal that says the plan. `ivr.callback_dialler` keeps it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from acd import events
from acd.model import CALLED_BACK, ContactId, QueueId, Seconds
from acd.schedule import Schedule
from ivr.callback_plan import HOUR, CallbackSettings, not_before
from ivr.distributor import Distributor, Entry
from ivr.lost_calls import made_good, taken_by
from ivr.ports import Clock, EffectKey, Journal, Note, PersonId, Record, Vault
from ivr.promises import PROMISED, CannotPromise, NotAllowed, Promise, TooMany, Wish

log = logging.getLogger(__name__)


class CallbackDesk:
    """`ivr.promises.Callbacks` of the core. `remember` first."""

    def __init__(
        self,
        distributor: Distributor,
        vault: Vault,
        clock: Clock,
        settings: CallbackSettings,
        hours: Callable[[], Mapping[str, Schedule]],
    ) -> None:
        self._distributor = distributor
        self._vault = vault
        self._clock = clock
        self._settings = settings
        self._hours = hours
        self._known: dict[EffectKey, Promise] = {}
        self._making: dict[EffectKey, asyncio.Task[Promise]] = {}
        """What is being written: a script may end before it is, and the next one asks again."""
        self._one = asyncio.Lock()

    async def remember(self, journal: Journal) -> None:
        """Learn what was promised before this process began."""
        async for record in journal.read(0, (PROMISED,)):
            promise = promise_of(record)
            if self._is_open(promise.contact):
                self._known[promise.effect] = promise

    def now(self) -> Seconds:
        """Centre time."""
        return self._clock.now()

    def may_call(self, number: str) -> bool:
        return self._settings.may_call(number)

    async def kept(self, key: EffectKey) -> Promise | None:
        if key in self._making:
            return await asyncio.shield(self._making[key])
        return self._known.get(key)

    async def promise(self, wish: Wish) -> Promise:
        if not self.may_call(wish.number):
            raise NotAllowed("this house does not call such numbers")
        to = await self._vault.person_for_number(wish.number)
        if wish.key not in self._making:
            making = self._making[wish.key] = asyncio.create_task(self._promise(wish, to))
            making.add_done_callback(lambda _: self._making.pop(wish.key))
        return await asyncio.shield(self._making[wish.key])

    def open(self) -> list[Promise]:
        """Every promise that is still to be kept, the oldest first; what was given again is left
        out."""
        gone = [key for key, one in self._known.items() if not self._is_open(one.contact)]
        for key in gone:
            del self._known[key]
        return sorted(
            (one for one in self._known.values() if not one.joins), key=lambda one: one.at
        )

    # ---------------------------------------------------------------- making one

    async def _promise(self, wish: Wish, to: PersonId) -> Promise:
        async with self._one:
            if known := self._known.get(wish.key):
                return known
            open_ = self.open()
            first = next((p for p in open_ if (p.to, p.queue) == (to, wish.queue)), None)
            promise = replace(first, effect=wish.key, by=wish.person, joins=True) if first else (
                self._planned(wish, to, open_)
            )  # fmt: skip
            await self._distributor.record(*self._entries(wish, promise))
            self._known[wish.key] = promise
        told = {"contact": wish.facts.contact, "queue": wish.queue, "joins": promise.joins}
        log.info("callback promised", extra=told)
        return promise

    def _planned(self, wish: Wish, to: PersonId, open_: list[Promise]) -> Promise:
        """By the plan of the queue."""
        plan, now = self._settings.for_queue(wish.queue), self._clock.now()
        theirs = sum(one.to == to for one in open_)
        asked = sum(one.by == wish.person for one in open_) if wish.person else 0
        if max(theirs, asked) >= plan.most_open:
            raise TooMany(f"{plan.most_open} callbacks are open already")
        begins = not_before(self._hours()[plan.hours], now)
        if begins is None:
            raise CannotPromise(f"the hours {plan.hours!r} do not open for weeks")
        return Promise(
            wish.key, wish.facts.contact, wish.queue, to, wish.person, now, begins,
            begins + plan.longest_hours * HOUR, plan.attempts, plan.minutes_between,
        )  # fmt: skip

    def _entries(self, wish: Wish, promise: Promise) -> list[Entry]:
        """What is written, in one commit: the place, and the promise."""
        note = Note(wish.lost if promise.joins and wish.lost else wish.facts.contact, PROMISED,
                    record_data(promise))  # fmt: skip
        taken = [taken_by(wish.lost, promise)] if wish.lost else []
        if promise.joins:
            return [note, *taken]
        contact, limit = promise.contact, promise.until - promise.at
        comes: list[Entry] = [events.Arrived(
            contact, QueueId(promise.queue), promise.at, channel=CALLED_BACK,
            class_=wish.facts.class_, language=wish.language, skills=dict(wish.skills),
            urgency=wish.urgency, resumes=wish.lost, by_pass=wish.by_house,
        )]  # fmt: skip
        if wish.lost:
            comes = [made_good(wish.lost, promise), *comes]
        if known := self._distributor.engine.contacts.get(contact):  # the place of their wait
            comes = [events.Moved(contact, CALLED_BACK)]
            if known.queue != promise.queue:
                comes.append(events.Transferred(contact, QueueId(promise.queue)))
        return [*comes, events.Parked(contact, limit=limit), note, *taken]

    def _is_open(self, contact: ContactId) -> bool:
        known = self._distributor.engine.contacts.get(contact)
        return known is not None and known.channel == CALLED_BACK


def record_data(promise: Promise) -> dict[str, Any]:
    """The promise as the journal keeps it; its contact is called `holds` there."""
    data = asdict(promise)
    data["holds"] = data.pop("contact")
    return data


def promise_of(record: Record) -> Promise:
    """The promise that a record tells of."""
    data = dict(record.data)
    contact = ContactId(data.pop("holds"))
    return Promise(contact=contact, **data)
