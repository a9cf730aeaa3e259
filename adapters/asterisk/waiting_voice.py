"""Speaks to callers in the waiting loop, and hears what they press there. The loop does the rest.

What is said to one caller alone is recorded for them, and deleted when they have heard it. A number
that they key in stands in no event: it is read from their channel, once, and emptied there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any

from acd.model import ContactId, Seconds
from adapters.asterisk.playing import made, names
from adapters.asterisk.switchboard import Switchboard
from adapters.asterisk.turns import Asked, Turns
from ivr.ports import Origin, PhonesFailed
from voice.ports import Prompt, PromptStore

log = logging.getLogger(__name__)

KEYED = "SHARED(KEYED)"
"""Where the loop leaves the keys of an answer that has more than one."""
OUT = ("AcdGone", "AcdLeft", "AcdClaimed", "AcdBack")
"""The caller is not in the loop any more, or is there anew: what was asked for is void."""


class WaitingVoice:
    """`ivr.online_sayings.Voice`, and `ivr.ports.WaitingLoop`; `hear` takes the telephone side's
    news."""

    def __init__(self, switchboard: Switchboard, prompts: PromptStore) -> None:
        self._switchboard = switchboard
        self._prompts = prompts
        self._turns: dict[ContactId, Turns] = {}
        self._many: dict[ContactId, str] = {}
        """The request, by caller, that is answered by more than one key."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.told: Callable[[ContactId, str, str], None] | None = None

    @property
    def lines(self) -> Collection[ContactId]:
        return self._switchboard.channels.keys()

    def origin(self, contact: ContactId) -> Origin | None:
        return self._switchboard.origin(contact)

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds,
        most_keys: int = 0,
    ) -> None:  # fmt: skip
        turns = self._turns.setdefault(contact, Turns())
        asked = turns.find(request) or await self._asked(request, prompts, key_seconds, most_keys)
        if asked is None:
            return
        if most_keys > 1:
            self._many[contact] = request
        await self._set(contact, turns.ask(asked))

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        await self._switchboard.lead_out(contact, request, outcome)

    async def _asked(
        self, request: str, prompts: Sequence[Prompt], key_seconds: Seconds, most_keys: int
    ) -> Asked | None:
        """None: there is nothing to play."""
        found = await made(self._prompts, prompts)
        files = names(found)
        own = [path for path, prompt in zip(found, prompts, strict=True) if prompt.personal]
        most = f"~{most_keys}" if most_keys else ""
        said = f"{request}~{'&'.join(files)}~{key_seconds:g}{most}"
        return Asked(request, said, tuple(path for path in own if path)) if files else None

    async def _set(self, contact: ContactId, asked: Asked | None) -> None:
        if asked:
            await self._switchboard.set_on(contact, {"REQ": asked.said})

    # ---------------------------------------------------------------- news

    def hear(self, event: Mapping[str, str]) -> None:
        """One event. Never raises; never waits."""
        contact, kind = ContactId(event.get("Contact", "")), event.get("UserEvent")
        request = event.get("Req", "")
        if kind in OUT:
            self._forget(contact)
        elif kind == "AcdWaiting":  # in the loop, so it has said what it began last
            self._was_said(contact, request)
        elif kind in ("AcdSaid", "AcdKey"):
            self._was_said(contact, request)
            if kind == "AcdSaid" and self._many.get(contact) == request:
                del self._many[contact]
                self._begin(self._tell_keyed(contact, request))
            elif self.told:
                self.told(contact, request, event.get("Key", ""))

    def _was_said(self, contact: ContactId, request: str) -> None:
        turns = self._turns.get(contact)
        if turns and request and (asked := turns.said(request)):
            self._begin(self._set(contact, asked))

    async def _tell_keyed(self, contact: ContactId, request: str) -> None:
        keys = ""
        try:
            keys = await self._switchboard.read_once(contact, KEYED)
        finally:  # who cannot be understood has said nothing
            if self.told:
                self.told(contact, request, keys)

    def _forget(self, contact: ContactId) -> None:
        self._many.pop(contact, None)
        if turns := self._turns.pop(contact, None):
            turns.forget()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._quietly(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        """Who has gone, or a link that is away, is no fault of ours."""
        try:
            await work
        except PhonesFailed as fault:
            log.info("not said to who waits", extra={"why": str(fault)})
