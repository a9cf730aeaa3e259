"""A service that flows look things up at: it keeps what it was asked, and takes its time."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

KEY = re.compile(r"^Idempotency-Key: (.*?)\r$", re.MULTILINE | re.IGNORECASE)


class AskedService:
    """Every path is known. `asked` has how often each was asked for, `keys` under which keys."""

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.keys: defaultdict[str, set[str]] = defaultdict(set)
        self.seconds = 0.0
        """How long an answer takes."""
        self.answer: Mapping[str, Any] = {"word": "known"}
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Questions on one connection, one after the other."""
        with suppress(OSError, asyncio.IncompleteReadError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split()[1].decode()
                self.asked[path] += 1
                self.keys[path].update(KEY.findall(head.decode()))
                await asyncio.sleep(self.seconds)
                body = json.dumps(self.answer).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
                )
        writer.close()


@asynccontextmanager
async def asked_service() -> AsyncIterator[AskedService]:
    """Open on a port of this machine."""
    service = AskedService()
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.port = server.sockets[0].getsockname()[1]
    try:
        yield service
    finally:
        server.close()
