"""Whose a contact is: the person behind it, as the journal says it."""

from __future__ import annotations

from acd.model import ContactId
from ivr.ports import Journal, PersonId
from ivr.recording_keeper import WHOSE

KINDS = (*WHOSE, "PassRedeemed", "ChatBegun")
"""Journal kinds that say it: of calls, and of contacts that go on, or begin, online."""
MOST = 50_000
"""So many contacts are remembered."""


class Whose:
    """Reads on in the journal when it is asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read_to = 0
        self._persons: dict[ContactId, PersonId] = {}

    async def of(self, contact: ContactId) -> PersonId | None:
        """None: nobody knows. Raises `StoreFailed`."""
        if contact not in self._persons:
            await self._read_on()
        return self._persons.get(contact)

    async def _read_on(self) -> None:
        async for record in self._journal.read(self._read_to, KINDS):
            self._read_to = record.seq
            person = record.data.get("person")
            if record.contact and person:
                self._persons[record.contact] = PersonId(str(person))
        while len(self._persons) > MOST:
            del self._persons[next(iter(self._persons))]
