"""Agents' desks: chats come to those whose page is open, whatever the telephone side does."""

import json

import pytest

from acd import snapshot
from acd.commands import Withdraw
from acd.config import Capacity
from acd.events import DeskChanged, LinkChanged, Moved, OfferAnswered, OfferEnd, Started
from acd.requests import AgentLoggedIn, PickedUp
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.routing_stage import ANN, BOB, CHO, ONE, THREE, TWO, Stage, house, member, rung

CHATS = Capacity(voice=1, chat=2)


def told() -> Stage:
    """Desks are told of, as in the core. Ann is here, with her telephone."""
    stage = Stage(house(member(ANN, capacity=CHATS), member(BOB, capacity=CHATS)))
    stage.tell(Started(2, desks=False), 0.0)
    stage.tell(LinkChanged(True), 0.0)
    stage.comes(ANN, 1.0)
    return stage


def test_a_chat_waits_until_a_desk_is_opened_and_a_call_does_not() -> None:
    stage = told()
    assert stage.arrives(ONE, 10.0, channel="chat") == []
    assert stage.arrives(TWO, 11.0) == [(TWO, ANN)]
    stage.ends(TWO, OfferEnd.DECLINED, 12.0)
    assert rung(stage.tell(DeskChanged(ANN, True), 13.0)) == [(ONE, ANN)]


def test_chat_and_call_come_in_the_order_of_their_keys_to_an_agent_with_both() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    first = stage.arrives(ONE, 10.0, channel="chat")
    assert first == [(ONE, ANN)]
    assert stage.arrives(TWO, 11.0) == []
    assert stage.arrives(THREE, 12.0, channel="chat") == [(THREE, ANN)]  # room for another chat
    stage.ends(THREE, OfferEnd.RELEASED, 12.5)


def test_what_rings_at_a_desk_that_is_closed_rings_elsewhere() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    stage.arrives(ONE, 10.0, channel="chat")
    [back] = stage.tell(DeskChanged(ANN, False), 11.0)
    assert isinstance(back, Withdraw) and back.reason == "desk closed"
    stage.comes(BOB, 12.0)
    stage.tell(DeskChanged(BOB, True), 12.0)
    assert stage.ends(ONE, OfferEnd.RELEASED, 13.0) == [(ONE, BOB)]
    assert stage.engine.agents[ANN].state is AgentState.READY


def test_a_chat_that_is_served_goes_on_when_the_desk_is_closed() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    stage.arrives(ONE, 10.0, channel="chat")
    stage.answers(ONE, 11.0)
    assert stage.tell(DeskChanged(ANN, False), 12.0) == []
    assert stage.engine.contacts[ONE].state is ContactState.TALKING


def test_chats_go_on_while_the_telephone_side_is_away() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(TWO, 9.0)
    assert stage.arrives(ONE, 10.0, channel="chat") == [(ONE, ANN)]
    offer = stage.offer(ONE)
    assert stage.engine.next_deadline() == 25.0, "it rings out without the telephone side, too"
    stage.tell(OfferAnswered(ONE, offer), 11.0)
    stage.hangs_up(ONE, 20.0)
    assert stage.at(30.0) == [], "no telephone is rung"
    assert rung(stage.tell(LinkChanged(True), 31.0)) == [(TWO, ANN)]


def test_no_chat_is_picked_up_for_a_closed_desk_and_no_call_without_a_link() -> None:
    stage = told()
    stage.arrives(ONE, 10.0, channel="chat")
    with pytest.raises(ForbiddenMove, match="no room"):
        stage.tell(PickedUp(ONE, ANN, "sue", "knows her"), 11.0)
    stage.tell(LinkChanged(False), 12.0)
    stage.arrives(TWO, 13.0)
    with pytest.raises(ForbiddenMove, match="telephone side"):
        stage.tell(PickedUp(TWO, ANN, "sue", "knows her"), 14.0)


def test_a_new_run_closes_all_desks_and_takes_back_what_rang_there() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    stage.arrives(ONE, 10.0, channel="chat")
    [back] = stage.tell(Started(3, desks=False), 11.0)
    assert isinstance(back, Withdraw) and not stage.engine.agents[ANN].desk


def test_what_is_not_confirmed_gone_is_asked_for_again_where_desks_are_new() -> None:
    """Day 60000000941: until then no chat was linked, and nobody came back to what had rung out."""
    stage = Stage(house(member(ANN, capacity=CHATS)), ANN)
    stage.arrives(ONE, 10.0, channel="chat")
    stage.tell_time(25.0)
    stage.tell(LinkChanged(False), 26.0)
    assert stage.tell_time(40.0) == []
    [again] = stage.tell(Started(3, desks=False), 50.0)
    assert isinstance(again, Withdraw) and again.reason == OfferEnd.RANG_OUT


def test_a_snapshot_keeps_which_desks_are_open() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    again = snapshot.load(stage.engine.centre, plain, 3.0)
    assert again.agents[ANN].desk and not again.agents[BOB].desk and not again.desks
    del plain["desks"]
    for agent in plain["agents"]:
        del agent["desk"]
    old = snapshot.load(stage.engine.centre, plain, 3.0)
    assert old.desks and old.agents[BOB].desk, "of before there were desks: all are open"


def test_where_nobody_tells_of_desks_chats_are_offered_as_before() -> None:
    stage = Stage(house(member(ANN, capacity=CHATS)), ANN)
    assert stage.arrives(ONE, 10.0, channel="chat") == [(ONE, ANN)]
    stage.tell(LinkChanged(False), 11.0)
    assert stage.arrives(TWO, 12.0, channel="chat") == []


def test_an_agent_who_is_new_to_the_rules_has_a_closed_desk() -> None:
    stage = told()
    stage.engine.use(house(member(ANN, capacity=CHATS), member(BOB), member(CHO)), 3.0)
    stage.tell(AgentLoggedIn(CHO), 4.0)
    assert stage.arrives(ONE, 10.0, channel="chat") == []


def test_news_of_a_desk_told_twice_or_of_nobody_changes_nothing() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    for event in (DeskChanged(ANN, True), DeskChanged(CHO, True)):
        assert stage.tell(event, 3.0) == [] and not stage.engine.changed


def test_a_chat_that_goes_back_to_the_telephone_rings_on_no_page() -> None:
    stage = told()
    stage.tell(DeskChanged(ANN, True), 2.0)
    stage.arrives(ONE, 10.0, channel="chat")
    [back] = stage.tell(Moved(ONE, "voice"), 11.0)
    assert isinstance(back, Withdraw) and back.reason == "goes on elsewhere"
    assert stage.ends(ONE, OfferEnd.RELEASED, 12.0) == [(ONE, ANN)]


def test_a_phone_that_rings_rings_on_when_its_caller_goes_online() -> None:
    stage = told()
    stage.arrives(ONE, 10.0)
    assert stage.tell(Moved(ONE, "chat"), 11.0) == []
    stage.answers(ONE, 12.0)
    assert stage.engine.contacts[ONE].channel == "voice"
