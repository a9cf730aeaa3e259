"""Callers who were cut off, or gave up, and call again: the place that they may take up; and, where
the house wants it, that of a chat in which somebody with their number waits.

Found by the number that they call from, which is a claim and no proof: they are asked, and take up
the place in line alone, never who they are or what was said. Once: the place moves with them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from acd import events
from acd.config import Queue
from acd.engine import Engine
from acd.model import CALLED_BACK, CALLS, CHATS, Contact, ContactId, Place, QueueId, Seconds
from acd.states import ContactState
from ivr import callback_states
from ivr.callback_states import ClosedBy
from ivr.ports import (
    CallFacts,
    Clock,
    Journal,
    Note,
    PersonId,
    Record,
    StoreFailed,
    StoreRefused,
)
from ivr.promises import MAKES_GOOD, PROMISED
from ivr.site_file import SiteFile

KINDS = ("CallStarted", MAKES_GOOD, PROMISED, callback_states.CONFIRMED, "PassRedeemed")
STILL_OPEN = (ContactState.WAITING, ContactState.RINGING, ContactState.PARKED)
"""Chats that no agent has."""
LONGEST_CALL: Seconds = 4 * 3600.0
"""A caller of whom the engine knows nothing is forgotten after so long."""
TIDY_AT = 1000
LOOK_SECONDS: Seconds = 1.0

log = logging.getLogger(__name__)


class Returns(Protocol):
    """Who knows of places that callers may take up."""

    async def find(self, facts: CallFacts, person: PersonId | None, queue: str) -> ContactId | None:
        """The contact whose place this caller may take up in this queue, if they say so. Raises
        `StoreFailed`."""

    def words(self, found: ContactId, language: str) -> str:
        """What they are asked about the place of this contact."""


class NoReturns:
    """`Returns` of a house where everybody begins anew."""

    async def find(self, facts: CallFacts, person: PersonId | None, queue: str) -> ContactId | None:
        return None

    def words(self, found: ContactId, language: str) -> str:
        return ""


def asked_of(
    site: SiteFile, texts: Mapping[str, Mapping[str, str]]
) -> tuple[dict[str, str], dict[str, str]]:
    """What callers are asked about a place that was kept, and about one in the chat: by language,
    out of all prompts; nothing where the house does not want it."""

    def spoken(name: str, is_wanted: bool) -> dict[str, str]:
        words = texts[name] if is_wanted else {}
        return {one: words[one] for one in site.languages if one in words}

    return spoken("resume", site.recovery.resume), spoken("resume-online", site.calls_again)


@dataclass(slots=True)
class KeptPlaces:
    """`Returns` of the core: who had which place stands in the journal, the places in the
    engine."""

    journal: Journal
    engine: Engine
    clock: Clock
    question: Mapping[str, str]
    """By language, of who is gone; without any, nobody is asked."""
    online: Mapping[str, str] = field(default_factory=dict)
    """The same, of who waits in the chat."""
    _read: int = 0
    _calls: dict[PersonId, dict[ContactId, Seconds]] = field(default_factory=dict)
    """Whose contacts there were, and when each began."""
    _promised: dict[ContactId, PersonId] = field(default_factory=dict)
    """Who is to be called, and has not picked up: a caller like any other from then on."""
    _count: int = 0
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self) -> None:
        """Keep up with the journal, so that no caller waits for it, until cancelled."""
        while True:
            if self.question or self.online:
                try:
                    async with self._one:
                        await self._learn()
                except (StoreFailed, StoreRefused) as fault:
                    log.warning("kept places not read", extra={"why": str(fault)})
            await asyncio.sleep(LOOK_SECONDS)

    async def find(self, facts: CallFacts, person: PersonId | None, queue: str) -> ContactId | None:
        asks = self.question or self.online
        if not asks or person is None or facts.contact in self.engine.contacts:
            return None
        async with self._one:
            await self._learn()
        theirs = self._calls.get(person, {})
        found = ((one, self._kept(one, at, queue) or self._in_chat(one, queue))
                 for one, at in theirs.items())  # fmt: skip
        kept = [(place, one) for one, place in found if place]
        # The best of several places; the others are forgotten in their time.
        return min(kept, key=lambda pair: _key(pair[0]))[1] if kept else None

    def words(self, found: ContactId, language: str) -> str:
        waits = self.engine.contacts.get(found)
        asked = self.online if waits and waits.channel == CHATS else self.question
        return asked.get(language) or next(iter(asked.values()), "")

    async def _learn(self) -> None:
        newest, _ = await self.journal.last()
        async for record in self.journal.read(self._read, KINDS):
            self._tell(record)
            self._read = record.seq  # whoever reads on after a time-out need not begin anew
        self._read = max(self._read, newest)
        if self._count > TIDY_AT + 2 * (len(self.engine.contacts) + len(self.engine.places)):
            self._tidy()

    def _tell(self, record: Record) -> None:
        person = record.data.get("person")
        if record.kind == PROMISED:
            self._promised[ContactId(record.data["holds"])] = record.data["to"]
        elif record.kind == callback_states.CONFIRMED and record.contact:
            person = self._promised.pop(record.contact, None)
        if record.contact and person and record.at > self.clock.now() - LONGEST_CALL:
            theirs = self._calls.setdefault(person, {})
            self._count += record.contact not in theirs
            theirs[record.contact] = record.at

    def _tidy(self) -> None:
        engine, old = self.engine, self.clock.now() - LONGEST_CALL
        for theirs in self._calls.values():
            for contact in [one for one, at in theirs.items() if at < old]:
                if contact not in engine.contacts and contact not in engine.places:
                    del theirs[contact]
        for contact in [one for one in self._promised if one not in engine.contacts]:
            del self._promised[contact]
        self._calls = {person: theirs for person, theirs in self._calls.items() if theirs}
        self._count = sum(map(len, self._calls.values()))

    def _kept(self, contact: ContactId, at: Seconds, queue: str) -> Place | None:
        """The place in this queue that a contact has left, or that a callback keeps which was
        promised for it, within the grace time."""
        if not self.question:
            return None
        engine, now = self.engine, self.clock.now()
        grace = engine.centre.queues.get(QueueId(queue), Queue(QueueId(queue))).grace
        if place := engine.places.get(contact):
            return place if place.queue == queue and now - place.left_at <= grace else None
        waits = engine.contacts.get(contact)
        if waits and _is_to_be_called(waits) and waits.queue == queue and now - at <= grace:
            return Place.of(waits, now)
        return None

    def _in_chat(self, contact: ContactId, queue: str) -> Place | None:
        """The place in this queue of a contact that waits in the chat, page there or not."""
        waits = self.engine.contacts.get(contact)
        if self.online and waits and waits.channel == CHATS and waits.queue == queue:
            return Place.of(waits, self.clock.now()) if waits.state in STILL_OPEN else None
        return None


def _is_to_be_called(contact: Contact) -> bool:
    return contact.channel == CALLED_BACK and contact.state is ContactState.PARKED


def _key(place: Place) -> tuple[Seconds, int]:
    return (place.entered_at - place.credit, place.seq)


def taken_up(engine: Engine, resumes: ContactId | None) -> Sequence[events.Event | Note]:
    """What ends the callback, or the chat, that has kept the place until now; nothing where none
    has. A chat that an agent has by then stays one, and its place with it."""
    kept = engine.contacts.get(resumes) if resumes else None
    if kept is None:
        return []
    if kept.channel == CHATS:
        moved = events.Moved(kept.id, CALLS, waits=True)
        return [moved, events.CallerLeft(kept.id, channel=CALLS)]
    told = {"how": ClosedBy.CALLED_IN, "attempts": 0}
    closed = Note(kept.id, callback_states.CLOSED, told)
    return [closed, events.CallerLeft(kept.id, channel=CALLED_BACK)]
