"""Which process plays a part, kept in a file. Imports nothing that takes time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from ivr.home import ROOT

STOP_SECONDS = 5.0


class PidFile:
    """Which process plays a part; the id alone is not enough, ids come round again."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, module: str, output: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
        """Start `python -m MODULE` in this part; None: it writes where we do."""
        process = subprocess.Popen(
            [sys.executable, "-m", module], cwd=ROOT, stdin=subprocess.DEVNULL,
            stdout=output, stderr=output,
        )  # fmt: skip
        self.write(process.pid)
        return process

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

    def end(self, deadline: float = STOP_SECONDS) -> bool:
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
