"""Lanes, places and what keeps them: deferred work, grace, parking, regrades, restarts."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.commands import Close, ContactEnd
from acd.config import Capacity, Class
from acd.events import (
    Arrived,
    BecameLive,
    CallerLeft,
    LegEnded,
    Moved,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    Parked,
    Reached,
    Transferred,
)
from acd.model import CALLED_BACK, CALLS, ContactId
from acd.requests import AUTOMATIC, AgentLoggedIn, PickedUp, Regraded, TransferCompleted
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.routing_stage import ANN, BOB, ONE, SALES, SUPPORT, THREE, TWO, Stage, house, member


def test_an_old_e_mail_never_stands_before_a_caller() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0, channel="email", due_at=20.0)
    stage.arrives(TWO, 10_000.0)
    assert stage.comes(ANN, 10_010.0) == [(TWO, ANN)]


def test_deferred_contacts_go_by_their_promise() -> None:
    stage = Stage(house(member(ANN, capacity=Capacity(mail=1))))
    stage.arrives(ONE, 10.0, channel="email", due_at=5000.0, class_="vip")
    stage.arrives(TWO, 11.0, channel="email", due_at=4000.0)
    stage.arrives(THREE, 12.0, channel="email", due_at=4000.0)
    assert [c.id for c in stage.engine.waiting()] == [TWO, THREE, ONE]
    assert stage.comes(ANN, 20.0) == [(TWO, ANN)]


def test_a_deferred_contact_that_becomes_live_takes_its_key() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0, channel="email", due_at=5000.0)
    stage.arrives(TWO, 20.0)
    stage.tell(Moved(ONE, "callback"), 30.0)
    assert [c.id for c in stage.engine.waiting()] == [TWO, ONE]
    stage.tell(BecameLive(ONE), 30.0)
    assert [c.id for c in stage.engine.waiting()] == [ONE, TWO]


def test_who_is_cut_off_and_comes_back_in_time_has_their_place() -> None:
    stage = Stage(house(member(ANN), grace=60.0))
    stage.arrives(ONE, 10.0, class_="vip")
    stage.arrives(TWO, 11.0)
    stage.tell(CallerLeft(ONE), 20.0)
    stage.arrives(THREE, 80.0, resumes=ONE)
    found = stage.engine.contacts[THREE]
    assert (found.entered_at, found.credit) == (10.0, 60.0)
    assert [c.id for c in stage.engine.waiting()] == [THREE, TWO]


def test_a_place_is_taken_up_once_and_within_the_grace_time() -> None:
    stage = Stage(house(member(ANN), grace=60.0))
    stage.arrives(ONE, 10.0)
    stage.tell(CallerLeft(ONE), 20.0)
    stage.arrives(TWO, 30.0, resumes=ONE)
    stage.arrives(THREE, 31.0, resumes=ONE)
    assert stage.engine.contacts[THREE].entered_at == 31.0
    resumed = [stage.engine.contacts[contact].resumes for contact in (TWO, THREE)]
    assert resumed == [ONE, None], "only who has the place goes on with it"
    stage.tell(CallerLeft(TWO), 40.0)
    stage.arrives(ContactId("late"), 100.5, resumes=TWO)
    assert stage.engine.contacts[ContactId("late")].entered_at == 100.5


def test_who_was_served_has_no_place_to_take_up() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(CallerLeft(ONE), 20.0)
    stage.arrives(TWO, 21.0, resumes=ONE)
    assert stage.engine.contacts[TWO].entered_at == 21.0


def test_offers_of_a_place_that_is_taken_up_have_new_ids() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    first = stage.offer(ONE)
    stage.tell(CallerLeft(ONE), 11.0)
    stage.tell(OfferEnded(first, OfferEnd.RELEASED), 11.1)
    stage.arrives(TWO, 12.0, resumes=ONE)
    assert stage.offer(TWO) != first


def test_the_parked_are_passed_over_and_keep_their_place() -> None:
    stage = Stage(house(member(ANN), member(BOB)))
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.tell(Parked(ONE), 12.0)
    assert stage.comes(ANN, 20.0) == [(TWO, ANN)]
    stage.arrives(THREE, 21.0)
    stage.tell(Reached(ONE), 22.0)
    assert stage.comes(BOB, 30.0) == [(ONE, BOB)]


def test_who_is_parked_for_too_long_has_ended() -> None:
    stage = Stage(house(member(ANN), park_limit=100.0))
    stage.arrives(ONE, 10.0)
    stage.tell(Parked(ONE), 20.0)
    assert stage.engine.next_deadline() == 120.0
    assert stage.tell_time(120.0) == [Close(ONE, ContactEnd.EXPIRED)]


def test_who_asks_to_be_called_back_has_a_place_and_is_offered_to_nobody() -> None:
    stage = Stage(house(member(ANN)), ANN)
    callback = Arrived(ONE, SUPPORT, 10.0, channel=CALLED_BACK)
    assert stage.tell(callback, 10.0) == stage.tell(Parked(ONE, limit=500.0), 10.0) == []
    stage.tell(CallerLeft(ONE, channel=CALLS), 11.0)
    assert stage.engine.contacts[ONE].state is ContactState.PARKED
    stage.tell(Reached(ONE), 20.0)
    assert stage.engine.contacts[ONE].order_key[0] == 10.0
    assert stage.engine.offers


def test_a_promise_of_its_own_length_outlasts_what_the_queue_allows() -> None:
    stage = Stage(house(member(ANN), park_limit=100.0))
    stage.tell(Arrived(ONE, SUPPORT, 10.0, channel=CALLED_BACK), 10.0)
    stage.tell(Parked(ONE, limit=500.0), 10.0)
    kept = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(stage.engine.centre, kept, 20.0)
    assert stage.tell_time(20.0) == []
    assert stage.engine.next_deadline() == 510.0
    assert stage.tell_time(510.0) == [Close(ONE, ContactEnd.EXPIRED)]


def test_a_callback_waits_again_when_it_is_due() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0, skills={"none has it": 1})
    stage.tell(Parked(ONE, until=50.0), 20.0)
    stage.tell(Transferred(ONE, SUPPORT, {"nor this": 1}), 21.0)
    assert stage.engine.contacts[ONE].state is ContactState.PARKED
    assert stage.engine.next_deadline() == 50.0
    stage.at(50.0)
    assert stage.engine.contacts[ONE].state is ContactState.WAITING


def test_who_is_parked_already_is_parked_for_as_long_as_a_promise_says() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.tell(Parked(ONE, limit=90_000.0), 20.0)
    stage.tell(Parked(ONE, limit=100.0), 30.0)
    stage.tell(Parked(ONE, limit=100.0), 40.0)
    stage.tell(Parked(ONE), 40.0)
    stage.tell(Parked(ONE, limit=90_000.0), 40.0)  # late news of the first
    assert stage.engine.next_deadline() == 130.0
    assert stage.tell_time(130.0) == [Close(ONE, ContactEnd.EXPIRED)]


def test_who_is_transferred_while_parked_stays_so_and_keeps_the_key() -> None:
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    assert stage.engine.contacts[ONE].state is ContactState.RINGING
    key = stage.engine.contacts[ONE].order_key
    stage.tell(Parked(ONE), 12.0)
    stage.tell(Transferred(ONE, SALES), 13.0)
    assert stage.engine.contacts[ONE].state is ContactState.PARKED
    stage.tell(Reached(ONE), 14.0)  # the end of the old leg is not confirmed yet
    contact = stage.engine.contacts[ONE]
    assert (contact.queue, contact.order_key, contact.state) == (SALES, key, ContactState.RINGING)


def test_only_a_person_who_says_why_lowers_a_credit() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.tell(Regraded(TWO, 60.0), 12.0)
    assert [c.id for c in stage.engine.waiting()] == [TWO, ONE]
    for refused in (
        Regraded(TWO, 10.0),
        Regraded(TWO, 10.0, who="sue"),
        Regraded(TWO, -1.0, "sue", "why"),
        Regraded(TWO, float("inf"), "sue", "why"),
        Regraded(THREE, 1.0, AUTOMATIC),
    ):
        with pytest.raises(ForbiddenMove):
            stage.tell(refused, 13.0)
        assert stage.engine.contacts[TWO].credit == 60.0
    stage.tell(Regraded(TWO, 0.0, "sue", "a mistake"), 14.0)
    assert [c.id for c in stage.engine.waiting()] == [ONE, TWO]


def test_a_pick_up_is_out_of_order_and_edits_no_key() -> None:
    stage = Stage(house(member(ANN, after=500.0)), ANN)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    [made] = stage.tell(PickedUp(TWO, ANN, "sue", "knows her"), 12.0)
    assert (made.contact, made.agent, made.rule) == (TWO, ANN, "handed over")  # type: ignore[union-attr]
    assert stage.engine.contacts[TWO].order_key == (11.0, 2)
    with pytest.raises(ForbiddenMove):
        stage.tell(PickedUp(ONE, ANN, "sue"), 13.0)


def test_urgency_and_repeat_add_to_the_credit_of_the_class() -> None:
    classes = {"standard": Class(credit=5.0, repeat=30.0)}
    stage = Stage(house(member(ANN), classes=classes))
    stage.arrives(ONE, 10.0, repeat=True)
    assert stage.engine.contacts[ONE].credit == 35.0


def test_a_restarted_engine_comes_back_for_those_whom_a_rule_holds() -> None:
    stage = Stage(house(member(ANN, after=30.0)), ANN)
    stage.arrives(ONE, 10.0)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(stage.engine.centre, plain, 20.0)
    assert stage.wakes(20.0) == []
    assert stage.wakes(40.0) == [(ONE, ANN)]


def test_a_transfer_told_twice_is_told_once() -> None:
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.tell(Transferred(ONE, SALES, {"billing": 1}), 11.0)
    assert stage.engine.changed
    stage.tell(Transferred(ONE, SALES, {"billing": 1}), 11.0)
    assert not stage.engine.changed


def test_who_is_out_of_the_rules_finishes_and_gets_nothing_new() -> None:
    stage = Stage(house(member(ANN, capacity=Capacity(chat=3))), ANN)
    stage.arrives(ONE, 10.0, channel="sms")
    stage.answers(ONE, 11.0)
    stage.engine.use(house(member(BOB)), 12.0)
    assert stage.arrives(TWO, 13.0, channel="sms") == []
    assert stage.engine.contacts[ONE].state is ContactState.TALKING
    stage.tell(LegEnded(ONE, stage.offer(ONE)), 20.0)
    stage.at(30.0)
    assert ANN not in stage.engine.agents
    with pytest.raises(ForbiddenMove):
        stage.tell(AgentLoggedIn(ANN), 40.0)


def test_a_leg_that_never_met_its_caller_leaves_an_earlier_wrap_up_in_place() -> None:
    stage = Stage(house(member(ANN), wrap_up_seconds=30.0), ANN)
    for contact in (ONE, TWO):
        stage.arrives(contact, 10.0, channel="sms")
        stage.answers(contact, 11.0)
    stage.tell(LegEnded(ONE, stage.offer(ONE)), 20.0)
    stage.tell(OfferEnded(stage.offer(TWO), OfferEnd.RELEASED), 21.0)
    ann = stage.engine.agents[ANN]
    assert (ann.state, ann.wrap_up_ends) == (AgentState.WRAP_UP, 50.0)


def test_only_who_talks_takes_a_contact_over() -> None:
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0)
    offer = stage.answers(ONE, 11.0)
    with pytest.raises(ForbiddenMove):
        stage.tell(TransferCompleted(ONE, offer), 12.0)
    stage.tell(OfferAnswered(ONE, offer), 13.0)
    assert not stage.engine.changed


def test_deferred_work_that_was_promised_sooner_but_waited_less_keeps_nobody_from_the_rest() -> (
    None
):
    stage = Stage(house(member(ANN, after=60.0)), ANN)
    stage.arrives(TWO, 100.0, channel="email", due_at=4000.0)
    stage.arrives(ONE, 130.0, channel="email", due_at=3000.0)
    assert stage.at(159.0) == []
    assert stage.at(160.0) == [(TWO, ANN)]


def test_a_parked_contact_that_is_moved_to_another_queue_is_news() -> None:
    """What is no news is not written down, and a restart would have it in the queue of before."""
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    stage.tell(Parked(ONE), 12.0)
    stage.tell(Transferred(ONE, SALES), 13.0)
    assert stage.engine.changed
    stage.tell(Transferred(ONE, SALES), 14.0)
    assert not stage.engine.changed


def test_an_automatic_regrade_to_the_credit_that_a_contact_has_is_not_refused() -> None:
    """It lowers nothing: the same rule may find the same contact twice."""
    stage = Stage(house(member(ANN)))
    stage.arrives(ONE, 10.0)
    for _ in range(2):
        stage.tell(Regraded(ONE, 30.0, AUTOMATIC), 11.0)
    assert stage.engine.contacts[ONE].credit == 30.0
