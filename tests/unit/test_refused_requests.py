"""What was refused is in no journal: it may leave nothing behind that a later decision sees."""

from __future__ import annotations

import pytest

from acd.events import Moved
from acd.model import Medium
from acd.requests import ConsultAsked
from acd.states import ForbiddenMove
from tests.routing_stage import ANN, BOB, ONE, Stage, house, member


def test_a_consultation_that_is_refused_opens_no_medium_that_nobody_waits_in() -> None:
    stage = Stage(house(member(ANN), member(BOB)), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 12.0)
    stage.tell(Moved(ONE, "webchat"), 13.0)
    with pytest.raises(ForbiddenMove, match="no room"):
        stage.tell(ConsultAsked(ONE, BOB), 14.0)
    assert Medium.CHAT not in stage.engine.openings
