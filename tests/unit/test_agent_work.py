"""What an agent has to do just now, as the core tells the agents' page."""

from __future__ import annotations

from typing import Any

import pytest

from acd.requests import AgentLoggedOff, AgentPaused, AgentReady
from acd.why import line_for
from ivr.agent_work import work_of
from ivr.ports import CoreRefused
from tests.routing_stage import ANN, ONE, SALES, SUPPORT, Stage, house, member

CODES = {"solved": {"en": "Solved"}}


def stage(**rules: Any) -> Stage:
    """ANN is ready for support, and may log in to sales as well."""
    return Stage(house(member(ANN, queues={SUPPORT: 0.0, SALES: 30.0}), **rules), ANN)


def test_who_has_nothing_to_do_sees_the_queues_that_are_theirs() -> None:
    work = work_of(stage().engine, ANN)
    assert work == {"own_queues": [SALES, SUPPORT], "then": "", "until": None, "works": []}


def test_a_contact_that_rings_says_why_it_came_and_until_when() -> None:
    house_ = stage(ring_seconds=15.0)
    house_.engine.explains = line_for
    house_.tell(AgentPaused(ANN, "lunch"), 1.0)
    house_.arrives(ONE, 10.0, class_="vip")
    house_.tell(AgentReady(ANN), 40.0)
    [one] = work_of(house_.engine, ANN)["works"]
    assert (one["contact"], one["channel"], one["queue"], one["class"]) == (
        ONE, "voice", SUPPORT, "vip",
    )  # fmt: skip
    assert (one["state"], one["since"], one["rings_until"]) == ("ringing", 40.0, 55.0)
    assert (one["waited"], one["credit"], one["rule"]) == (30.0, 60.0, "order")
    assert one["why"] == (
        "first in order: waited 0:30, vip head start 1:00; ann was the longest idle, idle 0:00"
    )


def test_a_talk_says_since_when_and_what_was_asked_for_after_it() -> None:
    house_ = stage()
    house_.arrives(ONE, 10.0)
    house_.answers(ONE, 12.0)
    house_.tell(AgentPaused(ANN, "lunch"), 13.0)
    work = work_of(house_.engine, ANN)
    [one] = work["works"]
    assert (one["state"], one["since"], one["rings_until"]) == ("talking", 12.0, None)
    assert work["then"] == "break"
    house_.tell(AgentLoggedOff(ANN), 14.0)
    assert work_of(house_.engine, ANN)["then"] == "log off"


def test_wrap_up_says_its_end_and_whether_a_disposition_is_missing() -> None:
    house_ = stage(wrap_up_seconds=10.0, dispositions=CODES, disposition_limit=60.0)
    house_.arrives(ONE, 10.0)
    house_.answers(ONE, 12.0)
    house_.hangs_up(ONE, 20.0)
    work = work_of(house_.engine, ANN)
    [one] = work["works"]
    assert (one["state"], one["contact"], one["queue"]) == ("wrap-up", ONE, SUPPORT)
    assert one["channel"] == "voice"
    assert (one["until"], one["owes"], work["until"]) == (80.0, True, 80.0)


def test_nobody_is_told_of_an_agent_who_is_not_there() -> None:
    with pytest.raises(CoreRefused, match="name one of the agents"):
        work_of(stage().engine, "eve")
