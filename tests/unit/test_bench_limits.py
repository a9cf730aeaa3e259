"""A benchmark whose promise has a limit says the limit, and fails when it is passed."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tests.bench import outage, restart
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
    assert "lines a second: 1.5, at most 1: PASSED" in capsys.readouterr().err


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
