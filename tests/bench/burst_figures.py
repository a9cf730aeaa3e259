"""How a line grew and shrank: the most who waited at once, and when it was as before again.

For days of the simulation and for real calls alike: all that counts is from when to when each
contact waited. All times are seconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from acd.model import Seconds
from acd.simulation import Result

Wait = tuple[Seconds, Seconds]
"""From when to when one contact waited."""
NEVER: Seconds = float("inf")
USUAL = 0.95
"""A line is as usual while it is no longer than in this share of the time before."""


def waits_of(results: Iterable[Result]) -> list[Wait]:
    """Of all who waited at all."""
    ends = ((r.contact.at, r.ended if r.started is None else r.started) for r in results)
    return [(at, end) for at, end in ends if end is not None and end > at]


def lengths(waits: Iterable[Wait]) -> list[tuple[Seconds, int]]:
    """How many wait from each time on; who goes in an instant is gone before another comes."""
    changes = sorted([(at, 1) for at, _ in waits] + [(end, -1) for _, end in waits])
    found, length = [(0.0, 0)], 0
    for at, change in changes:
        length += change
        found.append((at, length))
    return found


def most(line: Sequence[tuple[Seconds, int]]) -> int:
    return max(length for _, length in line)


def usual(line: Sequence[tuple[Seconds, int]], since: Seconds, until: Seconds) -> int:
    """The length that is not exceeded in most of this time."""
    spans: dict[int, Seconds] = {}
    ends = [*(at for at, _ in line[1:]), until]
    for (at, length), end in zip(line, ends, strict=True):
        span = min(end, until) - max(at, since)
        if span > 0:
            spans[length] = spans.get(length, 0.0) + span
    left = USUAL * sum(spans.values())
    for length in sorted(spans):
        left -= spans[length]
        if left <= 0:
            return length
    return max(spans, default=0)


def seconds_until(line: Sequence[tuple[Seconds, int]], length: int, since: Seconds) -> Seconds:
    """How long after `since` the line is no longer than this for the first time; or `NEVER`."""
    before = [long for at, long in line if at <= since]
    if before and before[-1] <= length:
        return 0.0
    return next((at - since for at, long in line if at > since and long <= length), NEVER)


def rounded(value: Seconds | None) -> float | None:
    """As figures are written: None is also what never comes."""
    return None if value is None or value == NEVER else round(value, 3)


def or_never(figure: float | None) -> float:
    """The figure to hold against a limit: what was not seen has passed it."""
    return NEVER if figure is None else figure
