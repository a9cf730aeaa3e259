"""Simulated days of a contact centre, told event by event to whoever estimates its waits.

Nothing of the routing engine is in here: arrivals, handling times and patience are drawn before the
day begins, an agent who is free takes the smallest key of the agent's queues. Contacts that leave
stay in line as ghosts: when an agent comes to one, its virtual wait is known, and the agent goes on
to the next at once. So the wait of each contact is what it is or would have been with endless
patience, everybody else unchanged. All times are seconds.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

DAY = 8 * 3600.0
SHAPES = ("calm", "surge", "abandonment", "agents leaving")

Key = tuple[float, int]


@dataclass(frozen=True, slots=True)
class Caller:
    """One contact as drawn; `handle` includes wrap-up."""

    at: float
    queue: int
    credit: float
    handle: float
    patience: float


@dataclass(slots=True)
class Plan:
    """What a centre is like, and what happens to it on the day."""

    agents: list[tuple[int, ...]]
    """The queues of each agent."""
    handle: list[float]
    """Mean handling time by queue, wrap-up included."""
    variation: float
    patience: float
    patience_variation: float
    vips: float
    credit: float
    rate: Callable[[float], float]
    """Arrivals a second, at most `peak`."""
    peak: float
    shares: list[float]
    """Of the arrivals, by queue."""
    shifts: list[tuple[float, int, bool]] = field(default_factory=list)
    """When which agent goes (False) or comes back (True)."""


class Listener(Protocol):
    """Who is told of the day. `i` is the caller's number; waits are told by `truth` at the end."""

    def arrived(self, i: int, caller: Caller, key: Key, line: Line, now: float) -> None: ...
    def asked(self, i: int, caller: Caller, key: Key, line: Line, now: float) -> None: ...
    def started(self, i: int, caller: Caller, now: float) -> None: ...
    def left(self, i: int, caller: Caller, now: float) -> None: ...
    def turned(self, queues: Sequence[int], key: Key | None, now: float) -> None: ...
    def freed(self, queues: Sequence[int], handle: float, now: float) -> None: ...


def plan(shape: str, random: Random) -> Plan:
    """A centre of 3 to 60 agents; every second one has two queues that share some of them."""
    count = round(math.exp(random.uniform(math.log(3), math.log(60))))
    queues = random.choice((1, 2))
    agents = [_membership(queues, random) for _ in range(count)]
    if queues == 2:
        agents[0], agents[1] = (0,), (0, 1)
    handle = [random.uniform(90, 360) for _ in range(queues)]
    shares = [1.0] if queues == 1 else [0.6, 0.4]
    capacity = count / sum(mean * share for mean, share in zip(handle, shares, strict=True))
    load, patience = _LOADS[shape]
    base = capacity * random.uniform(*load)
    made = Plan(
        agents, handle, 1.5, random.uniform(*patience), random.choice((0.7, 1.0, 1.5)),
        random.choice((0.0, 0.1, 0.2)), random.choice((60.0, 90.0, 180.0)),
        lambda now: base, base, shares,
    )  # fmt: skip
    if shape == "surge":
        _surge(made, base, random)
    if shape == "agents leaving":
        _leaving(made, random)
    return made


_LOADS = {
    "calm": ((0.88, 0.98), (600, 1800)),
    "surge": ((0.7, 0.85), (600, 1800)),
    "abandonment": ((1.05, 1.5), (60, 300)),
    "agents leaving": ((0.8, 0.92), (600, 1800)),
}
"""By shape: arrivals in parts of what the agents can serve, and mean patience."""


def _membership(queues: int, random: Random) -> tuple[int, ...]:
    return (0,) if queues == 1 else random.choice(((0,), (0, 1), (0, 1), (1,)))


def _surge(made: Plan, base: float, random: Random) -> None:
    """For 15 to 45 minutes, 1.6 to 3 times as many."""
    begin, span = random.uniform(0.2, 0.6) * DAY, random.uniform(900, 2700)
    made.peak = base * random.uniform(1.6, 3)
    made.rate = lambda now: made.peak if begin <= now < begin + span else base


def _leaving(made: Plan, random: Random) -> None:
    """A fifth to a half goes within ten minutes, and comes back half an hour to 90 minutes later.

    Each finishes the talk first. The first agents of the list stay, so that no queue is deserted.
    """
    begin, away = random.uniform(0.25, 0.6) * DAY, random.uniform(1800, 5400)
    going = list(range(2, len(made.agents)))
    random.shuffle(going)
    for agent in going[: max(1, round(len(made.agents) * random.uniform(0.2, 0.5)))]:
        made.shifts.append((begin + random.uniform(0, 600), agent, False))
        made.shifts.append((begin + away + random.uniform(0, 600), agent, True))


def callers(made: Plan, random: Random) -> list[Caller]:
    """Everybody who calls on the day, by time."""
    found: list[Caller] = []
    now = random.expovariate(made.peak)
    while now < DAY:
        if random.random() * made.peak <= made.rate(now):
            queue = 0 if random.random() < made.shares[0] else 1
            credit = made.credit if random.random() < made.vips else 0.0
            handle = _lognormal(made.handle[queue], made.variation, random)
            patience = _lognormal(made.patience, made.patience_variation, random)
            found.append(Caller(now, queue, credit, handle, patience))
        now += random.expovariate(made.peak)
    return found


def _lognormal(mean: float, variation: float, random: Random) -> float:
    variance = math.log(1 + variation * variation)
    return random.lognormvariate(math.log(mean) - variance / 2, math.sqrt(variance))


ARRIVES, LEAVES, ASKS, FREES, SHIFTS = range(5)


class Line:
    """One day. After `run`, `began` has when each caller was, or would have been, served."""

    def __init__(
        self, made: Plan, calling: Sequence[Caller], listener: Listener, ask_every: float = 60.0
    ) -> None:
        self.plan, self.callers, self.listener = made, calling, listener
        self.ask_every = ask_every
        self.keys: list[list[Key]] = [[] for _ in made.handle]
        """Those who really wait, by queue."""
        self.here = set(range(len(made.agents)))
        """Agents who will take another contact."""
        self.began: dict[int, float] = {}
        self._lines: list[list[Key]] = [[] for _ in made.handle]
        self._gone: set[int] = set()
        self._idle: dict[int, float] = dict.fromkeys(self.here, 0.0)
        self._busy: dict[int, int] = {}
        self._events: list[tuple[float, int, int]] = []

    def run(self) -> None:
        for i, caller in enumerate(self.callers):
            self._events.append((caller.at, ARRIVES, i))
        for at, agent, comes in self.plan.shifts:
            self._events.append((at, SHIFTS, agent if comes else ~agent))
        heapq.heapify(self._events)
        steps = {ARRIVES: self._arrive, LEAVES: self._leave, ASKS: self._ask,
                 FREES: self._free, SHIFTS: self._shift}  # fmt: skip
        while self._events:
            now, kind, number = heapq.heappop(self._events)
            steps[kind](number, now)

    def key(self, i: int) -> Key:
        return (self.callers[i].at - self.callers[i].credit, i)

    def free(self, queue: int) -> int:
        """How many idle agents may serve the queue."""
        return sum(queue in self.plan.agents[agent] for agent in self._idle)

    def _arrive(self, i: int, now: float) -> None:
        caller, key = self.callers[i], self.key(i)
        self.listener.arrived(i, caller, key, self, now)
        idle = [agent for agent in self._idle if caller.queue in self.plan.agents[agent]]
        if idle:
            agent = min(idle, key=lambda one: (self._idle[one], one))
            del self._idle[agent]
            self._begin(agent, i, now)
            return
        insort(self.keys[caller.queue], key)
        heapq.heappush(self._lines[caller.queue], key)
        heapq.heappush(self._events, (now + caller.patience, LEAVES, i))
        heapq.heappush(self._events, (now + self.ask_every, ASKS, i))

    def _leave(self, i: int, now: float) -> None:
        if i not in self.began:
            self._gone.add(i)
            self._unlist(i)
            self.listener.left(i, self.callers[i], now)

    def _ask(self, i: int, now: float) -> None:
        if i not in self.began and i not in self._gone:
            self.listener.asked(i, self.callers[i], self.key(i), self, now)
            heapq.heappush(self._events, (now + self.ask_every, ASKS, i))

    def _free(self, agent: int, now: float) -> None:
        handle = self.callers[self._busy.pop(agent)].handle
        self.listener.freed(self.plan.agents[agent], handle, now)
        if agent in self.here:
            self._take(agent, now)

    def _shift(self, number: int, now: float) -> None:
        if number < 0:
            self.here.discard(~number)
            self._idle.pop(~number, None)
        else:
            self.here.add(number)
            if number not in self._busy:
                self._take(number, now)

    def _take(self, agent: int, now: float) -> None:
        """The agent takes the first in line, passing the ghosts before it."""
        queues = self.plan.agents[agent]
        while lines := [self._lines[queue] for queue in queues if self._lines[queue]]:
            key = heapq.heappop(min(lines))
            if key[1] not in self._gone:
                self.listener.turned(queues, key, now)
                self._unlist(key[1])
                self._begin(agent, key[1], now)
                return
            self.began[key[1]] = now
        self.listener.turned(queues, None, now)
        self._idle[agent] = now

    def _unlist(self, i: int) -> None:
        keys = self.keys[self.callers[i].queue]
        keys.pop(bisect_left(keys, self.key(i)))

    def _begin(self, agent: int, i: int, now: float) -> None:
        self.began[i] = now
        self._busy[agent] = i
        self.listener.started(i, self.callers[i], now)
        heapq.heappush(self._events, (now + self.callers[i].handle, FREES, agent))


def waits(line: Line) -> Iterable[tuple[int, float]]:
    """Every caller with the wait that was, or would have been."""
    return ((i, began - line.callers[i].at) for i, began in line.began.items())
