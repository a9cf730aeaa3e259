"""Listening to Asterisk's own events with their own time stamps, for measurements.

The same listener serves both sides of a comparison; it commands nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from types import TracebackType

Event = dict[str, str]
LOGIN_DEADLINE = 5.0


class Tap:
    """An AMI login that keeps every event. `async with` it; read `events` when all is done."""

    def __init__(self, host: str, port: int, user: str, secret: str) -> None:
        self._address = (host, port)
        self._user = user
        self._secret = secret
        self.events: list[Event] = []
        self._news = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Tap:
        async with asyncio.timeout(LOGIN_DEADLINE):
            self._reader, self._writer = await asyncio.open_connection(*self._address)
            await self._reader.readline()
            login = f"Action: Login\r\nUsername: {self._user}\r\nSecret: {self._secret}\r\n\r\n"
            self._writer.write(login.encode())
            if (await self._block()).get("Response") != "Success":
                raise ConnectionRefusedError("the manager interface refused the login")
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self._writer.close()

    async def _block(self) -> Event:
        try:
            block = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            raise ConnectionResetError("the manager interface closed") from None
        event: Event = {}
        for line in block.decode("utf-8", "replace").split("\r\n"):
            name, colon, value = line.partition(": ")
            if colon:
                event[name] = value
        return event

    async def _listen(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                event = await self._block()
                if "Event" in event:
                    self.events.append(event)
                    async with self._news:
                        self._news.notify_all()

    async def wait(self, done: Callable[[list[Event]], bool], seconds: float) -> None:
        """Until `done(events)`; raises `TimeoutError`."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: done(self.events))

    async def until(self, name: str, seconds: float) -> None:
        """Until an event of this name has come."""
        await self.wait(lambda events: any(event["Event"] == name for event in events), seconds)


def at(event: Event) -> float:
    """When Asterisk says that it happened: seconds."""
    return float(event["Timestamp"])
