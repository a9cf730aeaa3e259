"""Open or closed: weekly opening hours in a time zone. The time comes in as an argument."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from acd.model import Seconds

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `start` to `end`, in minutes after midnight of `day` (0 is Monday).

    A span that runs over midnight ends after minute 1440 and belongs to the day it starts on.
    """

    day: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """The opening hours of a week, as the clock on the wall of `zone` shows them."""

    zone: ZoneInfo
    spans: tuple[Span, ...]

    def is_open(self, now: Seconds) -> bool:
        """Whether it is open at this instant; the end of a span is closed already."""
        local = datetime.fromtimestamp(now, self.zone)
        minute = local.hour * 60 + local.minute
        today = local.weekday()
        yesterday = (today - 1) % 7
        return any(
            (span.day == today and span.start <= minute < span.end)
            or (span.day == yesterday and span.start <= minute + 1440 < span.end)
            for span in self.spans
        )


ALWAYS = Schedule(ZoneInfo("UTC"), tuple(Span(day, 0, 1440) for day in range(7)))


def weekly(zone: str, hours: Mapping[str, str]) -> Schedule:
    """Hours as people write them: `{"mon-fri": "09:00-12:00, 13:00-18:00", "sat": "10:00-14:00"}`.

    Raises ValueError naming the part that cannot be read.
    """
    try:
        where = ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as fault:
        raise ValueError(f"there is no time zone {zone!r}") from fault
    spans = [
        _span(day, part.strip())
        for days, times in hours.items()
        for day in _days(days)
        for part in times.split(",")
    ]
    return Schedule(where, tuple(spans))


def _days(text: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} names no days; write them like mon-fri or sat,sun")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return days


def _span(day: int, text: str) -> Span:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f'{text!r} is no span of time; write it like "09:00-18:00"')
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
    if start >= 1440 or end > 1440 or start == end:
        raise ValueError(f"{text!r} is no span of time within a day")
    return Span(day, start, end if end > start else end + 1440)
