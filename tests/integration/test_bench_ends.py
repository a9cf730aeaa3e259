"""A benchmark that is killed leaves nothing running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.cli.pid_file import PidFile
from ivr.settings import ROOT, environment_with, load
from tests.ports import free_base

BENCHMARK = """
import asyncio, sys
from pathlib import Path
from ivr.settings import load
from tests.bench.app_queue import AppQueue, QueueRules

async def main():
    at = load()
    side = AppQueue(at.tools, Path(sys.argv[1]), at.ports, ["agent-1001"], QueueRules(True, 1))
    await side.start()
    print(*side.pids()["asterisk"], flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.asterisk
def test_a_killed_benchmark_takes_its_app_queue_with_it(tmp_path: Path) -> None:
    if not (load().tools / "bin" / "asterisk").exists():
        pytest.skip(f"no Asterisk in {load().tools}: run ./hotline setup")
    words = [sys.executable, "-c", BENCHMARK, str(tmp_path / "app_queue")]
    asterisk = PidFile(tmp_path / "asterisk.pid")
    ports = environment_with({"HOTLINE_PORT_BASE": str(free_base())})
    with subprocess.Popen(
        words, cwd=ROOT, env=ports, stdout=subprocess.PIPE, text=True
    ) as benchmark:
        assert benchmark.stdout
        asterisk.write(int(benchmark.stdout.readline()))
        assert asterisk.running()
        benchmark.kill()
    deadline = time.monotonic() + 10
    while asterisk.running():
        assert time.monotonic() < deadline, "app_queue's Asterisk lives on"
        time.sleep(0.02)
