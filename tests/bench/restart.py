"""`bench restart`: how soon calls are offered again after every Python process was killed.

Five agents talk, twenty callers wait. Each time supervisor, core and web are killed, a talk ends
meanwhile, and all is started again. What counts is the time from the start to the first offer; the
exit status is 1 when it is ever longer than is promised.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.sipp.phones import Behaviour
from tests.bench.command import JsonFile, Limit, end_by, hand_out, run, say, settings_or_end
from tests.bench.machine import machine, versions
from tests.house import House, house

AGENTS, WAITING = 5, 20
MOST_SECONDS = 2.0
LONG = Behaviour(rings=0.2, talks=3600.0)
SHORT = Behaviour(rings=0.2, talks=12.0)


async def measure(tools: Path, times: int) -> dict[str, Any]:
    """The figures; raises when somebody was lost."""
    began, head = time.monotonic(), machine()
    async with house(agents=AGENTS) as here:
        await here.phones(here.agents[1:], LONG)
        await here.callers(AGENTS - 1, deadline=1800)
        await here.until_states(talking=AGENTS - 1)
        await here.phones(here.agents[:1], SHORT)
        await here.callers(1 + WAITING, first=AGENTS - 1, deadline=1800)
        await here.until_states(talking=AGENTS, waiting=WAITING)
        runs = [await _restart(here) for _ in range(times)]
    seconds = [run["seconds"] for run in runs]
    return {
        "n": times,
        "first_offer_seconds": {
            "median": round(statistics.median(seconds), 2), "min": min(seconds), "max": max(seconds)
        },
        "runs": runs,
        "seed": None,  # nothing in it is random
        "duration": round(time.monotonic() - began, 1),
        "machine": head,
        "versions": versions(tools),
    }  # fmt: skip


async def _restart(here: House) -> dict[str, float]:
    """Seconds from the start to the first offer, and the machine's load before it."""
    here.kill_python()
    legs = len(here.channels()) - 2
    await here.until(lambda: asyncio.to_thread(lambda: len(here.channels()) == legs), 30)
    load, began = os.getloadavg()[0], time.time()
    await here.start()
    offers = [record.at - began for record in await here.records("Offered")]
    seconds = round(next(after for after in offers if after > 0), 2)
    say(f"first offer {seconds} s after the start, load {load:.1f}")
    await here.until_states(talking=AGENTS)
    return {"seconds": seconds, "load": round(load, 1)}


def limits(figures: Mapping[str, Any]) -> list[Limit]:
    """The promise, for the slowest of all restarts."""
    slowest = figures["first_offer_seconds"]["max"]
    return [Limit("seconds from the start to the first offer", MOST_SECONDS, slowest)]


def main(
    json: JsonFile = None,
    times: Annotated[int, typer.Option(min=1, max=WAITING, help="How many restarts.")] = 10,
) -> None:
    """How soon calls are offered again after every Python process was killed."""
    figures = asyncio.run(measure(settings_or_end().tools, times))
    hand_out(figures, json)
    end_by(*limits(figures))


if __name__ == "__main__":
    run(main)
