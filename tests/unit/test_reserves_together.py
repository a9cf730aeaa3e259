"""Reserves and many who meet in one instant: held to every run of offers that there is."""

from __future__ import annotations

from random import Random

import pytest

from acd import ways
from acd.config import Capacity, Centre, Class, Member, Queue, Relax
from acd.events import LinkChanged
from acd.model import AgentId, ContactId
from acd.requests import AgentLoggedIn, ConsultAsked
from tests.reference.oracle import neglected
from tests.reference.runs import Instant
from tests.routing_stage import (
    ANN,
    BOB,
    CHO,
    DAN,
    ONE,
    SALES,
    SUPPORT,
    THREE,
    TWO,
    Pairs,
    Stage,
    house,
    member,
    rung,
)

ONE_VIP = {"standard": Class(), "vip": Class(reserve=1)}
QUEUES = (SUPPORT, SALES)
NOW = 200.0
CALLS_ONLY, CALLS_OR_CHATS = Capacity(chat=0, mail=0), Capacity(chat=2)
BESIDE = (
    Capacity(chat=2, mail=0, mix=True),
    Capacity(voice=0, chat=2, mail=0),
    Capacity(chat=3, mail=2, mix=True),
    CALLS_ONLY,
)
"""What they have keeps others out by number alone."""
ONE_KIND = (CALLS_OR_CHATS, Capacity(voice=0, chat=2, mail=0), Capacity(chat=1, mail=0))
"""A call keeps out chats, and a chat calls."""


def random_centre(dice: Random, capacities: tuple[Capacity, ...]) -> Centre:
    def one(n: int) -> Member:
        queues = {q: dice.choice([0.0, 0.0, 115.0]) for q in QUEUES if dice.random() < 0.7}
        skills = {"billing": dice.randint(1, 10)} if dice.random() < 0.6 else {}
        capacity = dice.choice(capacities)
        return Member(AgentId(f"a{n}"), queues or {SALES: 0.0}, skills, capacity=capacity)

    relax = dice.choice([(), (Relax(110.0, {"billing": 2}),)])
    members = [one(n) for n in range(dice.randint(2, 4))]
    reserves = dice.choice([(1, 0), (1, 0), (2, 0), (1, 1)])
    return Centre(
        queues={q: Queue(q, relax=relax) for q in QUEUES},
        agents={one.id: one for one in members},
        classes={
            "standard": Class(),
            "vip": Class(credit=dice.choice([0.0, 30.0]), reserve=reserves[0]),
            "gold": Class(reserve=reserves[1]),
        },
    )


def before_the_link(dice: Random, centre: Centre) -> Stage:
    """Some come and have a contact; then everybody else comes while there is no link."""
    agents = dice.sample(sorted(centre.agents), len(centre.agents))
    busy = dice.randint(0, len(agents) - 1)
    stage = Stage(centre, *(AgentId(agent) for agent in agents[:busy]))
    for n in range(busy):
        arrives(stage, dice, ContactId(f"b{n}"), 20.0 + n)
    stage.tell(LinkChanged(False), 50.0)
    for second, agent in enumerate(agents[busy:]):
        stage.comes(AgentId(agent), 51.0 + second)
    for n in range(dice.randint(2, 5)):
        arrives(stage, dice, ContactId(f"c{n}"), 100.0 + n)
    return stage


def arrives(stage: Stage, dice: Random, contact: ContactId, now: float) -> None:
    channel = dice.choice(["voice", "voice", "sms", "sms", "email"])
    stage.arrives(
        contact,
        now,
        queue=dice.choice(QUEUES),
        entered_at=now - dice.randrange(20),
        skills={"billing": dice.randint(1, 9)} if dice.random() < 0.3 else {},
        class_=dice.choice(["standard", "standard", "vip", "gold"]),
        channel=channel,
        due_at=300.0 + dice.randrange(9) if channel == "email" and dice.random() < 0.5 else None,
    )


def both(seed: int, capacities: tuple[Capacity, ...]) -> tuple[Pairs, Pairs]:
    """What the engine does when the link is back, and the first of all runs."""
    dice = Random(seed)
    stage = before_the_link(dice, random_centre(dice, capacities))
    first = Instant(stage.engine, stage.engine.centre, NOW).first_run()
    return rung(stage.tell(LinkChanged(True), NOW)), first


@pytest.mark.parametrize("seed", range(400))
def test_the_offers_are_the_first_of_all_runs_that_can_be_made_one_after_another(
    seed: int,
) -> None:
    """Who is kept back is asked after every offer, and each agent chosen with that in mind."""
    came, first = both(seed, BESIDE)
    assert came == first


@pytest.mark.parametrize("seed", range(300))
def test_a_contact_that_comes_alone_is_served_as_if_all_who_wait_came_with_it(seed: int) -> None:
    """Otherwise an engine that was restored, to which all is news, would choose another agent."""
    dice = Random(seed)
    stage = before_the_link(dice, random_centre(dice, ONE_KIND))
    stage.tell(LinkChanged(True), NOW)
    for n in range(3):
        now = NOW + 2.0 * n
        stage.tell(LinkChanged(False), now)
        arrives(stage, dice, ContactId(f"d{n}"), now)
        first = Instant(stage.engine, stage.engine.centre, now + 1.0).first_run()
        assert rung(stage.tell(LinkChanged(True), now + 1.0)) == first


def test_where_kinds_exclude_each_other_the_offers_can_be_made_and_are_mostly_the_first() -> None:
    others = 0
    for seed in range(600):
        dice = Random(seed)
        stage = before_the_link(dice, random_centre(dice, ONE_KIND))
        instant = Instant(stage.engine, stage.engine.centre, NOW)
        first = instant.first_run()
        came = rung(stage.tell(LinkChanged(True), NOW))
        assert instant.can_be_made(came), seed
        assert [contact for contact, _ in came[:1]] == [contact for contact, _ in first[:1]], seed
        others += came != first
    assert others <= 6


def test_with_more_ways_than_can_be_looked_at_the_offers_can_still_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ways, "MOST_LOOKS", 5)
    given_up = 0
    for seed in range(300):
        dice = Random(seed)
        stage = before_the_link(dice, random_centre(dice, BESIDE))
        instant = Instant(stage.engine, stage.engine.centre, NOW)
        first = instant.first_run()
        came = rung(stage.tell(LinkChanged(True), NOW))
        assert instant.can_be_made(came), seed
        assert not [*neglected(stage.engine, stage.engine.centre, NOW)], seed
        given_up += came != first
    assert given_up, "all ways were looked at"


def test_not_all_ways_are_looked_at_where_the_matching_can_be_made_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whenever two agents free at once; with a reserve that does not come to bind."""
    searched: list[ways.Search] = []

    def run(self: ways.Search) -> list[ways.Step]:
        searched.append(self)
        return []

    monkeypatch.setattr(ways.Search, "run", run)
    stage = Stage(house(*map(member, (ANN, BOB, CHO)), classes=ONE_VIP), ANN, BOB, CHO)
    stage.tell(LinkChanged(False), 50.0)
    for contact, class_ in (ONE, "standard"), (TWO, "vip"):
        stage.arrives(contact, 100.0, class_=class_)
    assert rung(stage.tell(LinkChanged(True), NOW)) == [(ONE, ANN), (TWO, BOB)]
    assert not searched


# ---------------------------------------------------------------- by hand


def test_a_vip_of_another_queue_leaves_the_agent_without_whom_a_reserve_binds() -> None:
    """Day 85000000605: with bob gone, ann would be the one kept back for a vip of support."""
    centre = house(
        member(ANN),
        member(BOB, queues={SUPPORT: 0.0, SALES: 0.0}),
        member(CHO, queues={SALES: 0.0}),
        classes=ONE_VIP,
    )
    stage = Stage(centre, BOB, ANN, CHO)
    stage.tell(LinkChanged(False), 50.0)
    stage.arrives(ONE, 100.0, queue=SALES, class_="vip")
    stage.arrives(TWO, 101.0)
    assert rung(stage.tell(LinkChanged(True), NOW)) == [(ONE, CHO), (TWO, BOB)]


def test_a_vip_gets_the_agent_who_stays_open_when_that_lets_in_who_stands_before() -> None:
    """Ann would be gone with her one chat; with cho as many are left, and one is with a vip."""
    centre = house(
        member(ANN, capacity=Capacity(chat=1)),
        member(BOB),
        member(CHO, capacity=Capacity(chat=2)),
        classes={"standard": Class(), "vip": Class(reserve=2)},
    )
    stage = Stage(centre, BOB, ANN, CHO)
    stage.arrives(ContactId("before"), 20.0)
    stage.tell(LinkChanged(False), 50.0)
    stage.arrives(ONE, 100.0, channel="sms")
    stage.arrives(TWO, 101.0, channel="sms", class_="vip")
    assert rung(stage.tell(LinkChanged(True), NOW)) == [(TWO, CHO), (ONE, ANN)]


def test_who_was_kept_back_long_ago_is_let_in_in_turn_not_after_all_who_are_news() -> None:
    """One waited before the link was lost, and for cho, who is no news; there is room for two."""
    cho = member(
        CHO, capacity=Capacity(chat=2), queues={SUPPORT: 0.0, SALES: 0.0}, skills={"loans": 1}
    )
    stage = Stage(house(member(BOB, capacity=Capacity(chat=0)), cho, classes=ONE_VIP), BOB, CHO)
    assert stage.arrives(ONE, 40.0, channel="sms", skills={"loans": 1}) == []
    stage.tell(LinkChanged(False), 50.0)
    stage.arrives(TWO, 100.0, channel="sms", class_="vip")
    stage.arrives(THREE, 101.0, channel="sms", queue=SALES)
    assert rung(stage.tell(LinkChanged(True), NOW)) == [(TWO, CHO), (ONE, CHO)]


def test_a_vip_who_comes_alone_leaves_the_agent_who_is_kept_back_for_them() -> None:
    """Day 91000000847: with a chat at ann nobody could take the call, and bob takes chats only."""
    centre = house(member(ANN), member(BOB, capacity=Capacity(voice=0)), classes=ONE_VIP)
    stage = Stage(centre, ANN, BOB)
    stage.arrives(THREE, 30.0, channel="sms", queue=SALES)  # chats are no news from here on
    assert stage.arrives(ONE, 40.0) == []
    assert stage.arrives(TWO, 50.0, channel="sms", class_="vip") == [(TWO, BOB), (ONE, ANN)]


def test_who_asks_a_colleague_of_another_queue_about_a_vip_lets_in_who_was_kept_back() -> None:
    """Day 60000002963: one more is with a vip, and nobody looked at whom that makes room for."""
    centre = house(
        member(ANN),
        member(BOB),
        member(CHO),
        member(DAN, queues={SALES: 0.0}),
        classes={"standard": Class(), "vip": Class(reserve=2)},
    )
    stage = Stage(centre, ANN, BOB, DAN)
    stage.engine.handle(AgentLoggedIn(CHO), 5.0)
    stage.arrives(ONE, 20.0, class_="vip")
    stage.answers(ONE, 21.0)
    assert stage.arrives(TWO, 30.0) == []
    told = rung(stage.tell(ConsultAsked(ONE, DAN), 40.0))
    assert told == [(ONE, DAN), (TWO, BOB)]
