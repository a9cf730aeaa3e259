"""Our own processes: started, kept alive, ended."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from acd.model import Seconds
from adapters.cli.pid_file import STOP_SECONDS, PidFile

log = logging.getLogger(__name__)

FIRST_PAUSE: Seconds = 0.2
LONGEST_PAUSE: Seconds = 5.0
STEADY_SECONDS: Seconds = 30.0
"""A process that lived this long is started again at once when it dies."""


@dataclass(slots=True)
class Kept:
    """A Python process of ours that is started again whenever it ends."""

    name: str
    module: str
    pid_file: PidFile
    log_file: Path | None
    ready: Callable[[], Awaitable[bool]]
    process: subprocess.Popen[bytes] | None = None
    """Given: it has been started already."""

    async def keep(self) -> None:
        """Run it until cancelled; then stop it."""
        pause = FIRST_PAUSE
        if self.process is None:  # one may be left over from a supervisor that was killed
            await asyncio.to_thread(self.pid_file.end)
        try:
            while True:
                began = time.monotonic()
                self.process = self.process or self._begin()
                code = await asyncio.to_thread(self.process.wait)
                self.process = None
                pause = FIRST_PAUSE if time.monotonic() - began > STEADY_SECONDS else pause
                log.error("process ended", extra={"which": self.name, "code": code})
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            await self._stop()

    def _begin(self) -> subprocess.Popen[bytes]:
        with ExitStack() as stack:
            output = stack.enter_context(self.log_file.open("ab")) if self.log_file else None
            return self.pid_file.begin(self.module, output)

    async def _stop(self) -> None:
        if self.process:
            self.process.terminate()
            try:
                await asyncio.to_thread(self.process.wait, STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.pid_file.path.unlink(missing_ok=True)


async def all_ready(kept: Sequence[Kept], seconds: Seconds) -> list[str]:
    """Wait until all answer; the names of those that do not in time."""
    late = {one.name: one for one in kept}
    end = time.monotonic() + seconds
    while late and time.monotonic() < end:
        late = {name: one for name, one in late.items() if not await one.ready()}
        if late:
            await asyncio.sleep(0.05)
    return sorted(late)
