"""A TCP relay between two parties that can be told to misbehave."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType


class Relay:
    """Passes bytes on to `port` of this machine, from a port of its own."""

    def __init__(self, port: int) -> None:
        self.port = 0
        self.passed: list[tuple[str, bytes]] = []
        """All that went through: `>` to the party behind the relay, `<` from it."""
        self._target = port
        self._open = asyncio.Event()
        self._open.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self._open.set()
        self.cut()

    def told(self) -> bytes:
        """All that the party behind the relay was told."""
        return b"".join(data for way, data in self.passed if way == ">")

    def cut(self) -> None:
        """Break every connection; new ones are passed on."""
        for writer in self._writers:
            writer.transport.abort()

    def swallow(self) -> None:
        """Connections stay open and nothing passes, as when a cable is pulled."""
        self._open.clear()

    def pass_on(self) -> None:
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.CancelledError):  # at the end of the loop
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            self._writers |= {writer, far_writer}
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, far_writer, ">"))
                group.create_task(self._pass(far_reader, writer, "<"))
            self._writers -= {writer, far_writer}

    async def _pass(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, way: str
    ) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._open.wait()
                self.passed.append((way, data))
                target.write(data)
                await target.drain()
        target.close()
