"""Notices that somebody calls whose number is that of a customer who waits online.

A number is a claim: it is a suggestion to the agent, on the timeline of the call, and changes
nobody's place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from acd.engine import Engine
from acd.model import CALLS, CHATS, ContactId
from acd.states import ContactState
from ivr.ports import Journal, Note, PersonId, StoreFailed, StoreRefused
from ivr.whose import Whose

log = logging.getLogger(__name__)

ALSO_ONLINE = "AlsoOnline"
"""Journal kind, of a call: a contact in the chat seems to be of the same customer."""
STILL_OPEN = (ContactState.WAITING, ContactState.RINGING, ContactState.PARKED)


class CallAgain:
    """`remember` first, then `look` now and then."""

    def __init__(self, engine: Engine, whose: Whose, post: Callable[[Note], None]) -> None:
        self._engine = engine
        self._whose = whose
        self._post = post
        self._persons: dict[ContactId, PersonId | None] = {}
        self._told: set[ContactId] = set()

    async def remember(self, journal: Journal) -> None:
        """Of which calls it was told before this process began."""
        async for record in journal.read(0, (ALSO_ONLINE,)):
            if record.contact in self._engine.contacts:
                self._told.add(record.contact)

    async def look(self) -> None:
        """Tell of every call that is new since the last time. Raises nothing."""
        contacts = list(self._engine.contacts.values())
        online = [c.id for c in contacts if c.channel == CHATS and c.state in STILL_OPEN]
        if not online:
            return
        try:
            theirs = {await self._person(id_): id_ for id_ in online}
            for contact in contacts:
                person = await self._person(contact.id) if contact.channel == CALLS else None
                if person and person in theirs and contact.id not in self._told:
                    self._told.add(contact.id)
                    self._post(Note(contact.id, ALSO_ONLINE, {"online": theirs[person]}))
        except (StoreFailed, StoreRefused) as fault:
            log.warning("not looked who calls again", extra={"why": str(fault)})
        self._forget({contact.id for contact in contacts})

    async def _person(self, contact: ContactId) -> PersonId | None:
        if contact not in self._persons:
            self._persons[contact] = await self._whose.of(contact)
        return self._persons[contact]

    def _forget(self, known: set[ContactId]) -> None:
        self._told &= known
        for gone in self._persons.keys() - known:
            del self._persons[gone]
