"""Calls of agents' own in the engine: refused without a trace, over when nobody was reached."""

from __future__ import annotations

import pytest

from acd.commands import Close, ContactEnd, Offer
from acd.config import Centre
from acd.events import CallerLeft, LegEnded, LinkChanged, Moved, OfferAnswered, OfferEnd, OfferEnded
from acd.model import CALLS, AgentId, ContactId, OfferId, QueueId, Rule
from acd.requests import CalledOut
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.routing_stage import ANN, BOB, ONE, SUPPORT, TWO, Stage, house, member

CENTRE: Centre = house(member(ANN), member(BOB), wrap_up_seconds=30.0)


def calls(stage: Stage, contact: ContactId = ONE, at: float = 10.0) -> Offer:
    """ANN calls somebody; her phone rings."""
    [offer] = stage.tell(CalledOut(contact, ANN, SUPPORT), at)
    assert isinstance(offer, Offer)
    return offer


def test_the_phone_of_the_agent_who_calls_rings_and_no_other() -> None:
    stage = Stage(CENTRE, BOB, ANN)
    offer = calls(stage)
    assert (offer.agent, offer.rule, offer.asked_by) == (ANN, Rule.OUTGOING, None)
    assert stage.engine.contacts[ONE].state is ContactState.RINGING


@pytest.mark.parametrize(
    ("contact", "agent", "queue", "why"),
    [
        (ONE, ANN, SUPPORT, "has been"),
        (TWO, BOB, SUPPORT, "has been"),
        (ContactId("new"), ANN, QueueId("fishing"), "no queue fishing"),
        (ContactId("new"), AgentId("eve"), SUPPORT, "no agent eve"),
        (ContactId("new"), BOB, SUPPORT, "no room"),
    ],
)
def test_a_call_that_is_refused_leaves_nothing_behind(
    contact: ContactId, agent: AgentId, queue: QueueId, why: str
) -> None:
    """ONE talks with bob, TWO has ended."""
    stage = Stage(CENTRE, BOB, ANN)
    stage.arrives(TWO, 5.0, waits=False)
    stage.tell(CallerLeft(TWO), 6.0)
    stage.arrives(ONE, 7.0)
    stage.answers(ONE, 8.0)
    with pytest.raises(ForbiddenMove, match=why):
        stage.tell(CalledOut(contact, agent, queue), 10.0)
    assert [*stage.engine.contacts] == [ONE]
    assert calls(stage, ContactId("next"), 11.0).offer == "1.3.1", "numbers have no gap"


def test_a_call_while_there_is_no_link_is_refused() -> None:
    stage = Stage(CENTRE, ANN)
    stage.tell(LinkChanged(False), 5.0)
    with pytest.raises(ForbiddenMove, match="cannot be commanded"):
        stage.tell(CalledOut(ONE, ANN, SUPPORT), 10.0)
    assert ONE not in stage.engine.contacts


@pytest.mark.parametrize("talked", [False, True])
def test_whom_nobody_reached_waits_for_nobody_and_is_known_to_have_ended(talked: bool) -> None:
    stage = Stage(CENTRE, ANN, BOB)
    offer = calls(stage).offer
    over: OfferEnded | LegEnded = OfferEnded(offer, OfferEnd.DECLINED)
    if talked:
        stage.tell(OfferAnswered(ONE, offer), 11.0)
        over = LegEnded(ONE, offer)
    assert stage.tell(over, 12.0) == [Close(ONE, ContactEnd.NOT_REACHED)]
    assert ONE not in stage.engine.contacts and stage.engine.ended[ONE] == 12.0
    wrap_up, ready = AgentState.WRAP_UP, AgentState.READY
    assert stage.engine.agents[ANN].state is (wrap_up if talked else ready)


def test_whom_the_agent_reached_was_served_like_any_caller() -> None:
    stage = Stage(CENTRE, ANN, BOB)
    offer: OfferId = calls(stage).offer
    stage.tell(OfferAnswered(ONE, offer), 11.0)
    stage.tell(Moved(ONE, CALLS), 12.0)
    assert stage.tell(LegEnded(ONE, offer), 20.0) == []
    assert stage.engine.contacts[ONE].state is ContactState.AFTER
    assert stage.tell(CallerLeft(ONE), 20.1) == [Close(ONE, ContactEnd.SERVED)]
