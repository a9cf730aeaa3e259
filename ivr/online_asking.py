"""Asks callers who wait, and have no mobile number, how to go on: by keys in the waiting loop.

They stay in line meanwhile, and an agent may answer at any moment: then nothing is asked any more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from acd.model import Contact, ContactId, Seconds
from ivr.online_number import (
    FITS,
    FITS_NOT,
    KEYS,
    LONGEST,
    SECONDS,
    Ask,
    End,
    then,
)
from ivr.online_sayings import Sayings
from ivr.online_words import HOW, number_prompt, phrase, right_prompt
from voice.ports import Prompt

log = logging.getLogger(__name__)

Fits = Callable[[str], Awaitable[str]]


@dataclass(slots=True)
class Asked:
    """What one caller is being asked."""

    contact: Contact
    ask: Ask
    at: Seconds
    tries: int = 0
    """How often a number was asked for."""
    number: str = field(default="", repr=False)
    """The one that was understood (E.164)."""
    busy: bool = False
    """Whether an answer is being looked at."""


class Asking:
    """`begin` for a caller; `answered` when the loop has asked; `look` once a second."""

    def __init__(
        self, sayings: Sayings, fits: Fits, region: str, now: Callable[[], Seconds],
        ends: Callable[[ContactId, str], None],
    ) -> None:  # fmt: skip
        """`fits`: the number to which texts may be sent that keys are, or nothing. `ends`: told
        once of each caller, with the number that they have confirmed; nothing: they are to hear a
        code."""
        self._sayings = sayings
        self._fits = fits
        self._region = region
        self._now = now
        self._ends = ends
        self._asked: dict[ContactId, Asked] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, contact: ContactId) -> bool:
        return contact in self._asked

    def begin(self, contact: Contact) -> None:
        """Ask from the beginning."""
        asked = self._asked[contact.id] = Asked(contact, Ask.HOW, self._now())
        self._say(asked)

    def drop(self, contact: ContactId) -> None:
        """They talk, or are gone: nothing follows."""
        self._asked.pop(contact, None)

    def again(self, contact: ContactId) -> None:
        """A key in the music: what they should have heard is asked anew, unless it is to come."""
        asked = self._asked[contact]
        if not asked.busy and not self._sayings.open(contact):
            self._say(asked)

    def look(self, now: Seconds) -> None:
        """Who has not answered for long has said nothing."""
        for asked in [one for one in self._asked.values() if now - one.at >= LONGEST]:
            if not asked.busy:
                self._go_on(asked, "")

    def answered(self, contact: ContactId, kind: str, keys: str) -> None:
        """The loop has asked this; the keys may be somebody's number, and stand in no log."""
        asked = self._asked.get(contact)
        if asked is None or asked.ask != kind or asked.busy:
            return
        if asked.ask is Ask.NUMBER and keys:
            asked.busy = True
            self._begin(self._understand(asked, keys))
        else:
            self._go_on(asked, keys)

    async def _understand(self, asked: Asked, keys: str) -> None:
        try:
            asked.number = await self._fits(keys)
        finally:
            asked.busy = False
        if self._asked.get(asked.contact.id) is asked:
            self._go_on(asked, FITS if asked.number else FITS_NOT)

    def _go_on(self, asked: Asked, answer: str) -> None:
        found = then(asked.ask, answer, asked.tries)
        if isinstance(found, End):
            del self._asked[asked.contact.id]
            self._ends(asked.contact.id, asked.number if found is End.TEXT else "")
            return
        asked.ask, asked.at = found, self._now()
        self._say(asked, again=answer == FITS_NOT)
        asked.tries += found is Ask.NUMBER

    def _say(self, asked: Asked, again: bool = False) -> None:
        ask, now = asked.ask, self._now()
        words = self._words(asked, again)
        self._sayings.say(asked.contact.id, ask, words, now, SECONDS[ask], KEYS[ask])

    def _words(self, asked: Asked, again: bool) -> Prompt:
        language = asked.contact.language
        if asked.ask is Ask.HOW:
            return phrase(HOW, language)
        if asked.ask is Ask.NUMBER:
            return number_prompt(language, again)
        return right_prompt(asked.number, self._region, language)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a number that was keyed was not looked at", exc_info=task.exception())
