"""Our own processes: started, kept alive, found again after a crash, ended by their id."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from acd.model import Seconds
from ivr.settings import ROOT

log = logging.getLogger(__name__)

STOP_SECONDS: Seconds = 5.0
FIRST_PAUSE: Seconds = 0.2
LONGEST_PAUSE: Seconds = 5.0
STEADY_SECONDS: Seconds = 30.0
"""A process that lived this long is started again at once when it dies."""


@dataclass(slots=True)
class PidFile:
    """Which process plays a part; the id alone is not enough, ids come round again."""

    path: Path

    def write(self, pid: int) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        spare = self.path.with_suffix(".new")
        spare.write_text(f"{pid} {_started(pid)}\n")
        spare.replace(self.path)

    def running(self) -> int | None:
        """The process id if that very process still runs."""
        try:
            pid, started = self.path.read_text().split()
        except (OSError, ValueError):
            return None
        return int(pid) if _started(int(pid)) == started != "" else None

    def end(self, deadline: Seconds = STOP_SECONDS) -> bool:
        """Ask it to stop, then make it; whether there was one."""
        pid = self.running()
        if pid is None:
            return False
        for how, patience in ((signal.SIGTERM, deadline), (signal.SIGKILL, 2.0)):
            try:
                os.kill(pid, how)
            except ProcessLookupError:
                return True
            end = time.monotonic() + patience
            while time.monotonic() < end:
                if self.running() is None:
                    return True
                time.sleep(0.02)
        return True


def _started(pid: int) -> str:
    """Clock ticks since boot at which the process began; empty when it is gone."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return ""
    return fields[18] if state != "Z" else ""


@dataclass(slots=True)
class Kept:
    """A Python process of ours that is started again whenever it ends."""

    name: str
    module: str
    pid_file: PidFile
    log_file: Path | None
    ready: Callable[[], Awaitable[bool]]
    starts: int = 0
    _process: asyncio.subprocess.Process | None = field(default=None)

    async def keep(self) -> None:
        """Run it until cancelled; then stop it."""
        pause = FIRST_PAUSE
        await asyncio.to_thread(self.pid_file.end)  # left over from a supervisor that was killed
        try:
            while True:
                began = time.monotonic()
                code = await self._run_once()
                pause = FIRST_PAUSE if time.monotonic() - began > STEADY_SECONDS else pause
                log.error("process ended", extra={"which": self.name, "code": code})
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
        finally:
            await self._stop()

    async def _run_once(self) -> int:
        self.starts += 1
        output = self.log_file.open("ab") if self.log_file else None
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", self.module, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL,
                stdout=output, stderr=output,
            )  # fmt: skip
        finally:
            if output:
                output.close()
        self.pid_file.write(self._process.pid)
        return await self._process.wait()

    async def _stop(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
            except TimeoutError:
                self._process.kill()
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
