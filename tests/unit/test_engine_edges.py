"""Edges of routing's rules: exact times, equal values, what was before and is no more."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from acd import snapshot
from acd.commands import Close, ContactEnd, Withdraw
from acd.config import Capacity, Class
from acd.demands import MOST_DEMANDS
from acd.engine import Engine
from acd.events import (
    CallerLeft,
    Held,
    LegEnded,
    LinkChanged,
    OfferEnd,
    OfferEnded,
    Parked,
    Reached,
    Resumed,
    Started,
)
from acd.model import ContactId
from acd.requests import AgentLoggedOff, AgentPaused, AgentReady
from acd.states import AgentState, ContactState
from tests.routing_stage import ANN, BOB, CHO, ONE, SUPPORT, THREE, TWO, Stage, house, member


def test_a_new_run_offers_nothing_before_its_link_is_up() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.tell(Started(2), 5.0)
    assert stage.arrives(ONE, 10.0) == []
    stage.tell(LinkChanged(True), 11.0)
    assert stage.offer(ONE) == "2.1.1"


def test_a_held_caller_is_with_the_agent_until_resumed_or_over() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    states = []
    for event in (Resumed(ONE), Held(ONE), Held(ONE), Resumed(ONE), Held(ONE)):
        stage.tell(event, 12.0)
        states.append((stage.engine.contacts[ONE].state, stage.engine.changed))
    talking, held = ContactState.TALKING, ContactState.HELD
    assert states == [
        (talking, False), (held, True), (held, False), (talking, True), (held, True),
    ]  # fmt: skip
    stage.tell(LegEnded(ONE, stage.offer(ONE)), 20.0)
    assert stage.engine.contacts[ONE].state is ContactState.AFTER
    assert stage.engine.agents[ANN].state is AgentState.WRAP_UP


def test_a_hold_of_nobody_we_know_is_no_news() -> None:
    stage = Stage(house(member(ANN)), ANN)
    for event in (Held(ONE), Resumed(ONE)):
        assert stage.tell(event, 12.0) == []
        assert not stage.engine.changed


def test_a_caller_who_hangs_up_on_hold_was_served() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(Held(ONE), 12.0)
    assert stage.tell(CallerLeft(ONE), 13.0) == [Close(ONE, ContactEnd.SERVED)]


def test_of_two_who_declined_the_first_is_asked_again_first() -> None:
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0)
    assert stage.ends(ONE, OfferEnd.DECLINED, 11.0) == [(ONE, BOB)]
    assert stage.ends(ONE, OfferEnd.DECLINED, 15.0) == []
    assert stage.wakes(21.0) == [(ONE, ANN)]


@pytest.mark.parametrize(
    ("how", "rest"),
    [(OfferEnd.DECLINED, 10.0), (OfferEnd.BUSY, 5.0), (OfferEnd.UNREACHABLE, 5.0)],
)
def test_the_rests_are_those_of_the_guide(how: OfferEnd, rest: float) -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    assert stage.ends(ONE, how, 11.0) == []
    assert stage.wakes(11.0 + rest) == [(ONE, ANN)]


def test_wrap_up_is_over_when_that_of_the_last_contact_is() -> None:
    stage = Stage(house(member(ANN), wrap_up_seconds=30.0), ANN)
    for contact in (ONE, TWO):
        stage.arrives(contact, 10.0, channel="sms")
        stage.answers(contact, 11.0)
    stage.tell(LegEnded(TWO, stage.offer(TWO)), 20.0)
    stage.tell(LegEnded(ONE, stage.offer(ONE)), 25.0)
    assert stage.engine.agents[ANN].wrap_up_ends == 55.0


def test_level_one_is_more_than_not_having_the_skill() -> None:
    stage = Stage(house(member(ANN), member(BOB, skills={"billing": 1})), ANN, BOB)
    assert stage.arrives(ONE, 10.0, skills={"billing": 1}) == [(ONE, BOB)]


@pytest.mark.parametrize(("channel", "is_parked"), [("voice", False), ("callback", True)])
def test_only_who_is_called_by_us_can_turn_out_not_to_be_there(
    channel: str, is_parked: bool
) -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0, channel=channel)
    stage.answers(ONE, 11.0)
    stage.tell(Parked(ONE), 20.0)
    assert (stage.engine.contacts[ONE].state is ContactState.PARKED) is is_parked


def test_who_was_parked_before_has_the_whole_limit_again() -> None:
    stage = Stage(house(member(ANN), park_limit=100.0))
    stage.arrives(ONE, 5.0)
    stage.tell(Parked(ONE), 10.0)
    stage.tell(Reached(ONE), 50.0)
    stage.tell(Parked(ONE), 60.0)
    assert stage.tell_time(110.0) == []
    assert stage.tell_time(160.0) == [Close(ONE, ContactEnd.EXPIRED)]


def test_a_new_contact_repeats_nothing_unless_it_says_so() -> None:
    stage = Stage(house(member(ANN), classes={"standard": Class(repeat=30.0)}))
    stage.arrives(ONE, 10.0)
    assert stage.engine.contacts[ONE].credit == 0.0


def test_a_long_line_that_many_leave_keeps_its_order() -> None:
    stage, dice = Stage(house(member(ANN), wrap_up_seconds=0.0)), Random(3)
    line = [ContactId(f"c{n}") for n in range(400)]
    for contact in dice.sample(line, len(line)):
        stage.arrives(contact, 1000.0, entered_at=float(line.index(contact)))
    left = set(dice.sample(line[1:], 370))
    for contact in sorted(left):
        stage.tell(CallerLeft(contact), 1001.0)
    served = stage.comes(ANN, 1010.0)
    for now in range(1020, 1310, 10):
        contact = served[-1][0]
        stage.answers(contact, now)
        stage.tell(CallerLeft(contact), now)
        served += stage.hangs_up_of(contact, now)
    assert [contact for contact, _ in served] == [c for c in line if c not in left]


def first_version(engine: Engine) -> dict[str, Any]:
    """A snapshot as the first version wrote it: an agent had one contact and a list of queues."""
    plain: dict[str, Any] = json.loads(json.dumps(snapshot.dump(engine)))
    for agent in plain["agents"]:
        works = agent.pop("works")
        on = [id_ for id_, work in works.items() if work["phase"] != "wrap-up"]
        agent["offer"] = on[0] if on else None
        ends = [work["ends_at"] for work in works.values() if work["phase"] == "wrap-up"]
        agent["wrap_up_ends"] = ends[0] if ends else None
        agent["queues"] = list(agent["queues"])
    return plain


def test_a_snapshot_of_the_first_version_can_be_read() -> None:
    stage = Stage(house(*map(member, (ANN, BOB, CHO)), wrap_up_seconds=30.0), ANN, BOB, CHO)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.arrives(TWO, 12.0)
    stage.arrives(ContactId("over"), 13.0)
    stage.answers(ContactId("over"), 14.0)
    stage.tell(LegEnded(ContactId("over"), stage.offer(ContactId("over"))), 15.0)
    again = snapshot.load(stage.engine.centre, first_version(stage.engine), 16.0)
    phases = {a.id: [w.phase.value for w in a.works.values()] for a in again.agents.values()}
    assert phases == {ANN: ["talking"], BOB: ["ringing"], CHO: ["wrap-up"]}
    assert again.agents[CHO].wrap_up_ends == 45.0
    assert again.agents[ANN].queues == {SUPPORT: 0.0}


def test_what_rang_out_while_the_link_was_lost_is_withdrawn_when_it_is_back() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.tell(LinkChanged(False), 12.0)
    assert stage.engine.next_deadline() is None
    assert stage.at(60.0) == []
    back = stage.tell(LinkChanged(True), 70.0)
    assert [type(command) for command in back] == [Withdraw]


def test_who_logs_off_in_wrap_up_has_all_their_room_when_they_come_back() -> None:
    stage = Stage(house(member(ANN), wrap_up_seconds=600.0), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.hangs_up(ONE, 20.0)
    stage.tell(AgentLoggedOff(ANN), 21.0)
    stage.comes(ANN, 22.0)
    assert stage.arrives(TWO, 23.0) == [(TWO, ANN)]


def test_who_comes_back_from_a_break_may_be_offered_at_once() -> None:
    stage = Stage(house(member(ANN, capacity=Capacity(voice=1))), ANN)
    stage.arrives(ONE, 10.0)
    stage.ends(ONE, OfferEnd.RANG_OUT, 25.0)
    assert stage.engine.agents[ANN].state is AgentState.NOT_READY
    stage.tell(AgentReady(ANN), 40.0)
    assert stage.engine.contacts[ONE].state is ContactState.RINGING


def test_a_phone_that_nobody_answers_says_nothing_about_how_long_talks_last() -> None:
    """Else every declined offer would shorten the wait that callers are told."""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.ends(ONE, OfferEnd.DECLINED, 14.0)
    assert stage.engine.freed == {ANN: False}


def test_an_agent_who_is_done_early_with_wrap_up_counts_as_freed_after_a_talk() -> None:
    stage = Stage(house(member(ANN), wrap_up_seconds=30.0), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.hangs_up(ONE, 20.0)
    stage.tell(AgentReady(ANN), 25.0)
    assert stage.engine.freed == {ANN: True}


def test_nobody_is_held_for_an_agent_where_the_queue_holds_nobody() -> None:
    stage = Stage(house(member(ANN), member(BOB)), BOB)
    assert stage.arrives(ONE, 0.0, preferred=ANN) == [(ONE, BOB)]


def test_what_contacts_asked_for_is_forgotten_once_nobody_waits_with_it() -> None:
    stage = Stage(house(member(ANN)))
    for n in range(2 * MOST_DEMANDS):
        contact = ContactId(f"c{n}")
        stage.arrives(contact, 10.0 + n, skills={f"skill {n}": 1})
        stage.tell(CallerLeft(contact), 10.0 + n)
    assert len(stage.engine.demands._demands) <= MOST_DEMANDS


@pytest.mark.parametrize(
    ("how", "asked", "state", "reason"),
    [
        (OfferEnd.RANG_OUT, "", AgentState.NOT_READY, "no answer"),
        (OfferEnd.RANG_OUT, "lunch", AgentState.NOT_READY, "lunch"),
        (OfferEnd.DECLINED, "", AgentState.READY, ""),
    ],
)
def test_who_lets_a_second_chat_ring_gets_no_more_when_the_first_is_over(
    how: OfferEnd, asked: str, state: AgentState, reason: str
) -> None:
    """Nobody who does not answer is rung again; who declines, or has asked for lunch, is not
    taken for one of those."""
    stage = Stage(house(member(ANN), wrap_up_seconds=0.0), ANN)
    stage.arrives(ONE, 10.0, channel="sms")
    stage.answers(ONE, 11.0)
    stage.arrives(TWO, 12.0, channel="sms")
    if asked:
        stage.tell(AgentPaused(ANN, asked), 13.0)
    stage.ends(TWO, how, 20.0)
    stage.hangs_up(ONE, 25.0)
    ann = stage.engine.agents[ANN]
    assert (ann.state, ann.reason) == (state, reason)


def test_nobody_is_ever_held_for_an_agent_who_may_not_serve_them() -> None:
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=60.0), BOB)
    assert stage.arrives(ONE, 0.0, preferred=ANN) == [(ONE, BOB)]


def test_an_agent_who_left_the_rules_with_a_busy_phone_leaves_no_deadline_behind() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.engine.use(house(member(BOB)), 10.5)
    stage.ends(ONE, OfferEnd.BUSY, 11.0)
    assert ANN not in stage.engine.agents
    assert stage.at(16.0) == []
    assert stage.engine.next_deadline() is None


def test_a_phone_that_was_found_out_of_reach_again_rests_from_then_on() -> None:
    """The end of the first rest, which was set before, does not end the second."""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.ends(ONE, OfferEnd.BUSY, 11.0)
    assert stage.arrives(TWO, 12.0, channel="sms") == [(TWO, ANN)]
    first = stage.offer(TWO)
    stage.tell(CallerLeft(TWO), 13.0)
    stage.arrives(THREE, 13.5, channel="sms")
    stage.tell(OfferEnded(first, OfferEnd.RELEASED), 13.6)
    stage.ends(THREE, OfferEnd.UNREACHABLE, 14.0)
    last = stage.offer(THREE)
    stage.tell(CallerLeft(THREE), 14.5)
    stage.tell(OfferEnded(last, OfferEnd.RELEASED), 15.0)
    assert stage.at(16.0) == []
    assert stage.wakes(19.0) == [(ONE, ANN)]


def test_a_link_that_is_told_to_be_up_twice_is_no_news() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.tell(LinkChanged(True), 5.0)
    assert not stage.engine.changed


def test_late_news_of_a_contact_changes_nothing_for_an_hour() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.tell(CallerLeft(ONE), 20.0)
    stage.arrives(ONE, 3620.0)
    assert ONE not in stage.engine.contacts
    stage.arrives(ONE, 3620.5)
    assert ONE in stage.engine.contacts
