"""One open socket: frames in at a bounded pace, frames out under a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from acd.model import Seconds
from adapters.chat.frames import BadFrame, Frame, read

PER_SECOND = 4.0
BURST = 30
"""Frames of one socket; who sends more is read more slowly."""
MOST_SLOWED = 40
"""Frames in a row that were too quick: a flood, of which nothing more is read."""
MOST_BAD = 5
"""Frames that are none, before the socket is closed."""
SAY_SECONDS: Seconds = 10.0
POLICY = 1008
"""What a socket is closed with whose peer does not keep to the rules."""


class Gone(Exception):
    """The other side is no longer there, or was let go."""


class Pace:
    """How long to wait before the next frame is taken."""

    def __init__(self, per_second: float, burst: int, now: Callable[[], Seconds]) -> None:
        self._per_second, self._burst, self._now = per_second, burst, now
        self._left, self._since = float(burst), now()

    def take(self) -> Seconds:
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._since) * self._per_second) - 1.0
        self._since = now
        return max(0.0, -self._left / self._per_second)


class Peer:
    """A customer's page, as the conversation knows it."""

    def __init__(self, socket: WebSocket, now: Callable[[], Seconds] = time.monotonic) -> None:
        self._socket = socket
        self._pace = Pace(PER_SECOND, BURST, now)
        self._bad = self._slowed = 0

    async def hear(self, seconds: Seconds | None = None) -> Frame:
        """The next frame. Raises `Gone`, also when none comes within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    if frame := await self._heard():
                        return frame
        except TimeoutError:
            await self.close()
            raise Gone from None

    async def _heard(self) -> Frame | None:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise Gone
        await self._in_time()
        try:
            return read(message.get("text") or "")
        except BadFrame:
            self._bad += 1
        if self._bad > MOST_BAD:
            await self._let_go()
        await self.say("refused", why="frame")
        return None

    async def _in_time(self) -> None:
        wait = self._pace.take()
        self._slowed = self._slowed + 1 if wait else 0
        if self._slowed > MOST_SLOWED:
            await self._let_go()
        await asyncio.sleep(wait)

    async def _let_go(self) -> None:
        await self.close(POLICY)
        raise Gone

    async def say(self, kind: str, **fields: Any) -> None:
        """Raises `Gone`, also when it is not read in time."""
        try:
            async with asyncio.timeout(SAY_SECONDS):
                await self._socket.send_json({"t": kind, **fields})
        except (WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
            raise Gone from None

    async def close(self, code: int = 1000) -> None:
        try:
            async with asyncio.timeout(SAY_SECONDS):
                await self._socket.close(code)
        except (WebSocketDisconnect, RuntimeError, OSError, TimeoutError):
            return  # it is closed
