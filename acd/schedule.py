"""Open or closed: the opening hours of a week, holidays and special days, in a time zone.

The time comes in as an argument, and so do the dates: a calendar is the business of whoever reads
the hours (`ivr.calendars`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from acd.model import Seconds

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = "holidays"
"""Names the hours of holidays; without such hours they are closed."""
CLOSED = "closed"
_MONDAY, _HOLIDAY = 0, 7
_DAY = timedelta(days=1)
MOMENT: Seconds = 0.1
"""Clocks change at whole seconds."""
YEAR: Seconds = 366 * 86_400.0
_SPAN = re.compile(r"([01]\d|2[0-4]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Span:
    """Open from `start` to `end`, in minutes after midnight of `day` (0: Monday, 7: a holiday).

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
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()
    """Saturdays and Sundays that are worked for a holiday: open as on a Monday."""
    days: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    """Hours of single days, whatever week and holidays say; no spans: closed."""

    def is_open(self, now: Seconds) -> bool:
        """Whether it is open at this instant; the end of a span is closed already."""
        local = datetime.fromtimestamp(now, self.zone)
        minute = local.hour * 60 + local.minute
        today = local.date()
        return _within(self._hours(today), minute) or _within(
            self._hours(today - _DAY), minute + 1440
        )

    def is_holiday(self, now: Seconds) -> bool:
        """Whether today is a holiday; a day that has been given hours of its own is none."""
        today = datetime.fromtimestamp(now, self.zone).date()
        return today in self.holidays and not self.days.get(today)

    def next_edge(self, now: Seconds) -> Seconds:
        """The first instant after this one at which it may open, close, or be another day."""
        today = datetime.fromtimestamp(now, self.zone).date()
        edges = [
            datetime.combine(day, time()) + timedelta(minutes=minute)
            for day in (today - _DAY, today, today + _DAY)
            for span in (Span(0, 0, 0), *self._hours(day))
            for minute in (span.start, span.end)
        ]
        instants = [
            edge.replace(tzinfo=self.zone, fold=fold).timestamp()
            for edge in edges
            for fold in (0, 1)
        ]
        return min(instant for instant in instants if instant > now)

    def after(self, now: Seconds, seconds: Seconds) -> Seconds | None:
        """When it has been open for so many seconds from now on, as clocks run: an hour that the
        change of summer time repeats counts twice. None: not within a year."""
        at, left = now, seconds
        while at - now < YEAR:
            until = self._same_clock(at, self.next_edge(at))
            if self.is_open(at):
                if at + left <= until:
                    return at + left
                left -= until - at
            at = until
        return None

    def _same_clock(self, at: Seconds, until: Seconds) -> Seconds:
        """`until`, or the change of the zone's clock before it: hours may begin or end by that."""
        if self._offset(at) == self._offset(until - MOMENT):
            return until
        low, high = at, until - MOMENT
        while high - low > MOMENT:
            middle = (low + high) / 2
            is_same = self._offset(middle) == self._offset(at)
            low, high = (middle, high) if is_same else (low, middle)
        return float(round(high))

    def _offset(self, at: Seconds) -> timedelta | None:
        return datetime.fromtimestamp(at, self.zone).utcoffset()

    def _hours(self, day: date) -> Iterable[Span]:
        if day in self.days:
            return self.days[day]
        kind = day.weekday()
        if day in self.holidays:
            kind = _HOLIDAY
        elif day in self.workdays:
            kind = _MONDAY
        return [span for span in self.spans if span.day == kind]


def _within(spans: Iterable[Span], minute: int) -> bool:
    return any(span.start <= minute < span.end for span in spans)


ALWAYS = Schedule(ZoneInfo("UTC"), tuple(Span(day, 0, 1440) for day in range(7)))


def weekly(
    zone: str,
    hours: Mapping[str, str],
    holidays: frozenset[date] = frozenset(),
    workdays: frozenset[date] = frozenset(),
    special: Mapping[str, str] | None = None,
) -> Schedule:
    """Hours as people write them: `{"mon-fri": "09:00-12:00, 13:00-18:00", "sat": "10:00-14:00"}`.

    `special` has hours of single days: `{"2026-10-01": "closed"}`. Raises ValueError naming the
    part that cannot be read.
    """
    spans = [
        Span(day, start, end)
        for days, text in hours.items()
        for day in week_days(days)
        for start, end in times(text)
    ]
    own = {
        (day := calendar_day(text)): tuple(Span(day.weekday(), *pair) for pair in times(open_))
        for text, open_ in (special or {}).items()
    }
    return Schedule(time_zone(zone), tuple(spans), holidays, workdays, own)


def time_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as fault:
        raise ValueError(f"there is no time zone {name!r}") from fault


def calendar_day(text: str) -> date:
    """A day of the calendar, written like 2026-10-01."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise ValueError(f"{text!r} is no day; write it like 2026-10-01")


def week_days(text: str) -> list[int]:
    """Days as numbers: `mon-fri`, `sat,sun`, `holidays`."""
    days: list[int] = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if part.strip() == HOLIDAYS:
            days.append(_HOLIDAY)
            continue
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(f"{text!r} names no days; write them like mon-fri or sat,sun")
        start, end = DAYS.index(first), DAYS.index(last or first)
        days += [day % 7 for day in range(start, end + 1 if end >= start else end + 8)]
    return days


def times(text: str) -> list[tuple[int, int]]:
    """Spans of minutes after midnight: `09:00-12:00, 13:00-18:00`, or `closed`."""
    if text == CLOSED:
        return []
    return [_minutes(part.strip()) for part in text.split(",")]


def _minutes(text: str) -> tuple[int, int]:
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f'{text!r} is no span of time; write it like "09:00-18:00"')
    start, end = (int(match[n]) * 60 + int(match[n + 1]) for n in (1, 3))
    if start >= 1440 or end > 1440 or start == end:
        raise ValueError(f"{text!r} is no span of time within a day")
    return start, end if end > start else end + 1440
