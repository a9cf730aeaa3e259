"""What callers in the waiting loop are to hear of going online: each until the loop has said it.

One thing at a time for a caller; what is said later takes the place of what was not said yet. What
the loop has not said for long is asked for again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from acd.model import CHATS, Contact, ContactId, Seconds
from acd.states import ContactState
from ivr.ports import Origin, PhonesFailed
from voice.ports import Prompt

log = logging.getLogger(__name__)

REQUEST = "online-"
"""How the ids of these requests begin: the telephone side tells of no others that they were
said."""
AGAIN_SECONDS: Seconds = 8.0
"""Not said by then: it is asked for again. Under the same id, so nobody hears it twice."""
SAY_SECONDS: Seconds = 20.0
IN_LINE = (ContactState.WAITING, ContactState.RINGING)


class Voice(Protocol):
    """Callers on the telephone, where they wait. Raises `PhonesFailed`."""

    def origin(self, contact: ContactId) -> Origin | None:
        """None while the caller's line is not known."""

    @property
    def lines(self) -> Collection[ContactId]:
        """Whose lines are in the waiting loop, or in a talk out of it."""

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds,
        most_keys: int = 0,
    ) -> None:  # fmt: skip
        """Ask the loop to say something; `request` is unique within the contact. `most_keys`: of
        the answer to a question; its keys mean nothing else then. 0: one, if any."""

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        """Let the caller out of the loop by this outcome; an agent who answers before wins."""


@dataclass(slots=True)
class Saying:
    """Something that was asked for, and not said yet."""

    kind: str
    request: str
    prompts: tuple[Prompt, ...] = field(repr=False)
    key_seconds: Seconds
    most_keys: int
    at: Seconds
    """When it was asked for last."""


class Sayings:
    """`again` now and then; `heard` whenever the loop has said something."""

    def __init__(self, voice: Voice, contacts: Mapping[ContactId, Contact]) -> None:
        """`contacts`: those of the engine. To who talks nothing is said."""
        self._voice = voice
        self._contacts = contacts
        self._open: dict[ContactId, Saying] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, contact: ContactId) -> str:
        """What this caller is still to hear; empty: nothing."""
        return self._open[contact].kind if contact in self._open else ""

    def say(
        self, contact: ContactId, kind: str, prompt: Prompt, now: Seconds, key_seconds: Seconds = 0,
        most_keys: int = 0,
    ) -> None:  # fmt: skip
        """`kind`: what it is, for `heard`."""
        request = f"{REQUEST}{kind}-{round(now * 1000)}"
        saying = Saying(kind, request, (prompt,), key_seconds, most_keys, now)
        self._open[contact] = saying
        self._begin(self._ask(contact, saying))

    def heard(self, contact: ContactId, request: str) -> str:
        """The loop has said this; the kind of what it was, empty if it was none of ours."""
        saying = self._open.get(contact)
        if saying is None or saying.request != request:
            return ""
        del self._open[contact]
        return saying.kind

    def again(self, now: Seconds) -> None:
        """Ask once more for what was not said; forget it for who does not wait on the telephone."""
        lines = set(self._voice.lines)
        for gone in [id_ for id_ in self._open if id_ not in lines or not self._listens(id_)]:
            del self._open[gone]
        for contact, saying in self._open.items():
            if now - saying.at >= AGAIN_SECONDS:
                saying.at = now
                self._begin(self._ask(contact, saying))

    def lead_out(self, contact: ContactId, outcome: str, now: Seconds) -> None:
        """Let the caller out of the loop, by its gate."""
        request = f"{REQUEST}{round(now * 1000)}"
        self._begin(self._voice.lead_out(contact, request, outcome))

    def _listens(self, contact: ContactId) -> bool:
        known = self._contacts.get(contact)
        return known is not None and (known.channel == CHATS or known.state in IN_LINE)

    async def _ask(self, contact: ContactId, saying: Saying) -> None:
        async with asyncio.timeout(SAY_SECONDS):
            await self._voice.say(
                contact, saying.request, saying.prompts, saying.key_seconds, saying.most_keys
            )

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        """What the telephone side does not take now is asked for again."""
        try:
            await work
        except (TimeoutError, PhonesFailed) as fault:
            log.info("not said to who waits", extra={"why": str(fault)})
