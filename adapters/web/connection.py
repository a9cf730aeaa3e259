"""Connections under deadlines: uvicorn's protocol with what it lacks against slow and many peers.

Done: a request's head must come within 5 s, in a new connection or a kept one; an address holds a
bounded number of connections, and one that asks for nothing gives way to a new one; an answer must
be read within 10 s; the rest of a body that was refused is read away for 2 s, so that the answer
arrives, and no longer. A connection that becomes a WebSocket keeps its place in the crowd.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from acd.model import Seconds
from adapters.web import problems
from adapters.web.limits import neighbourhood

MOST_PER_ADDRESS = 100
MOST_AT_ALL = 800


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a connection may take, in seconds."""

    head: Seconds = 5.0
    linger: Seconds = 2.0
    unread: Seconds = 10.0


class Crowd:
    """All connections of the server, and which of them ask for nothing yet."""

    def __init__(
        self,
        per_address: int = MOST_PER_ADDRESS,
        at_all: int = MOST_AT_ALL,
        proxies: Collection[str] = (),
    ) -> None:
        """`proxies`: addresses that stand for many, and hold as many as there is room for."""
        self._per_address, self._at_all = per_address, at_all
        self._proxies = frozenset(proxies)
        self._inside: dict[Connection, str] = {}
        self._silent: dict[Connection, str] = {}

    def enter(self, new: Connection, address: str) -> bool:
        """Let it in, if need be in place of the longest silent one; False: there is no room."""
        own = sum(1 for other in self._inside.values() if other == address)
        if own >= self._per_address and address not in self._proxies:
            room = self._make_room(address)
        else:
            room = len(self._inside) < self._at_all or self._make_room(None)
        if room:
            self._inside[new] = address
        return room

    def leave(self, gone: Connection) -> None:
        self._inside.pop(gone, None)
        self._silent.pop(gone, None)

    def silent(self, connection: Connection) -> None:
        self._silent[connection] = self._inside.get(connection, "")

    def busy(self, connection: Connection) -> None:
        self._silent.pop(connection, None)

    def _make_room(self, address: str | None) -> bool:
        for other, its_address in self._silent.items():
            if address in (None, its_address):
                self.leave(other)
                other.transport.abort()
                return True
        return False


class Connection(H11Protocol):
    """One peer."""

    def __init__(self, *arguments: Any, crowd: Crowd, deadlines: Deadlines, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._crowd = crowd
        self._deadlines = deadlines
        self._deadline: asyncio.TimerHandle | None = None
        self._linger: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        address = neighbourhood(self.client[0]) if self.client else ""
        if self._crowd.enter(self, address):
            self._watch()
        else:
            self._say_and_close(429, "too many connections", b"retry-after: 5\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.leave(self)
        for timer in (self._deadline, self._linger, self._unread):
            if timer:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self.transport.is_closing():
            super().data_received(data)
            self._watch()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        super().handle_websocket_upgrade(event)
        if self._unread:
            self._unread.cancel()
        hold = getattr(self.transport.get_protocol(), "hold", None)  # `adapters.web.sockets`
        if hold:
            hold(self._deadlines.unread, partial(self._crowd.leave, self))

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.conn.their_state is h11.SEND_BODY and self._linger is None:
            self._linger = self.loop.call_later(self._deadlines.linger, self.transport.abort)
        self._watch()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self.loop.call_later(self._deadlines.unread, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread:
            self._unread.cancel()

    def send_400_response(self, msg: str) -> None:
        self._say_and_close(400, "this is not a request that can be read")

    def _watch(self) -> None:
        """Hold the head of the next request to its deadline."""
        awaited = self.conn.their_state is h11.IDLE
        if awaited and self._deadline is None:
            self._deadline = self.loop.call_later(self._deadlines.head, self.transport.abort)
            self._crowd.silent(self)
        elif not awaited and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
            self._crowd.busy(self)

    def _say_and_close(self, status: int, detail: str, headers: bytes = b"") -> None:
        content = problems.body(status, detail)
        head = (
            f"HTTP/1.1 {status} \r\ncontent-type: {problems.MEDIA_TYPE}\r\n"
            f"content-length: {len(content)}\r\nconnection: close\r\n"
        )
        self.transport.write(head.encode() + headers + b"\r\n" + content)
        self.transport.close()


def connections(crowd: Crowd | None = None, deadlines: Deadlines | None = None) -> Any:
    """What uvicorn's `http` setting takes."""
    return partial(Connection, crowd=crowd or Crowd(), deadlines=deadlines or Deadlines())
