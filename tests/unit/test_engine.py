"""The routing engine's promises, one test each. Time is an argument; nothing waits."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.arrivals import REMEMBER_SECONDS
from acd.commands import Close, Command, ContactEnd, Offer, Withdraw
from acd.config import Centre, Member, Queue
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    AgentLoggedOff,
    AgentPaused,
    AgentReady,
    Arrived,
    CallerLeft,
    Event,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
    Reached,
    Returned,
    Started,
    TakenByFallback,
    TimePassed,
    from_plain,
    to_plain,
)
from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.offers import CONFIRM_SECONDS, DECLINE_REST, PHONE_REST
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.centres import centre

SUPPORT = QueueId("support")
ANN, BOB = AgentId("ann"), AgentId("bob")
ONE, TWO, THREE = ContactId("one"), ContactId("two"), ContactId("three")
CENTRE = centre(
    queues={SUPPORT: Queue(SUPPORT, ring_seconds=15, wrap_up_seconds=10)},
    credits={"standard": 0, "vip": 90},
    agents={ANN: (SUPPORT,), BOB: (SUPPORT,)},
)


def started(*ready: AgentId) -> Engine:
    """An engine whose link is up and whose given agents are ready, in this order since 0, 1, ..."""
    engine = Engine(CENTRE)
    prepare(engine, *ready)
    return engine


def prepare(engine: Engine, *ready: AgentId) -> None:
    engine.handle(Started(epoch=7), 0)
    engine.handle(LinkChanged(up=True), 0)
    for second, agent in enumerate(ready):
        engine.handle(PhoneChanged(agent, reachable=True), second)
        engine.handle(AgentLoggedIn(agent), second)


def arrive(
    engine: Engine, contact: ContactId, at: float, class_: str = "standard"
) -> list[Command]:
    engine.handle(Arrived(contact, SUPPORT, entered_at=at, class_=class_), at)
    return engine.handle(Reached(contact), at)


def talk(engine: Engine, contact: ContactId, at: float) -> OfferId:
    offer = engine.contacts[contact].offer
    assert offer
    engine.handle(OfferAnswered(contact, offer), at)
    return offer


def test_a_contact_is_offered_to_the_longest_idle_agent() -> None:
    engine = started(BOB, ANN)
    assert arrive(engine, ONE, 10) == [Offer(OfferId("7.1.1"), ONE, BOB, 15)]


def test_a_contact_is_not_offered_before_it_is_in_the_waiting_loop() -> None:
    engine = started(ANN)
    assert engine.handle(Arrived(ONE, SUPPORT, entered_at=10), 10) == []
    assert engine.handle(Reached(ONE), 10.2) == [Offer(OfferId("7.1.1"), ONE, ANN, 15)]


def test_contacts_are_served_by_their_key_not_by_when_they_reached_the_loop() -> None:
    engine = started(ANN)
    offer = (arrive(engine, ONE, 10), talk(engine, ONE, 11))[1]
    arrive(engine, THREE, 30)
    engine.handle(Arrived(TWO, SUPPORT, entered_at=20), 31)
    engine.handle(Reached(TWO), 31)
    engine.handle(LegEnded(ONE, offer), 40)
    [made] = engine.handle(TimePassed(), 50)
    assert isinstance(made, Offer) and made.contact == TWO


def test_a_class_has_its_credit_of_head_start_and_no_more() -> None:
    engine = started()
    arrive(engine, ONE, 100)
    arrive(engine, TWO, 189, class_="vip")
    arrive(engine, THREE, 191, class_="vip")
    assert [contact.id for contact in engine.waiting()] == [TWO, ONE, THREE]


def test_of_two_who_enter_in_the_same_millisecond_the_first_recorded_is_first() -> None:
    engine = started()
    arrive(engine, TWO, 100)
    arrive(engine, ONE, 100)
    assert [contact.id for contact in engine.waiting()] == [TWO, ONE]


def test_without_a_link_nothing_is_offered_until_it_is_back() -> None:
    engine = started(ANN)
    engine.handle(LinkChanged(up=False), 5)
    assert arrive(engine, ONE, 10) == []
    assert len(engine.handle(LinkChanged(up=True), 20)) == 1


def test_a_phone_out_of_reach_is_offered_nothing() -> None:
    engine = started(ANN)
    engine.handle(PhoneChanged(ANN, reachable=False), 5)
    assert arrive(engine, ONE, 10) == []
    assert len(engine.handle(PhoneChanged(ANN, reachable=True), 20)) == 1


def test_an_agent_who_lets_it_ring_goes_not_ready_and_the_next_agent_is_rung() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    assert engine.next_deadline() == 25
    withdrawn = Withdraw(OfferId("7.1.1"), ONE, ANN, "rang out")
    assert engine.handle(TimePassed(), 25) == [withdrawn]
    ended = OfferEnded(OfferId("7.1.1"), OfferEnd.RELEASED)
    assert engine.handle(ended, 25.1) == [Offer(OfferId("7.1.2"), ONE, BOB, 15)]
    assert (engine.agents[ANN].state, engine.agents[ANN].reason) == ("not ready", "no answer")


def test_no_second_offer_before_the_first_legs_end_is_confirmed() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    engine.handle(TimePassed(), 25)
    assert engine.handle(TimePassed(), 26) == []
    again = engine.handle(TimePassed(), 25 + CONFIRM_SECONDS)
    assert again == [Withdraw(OfferId("7.1.1"), ONE, ANN, "rang out")]


def test_the_end_of_a_withdrawn_leg_is_asked_for_only_while_there_is_a_link() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    engine.handle(LinkChanged(up=False), 12)
    assert engine.handle(TimePassed(), 60) == []
    assert engine.next_deadline() is None


def test_an_answer_wins_over_a_withdrawal_on_its_way() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    engine.handle(TimePassed(), 25)
    engine.handle(OfferAnswered(ONE, OfferId("7.1.1")), 25.01)
    assert engine.contacts[ONE].state is ContactState.TALKING
    assert engine.agents[ANN].state is AgentState.TALKING


def test_who_declines_is_not_offered_the_same_contact_again_at_once() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    assert engine.handle(OfferEnded(OfferId("7.1.1"), OfferEnd.DECLINED), 12) == []
    assert engine.next_deadline() == 12 + DECLINE_REST
    assert len(engine.handle(TimePassed(), 12 + DECLINE_REST)) == 1


def test_who_declines_one_contact_is_offered_the_next() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    arrive(engine, TWO, 11)
    made = engine.handle(OfferEnded(OfferId("7.1.1"), OfferEnd.DECLINED), 12)
    assert made == [Offer(OfferId("7.2.1"), TWO, ANN, 15)]


def test_a_busy_phone_rests_and_its_agent_keeps_their_idle_time() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    assert engine.handle(OfferEnded(OfferId("7.1.1"), OfferEnd.BUSY), 12) == []
    assert engine.agents[ANN].idle_since == 0
    assert len(engine.handle(TimePassed(), 12 + PHONE_REST)) == 1


def test_a_contact_keeps_its_key_whatever_happens_to_its_offers() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    arrive(engine, TWO, 11)
    key = engine.contacts[ONE].order_key
    engine.handle(OfferEnded(OfferId("7.1.1"), OfferEnd.BUSY), 12)
    assert engine.contacts[ONE].order_key == key
    assert [contact.id for contact in engine.waiting()] == [ONE, TWO]


def test_the_offer_of_a_caller_who_leaves_is_withdrawn_and_the_agent_stays_next() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    offer = OfferId("7.1.1")
    assert engine.handle(CallerLeft(ONE), 12) == [
        Withdraw(offer, ONE, ANN, "caller left"),
        Close(ONE, ContactEnd.ABANDONED),
    ]
    engine.handle(OfferEnded(offer, OfferEnd.RELEASED), 12.1)
    assert arrive(engine, TWO, 13) == [Offer(OfferId("7.2.1"), TWO, ANN, 15)]


def test_after_a_talk_comes_wrap_up_and_then_the_next_contact() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    arrive(engine, TWO, 11)
    offer = talk(engine, ONE, 12)
    assert engine.handle(LegEnded(ONE, offer), 60) == []
    assert engine.agents[ANN].state is AgentState.WRAP_UP
    assert engine.next_deadline() == 70
    assert engine.handle(TimePassed(), 70) == [Offer(OfferId("7.2.1"), TWO, ANN, 15)]


def test_a_served_contact_ends_as_served_whoever_hangs_up_first() -> None:
    for caller_first in (True, False):
        engine = started(ANN)
        arrive(engine, ONE, 10)
        news: list[Event] = [CallerLeft(ONE), LegEnded(ONE, talk(engine, ONE, 12))]
        done = [engine.handle(event, 60) for event in (news if caller_first else reversed(news))]
        assert [*done[0], *done[1]] == [Close(ONE, ContactEnd.SERVED)]
        assert engine.agents[ANN].state is AgentState.WRAP_UP
        assert not engine.contacts and not engine.offers


def test_who_leaves_before_reaching_the_queue_has_not_abandoned_it() -> None:
    engine = started()
    engine.handle(Arrived(ONE, SUPPORT, entered_at=10), 10)
    assert engine.handle(CallerLeft(ONE), 11) == [Close(ONE, ContactEnd.LEFT)]


def test_a_contact_found_missing_is_lost_never_abandoned() -> None:
    engine = started()
    arrive(engine, ONE, 10)
    assert engine.handle(CallerLeft(ONE, lost=True), 11) == [Close(ONE, ContactEnd.LOST)]


def test_a_talk_cut_by_the_network_puts_the_caller_back_with_the_same_key() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    key, offer = engine.contacts[ONE].order_key, talk(engine, ONE, 12)
    arrive(engine, TWO, 20)
    engine.handle(OfferEnded(OfferId("7.2.1"), OfferEnd.DECLINED), 21)
    engine.handle(LegEnded(ONE, offer), 30)
    [made] = engine.handle(Returned(ONE), 30)
    assert isinstance(made, Offer) and (made.contact, made.agent) == (ONE, BOB)
    assert engine.contacts[ONE].order_key == key


def test_a_sign_of_life_from_the_loop_does_not_end_a_talk() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    talk(engine, ONE, 12)
    assert engine.handle(Reached(ONE), 12.001) == []
    assert engine.contacts[ONE].state is ContactState.TALKING


def test_a_sign_of_life_after_the_legs_end_means_the_caller_waits_again() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    engine.handle(LegEnded(ONE, talk(engine, ONE, 12)), 13)
    engine.handle(Reached(ONE), 14)
    assert engine.contacts[ONE].state is ContactState.WAITING


def test_an_answered_leg_that_never_met_the_caller_frees_the_agent_without_wrap_up() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    [made] = engine.handle(OfferEnded(offer, OfferEnd.RELEASED), 12.1)
    assert isinstance(made, Offer) and (made.contact, made.agent) == (ONE, ANN)


def test_news_told_twice_or_late_changes_nothing() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(CallerLeft(ONE), 60)
    before = json.dumps(snapshot.dump(engine))
    late: list[Event] = [
        Arrived(ONE, SUPPORT, entered_at=10), Reached(ONE), OfferAnswered(ONE, offer),
        OfferEnded(offer, OfferEnd.BUSY), LegEnded(ONE, offer), Returned(ONE), CallerLeft(ONE),
    ]  # fmt: skip
    assert [(engine.handle(event, 60.5), engine.changed) for event in late] == [([], False)] * 7
    assert json.dumps(snapshot.dump(engine)) == before


def test_a_talk_learned_only_from_its_end_still_leads_to_wrap_up() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    engine.handle(LegEnded(ONE, OfferId("7.1.1")), 60)
    assert engine.agents[ANN].state is AgentState.WRAP_UP
    assert engine.contacts[ONE].state is ContactState.AFTER


def test_ended_contacts_are_forgotten_after_a_while() -> None:
    engine = started()
    arrive(engine, ONE, 10)
    engine.handle(CallerLeft(ONE), 20)
    arrive(engine, TWO, 21 + REMEMBER_SECONDS)
    assert ONE not in engine.ended


def test_a_break_asked_for_in_a_talk_begins_after_wrap_up() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(AgentPaused(ANN, "lunch"), 20)
    assert engine.agents[ANN].state is AgentState.TALKING
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(TimePassed(), 70)
    assert (engine.agents[ANN].state, engine.agents[ANN].reason) == ("not ready", "lunch")


def test_a_break_taken_back_in_the_talk_is_not_taken() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(AgentPaused(ANN, "lunch"), 20)
    engine.handle(AgentReady(ANN), 21)
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(TimePassed(), 70)
    assert engine.agents[ANN].state is AgentState.READY


def test_logging_off_in_a_talk_waits_for_its_end() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(AgentLoggedOff(ANN), 20)
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(TimePassed(), 70)
    assert engine.agents[ANN].state is AgentState.LOGGED_OFF


def test_ready_ends_wrap_up_early() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    engine.handle(LegEnded(ONE, talk(engine, ONE, 12)), 60)
    engine.handle(AgentReady(ANN), 61)
    assert engine.agents[ANN].state is AgentState.READY
    assert engine.next_deadline() is None


def test_ready_in_wrap_up_takes_back_the_break_that_was_asked_for() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(AgentPaused(ANN, "lunch"), 20)
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(AgentReady(ANN), 61)
    assert arrive(engine, TWO, 62) == [Offer(OfferId("7.2.1"), TWO, ANN, 15)]


def test_a_break_instead_of_logging_off_can_be_ended() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(AgentLoggedOff(ANN), 20)
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(AgentPaused(ANN, "lunch"), 61)
    engine.handle(AgentReady(ANN), 62)
    assert arrive(engine, TWO, 63) == [Offer(OfferId("7.2.1"), TWO, ANN, 15)]


def test_ready_in_wrap_up_logs_off_who_asked_for_it() -> None:
    engine = started(ANN)
    arrive(engine, ONE, 10)
    offer = talk(engine, ONE, 12)
    engine.handle(AgentLoggedOff(ANN), 20)
    engine.handle(LegEnded(ONE, offer), 60)
    engine.handle(AgentReady(ANN), 61)
    assert engine.agents[ANN].state is AgentState.LOGGED_OFF


@pytest.mark.parametrize(
    "request_",
    [
        AgentReady(ANN), AgentPaused(ANN), AgentLoggedOff(ANN), AgentLoggedIn(AgentId("nobody")),
        AgentLoggedIn(ANN, queues=(QueueId("nowhere"),)),
    ],
)  # fmt: skip
def test_a_request_that_the_table_forbids_is_refused_and_changes_nothing(request_: Event) -> None:
    engine = started()
    before = json.dumps(snapshot.dump(engine))
    with pytest.raises(ForbiddenMove):
        engine.handle(request_, 5)
    assert json.dumps(snapshot.dump(engine)) == before


def test_many_agents_and_contacts_in_one_instant_are_paired_in_key_order() -> None:
    engine = started(ANN, BOB)
    engine.handle(LinkChanged(up=False), 5)
    for contact, at in ((THREE, 12.0), (ONE, 10.0), (TWO, 11.0)):
        arrive(engine, contact, at)
    made = engine.handle(LinkChanged(up=True), 20)
    assert [(o.contact, o.agent) for o in made if isinstance(o, Offer)] == [(ONE, ANN), (TWO, BOB)]


def test_a_snapshot_brings_back_the_very_same_engine() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    talk(engine, ONE, 12)
    arrive(engine, TWO, 13)
    plain = json.loads(json.dumps(snapshot.dump(engine)))
    again = snapshot.load(CENTRE, plain, now=0)
    assert snapshot.dump(again) == snapshot.dump(engine)
    assert again.handle(TimePassed(), 28) == engine.handle(TimePassed(), 28) != []


def test_an_agent_who_left_the_centre_file_stays_until_their_talk_is_over() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    talk(engine, ONE, 12)
    nobody = centre(CENTRE.queues, {}, agents={})
    assert list(snapshot.load(nobody, snapshot.dump(engine), now=0).agents) == [ANN]


@pytest.mark.parametrize(
    "event",
    [
        Arrived(ONE, SUPPORT, 10, skills={"billing": 5}),
        OfferEnded(OfferId("1.1.1"), OfferEnd.BUSY),
        AgentLoggedIn(ANN, (SUPPORT,)), CallerLeft(ONE, lost=True), Started(3), TimePassed(),
    ],
)  # fmt: skip
def test_an_event_comes_back_from_the_journal_as_it_was(event: Event) -> None:
    kind, version, data = to_plain(event)
    assert from_plain(kind, version, json.loads(json.dumps(data))) == event


@pytest.mark.parametrize("talked", [False, True])
def test_late_news_of_an_arrival_offers_nobody_who_was_served_again(talked: bool) -> None:
    engine = started(ANN, BOB)
    offer = (arrive(engine, ONE, 10), talk(engine, ONE, 11))[1]
    if talked:
        engine.handle(LegEnded(ONE, offer), 11.4)
    assert engine.handle(Arrived(ONE, SUPPORT, entered_at=10, waits=True), 11.5) == []
    assert engine.contacts[ONE].state is (ContactState.AFTER if talked else ContactState.TALKING)


def test_late_news_of_an_earlier_talk_does_not_pull_the_caller_out_of_the_next() -> None:
    engine = started(ANN, BOB)
    arrive(engine, ONE, 10)
    first = talk(engine, ONE, 12)
    engine.handle(LegEnded(ONE, first), 20)
    engine.handle(Returned(ONE, first), 20)
    talk(engine, ONE, 21)
    engine.handle(Returned(ONE, first), 21.5)
    assert engine.contacts[ONE].state is ContactState.TALKING


def test_a_contact_learned_of_in_the_loop_is_offered_at_once() -> None:
    engine = started(ANN)
    [made] = engine.handle(Arrived(ONE, SUPPORT, entered_at=3, waits=True), 10)
    assert isinstance(made, Offer) and made.contact == ONE


def test_a_contact_with_the_fallback_phones_is_offered_nothing_until_it_returns() -> None:
    engine = started(ANN)
    engine.handle(LinkChanged(up=False), 1)
    arrive(engine, ONE, 10)
    engine.handle(TakenByFallback(ONE), 20)
    assert engine.handle(LinkChanged(up=True), 30) == []
    assert len(engine.handle(Reached(ONE), 40)) == 1


def test_agents_who_become_free_by_facts_of_one_instant_are_matched_together() -> None:
    able = {ANN: {"cards": 1, "loans": 1}, BOB: {"cards": 1}}
    members = {id_: Member(id_, {SUPPORT: 0.0}, skills) for id_, skills in able.items()}
    engine = Engine(Centre({SUPPORT: Queue(SUPPORT, wrap_up_seconds=0)}, members))
    prepare(engine, ANN, BOB)
    legs = [(c, (arrive(engine, c, 5), talk(engine, c, 5))[1]) for c in (ONE, TWO)]
    for contact, skill in (THREE, "cards"), (ContactId("four"), "loans"):
        engine.handle(Arrived(contact, SUPPORT, 6, skills={skill: 1}, waits=True), 6)
    found = engine.handle_all([LegEnded(*leg) for leg in legs], 20)
    assert {(o.contact, o.agent) for o in found if isinstance(o, Offer)} == {
        (THREE, BOB), ("four", ANN),
    }  # fmt: skip


def test_new_rules_change_the_queues_of_who_is_logged_in_at_once() -> None:
    engine = started(ANN)
    sales = QueueId("sales")
    queues = {SUPPORT: Queue(SUPPORT), sales: Queue(sales)}
    engine.use(centre(queues, {}, {ANN: (SUPPORT, sales)}), 5)
    engine.handle(Arrived(ONE, sales, 6, waits=True), 6)
    assert engine.contacts[ONE].state is ContactState.RINGING
