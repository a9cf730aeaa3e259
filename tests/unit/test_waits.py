"""Who stands where, as the estimates of waiting are told by the engine."""

from __future__ import annotations

from acd.events import CallerLeft, LegEnded
from acd.model import ContactId
from acd.waits import Waits
from tests.routing_stage import ANN, ONE, THREE, TWO, Stage, house, member


def places(stage: Stage, *names: ContactId) -> list[int]:
    waits = stage.engine.waits
    assert waits
    return [waits.place(stage.engine.contacts[name]) for name in names]


def watched() -> Stage:
    """One agent, who talks; everybody else waits."""
    centre = house(member(ANN))
    stage = Stage(centre)
    stage.engine.waits = Waits(centre)
    stage.comes(ANN, 1.0)
    stage.arrives(ContactId("zero"), 5.0)
    stage.answers(ContactId("zero"), 6.0)
    return stage


def test_everybody_in_line_stands_behind_whoever_came_before() -> None:
    stage = watched()
    for second, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + second)
    assert places(stage, ONE, TWO, THREE) == [1, 2, 3]


def test_whoever_leaves_lets_those_behind_step_up() -> None:
    stage = watched()
    for second, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + second)
    stage.tell(CallerLeft(TWO), 20.0)
    assert places(stage, ONE, THREE) == [1, 2]
    stage.tell(CallerLeft(ONE), 21.0)
    assert places(stage, THREE) == [1]


def test_whoever_rings_stands_first_until_answered() -> None:
    stage = watched()
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.tell(LegEnded(ContactId("zero"), stage.offer(ContactId("zero"))), 30.0)
    stage.at(60.0)
    assert places(stage, ONE, TWO) == [1, 2]
    stage.answers(ONE, 61.0)
    assert places(stage, TWO) == [1]
