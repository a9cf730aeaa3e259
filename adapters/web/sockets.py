"""WebSockets under deadlines: uvicorn's protocol with what it lacks against peers that do not read.

Done: what is sent must be read within the deadline, and while it is not, nothing more is taken;
whose socket ends leaves the crowd. The library bounds frames and asks whether the peer is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from acd.model import Seconds

MOST_FRAME_BYTES = 32 * 1024
"""Room for the longest line of a chat in its longest spelling."""
PING_SECONDS: Seconds = 20.0
"""How often a peer is asked whether it is there, and how long it may take to say so."""

SETTINGS: Mapping[str, Any] = {
    "ws_max_size": MOST_FRAME_BYTES,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PING_SECONDS,
    "ws_per_message_deflate": False,  # small frames; and nothing that could unfold to large ones
}
"""What uvicorn is told of sockets, beside the class."""


class Socket(WebSocketsSansIOProtocol):
    """One peer, from its handshake on."""

    _unread_seconds: Seconds = 10.0
    _unread: asyncio.TimerHandle | None = None
    _gone: Callable[[], None] | None = None

    def hold(self, unread: Seconds, gone: Callable[[], None]) -> None:
        """How long what is sent may lie unread; whom to tell when the connection is lost."""
        self._unread_seconds, self._gone = unread, gone

    def connection_lost(self, exc: Exception | None) -> None:
        if self._unread:
            self._unread.cancel()
        if self._gone:
            self._gone()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.transport.pause_reading()  # answers to pings would pile up behind what is not read
        self._unread = self.loop.call_later(self._unread_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread:
            self._unread.cancel()
        if not self.read_paused:
            self.transport.resume_reading()
