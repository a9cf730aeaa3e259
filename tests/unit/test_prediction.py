"""What a wait should be, in numbers that can be worked out by hand."""

from __future__ import annotations

import pytest

from acd.prediction import MOST_CREDITS, Pace, Standing, clearing

HANDLE = 180.0


def mean(standing: Standing, pace: Pace | None = None) -> float:
    found = (pace or Pace(HANDLE)).predict(standing)
    assert found
    return found.mean


# ---------------------------------------------------------------- what is seen


def test_no_time_passes_between_what_happens_in_one_instant() -> None:
    pace = Pace(HANDLE)
    for _ in range(3):
        pace.passes(50.0, waiting=4)
    assert (pace.plain()["observed"], pace.plain()["exposed"]) == (0.0, 0.0)
    pace.passes(60.0, waiting=4)
    assert (pace.plain()["observed"], pace.plain()["exposed"]) == (10.0, 40.0)


def test_what_was_supposed_counts_like_a_few_contacts_and_a_second_is_the_least() -> None:
    pace = Pace(HANDLE)
    assert pace.handle == HANDLE
    pace.handled(60.0)
    assert pace.handle == (3 * HANDLE + 60.0) / 4
    assert Pace(0.0).handle == 1.0


def test_a_head_start_that_many_have_is_not_forgotten_for_those_that_few_have() -> None:
    pace = Pace(HANDLE)
    for _ in range(10):
        pace.arrived(60.0)
    for credit in range(100, 100 + MOST_CREDITS):
        pace.arrived(float(credit))
    kept = dict(pace.plain()["credits"])
    assert kept[60.0] == 10 and len(kept) == MOST_CREDITS


# ---------------------------------------------------------------- what follows from it


def test_without_more_knowledge_agents_take_one_after_the_other() -> None:
    third, first = (Pace(HANDLE).predict(Standing(place, able=10)) for place in (3, 1))
    assert third and third.place == 3 and third.mean == pytest.approx(54.0)
    assert third.spread == pytest.approx(1.35 / 3 + 2.25 / 3)
    assert first and first.spread == 2.0, "no range is wider"


def test_agents_who_are_free_take_those_who_stand_before() -> None:
    assert mean(Standing(5, able=5, free=2)) == mean(Standing(3, able=5))


def test_a_moment_at_which_nobody_comes_changes_nothing() -> None:
    late = (300.0, 20.0, 12.0)
    whole = ((0.0, 2.0, 12.0), late)
    parts = ((0.0, 2.0, 12.0), (100.0, 2.0, 12.0), (200.0, 2.0, 12.0), late)
    one, other = (Standing(12, able=20, phases=phases) for phases in (whole, parts))
    assert mean(one) == pytest.approx(mean(other))


@pytest.mark.parametrize(
    ("credit", "head", "between"),
    [
        (100.0, 0.0, 100.0),
        (100.0, 40.0, 60.0),
        (100.0, 160.0, 0.0),
        (1000.0, 0.0, 1000.0),
    ],
)
def test_who_has_a_larger_head_start_may_come_within_the_difference(
    credit: float, head: float, between: float
) -> None:
    """One came within 90 s: so many come in a second."""
    pace = Pace(HANDLE)
    pace.arrived(credit)
    expected = HANDLE * (1 + between / 90.0)
    assert mean(Standing(1, able=1, head=head), pace) == pytest.approx(expected)


def test_one_who_has_left_is_one_in_the_patience_that_was_supposed() -> None:
    pace = Pace(HANDLE)
    pace.departed()
    expected, _ = clearing(3, 10 / HANDLE, 1 / 300.0)
    assert mean(Standing(3, able=10), pace) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("place", "rate", "leaving", "seconds", "near"),
    [
        (1, 0.01, 0.0, 100.0, 1e-9),
        (1, 0.01, 0.004, 100.0, 0.02),
        (2, 0.01, 0.004, 100.0 + 1 / 0.014, 0.02),
        (1, 0.01, 0.04, 54.93, 1e-3),  # more leave than are taken: no less than half is taken
    ],
)
def test_the_time_to_clear_a_line_is_near_the_sum_of_its_steps(
    place: int, rate: float, leaving: float, seconds: float, near: float
) -> None:
    found, _ = clearing(place, rate, leaving)
    assert found == pytest.approx(seconds, rel=near)
