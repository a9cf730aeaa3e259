"""How often the estimated range holds the true wait, and how wide it is beside what others say.

    ./hotline bench estimate --runs 8 --seed 2

Simulated days (`waiting_line`) of four shapes, each run another centre, told to `acd.estimate` as
the engine tells it. Every caller who must wait gets a range on arrival, and again each minute. The
truth is the wait, for those who left the one they would have had. A run begins knowing nothing, and
lasts two days. Intervals are 95 %, by resampling whole runs: callers of one day share its luck.

With `--engine` the days are lived through by the routing engine itself (`estimate_house`), and what
the estimates have measured stands beside what is true.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Annotated, Any

import numpy as np
import typer

from acd.config import Centre, Member
from acd.estimate import Estimate, Range
from acd.model import AgentId, ContactId, QueueId
from acd.place import Competition, Demand
from acd.prediction import Standing
from tests.bench import waiting_line
from tests.bench.asks import Ask, coverage, widths
from tests.bench.command import JsonFile, hand_out, run, say
from tests.bench.estimate_house import by_engine
from tests.bench.machine import machine
from tests.bench.waiting_line import DAY, SHAPES, Caller, Key, Line, Plan

HALF_HOUR = 1800.0
NEXT_DAY = 24 * 3600.0
DAYS, PAST_DAYS = 2, 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to caller `i` at `at`, by us and by app_queue."""

    i: int
    at: float
    again: bool
    place: int
    range: Range
    hold_mean: float


class Told:
    """The listener of one centre: tells its estimates, and keeps what they answer.

    Each day's time begins at 0; the estimates are told the time since the first day.
    """

    def __init__(self, made: Plan) -> None:
        self.estimates = [Estimate() for _ in made.handle]
        self.answers: list[Answer] = []
        self.unknown = 0
        self.day = 0
        self._demands = [Demand(QueueId(str(queue))) for queue in range(len(made.handle))]
        self._here: set[int] = set()
        members = [
            Member(AgentId(str(i)), {QueueId(str(queue)): 0.0 for queue in queues})
            for i, queues in enumerate(made.agents)
        ]
        self._queues = [member.queues for member in members]
        self._competition = Competition(Centre({}, {member.id: member for member in members}))
        self._hold_mean = [0.0 for _ in made.handle]

    def arrived(self, i: int, caller: Caller, key: Key, line: Line, now: float) -> None:
        standing = self._standing(caller, key, line, now)
        answer = self.estimates[caller.queue].arrived(
            self._contact(i), self._key(key), caller.credit, standing, self._time(now)
        )
        if standing.place > standing.free:
            self._keep(i, now, False, standing, answer, caller)

    def asked(self, i: int, caller: Caller, key: Key, line: Line, now: float) -> None:
        standing = self._standing(caller, key, line, now)
        answer = self.estimates[caller.queue].range(standing)
        self._keep(i, now, True, standing, answer, caller)

    def started(self, i: int, caller: Caller, now: float) -> None:
        """Also moves the mean that app_queue announces: a quarter new, three quarters old."""
        self.estimates[caller.queue].started(self._contact(i), self._time(now))
        mean = self._hold_mean[caller.queue]
        self._hold_mean[caller.queue] = 0.75 * mean + 0.25 * (now - caller.at)

    def left(self, i: int, caller: Caller, now: float) -> None:
        self.estimates[caller.queue].abandoned(self._contact(i), self._time(now))

    def turned(self, queues: Sequence[int], key: Key | None, now: float) -> None:
        for queue in queues:
            self.estimates[queue].passed(key and self._key(key), self._time(now))

    def freed(self, queues: Sequence[int], handle: float, now: float) -> None:
        for queue in queues:
            self.estimates[queue].served(handle, self._time(now))

    def _time(self, now: float) -> float:
        return now + self.day * NEXT_DAY

    def _key(self, key: Key) -> Key:
        return (self._time(key[0]), key[1])

    def _contact(self, i: int) -> ContactId:
        return ContactId(f"{self.day}.{i}")

    def _standing(self, caller: Caller, key: Key, line: Line, now: float) -> Standing:
        if self._here != line.here:
            for agent in line.here - self._here:
                self._competition.comes(AgentId(str(agent)), self._queues[agent])
            for agent in self._here - line.here:
                self._competition.goes(AgentId(str(agent)), self._queues[agent])
            self._here = set(line.here)
        demand = self._demands[caller.queue]
        waiting = dict(zip(self._demands, line.keys, strict=True))
        return self._competition.standing(demand, key, waiting, line.free(caller.queue), now)

    def _keep(
        self, i: int, now: float, again: bool, standing: Standing, answer: Range | None, who: Caller
    ) -> None:
        if answer is None:
            self.unknown += 1
            return
        hold_mean = max(0.0, self._hold_mean[who.queue] - (now - who.at))
        self.answers.append(Answer(i, now, again, standing.place, answer, hold_mean))


def centre(shape: str, number: int, seed: int) -> tuple[list[Ask], int]:
    """One run: last week for the averages, then the days. Also: how often "unknown"."""
    made = waiting_line.plan(shape, Random(f"{seed} {shape} {number}"))
    averages = _half_hours(made, f"{seed} {shape} {number} before")
    told = Told(made)
    asks: list[Ask] = []
    for told.day in range(DAYS):
        calling = waiting_line.callers(made, Random(f"{seed} {shape} {number} {told.day}"))
        line = Line(made, calling, told)
        line.run()
        for said in told.answers:
            caller = calling[said.i]
            average = averages.get((caller.queue, int(said.at // HALF_HOUR)), 0.0)
            asks.append(Ask(
                shape, number, told.day, said.again, caller.credit, said.place, said.at,
                said.range, line.began[said.i] - said.at, said.hold_mean,
                max(0.0, average - (said.at - caller.at)),
            ))  # fmt: skip
        told.answers.clear()
    return asks, told.unknown


class Silent:
    """A listener for days whose waits alone count."""

    def arrived(self, i: int, caller: Caller, key: Key, line: Line, now: float) -> None: ...
    def asked(self, i: int, caller: Caller, key: Key, line: Line, now: float) -> None: ...
    def started(self, i: int, caller: Caller, now: float) -> None: ...
    def left(self, i: int, caller: Caller, now: float) -> None: ...
    def turned(self, queues: Sequence[int], key: Key | None, now: float) -> None: ...
    def freed(self, queues: Sequence[int], handle: float, now: float) -> None: ...


def _half_hours(made: Plan, seed: str) -> dict[tuple[int, int], float]:
    """Mean wait of those who had to wait, by queue and half-hour, over the days of last week."""
    found: dict[tuple[int, int], list[float]] = {}
    for past in range(PAST_DAYS):
        calling = waiting_line.callers(made, Random(f"{seed} {past}"))
        line = Line(made, calling, Silent(), ask_every=2 * DAY)
        line.run()
        for i, wait in waiting_line.waits(line):
            if wait > 0:
                half_hour = (calling[i].queue, int(calling[i].at // HALF_HOUR))
                found.setdefault(half_hour, []).append(wait)
    return {half_hour: sum(values) / len(values) for half_hour, values in found.items()}


# ---------------------------------------------------------------- figures


Which = Callable[[Ask], bool]

PARTS: Mapping[str, Which] = {
    "first hour": lambda ask: not ask.again and ask.day == 0 and ask.at < 3600,
    "first day": lambda ask: not ask.again and ask.day == 0,
    "second day": lambda ask: not ask.again and ask.day == 1,
    "with a credit": lambda ask: not ask.again and ask.credit > 0,
    "place 1": lambda ask: not ask.again and ask.place == 1,
    "place 2 to 7": lambda ask: not ask.again and 2 <= ask.place <= 7,
    "place 8 to 31": lambda ask: not ask.again and 8 <= ask.place <= 31,
    "place 32 and more": lambda ask: not ask.again and ask.place >= 32,
    "asked again": lambda ask: ask.again,
}


def figures(asks: Sequence[Ask], unknown: int, seed: int) -> dict[str, Any]:
    """Everything that is reported of these asks."""
    first = [ask for ask in asks if not ask.again]
    by_shape = {}
    for shape in SHAPES:
        here = [ask for ask in first if ask.shape == shape]
        again = [ask for ask in asks if ask.again and ask.shape == shape]
        by_shape[shape] = coverage(here, seed) | widths(here) | {
            "asked_again": coverage(again, seed)
        }  # fmt: skip
    return {
        "overall": coverage(first, seed) | widths(first),
        "below": round(float(np.mean([ask.wait < ask.range.low for ask in first])), 4),
        "above": round(float(np.mean([ask.wait > ask.range.high for ask in first])), 4),
        "shapes": by_shape,
        "parts": {name: coverage([ask for ask in asks if which(ask)], seed)
                  for name, which in PARTS.items()},
        "unknown": unknown,
    }  # fmt: skip


def main(
    runs: Annotated[int, typer.Option(help="Centres of each shape.")] = 8,
    seed: Annotated[int, typer.Option(help="Other days for another seed.")] = 2,
    json: JsonFile = None,
    engine: Annotated[bool, typer.Option("--engine", help="Let the engine live the days.")] = False,
) -> None:
    """Share of true waits inside the estimated 80 % range, by shape of the day."""
    began, load = time.monotonic(), machine()
    found = by_engine(runs, seed) if engine else by_line(runs, seed)
    taken = {
        "seed": seed,
        "duration_seconds": round(time.monotonic() - began, 1),
        "versions": {"python": platform.python_version()},
        "machine": load,
    }
    hand_out(found | taken, json)


def by_line(runs: int, seed: int) -> dict[str, Any]:
    """The figures of estimates that are told by a line of their own."""
    asks: list[Ask] = []
    unknown = 0
    for shape in SHAPES:
        for number in range(runs):
            found, silent = centre(shape, number, seed)
            asks += found
            unknown += silent
        say(f"{shape}: {sum(ask.shape == shape for ask in asks)} ranges")
    return figures(asks, unknown, seed)


if __name__ == "__main__":
    run(main)
