"""What a replayed trace came to: outcomes, waits and service levels by group, work by agent.

A *wait* lasts until the contact is answered or has left; contacts that still wait at the end have
none. The *service level* is the share of all contacts that were answered within the
`service_level_seconds` of the queue they came to. A share of waits (0.95) is the smallest wait that
so many do not exceed. A *promise* (`promise_seconds`) is reachable for a class when it was kept for
`REACHABLE` of it. *Occupancy* is the share of time in which agents talk or wrap up, from the
first arrival to the end of the last piece of work. All times are seconds.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from acd.config import Centre
from acd.match import queue_of
from acd.model import AgentId, Seconds
from acd.simulation import Outcome, Result

REACHABLE = 0.9
"""A promise is reachable under some rules when it is kept for this share of its contacts."""
TINY = 1e-9
"""Less than any share of a contact: products such as 0.95 * 20 are not exact."""


@dataclass(frozen=True, slots=True)
class Group:
    """Contacts that have something in common."""

    outcomes: Mapping[Outcome, int]
    in_time: int
    """Answered within their queue's `service_level_seconds`."""
    waits: Sequence[Seconds]
    """From the shortest to the longest."""
    answered: Sequence[Seconds]
    """Those of them that ended with an answer."""

    @property
    def offered(self) -> int:
        return sum(self.outcomes.values())

    @property
    def service_level(self) -> float | None:
        return self.in_time / self.offered if self.offered else None

    def can_be_promised(self, limit: Seconds) -> bool:
        """Whether these contacts are answered within so long, as a rule."""
        return (self.answered_within(limit) or 0.0) >= REACHABLE - TINY

    @property
    def mean_wait(self) -> Seconds | None:
        return math.fsum(self.waits) / len(self.waits) if self.waits else None

    def wait(self, share: float) -> Seconds | None:
        """The smallest wait that this share of all waits does not exceed."""
        last = max(math.ceil(share * len(self.waits) - TINY), 1) - 1
        return self.waits[last] if self.waits else None

    def answered_within(self, limit: Seconds) -> float | None:
        """The share of all contacts that were answered after no longer a wait."""
        return bisect_right(self.answered, limit) / self.offered if self.offered else None

    def longer_than(self, limit: Seconds) -> float | None:
        """The share of all contacts that waited longer, whatever became of them."""
        return 1 - bisect_right(self.waits, limit) / self.offered if self.offered else None


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
    promised: Mapping[str, Mapping[str, Group]]
    """Of each queue that promises a wait, the classes that have a name."""

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
        _promised(results, centre),
    )


def _promised(results: Sequence[Result], centre: Centre) -> dict[str, dict[str, Group]]:
    promising = sorted(id_ for id_, queue in centre.queues.items() if queue.promise_seconds)
    own = {id_: [r for r in results if r.contact.queue == id_] for id_ in promising}
    named = {id_: [r for r in of_queue if r.contact.class_] for id_, of_queue in own.items()}
    return {
        id_: _groups(of_queue, centre, lambda result: result.contact.class_)
        for id_, of_queue in named.items()
    }


def _groups(
    results: Iterable[Result], centre: Centre, name: Callable[[Result], str]
) -> dict[str, Group]:
    members: dict[str, list[Result]] = {}
    for result in results:
        members.setdefault(name(result), []).append(result)
    return {name: _group(members[name], centre) for name in sorted(members)}


def _group(results: Sequence[Result], centre: Centre) -> Group:
    waits = [wait for result in results if (wait := wait_of(result)) is not None]
    answered = [r.started - r.contact.at for r in results if r.started is not None]
    return Group(
        Counter(result.outcome for result in results),
        sum(_is_in_time(result, centre) for result in results),
        sorted(waits),
        sorted(answered),
    )


def wait_of(result: Result) -> Seconds | None:
    """Until answered or gone; None while still waiting."""
    until = result.ended if result.started is None else result.started
    return None if until is None else until - result.contact.at


def _is_in_time(result: Result, centre: Centre) -> bool:
    limit = queue_of(centre, result.contact.queue).service_level_seconds
    return result.started is not None and result.started - result.contact.at <= limit


def _agents(results: Sequence[Result], centre: Centre) -> dict[AgentId, Worked]:
    work: dict[AgentId, list[tuple[Seconds, Seconds]]] = {id_: [] for id_ in sorted(centre.agents)}
    ends = [result.ended for result in results if result.ended is not None]
    for result in results:
        if result.agent and result.queue and result.started is not None:
            wrap_up = queue_of(centre, result.queue).wrap_up_seconds
            end = result.started + result.contact.handle + wrap_up
            work[result.agent].append((result.started, end))
            ends.append(end)
    span = max(ends) - results[0].contact.at if ends else 0.0
    return {
        agent: Worked(len(times), busy := _busy(times), busy / span if span else 0.0)
        for agent, times in work.items()
    }


def _busy(times: list[tuple[Seconds, Seconds]]) -> Seconds:
    """How long somebody is at work who may have several contacts at once."""
    busy, until = 0.0, -math.inf
    for start, end in sorted(times):
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy
