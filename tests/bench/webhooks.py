"""`bench webhooks`: calls as in `bench calls`, while deliveries flood the web service.

Two runs of one load, the second under a flood of signed and forged deliveries (`webhook_flood`):
told is how long after an agent is free their telephone rings, with and without. The flood runs on
the same machine and takes its share of it. It ends with status 1 when telephones ring too late
under the flood, or when a forged delivery was taken.
"""

from __future__ import annotations

import asyncio
import json as json_module
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer

from ivr.settings import ROOT, Ports, Settings
from tests.bench.calls import PORTS_ABOVE, Plan, load
from tests.bench.command import JsonFile, Limit, end_by, hand_out, run, say, settings_or_end
from tests.bench.machine import machine, versions
from tests.bench.ours import hotline
from tests.channel_hands import KEY, secret

TALK = 0.5
LONGEST = 600.0
"""Seconds that a flood lasts at most."""
FREE_TO_RING_MS = 50.0
"""Within so long the telephones of 95 of 100 agents who are free ring under the flood."""
SITE: Mapping[str, Any] = {"channels": {"bench": {"queue": "bench", "secrets": [secret(KEY)]}}}


async def webhooks(
    settings: Settings, callers: int, agents: int, rate: float, seed: int
) -> dict[str, Any]:
    """The load twice; the figures of both, and what came of the deliveries."""
    began, head = time.monotonic(), {"machine": machine(), "versions": versions(settings.tools)}
    plan, ports = Plan(callers, agents, TALK), Ports(settings.ports.base + PORTS_ABOVE)
    found: dict[str, Any] = {}
    for name, flooded in (("alone", 0.0), ("flooded", rate)):
        folder = settings.home / "bench" / "webhooks"
        async with hotline(settings, folder, ports.base, plan.names, site=SITE) as side:
            answered: dict[str, int] = {}
            async with _flood(ports.web, flooded, seed, answered):
                figures = (await load(settings.tools, side, plan, ports)).plain()
            found[name] = figures | ({"deliveries": answered} if flooded else {})
        say(f"{name}: free to ring {figures['free_to_ring_ms']}, failed {figures['failed']}")
    return found | {
        "n": callers, "agents": agents, "rate_per_second": rate, "seed": seed,
        "duration": round(time.monotonic() - began, 1), **head,
    }  # fmt: skip


@asynccontextmanager
async def _flood(
    port: int, rate: float, seed: int, answered: dict[str, int]
) -> AsyncIterator[None]:
    """The flood runs inside; afterwards `answered` has what came of it."""
    if not rate:
        yield
        return
    words = ("--port", str(port), "--key", KEY.hex(), "--rate", str(rate), "--seed", str(seed),
             "--seconds", str(LONGEST))  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.webhook_flood", *words, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield
    finally:
        process.terminate()
        told, _ = await process.communicate()
        answered |= json_module.loads(told or b"{}")


def limits(figures: Mapping[str, Any]) -> list[Limit]:
    """What is promised of calls under the flood."""
    flooded = figures["flooded"]
    late, taken = flooded["free_to_ring_ms"]["p95"], flooded["deliveries"].get("forged 202", 0)
    return [
        Limit("milliseconds from free to ring under the flood, 95 of 100", FREE_TO_RING_MS,
              float("inf") if late is None else late),
        Limit("forged deliveries that were taken", 0, taken),
    ]  # fmt: skip


def main(
    json: JsonFile = None,
    callers: Annotated[int, typer.Option(min=1, max=1000, help="How many call.")] = 200,
    agents: Annotated[int, typer.Option(min=1, max=90, help="How many agents there are.")] = 10,
    rate: Annotated[float, typer.Option(min=1, help="Deliveries a second.")] = 2000.0,
    seed: Annotated[int, typer.Option(help="Of the deliveries.")] = 6,
) -> None:
    """Calls while deliveries flood the web service: how soon do free agents ring?"""
    figures = asyncio.run(webhooks(settings_or_end(), callers, agents, rate, seed))
    hand_out(figures, json)
    end_by(*limits(figures))


if __name__ == "__main__":
    run(main)
