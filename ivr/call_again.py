"""Notices that somebody calls whose number is that of a customer who waits online.

A number is a claim: it is a suggestion to the agent, on the timeline of the call, and changes
nobody's place.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from acd.engine import Engine
from acd.model import CALLS, CHATS, ContactId
from ivr.ports import Journal, Note, PersonId, StoreFailed, StoreRefused
from ivr.returns import STILL_OPEN
from ivr.whose import Whose

log = logging.getLogger(__name__)

ALSO_ONLINE = "AlsoOnline"
"""Journal kind, of a call: a contact in the chat seems to be of the same customer."""


class CallAgain:
    """`remember` first, then `look` now and then."""

    def __init__(self, engine: Engine, whose: Whose, post: Callable[[Note], None]) -> None:
        self._engine = engine
        self._whose = whose
        self._post = post
        self._persons: dict[ContactId, PersonId | None] = {}
        self._told: set[tuple[ContactId, str]] = set()
        """Calls, each with a chat that was told of it."""

    async def remember(self, journal: Journal) -> None:
        """What was told before this process began."""
        async for record in journal.read(0, (ALSO_ONLINE,)):
            if record.contact in self._engine.contacts:
                self._told.add((record.contact, str(record.data["online"])))

    async def look(self) -> None:
        """Tell each call of every chat that is new since the last time. Raises nothing."""
        contacts = list(self._engine.contacts.values())
        online = [c.id for c in contacts if c.channel == CHATS and c.state in STILL_OPEN]
        if not online:
            return
        try:
            theirs: dict[PersonId, list[ContactId]] = {}
            for id_ in online:
                if person := await self._person(id_):
                    theirs.setdefault(person, []).append(id_)
            for call in (contact.id for contact in contacts if contact.channel == CALLS):
                person = await self._person(call)
                for chat in theirs.get(person, ()) if person else ():
                    self._tell(call, chat)
        except (StoreFailed, StoreRefused) as fault:
            log.warning("not looked who calls again", extra={"why": str(fault)})
        self._forget({contact.id for contact in contacts})

    def _tell(self, call: ContactId, chat: ContactId) -> None:
        if (call, chat) not in self._told:
            self._told.add((call, chat))
            self._post(Note(call, ALSO_ONLINE, {"online": chat}))

    async def _person(self, contact: ContactId) -> PersonId | None:
        if contact not in self._persons:
            self._persons[contact] = await self._whose.of(contact)
        return self._persons[contact]

    def _forget(self, known: set[ContactId]) -> None:
        self._told = {told for told in self._told if told[0] in known}
        for gone in self._persons.keys() - known:
            del self._persons[gone]
