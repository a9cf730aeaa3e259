"""Whether Asterisk still runs while the link to it is away: only then callers may still be there.

A link can be lost while everybody hears music. Where Asterisk's process has ended, every call has
ended with it, and nobody needs to wait for the next one to say so. Where the process lives, the
next look at all channels tells. Where it cannot be seen, time has to.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Protocol

from acd.model import Seconds
from adapters.asterisk.instance import Running
from ivr.ports import StoreFailed, StoreRefused

log = logging.getLogger(__name__)

LOOK_SECONDS: Seconds = 0.25


class Sight(StrEnum):
    """What is seen of Asterisk's process."""

    LIVES = "lives"
    GONE = "gone"
    UNSEEN = "unseen"
    """There is no trace of it on this machine: it may run on another, or anywhere."""


class Process(Protocol):
    """`adapters.asterisk.instance.Instance`, as far as it is looked at. Calls block shortly."""

    def adopt(self) -> Running | None: ...

    def lives(self, running: Running) -> bool: ...

    def has_trace(self) -> bool: ...


class Catching(Protocol):
    """`adapters.asterisk.resync.Resync`, which alone tells the engine of channels."""

    async def ended(self) -> None: ...

    async def read_log(self) -> None: ...

    async def all_gone(self) -> None: ...


class GoneWatch:
    """`ivr.recovery_desk.Link`. `run` it once."""

    def __init__(
        self, process: Process, is_up: Callable[[], bool], resync: Catching,
        unseen_seconds: Seconds, monotonic: Callable[[], Seconds] = time.monotonic,
    ) -> None:  # fmt: skip
        self._process = process
        self._is_up = is_up
        self._resync = resync
        self._unseen_seconds = unseen_seconds
        self._monotonic = monotonic
        self._known: Running | None = None
        """The process that the link leads to, or led to."""
        self._ended = False
        """Whether the journal has the end of that one."""
        self._hidden = False
        """Whether the link led to a process that cannot be seen from here."""
        self._away_since: Seconds | None = None
        self._sight = Sight.LIVES
        self._told = False
        """Whether the engine knows that this loss has ended all calls."""

    def unseen(self) -> bool:
        if self._away_since is None or self._sight is not Sight.UNSEEN:
            return False
        return self._monotonic() - self._away_since >= self._unseen_seconds

    async def run(self, pause: Callable[[Seconds], Awaitable[None]] = asyncio.sleep) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreFailed, StoreRefused) as fault:
                log.error("cannot tell who is gone, trying again", extra={"why": str(fault)})
            await pause(LOOK_SECONDS)

    async def look(self) -> None:
        """Once; tells the engine when all calls have ended with Asterisk."""
        known = self._known
        if self._away_since is not None or not self._is_up():
            await self._note_end()
        if self._is_up():
            if self._away_since is not None or known is None:
                self._known = await asyncio.to_thread(self._process.adopt)
                self._hidden, self._ended = self._known is None, False
            self._away_since, self._sight, self._told = None, Sight.LIVES, False
            return
        if self._away_since is None:
            self._away_since = self._monotonic()
        self._sight = await asyncio.to_thread(self._see)
        if self._sight is Sight.LIVES:
            self._told = False  # another one has begun, and may die as well
        elif self._sight is Sight.GONE and not self._told:
            await self._tell()

    async def _note_end(self) -> None:
        """Once for a process: it may have been followed by another already."""
        known = self._known
        if known and not self._ended and not await asyncio.to_thread(self._process.lives, known):
            await self._resync.ended()
            self._ended = True

    async def _tell(self) -> None:
        """First what the log says: who hung up before was not cut off. Then look once more: a new
        Asterisk has calls of its own."""
        await self._resync.read_log()
        if self._is_up() or await asyncio.to_thread(self._see) is not Sight.GONE:
            return
        log.error("asterisk has ended, and every call with it")
        await self._resync.all_gone()
        self._told = True

    def _see(self) -> Sight:
        process, known = self._process, self._known
        if process.adopt() or (known and process.lives(known)):
            return Sight.LIVES
        has_been = known or (process.has_trace() and not self._hidden)
        return Sight.GONE if has_been else Sight.UNSEEN
