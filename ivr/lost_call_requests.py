"""What the running core is asked to do for a caller who was lost: promise a callback, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from acd.engine import Engine
from acd.model import ContactId
from ivr.callbacks import CallbackDesk
from ivr.lost_calls import contact_for, key_of
from ivr.ports import (
    Audit,
    Audited,
    CallFacts,
    CoreRefused,
    Journal,
    PersonId,
    StoreFailed,
    StoreRefused,
    Vault,
)
from ivr.promises import TAKEN, CannotPromise, Wish

Fields = Mapping[str, Any]
NO_NUMBER = "no number is known of this caller: it was withheld, or they are erased"


class LostCallRequests:
    """One promise for a lost call, however often it is asked for. Each deed is audited before."""

    def __init__(
        self, desk: CallbackDesk, vault: Vault, audit: Audit, journal: Journal, engine: Engine,
        languages: Sequence[str],
    ) -> None:  # fmt: skip
        """`languages`: those that the house speaks; the first where nobody says another of them."""
        self._languages = languages
        self._desk = desk
        self._vault = vault
        self._audit = audit
        self._journal = journal
        self._engine = engine
        self._taken: dict[ContactId, str] = {}
        """Of the lost calls that were taken, the contacts that keep their callbacks."""
        self._read = 0
        """Up to which record the journal was looked through for them."""
        self._one = asyncio.Lock()

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"callback lost": self._take}

    async def _take(self, fields: Fields) -> Fields:
        told = {name: str(fields.get(name) or "").strip() for name in ("contact", "queue", "why")}
        if not told["contact"]:
            raise CoreRefused("name the lost call: contact=...")
        lost = ContactId(told["contact"])
        try:
            async with self._one:
                await self._remember()
                if holds := self._taken.get(lost):
                    return {"contact": holds, "lost": lost, "made": False}
                return await self._promise(lost, told["queue"], told["why"], fields)
        except CannotPromise as refusal:
            raise CoreRefused(f"no callback is promised: {refusal}") from refusal
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"no callback is promised: {fault}") from fault

    async def _promise(self, lost: ContactId, queue: str, why: str, fields: Fields) -> Fields:
        if lost in self._engine.contacts:
            raise CoreRefused("this caller is not lost: they wait or talk")
        if queue not in self._engine.centre.queues:
            raise CoreRefused("name one of the queues: queue=...")
        person = PersonId(str(fields.get("person") or ""))
        number = await self._vault.open(person, "number") if person else None
        if not number:
            raise CoreRefused(NO_NUMBER)
        who = str(fields.get("who") or "")
        await self._audit.write(Audited(self._desk.now(), who, "call back lost call", lost, why))
        wish = self._wish(lost, queue, number, person, fields)
        promise = await self._desk.promise(wish)
        return {"contact": promise.contact, "lost": lost, "made": True}

    def _wish(
        self, lost: ContactId, queue: str, number: str, person: PersonId, fields: Fields
    ) -> Wish:
        asked = str(fields.get("language") or "")
        language = asked if asked in self._languages else self._languages[0]
        class_ = str(fields.get("class") or "standard")
        facts = CallFacts(contact_for(lost), "", None, class_=class_, language=language)
        place = self._engine.places.get(lost)
        skills = place.skills if place and place.queue == queue else {}
        return Wish(key_of(lost), facts, queue, language, number, person, skills=skills, lost=lost)

    async def _remember(self) -> None:
        """What was taken before this process began, and since the last look."""
        newest, _ = await self._journal.last()
        async for record in self._journal.read(self._read, (TAKEN,)):
            if record.contact:
                self._taken[record.contact] = str(record.data["holds"])
        self._read = newest
