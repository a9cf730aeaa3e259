"""Edges of consultation: who may ask, who is still asked, and news that is late or missing."""

from __future__ import annotations

import pytest

from acd.commands import Offer, Withdraw
from acd.events import (
    CallerLeft,
    Held,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    Resumed,
    Returned,
    TakenOver,
    Transferred,
)
from acd.requests import AgentReady, ConsultAsked, TransferCompleted
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.routing_stage import ANN, BOB, ONE, SALES, SUPPORT, Stage, rung
from tests.unit.test_consults import CENTRE, asked, states, talk


def test_only_for_a_talk_or_to_hand_it_on_after_it_is_another_agent_asked() -> None:
    stage, offer = talk()
    stage.tell(LegEnded(ONE, offer), 12.0)
    with pytest.raises(ForbiddenMove, match="nobody to consult for"):
        stage.tell(ConsultAsked(ONE, BOB), 12.1)
    assert asked(stage, 12.2, leaves=True).agent == BOB


def test_who_waits_is_handed_on_by_nobody() -> None:
    stage = Stage(CENTRE)
    stage.arrives(ONE, 10.0)
    with pytest.raises(ForbiddenMove, match="nobody to consult for"):
        stage.tell(ConsultAsked(ONE, BOB, leaves=True), 11.0)


def test_who_took_over_may_consult_as_well() -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(OfferAnswered(ONE, consult.offer), 13.0)
    stage.tell(TransferCompleted(ONE, consult.offer), 14.0)
    stage.tell(LegEnded(ONE, offer), 14.1)
    stage.tell(AgentReady(ANN), 15.0)
    [again] = stage.tell(ConsultAsked(ONE, ANN), 16.0)
    assert isinstance(again, Offer)
    assert (again.agent, again.asked_by) == (ANN, consult.offer)


def test_an_agent_who_was_let_go_is_asked_again_only_when_the_phone_is_silent() -> None:
    """Twice let go, the phone is told once."""
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Held(ONE, offer, 1), 12.1)
    assert len(stage.tell(Resumed(ONE, offer, 2, alone=True), 13.0)) == 1
    with pytest.raises(ForbiddenMove, match="no room"):
        stage.tell(ConsultAsked(ONE, BOB), 13.1)
    assert stage.tell(Resumed(ONE, offer, 3, alone=True), 13.2) == []
    stage.tell(OfferEnded(consult.offer, OfferEnd.RELEASED), 13.5)
    assert asked(stage, 14.0).agent == BOB


def test_whose_advice_is_needed_no_more_is_still_being_consulted_until_they_hang_up() -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Held(ONE, offer, 1), 12.1)
    stage.tell(OfferAnswered(ONE, consult.offer), 13.0)
    assert stage.tell(Resumed(ONE, offer, 2, alone=True), 14.0) == []
    with pytest.raises(ForbiddenMove, match="bob is being consulted"):
        stage.tell(ConsultAsked(ONE, BOB), 14.1)
    stage.tell(LegEnded(ONE, consult.offer), 15.0)
    assert states(stage) == ("talking", "talking", "ready")


def test_who_takes_over_without_an_answer_heard_of_talks_and_wraps_up() -> None:
    """The news of the answer was lost: that they have the caller says as much."""
    stage, _ = talk()
    consult = asked(stage)
    stage.tell(TakenOver(ONE, consult.offer, BOB), 13.0)
    assert stage.engine.offers[consult.offer].answered_at == 13.0
    assert states(stage) == ("talking", "talking", "talking")
    stage.tell(LegEnded(ONE, consult.offer), 20.0)
    assert states(stage) == ("after", "talking", "wrap-up")


def test_a_phone_that_rings_for_a_caller_whom_the_consulted_agent_has_is_silenced() -> None:
    stage, offer = talk()
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    stage.tell(AgentReady(ANN), 13.0)
    [back] = stage.tell(Returned(ONE, offer), 13.5)[-1:]
    assert isinstance(back, Offer) and back.agent == ANN
    found = stage.tell(TakenOver(ONE, consult.offer, BOB), 14.0)
    assert [c.offer for c in found if isinstance(c, Withdraw)] == [back.offer]
    assert stage.engine.contacts[ONE].talked_with == BOB


def test_who_takes_over_a_caller_that_left_in_the_same_instant_is_free_when_they_hang_up() -> None:
    stage, offer = talk()
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    stage.tell(CallerLeft(ONE), 13.0)
    stage.tell(TakenOver(ONE, consult.offer, BOB), 13.1)
    assert stage.engine.changed
    assert stage.engine.agents[BOB].state is AgentState.TALKING
    stage.tell(LegEnded(ONE, consult.offer), 14.0)
    assert stage.engine.agents[BOB].state is AgentState.READY


def test_a_contact_that_nobody_took_while_there_is_no_link_rings_when_it_is_back() -> None:
    stage, offer = talk()
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    stage.tell(AgentReady(ANN), 13.0)
    stage.tell(OfferEnded(consult.offer, OfferEnd.BUSY), 14.0)
    stage.tell(LinkChanged(False), 14.2)
    assert stage.tell(Returned(ONE, offer, nobody=True), 14.5) == []
    assert rung(stage.tell(LinkChanged(True), 15.0)) == [(ONE, ANN)]


def test_the_holds_of_who_took_over_are_counted_anew() -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Held(ONE, offer, 1), 12.1)
    stage.tell(OfferAnswered(ONE, consult.offer), 13.0)
    stage.tell(TransferCompleted(ONE, consult.offer), 14.0)
    assert stage.engine.contacts[ONE].state is ContactState.TALKING
    stage.tell(Held(ONE, consult.offer, 1), 15.0)
    assert stage.engine.contacts[ONE].state is ContactState.HELD


def test_a_resume_without_a_number_makes_no_late_hold_news() -> None:
    stage, offer = talk()
    stage.tell(Held(ONE, offer, 3), 12.0)
    stage.tell(Resumed(ONE, offer), 13.0)
    stage.tell(Held(ONE, offer, 2), 14.0)
    assert stage.engine.contacts[ONE].state is ContactState.TALKING


def test_a_phone_that_rings_for_advice_stops_though_the_caller_was_never_held() -> None:
    stage, offer = talk()
    consult = asked(stage)
    (told,) = stage.tell(Resumed(ONE, offer, 1, alone=True), 13.0)
    assert isinstance(told, Withdraw) and told.offer == consult.offer


def test_a_second_transfer_out_of_a_talk_that_is_left_moves_nobody() -> None:
    stage, offer = talk()
    stage.tell(LegEnded(ONE, offer), 12.0)
    stage.tell(Transferred(ONE, SALES, offer=offer), 12.1)
    stage.tell(Transferred(ONE, SUPPORT, offer=offer), 12.2)
    assert stage.engine.contacts[ONE].queue == SALES
    assert not stage.engine.changed


def test_a_resume_told_again_silences_no_phone_that_rings_for_advice_since() -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Resumed(ONE, offer, 1, alone=True), 13.0)
    stage.tell(OfferEnded(consult.offer, OfferEnd.RELEASED), 13.5)
    assert asked(stage, 14.0).agent == BOB
    assert stage.tell(Resumed(ONE, offer, 1, alone=True), 15.0) == []
