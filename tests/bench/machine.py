"""What every figure needs beside it: the machine, the versions, and who used the processor."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """The machine as far as it bears on speed; no name of it."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu[1] if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": int(memory[1]) // 1024 if memory else None,
        "kernel": platform.release(),
        "load_at_start": os.getloadavg()[0],
    }


def versions(tools: Path) -> dict[str, str]:
    """Of Python, Asterisk and SIPp."""
    return {
        "python": platform.python_version(),
        "asterisk": _first(r"Asterisk (\S+)", tools / "bin" / "asterisk", "-V"),
        "sipp": _first(r"SIPp (v\S+)", tools / "bin" / "sipp", "-v"),
    }


def _first(pattern: str, program: Path, option: str) -> str:
    run = subprocess.run(
        [program, option], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=10
    )
    found = re.search(pattern, run.stdout + run.stderr)
    return found[1].rstrip(".,") if found else "unknown"


def cpu_seconds(pids: Collection[int]) -> float:
    """Processor time that these processes have used; those that are gone count nothing."""
    total = 0.0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total
