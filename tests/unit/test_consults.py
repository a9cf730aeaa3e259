"""Hold, consultation and hand-over in the engine: one owner at a time, however news comes."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.commands import Close, ContactEnd, Offer, Withdraw
from acd.events import (
    CallerLeft,
    ConsultDropped,
    Held,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    Reached,
    Resumed,
    Returned,
    TakenOver,
    Transferred,
)
from acd.model import OfferId, Rule
from acd.requests import AgentReady, ConsultAsked
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.routing_stage import ANN, BOB, ONE, SALES, SUPPORT, Stage, house, member

CENTRE = house(member(ANN), member(BOB), wrap_up_seconds=30.0)


def talk() -> tuple[Stage, OfferId]:
    """ANN talks with ONE since 11; BOB is ready."""
    stage = Stage(CENTRE, ANN, BOB)
    stage.arrives(ONE, 10.0)
    return stage, stage.answers(ONE, 11.0)


def asked(stage: Stage, at: float = 12.0, leaves: bool = False) -> Offer:
    """ANN asks for BOB."""
    [offer] = stage.tell(ConsultAsked(ONE, BOB, leaves), at)
    assert isinstance(offer, Offer)
    return offer


def states(stage: Stage) -> tuple[str, str, str]:
    """Of the contact, of ANN, of BOB."""
    agents = stage.engine.agents
    return stage.engine.contacts[ONE].state, agents[ANN].state, agents[BOB].state


def test_hold_and_resume_that_are_told_again_later_change_nothing() -> None:
    stage, offer = talk()
    stage.tell(Held(ONE, offer, 1), 12.0)
    stage.tell(Resumed(ONE, offer, 2), 12.2)
    stage.tell(Held(ONE, offer, 1), 12.5)
    assert stage.engine.contacts[ONE].state is ContactState.TALKING
    stage.tell(Held(ONE, offer, 3), 13.0)
    stage.tell(Resumed(ONE, offer, 2), 13.5)
    assert stage.engine.contacts[ONE].state is ContactState.HELD


def test_the_hold_of_a_talk_that_is_over_holds_no_other() -> None:
    stage, offer = talk()
    stage.tell(LegEnded(ONE, offer), 20.0)
    stage.tell(Returned(ONE, offer), 20.1)
    stage.answers(ONE, 21.0)
    stage.tell(Held(ONE, offer, 7), 22.0)
    assert stage.engine.contacts[ONE].state is ContactState.TALKING


def test_who_asks_is_named_to_the_telephone_side() -> None:
    stage, offer = talk()
    consult = asked(stage)
    assert (consult.agent, consult.rule, consult.asked_by, consult.leaves) == (
        BOB, Rule.CONSULT, offer, False
    )  # fmt: skip


def test_of_one_contact_one_agent_is_consulted_at_a_time() -> None:
    stage, _ = talk()
    consult = asked(stage)
    with pytest.raises(ForbiddenMove, match="bob is being consulted"):
        stage.tell(ConsultAsked(ONE, BOB), 13.0)
    stage.tell(OfferEnded(consult.offer, OfferEnd.DECLINED), 14.0)
    assert asked(stage, 30.0).agent == BOB


def test_a_phone_that_rings_for_advice_stops_when_the_agent_is_back_with_the_caller() -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Held(ONE, offer, 1), 12.1)
    (told,) = stage.tell(Resumed(ONE, offer, 2, alone=True), 13.0)
    assert isinstance(told, Withdraw) and told.offer == consult.offer
    assert stage.engine.contacts[ONE].state is ContactState.TALKING


def test_a_swap_lets_the_consulted_agent_wait() -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Held(ONE, offer, 1), 12.1)
    stage.tell(OfferAnswered(ONE, consult.offer), 13.0)
    assert states(stage) == ("held", "talking", "talking")
    assert stage.tell(Resumed(ONE, offer, 2), 14.0) == []
    assert states(stage) == ("talking", "talking", "talking")


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("first", ["leg ended", "taken over"])
def test_who_takes_over_has_the_contact_and_both_wrap_up_once(first: str, restarted: bool) -> None:
    stage, offer = talk()
    consult = asked(stage)
    stage.tell(Held(ONE, offer, 1), 12.1)
    stage.tell(OfferAnswered(ONE, consult.offer), 13.0)
    if restarted:
        stage.engine = snapshot.load(CENTRE, snapshot.dump(stage.engine), 14.0)
        stage.tell(LinkChanged(True), 14.0)
    news = [LegEnded(ONE, offer), TakenOver(ONE, consult.offer, BOB)]
    for event in news if first == "leg ended" else reversed(news):
        stage.tell(event, 20.0)
    assert states(stage) == ("talking", "wrap-up", "talking")
    assert stage.engine.contacts[ONE].talked_with == BOB
    assert stage.tell(TakenOver(ONE, consult.offer, BOB), 20.5) == []
    stage.tell(LegEnded(ONE, consult.offer), 60.0)
    assert states(stage) == ("after", "ready", "wrap-up")
    assert stage.engine.agents[BOB].wrap_up_ends == 90.0


def test_a_contact_that_is_handed_on_is_the_other_agents_when_they_answer() -> None:
    stage, offer = talk()
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    assert states(stage) == ("after", "wrap-up", "offered")
    stage.tell(TakenOver(ONE, consult.offer, BOB), 15.0)
    assert states(stage) == ("talking", "wrap-up", "talking")


def test_a_contact_that_nobody_took_waits_with_its_key() -> None:
    stage, offer = talk()
    key = stage.engine.contacts[ONE].order_key
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    stage.tell(OfferEnded(consult.offer, OfferEnd.RANG_OUT), 28.0)
    stage.tell(Returned(ONE, offer, nobody=True), 28.5)
    contact = stage.engine.contacts[ONE]
    assert (contact.state, contact.order_key) == (ContactState.WAITING, key)


@pytest.mark.parametrize("leaves", [True, False])
def test_who_declines_what_is_handed_on_is_not_rung_for_it_at_once(leaves: bool) -> None:
    """Sent without words, or ANN hung up while it rang."""
    stage, offer = talk()
    consult = asked(stage, leaves=leaves)
    stage.tell(LegEnded(ONE, offer), 12.5)
    stage.tell(OfferEnded(consult.offer, OfferEnd.DECLINED), 14.0)
    assert stage.tell(Returned(ONE, offer, nobody=True), 14.5) == []
    assert stage.at(23.9) == []
    assert stage.at(24.0) == [(ONE, BOB)]


def test_a_contact_that_nobody_took_goes_back_to_a_sender_who_is_free() -> None:
    stage, offer = talk()
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    stage.tell(AgentReady(ANN), 13.0)
    stage.tell(OfferEnded(consult.offer, OfferEnd.BUSY), 14.0)
    [back] = stage.tell(Returned(ONE, offer, nobody=True), 14.5)
    assert isinstance(back, Offer)
    assert (back.agent, back.rule) == (ANN, Rule.SENT_BACK)
    assert stage.tell(Reached(ONE), 14.6) == []


def test_a_transfer_to_a_queue_that_is_told_again_later_cuts_no_talk() -> None:
    stage, offer = talk()
    stage.tell(Transferred(ONE, SALES, offer=offer), 12.0)
    contact = stage.engine.contacts[ONE]
    assert (contact.queue, contact.state, contact.entered_at) == (
        SALES, ContactState.WAITING, 10.0
    )  # fmt: skip
    stage.tell(LegEnded(ONE, offer), 12.1)
    assert stage.engine.agents[ANN].state is AgentState.WRAP_UP
    stage.tell(Transferred(ONE, SALES, offer=OfferId("7.9.9")), 12.2)
    assert contact.state is ContactState.WAITING


def test_a_caller_who_leaves_while_it_rings_was_served_and_the_phone_stops() -> None:
    stage, offer = talk()
    consult = asked(stage, leaves=True)
    stage.tell(LegEnded(ONE, offer), 12.5)
    found = stage.tell(CallerLeft(ONE), 14.0)
    assert [c.offer for c in found if isinstance(c, Withdraw)] == [consult.offer]
    assert [c.how for c in found if isinstance(c, Close)] == [ContactEnd.SERVED]


def test_an_agent_who_is_not_free_is_not_rung_for_a_transfer() -> None:
    stage, _ = talk()
    with pytest.raises(ForbiddenMove, match="no room"):
        stage.tell(ConsultAsked(ONE, ANN, leaves=True), 12.0)


def test_an_agent_whom_nobody_needs_any_more_is_rung_no_longer_and_blamed_for_nothing() -> None:
    stage, _ = talk()
    offer = asked(stage)
    [command] = stage.tell(ConsultDropped(ONE, offer.offer), 13.0)
    assert isinstance(command, Withdraw) and command.consulted and command.offer == offer.offer
    assert stage.tell(ConsultDropped(ONE, offer.offer), 13.1) == [], "told once more"
    stage.tell(OfferEnded(offer.offer, OfferEnd.RANG_OUT), 13.2)
    assert states(stage) == (ContactState.TALKING, AgentState.TALKING, AgentState.READY)
    assert asked(stage, 14.0).offer != offer.offer, "and may be asked again"


def test_who_has_answered_or_has_the_contact_is_not_dropped() -> None:
    stage, first = talk()
    offer = asked(stage)
    stage.tell(OfferAnswered(ONE, offer.offer), 13.0)
    for named in (offer.offer, first, OfferId("7.7.7")):
        assert stage.tell(ConsultDropped(ONE, named), 14.0) == []
        assert not stage.engine.changed
    assert states(stage) == (ContactState.TALKING, AgentState.TALKING, AgentState.TALKING)


@pytest.mark.parametrize("restarted", [False, True])
def test_who_declined_is_spared_a_contact_that_was_talked_with_and_waits_again(
    restarted: bool,
) -> None:
    stage = Stage(house(member(ANN), member(BOB), wrap_up_seconds=600.0), ANN, BOB)
    stage.arrives(ONE, 10.0)
    assert stage.ends(ONE, OfferEnd.DECLINED, 12.0) == [(ONE, BOB)]
    offer = stage.answers(ONE, 13.0)
    if restarted:
        plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
        stage.engine = snapshot.load(stage.engine.centre, plain, 14.0)
        stage.tell(LinkChanged(True), 14.0)
    assert stage.tell(Transferred(ONE, SUPPORT, offer=offer), 15.0) == []
    assert stage.hangs_up_of(ONE, 15.0) == []
    assert stage.at(21.9) == []
    assert stage.wakes(22.0) == [(ONE, ANN)]
