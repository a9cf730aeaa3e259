"""The estimate of waiting: honest, bounded, and the same from the same events."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acd.announcement import STEPS, Told, place_to_tell, wait_to_tell
from acd.config import Centre, Member, Queue, Relax, Team
from acd.estimate import LONGEST, MOST_NOTES, Estimate, Measured, Range
from acd.match import NEVER
from acd.model import AgentId, ContactId, QueueId
from acd.place import Competition, Demand, OrderKey
from acd.prediction import Prediction, Standing, clearing
from tests.bench import estimate as bench
from tests.bench import estimate_house
from tests.bench.waiting_line import Caller, Line, Plan

A, B = ContactId("a"), ContactId("b")
CARDS, LOANS, TRAVEL = (Demand(QueueId(name)) for name in ("cards", "loans", "travel"))
BILLING = Demand.of(QueueId("cards"), {"billing": 5})
TEN = Standing(place=3, able=10)


def known(handle: float = 180.0, times: int = 200) -> Estimate:
    """An estimate that has seen this handling time often."""
    estimate = Estimate()
    for _ in range(times):
        estimate.served(handle, 0.0)
    return estimate


def middle(estimate: Estimate, standing: Standing) -> float:
    answer = estimate.range(standing)
    assert answer
    return answer.middle


# ---------------------------------------------------------------- the prediction


def test_nobody_there_is_an_unknown_wait_and_no_number() -> None:
    assert known().range(Standing(place=1, able=0)) is None
    assert Estimate().arrived(A, (0.0, 1), 0.0, Standing(place=9, able=0), 0.0) is None


def test_a_free_agent_is_no_wait() -> None:
    assert known().range(Standing(place=2, able=5, free=2)) == Range(0.0, 0.0, 0.0)


def test_little_known_is_a_wide_range_and_marked() -> None:
    early, late = Estimate().range(TEN), known().range(TEN)
    assert early and late
    assert (early.few, late.few) == (True, False)
    assert early.high / early.low > 1.3 * late.high / late.low


def test_agents_who_leave_lengthen_the_wait_at_once() -> None:
    estimate = known()
    assert middle(estimate, Standing(12, able=5)) == pytest.approx(
        2 * middle(estimate, Standing(12, able=10)), rel=0.01
    )


def test_the_wait_follows_recent_handling_times() -> None:
    estimate = known(handle=60.0)
    before = middle(estimate, TEN)
    for _ in range(1000):
        estimate.served(240.0, 0.0)
    assert middle(estimate, TEN) == pytest.approx(4 * before, rel=0.05)


def test_those_ahead_who_lose_patience_shorten_the_wait() -> None:
    patient, impatient = known(), known()
    for i in range(40):
        for estimate in (patient, impatient):
            estimate.arrived(ContactId(str(i)), (i * 60.0, i), 0.0, TEN, i * 60.0)
        patient.started(ContactId(str(i)), i * 60.0 + 50)
        impatient.abandoned(ContactId(str(i)), i * 60.0 + 50)
    behind = Standing(place=30, able=5)
    assert middle(impatient, behind) < 0.5 * middle(patient, behind)


def test_contacts_with_a_larger_credit_will_come_in_between() -> None:
    estimate = known()
    for i in range(120):
        estimate.arrived(
            ContactId(str(i)), (i * 30.0 - 300, i), 300.0, Standing(1, 5, free=1), i * 30.0
        )
    plain, vip = Standing(10, able=5), Standing(10, able=5, head=300.0)
    assert middle(estimate, plain) > 1.5 * middle(estimate, vip)


@given(st.floats(0.001, 100), st.floats(0, 0.1), st.integers(1, 200))
@settings(max_examples=50)
def test_the_closed_form_is_the_sum_that_it_stands_for(rate: float, leaving: float, n: int) -> None:
    leaving = min(leaving, rate)
    mean, variance = clearing(n, rate, leaving)
    rates = [rate + j * leaving for j in range(n)]
    assert mean == pytest.approx(sum(1 / each for each in rates), rel=0.11)
    assert variance == pytest.approx(sum(1 / each**2 for each in rates), rel=0.35)


# ---------------------------------------------------------------- any history, any question

contacts = st.integers(0, 30).map(lambda i: ContactId(str(i)))
times = st.floats(0, 1e6)
standings = st.builds(
    Standing,
    place=st.integers(1, 10**7),
    able=st.integers(0, 10**4),
    free=st.integers(0, 3),
    phases=st.just(()),
    head=st.floats(-1e5, 1e5),
)
facts = st.one_of(
    st.tuples(st.just("served"), times),
    st.tuples(st.just("started"), contacts),
    st.tuples(st.just("abandoned"), contacts),
    st.tuples(st.just("forget"), contacts),
    st.tuples(st.just("passed"), st.none() | times),
    st.tuples(st.just("arrived"), contacts, st.floats(0, 600), standings),
)
histories = st.lists(st.tuples(st.floats(0, 1e4), facts), max_size=40)


def tell(estimate: Estimate, fact: tuple[Any, ...], now: float) -> None:
    match fact:
        case ("served", handle):
            estimate.served(handle, now)
        case ("started", contact):
            estimate.started(contact, now)
        case ("abandoned", contact):
            estimate.abandoned(contact, now)
        case ("forget", contact):
            estimate.forget(contact)
        case ("passed", key):
            estimate.passed(None if key is None else (key, 0), now)
        case ("arrived", contact, credit, standing):
            key = (now - credit, int(contact))
            estimate.arrived(contact, key, credit, standing, now)


@given(histories, standings)
@settings(max_examples=100)
def test_every_range_is_in_order_and_never_negative(history: Any, standing: Standing) -> None:
    estimate, now = Estimate(), 0.0
    for step, fact in history:
        now += step
        tell(estimate, fact, now)
    answer = estimate.range(standing)
    if standing.able == 0:
        assert answer is None
    else:
        assert answer
        assert 0 <= answer.low <= answer.middle <= answer.high < float("inf")


@given(histories, histories, standings)
@settings(max_examples=50)
def test_what_is_stored_goes_on_like_the_original(
    before: Any, after: Any, standing: Standing
) -> None:
    estimate, now = Estimate(coverage=0.9, handle=60.0), 0.0
    for step, fact in before:
        now += step
        tell(estimate, fact, now)
    again = Estimate.from_plain(json.loads(json.dumps(estimate.plain())))
    for step, fact in after:
        now += step
        again.range(standing)  # asking changes nothing
        tell(estimate, fact, now)
        tell(again, fact, now)
    assert again.range(standing) == estimate.range(standing)
    assert again.plain() == estimate.plain()


def test_a_flood_keeps_the_state_bounded() -> None:
    estimate = known()
    for i in range(MOST_NOTES + 100):
        credit = float(i) if i < 100 else 0.0
        estimate.arrived(ContactId(str(i)), (0.0, i), credit, Standing(i + 1, 5), 36.0 * i)
        estimate.forget(ContactId(str(i))) if i < 100 else None
    state = estimate.plain()
    assert len(state["notes"]) <= MOST_NOTES
    assert len(state["pace"]["credits"]) <= 32


def test_predictions_that_nobody_ever_settles_make_room() -> None:
    estimate = known()
    for i in range(MOST_NOTES):
        estimate.arrived(ContactId(str(i)), (0.0, i), 0.0, TEN, 0.0)
    estimate.arrived(A, (LONGEST + 1, 0), 0.0, TEN, LONGEST + 1)
    estimate.started(A, LONGEST + 10)
    assert estimate.measured.known == 1


# ---------------------------------------------------------------- what came true


def waiting(left: bool = False) -> Estimate:
    """Two wait since 0 with keys 1 and 2; with `left` the first has gone after 10 s."""
    estimate = known()
    estimate.arrived(A, (0.0, 1), 0.0, TEN, 0.0, demand=BILLING)
    estimate.arrived(B, (0.0, 2), 0.0, TEN, 0.0)
    if left:
        estimate.abandoned(A, 10.0)
    return estimate


def test_a_wait_inside_its_range_counts_as_within() -> None:
    estimate = waiting()
    estimate.started(A, middle(estimate, TEN))
    estimate.started(B, 3600.0)
    assert estimate.measured == Measured(known=2, within=1)


def test_one_who_left_would_have_waited_until_an_agent_passes_them() -> None:
    estimate = waiting(left=True)
    estimate.passed((-5.0, 0), 20.0)
    assert estimate.measured.known == 0
    estimate.passed((0.0, 2), middle(estimate, TEN))
    assert estimate.measured == Measured(known=1, within=1)


def test_an_agent_with_nobody_to_turn_to_would_have_served_all_who_left() -> None:
    estimate = waiting(left=True)
    estimate.passed(None, 60.0)
    estimate.passed(None, 61.0)
    assert estimate.measured.known == 1


def test_an_agent_who_may_not_serve_the_demand_tells_nothing_of_it() -> None:
    estimate = waiting(left=True)
    estimate.passed(None, 30.0, need={CARDS: 0.0, BILLING: NEVER}.__getitem__)
    assert estimate.measured.known == 0
    estimate.passed(None, 60.0, need={CARDS: 0.0, BILLING: 0.0}.__getitem__)
    assert estimate.measured.known == 1


def test_an_agent_to_whom_the_demand_comes_later_tells_nothing_of_it_before() -> None:
    estimate = waiting(left=True)
    estimate.passed(None, 59.0, need={BILLING: 60.0}.__getitem__)
    assert estimate.measured.known == 0
    estimate.passed(None, 60.0, need={BILLING: 60.0}.__getitem__)
    assert estimate.measured.known == 1


def test_a_head_start_is_no_time_that_was_waited() -> None:
    estimate = known()
    estimate.arrived(A, (-60.0, 1), 60.0, TEN, 0.0, demand=BILLING)
    estimate.abandoned(A, 10.0)
    estimate.passed(None, 59.0, need={BILLING: 60.0}.__getitem__)
    assert estimate.measured.known == 0
    estimate.passed(None, 60.0, need={BILLING: 60.0}.__getitem__)
    assert estimate.measured.known == 1


def test_notes_of_an_older_version_are_not_compared() -> None:
    plain = waiting(left=True).plain()
    for _, note in plain["notes"]:
        del note["credit"]
        note["demand"] = "()"
    estimate = Estimate.from_plain(plain)
    estimate.passed(None, 20.0)
    assert (estimate.measured.known, estimate.range(TEN)) == (0, waiting(left=True).range(TEN))


def test_those_who_left_and_those_who_wait_are_still_known_after_a_restart() -> None:
    estimate = Estimate.from_plain(json.loads(json.dumps(waiting(left=True).plain())))
    estimate.passed((0.0, 2), 20.0)
    estimate.started(B, 20.0)
    assert estimate.measured.known == 2


def test_one_who_left_and_came_back_is_measured_once() -> None:
    estimate = waiting(left=True)
    estimate.arrived(A, (0.0, 1), 0.0, TEN, 15.0)
    estimate.passed(None, 30.0)
    assert estimate.measured.known == 0
    estimate.started(A, 60.0)
    assert estimate.measured.known == 1


@pytest.mark.parametrize("end", [60.0, LONGEST + 1])
def test_what_the_house_ended_is_not_measured(end: float) -> None:
    estimate = waiting()
    if end < LONGEST:
        estimate.forget(A)
    estimate.started(A, end)
    assert estimate.measured.known == 0


@pytest.mark.parametrize("wrong", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("coverage", [0.5, 0.8])
def test_a_prediction_that_is_wrong_is_put_right(wrong: float, coverage: float) -> None:
    random, estimate = Random(1), Estimate(coverage)
    for i in range(3000):
        now = i * 1000.0
        estimate.served(100.0, now)
        estimate.arrived(A, (now, i), 0.0, Standing(4, able=4), now)
        if i == 1500:
            early = estimate.measured
        estimate.started(A, now + wrong * sum(random.expovariate(1 / 25) for _ in range(4)))
    late = estimate.measured
    share = (late.within - early.within) / (late.known - early.known)
    assert coverage - 0.04 < share < coverage + 0.04


def test_ranges_hold_on_a_simulated_centre() -> None:
    asks, unknown = bench.centre("abandonment", 1, seed=7)
    first = [ask for ask in asks if not ask.again]
    assert len(first) > 500
    assert unknown == 0
    assert 0.7 < sum(ask.within for ask in first) / len(first) < 0.9


@pytest.mark.parametrize(("shape", "number"), [("abandonment", 2), ("agents leaving", 0)])
def test_ranges_hold_in_a_house_that_the_engine_runs(shape: str, number: int) -> None:
    house = estimate_house.lived(shape, number, seed=1, days=2, one_in=1)
    true = sum(ask.within for ask in house.said) / len(house.said)
    measured = house.measured
    assert len(house.said) > 300
    assert 0.7 < true < 0.9
    assert measured.known == pytest.approx(len(house.said), rel=0.02)
    assert measured.within / measured.known == pytest.approx(true, abs=0.04)


def test_the_simulated_wait_of_one_who_left_is_the_virtual_one() -> None:
    plan = Plan([(0,)], [60.0], 0, 0, 0, 0, 0, lambda now: 0, 0, [1.0])
    calling = [
        Caller(0.0, 0, 0.0, handle=100.0, patience=9e9),
        Caller(1.0, 0, 0.0, handle=100.0, patience=20.0),  # leaves; would be served at 100
        Caller(2.0, 0, 0.0, handle=50.0, patience=9e9),
        Caller(3.0, 0, 90.0, handle=70.0, patience=9e9),  # first by its credit: at 100
    ]
    line = Line(plan, calling, bench.Silent())
    line.run()
    assert line.began == {0: 0.0, 3: 100.0, 1: 170.0, 2: 170.0}


# ---------------------------------------------------------------- the place


def member(name: str, *queues: str, **skills: int) -> Member:
    return Member(AgentId(name), dict.fromkeys(map(QueueId, queues), 0.0), skills)


MEMBERS = [
    member("ann", "cards"),
    member("bob", "cards", "loans", billing=5),
    member("cho", "loans"),
    member("dee", "travel", billing=9),
    member("eve", "cards", billing=4),
]


QUEUES = {one.id: one.queues for one in MEMBERS}


def serves(one: Member, demand: Demand) -> bool:
    return demand.queue in one.queues and all(
        one.skills.get(skill, 0) >= level for skill, level in demand.skills
    )


def competition(*here: str) -> Competition:
    made = Competition(Centre(queues={}, agents={one.id: one for one in MEMBERS}))
    for name in map(AgentId, here) if here else QUEUES:
        made.comes(name, QUEUES[name])
    return made


def keys(*times: float) -> list[OrderKey]:
    return [(time, 0) for time in sorted(times)]


def test_only_those_ahead_who_compete_for_the_same_agents_count() -> None:
    line = {CARDS: keys(1, 2, 9), LOANS: keys(3), TRAVEL: keys(4), BILLING: keys(5)}
    assert competition().place(CARDS, (8.0, 0), line) == 5
    assert competition().place(TRAVEL, (8.0, 0), line) == 2
    assert competition("ann", "cho").place(CARDS, (8.0, 0), line) == 3


def test_an_agent_who_goes_joins_nobody_any_more() -> None:
    made = competition()
    assert made.able(BILLING) == 1
    made.goes(AgentId("bob"), QUEUES[AgentId("bob")])
    assert made.able(BILLING) == 0
    assert made.place(LOANS, (8.0, 0), {CARDS: keys(1)}) == 1


def test_a_contact_does_not_count_itself() -> None:
    assert competition().place(CARDS, (2.0, 0), {CARDS: keys(1, 2, 3)}) == 2


def test_others_ahead_never_keep_our_own_agents_away() -> None:
    line = {LOANS: keys(*range(100)), CARDS: keys(1)}
    found = competition().standing(CARDS, (200.0, 0), line, free=0, now=230.0)
    assert (found.place, found.able, found.head) == (102, 3, 30.0)
    [(since, able, load)] = found.phases
    assert (since, able) == (0.0, 3)
    assert load == pytest.approx(2 * 3 / 2)


@pytest.mark.parametrize(
    ("mine", "ahead", "load"),
    [
        (BILLING, {CARDS: 5}, 2.0),  # three take six
        (LOANS, {CARDS: 2}, 1.5),  # four take three: two of them could be ours
        (LOANS, {CARDS: 4}, 2.0),  # Cho is ours alone
        (LOANS, {CARDS: 1, LOANS: 1}, 2.0),  # nobody is overtaken
        (CARDS, {BILLING: 2}, 1.5),  # they bring nobody along
        (CARDS, {TRAVEL: 9}, 1.0),
    ],
)
def test_a_line_ahead_counts_as_far_as_it_shares_our_agents(
    mine: Demand, ahead: dict[Demand, int], load: float
) -> None:
    line = {demand: keys(*range(number)) for demand, number in ahead.items()}
    [(_, _, found)] = competition().standing(mine, (200.0, 0), line, free=0, now=230.0).phases
    assert found == pytest.approx(load)


def test_agents_who_come_later_are_counted_from_when_they_come() -> None:
    relax = (Relax(60.0, {"billing": 4}), Relax(120.0, {"billing": 0}))
    rules = Centre({QueueId("cards"): Queue(QueueId("cards"), relax=relax)}, {
        one.id: replace(one, queues={QueueId("cards"): after})
        for one, after in zip(MEMBERS, (0.0, 0.0, 200.0, 90.0, 0.0), strict=True)
    })  # fmt: skip
    made = Competition(rules)
    for one in rules.agents.values():
        made.comes(one.id, one.queues)
    asked = [(0.0, 1), (60.0, 2), (90.0, 3), (120.0, 4), (200.0, 5)]  # bob, eve, dee, ann, cho
    for waited, left in ((0.0, asked), (100.0, asked[2:]), (500.0, asked[4:])):
        found = made.standing(BILLING, (10.0, 0), {}, 0, 20.0 + waited, credit=10.0).phases
        assert [able for _, able, _ in found] == [able for _, able in left]
        assert [since for since, *_ in found] == [max(0.0, at - waited) for at, _ in left]
    assert made.able(BILLING) == 5


def test_a_partner_team_is_counted_from_when_contacts_come_to_it() -> None:
    cards, outside = QueueId("cards"), replace(MEMBERS[0], team="outside")
    rules = Centre(
        {cards: Queue(cards, partner_after=30.0)}, {outside.id: outside},
        teams={"outside": Team(partner=True)},
    )  # fmt: skip
    made = Competition(rules)
    made.comes(outside.id, outside.queues)
    found = made.standing(CARDS, (0.0, 0), {}, 0, 0.0)
    assert [(since, able) for since, able, _ in found.phases] == [(0.0, 0), (30.0, 1)]
    made.goes(outside.id, outside.queues)
    assert made.able(CARDS) == 0


def test_agents_who_come_later_shorten_the_wait_from_then_on() -> None:
    estimate = known()
    few, many = (middle(estimate, Standing(12, able=able)) for able in (2, 20))

    def with_more(since: float) -> float:
        phases = ((0.0, 2, 12.0), (since, 20, 12.0))
        return middle(estimate, Standing(12, able=20, phases=phases))

    assert with_more(0.0) == many
    assert with_more(2 * few) == few
    assert with_more(300.0) == pytest.approx(300 + many * (1 - 300 / few), rel=0.1)
    alone = Standing(12, able=20, phases=((0.0, 0, 12.0), (300.0, 20, 12.0)))
    assert middle(estimate, alone) == pytest.approx(300 + many, rel=0.1)


@given(
    st.lists(st.tuples(st.sampled_from([CARDS, LOANS, TRAVEL, BILLING]), st.integers(0, 50))),
    st.sets(st.sampled_from([one.id for one in MEMBERS]), min_size=1),
    st.sampled_from([CARDS, LOANS, TRAVEL, BILLING]),
)
@settings(max_examples=50)
def test_the_place_by_demand_is_the_place_by_pairs(
    line: list[tuple[Demand, int]], here: set[AgentId], mine: Demand
) -> None:
    waiting: dict[Demand, list[OrderKey]] = {}
    for seq, (demand, at) in enumerate(line):
        waiting.setdefault(demand, []).append((float(at), seq))
    for found in waiting.values():
        found.sort()
    able = [one for one in MEMBERS if one.id in here]
    ahead = [
        demand
        for seq, (demand, at) in enumerate(line)
        if (at, seq) < (25, 0)
        and (demand == mine or any(serves(one, demand) and serves(one, mine) for one in able))
    ]
    standing = competition(*here).standing(mine, (25.0, 0), waiting, 0, 25.0)
    assert standing.place == 1 + len(ahead)
    [(_, _, load)] = standing.phases
    assert 1 <= load <= standing.place


# ---------------------------------------------------------------- what is told


def seconds(low: float, high: float, few: bool = False) -> Range:
    return Range(low * 60, (low + high) * 30, high * 60, few)


@pytest.mark.parametrize(
    ("wait", "low", "high"),
    [
        (seconds(4.3, 6.2), 4, 7),
        (seconds(0.2, 0.3), 0, 1),
        (seconds(0.2, 2.1), 0, 3),
        (seconds(11, 17), 10, 20),
        (seconds(48, 61), 40, None),
        (seconds(600, 700), 60, None),
        (seconds(5, 5), 5, 5),
    ],
)
def test_what_is_said_is_rounded_outwards(wait: Range, low: int, high: int | None) -> None:
    assert wait_to_tell(wait, 100.0) == Told(low, high, 100.0)


@pytest.mark.parametrize("minutes", STEPS[1:])
def test_a_wait_of_as_many_minutes_as_are_said_is_said_so(minutes: int) -> None:
    assert minutes % 5 == 0 or minutes <= 12, "above, nobody wants to hear single minutes"
    told = wait_to_tell(seconds(minutes, minutes), 0.0)
    assert told == Told(minutes, minutes, 0.0)


@pytest.mark.parametrize("score", [-2.0, -0.5, 0.0, 1.3])
def test_a_wait_that_has_a_score_is_scored_so(score: float) -> None:
    made = Prediction(mean=120.0, spread=0.4, place=3)
    assert made.score(made.wait(score)) == pytest.approx(score)


def test_what_is_not_known_is_not_said() -> None:
    assert wait_to_tell(None, 0.0) is None
    assert wait_to_tell(seconds(1, 2, few=True), 0.0) is None


@given(st.floats(0, 5000), st.floats(0, 5000))
def test_what_is_said_holds_at_least_what_was_estimated(low: float, more: float) -> None:
    told = wait_to_tell(Range(low, low + more / 2, low + more), 0.0)
    assert told
    assert told.low * 60 <= low
    assert told.high is None or told.high * 60 >= low + more
    assert told.low in STEPS


def test_a_wait_that_may_end_later_than_was_told_is_said_to() -> None:
    before = wait_to_tell(seconds(4, 7), 0.0)
    kept, broken = seconds(3, 6), seconds(3, 6.5)
    assert before
    again, worse = wait_to_tell(kept, 60.0, before), wait_to_tell(broken, 60.0, before)
    assert again and worse
    assert (again.later, worse.later) == (False, True)


def test_a_place_never_rises_without_a_reason() -> None:
    assert place_to_tell(5, None) == 5
    assert [place_to_tell(place, 5) for place in (4, 5)] == [4, 5]
    assert place_to_tell(6, 5) is None
    assert place_to_tell(6, 5, reason=True) == 6
