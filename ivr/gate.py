"""What holds before every flow: who is blocked is turned away, politely or by the busy tone, and
what is closed in an emergency is closed.

Nobody is turned away on a guess: who could not be looked up, or withheld their number, is taken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from acd.model import ContactId
from ivr.caller_lists import Listed
from ivr.closures import ByTelephone, Closure
from ivr.ports import Acceptance, Line, PersonId, StoreFailed
from voice.ports import Prompt

log = logging.getLogger(__name__)

BLOCKED: Listed = "blocked"
TURNED_AWAY = "CallerTurnedAway"
"""Journal kind: a blocked caller was not let in."""
NOTE_SECONDS = 0.5
How = Literal["refuse", "busy", "flow"]
"""What becomes of blocked callers; `flow`: their flow decides (`fact: listed`)."""


class Lists(Protocol):
    """Who is listed: `ivr.caller_lists`, or what a rehearsal supposes."""

    def listed(self, person: PersonId | None) -> Listed: ...


class Closing(Protocol):
    """What is closed, and closing by telephone: `ivr.closures`, or what a rehearsal supposes."""

    def is_closed(self, queue: str) -> bool: ...

    async def is_pin(self, keys: str) -> bool:
        """Raises `Locked` after too many wrong ones."""

    async def close(self, closure: Closure, call: ByTelephone | None = None) -> None: ...

    async def lift(self, queue: str, who: str, call: ByTelephone | None = None) -> bool: ...


@dataclass(frozen=True, slots=True)
class Gate:
    """What becomes of listed callers in this house. Without lists everybody comes in."""

    lists: Lists | None = None
    how: How = "refuse"
    words: Mapping[str, str] = field(default_factory=dict)
    """What a blocked caller hears, by language."""
    closures: Closing | None = None
    """What is closed in an emergency."""

    def listed(self, person: PersonId | None) -> Listed:
        """The list that the caller is on."""
        return self.lists.listed(person) if self.lists else "none"

    def is_closed(self, queue: str) -> bool:
        """Whether this queue, or the whole house, is closed in an emergency."""
        return self.closures is not None and self.closures.is_closed(queue)

    def turns_away(self, listed: Listed) -> bool:
        return listed == BLOCKED and self.how != "flow"

    async def turn_away(self, line: Line, acceptance: Acceptance, language: str) -> None:
        """Tell the caller, and hang up. The journal is told first; it keeps nobody waiting."""
        contact = line.facts.contact
        await _note(acceptance, contact, self.how)
        if self.how == "busy" or not self.words:
            await line.busy()
        else:
            words = self.words.get(language) or next(iter(self.words.values()))
            await line.say([Prompt(words, language)], interruptible=False)
        await line.hang_up()
        log.info("caller turned away", extra={"contact": contact, "how": self.how})


async def _note(acceptance: Acceptance, contact: ContactId, how: str) -> None:
    try:
        async with asyncio.timeout(NOTE_SECONDS):
            await acceptance.note(contact, TURNED_AWAY, {"how": how})
    except (TimeoutError, StoreFailed) as fault:
        log.warning("not noted", extra={"contact": contact, "why": str(fault) or "not in time"})


OPEN = Gate()
"""Lets everybody in."""
