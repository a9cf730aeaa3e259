"""Whose a contact is, and what it has proved: as the journal says it."""

from __future__ import annotations

import asyncio

from acd.model import ContactId
from ivr.ports import Journal, PersonId, Record
from ivr.recording_keeper import WHOSE
from ivr.values import NOTHING_PROVED

PROVED = "CallerProved"
"""Journal kind: who calls was asked to prove who they are, and has, up to this `level`."""
WENT_ON = "PassRedeemed"
KINDS = (*WHOSE, WENT_ON, "ChatBegun", PROVED)
"""Journal kinds that say it: of calls, and of contacts that go on, or begin, online."""
MOST = 50_000
"""So many contacts are remembered."""


class Whose:
    """Reads on in the journal when it is asked, or told to `keep_up`."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read_to = 0
        self._persons: dict[ContactId, PersonId] = {}
        self._levels: dict[ContactId, str] = {}
        """Of contacts that have proved anything."""
        self._one = asyncio.Lock()

    async def of(self, contact: ContactId) -> PersonId | None:
        """None: nobody knows. Raises `StoreFailed`."""
        if contact not in self._persons:
            await self.keep_up()
        return self._persons.get(contact)

    async def level(self, contact: ContactId) -> str:
        """What counts as proved of it, one of `LEVELS`; after a pass no more than its channel
        proves. Raises `StoreFailed`."""
        await self.keep_up()
        return self._levels.get(contact, NOTHING_PROVED)

    async def keep_up(self) -> None:
        """Read what is new, so that nobody waits for it later. Raises `StoreFailed`."""
        async with self._one:  # of two readers one could learn old news after new
            newest, _ = await self._journal.last()
            async for record in self._journal.read(self._read_to, KINDS):
                self._read_to = record.seq
                self._learn(record)
            self._read_to = max(self._read_to, newest)
        for known in (self._persons, self._levels):
            while len(known) > MOST:
                del known[next(iter(known))]

    def _learn(self, record: Record) -> None:
        contact, person = record.contact, record.data.get("person")
        if contact and person:
            self._persons[contact] = PersonId(str(person))
        if contact and record.kind in (PROVED, WENT_ON):
            self._levels.pop(contact, None)
            if (level := str(record.data.get("level", NOTHING_PROVED))) != NOTHING_PROVED:
                self._levels[contact] = level
