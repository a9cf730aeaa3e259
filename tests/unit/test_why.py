"""Offers explain themselves, and rules say what they promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acd import events
from acd.bounds import bounds
from acd.commands import Command
from acd.config import Centre, Class, Member, Queue, Relax
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId, Rule
from acd.why import Why, long_clock
from tests.whys import whys

Q = QueueId("q")
ANN, BOB = AgentId("ann"), AgentId("bob")
CENTRE = Centre(
    queues={Q: Queue(Q, wrap_up_seconds=0, relax=(Relax(60, {"billing": 3}),))},
    agents={
        ANN: Member(ANN, {Q: 0.0}, {"billing": 8}),
        BOB: Member(BOB, {Q: 0.0}, {"billing": 3}),
    },
    classes={"standard": Class(repeat=30), "vip": Class(credit=90, reserve=1)},
    urgency={"card_loss": 300.0},
    version="v1",
)


def started(*agents: AgentId, rules: Centre = CENTRE) -> Engine:
    engine = Engine(rules)
    engine.handle(events.Started(1), 0)
    engine.handle(events.LinkChanged(up=True), 0)
    for second, agent in enumerate(agents):
        engine.handle(events.PhoneChanged(agent, reachable=True), second)
        engine.handle(events.AgentLoggedIn(agent), second)
    return engine


def arrive(
    engine: Engine, name: str, at: float, level: int = 0, vip: bool = False,
    preferred: AgentId | None = None,
) -> list[Command]:  # fmt: skip
    skills = {"billing": level} if level else {}
    class_ = "vip" if vip else "standard"
    event = events.Arrived(
        ContactId(name), Q, at, class_=class_, skills=skills, preferred=preferred, waits=True
    )
    return engine.handle(event, at)


def told(engine: Engine, event: events.Event, now: float) -> list[Why]:
    """Why the offers are made that this event leads to."""
    found = whys(engine)
    engine.handle(event, now)
    return found


def test_the_line_says_wait_head_start_agent_and_skills() -> None:
    engine = started()
    arrive(engine, "one", 100, level=5, vip=True)
    engine.handle(events.PhoneChanged(ANN, reachable=True), 150)
    [said] = told(engine, events.AgentLoggedIn(ANN), 292)
    assert said.line() == (
        "first in order: waited 3:12, vip head start 1:30; "
        "ann was the longest idle, idle 0:00, with billing ≥ 5"
    )
    assert said.version == "v1" and said.rule is Rule.ORDER
    assert [(one.agent, one.idle) for one in said.agents] == [(ANN, 0.0)]


def test_those_before_who_could_not_be_served_are_named_with_the_reason() -> None:
    engine = started()
    arrive(engine, "hard", 100, level=5)
    arrive(engine, "easy", 110)
    engine.handle(events.PhoneChanged(BOB, reachable=True), 120)
    [said] = told(engine, events.AgentLoggedIn(BOB), 120)
    assert said.contact == "easy"
    assert [(c.contact, c.kept_by) for c in said.contacts] == [
        ("hard", "for bob after 1:00"),
        ("easy", ""),
    ]
    assert "1 before it: for bob after 1:00" in said.line()


def test_whom_the_agent_can_never_serve_is_passed_over_in_silence() -> None:
    engine = started()
    engine.handle(
        events.Arrived(ContactId("never"), Q, 100, skills={"chinese": 1}, waits=True), 100
    )
    arrive(engine, "one", 110)
    engine.handle(events.PhoneChanged(BOB, reachable=True), 120)
    [said] = told(engine, events.AgentLoggedIn(BOB), 120)
    assert [one.contact for one in said.contacts] == ["one"] and said.passed == 0


def test_who_is_held_for_another_agent_is_said_to_be_and_is_offered_to_that_one() -> None:
    holds = {Q: Queue(Q, hold_for_preferred=60.0)}
    engine = started(rules=replace(CENTRE, queues=holds, classes={"standard": Class()}))
    engine.handle(events.AgentLoggedIn(ANN), 5)
    arrive(engine, "held", 100, preferred=ANN)
    arrive(engine, "other", 110)
    engine.handle(events.PhoneChanged(BOB, reachable=True), 120)
    [said] = told(engine, events.AgentLoggedIn(BOB), 120)
    assert [(c.contact, c.kept_by) for c in said.contacts] == [
        ("held", "held for ann"),
        ("other", ""),
    ]
    assert "1 before it: held for ann" in said.line()
    [said] = told(engine, events.PhoneChanged(ANN, reachable=True), 130)
    assert [(c.contact, c.kept_by) for c in said.contacts][:1] == [("held", "")]
    assert said.rule is Rule.PREFERRED and "before it" not in said.line()


def written(engine: Engine, due_at: float) -> None:
    """Somebody has written, at 100, and was promised an answer."""
    event = events.Arrived(ContactId("mail"), Q, 100, "email", due_at=due_at, waits=True)
    engine.handle(event, 100)


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (400, "promised within 1:00:00"),
        (4000, "promised within 0:00"),
        (4060, "was promised 1:00 ago"),
    ],
)
def test_of_what_was_written_the_line_says_when_an_answer_was_promised(
    now: float, says: str
) -> None:
    engine = started()
    written(engine, due_at=4000)
    engine.handle(events.PhoneChanged(BOB, reachable=True), now)
    [said] = told(engine, events.AgentLoggedIn(BOB), now)
    assert f"nobody who is there came first, {says};" in said.line()


def test_whoever_is_there_stands_before_what_was_promised_long_ago() -> None:
    engine = started()
    written(engine, due_at=200)
    arrive(engine, "hard", 390, level=5)
    engine.handle(events.PhoneChanged(BOB, reachable=True), 400)
    [said] = told(engine, events.AgentLoggedIn(BOB), 400)
    assert said.contact == "mail"
    assert (said.passed, said.passed_by) == (1, "for bob after 1:00")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0:00"), (59, "0:59"), (3599.6, "1:00:00"), (3661, "1:01:01"), (93_792, "26:03:12")],
)
def test_hours_are_shown_where_there_are_some(seconds: float, shown: str) -> None:
    assert long_clock(seconds) == shown


def test_an_offer_is_explained_the_same_from_a_replay() -> None:
    day: list[tuple[float, events.Event]] = [
        (0.0, events.Started(1)), (0.0, events.LinkChanged(up=True)),
        (1.0, events.Arrived(ContactId("one"), Q, 1.0, waits=True)),
        (2.0, events.PhoneChanged(ANN, reachable=True)), (9.0, events.AgentLoggedIn(ANN)),
    ]  # fmt: skip
    lines = []
    for _ in range(2):
        engine = Engine(CENTRE)
        explained = whys(engine)
        for at, event in day:
            engine.handle(event, at)
        lines += explained
    assert len(lines) == 2 and lines[0] == lines[1]


def test_nobody_is_overtaken_for_longer_than_the_bound_of_their_class() -> None:
    found = {(b.class_, b.urgency): b for b in bounds(CENTRE)}
    assert found["vip", "card_loss"].overtaken_for == 30  # a repeated contact of that kind
    assert found["standard", ""].overtaken_for == 90 + 300 + 30
    assert found["vip", ""].reserve == 1
    assert [b.credit for b in bounds(CENTRE)] == [390, 300, 90, 0]
