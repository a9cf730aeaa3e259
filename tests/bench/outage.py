"""Python away while callers dial in: `python -m tests.bench.outage --calls 50 --seconds 600`.

Kills supervisor, core and web, lets callers dial, measures what Asterisk costs and writes, then
starts again and looks whether everybody is there, in the order in which they came. The fallback
phone is set and cannot be reached, so that Asterisk goes on trying it. Beside it stands what as
many callers cost who wait in Asterisk's own app_queue, with the same music and nobody logged in.
The exit status is 1 when one of its limits is passed.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.sipp.callers import Callers, Person, fictional_numbers
from ivr.settings import Ports
from tests.bench.app_queue import NUMBER, AppQueue, QueueRules
from tests.bench.command import JsonFile, Limit, end_by, hand_out, run, settings_or_end
from tests.bench.machine import cpu_seconds, machine, versions
from tests.house import House, house
from tests.ports import free_base

ARRIVALS_PER_SECOND = 10.0
COMPARED: float = 30.0
"""Seconds of callers in app_queue."""
STEP = 1.0
MOST_OF_A_CORE, MOST_LINES = 0.10, 1.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What Asterisk has used up until a moment."""

    at: float
    cpu: float
    lines: int
    """In its log."""

    def since(self, before: Spent) -> tuple[float, float]:
        """Share of one processor, and log lines a second."""
        seconds = self.at - before.at
        return (self.cpu - before.cpu) / seconds, (self.lines - before.lines) / seconds


def spent(here: House) -> Spent:
    running = here.asterisk.adopt()
    assert running, "Asterisk is gone"
    lines = here.asterisk.folders.log.read_bytes().count(b"\n")
    return Spent(time.monotonic(), cpu_seconds([running.pid]), lines)


async def measure(tools: Path, calls: int, seconds: float) -> dict[str, Any]:
    """The figures; raises when a caller was lost."""
    head = machine()
    async with house(agents=1, fallback=True) as here:
        here.kill_python()
        looks = [spent(here)]
        callers = await here.callers(calls, rate=ARRIVALS_PER_SECOND, deadline=seconds + 120)
        while looks[-1].at - looks[0].at < seconds:
            await asyncio.sleep(STEP)
            looks.append(spent(here))
        back = await here.start()
        await here.until_states(waiting=calls)
        in_order = await order_kept(here, callers)
        rival = await in_app_queue(tools, here.asterisk.folders.music, calls)
    cpu, lines = looks[-1].since(looks[0])
    steps = [later.since(look) for look, later in pairwise(looks)]
    return {
        "n": calls,
        "seconds": round(looks[-1].at - looks[0].at, 1),
        "cpu_of_a_core": round(cpu, 4),
        "app_queue_cpu_of_a_core": round(rival, 4),
        "cpu_of_a_core_worst_second": round(max(step[0] for step in steps), 3),
        "log_lines_a_second": round(lines, 3),
        "log_lines_worst_second": round(max(step[1] for step in steps), 1),
        "seconds_to_ready_again": round(back, 2),
        "all_there_in_order": in_order,
        "seed": None,  # nothing in it is random
        "machine": head,
        "versions": versions(tools),
    }


async def in_app_queue(tools: Path, music: Path, calls: int) -> float:
    """The share of a processor that so many callers cost who wait in app_queue."""
    ports = Ports(free_base())
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        rules = QueueRules(autofill=True, retry=1)
        queue = AppQueue(tools, Path(folder), ports, ["nobody"], rules, music=music)
        callers = Callers(tools, [Person(number) for number in fictional_numbers(calls)])
        try:
            await queue.start()
            await callers.start(queue.sip, NUMBER, ports.demo, ARRIVALS_PER_SECOND, 2 * COMPARED)
            await callers.answered()
            pids, began = queue.pids()["asterisk"], time.monotonic()
            before = cpu_seconds(pids)
            await asyncio.sleep(COMPARED)
            return (cpu_seconds(pids) - before) / (time.monotonic() - began)
        finally:
            await callers.stop()
            await queue.stop()


async def order_kept(here: House, callers: Callers) -> bool:
    """Whether the line stands as the callers dialled, nobody missing."""
    contacts = (await here.core.ask("contacts"))["contacts"]
    line = sorted(contacts, key=lambda contact: contact["place"])
    entered = [contact["entered_at"] for contact in line]
    answered = sorted(result.answered_at or 0.0 for result in callers.results)
    late = max(abs(a - b) for a, b in zip(entered, answered, strict=True))
    return entered == sorted(entered) and late < 1.0


def limits(figures: Mapping[str, Any]) -> list[Limit]:
    """The promise."""
    return [
        Limit("Asterisk, of a core", MOST_OF_A_CORE, figures["cpu_of_a_core"]),
        Limit("log lines a second", MOST_LINES, figures["log_lines_a_second"]),
        Limit("lines out of order", 0, int(not figures["all_there_in_order"])),
    ]


def main(
    json: JsonFile = None,
    calls: Annotated[int, typer.Option(min=1, max=500, help="How many dial in.")] = 50,
    seconds: Annotated[float, typer.Option(min=5, help="How long Python is away.")] = 600.0,
) -> None:
    """Python away while callers dial in: what Asterisk costs and writes, and who is there after."""
    figures = asyncio.run(measure(settings_or_end().tools, calls, seconds))
    hand_out(figures, json)
    end_by(*limits(figures))


if __name__ == "__main__":
    run(main)
