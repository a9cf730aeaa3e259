"""The telephone lines of customers who have gone online: told so, and let go, or taken back.

The line stays in the waiting loop until its customer has heard that they are online. A key in that
moment takes the contact back to the telephone, with its order key. A line ends by the loop's own
gate: an agent who answers before wins.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from acd import events
from acd.engine import Engine
from acd.events import Event
from acd.model import CALLS, CHATS, Contact, ContactId, Medium, Seconds
from acd.states import ContactState
from ivr.online_sayings import Sayings, Voice
from ivr.online_words import ONLINE, STAYS, phrase
from ivr.ports import Clock

log = logging.getLogger(__name__)

LEAVES = "online"
"""The outcome by which the dialplan says goodbye and ends the call."""
KEY_SECONDS: Seconds = 5.0
"""For a key to stay, after the words."""
AGAIN_SECONDS: Seconds = 10.0
"""A line that is still there is asked to end once more."""
SERVED = (ContactState.TALKING, ContactState.HELD, ContactState.AFTER)


@dataclass(slots=True)
class Leg:
    """The line of somebody who is online."""

    heard: bool = False
    stays: bool = False
    """Being taken back."""
    ended_at: Seconds = float("-inf")
    """When it was last asked to end."""


class PhoneLegs:
    """`look` once a second; `heard` when the loop has said something."""

    def __init__(
        self, engine: Engine, voice: Voice, sayings: Sayings,
        record: Callable[..., Awaitable[None]], back: Callable[[ContactId], None], clock: Clock,
    ) -> None:  # fmt: skip
        """`record`: tells the engine, durably. `back`: who is told that somebody stays."""
        self._engine = engine
        self._voice = voice
        self._sayings = sayings
        self._record = record
        self._back = back
        self._clock = clock
        self._legs: dict[ContactId, Leg] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def look(self, now: Seconds) -> None:
        """See to every line whose customer is online."""
        lines = set(self._voice.lines)
        for id_ in lines:
            contact = self._engine.contacts.get(id_)
            if contact and contact.channel == CHATS and not self._rings(contact):
                self._see_to(contact, now)
            elif contact is None and id_ in self._legs:
                self._end(id_, now)  # served online, and over, before the line was
            elif contact and contact.channel != CHATS:
                self._legs.pop(id_, None)
        for gone in self._legs.keys() - lines:
            del self._legs[gone]

    def heard(self, contact: ContactId, key: str) -> None:
        """They have heard that they are online, and have pressed this key (empty: none)."""
        leg = self._legs.get(contact)
        if leg is None:
            return
        leg.heard = True
        if key:
            self._take_back(contact, leg)
        else:
            self._end(contact, self._clock.now())

    def _rings(self, contact: Contact) -> bool:
        """Whether an agent's telephone rings for it: the answer wins."""
        offer = self._engine.offers.get(contact.offer) if contact.offer else None
        return offer is not None and offer.medium is Medium.VOICE

    def _see_to(self, contact: Contact, now: Seconds) -> None:
        leg = self._legs.setdefault(contact.id, Leg())
        if leg.stays:
            return
        if contact.state is ContactState.PARKED:
            self._take_back(contact.id, leg)  # gone from the chat, and still on the telephone
        elif leg.heard:
            self._end(contact.id, now)
        elif self._sayings.open(contact.id) != ONLINE:
            words = phrase(ONLINE, contact.language)
            self._sayings.say(contact.id, ONLINE, words, now, KEY_SECONDS)

    def _end(self, contact: ContactId, now: Seconds) -> None:
        leg = self._legs[contact]
        if now - leg.ended_at >= AGAIN_SECONDS:
            leg.ended_at = now
            self._sayings.lead_out(contact, LEAVES, now)
            log.info("line of who is online ends", extra={"contact": contact})

    def _take_back(self, contact: ContactId, leg: Leg) -> None:
        leg.stays = True
        task = asyncio.create_task(self._stay(contact))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def _stay(self, id_: ContactId) -> None:
        """Back to the telephone; too late when an agent has them in the chat."""
        contact = self._engine.contacts.get(id_)
        if contact and contact.channel == CHATS and contact.state not in SERVED:
            await self._record(*back_to_the_phone(id_))
        if (contact := self._engine.contacts.get(id_)) and contact.channel == CALLS:
            self._legs.pop(id_, None)
            self._back(id_)
            words = phrase(STAYS, contact.language)
            self._sayings.say(id_, STAYS, words, self._clock.now())
            log.info("stays on the telephone", extra={"contact": id_})
        elif leg := self._legs.get(id_):
            leg.stays = False
            self._end(id_, self._clock.now())

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a caller was not taken back", exc_info=task.exception())


def back_to_the_phone(contact: ContactId) -> tuple[Event, ...]:
    """A chat that rings at an agent's desk is withdrawn there first; one that is served stays."""
    return (
        events.Parked(contact, channel=CHATS),
        events.Moved(contact, CALLS, waits=True),
        events.Reached(contact),
    )
