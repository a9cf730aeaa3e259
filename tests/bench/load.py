"""`bench load`: many calls at once in menu and queue. How quickly is each answered, does any fail?

Nobody serves them: the callers go through the real first flow (greeting, menu, both silent) into
the queue, hear music there, and hang up when all of them wait together. Set-up is what the caller
notices: from dialling to the answer, by SIPp's clock.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated, Any

import typer
import yaml

from adapters.control.client import CoreClient
from adapters.sipp.callers import Callers, Person, fictional_numbers
from ivr.settings import ROOT, Settings
from tests.bench.app_queue import NUMBER
from tests.bench.calls import PORTS_ABOVE
from tests.bench.command import JsonFile, hand_out, run, say, settings_or_end
from tests.bench.figures import percentile
from tests.bench.machine import cpu_seconds, machine, versions
from tests.bench.ours import Ours, hotline

STAY_SECONDS = 20.0
"""How long all of them are up together at least."""
QUEUE_DEADLINE = 120.0


async def load(settings: Settings, calls: int, rate: float) -> dict[str, Any]:
    """`calls` at once, dialled `rate` a second."""
    flow = yaml.safe_load((ROOT / "ivr" / "flows" / "main.yaml").read_text(encoding="utf-8"))
    began, head = time.monotonic(), {"machine": machine(), "versions": versions(settings.tools)}
    base = settings.ports.base + PORTS_ABOVE
    async with hotline(
        settings, settings.home / "bench" / "load", base, ["agent-1001"], flow
    ) as at:
        people = [Person(number) for number in fictional_numbers(calls)]
        callers = Callers(settings.tools, people)
        try:
            figures = await _together(at, callers, calls, rate)
        finally:
            await callers.stop()
    return figures | {
        "n": calls,
        "rate_per_second": rate,
        "seed": None,  # nothing in it is random
        "duration": round(time.monotonic() - began, 1),
        **head,
    }


async def _together(at: Ours, callers: Callers, calls: int, rate: float) -> dict[str, Any]:
    ports = at.settings.ports
    before, began = _cpu(at), time.monotonic()
    await callers.start(at.sip, NUMBER, ports.demo, rate, deadline=QUEUE_DEADLINE * 3)
    await callers.answered(seconds=calls / rate + 30)
    say(f"{calls} calls are up after {time.monotonic() - began:.1f} s")
    waiting = await _all_wait(at, calls)
    say(f"{waiting} wait in the queue after {time.monotonic() - began:.1f} s")
    await asyncio.sleep(STAY_SECONDS)
    seconds = time.monotonic() - began
    used = {part: _cpu(at)[part] - spent for part, spent in before.items()}
    still_there = sum(result.released_at is None for result in callers.results)
    status = await callers.leave(seconds=30)
    return {
        "failed": calls - min(waiting, still_there),
        "waiting_together": waiting,
        "callers_content": status == 0,
        "set_up_ms": _milliseconds([r.set_up for r in callers.results if r.set_up is not None]),
        "cpu_percent": {part: round(100 * spent / seconds, 1) for part, spent in used.items()},
    }


async def _all_wait(at: Ours, calls: int) -> int:
    """Until all wait in the queue, or it takes too long; how many do."""
    core, end = CoreClient(at.settings.core_socket), time.monotonic() + QUEUE_DEADLINE
    while True:
        contacts = (await core.ask("status"))["contacts"]
        waiting = int(contacts["waiting"])
        if waiting >= calls or time.monotonic() > end:
            return waiting
        await asyncio.sleep(0.5)


def _milliseconds(seconds: Sequence[float]) -> dict[str, float | None]:
    values = [round(value * 1000, 1) for value in seconds]
    return {f"p{p}": percentile(values, p) for p in (50, 95, 99)} | {
        "max": max(values, default=None)
    }


def _cpu(at: Ours) -> dict[str, float]:
    return {part: cpu_seconds(pids) for part, pids in at.pids().items()}


def main(
    json: JsonFile = None,
    calls: Annotated[int, typer.Option(min=1, max=1000, help="How many at once.")] = 200,
    rate: Annotated[float, typer.Option(min=0.1, help="How many dial in a second.")] = 20.0,
) -> None:
    """Many calls at once in menu and queue: set-up times and failures."""
    figures = asyncio.run(load(settings_or_end(), calls, rate))
    hand_out(figures, json)
    raise typer.Exit(1 if figures["failed"] else 0)


if __name__ == "__main__":
    run(main)
