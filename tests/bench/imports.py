"""`bench imports`: how long a fresh core process imports before it does anything.

That is the part of a start that grows with the code. Each time a new process does it, with compiled
files in place; beside it, in turn, one that imports the libraries alone.
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ivr.home import ROOT
from tests.bench.command import JsonFile, hand_out, run
from tests.bench.machine import machine

CORE = "ivr.__main__"
LIBRARIES = "sqlalchemy, pydantic, cryptography.hazmat.primitives.ciphers.aead, yaml, asyncio, ssl"
WATCH = "import time; began = time.perf_counter(); import {}; print(time.perf_counter() - began)"
MOST_SECONDS = 60.0


def measure(times: int) -> dict[str, Any]:
    """The figures, in seconds; the first two processes only fill the machine's caches."""
    began, head = time.monotonic(), machine()
    pairs = [(_seconds(CORE), _seconds(LIBRARIES)) for _ in range(times + 1)][1:]
    core, libraries = zip(*pairs, strict=True)
    return {
        "n": times,
        "core_seconds": _spread(core),
        "libraries_alone_seconds": _spread(libraries),
        "python_built_for_speed": "--enable-optimizations" in _built_with(),
        "seed": None,  # nothing in it is random
        "duration": round(time.monotonic() - began, 1),
        "machine": head,
        "versions": {"python": platform.python_version()},
    }


def _seconds(modules: str) -> float:
    command = [sys.executable, "-c", WATCH.format(modules)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=MOST_SECONDS
    )
    return float(done.stdout)


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(seconds), 3),
        "min": round(min(seconds), 3),
        "max": round(max(seconds), 3),
    }


def _built_with() -> str:
    return str(sysconfig.get_config_var("CONFIG_ARGS"))


def main(
    json: JsonFile = None,
    times: Annotated[int, typer.Option(min=1, max=200, help="How many processes.")] = 20,
) -> None:
    """How long a fresh core process imports before it does anything."""
    hand_out(measure(times), json)


if __name__ == "__main__":
    run(main)
