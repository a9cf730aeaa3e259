"""Python away while callers dial in: `python -m tests.bench.away --minutes 10 --calls 50`.

Kills supervisor, core and web, lets callers dial, measures what Asterisk costs and writes, then
starts again and looks whether everybody is there, in the order in which they came.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Any

from adapters.sipp.callers import Callers
from ivr.settings import load
from tests.bench.machine import cpu_seconds, machine, versions
from tests.house import House, house


async def measure(minutes: float, calls: int) -> dict[str, Any]:
    """The figures; raises when a caller was lost or out of order."""
    async with house(agents=1) as here:
        running = here.asterisk.adopt()
        assert running
        here.kill_python()
        lines, began = count_lines(here), time.monotonic()
        used = cpu_seconds([running.pid])
        callers = await here.callers(calls, rate=5.0, deadline=60 * minutes + 120)
        busiest = await watch(here, began + 60 * minutes)
        seconds = time.monotonic() - began
        used = cpu_seconds([running.pid]) - used
        lines = count_lines(here) - lines
        back = await here.start()
        await here.until_states(waiting=calls)
        in_order = await order_kept(here, callers)
    return {
        "n": calls,
        "seconds": round(seconds, 1),
        "asterisk_cpu_percent_of_a_core": round(100 * used / seconds, 2),
        "log_lines": lines,
        "log_lines_a_second": round(lines / seconds, 3),
        "log_lines_in_the_busiest_second": busiest,
        "seconds_to_ready_again": round(back, 2),
        "all_there_in_order": in_order,
        "machine": machine(),
        "versions": versions(load().tools),
    }


async def watch(here: House, end: float) -> int:
    """Most new log lines within a second until `end`."""
    busiest, before = 0, count_lines(here)
    while time.monotonic() < end:
        await asyncio.sleep(1.0)
        now = count_lines(here)
        busiest, before = max(busiest, now - before), now
    return busiest


def count_lines(here: House) -> int:
    """Lines in Asterisk's log."""
    log = here.asterisk.folders.log
    return log.read_text(errors="replace").count("\n") if log.exists() else 0


async def order_kept(here: House, callers: Callers) -> bool:
    """Whether the line stands as the callers dialled, nobody missing."""
    contacts = (await here.core.ask("contacts"))["contacts"]
    line = sorted(contacts, key=lambda contact: contact["place"])
    entered = [contact["entered_at"] for contact in line]
    answered = sorted(result.answered_at or 0.0 for result in callers.results)
    late = max(abs(a - b) for a, b in zip(entered, answered, strict=True))
    return entered == sorted(entered) and late < 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    figures = asyncio.run(measure(given.minutes, given.calls))
    print(json.dumps(figures, indent=2))
    if given.json:
        given.json.write_text(json.dumps(figures))


if __name__ == "__main__":
    main()
