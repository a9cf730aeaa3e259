"""Who plays in the demo, and how: nine callers, three agents, real SIP and real speech."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.cli.demo_site import AGENTS, NUMBER, recordings
from adapters.cli.demo_verdict import Expected
from adapters.control.client import CoreClient
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.phones import Behaviour, Phones
from adapters.sipp.process import SippFailed
from adapters.sipp.rtp import speech
from adapters.sipp.voice import Voice
from ivr.addresses import near
from ivr.settings import Settings

CALLS_PER_SECOND = 0.8
READY_SECONDS = 15.0
SHOW_SECONDS = 150.0
EACH_SAYS_LATER = 100
"""Frames of 20 ms: nobody begins with the same word."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one caller does. Seconds count from the answer."""

    keys: tuple[tuple[float, str], ...] = ()
    leaves_after: float | None = None
    """Seconds in line after which the caller gives up."""


CHINESE, ENGLISH = ((1.5, "1"), (4.0, "1")), ((1.5, "2"), (4.0, "1"))
ROLES = (
    Role(),  # silent: the menu gives up asking and brings the caller to a person
    Role(ENGLISH),
    Role(CHINESE),
    Role(ENGLISH),
    Role(CHINESE),
    Role(CHINESE, leaves_after=2.5),
    Role(ENGLISH),
    Role(CHINESE),
    Role(ENGLISH),
)
EXPECTED = Expected(
    answered=sum(role.leaves_after is None for role in ROLES),
    abandoned=sum(role.leaves_after is not None for role in ROLES),
)
BEHAVIOURS = (
    Behaviour(rings=1.2, talks=10.0),
    Behaviour(rings=1.5, talks=11.0),
    Behaviour(rings=1.0, talks=9.0, declines_first=1),
)


def _away(agent: Mapping[str, Any]) -> bool:
    return bool(agent["phone"] != "reachable")


class Cast:
    """The phones of the agents, and the callers, at their places."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._frames = speech(recordings(settings))
        self._sip = (near(settings.site.listen), settings.ports.sip)
        self._port = settings.ports.demo
        self.phones = [
            Phones(settings.tools, {agent: settings.phone_secret(agent)}, behaviour, self._frames)
            for agent, behaviour in zip(AGENTS, BEHAVIOURS, strict=True)
        ]
        self._voices: list[Voice] = []
        self._callers: Callers | None = None
        self._cues: set[asyncio.Task[None]] = set()
        self._patience = {n: role.leaves_after for n, role in enumerate(ROLES)}

    async def take_places(self) -> None:
        """Register the phones, log the agents in, and wait until all can be rung."""
        for n, phones in enumerate(self.phones):
            media = self._port + 10 + 10 * n
            await phones.start(self._sip, self._port + n, (media, media + 9))
        core = CoreClient(self._settings.core_socket)
        for agent in AGENTS:
            await core.ask("agent login", agent=agent)
        end = asyncio.get_running_loop().time() + READY_SECONDS
        while late := [a["agent"] for a in (await core.ask("agents"))["agents"] if _away(a)]:
            if asyncio.get_running_loop().time() > end:
                raise SippFailed(f"phones cannot be rung: {', '.join(late)}")
            await asyncio.sleep(0.1)

    async def call(self) -> None:
        """Everybody dials, one after the other."""
        self._voices = [
            Voice(self._port + 40 + 2 * n, self._frames[n * EACH_SAYS_LATER :])
            for n in range(len(ROLES))
        ]
        people = [Person(number) for number in fictional_numbers(len(ROLES))]
        self._callers = Callers(
            self._settings.tools, people, voices=dict(enumerate(self._voices)),
            on_answer=lambda index: self._cue(self._press(index)),
        )  # fmt: skip
        await self._callers.start(self._sip, NUMBER, self._port + 3, CALLS_PER_SECOND, SHOW_SECONDS)

    def waits(self, index: int) -> None:
        """The caller at `index` is in line: from the first time on patience counts."""
        patience = self._patience.pop(index, None)
        if patience is not None:
            self._cue(self._leave(index, patience))

    async def finished(self) -> int:
        """0 once every call is over as the callers' telephones see it."""
        assert self._callers is not None  # noqa: S101 - `call` was before
        return await self._callers.finished(SHOW_SECONDS)

    def first_ring(self) -> float | None:
        """When the first agent's phone rang: UTC seconds."""
        rings = [m.at for p in self.phones for m in p.sipp.moments if m.what == "rings"]
        return min(rings, default=None)

    async def stop(self) -> None:
        for task in self._cues:
            task.cancel()
        if self._callers:
            await self._callers.stop()
        for voice in self._voices:
            await voice.stop()
        for phones in self.phones:
            await phones.stop()

    def _cue(self, act: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(act)
        self._cues.add(task)
        task.add_done_callback(self._cues.discard)

    async def _press(self, index: int) -> None:
        passed = 0.0
        for seconds, key in ROLES[index].keys:
            await asyncio.sleep(seconds - passed)
            passed = seconds
            self._voices[index].press(key)

    async def _leave(self, index: int, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._callers:
            self._callers.hang_up(index)
