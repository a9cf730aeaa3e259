"""`bench calls`: the same SIP load on Hotline and on app_queue, one machine, one run.

Ten agents who ring for 20 ms, talk for a fixed time and hang up; wrap-up is 0 on both sides. All
figures come from Asterisk's own time stamps, by the same rules for both (see `figures`). app_queue
gets the best of its settings that bear on speed, found in a short trial before.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.phones import Behaviour, Phones
from ivr.settings import Ports, Settings
from tests.bench.app_queue import NUMBER, AppQueue, QueueRules
from tests.bench.figures import Figures, figures, legs
from tests.bench.machine import cpu_seconds, machine, versions
from tests.bench.tap import Tap

RINGS = 0.02
CALLS_PER_SECOND = 40.0
TRIAL_CALLERS = 40


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
    """Callers who were not answered, or not let go after their talk."""
    seconds: float
    cpu_percent: dict[str, float]

    def plain(self) -> dict[str, Any]:
        return self.figures.plain() | {
            "failed": self.failed,
            "seconds": round(self.seconds, 1),
            "cpu_percent": self.cpu_percent,
        }


async def load(tools: Settings, side: Side, plan: Plan, ports: Ports) -> Run:
    """Put the load on a side that is up and has no calls."""
    phones = Phones(tools.tools, side.phone_secrets, Behaviour(RINGS, plan.talks))
    people = [Person(number) for number in fictional_numbers(plan.callers)]
    callers = Callers(tools.tools, people)
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
    return Run(
        figures(legs(events, plan.names)),
        sum(result.answered_at is None or result.released_at is None for result in callers.results),
        seconds,
        {part: round(100 * spent / seconds, 1) for part, spent in used.items()},
    )


def _cpu(side: Side) -> dict[str, float]:
    return {part: cpu_seconds(pids) for part, pids in side.pids().items()}
