"""From Asterisk's own events to figures: calls a second, and how soon a freed agent rings again.

The same rules for whatever distributes the calls: only channels, bridges and hang-ups count.
All times are seconds.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.bench.tap import Event, at

NEVER = float("inf")
TOLD = ("FullyBooted", "Newchannel", "BridgeEnter", "Hangup")
"""The events that the figures are made of, and the one that says Asterisk is up."""


@dataclass(slots=True)
class Leg:
    """One channel: a caller's, or a call to an agent's phone."""

    began: float
    bridged: float = NEVER
    ended: float = NEVER


@dataclass(slots=True)
class Legs:
    """All channels of a run: callers', and each agent's in order."""

    callers: list[Leg] = field(default_factory=list)
    agents: dict[str, list[Leg]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run showed."""

    talks: int
    calls_per_second: float
    """Talks, over the time from the first ring to the end of the last talk."""
    free_to_ring: list[float]
    """Agent's leg gone to the next call for the same agent, where somebody was waiting."""

    def plain(self) -> dict[str, Any]:
        milliseconds = [round(value * 1000, 1) for value in self.free_to_ring]
        return {
            "calls_per_second": round(self.calls_per_second, 2),
            "free_to_ring_ms": {
                "p50": percentile(milliseconds, 50),
                "p95": percentile(milliseconds, 95),
                "max": max(milliseconds, default=None),
                "n": len(milliseconds),
            },
            "talks": self.talks,
        }


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that `percent` of all values do not exceed; None of nothing."""
    if not values:
        return None
    rank = -(-len(values) * percent // 100)
    return sorted(values)[max(0, int(rank) - 1)]


def legs(events: Sequence[Event], agents: Collection[str]) -> Legs:
    """The channels in these events, callers' and agents' told apart by the endpoint's name."""
    found = Legs(agents={agent: [] for agent in agents})
    by_id: dict[str, Leg] = {}
    for event in events:
        kind, unique = event["Event"], event.get("Uniqueid", "")
        if kind == "Newchannel" and (owner := _endpoint(event["Channel"])):
            leg = by_id[unique] = Leg(at(event))
            found.agents.get(owner, found.callers).append(leg)
        elif kind == "BridgeEnter" and unique in by_id:
            by_id[unique].bridged = min(by_id[unique].bridged, at(event))
        elif kind == "Hangup" and unique in by_id:
            by_id[unique].ended = at(event)
    return found


def _endpoint(channel: str) -> str:
    """`PJSIP/agent-1001-0000002a` is a channel of `agent-1001`; others than PJSIP do not count."""
    technology, _, rest = channel.partition("/")
    return rest.rpartition("-")[0] if technology == "PJSIP" else ""


def figures(run: Legs) -> Figures:
    """The figures of a run that is over."""
    calls = [leg for agent in run.agents.values() for leg in agent]
    talks = [leg for leg in calls if leg.bridged < NEVER]
    if not talks:
        return Figures(0, 0.0, [])
    span = max(leg.ended for leg in talks) - min(leg.began for leg in calls)
    waits = [
        after.began - before.ended
        for agent in run.agents.values()
        for before, after in pairwise(agent)
        if _somebody_waits(run, calls, before.ended)
    ]
    return Figures(len(talks), len(talks) / span if 0 < span < NEVER else 0.0, waits)


def _somebody_waits(run: Legs, calls: Sequence[Leg], now: float) -> bool:
    """Whether more callers are without an agent than there are phones ringing for them."""
    waiting = sum(leg.began <= now < min(leg.bridged, leg.ended) for leg in run.callers)
    ringing = sum(leg.began <= now < min(leg.bridged, leg.ended) for leg in calls)
    return waiting > ringing
