"""Keys while a script thinks: something has to wait for them, or Asterisk mistakes fast ones.

A channel on which nothing waits for a key is taken for one that passes keys on. There a key lasts
80 ms at least and has 45 ms behind it (`channel.c`): what comes sooner is put back and read again,
and whoever keeps a record of keys writes it down twice. `WAIT FOR DIGIT` tells it otherwise.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from acd.model import Seconds
from adapters.asterisk.agi import CallAgi

UNATTENDED: Seconds = 0.01
"""So long nobody need wait: most commands follow sooner upon each other."""
TURN: Seconds = 0.08
"""How long one command waits: the next of the script may have to wait as long."""


class Attention:
    """Waits for keys from the end of one command to the beginning of the next. Keeps none of them.

    `submit` runs something in a thread for the call. Used by one event loop.
    """

    def __init__(self, agi: CallAgi, submit: Callable[[Callable[[], None]], Future[None]]) -> None:
        self._agi, self._submit = agi, submit
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: asyncio.Future[None] | None = None
        self._wanted = False

    def begin(self) -> None:
        """A command has ended."""
        self._wanted = True
        self._timer = asyncio.get_running_loop().call_later(UNATTENDED, self._wait)

    async def end(self) -> None:
        """A command is about to begin; returns when it may. Who has left is its business."""
        self.forget()
        if self._waiting:
            await asyncio.wait({self._waiting})
            self._waiting = None

    def forget(self) -> None:
        """Wait no more; a wait that has begun ends by itself."""
        self._wanted = False
        if self._timer:
            self._timer.cancel()

    def _wait(self) -> None:
        self._waiting = asyncio.wrap_future(self._submit(self._wait_on))
        self._waiting.add_done_callback(_ended)

    def _wait_on(self) -> None:
        """In a thread, without a detour between two turns. (Not one asked for ahead of the other's
        end: Asterisk overlooks a command that comes in one piece with the one before.)"""
        while self._wanted:
            self._agi.allow(TURN)
            self._agi.execute("WAIT FOR DIGIT", round(TURN * 1000))


def _ended(waiting: asyncio.Future[None]) -> None:
    """Whatever failed, the script's next command fails of it, too."""
    if not waiting.cancelled():
        waiting.exception()
