"""A house that is called ten times as often as ever for a minute, lived through by the engine.

Callers come at random, as often as keeps the agents at `load`; in the minute of the burst so many
`times` as often. Talks and patience are exponential. Some callers are of the class `vip`: it has a
head start, and an answer within 20 s is promised to it. Rules send callers on whose wait would be a
minute, and everybody who finds `longest` others in line. All times are seconds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from acd.config import Centre, Class, Condition, Member, OverflowRule, Queue
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId, Seconds
from acd.simulation import Result, Simulation, Traced
from acd.summary import REACHABLE, Group, summary

QUEUE = QueueId("support")
VIP, STANDARD = "vip", "standard"
PROMISE: Seconds = 20.0
CREDIT: Seconds = 90.0
LONGEST_WAIT: Seconds = 60.0
BURST: Seconds = 60.0
LEARNING: Seconds = 600.0
"""At most so long nothing is as usual yet: at the beginning nobody is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One house, and how it is called."""

    agents: int = 50
    load: float = 0.75
    """Share of their time in which agents talk or wrap up when all is as usual."""
    vips: float = 0.1
    """Share of the callers."""
    times: float = 10.0
    talk: Seconds = 180.0
    wrap_up: Seconds = 10.0
    patience: Seconds | None = 180.0
    """None: nobody gives up."""
    before: Seconds = 1500.0
    talks: tuple[Seconds, ...] = ()
    """Talks are one of these; none: exponential, `talk` in the mean."""
    rules: tuple[OverflowRule, ...] = ()
    """Who is sent on; none: as above."""

    @property
    def handling(self) -> Seconds:
        return self.talk + self.wrap_up

    @property
    def rate(self) -> float:
        """Calls a second when all is as usual."""
        return self.load * self.agents / self.handling

    @property
    def learned(self) -> Seconds:
        """From when on it is looked at what is usual."""
        return min(LEARNING, self.before / 2)

    @property
    def longest(self) -> int:
        """So many may wait at once, and no more."""
        return max(4, round(0.8 * self.agents))

    @property
    def over(self) -> Seconds:
        """When the burst is over."""
        return self.before + BURST

    @property
    def normal(self) -> Seconds:
        """From when on all is to be as before."""
        return self.over + 2 * self.handling

    @property
    def end(self) -> Seconds:
        return self.normal + 2 * self.handling


def centre(plan: Plan, reserve: int) -> Centre:
    """The rules of the house, with so many agents kept back for the class."""
    rules = plan.rules or (
        OverflowRule(Condition(predicted_wait=LONGEST_WAIT), "callback"),
        OverflowRule(Condition(length=plan.longest), "callback"),
    )
    queue = Queue(
        QUEUE, wrap_up_seconds=plan.wrap_up, promise_seconds=PROMISE,
        service_level_seconds=PROMISE, overflow=rules,
    )  # fmt: skip
    agents = [AgentId(f"{number:04}") for number in range(plan.agents)]
    classes = {STANDARD: Class(), VIP: Class(credit=CREDIT, reserve=reserve)}
    return Centre({QUEUE: queue}, {id_: Member(id_, {QUEUE: 0.0}) for id_ in agents}, classes)


def callers(plan: Plan, random: Random) -> Iterator[Traced]:
    """Everybody who calls, in order."""
    at = random.expovariate(plan.rate * plan.times)
    while at < plan.end:
        if plan.before <= at < plan.over or random.random() * plan.times < 1:
            yield Traced(
                ContactId(f"at {at}"), at, QUEUE,
                random.choice(plan.talks) if plan.talks else random.expovariate(1 / plan.talk),
                random.expovariate(1 / plan.patience) if plan.patience else None,
                class_=VIP if random.random() < plan.vips else STANDARD,
            )  # fmt: skip
        at += random.expovariate(plan.rate * plan.times)


def lived(plan: Plan, reserve: int, seed: str) -> list[Result]:
    """One such day, by the routing engine itself."""
    return Simulation(Engine(centre(plan, reserve))).run(callers(plan, Random(seed)))


def days(plan: Plan, reserve: int, seed: str, runs: int) -> list[list[Result]]:
    """So many of them, each with other callers."""
    return [lived(plan, reserve, f"{seed}/{run}") for run in range(runs)]


def between(plan: Plan, found: Sequence[Sequence[Result]], reserve: int,
            since: Seconds, until: Seconds) -> dict[str, Group]:  # fmt: skip
    """The classes of who called within these times on all days, counted as `simulate` does."""
    called = [r for day in found for r in day if since <= r.contact.at < until]
    return dict(summary(called, centre(plan, reserve)).classes) if called else {}


def surely(plan: Plan, found: Sequence[Sequence[Result]]) -> float:
    """The share of the class in the burst that was answered as promised, less two standard errors.
    The callers of one day share its luck: days count, not callers."""
    counts = [Counter(_is_kept(r) for r in day if _is_meant(plan, r)) for day in found]
    n = sum(map(Counter.total, counts))
    share = sum(count[True] for count in counts) / max(n, 1)
    error = math.sqrt(sum((count[True] - share * count.total()) ** 2 for count in counts))
    return share - 2 * error / max(n, 1)


def _is_meant(plan: Plan, result: Result) -> bool:
    return result.contact.class_ == VIP and plan.before <= result.contact.at < plan.over


def _is_kept(result: Result) -> bool:
    return result.started is not None and result.started - result.contact.at <= PROMISE


def least_reserve(plan: Plan, seed: str, runs: int) -> int | None:
    """The smallest reserve with which the promise is surely reachable; None: with none."""

    def reaches(reserve: int) -> bool:
        return surely(plan, days(plan, reserve, seed, runs)) >= REACHABLE

    low, high = 0, plan.agents - 1
    if reaches(low):
        return low
    if not reaches(high):
        return None
    while high - low > 1:  # not with `low`, but with `high`
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(middle) else (middle, high)
    return high
