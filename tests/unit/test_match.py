"""Who may serve whom: what is asked for relaxes with time, and never becomes more."""

from __future__ import annotations

import pytest

from acd import events
from acd.commands import Offer
from acd.config import Centre, Member, Queue, Relax
from acd.demands import MOST_DEMANDS
from acd.engine import Engine
from acd.match import stages_of
from acd.model import AgentId, ContactId, QueueId

CARDS = QueueId("cards")
ANN = AgentId("ann")


def test_a_step_never_asks_for_more_than_the_contact_did() -> None:
    queue = Queue(CARDS, relax=(Relax(30, {"billing": 3, "english": 3}), Relax(60, {"billing": 5})))
    asked = (("billing", 8), ("english", 2))
    stages = [(0.0, asked), (30, (("billing", 3), ("english", 2)))]
    assert stages_of(asked, queue) == stages


def test_a_skill_that_is_not_needed_any_more_is_left_out() -> None:
    queue = Queue(CARDS, relax=(Relax(30, {"billing": 0}),))
    assert stages_of((("billing", 8),), queue) == [(0.0, (("billing", 8),)), (30, ())]


def test_level_0_is_not_asked_for() -> None:
    """Also of an agent who was there before anybody asked for it."""
    queue = Queue(CARDS, relax=(Relax(30, {"billing": 1}),))
    engine = Engine(Centre({CARDS: queue}, {ANN: Member(ANN, {CARDS: 0.0})}))
    for event in (events.Started(1), events.LinkChanged(True), events.PhoneChanged(ANN, True)):
        engine.handle(event, 0.0)
    engine.handle(events.AgentLoggedIn(ANN), 0.0)
    arrived = events.Arrived(ContactId("c1"), CARDS, 1.0, skills={"billing": 0}, waits=True)
    assert [type(command) for command in engine.handle(arrived, 1.0)] == [Offer]


def test_demands_of_contacts_who_have_left_are_forgotten() -> None:
    skills = {"billing": 1} | {f"skill-{n}": 1 for n in range(MOST_DEMANDS + 9)}
    engine = Engine(Centre({CARDS: Queue(CARDS)}, {ANN: Member(ANN, {CARDS: 0.0}, skills)}))
    for event in (events.Started(1), events.LinkChanged(True), events.PhoneChanged(ANN, True)):
        engine.handle(event, 0.0)
    engine.handle(events.AgentLoggedIn(ANN, ready=False), 0.0)
    stays = events.Arrived(ContactId("stays"), CARDS, 0.0, skills={"billing": 1}, waits=True)
    engine.handle(stays, 0.0)
    for n in range(MOST_DEMANDS + 9):
        id_ = ContactId(f"c{n}")
        arrived = events.Arrived(id_, CARDS, 1.0, skills={f"skill-{n}": 1}, waits=True)
        engine.handle(arrived, 1.0)
        engine.handle(events.CallerLeft(id_), 1.0)
    assert len(engine.demands.reach[ANN]) < MOST_DEMANDS
    commands = engine.handle(events.AgentReady(ANN), 2.0)
    assert [command.contact for command in commands] == ["stays"]


def test_who_comes_after_much_was_forgotten_is_offered_who_waited_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("acd.demands.MOST_DEMANDS", 4)
    engine = Engine(Centre({CARDS: Queue(CARDS)}, {ANN: Member(ANN, {CARDS: 0.0}, {"billing": 1})}))
    for event in (events.Started(1), events.LinkChanged(True), events.PhoneChanged(ANN, True)):
        engine.handle(event, 0.0)
    stays = events.Arrived(ContactId("stays"), CARDS, 0.0, skills={"billing": 1}, waits=True)
    engine.handle(stays, 0.0)
    for n in range(9):
        id_ = ContactId(f"c{n}")
        arrived = events.Arrived(id_, CARDS, 1.0, skills={f"skill-{n}": 1}, waits=True)
        engine.handle(arrived, 1.0)
        engine.handle(events.CallerLeft(id_), 1.0)
    commands = engine.handle(events.AgentLoggedIn(ANN), 2.0)
    assert [command.contact for command in commands if isinstance(command, Offer)] == ["stays"]
