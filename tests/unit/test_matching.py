"""Many agents and many contacts in one instant, held to every matching that there is."""

from __future__ import annotations

from random import Random

import pytest

from acd.config import Capacity, Centre, Class, Member, Queue, Relax, Strategy, Team
from acd.demands import Demands
from acd.events import LinkChanged
from acd.lines import Demand
from acd.model import AgentId, ContactId, Lane
from acd.strategy import by_lot
from tests.reference import oracle
from tests.routing_stage import (
    ANN,
    BOB,
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

SKILLS = ("billing", "english", "loans")


def recovered(centre: Centre, dice: Random, most: int) -> tuple[Stage, Pairs]:
    """Everybody comes while there is no link; then it is back, and all are served at once."""
    agents = dice.sample(sorted(centre.agents), dice.randint(1, len(centre.agents)))
    stage = Stage(centre, *(AgentId(agent) for agent in agents))
    stage.tell(LinkChanged(False), 10.0)
    for n in range(dice.randint(1, most)):
        due = 500.0 + dice.randrange(9) if dice.random() < 0.3 else None
        stage.arrives(
            ContactId(f"c{n}"),
            100.0 + n,
            queue=dice.choice([SUPPORT, SALES]),
            entered_at=float(dice.randrange(60, 100)),
            skills={skill: dice.randint(1, 9) for skill in SKILLS if dice.random() < 0.4},
            class_=dice.choice(["standard", "vip"]),
            channel="email" if due else "voice",
            due_at=due,
        )
    return stage, rung(stage.tell(LinkChanged(True), 200.0))


def random_centre(dice: Random, most: int, strategy: Strategy = Strategy.LONGEST_IDLE) -> Centre:
    def one(n: int) -> Member:
        queues = {
            q: dice.choice([0.0, 0.0, 115.0]) for q in (SUPPORT, SALES) if dice.random() < 0.7
        }
        skills = {skill: dice.randint(1, 10) for skill in SKILLS if dice.random() < 0.6}
        return Member(AgentId(f"a{n}"), queues or {SALES: 0.0}, skills)

    relax = dice.choice([(), (Relax(110.0, {"billing": 2}),)])
    members = [one(n) for n in range(dice.randint(1, most))]
    return Centre(
        queues={q: Queue(q, relax=relax, strategy=strategy) for q in (SUPPORT, SALES)},
        agents={m.id: m for m in members},
        classes={"standard": Class(), "vip": Class(credit=30.0)},
        teams={"house": Team()},
    )


def lexicographic(stage: Stage, lane: Lane, taken: set[AgentId]) -> list[str]:
    """Whose turn it is of this lane by looking at every matching, with the agents not taken."""
    engine, now = stage.engine, 200.0
    contacts = sorted(
        (c for c in engine.contacts.values() if c.lane is lane), key=lambda c: oracle.key(c)
    )
    agents = {a.id: n for n, a in enumerate(engine.agents.values()) if a.id not in taken}
    able = [
        frozenset(
            n
            for id_, n in agents.items()
            if engine.agents[id_].state != "logged off"
            and oracle.able(engine.centre, engine.agents[id_], contact, now)
        )
        for contact in contacts
    ]
    best = oracle.best_matched(able)
    return [contact.id for contact, is_in in zip(contacts, best, strict=True) if is_in]


def test_the_matched_set_is_the_first_of_all_matchings_up_to_five_by_five() -> None:
    """I8, against brute force: the live contacts first, the deferred with whom they leave."""
    most = 0
    for seed in range(400):
        dice = Random(seed)
        stage, pairs = recovered(random_centre(dice, 5), dice, 5)
        live = {c.id for c in stage.engine.contacts.values() if c.lane is Lane.LIVE}
        assert {c for c, _ in pairs if c in live} == {*lexicographic(stage, Lane.LIVE, set())}, seed
        taken = {agent for contact, agent in pairs if contact in live}
        deferred = {contact for contact, _ in pairs if contact not in live}
        assert deferred == {*lexicographic(stage, Lane.DEFERRED, taken)}, seed
        assert len({agent for _, agent in pairs}) == len(pairs), seed
        most = max(most, len(pairs))
    assert most >= 4, "no scenario had many pairs"


def test_the_only_agent_for_a_later_contact_is_left_to_them() -> None:
    """Greedy would give ann, longest idle, to the first and leave the second waiting."""
    centre = house(member(ANN, skills={"billing": 5}), member(BOB))
    stage = Stage(centre, ANN, BOB)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0, skills={"billing": 5})
    assert {*rung(stage.tell(LinkChanged(True), 20.0))} == {(ONE, BOB), (TWO, ANN)}


def test_with_no_such_need_the_first_gets_whom_the_strategy_puts_first() -> None:
    centre = house(member(ANN, skills={"billing": 5}), member(BOB, skills={"billing": 5}))
    stage = Stage(centre, BOB, ANN)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0, skills={"billing": 5})
    assert {*rung(stage.tell(LinkChanged(True), 20.0))} == {(ONE, BOB), (TWO, ANN)}


def test_the_first_is_served_even_if_two_others_wait_for_it() -> None:
    """Lexicographic, not the greatest number: the oldest is not given up for more young ones."""
    both = {"billing": 5, "english": 5}
    centre = house(member(ANN, skills=both), member(BOB, skills={"english": 5}))
    stage = Stage(centre, ANN, BOB)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0, skills=both)
    stage.arrives(TWO, 11.0, skills={"billing": 5})
    assert rung(stage.tell(LinkChanged(True), 20.0)) == [(ONE, ANN)]


def test_who_is_held_for_an_agent_is_matched_with_the_others() -> None:
    """Both could be served at once: the first by bob, the second by ann, who knows them."""
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=20.0), ANN, BOB)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0, preferred=ANN)
    assert {*rung(stage.tell(LinkChanged(True), 12.0))} == {(ONE, BOB), (TWO, ANN)}


def test_who_waited_before_the_link_was_lost_is_not_passed_by_those_who_came_since() -> None:
    """An agent with room for two: the first of all, then the next of all, whoever is news."""
    stage = Stage(house(member(ANN, capacity=Capacity(chat=2))))
    stage.arrives(ONE, 10.0, channel="sms")
    stage.tell(LinkChanged(False), 11.0)
    stage.comes(ANN, 12.0)
    stage.arrives(TWO, 13.0, channel="sms", class_="vip")
    stage.arrives(THREE, 14.0, channel="sms")
    assert rung(stage.tell(LinkChanged(True), 15.0)) == [(TWO, ANN), (ONE, ANN)]


def test_who_is_held_for_an_agent_with_room_for_two_is_not_passed() -> None:
    centre = house(member(ANN, capacity=Capacity(mix=True)), hold_for_preferred=60.0)
    stage = Stage(centre, ANN)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0, channel="sms")
    stage.arrives(TWO, 11.0, preferred=ANN)
    stage.arrives(THREE, 12.0)
    assert rung(stage.tell(LinkChanged(True), 15.0)) == [(ONE, ANN), (TWO, ANN)]


def test_equal_keys_are_served_in_the_order_of_the_journal() -> None:
    for first, second in ((ONE, TWO), (TWO, ONE)):
        stage = Stage(house(member(ANN)))
        stage.arrives(first, 10.0)
        stage.arrives(second, 10.0)
        assert stage.comes(ANN, 20.0) == [(first, ANN)]


def test_recovery_looks_at_an_agent_once_for_all_who_ask_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A look at every pair takes seconds with a thousand idle agents and ten thousand who wait."""
    looks: list[AgentId] = []
    need = Demands.need

    def counted(self: Demands, agent: AgentId, demand: Demand) -> float:
        looks.append(agent)
        return need(self, agent, demand)

    members = [member(AgentId(f"a{n:03}"), skills={"billing": n % 10 + 1}) for n in range(60)]
    stage = Stage(house(*members), *(one.id for one in members))
    stage.tell(LinkChanged(False), 90.0)
    for n in range(200):
        stage.arrives(ContactId(f"c{n}"), 100.0 + n, skills={"billing": n % 4})
    monkeypatch.setattr(Demands, "need", counted)
    assert len(rung(stage.tell(LinkChanged(True), 400.0))) == 60
    assert len(looks) <= 4 * 60


def test_lots_are_drawn_for_each_of_many_contacts() -> None:
    agents = [AgentId(f"a{n}") for n in range(9)]
    stage = Stage(house(*map(member, agents), strategy=Strategy.RANDOM), *agents)
    stage.tell(LinkChanged(False), 90.0)
    for n in range(5):
        stage.arrives(ContactId(f"c{n}"), 100.0 + n)
    lots = {
        contact.id: [
            by_lot(stage.engine.agents[id_], stage.engine.centre, contact) for id_ in agents
        ]
        for contact in stage.engine.waiting()
    }
    expected: Pairs = []
    for contact, drawn in lots.items():
        taken = {agent for _, agent in expected}
        expected.append((contact, min(rank for rank in drawn if rank[3] not in taken)[3]))
    assert rung(stage.tell(LinkChanged(True), 200.0)) == expected


def test_who_is_kept_back_for_a_reserve_leaves_the_agent_to_the_next_in_order() -> None:
    """Not to a deferred contact: the next live one stands before it."""
    classes = {"standard": Class(), "vip": Class(reserve=1)}
    stage = Stage(house(member(ANN), member(BOB), classes=classes), ANN, BOB)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.arrives(THREE, 12.0, class_="vip")
    stage.arrives(ContactId("later"), 13.0, class_="vip", due_at=14.0)
    assert rung(stage.tell(LinkChanged(True), 20.0)) == [(ONE, ANN), (THREE, BOB)]
