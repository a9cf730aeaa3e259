"""uvicorn's server, as a process of ours: told to stop, it ends in time and in peace."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import uvicorn

from adapters.web.connection import Crowd, connections
from adapters.web.gate import Gate
from ivr.settings import Settings

STOP_SECONDS = 3
"""How long requests that are under way may take to end when the process stops."""


class Closing(Protocol):
    """What must end before connections can."""

    def close(self) -> None: ...


class Server(uvicorn.Server):
    """uvicorn, with live events ended before it waits for connections to end.

    Told to stop it ends like anything that is done; uvicorn would have itself killed once more.
    """

    def __init__(self, config: uvicorn.Config, live: Closing) -> None:
        super().__init__(config)
        self._live = live

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop, signals = asyncio.get_running_loop(), (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.close()
        await super().shutdown(sockets)


def names(settings: Settings) -> set[str]:
    """By which this server may be called."""
    chat = settings.site.chat
    outside = urlsplit(chat.url).hostname if chat else None
    hosts = {settings.web_address, settings.site.external_address, outside} - {None}
    return {str(host).lower() for host in hosts}


def proxies(settings: Settings) -> tuple[str, ...]:
    return settings.site.chat.proxies if settings.site.chat else ()


def configuration(gate: Gate, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        gate,
        host=settings.web_address,
        port=settings.ports.web,
        http=connections(Crowd(proxies=proxies(settings))),
        **(by_socket() if settings.site.chat else {"ws": "none"}),
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # an address that a sender may choose limits nobody
        server_header=False,
        backlog=1024,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def by_socket() -> Mapping[str, Any]:
    """What uvicorn is told of WebSockets; their library is loaded where they are served."""
    from adapters.web.sockets import SETTINGS, Socket

    return {"ws": Socket, **SETTINGS}
