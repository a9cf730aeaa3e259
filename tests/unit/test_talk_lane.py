"""A foretelling that is played must not depend on how fast this machine is."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from tests import talk_lane
from tests.talk_hands import Differs
from tests.talk_house import places
from tests.talk_lane import Lane, Played
from tests.talk_model import CALLER, Seen, Talk

[PLACE] = places(4)
ONE, TWO, *_ = PLACE.agents


def played(declined: float) -> tuple[Lane, Talk]:
    """Agent one has declined this many seconds ago, and is rung; agent two, whose talk it was, has
    sent the caller back to the line."""
    states = dict.fromkeys(PLACE.agents, "ready") | {TWO: "wrap-up"}
    rings = states | {ONE: "offered"}
    seen = Seen("ringing", ONE, rings, frozenset({ONE}), frozenset({CALLER}), frozenset())

    async def look(*_: Any) -> Seen:
        return seen

    settings = SimpleNamespace(ports=SimpleNamespace(sip=0))
    house: Any = SimpleNamespace(house=SimpleNamespace(settings=settings), look=look)
    lane = Lane(house, PLACE)
    lane.hands.declined[ONE] = time.monotonic() - declined
    talk = Talk(PLACE.queues, PLACE.front, states, barred={ONE})
    return lane, talk


async def test_who_declined_long_ago_may_ring_again_whenever_the_step_comes() -> None:
    lane, talk = played(declined=20.0)
    await lane._equal(Played(), talk)
    assert talk.barred == set()


async def test_who_has_just_declined_must_not_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk_lane, "EQUAL_SECONDS", 0.1)
    lane, talk = played(declined=1.0)
    with pytest.raises(Differs, match="contact is ringing, not waiting"):
        await lane._equal(Played(), talk)


async def test_who_declined_may_ring_again_while_it_is_looked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(talk_lane, "BARRED_SECONDS", 0.3)
    lane, talk = played(declined=0.1)
    await lane._equal(Played(), talk)
