"""The other side of the local socket: `ivr.ports.Core` for the web process and the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapters.control.server import LONGEST_LINE
from ivr.ports import CoreAway, CoreRefused, CoreStopped

ASK_SECONDS = 4.0


class CoreClient:
    """Asks the core, a connection a question: nothing to lose or to mend between two of them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        """The answer; `CoreAway` when there is none in time, `CoreRefused` when it is no."""
        question = json.dumps({"id": 1, "ask": what, "fields": fields}).encode() + b"\n"
        try:
            line = await asyncio.wait_for(self._exchange(question), ASK_SECONDS)
            reply = json.loads(line)
        except (FileNotFoundError, ConnectionRefusedError) as nobody:
            raise CoreStopped("the core is not running") from nobody
        except TimeoutError as late:
            raise CoreAway("the core does not answer in time") from late
        except (OSError, ValueError) as error:
            raise CoreAway("the core does not answer") from error
        if "refused" in reply:
            raise CoreRefused(reply["refused"])
        answer: Mapping[str, Any] = reply["ok"]
        return answer

    async def _exchange(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._path, limit=16 * LONGEST_LINE)
        try:
            writer.write(question)
            await writer.drain()
            return await reader.readline()
        finally:
            writer.close()
