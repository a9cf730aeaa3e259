"""Open or closed."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from acd.schedule import ALWAYS, Schedule, calendar_day, weekly

OFFICE = weekly("Asia/Shanghai", {"mon-fri": "09:00-12:00, 13:00-18:00", "sat": "10:00-14:00"})
NATIONAL_DAY, STAFF_DAY, WORKING_SATURDAY = date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 10)
GOLDEN_WEEK = weekly(
    "Asia/Shanghai",
    {"mon-fri": "09:00-18:00", "holidays": "10:00-12:00"},
    holidays=frozenset({NATIONAL_DAY, STAFF_DAY}),
    workdays=frozenset({WORKING_SATURDAY}),
    special={"2026-10-02": "09:00-10:00", "2026-10-12": "closed", "2026-10-13": "22:00-02:00"},
)


def instant(text: str, zone: str = "Asia/Shanghai") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def is_open(schedule: Schedule, text: str, zone: str = "Asia/Shanghai") -> bool:
    return schedule.is_open(instant(text, zone))


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
    ("at", "open_", "holiday"),
    [
        ("2026-10-01 09:30", False, True),
        ("2026-10-01 10:30", True, True),
        ("2026-10-02 09:30", True, False),  # has hours of its own: no holiday
        ("2026-10-02 10:30", False, False),
        ("2026-10-03 10:30", False, False),  # a Saturday
        ("2026-10-10 17:59", True, False),  # a Saturday that is worked
        ("2026-10-12 10:30", False, False),  # a Monday that is closed
        ("2026-10-13 10:30", False, False),
        ("2026-10-14 01:59", True, False),
        ("2026-10-14 02:00", False, False),
    ],
)
def test_holidays_and_single_days_stand_before_the_week(
    at: str, open_: bool, holiday: bool
) -> None:
    assert is_open(GOLDEN_WEEK, at) is open_
    assert GOLDEN_WEEK.is_holiday(instant(at)) is holiday


def test_a_day_that_is_worked_has_the_hours_of_a_monday() -> None:
    hours = {"mon": "09:00-10:00", "tue-fri": "14:00-15:00"}
    office = weekly("Asia/Shanghai", hours, workdays=frozenset({WORKING_SATURDAY}))
    assert is_open(office, "2026-10-10 09:30") and not is_open(office, "2026-10-10 14:30")


def test_no_day_is_longer_than_its_last_minute() -> None:
    with pytest.raises(ValueError, match="24:01"):
        weekly("UTC", {"mon": "09:00-24:01"})


def test_a_holiday_without_hours_is_closed_all_day() -> None:
    shut = weekly("UTC", {"mon-sun": "00:00-24:00"}, holidays=frozenset({NATIONAL_DAY}))
    assert not any(is_open(shut, f"2026-10-01 {hour:02}:00", "UTC") for hour in range(24))
    assert is_open(shut, "2026-09-30 23:59", "UTC") and is_open(shut, "2026-10-02 00:00", "UTC")


def test_a_holiday_begins_and_ends_with_the_clock_on_the_wall_there() -> None:
    assert GOLDEN_WEEK.is_holiday(instant("2026-09-30 16:00", "UTC"))
    assert not GOLDEN_WEEK.is_holiday(instant("2026-09-30 15:59", "UTC"))


@pytest.mark.parametrize("schedule", [OFFICE, GOLDEN_WEEK, ALWAYS], ids=["office", "golden", "24h"])
def test_nothing_changes_before_the_next_edge(schedule: Schedule) -> None:
    now, end = instant("2026-09-29 00:00:30"), instant("2026-10-15 00:00")
    while now < end:
        edge = schedule.next_edge(now)
        assert now < edge <= now + 86_400
        before = {(schedule.is_open(t), schedule.is_holiday(t)) for t in (now, edge - 0.001)}
        assert len(before) == 1
        now = edge


def test_the_next_edge_is_found_on_a_day_that_has_an_hour_twice() -> None:
    berlin = weekly("Europe/Berlin", {"sun": "02:30-06:00"})
    edges, now = [], instant("2026-10-24 23:00", "UTC")
    for _ in range(3):
        now = berlin.next_edge(now)
        edges.append(datetime.fromtimestamp(now, ZoneInfo("UTC")).strftime("%H:%M"))
    assert edges == ["00:30", "01:30", "05:00"]


@pytest.mark.parametrize(
    "text", ["2026-02-30", "20261001", "2026-W40-4", "01.10.2026", "", "٢٠٢٦-١٠-٠١"]
)
def test_a_day_is_written_in_one_way(text: str) -> None:
    with pytest.raises(ValueError, match="is no day"):
        calendar_day(text)


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


# ---------------------------------------------------------------- so many hours of opening later


@pytest.mark.parametrize(
    ("now", "hours", "then"),
    [
        ("2026-11-20 10:00", 1.0, "2026-11-20 11:00"),  # a Friday
        ("2026-11-20 10:00", 2.0, "2026-11-20 12:00"),  # to the very end of a span
        ("2026-11-20 10:00", 2.5, "2026-11-20 13:30"),  # over lunch
        ("2026-11-20 17:00", 4.0, "2026-11-21 13:00"),  # into Saturday
        ("2026-11-20 19:00", 5.0, "2026-11-23 10:00"),  # over Sunday
        ("2026-11-22 03:00", 8.0, "2026-11-23 18:00"),
    ],
)
def test_a_promise_in_hours_of_opening_counts_those_alone(
    now: str, hours: float, then: str
) -> None:
    assert OFFICE.after(instant(now), hours * 3600) == instant(then)


def test_a_promise_goes_over_holidays_and_counts_the_weekend_that_is_worked_for_them() -> None:
    assert GOLDEN_WEEK.after(instant("2026-09-30 17:00"), 4 * 3600.0) == instant("2026-10-02 10:00")
    assert GOLDEN_WEEK.after(instant("2026-10-09 17:00"), 4 * 3600.0) == instant("2026-10-10 12:00")
    night = instant("2026-10-14 00:30")
    assert GOLDEN_WEEK.after(instant("2026-10-10 18:00"), 2.5 * 3600.0) == night


def test_the_hour_of_summer_time_is_neither_given_nor_taken() -> None:
    """An answer within a day of clocks that run on: noon is eleven, or one."""
    day = weekly("Europe/Berlin", {"mon-sun": "00:00-24:00"})
    spring, autumn = (instant(f"2026-{d} 12:00", "Europe/Berlin") for d in ("03-28", "10-24"))
    assert day.after(spring, 86_400.0) == instant("2026-03-29 13:00", "Europe/Berlin")
    assert day.after(autumn, 86_400.0) == instant("2026-10-25 11:00", "Europe/Berlin")


def test_hours_that_the_clock_shows_twice_are_counted_twice() -> None:
    night = weekly("Europe/Berlin", {"sun": "01:30-02:30"})
    begins = instant("2026-10-25 00:00", "Europe/Berlin")
    assert night.after(begins, 3600.0) == instant("2026-10-25 02:30", "Europe/Berlin")
    again = datetime(2026, 10, 25, 2, 10, tzinfo=ZoneInfo("Europe/Berlin"), fold=1).timestamp()
    assert night.after(begins, 4200.0) == again


def test_where_it_never_opens_nothing_can_be_promised() -> None:
    assert weekly("UTC", {"mon": "closed"}).after(0.0, 60.0) is None
