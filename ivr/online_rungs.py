"""Makes good what was promised by a text that does not come: a code, or a callback with the place.

Who is owed what follows from the journal (`ivr.online_ladder`). The callback of a call has one key,
whoever promises it, so it does not matter which process goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from acd.engine import Engine
from acd.model import ContactId, Place, Seconds
from ivr.dialling import NotDialled, Routing
from ivr.lost_calls import contact_for, key_of
from ivr.online_ladder import KINDS, MADE_GOOD, Climb, LadderBook, Next
from ivr.ports import (
    Audit,
    Audited,
    CallFacts,
    Clock,
    Journal,
    PersonId,
    StoreFailed,
    StoreRefused,
    Vault,
)
from ivr.promises import Callbacks, CannotPromise, Wish
from ivr.whose import Whose

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 1.0
AT_ONCE = 8
"""So many callbacks are promised beside each other: each waits for the disk several times."""
WHO, WHY = "hotline", "the text with the link has not come"
"""Who promises these callbacks, in the audit, and why."""
CALLBACK, PLACE = "callback", "place"
"""What they got: nothing but their place, which is kept for a while, where nobody can call them."""


class Written(Protocol):
    """The distributor, as far as it is needed."""

    engine: Engine

    async def write(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class CallingBack:
    """By whom callbacks are promised, and whether a number may be dialled."""

    callbacks: Callbacks
    routing: Routing


class Ladder:
    """The book of texts that were promised, kept up with the journal."""

    def __init__(self, book: LadderBook, journal: Journal) -> None:
        self.book = book
        self._journal = journal
        self._read = 0
        self._begun = False
        self._one = asyncio.Lock()

    async def learn(self) -> None:
        """Read on. Raises `StoreFailed`, `StoreRefused`."""
        async with self._one:
            newest, _ = await self._journal.last()
            async for record in self._journal.read(self._read, KINDS):
                self.book.learn(record)
                self._read = record.seq
            self._read = max(self._read, newest)
            if not self._begun:
                self._begun = True
                self.book.restarted()


class OnlineRungs:
    """`run` it once."""

    def __init__(
        self, ladder: Ladder, instead: Callable[[ContactId], None], calling: CallingBack,
        distributor: Written, journal: Journal, vault: Vault, audit: Audit, clock: Clock,
    ) -> None:  # fmt: skip
        """`instead`: has a code spoken to a caller who waits."""
        self._ladder = ladder
        self._instead = instead
        self._calling = calling
        self._distributor = distributor
        self._whose = Whose(journal)
        self._vault = vault
        self._audit = audit
        self._clock = clock
        self._aside: set[ContactId] = set()
        """Contacts for which this process fails."""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreFailed, StoreRefused) as fault:
                log.warning("texts to who waits not looked at", extra={"why": str(fault)})
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Do what is due now. Raises `StoreFailed`, `StoreRefused`: it is due still."""
        await self._ladder.learn()
        engine, book = self._distributor.engine, self._ladder.book
        book.forget(lambda contact: contact in engine.contacts or contact in engine.places)
        due = book.due(self._clock.now())
        for climb in [climb for climb, rung in due if rung is Next.CODE]:
            self._instead(climb.contact)
        gone = [climb for climb, rung in due if rung is Next.CALLBACK]
        await self._call_all_back([one for one in gone if one.contact not in self._aside])

    async def _call_all_back(self, climbs: Sequence[Climb]) -> None:
        """One that nobody could foresee is put aside, so that others go on."""
        for few in (climbs[n : n + AT_ONCE] for n in range(0, len(climbs), AT_ONCE)):
            ends = await asyncio.gather(*map(self._call_back, few), return_exceptions=True)
            for climb, end in zip(few, ends, strict=True):
                if isinstance(end, (StoreFailed, StoreRefused)):
                    raise end
                if isinstance(end, Exception):
                    self._aside.add(climb.contact)
                    log.error(
                        "no callback for a text", exc_info=end, extra={"contact": climb.contact}
                    )

    async def _call_back(self, climb: Climb) -> None:
        place = self._distributor.engine.places.get(climb.contact)
        if place is None:
            return
        number = await self._vault.open(climb.to, "number")
        why = await self._promised(climb, place, number) if number else "no number is known"
        way = PLACE if why else CALLBACK
        effect = f"{climb.contact}/online/2"
        told = {"way": way, "why": why, "effect": effect}
        await self._distributor.write(climb.contact, MADE_GOOD, told)
        log.info("text to who has hung up made good", extra={"contact": climb.contact, "way": way})

    async def _promised(self, climb: Climb, place: Place, number: str) -> str:
        """Empty; else why no callback can be promised."""
        lost, queue = climb.contact, place.queue
        wish = Wish(
            key_of(lost), self._facts(lost, place), queue, place.language, number,
            await self._person(climb), place.urgency, place.skills, lost=lost, by_house=True,
        )  # fmt: skip
        try:
            await self._calling.routing(number, queue=queue)
            await self._audit.write(
                Audited(self._clock.now(), WHO, "callback for a text", lost, WHY)
            )
            await self._calling.callbacks.promise(wish)
        except (CannotPromise, NotDialled) as refusal:
            return str(refusal)
        return ""

    def _facts(self, lost: ContactId, place: Place) -> CallFacts:
        contact, class_ = contact_for(lost), place.class_
        return CallFacts(contact, "", None, class_=class_, language=place.language)

    async def _person(self, climb: Climb) -> PersonId:
        """Whose call it was; the text may have been for another number."""
        return await self._whose.of(climb.contact) or climb.to
