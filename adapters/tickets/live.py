"""Live events: the timeline's entries as they come, for any number of listeners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from adapters.tickets.queries import TicketQueries
from adapters.tickets.shapes import EventShape
from adapters.tickets.store import Numbered

PAGE = 200
HEARTBEAT_SECONDS = 15.0
MOST_LISTENERS = 64

Show = Callable[[Numbered], Awaitable[EventShape]]


class TooManyListeners(Exception):
    """Ask again later."""


class Live:
    """Wakes listeners when something was written. `close` ends them, for a stop in time."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self.listeners = 0
        self.closed = False

    def changed(self) -> None:
        """Something was written: everybody looks again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def close(self) -> None:
        self.closed = True
        self.changed()

    def check_room(self) -> None:
        if self.listeners >= MOST_LISTENERS:
            raise TooManyListeners(f"there are {MOST_LISTENERS} listeners already")

    async def stream(self, queries: TicketQueries, show: Show, after: int) -> AsyncIterator[bytes]:
        """Events after this number as `text/event-stream`, then those that come."""
        self.listeners += 1
        try:
            yield b"retry: 1000\n\n"
            while not self.closed:
                changed = self._changed  # taken before looking: a change meanwhile is not missed
                page = await queries.entries(after, PAGE)
                for numbered in page:
                    after = numbered.seq
                    yield _frame(await show(numbered))
                if not page and not await _within(changed, HEARTBEAT_SECONDS):
                    yield b": still here\n\n"
        finally:
            self.listeners -= 1


async def _within(changed: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(changed.wait(), seconds)
    except TimeoutError:
        return False
    return True


def _frame(event: EventShape) -> bytes:
    return f"id: {event.seq}\ndata: {event.model_dump_json()}\n\n".encode()
