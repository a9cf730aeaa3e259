"""`bench calls`: the same SIP load on Hotline and on app_queue, in turn on one machine.

Ten agents who ring for 20 ms, talk for a fixed time and hang up; wrap-up is 0 on both sides. All
figures come from Asterisk's own time stamps, by the same rules for both (see `figures`). app_queue
gets the best of its settings that bear on speed, found in a short trial before. The short talks are
played several times; told is the pair of runs in the middle, and the ratios of all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.phones import Behaviour, Phones
from ivr.settings import Ports, Settings
from tests.bench.app_queue import NUMBER, AppQueue, QueueRules
from tests.bench.command import JsonFile, hand_out, run, say, settings_or_end
from tests.bench.figures import TOLD, Figures, figures, legs
from tests.bench.machine import cpu_seconds, machine, versions
from tests.bench.ours import hotline
from tests.bench.tap import Tap

RINGS = 0.02
CALLS_PER_SECOND = 40.0
TRIAL_CALLERS = 20
LONG_TALK = 180.0
PORTS_ABOVE = 1200
"""The benchmark's installations stand this far above the ports of the one around them."""

RULES = (
    QueueRules(autofill=True, retry=1),
    QueueRules(autofill=True, retry=0),
    QueueRules(autofill=True, retry=1, strategy="leastrecent"),
    QueueRules(autofill=False, retry=1),
)
"""What app_queue is tried with. (It takes `retry=0` for its default of five seconds.)"""


@dataclass(frozen=True, slots=True)
class Plan:
    """One load: how many callers come, how many agents there are, how long they talk."""

    callers: int
    agents: int
    talks: float

    @property
    def names(self) -> list[str]:
        return [f"agent-{n:04d}" for n in range(1001, 1001 + self.agents)]

    @property
    def deadline(self) -> float:
        """Three times what the slowest of good distributors would need, and a minute."""
        return 60 + 3 * self.callers * (self.talks + 1) / self.agents


class Side(Protocol):
    """Whatever distributes the calls of a run."""

    @property
    def sip(self) -> tuple[str, int]: ...

    @property
    def phone_secrets(self) -> Mapping[str, str]: ...

    def tap(self) -> Tap: ...

    def pids(self) -> Mapping[str, Sequence[int]]:
        """The processes that do the work, by what they are."""

    async def phones_ready(self) -> None:
        """Called once the phones are registered: the agents may log in."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one load showed on one side."""

    figures: Figures
    failed: int
    """Callers who did not talk with an agent."""
    seconds: float
    cpu_percent: dict[str, float]

    def plain(self) -> dict[str, Any]:
        return self.figures.plain() | {
            "failed": self.failed,
            "seconds": round(self.seconds, 1),
            "cpu_percent": self.cpu_percent,
        }


async def load(tools: Path, side: Side, plan: Plan, ports: Ports) -> Run:
    """Put the load on a side that is up and has no calls."""
    phones = Phones(tools, side.phone_secrets, Behaviour(RINGS, plan.talks))
    people = [Person(number) for number in fictional_numbers(plan.callers)]
    callers = Callers(tools, people)
    try:
        await phones.start(side.sip, ports.demo, (ports.demo + 10, ports.demo + 60))
        await side.phones_ready()
        async with side.tap() as tap:
            before, began = _cpu(side), time.monotonic()
            await callers.start(side.sip, NUMBER, ports.demo + 2, CALLS_PER_SECOND, plan.deadline)
            await callers.finished(plan.deadline)
            seconds = time.monotonic() - began
            used = {part: _cpu(side)[part] - spent for part, spent in before.items()}
            events = list(tap.events)
    finally:
        await callers.stop()
        await phones.stop()
    found = figures(legs(events, plan.names))
    return Run(
        found,
        plan.callers - found.talks,
        seconds,
        {part: round(100 * spent / seconds, 1) for part, spent in used.items()},
    )


def _cpu(side: Side) -> dict[str, float]:
    return {part: cpu_seconds(pids) for part, pids in side.pids().items()}


Say = Callable[[str], None]


class Bench:
    """One run of the benchmark on this machine."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self._settings = settings
        self._ports = Ports(settings.ports.base + PORTS_ABOVE)
        self._folder = settings.home / "bench"
        self._say = say

    async def app_queue(self, plan: Plan, rules: QueueRules) -> Run:
        folder = self._folder / "app_queue"
        side = AppQueue(self._settings.tools, folder, self._ports, plan.names, rules, TOLD)
        try:
            await side.start()
            return await load(self._settings.tools, side, plan, self._ports)
        finally:
            await side.stop()

    async def ours(self, plan: Plan) -> Run:
        folder = self._folder / "hotline"
        async with hotline(self._settings, folder, self._ports.base, plan.names) as side:
            return await load(self._settings.tools, side, plan, self._ports)

    async def best_rules(self, plan: Plan) -> QueueRules:
        """The settings with which app_queue takes the most calls a second."""
        speeds = {}
        for rules in RULES:
            run = await self.app_queue(replace(plan, callers=TRIAL_CALLERS), rules)
            speeds[rules] = run.figures.calls_per_second
            self._say(f"app_queue tried with {rules}: {speeds[rules]:.2f} calls/s")
        return max(speeds, key=lambda rules: speeds[rules])

    async def compare(self, plan: Plan, rules: QueueRules) -> dict[str, Any]:
        """Both sides under one load, one after the other."""
        self._say(f"{plan.callers} callers, {plan.agents} agents, talks of {plan.talks:g} s")
        rival = await self.app_queue(plan, rules)
        self._say(_line("app_queue", rival))
        ours = await self.ours(plan)
        self._say(_line("Hotline", ours))
        slower = rival.figures.calls_per_second
        ratio = ours.figures.calls_per_second / slower if slower else None
        return {
            "ours": ours.plain(),
            "app_queue": rival.plain() | {"configuration": rules.lines()},
            "ratio_calls_per_second": round(ratio, 2) if ratio else None,
        }


async def calls(
    settings: Settings, say: Say, callers: int = 200, agents: int = 10, scale: float = 30.0,
    times: int = 3,
) -> dict[str, Any]:  # fmt: skip
    """The whole benchmark: talks of 0.5 s, then talks of 180 s divided by `scale`."""
    began = time.monotonic()
    head = {"machine": machine(), "versions": versions(settings.tools)}
    bench, short = Bench(settings, say), Plan(callers, agents, 0.5)
    rules = await bench.best_rules(short)
    pairs = [await bench.compare(short, rules) for _ in range(times)]
    pairs.sort(key=lambda pair: pair["ratio_calls_per_second"] or 0)
    result = pairs[len(pairs) // 2]
    long = await bench.compare(Plan(callers, agents, LONG_TALK / scale), rules)
    return result | {
        "n": callers,
        "times": times,
        "ratios_calls_per_second": [pair["ratio_calls_per_second"] for pair in pairs],
        "agents": agents,
        "talk_seconds": short.talks,
        "long": long | {"talk_seconds": LONG_TALK / scale, "stands_for_seconds": LONG_TALK},
        "seed": None,  # nothing in it is random
        "duration": round(time.monotonic() - began, 1),
        **head,
    }


def _line(name: str, run: Run) -> str:
    plain = run.plain()
    wait = plain["free_to_ring_ms"]
    cpu = ", ".join(f"{part} {percent:.0f} %" for part, percent in run.cpu_percent.items())
    return (
        f"  {name:10} {plain['calls_per_second']:6.2f} calls/s, free to ring {wait['p50']} ms"
        f" (p95 {wait['p95']} ms, n {wait['n']}), failed {run.failed}, processor: {cpu}"
    )


def main(
    json: JsonFile = None,
    callers: Annotated[int, typer.Option(min=1, max=1000, help="How many call.")] = 200,
    agents: Annotated[int, typer.Option(min=1, max=90, help="How many agents there are.")] = 10,
    scale: Annotated[
        float, typer.Option(min=9, help="Talks of 180 s are played this many times shorter.")
    ] = 30.0,
    times: Annotated[int, typer.Option(min=1, max=20, help="How often the short talks.")] = 3,
) -> None:
    """The same SIP load on Hotline and on Asterisk's app_queue, side by side."""
    figures = asyncio.run(calls(settings_or_end(), say, callers, agents, scale, times))
    hand_out(figures, json)


if __name__ == "__main__":
    run(main)
