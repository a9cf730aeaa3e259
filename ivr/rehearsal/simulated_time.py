"""Time that passes at once: a day of waiting takes no longer than what is done in it."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable
from typing import Any

from acd.model import Seconds


class NobodyWillAnswer(Exception):
    """Everybody waits, and for nothing that a clock brings: it would be for ever."""


class SimulatedTime(asyncio.SelectorEventLoop):
    """An event loop whose clock stands while there is something to do, and then jumps to what
    comes next. Deadlines and delays keep their order and length; none of them takes real time.

    Only for work that has nothing outside to wait for: no sockets, no threads, no programs.
    """

    def __init__(self) -> None:
        self._at: Seconds = 0.0
        super().__init__(_Jump(self._pass))

    def time(self) -> float:
        return self._at

    def _pass(self, seconds: Seconds) -> None:
        # A little further, or else what is due now would not be due yet, and for ever so.
        self._at = math.nextafter(self._at + seconds, math.inf)


class _Jump(selectors.SelectSelector):
    """Told how long there is nothing to do, lets that time pass and waits for nothing."""

    def __init__(self, passes: Callable[[Seconds], None]) -> None:
        super().__init__()
        self._passes = passes

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, Any]]:
        if timeout is None:
            raise NobodyWillAnswer("everybody waits for something that nobody will do")
        self._passes(max(timeout, 0.0))
        return super().select(0)
