"""Speaks to callers in the waiting loop, and hears what they press there. The loop does the rest.

What is said to one caller alone is recorded for them, and deleted when they have heard it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from acd.model import ContactId, Seconds
from adapters.asterisk.playing import made, names
from adapters.asterisk.switchboard import Switchboard
from ivr.ports import Origin
from voice.ports import Prompt, PromptStore


class WaitingVoice:
    """`ivr.online_sayings.Voice`; `hear` takes the telephone side's news."""

    def __init__(self, switchboard: Switchboard, prompts: PromptStore) -> None:
        self._switchboard = switchboard
        self._prompts = prompts
        self._personal: dict[ContactId, tuple[str, list[Path]]] = {}
        """Recordings for single callers, by the request that they belong to."""
        self.told: Callable[[ContactId, str, str], None] | None = None

    @property
    def lines(self) -> Collection[ContactId]:
        return self._switchboard.channels.keys()

    def origin(self, contact: ContactId) -> Origin | None:
        return self._switchboard.origin(contact)

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds
    ) -> None:
        before, kept = self._personal.get(contact, ("", []))
        if before == request and kept:
            files: list[Path] = kept
        else:
            found = await made(self._prompts, prompts)
            self._forget(contact)
            files = [file for file in found if file]
            own = [file for file, prompt in zip(found, prompts, strict=True) if prompt.personal]
            self._personal[contact] = (request, [file for file in own if file])
        if files:
            said = f"{request}~{'&'.join(names(files))}~{key_seconds:g}"
            await self._switchboard.set_on(contact, {"REQ": said})

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        await self._switchboard.lead_out(contact, request, outcome)

    def hear(self, event: Mapping[str, str]) -> None:
        """One event. Never raises; never waits."""
        contact, kind = ContactId(event.get("Contact", "")), event.get("UserEvent")
        request = event.get("Req", "")
        if kind == "AcdGone":
            self._forget(contact)
        elif kind in ("AcdSaid", "AcdKey"):
            if self._personal.get(contact, ("",))[0] == request:
                self._forget(contact)
            if self.told:
                self.told(contact, request, event.get("Key", ""))

    def _forget(self, contact: ContactId) -> None:
        _, files = self._personal.pop(contact, ("", []))
        for file in files:
            file.unlink(missing_ok=True)
