"""A burst is measured by what really was: who waited, how long the line was, when it was over."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from acd.model import ContactId
from ivr.ports import Record
from tests.bench.burst_days import by_simulation, limits
from tests.bench.burst_figures import lengths, most, seconds_until, usual
from tests.bench.burst_house import (
    QUEUE,
    STANDARD,
    VIP,
    Plan,
    callers,
    days,
    least_reserve,
    surely,
)
from tests.bench.burst_journal import figures_of

LINE = lengths([(10.0, 50.0), (20.0, 50.0), (20.0, 30.0), (50.0, 60.0)])
SMALL = Plan(agents=4, talk=30.0, wrap_up=0.0, before=60.0, patience=None)


def test_the_line_is_as_long_as_people_wait_in_it() -> None:
    assert LINE == [(0.0, 0), (10, 1), (20, 2), (20, 3), (30, 2), (50, 1), (50, 0), (50, 1),
                    (60, 0)]  # fmt: skip
    assert most(LINE) == 3


def test_usual_is_what_the_line_does_not_exceed_for_most_of_the_time() -> None:
    assert usual(LINE, 0.0, 200.0) == 2  # for 10 of 200 s three wait
    assert usual(LINE, 0.0, 199.0) == 3
    assert usual(LINE, 60.0, 100.0) == 0
    assert usual(LINE, 20.0, 30.0) == 3


@pytest.mark.parametrize(
    ("length", "since", "seconds"),
    [(3, 25.0, 0.0), (2, 25.0, 5.0), (0, 25.0, 25.0), (0, 70.0, 0.0), (-1, 25.0, float("inf"))],
)
def test_the_line_is_as_usual_from_when_it_is_that_short_again(
    length: int, since: float, seconds: float
) -> None:
    assert seconds_until(LINE, length, since) == seconds


def test_for_a_minute_ten_times_as_many_call_and_then_as_many_as_before() -> None:
    plan = Plan(agents=200)
    at = [one.at for one in callers(plan, Random("6"))]
    burst = sum(plan.before <= t < plan.over for t in at)
    assert burst == pytest.approx(600 * plan.rate, rel=0.15)
    assert sum(t < plan.before for t in at) == pytest.approx(plan.before * plan.rate, rel=0.15)
    assert at == sorted(at) and at[-1] > plan.normal


def test_the_same_seed_gives_the_same_day_and_another_another() -> None:
    one, again, other = (list(callers(SMALL, Random(seed))) for seed in ("1", "1", "2"))
    assert one == again != other
    assert {c.class_ for c in one} <= {VIP, STANDARD} and {c.queue for c in one} == {QUEUE}


def test_a_reserve_is_found_that_surely_keeps_the_promise_and_none_where_none_does() -> None:
    plan = Plan(agents=12, load=0.5, talk=30.0, wrap_up=0.0, vips=0.12, before=120.0)
    found = least_reserve(plan, "6", 6)
    assert found is not None and 0 < found < plan.agents - 1
    assert surely(plan, days(plan, found, "6", 6)) >= 0.9 > surely(plan, days(plan, 0, "6", 6))
    vips_alone = Plan(agents=4, talk=90.0, wrap_up=0.0, vips=1.0, before=60.0)
    assert least_reserve(vips_alone, "6", 3) is None


def test_days_with_and_without_the_reserve_are_told_in_figures_that_the_limits_know() -> None:
    plan = Plan(agents=12, load=0.5, talk=30.0, wrap_up=0.0, vips=0.12, before=120.0)
    found = by_simulation(plan, 4, 6)
    assert found["reserve"] and "without_reserve" in found
    assert (
        found["burst"][VIP]["within_promise"]
        > (found["without_reserve"]["burst"][VIP]["within_promise"])
    )
    assert 0 < found["most_waiting"] <= plan.longest
    assert len(limits(plan, found)) == 4
    json.dumps(found, allow_nan=False)


def test_where_no_reserve_would_do_it_is_said_and_nothing_is_promised() -> None:
    plan = Plan(agents=4, talk=90.0, wrap_up=0.0, vips=1.0, before=60.0)
    found = by_simulation(plan, 2, 6)
    assert found["reserve"] is None
    assert "the promise is not reachable" in found["in_vain"]["says"]
    assert found["in_vain"]["tried_up_to"] == 3
    assert not any("20 s" in str(limit) for limit in limits(plan, found))


# ---------------------------------------------------------------- real calls


def told(kind: str, contact: str, at: float, **data: Any) -> Record:
    return Record(at, kind, data, ContactId(contact))


def call(contact: str, class_: str, at: float, *more: Record) -> list[Record]:
    return [told("Arrived", contact, at, class_=class_), *more]


def talk(contact: str, class_: str, at: float, answered: float, ended: float) -> list[Record]:
    return call(contact, class_, at, told("OfferAnswered", contact, answered),
                told("ContactEnded", contact, ended, how="served"))  # fmt: skip


JOURNAL = [
    *talk("a", STANDARD, 10, 11, 30),
    *talk("b", VIP, 100, 120, 130),
    *talk("c", VIP, 101, 122, 130),
    *call("d", STANDARD, 102, told("OnlineOffered", "d", 104.5, times=1),
          told("OnlineOffered", "d", 300, times=2),
          told("Parked", "d", 140), told("ContactEnded", "d", 144, how="abandoned")),
    told("OnlineOffered", "gone", 5, times=1),
]  # fmt: skip


def test_real_callers_are_judged_by_the_journal() -> None:
    found = figures_of(JOURNAL, 100, 130)
    assert (found["vips_in_burst"], found["vip_within_promise"]) == (2, 0.5)
    assert found["offers"] == {"n": 1, "seconds": {"p50": 2.5, "p95": 2.5, "p100": 2.5}}
    assert (found["most_waiting"], found["usual_line"]) == (3, 0)
    assert found["seconds_to_usual_line"] == 10, "who was led out does not wait any more"
    assert found["ended"] == {"served": 3, "abandoned": 1} and found["lost"] == 0


def test_who_has_no_end_in_the_journal_is_lost() -> None:
    missing = [*JOURNAL, *call("e", STANDARD, 105)]
    assert figures_of(missing, 100, 130)["lost"] == 1
    lost = [*missing, told("ContactEnded", "e", 106, how="lost")]
    assert figures_of(lost, 100, 130)["lost"] == 1
