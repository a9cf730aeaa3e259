"""The core is away while callers keep coming: what Asterisk costs, and how much it writes.

    python -m tests.bench.outage --calls 50 --seconds 600

Callers' telephones take the speech that is sent to them, as real ones do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import time
from pathlib import Path

from adapters.asterisk.instance import Instance
from tests import rig

ARRIVALS_PER_SECOND = 10
TICKS = os.sysconf("SC_CLK_TCK")


async def outage(calls: int, seconds: float, step: float = 10.0) -> dict[str, object]:
    """CPU (share of one core) and log lines a second: on average, and in the worst step."""
    with rig.asterisk(phones=1, fallback=["a1"]) as instance:
        phones = [rig.phone(instance, f"1555{n}", hears=False) for n in range(calls)]
        began, before = time.monotonic(), _measure(instance)
        start, steps = before, []
        for phone in phones:
            await phone.call("4000")
            await asyncio.sleep(1 / ARRIVALS_PER_SECOND)
        while time.monotonic() - began < seconds:
            last, at = before, time.monotonic()
            await asyncio.sleep(step)
            before = _measure(instance)
            steps.append(
                [(b - a) / (time.monotonic() - at) for a, b in zip(last, before, strict=True)]
            )
        took = time.monotonic() - began
        lost = sum(phone.calls[0].ended.is_set() for phone in phones)
        order = await _order(instance)
        for phone in phones:
            await phone.__aexit__()
    cpu, lines = ((b - a) for a, b in zip(start, before, strict=True))
    return {
        "calls": calls, "seconds": round(took), "lost": lost, "waiting_in_order": order,
        "cpu_of_a_core": round(cpu / took, 4), "cpu_worst_step": round(max(s[0] for s in steps), 4),
        "log_lines": int(lines), "log_lines_a_second": round(lines / took, 3),
        "log_lines_worst_step": round(max(s[1] for s in steps), 2),
    }  # fmt: skip


def _measure(instance: Instance) -> tuple[float, float]:
    assert instance.running
    stat = Path(f"/proc/{instance.running.pid}/stat").read_text().rpartition(") ")[2].split()
    lines = len(instance.folders.log.read_bytes().splitlines())
    return (int(stat[11]) + int(stat[12])) / TICKS, float(lines)


async def _order(instance: Instance) -> int:
    """How many wait, each with a key of their own."""
    channels = (
        await asyncio.to_thread(instance.command, "core show channels concise")
    ).splitlines()
    names = [line.split("!")[0] for line in channels if "!acd-wait!" in line]
    async with rig.ami(instance) as ami:
        return len({await ami.get(name, "QENTER") for name in names})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=180)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(outage(args.calls, args.seconds)), indent=1))


if __name__ == "__main__":
    main()
