"""Small promises of routing that nothing else would notice to be broken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest

from acd import snapshot
from acd.commands import Withdraw
from acd.config import Condition, OverflowRule, Relax
from acd.events import (
    CallerLeft,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    PhoneChanged,
    Transferred,
)
from acd.model import ContactId, Lane, OfferId, OfferMade
from acd.requests import AgentLoggedIn, ConsultAsked
from acd.states import AgentState
from tests.routing_stage import ANN, BOB, ONE, SALES, SUPPORT, THREE, TWO, Stage, house, member
from tests.unit.test_overflow import overflows


class NeverSearched(dict[OfferId, OfferMade]):
    """All offers of a house of any size: each is found by its id, nobody goes through them."""

    def __iter__(self) -> Iterator[OfferId]:
        raise AssertionError("all offers are gone through")

    def values(self) -> NoReturn:
        raise AssertionError("all offers are gone through")

    items = values


def test_who_has_waited_as_long_as_an_overflow_rule_says_is_told_to_the_second() -> None:
    """Not at the next of the looks that are taken every five seconds."""
    rule = OverflowRule(Condition(waited=32.5), "chat")
    stage = Stage(house(member(ANN), overflow=(rule,)))
    stage.arrives(ONE, 100.0)
    found = []
    while (at := stage.engine.next_deadline()) is not None and at <= 200.0:
        found += [(at, *one) for one in overflows(stage.tell_time(at))]
    assert found == [(132.5, ONE, "chat")]


def test_the_overflow_rules_of_the_queue_that_a_contact_is_transferred_to_speak_anew() -> None:
    rule = OverflowRule(Condition(nobody=True), "message")
    stage = Stage(house(overflow=(rule,), sales={"overflow": (rule,)}))
    stage.arrives(ONE, 10.0)
    commands = stage.tell(Transferred(ONE, SALES), 11.0)
    assert overflows(commands) == [(ONE, "message")]


@pytest.mark.parametrize(
    ("lane", "relax", "lines"),
    [
        (Lane.LIVE, (), 1),
        (Lane.LIVE, (Relax(60.0, {"billing": 1}),), 1),
        (Lane.DEFERRED, (), 1),
        (Lane.DEFERRED, (Relax(60.0, {"billing": 1}),), 2),
    ],
)
def test_all_who_ask_the_same_stand_in_one_line_but_where_promise_and_wait_disagree(
    lane: Lane, relax: tuple[Relax, ...], lines: int
) -> None:
    """A line of one's own for everybody would have every search look at everybody."""
    stage = Stage(house(member(ANN), relax=relax))
    due = 500.0 if lane is Lane.DEFERRED else None
    for contact in (ONE, TWO):
        stage.arrives(contact, 10.0, skills={"billing": 5}, due_at=due)
    demand = stage.engine.demands.of(stage.engine.contacts[ONE])
    assert len(demand.lines) == lines


def test_who_may_serve_after_a_second_alone_is_not_taken_for_an_exact_match() -> None:
    """However long they have been idle, and the contact has waited."""
    relaxed = (Relax(1.0, {"billing": 1}),)
    agents = member(ANN, skills={"billing": 1}), member(BOB, skills={"billing": 5})
    stage = Stage(house(*agents, relax=relaxed), ANN, BOB)
    asked = {"skills": {"billing": 5}, "entered_at": 5.0}
    assert stage.arrives(ONE, 10.0, **asked) == [(ONE, BOB)]


def test_a_phone_that_nobody_has_heard_of_is_not_rung() -> None:
    stage = Stage(house(member(ANN)))
    stage.tell(AgentLoggedIn(ANN), 5.0)
    assert stage.arrives(ONE, 10.0) == []
    stage.tell(PhoneChanged(ANN, True), 11.0)
    assert stage.offer(ONE)


@pytest.mark.parametrize("preferred", [ONE, TWO])
def test_who_gets_free_takes_who_is_first_held_for_them_or_not(preferred: ContactId) -> None:
    stage = Stage(house(member(ANN), hold_for_preferred=60.0, wrap_up_seconds=0.0), ANN)
    stage.arrives(THREE, 9.0)
    stage.answers(THREE, 9.0)
    stage.arrives(ONE, 10.0, preferred=ANN if preferred == ONE else None)
    stage.arrives(TWO, 11.0, preferred=ANN if preferred == TWO else None)
    assert stage.hangs_up(THREE, 12.0) == [(ONE, ANN)]


def test_an_agent_who_logs_in_to_a_queue_that_is_not_theirs_serves_it_at_once() -> None:
    stage = Stage(house(member(ANN)))
    stage.tell(PhoneChanged(ANN, True), 5.0)
    stage.tell(AgentLoggedIn(ANN, queues=(SALES,)), 5.0)
    assert stage.arrives(ONE, 10.0, queue=SALES) == [(ONE, ANN)]


def test_who_chose_some_queues_keeps_what_is_left_of_them_under_new_rules() -> None:
    """With the delays of the new rules; what they no longer have is gone, and nothing is added."""
    stage = Stage(house(member(ANN, queues={SUPPORT: 0.0, SALES: 0.0})))
    stage.tell(PhoneChanged(ANN, True), 5.0)
    stage.tell(AgentLoggedIn(ANN, queues=(SALES,)), 5.0)
    stage.engine.use(house(member(ANN, queues={SUPPORT: 0.0, SALES: 30.0})), 6.0)
    assert stage.arrives(ONE, 10.0) == []
    assert stage.arrives(TWO, 11.0, queue=SALES) == []
    assert stage.wakes(41.0) == [(TWO, ANN)]
    stage.engine.use(house(member(ANN)), 42.0)
    assert stage.engine.agents[ANN].queues == {}


def test_who_was_only_consulted_has_nothing_to_wrap_up() -> None:
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(ConsultAsked(ONE, BOB), 12.0)
    [consult] = [offer.id for offer in stage.engine.offers.values() if offer.agent == BOB]
    stage.tell(OfferAnswered(ONE, consult), 13.0)
    stage.tell(LegEnded(ONE, consult), 20.0)
    assert stage.engine.agents[BOB].state is AgentState.READY


@pytest.mark.parametrize("channel", ["voice", "sms"])
def test_who_talks_to_a_customer_may_consult_after_a_restart_too(channel: str) -> None:
    """Even when nobody has waited on this channel since."""
    centre = house(member(ANN), member(BOB))
    stage = Stage(centre, ANN, BOB)
    stage.arrives(ONE, 10.0, channel=channel)
    stage.answers(ONE, 11.0)
    stage.engine = snapshot.load(centre, snapshot.dump(stage.engine), 12.0)
    stage.tell(LinkChanged(True), 12.0)
    stage.tell(ConsultAsked(ONE, BOB), 13.0)
    assert [offer.agent for offer in stage.engine.offers.values()] == [ANN, BOB]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_talk_that_ends_ends_its_own_consultation_and_looks_at_no_other_talk(
    restarted: bool,
) -> None:
    centre = house(member(ANN), member(BOB))
    stage = Stage(centre, ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(ConsultAsked(ONE, BOB), 12.0)
    [asked] = [offer.id for offer in stage.engine.offers.values() if offer.agent == BOB]
    if restarted:
        stage.engine = snapshot.load(centre, snapshot.dump(stage.engine), 13.0)
        stage.tell(LinkChanged(True), 13.0)
    stage.engine.offers = NeverSearched(stage.engine.offers)
    commands = stage.tell(CallerLeft(ONE), 14.0)
    assert [one.offer for one in commands if isinstance(one, Withdraw)] == [asked]


def test_who_has_never_logged_in_has_been_off_and_idle_since_the_beginning() -> None:
    agent = Stage(house(member(ANN))).engine.agents[ANN]
    assert (agent.state, agent.since, agent.idle_since) == (AgentState.LOGGED_OFF, 0.0, 0.0)
    assert not agent.log_off_after, "nothing has been asked for"
