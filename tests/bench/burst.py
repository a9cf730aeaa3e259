"""`bench burst`: ten times the calls for a minute, in the simulation and on a real Asterisk.

    ./hotline bench burst --runs 60 --seed 6

By simulation (`burst_days`), on the routing engine of the service: the smallest reserve with which
the class `vip` can be promised an answer within 20 s, what that comes to on other days, and beside
it the same days without a reserve. Where no reserve would do, that is said. Then real calls
(`burst_calls`): a small house under such a burst. Status 1 when a limit is passed.
"""

from __future__ import annotations

import asyncio
import platform
import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from tests.bench import burst_calls, burst_days
from tests.bench.burst_calls import by_calls
from tests.bench.burst_days import SEARCHED
from tests.bench.burst_house import Plan
from tests.bench.command import JsonFile, Limit, end_by, hand_out, run, settings_or_end
from tests.bench.machine import machine, versions


class Only(StrEnum):
    """One of the two parts."""

    SIMULATION = "simulation"
    CALLS = "calls"


def main(
    json: JsonFile = None,
    runs: Annotated[int, typer.Option(min=2, max=10_000, help="Simulated days.")] = 60,
    agents: Annotated[int, typer.Option(min=4, max=1000, help="Agents of these days.")] = 50,
    phones: Annotated[
        int, typer.Option(min=4, max=24, help="Agents who have real calls, in fours.")
    ] = 20,
    seed: Annotated[int, typer.Option(help="Of everything that is random.")] = 6,
    only: Annotated[Only | None, typer.Option(help="Leave the other part out.")] = None,
) -> None:
    """Ten times the calls for a minute: is what was promised kept, and how soon is it over?"""
    began, head = time.monotonic(), {"machine": machine()}
    kept: list[Limit] = []
    figures: dict[str, Any] = {"n": runs, "seed": seed}
    if only is not Only.CALLS:
        plan = Plan(agents)
        figures["simulation"] = found = burst_days.by_simulation(plan, runs, seed)
        figures["too_many"] = burst_days.too_many(plan, runs, seed)
        kept += burst_days.limits(plan, found)
        head["versions"] = {"python": platform.python_version()}
    if only is not Only.SIMULATION:
        head["versions"] = versions(settings_or_end().tools)
        figures["calls"] = found = asyncio.run(by_calls(phones, min(runs, SEARCHED), seed))
        kept += burst_calls.limits(found, found["handling_seconds"])
    hand_out(figures | {"duration": round(time.monotonic() - began, 1)} | head, json)
    end_by(*kept)


if __name__ == "__main__":
    run(main)
