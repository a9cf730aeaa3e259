"""Makes an offer to every caller whom the telephone side has lost while they waited, once for each.

Who is owed one follows from the journal (`ivr.recovery_book`), so it does not matter how often the
link flaps, who notices the loss, or which process of ours goes on. A few offers at a time, the
oldest places first: many at once delay no call.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from acd.engine import Engine
from acd.model import CALLS, CHATS, Contact, ContactId, Place, Seconds
from acd.states import ContactState
from ivr.chat_settings import ChatSettings
from ivr.dialling import NotDialled, Routing
from ivr.distributor import Distributor
from ivr.lost_calls import contact_for, key_of
from ivr.pass_desk import CannotIssue, Order, PassDesk
from ivr.phone_numbers import is_landline
from ivr.ports import (
    Audit,
    Audited,
    CallFacts,
    Clock,
    CoreRefused,
    EffectKey,
    Journal,
    StoreFailed,
    StoreRefused,
    Vault,
)
from ivr.promises import Callbacks, CannotPromise, Wish
from ivr.recovery_book import KINDS, MINUTE, OFFERED, Owed, RecoveryBook, Way
from ivr.recovery_settings import LINK, RecoverySettings
from ivr.text_desk import ALONE
from ivr.texts import TextState

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 0.5
AT_ONCE = 8
"""So many offers are made beside each other: each waits for the disk several times."""
WHO = "hotline"
"""Who makes these offers, in the audit."""
WHY = "the telephone side failed"
NOT_SENT = (TextState.FAILED, "unknown")
WAITS = (ContactState.ARRIVING, ContactState.WAITING, ContactState.RINGING, ContactState.PARKED)
Ask = Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class Link(Protocol):
    """What can be known of the telephone side."""

    def unseen(self) -> bool:
        """Whether it has been away for so long, and out of sight, that callers count as gone."""


@dataclass(frozen=True, slots=True)
class Means:
    """By which a caller can be reached."""

    chat: ChatSettings | None
    texts: Mapping[str, Ask]
    """What can be asked of texts, by name."""
    passes: PassDesk
    callbacks: Callbacks
    routing: Routing


class RecoveryDesk:
    """`run` it once."""

    def __init__(
        self, settings: RecoverySettings, means: Means, distributor: Distributor, journal: Journal,
        vault: Vault, audit: Audit, clock: Clock, link: Link,
    ) -> None:  # fmt: skip
        self.book = RecoveryBook()
        self._settings = settings
        self._means = means
        self._distributor = distributor
        self._journal = journal
        self._vault = vault
        self._audit = audit
        self._clock = clock
        self._link = link
        self._read = 0
        self._aside: set[ContactId] = set()
        """Contacts for which this process fails."""
        self._told_of = 0
        """The outage that the log has."""

    @property
    def _engine(self) -> Engine:
        return self._distributor.engine

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreFailed, StoreRefused) as fault:
                log.error("recovery offers wait", extra={"why": str(fault)})
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Make every offer that is owed now."""
        await self._learn()
        if not self._settings.offer:
            return
        due = self._due()
        while due:
            await self._make_all(due[:AT_ONCE])
            due = due[AT_ONCE:]

    async def _make_all(self, few: Sequence[Owed]) -> None:
        """Beside each other. One that nobody could foresee is put aside, so that others go on."""
        sent = self.book.texts_since(self._clock.now() - MINUTE)
        left = self._settings.texts_a_minute - sent
        await self._audited(few)
        making = (self._make(owed, n < left) for n, owed in enumerate(few))
        ends = await asyncio.gather(*making, return_exceptions=True)
        await self._learn()
        for owed, end in zip(few, ends, strict=True):
            if isinstance(end, (StoreFailed, StoreRefused)):
                raise end  # it is still owed, and asked for again
            if isinstance(end, Exception):
                self._aside.add(owed.contact)
                log.error("no recovery offer", exc_info=end, extra={"contact": owed.contact})

    async def _learn(self) -> None:
        newest, _ = await self._journal.last()
        async for record in self._journal.read(self._read, KINDS):
            self.book.learn(record)
            self._read = record.seq
        self._read = max(self._read, newest)

    # ---------------------------------------------------------------- who

    def _due(self) -> list[Owed]:
        """Those whose place can still be taken up, the oldest first."""
        now, found = self._clock.now(), list(self.book.owed.values())
        if self._link.unseen():
            found += [self.book.owes(contact.id) for contact in self._unseen()]
        fresh = [one for one in found if now - one.there <= self._settings.oldest
                 and one.contact not in self._aside]  # fmt: skip
        placed = [(key, one) for one in fresh if (key := self._key(one.contact))]
        for contact in self.book.owed.keys() - {one.contact for _, one in placed}:
            del self.book.owed[contact]  # too late for an offer: for good
        return [one for _, one in sorted(placed, key=lambda pair: pair[0])]

    def _unseen(self) -> list[Contact]:
        return [
            contact for contact in self._engine.contacts.values()
            if contact.channel == CALLS and contact.state in WAITS
            and not self.book.is_offered(contact.id)
        ]  # fmt: skip

    def _key(self, contact: ContactId) -> tuple[Seconds, int] | None:
        """Of the place that is kept; None: it was taken up, or is forgotten."""
        kept = self._place(contact)
        return (kept.entered_at - kept.credit, kept.seq) if kept else None

    def _place(self, contact: ContactId) -> Place | None:
        here = self._engine.contacts.get(contact)
        return Place.of(here, self._clock.now()) if here else self._engine.places.get(contact)

    # ---------------------------------------------------------------- what

    async def _make(self, owed: Owed, may_text: bool) -> None:
        place = self._place(owed.contact)
        if place is None:
            return  # they have called again meanwhile
        number = await self._vault.open(owed.person, "number") if owed.person else None
        text, way, why = "", Way.PLACE, "no number is known"
        if number:
            way = Way.TEXT
            text, why = await self._by_text(owed, place, number, may_text)
            if not text:
                way, reason = await self._by_callback(owed, place, number)
                why = "; ".join(each for each in (why, reason) if each)
        await self._write(owed, way, why, text)

    async def _by_text(self, owed: Owed, place: Place, number: str, may: bool) -> tuple[str, str]:
        """The text that is on its way, or none and why not."""
        chat = self._means.chat
        if owed.number > 1:
            return "", "the text has failed"
        if chat is None or chat.text_by is None:
            return "", "no channel carries links"
        if is_landline(number):
            return "", "texts reach no landline"
        key = f"{owed.contact}/recovery/1"
        asked = {"channel": chat.text_by, "key": key, "person": owed.person}
        try:
            known = await self._means.texts["text may"]({**asked, "number": number})
            if known["state"] != "unknown":  # by a process that died before it wrote it down
                return (known["text"], "") if known["state"] not in NOT_SENT else ("", "it failed")
            if not may:
                return "", "enough texts in this minute"
            order = Order(owed.contact, CHATS, person=owed.person, away=True)
            _made, secret = await self._means.passes.issue(order)
            said = self._settings.words_in(place.language).replace(LINK, chat.link(secret.text))
            words = {"words": said, "who": WHO, ALONE: True}  # should it fail, we go on with it
            sent = await self._means.texts["text send"]({**asked, **words})
        except (CannotIssue, CoreRefused) as refusal:
            return "", str(refusal)
        return str(sent["text"]), ""

    async def _by_callback(self, owed: Owed, place: Place, number: str) -> tuple[Way, str]:
        """A promise that takes the place along, as of any lost call; else the place is kept."""
        gone = owed.contact not in self._engine.contacts
        contact = contact_for(owed.contact) if gone else owed.contact
        facts = CallFacts(contact, "", None, class_=place.class_, language=place.language)
        key = key_of(owed.contact) if gone else EffectKey(f"{owed.contact}/recovery/2")
        wish = Wish(
            key, facts, place.queue, place.language, number, owed.person, place.urgency,
            place.skills, lost=owed.contact if gone else None, by_house=gone,
        )  # fmt: skip
        try:
            await self._means.routing(number, queue=place.queue)
            await self._means.callbacks.promise(wish)
        except (CannotPromise, NotDialled) as refusal:
            return Way.PLACE, str(refusal)
        return Way.CALLBACK, ""

    async def _audited(self, few: Sequence[Owed]) -> None:
        """Before anything is offered; what it was then stands in the journal."""
        of = {"of": [one.contact for one in few]}
        await self._audit.write(
            Audited(self._clock.now(), WHO, "recovery offers", "callers", WHY, of)
        )

    async def _write(self, owed: Owed, way: Way, why: str, text: str) -> None:
        if self._told_of != owed.outage:
            self._told_of = owed.outage
            log.error("callers were cut off: they are offered a way back", extra={
                "outage": owed.outage, "owed": len(self.book.owed)})  # fmt: skip
        await self._distributor.write(owed.contact, OFFERED, {
            "effect": f"{owed.contact}/recovered/{owed.number}", "number": owed.number, "way": way,
            "why": why, "text": text, "person": owed.person, "outage": owed.outage,
            "began": owed.began,
        })  # fmt: skip
        log.info("recovery offered", extra={"contact": owed.contact, "way": way})
