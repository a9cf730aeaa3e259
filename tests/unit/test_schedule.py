"""Open or closed."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from acd.schedule import ALWAYS, Schedule, weekly

OFFICE = weekly("Asia/Shanghai", {"mon-fri": "09:00-12:00, 13:00-18:00", "sat": "10:00-14:00"})


def is_open(schedule: Schedule, text: str, zone: str = "Asia/Shanghai") -> bool:
    return schedule.is_open(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


@pytest.mark.parametrize(
    ("at", "open_"),
    [
        ("2026-11-20 08:59:59.999", False),  # a Friday
        ("2026-11-20 09:00", True),
        ("2026-11-20 11:59:59.999", True),
        ("2026-11-20 12:00", False),
        ("2026-11-20 17:59", True),
        ("2026-11-20 18:00", False),
        ("2026-11-21 09:30", False),
        ("2026-11-21 10:00", True),
        ("2026-11-22 10:30", False),
    ],
)
def test_open_from_the_first_minute_and_closed_from_the_last(at: str, open_: bool) -> None:
    assert is_open(OFFICE, at) is open_


def test_the_clock_on_the_wall_there_counts_not_here() -> None:
    assert is_open(OFFICE, "2026-11-20 01:30", "UTC")
    assert not is_open(OFFICE, "2026-11-20 10:30", "UTC")


def test_a_night_shift_belongs_to_the_day_it_begins_on() -> None:
    night = weekly("Asia/Shanghai", {"sun": "22:00-06:00"})
    assert is_open(night, "2026-11-22 23:00") and is_open(night, "2026-11-23 05:59")
    assert not is_open(night, "2026-11-22 05:00") and not is_open(night, "2026-11-23 22:30")


def test_summer_time_moves_the_hours_with_the_wall_clock() -> None:
    berlin = weekly("Europe/Berlin", {"mon-sun": "09:00-17:00"})
    assert is_open(berlin, "2026-03-28 08:30", "UTC") and is_open(berlin, "2026-03-29 07:30", "UTC")
    assert not is_open(berlin, "2026-03-28 07:30", "UTC")


def test_days_may_run_over_the_end_of_the_week() -> None:
    weekend = weekly("Asia/Shanghai", {"sat-mon": "00:00-24:00"})
    days = [is_open(weekend, f"2026-11-{day} 12:00") for day in range(16, 23)]
    assert days == [True, False, False, False, False, True, True]


def test_always_is_always() -> None:
    assert all(ALWAYS.is_open(hour * 3600 - 0.001) for hour in range(1, 24 * 7 + 1))


@pytest.mark.parametrize(
    ("zone", "hours", "part"),
    [
        ("Asia/Shangai", {"mon": "09:00-18:00"}, "Asia/Shangai"),
        ("../etc/passwd", {"mon": "09:00-18:00"}, "passwd"),
        ("UTC", {"monday": "09:00-18:00"}, "monday"),
        ("UTC", {"mon-fri-sat": "09:00-18:00"}, "mon-fri-sat"),
        ("UTC", {"mon": "9-18"}, "9-18"),
        ("UTC", {"mon": "09:00-25:00"}, "25:00"),
        ("UTC", {"mon": "24:00-24:00"}, "24:00"),
        ("UTC", {"mon": "09:00-09:00"}, "09:00-09:00"),
        ("UTC", {"mon": "10:00-24:30"}, "24:30"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_by_name(
    zone: str, hours: dict[str, str], part: str
) -> None:
    with pytest.raises(ValueError, match=part.replace("/", ".")):
        weekly(zone, hours)
