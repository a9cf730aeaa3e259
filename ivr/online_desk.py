"""Offers callers who wait to go on in the chat, and opens the way for who accepts by the key.

Nobody leaves the waiting loop for it: the key is heard there, and an agent may answer at any time.
Reads the engine, never writes it: what is offered and accepted changes nobody's place.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from acd.engine import Engine
from acd.model import CALLS, CHATS, Contact, ContactId, Seconds
from acd.states import ContactState
from ivr.flow import Flow, QueueStep
from ivr.online_offer import ACCEPT_KEY, Offer, offer_to, words_of
from ivr.online_sayings import IN_LINE, Sayings, Voice
from ivr.online_wait import OneLook, rules_of
from ivr.online_way import Way, WayOnline
from ivr.online_words import CHANNEL, tongue
from ivr.ports import Clock, CoreRefused, Journal, Note, Origin
from voice.ports import Prompt

log = logging.getLogger(__name__)

OFFERED, ACCEPTED = "OnlineOffered", "OnlineAccepted"
"""Journal kinds: both waits as they were said; how the way was opened."""
OFFER, WAY = "offer", "way"
FIRST_SECONDS: Seconds = 5.0
"""Nobody is asked sooner: the flow welcomes them first, and an agent may be free."""
NEXT_SECONDS: Seconds = 5.0
"""Between two looks at how it stands for one caller."""
AGAIN_SECONDS: Seconds = 300.0
"""Who presses the key again within this time hears the same once more, and gets nothing new."""
WATCH_SECONDS: Seconds = 600.0
EVERY_SECONDS: Seconds = 2.0
"""So long, and so often, it is looked whether the text has failed."""


@dataclass(slots=True)
class Caller:
    """What a waiting caller was asked, and what they were given."""

    next_look: Seconds
    """When it is looked next whether to ask."""
    offer: Offer | None = None
    opened_at: Seconds | None = None
    way: Way | None = None
    opening: bool = False
    watched_at: Seconds = 0.0
    """When it was last looked whether the text has failed."""


class OnlineDesk:
    """`remember` first; then `look` once a second, and `pressed` for each key."""

    def __init__(
        self, engine: Engine, voice: Voice, sayings: Sayings, way: WayOnline,
        flows: Callable[[Origin], Flow | None], post: Callable[[Note], None], clock: Clock,
    ) -> None:  # fmt: skip
        """`flows`: in the version that the caller began in; None while it is not known."""
        self._engine = engine
        self._voice = voice
        self._sayings = sayings
        self._way = way
        self._flows = flows
        self._post = post
        self._clock = clock
        self._callers: dict[ContactId, Caller] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def remember(self, journal: Journal) -> None:
        """Learn what was offered and accepted before this process began."""
        async for record in journal.read(0, (OFFERED, ACCEPTED)):
            if record.contact not in self._engine.contacts:
                continue
            caller = self._callers.setdefault(record.contact, Caller(record.at))
            if record.kind == OFFERED:
                phone, online, times = (record.data[name] for name in ("phone", "online", "times"))
                caller.offer = Offer(CHATS, phone, online, record.at, times)
            else:
                caller.opened_at = record.at

    # ---------------------------------------------------------------- offering

    def look(self, now: Seconds) -> None:
        """Ask whoever is to be asked now."""
        contacts = self._engine.contacts
        for gone in self._callers.keys() - contacts.keys():
            del self._callers[gone]
        seen = OneLook(self._engine, now, self._coming())
        for contact in contacts.values():
            if contact.state is ContactState.WAITING and contact.channel == CALLS:
                self._look_at(contact, seen, now)

    def _look_at(self, contact: Contact, seen: OneLook, now: Seconds) -> None:
        caller = self._callers.setdefault(contact.id, Caller(now + FIRST_SECONDS))
        rules = rules_of(self._engine, contact)
        if rules is None or self._voice.origin(contact.id) is None:
            return
        if caller.opened_at is not None:
            self._watch(contact, caller, now)
            return
        if now < caller.next_look or self._sayings.open(contact.id):
            return
        caller.next_look = now + seen.pause(NEXT_SECONDS)
        offer = offer_to(rules, seen.sight_of(contact), now, caller.offer)
        if offer and self._key_is_free(contact.id):
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

    def pressed(self, contact: ContactId, key: str) -> None:
        """A caller in the waiting loop has pressed a key. Never waits."""
        known, caller = self._engine.contacts.get(contact), self._callers.get(contact)
        if key != ACCEPT_KEY or known is None or not is_on_the_phone(known):
            return
        if caller is None or caller.offer is None or caller.opening:
            return
        caller.opening = True
        self._begin(self._accept(known, caller))

    def opens(self, contact: ContactId) -> bool:
        """Whether a way is being opened for this caller just now."""
        return contact in self._callers and self._callers[contact].opening

    def back(self, contact: ContactId) -> None:
        """They have been online, and wait on the telephone again: nothing is open for them."""
        if caller := self._callers.get(contact):
            caller.opened_at = caller.way = None

    async def _accept(self, contact: Contact, caller: Caller) -> None:
        try:
            now = self._clock.now()
            opened = caller.opened_at
            if not caller.way or opened is None or now - opened >= AGAIN_SECONDS:
                await self._open(contact, caller, self._way.open(contact))
            elif not self._sayings.open(contact.id):
                self._sayings.say(contact.id, WAY, caller.way.say, now)
        finally:
            caller.opening = False

    async def _open(self, contact: Contact, caller: Caller, way: Coroutine[Any, Any, Way]) -> None:
        opened = await way
        now = self._clock.now()
        if opened.by:
            caller.way, caller.opened_at = opened, now
            self._post(Note(contact.id, ACCEPTED, {"by": opened.by}))
        if is_on_the_phone(contact):
            self._sayings.say(contact.id, WAY, opened.say, now)
        log.info("online accepted", extra={"contact": contact.id, "by": opened.by})

    def _watch(self, contact: Contact, caller: Caller, now: Seconds) -> None:
        """Who was promised a text that fails after all hears a code."""
        recent = now - (caller.opened_at or 0.0) < WATCH_SECONDS
        due = now - caller.watched_at >= EVERY_SECONDS and not caller.opening
        if recent and due and caller.way and caller.way.text:
            caller.opening, caller.watched_at = True, now
            self._begin(self._instead(contact, caller, caller.way.text))

    async def _instead(self, contact: Contact, caller: Caller, text: str) -> None:
        try:
            if await self._way.has_failed(text):
                await self._open(contact, caller, self._way.code(contact))
        except CoreRefused as fault:
            log.info("text not looked at", extra={"contact": contact.id, "why": str(fault)})
        finally:
            caller.opening = False

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
