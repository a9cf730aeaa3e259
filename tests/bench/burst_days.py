"""The burst by simulation: which reserve keeps the promise, and what becomes of the others.

The reserve is looked for on some days and judged on others. A second house has far more of the
class than anybody could serve: there it is to be said that the promise is not reachable.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from acd.simulation import Outcome, Result
from acd.summary import Group
from adapters.cli.replay_report import promise_words
from tests.bench.burst_figures import (
    lengths,
    most,
    or_never,
    rounded,
    seconds_until,
    usual,
    waits_of,
)
from tests.bench.burst_house import (
    PROMISE,
    VIP,
    Plan,
    between,
    days,
    least_reserve,
)
from tests.bench.command import Limit, say
from tests.bench.figures import percentile

SEARCHED = 40
"""Days on which a reserve is looked for."""
TOO_MANY = 0.6
"""Such a share of callers of the class cannot be served in a burst, whatever is kept back."""
DROP = 0.05
"""So much less of all may be answered in time afterwards than before: chance alone."""


def by_simulation(plan: Plan, runs: int, seed: int) -> dict[str, Any]:
    """The figures of a house with the reserve that it needs, and beside them those without one."""
    reserve = least_reserve(plan, f"{seed}/search", min(runs, SEARCHED))
    found: dict[str, Any] = {"reserve": reserve, "house": _house(plan)}
    if reserve is None:
        found["in_vain"] = _in_vain(plan, runs, seed)
    kept = reserve or 0
    found |= _judged(plan, kept, days(plan, kept, f"{seed}/judge", runs))
    say(f"reserve {kept}: {found['says']}")
    if kept:
        found["without_reserve"] = _judged(plan, 0, days(plan, 0, f"{seed}/judge", runs))
        say(f"no reserve: {found['without_reserve']['says']}")
    return found


def too_many(plan: Plan, runs: int, seed: int) -> dict[str, Any]:
    """A house with far more of the class than can be served: what is said there."""
    plan = replace(plan, vips=TOO_MANY)
    reserve = least_reserve(plan, f"{seed}/too many", min(runs, SEARCHED))
    return {"vips": plan.vips, "reserve": reserve, **_in_vain(plan, min(runs, SEARCHED), seed)}


def _in_vain(plan: Plan, runs: int, seed: int) -> dict[str, Any]:
    """What comes of it when all agents but one are kept back."""
    reserve = plan.agents - 1
    found = days(plan, reserve, f"{seed}/in vain", runs)
    of_burst = between(plan, found, reserve, plan.before, plan.over)[VIP]
    says = promise_words(VIP, of_burst, PROMISE)
    say(f"{plan.vips:.0%} of the callers are of the class, reserve {reserve}: {says}")
    return {"tried_up_to": reserve, "says": says, **_of(of_burst)}


def _judged(plan: Plan, reserve: int, found: Sequence[Sequence[Result]]) -> dict[str, Any]:
    of_burst = between(plan, found, reserve, plan.before, plan.over)
    lines = [lengths(waits_of(day)) for day in found]
    back = [
        seconds_until(line, usual(line, plan.learned, plan.before), plan.over) for line in lines
    ]
    sent = [r.ended - r.contact.at for day in found for r in day
            if r.outcome is Outcome.OVERFLOWED and r.ended is not None]  # fmt: skip
    return {
        "says": promise_words(VIP, of_burst[VIP], PROMISE),
        "burst": {name: _of(group) for name, group in of_burst.items()},
        "answered_in_time_before": _level(plan, found, reserve, plan.learned, plan.before),
        "answered_in_time_after": _level(plan, found, reserve, plan.normal, plan.end),
        "most_waiting": max(map(most, lines)),
        "seconds_to_usual_line": {f"p{p}": rounded(percentile(back, p)) for p in (50, 95, 100)},
        "sent_on_after_seconds": {f"p{p}": rounded(percentile(sent, p)) for p in (50, 95)},
    }


def _level(
    plan: Plan, found: Sequence[Sequence[Result]], reserve: int, since: float, until: float
) -> dict[str, float | None]:
    groups = between(plan, found, reserve, since, until)
    return {name: rounded(group.service_level) for name, group in groups.items()}


def _of(group: Group) -> dict[str, Any]:
    return {
        "n": group.offered,
        "within_promise": rounded(group.answered_within(PROMISE)),
        **{outcome: group.outcomes.get(outcome, 0) for outcome in Outcome},
        "p95_wait": rounded(group.wait(0.95)),
    }


def _house(plan: Plan) -> dict[str, Any]:
    return {
        "agents": plan.agents, "load": plan.load, "vips": plan.vips, "times": plan.times,
        "handling_seconds": plan.handling, "calls_a_second": round(plan.rate, 4),
        "longest_line": plan.longest,
    }  # fmt: skip


def limits(plan: Plan, found: Mapping[str, Any]) -> list[Limit]:
    """What is promised of the simulated burst."""
    before, after = found["answered_in_time_before"], found["answered_in_time_after"]
    drop = max(before[name] - after.get(name, 0.0) for name in before)
    back = or_never(found["seconds_to_usual_line"]["p95"])
    late = round(1 - found["burst"][VIP]["within_promise"], 3)
    promised = Limit("VIPs of the burst not answered within 20 s, share", 0.1, late)
    return [
        *([] if found["reserve"] is None else [promised]),
        Limit("most who waited at once", plan.longest, found["most_waiting"]),
        Limit("seconds until the line is as usual, 95 of 100 days", 2 * plan.handling, back),
        Limit("fewer answered in time two handling times later, share", DROP, round(drop, 3)),
    ]
