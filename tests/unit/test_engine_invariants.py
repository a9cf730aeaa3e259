"""A random centre, day after day: what must hold after every single event, by number.

`tests.reference.day`, `talks` and `shift` play customers, telephones, agents and an outside that is
late; `tests.reference.invariants` looks after each event; `tests.reference.oracle` says who may
serve whom, from the guide alone. A twin reads the journal and must say the same; snapshots are
taken and restored on the way, and the rules are swapped.

| | promise | kept by |
| --- | --- | --- |
| I1 | every contact in exactly one place | `i1` |
| I2 | no contact rings or talks at two agents | `i2`, at the telephones too; processes: the gate |
| I3 | capacity | `i3` |
| I4 | only agents who may serve | `i4` |
| I5 | order within a batch | `i5_i8`, `i12`; `test_matching*` against every matching |
| I6 | first come, first served within class and skills | `i6` |
| I7 | work conservation, but for named hold rules | `i7`, now and until the next deadline |
| I8 | no augmenting path is left | `i5_i8`; `test_matching*` |
| I9 | an offer that ends gives the same key back | `i9_i13` |
| I10 | back-off of a pair, no endless offering | `i10`; the end of each day |
| I11 | who is gone is offered no more | `i11`, `old_news_comes_again` |
| I12 | bound of starvation | `i12`; all are served at the end of each day |
| I13 | keys change by a regrade alone | `i9_i13` |
| I14 | a change of channel keeps the key | `i9_i13`; `test_position_invariance`; identity: flows |
| I15 | passes | outside: the engine knows no pass |
| I16 | the parked take nothing and block nobody | `i16`, `i7` |
| I17 | told twice is told once | `i17` |
| I18 | news in another order | `news`, `late_news_comes` |
| I19 | crash equality | `a_snapshot_is_restored`; journal bytes: store tests |
| I20 | journal before effect | outside: the distributor does it |
| I21 | replay from any snapshot | the twin never restores, the engine does |
| I22 | steps of the wall clock | outside: time is an argument, `ivr` has the clock |
| I23 | statistics | outside: counted from the journal |
| I24 | agents move by the table; refused requests change nothing | `i24`, `tell` |
| I25 | one owner | `i25` |
| I26 | the place that is told | `p7`, `p8`; the twin has no estimates, and decides the same |
| I27 | revoked sessions | outside: the API logs the agent off |
| I28 | epochs | `i28`, `the_core_restarts`; the gate refuses old ones |
| I29 | determinism | the twin; `test_the_same_news_give_the_same_commands_in_any_process` |
| I30 | only the living take memory | `i30`; the end of each day |

`p1` to `p6` (`tests.reference.promises`) are about single kinds of events: a phone that is picked
up, a consultation that is dropped, a take-over, a pick-up of a colleague's call, an agent's own
call, a disposition; `tests.reference.colleagues` about those who are waited for.

`python -m tests.campaign_invariants` does the same for millions of steps.
"""

from __future__ import annotations

import os
import subprocess
import sys
from random import Random

from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from ivr.settings import ROOT
from tests.reference import evening
from tests.reference.invariants import watch
from tests.reference.shift import WEIGHTS, Shift

STEPS = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
DIGEST = "from tests.reference.evening import digest; print(digest(seed=4, steps=120))"


class AnyDay(RuleBasedStateMachine):
    """A day that Hypothesis makes up, and makes smaller when something does not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.day, self.went_well = Shift(watch), True

    @rule(name=st.sampled_from(STEPS), seed=st.integers(0, 255))
    def something_happens(self, name: str, seed: int) -> None:
        self.went_well = False
        self.day.act(name, Random(seed))
        self.went_well = True

    def teardown(self) -> None:
        for now, event in self.day.log:
            note(f"{now} {event}")
        if self.went_well:
            evening.ends_well(self.day)


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(
    max_examples=20,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def test_days_of_many_events_keep_every_promise() -> None:
    for seed in range(8):
        evening.whole_day(seed, steps=250)


def test_the_same_news_give_the_same_commands_in_any_process() -> None:
    """I29: not even the order of Python's sets, which differs from process to process, matters."""
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2)
    }
    assert len(digests) == 1
