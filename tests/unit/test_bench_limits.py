"""A benchmark whose promise has a limit says the limit, and fails when it is passed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tests.bench import burst_calls, burst_days, outage, restart, webhooks
from tests.bench.burst_house import Plan
from tests.bench.command import Limit, end_by

AWAY = {"cpu_of_a_core": 0.04, "log_lines_a_second": 0.5, "all_there_in_order": True}


def test_a_limit_that_is_kept_is_said_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    end_by(Limit("seconds to the first offer", 2.0, 2.0))
    assert capsys.readouterr().err == "seconds to the first offer: 2, at most 2: kept\n"


def test_a_limit_that_is_passed_is_said_and_ends_with_a_fault(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        end_by(Limit("seconds", 2.0, 1.0), Limit("lines a second", 1.0, 1.5))
    assert ended.value.code == 1
    assert "lines a second: 1.5, at most 1: EXCEEDED" in capsys.readouterr().err


@pytest.mark.parametrize(("slowest", "kept"), [(0.85, True), (2.0, True), (2.1, False)])
def test_calls_are_promised_again_within_two_seconds_each_time(slowest: float, kept: bool) -> None:
    figures = {"first_offer_seconds": {"median": 0.7, "min": 0.6, "max": slowest}}
    assert [limit.kept for limit in restart.limits(figures)] == [kept]


@pytest.mark.parametrize(
    ("figures", "kept"),
    [
        ({}, True),
        ({"cpu_of_a_core": 0.11}, False),
        ({"log_lines_a_second": 1.2}, False),
        ({"all_there_in_order": False}, False),
    ],
)
def test_without_python_asterisk_costs_little_writes_little_and_keeps_the_order(
    figures: dict[str, Any], kept: bool
) -> None:
    assert all(limit.kept for limit in outage.limits(AWAY | figures)) is kept


def test_python_is_away_for_the_ten_minutes_of_the_promise() -> None:
    assert inspect.signature(outage.main).parameters["seconds"].default == 600.0


@pytest.mark.parametrize(
    ("p95", "forged", "kept"),
    [(50.0, 0, [True, True]), (50.1, 0, [False, True]), (9.0, 1, [True, False]),
     (None, 0, [False, True])],
)  # fmt: skip
def test_a_flood_of_deliveries_may_neither_delay_calls_nor_get_one_forgery_in(
    p95: float | None, forged: int, kept: list[bool]
) -> None:
    answered = {"true 202": 900} | ({"forged 202": forged} if forged else {"forged 401": 900})
    figures = {"flooded": {"free_to_ring_ms": {"p95": p95}, "deliveries": answered}}
    assert [limit.kept for limit in webhooks.limits(figures)] == kept


DAYS: dict[str, Any] = {
    "reserve": 7, "burst": {"vip": {"within_promise": 0.9}}, "most_waiting": 40,
    "answered_in_time_before": {"vip": 1.0, "standard": 0.98},
    "answered_in_time_after": {"vip": 1.0, "standard": 0.93},
    "seconds_to_usual_line": {"p95": 380.0},
}  # fmt: skip


@pytest.mark.parametrize(
    ("figures", "kept"),
    [
        ({}, True),
        ({"burst": {"vip": {"within_promise": 0.89}}}, False),
        ({"most_waiting": 41}, False),
        ({"answered_in_time_after": {"vip": 1.0, "standard": 0.92}}, False),
        ({"seconds_to_usual_line": {"p95": 381.0}}, False),
        ({"seconds_to_usual_line": {"p95": None}}, False),
        ({"reserve": None, "burst": {"vip": {"within_promise": 0.5}}}, True),
    ],
)
def test_of_a_burst_it_is_promised_who_is_answered_how_many_wait_and_when_it_is_over(
    figures: dict[str, Any], kept: bool
) -> None:
    """Where no reserve would do nothing is promised to the class: that is said in words."""
    assert all(limit.kept for limit in burst_days.limits(Plan(), DAYS | figures)) is kept


CALLS: dict[str, Any] = {
    "reserve": 3, "vip_within_promise": 0.9, "most_waiting": 200, "failed": 0, "lost": 0,
    "offers": {"n": 9, "seconds": {"p95": 3.0}}, "seconds_to_usual_line": 36.0, "crashed": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("figures", "kept"),
    [
        ({}, True),
        ({"vip_within_promise": 0.89}, False),
        ({"vip_within_promise": None}, False),
        ({"offers": {"n": 9, "seconds": {"p95": 3.1}}}, False),
        ({"offers": {"n": 0, "seconds": {"p95": None}}}, False),
        ({"most_waiting": 201}, False),
        ({"seconds_to_usual_line": 36.3}, False),
        ({"seconds_to_usual_line": None}, False),
        ({"failed": 1}, False),
        ({"lost": 1}, False),
        ({"crashed": True}, False),
    ],
)
def test_of_a_burst_of_real_calls_the_offers_and_the_callers_are_promised_besides(
    figures: dict[str, Any], kept: bool
) -> None:
    assert all(limit.kept for limit in burst_calls.limits(CALLS | figures, 18.1)) is kept
