"""What a replayed trace came to: outcomes, waits and service levels by group, work by agent.

A *wait* lasts until the contact is answered or has left; contacts that still wait at the end have
none. The *service level* is the share of all contacts that were answered within the
`service_level_seconds` of the queue they came to. A share of waits (0.95) is the smallest wait that
so many do not exceed. *Occupancy* is the share of time in which agents talk or wrap up, from the
first arrival to the end of the last piece of work. All times are seconds.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from acd.config import Centre
from acd.match import queue_of
from acd.model import AgentId, Seconds
from acd.simulation import Outcome, Result


@dataclass(frozen=True, slots=True)
class Group:
    """Contacts that have something in common."""

    outcomes: Mapping[Outcome, int]
    in_time: int
    """Answered within their queue's `service_level_seconds`."""
    waits: Sequence[Seconds]
    """From the shortest to the longest."""

    @property
    def offered(self) -> int:
        return sum(self.outcomes.values())

    @property
    def service_level(self) -> float | None:
        return self.in_time / self.offered if self.offered else None

    @property
    def mean_wait(self) -> Seconds | None:
        return math.fsum(self.waits) / len(self.waits) if self.waits else None

    def wait(self, share: float) -> Seconds | None:
        """The smallest wait that this share of all waits does not exceed."""
        last = max(math.ceil(share * len(self.waits)), 1) - 1
        return self.waits[last] if self.waits else None


@dataclass(frozen=True, slots=True)
class Worked:
    """What an agent did."""

    contacts: int
    seconds: Seconds
    """Talking or in wrap-up."""
    occupancy: float


@dataclass(frozen=True, slots=True)
class Summary:
    """A replayed trace as a whole and in parts. Contacts of no class are under the empty name."""

    total: Group
    queues: Mapping[str, Group]
    classes: Mapping[str, Group]
    agents: Mapping[AgentId, Worked]

    @property
    def occupancy(self) -> float | None:
        """Of all agents together."""
        shares = [worked.occupancy for worked in self.agents.values()]
        return math.fsum(shares) / len(shares) if shares else None


def summary(results: Sequence[Result], centre: Centre) -> Summary:
    """All figures of one run under these rules."""
    return Summary(
        _group(results, centre),
        _groups(results, centre, lambda result: result.contact.queue),
        _groups(results, centre, lambda result: result.contact.class_),
        _agents(results, centre),
    )


def _groups(
    results: Iterable[Result], centre: Centre, name: Callable[[Result], str]
) -> dict[str, Group]:
    members: dict[str, list[Result]] = {}
    for result in results:
        members.setdefault(name(result), []).append(result)
    return {name: _group(members[name], centre) for name in sorted(members)}


def _group(results: Sequence[Result], centre: Centre) -> Group:
    waits = [wait for result in results if (wait := wait_of(result)) is not None]
    return Group(
        Counter(result.outcome for result in results),
        sum(_is_in_time(result, centre) for result in results),
        sorted(waits),
    )


def wait_of(result: Result) -> Seconds | None:
    """Until answered or gone; None while still waiting."""
    until = result.ended if result.started is None else result.started
    return None if until is None else until - result.contact.at


def _is_in_time(result: Result, centre: Centre) -> bool:
    if result.outcome is not Outcome.SERVED or result.started is None:
        return False
    limit = queue_of(centre, result.contact.queue).service_level_seconds
    return result.started - result.contact.at <= limit


def _agents(results: Sequence[Result], centre: Centre) -> dict[AgentId, Worked]:
    work: dict[AgentId, list[Seconds]] = {agent: [] for agent in sorted(centre.agents)}
    ends = [result.ended for result in results if result.ended is not None]
    for result in results:
        if result.agent and result.queue and result.started is not None:
            wrap_up = queue_of(centre, result.queue).wrap_up_seconds
            seconds = result.contact.handle + wrap_up
            work[result.agent].append(seconds)
            ends.append(result.started + seconds)
    span = max(ends) - results[0].contact.at if ends else 0.0
    return {
        agent: Worked(len(times), seconds := math.fsum(times), seconds / span if span else 0.0)
        for agent, times in work.items()
    }
