"""Who stands in line, for the estimates: also whom no event names, and nobody else."""

from __future__ import annotations

import json

from acd import snapshot
from acd.events import Arrived, OfferEnd, OfferEnded, Parked, TimePassed
from acd.model import ContactId
from acd.requests import AgentPaused
from acd.waits import Waits
from tests.routing_stage import ANN, BOB, ONE, SUPPORT, THREE, TWO, Stage, house, member


def busy() -> Stage:
    """ANN is on a break: everybody waits, and their waits are estimated."""
    centre = house(member(ANN), member(BOB))
    stage = Stage(centre, ANN, BOB)
    stage.engine.waits = Waits(centre)
    for agent in (ANN, BOB):
        stage.tell(AgentPaused(agent), 5.0)
    return stage


def places(stage: Stage, *names: ContactId) -> list[int]:
    waits = stage.engine.waits
    assert waits
    return [waits.place(stage.engine.contacts[name]) for name in names]


def test_a_callback_that_is_due_stands_in_line_again_with_its_place() -> None:
    stage = busy()
    for second, name in enumerate((ONE, TWO, THREE)):
        stage.arrives(name, 10.0 + second)
    stage.tell(Parked(ONE, until=30.0), 20.0)
    assert places(stage, TWO, THREE) == [1, 2]
    stage.tell(TimePassed(), 30.0)
    assert places(stage, ONE, TWO, THREE) == [1, 2, 3]


def test_a_call_whose_leg_is_lost_while_it_was_parked_stands_in_line_again() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.engine.waits = Waits(stage.engine.centre)
    stage.arrives(ONE, 10.0)
    offer = stage.offer(ONE)
    stage.arrives(TWO, 11.0)
    stage.tell(Parked(ONE, until=15.0), 12.0)
    stage.tell(AgentPaused(ANN), 13.0)
    stage.tell(TimePassed(), 15.0)
    assert places(stage, ONE, TWO) == [1, 2], "rings on until the end of the leg is confirmed"
    stage.tell(OfferEnded(offer, OfferEnd.RELEASED), 16.0)
    assert places(stage, ONE, TWO) == [1, 2]


def test_a_restart_tells_callers_the_same_places() -> None:
    stage = busy()
    stage.arrives(ONE, 10.0)
    stage.tell(Parked(ONE, until=30.0), 20.0)
    stage.arrives(TWO, 25.0)
    stage.tell(TimePassed(), 30.0)
    before = places(stage, ONE, TWO)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(stage.engine.centre, plain, 30.0)
    assert places(stage, ONE, TWO) == before


def test_mail_that_was_promised_an_answer_stands_before_no_caller() -> None:
    stage = busy()
    stage.tell(Arrived(TWO, SUPPORT, 9.0, "email", waits=True, due_at=5.0), 9.0)
    stage.arrives(ONE, 10.0)
    assert places(stage, ONE) == [1]
    waits = stage.engine.waits
    assert waits and waits.range(stage.engine, stage.engine.contacts[TWO], 10.0) is None
