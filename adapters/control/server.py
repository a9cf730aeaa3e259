"""The core's side of the local socket.

A line in: `{"id": 1, "ask": "agents", "fields": {...}}`. A line out: `{"id": 1, "ok": {...}}` or
`{"id": 1, "refused": "why"}`. Only the owner of the socket file can connect.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from ivr.ports import CoreRefused

log = logging.getLogger(__name__)

LONGEST_LINE = 65_536
MOST_PENDING = 64
ANSWER_SECONDS = 3.0

Answer = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


class ControlServer:
    """Serves questions from the socket; a flood waits outside, it never delays the core."""

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._places = asyncio.Semaphore(MOST_PENDING)
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(
            self._serve, path=self._path, limit=LONGEST_LINE
        )
        self._path.chmod(0o600)

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                async with self._places:
                    writer.write(await self._reply(line))
                    await asyncio.wait_for(writer.drain(), ANSWER_SECONDS)
        except (OSError, ValueError, TimeoutError) as error:
            log.info("control connection closed", extra={"why": type(error).__name__})
        finally:
            writer.close()

    async def _reply(self, line: bytes) -> bytes:
        reply: dict[str, Any] = {"id": None}
        try:
            question = json.loads(line)
            reply["id"] = question.pop("id", None)
            what = str(question.pop("ask"))
            fields = question.pop("fields", question)  # apart: one of them may be an `id`
            reply["ok"] = await asyncio.wait_for(self._answer(what, fields), ANSWER_SECONDS)
        except CoreRefused as refusal:
            reply["refused"] = str(refusal)
        except TimeoutError:
            reply["refused"] = "the core is busy; ask again"
        except (ValueError, KeyError, TypeError, AttributeError):
            reply["refused"] = "not a question that the core understands"
        return json.dumps(reply, ensure_ascii=False).encode() + b"\n"
