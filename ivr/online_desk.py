"""Offers callers who wait to go on in the chat, and opens the way for who accepts by the key.

Nobody leaves the waiting loop for it: the key is heard there, and an agent may answer at any time.
Reads the engine, never writes it: what is offered and accepted changes nobody's place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from acd.engine import Engine
from acd.model import CALLS, CHATS, Contact, ContactId, Seconds
from acd.states import ContactState
from ivr.flow import Flow, QueueStep
from ivr.online_asking import Asking
from ivr.online_ladder import ACCEPTED, HEARD, Rung
from ivr.online_number import LONGEST, Ask
from ivr.online_offer import ACCEPT_KEY, Offer, offer_to, words_of
from ivr.online_rungs import Ladder
from ivr.online_sayings import IN_LINE, Sayings, Voice
from ivr.online_wait import OneLook, rules_of
from ivr.online_way import CODE, Way, WayOnline
from ivr.online_words import CHANNEL, SENDING, SENT, phrase, tongue
from ivr.pass_desk import REDEEMED
from ivr.ports import Clock, Journal, Note, Origin, StoreFailed, StoreRefused
from voice.ports import Prompt

log = logging.getLogger(__name__)

OFFERED = "OnlineOffered"
"""Journal kind: both waits as they were said."""
ASKED = "OnlineAsked"
"""Journal kind: who accepted is asked whether they key in a mobile number."""
OFFER, WAY = "offer", "way"
NEXT_SECONDS: Seconds = 5.0
"""Between two looks at how it stands for one caller; the first is at once."""
AGAIN_SECONDS: Seconds = 300.0
"""Who presses the key again within this time hears the same once more, and gets nothing new."""
TRY_SECONDS: Seconds = 30.0
"""Not sooner is it tried again to make up for a text."""


@dataclass(slots=True)
class Caller:
    """What a waiting caller was asked, and what they were given."""

    next_look: Seconds
    """When it is looked next whether to ask."""
    offer: Offer | None = None
    opened_at: Seconds | None = None
    by: str = ""
    """How: by `text` or by `code`."""
    code: Prompt | None = field(default=None, repr=False)
    """As it was said; None: by a process that has died, which took it along."""
    opening: bool = False
    asked_at: Seconds | None = None
    """When they were asked how, as long as they have not answered."""
    tried_at: Seconds = float("-inf")
    """When it was last tried to make up for a text."""


class OnlineDesk:
    """`remember` first; then `look` once a second, and `pressed` for each key."""

    def __init__(
        self, engine: Engine, voice: Voice, sayings: Sayings, way: WayOnline, ladder: Ladder,
        region: str, flows: Callable[[Origin], Flow | None], post: Callable[[Note], None],
        clock: Clock,
    ) -> None:  # fmt: skip
        """`ladder`: what became of texts. `region`: whose numbers are read without a code. `flows`:
        in the version that the caller began in; None while it is not known."""
        self._engine = engine
        self._voice = voice
        self._sayings = sayings
        self._way = way
        self._ladder = ladder
        self._asking = Asking(sayings, way.fits, region, clock.now, self._answered)
        self._flows = flows
        self._post = post
        self._clock = clock
        self._callers: dict[ContactId, Caller] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def remember(self, journal: Journal) -> None:
        """Learn what was offered and accepted before this process began."""
        async for record in journal.read(0, (OFFERED, ASKED, ACCEPTED, REDEEMED)):
            if record.contact not in self._engine.contacts:
                continue
            caller = self._callers.setdefault(record.contact, Caller(record.at))
            caller.asked_at = record.at if record.kind == ASKED else None
            if record.kind == OFFERED:
                phone, online, times = (record.data[name] for name in ("phone", "online", "times"))
                caller.offer = Offer(CHATS, phone, online, record.at, times)
            elif record.kind == ACCEPTED:
                caller.opened_at, caller.by = record.at, record.data["by"]
            elif record.kind == REDEEMED:
                self.back(record.contact)

    # ---------------------------------------------------------------- offering

    def look(self, now: Seconds) -> None:
        """Ask whoever is to be asked now."""
        contacts = self._engine.contacts
        for gone in self._callers.keys() - contacts.keys():
            del self._callers[gone]
            self._asking.drop(gone)
        seen = OneLook(self._engine, now, self._coming())
        for contact in contacts.values():
            if contact.state is ContactState.WAITING and contact.channel == CALLS:
                self._look_at(contact, seen, now)
            elif not is_on_the_phone(contact) and (caller := self._callers.get(contact.id)):
                caller.asked_at = None
                self._asking.drop(contact.id)
        self._asking.look(now)

    def _look_at(self, contact: Contact, seen: OneLook, now: Seconds) -> None:
        caller = self._callers.setdefault(contact.id, Caller(now))
        rules = rules_of(self._engine, contact)
        if rules is None or self._voice.origin(contact.id) is None or caller.opened_at is not None:
            return
        if caller.asked_at is not None:
            known = contact.id in self._asking or caller.opening
            if not known and now - caller.asked_at < LONGEST:  # by a process that has died
                self._asking.begin(contact)
        elif now >= caller.next_look and not self._sayings.open(contact.id):
            caller.next_look = now + seen.pause(NEXT_SECONDS)
            offer = offer_to(rules, seen.sight_of(contact), now, caller.offer)
            if offer and self._key_is_free(contact.id):
                self._offer(contact, caller, offer, now)

    def _offer(self, contact: Contact, caller: Caller, offer: Offer, now: Seconds) -> None:
        caller.offer = offer
        told = {"phone": offer.phone, "online": offer.online, "times": offer.times}
        self._post(Note(contact.id, OFFERED, told))
        speaks = tongue(contact.language)
        words = Prompt(words_of(offer, speaks, CHANNEL[speaks]), speaks)
        self._sayings.say(contact.id, OFFER, words, now)
        log.info("online offered", extra={"contact": contact.id, **told})

    def _key_is_free(self, contact: ContactId) -> bool:
        """Whether the key means nothing else where this caller waits."""
        origin = self._voice.origin(contact)
        flow = self._flows(origin) if origin else None
        step = flow.steps.get(origin.step) if origin and flow else None
        return flow is not None and not (isinstance(step, QueueStep) and ACCEPT_KEY in step.keys)

    def _coming(self) -> list[Contact]:
        """Callers with a pass in hand: the place that they are about to take is told to nobody."""
        known = (id_ for id_, caller in self._callers.items() if caller.opened_at is not None)
        found = (self._engine.contacts[id_] for id_ in known if id_ in self._engine.contacts)
        return [contact for contact in found if is_on_the_phone(contact)]

    # ---------------------------------------------------------------- accepting

    def heard(self, contact: ContactId, kind: str, key: str) -> None:
        """The loop has said this, or asked it; with the key, or keys, that were pressed."""
        if kind in tuple(Ask):
            self._asking.answered(contact, kind, key)
            return
        caller = self._callers.get(contact)
        if kind == WAY and caller and caller.by == CODE and key != ACCEPT_KEY:
            self._post(Note(contact, HEARD, {"by": CODE}))
        if key:
            self.pressed(contact, key)

    def pressed(self, contact: ContactId, key: str) -> None:
        """A caller in the waiting loop has pressed a key. Never waits."""
        known, caller = self._engine.contacts.get(contact), self._callers.get(contact)
        if key != ACCEPT_KEY or known is None or not is_on_the_phone(known):
            return
        if caller is None or caller.offer is None or caller.opening:
            return
        if contact in self._asking:
            self._asking.again(contact)
        else:
            caller.opening = True
            self._begin(self._accept(known, caller))

    def opens(self, contact: ContactId) -> bool:
        """Whether a way is being opened for this caller just now."""
        return contact in self._callers and self._callers[contact].opening

    def back(self, contact: ContactId) -> None:
        """They have been online, and wait on the telephone again: nothing is open for them."""
        if caller := self._callers.get(contact):
            caller.opened_at, caller.by, caller.code = None, "", None

    def instead(self, contact: ContactId) -> None:
        """The text has not come: they hear a code. Nothing where they cannot listen just now, or
        it was tried a moment ago: whoever asks, asks again."""
        known, caller = self._engine.contacts.get(contact), self._callers.get(contact)
        if known is None or caller is None or caller.opening:
            return
        listens = known.channel == CALLS and known.state is ContactState.WAITING
        if listens and self._clock.now() - caller.tried_at >= TRY_SECONDS:
            caller.opening, caller.tried_at = True, self._clock.now()
            self._begin(self._give(known, caller, self._way.code(known, instead=True), asked=False))

    async def _accept(self, contact: Contact, caller: Caller) -> None:
        """The same once more; what takes its place; or, the first time, whatever suits them."""
        try:
            if again := await self._again(contact, caller):
                if self._sayings.open(contact.id) != WAY:
                    self._sayings.say(contact.id, WAY, again, self._clock.now())
            elif caller.opened_at is not None:  # no second text: they had one
                failed = self._ladder.book.of(contact.id) is Rung.FAILED
                await self._give(contact, caller, self._way.code(contact, instead=failed))
            elif await self._way.may_key(contact):
                self._post(Note(contact.id, ASKED, {}))
                caller.asked_at = self._clock.now()
            else:
                await self._give(contact, caller, self._way.open(contact))
        finally:
            caller.opening = False
        if caller.asked_at is not None and is_on_the_phone(contact):
            self._asking.begin(contact)

    async def _again(self, contact: Contact, caller: Caller) -> Prompt | None:
        """What is true of what they were given; None: nothing was, or they need something else."""
        if caller.opened_at is None or self._clock.now() - caller.opened_at >= AGAIN_SECONDS:
            return None
        if caller.by == CODE:
            return caller.code
        try:
            await self._ladder.learn()
        except (StoreFailed, StoreRefused) as fault:
            log.warning("text not looked at", extra={"contact": contact.id, "why": str(fault)})
        rung = self._ladder.book.of(contact.id) or Rung.OVER
        told = {Rung.TEXT: SENDING, Rung.SENT: SENT}.get(rung)
        return phrase(told, contact.language) if told else None

    def _answered(self, contact: ContactId, number: str) -> None:
        """They want a text to this number; nothing: a code."""
        known, caller = self._engine.contacts.get(contact), self._callers.get(contact)
        if known is None or caller is None:
            return
        caller.asked_at = None
        if is_on_the_phone(known) and not caller.opening:
            caller.opening = True
            way = self._way.open_to(known, number) if number else self._way.code(known)
            self._begin(self._give(known, caller, way))

    async def _give(
        self, contact: Contact, caller: Caller, way: Coroutine[Any, Any, Way], asked: bool = True
    ) -> None:
        """`asked`: whether they pressed a key for it, and hear so if it is not possible."""
        try:
            opened = await way
        finally:
            caller.opening = False
        now = self._clock.now()
        if opened.by:
            caller.opened_at, caller.by = now, opened.by
            caller.code = opened.say if opened.by == CODE else None
        if is_on_the_phone(contact) and (opened.by or asked):
            self._sayings.say(contact.id, WAY, opened.say, now)
        log.info("online accepted", extra={"contact": contact.id, "by": opened.by})

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a way online was not opened", exc_info=task.exception())


def is_on_the_phone(contact: Contact) -> bool:
    """Whether they wait there, and talk with nobody."""
    return contact.channel == CALLS and contact.state in IN_LINE
