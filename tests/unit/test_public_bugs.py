"""Faults of other systems that people have reported in public, each as a promise of ours.

The docstring has the link. Those of size and settings are in `test_public_bugs_of_size`, those of
the queue log in `test_queue_log`; those of calls, telephones and pages are with their parts.

These have no counterpart in routing, which has one writer, no locks and no channels:

- deadlocks between threads: https://github.com/asterisk/asterisk/issues/1928, .../307, .../668,
  .../1946, https://github.com/wazo-platform/asterisk/pull/157, .../158 and .../188;
- several nodes that give out calls from one database, of which one is late:
  https://github.com/signalwire/freeswitch/issues/1674 (we run one engine; a second would need to
  hand over the journal);
- a machine that is full at twenty calls a second:
  https://github.com/signalwire/freeswitch/issues/2458 (a matter of figures, `./hotline bench`);
- callbacks that a package did not have:
  https://github.com/fusionpbx/fusionpbx/issues/1322 (a feature, with tests of its own);
- calls of a queue that are missing in the list of calls that a desk telephone shows:
  https://github.com/FreePBX/issue-tracker/issues/590 (telephones keep theirs; we send them none).
"""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.arrivals import REMEMBER_SECONDS
from acd.commands import Close, ContactEnd, Offer, Withdraw
from acd.config import Capacity, Class, Member, Queue, Strategy
from acd.engine import Engine
from acd.events import (
    Arrived,
    CallerLeft,
    Event,
    LegEnded,
    LinkChanged,
    Moved,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    Parked,
    PhoneChanged,
    Reached,
    Resumed,
    Returned,
    Started,
    TimePassed,
    Transferred,
)
from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.requests import (
    AgentLoggedIn,
    AgentReady,
    ConsultAsked,
    TransferCompleted,
)
from acd.states import AgentState, ContactState
from tests.routing_stage import (
    ANN,
    BOB,
    CHO,
    ONE,
    SALES,
    SUPPORT,
    THREE,
    TWO,
    Stage,
    house,
    member,
    rung,
)

BOTH = {SUPPORT: 0.0, SALES: 0.0}


def consulted(stage: Stage, now: float) -> OfferId:
    """ANN talks with ONE and has asked BOB in, who has answered."""
    stage.arrives(ONE, now)
    stage.answers(ONE, now)
    [asked] = stage.tell(ConsultAsked(ONE, BOB), now)
    assert isinstance(asked, Offer)
    stage.tell(OfferAnswered(ONE, asked.offer), now)
    return asked.offer


def test_one_call_is_never_answered_by_two_agents() -> None:
    """https://github.com/asterisk/asterisk/issues/176"""
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0)
    late = stage.offer(ONE)
    stage.at(25.0)
    assert stage.tell(TimePassed(), 26.0) == [], "no second leg before the end of the first"
    stage.tell(OfferEnded(late, OfferEnd.RELEASED), 27.0)
    stage.answers(ONE, 28.0)
    assert stage.tell(OfferAnswered(ONE, late), 28.1) == []
    assert [a.id for a in stage.engine.agents.values() if a.state == "talking"] == [BOB]


def test_an_agent_who_answers_and_hangs_up_ends_nobody_elses_offer() -> None:
    """https://github.com/asterisk/asterisk/issues/1557"""
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.answers(ONE, 12.0)
    ended = LegEnded(ONE, stage.offer(ONE))
    assert [type(c) for c in stage.tell(ended, 12.1)] == []
    assert stage.tell(ended, 12.2) == [], "told twice is told once"
    assert stage.engine.contacts[TWO].state is ContactState.RINGING
    assert stage.answers(TWO, 13.0)


def test_wrap_up_holds_after_an_attended_transfer() -> None:
    """https://github.com/asterisk/asterisk/issues/607"""
    stage = Stage(house(member(ANN), member(BOB), wrap_up_seconds=30.0), ANN, BOB)
    first, offer = consulted(stage, 10.0), stage.offer(ONE)
    stage.tell(TransferCompleted(ONE, first), 20.0)
    stage.tell(LegEnded(ONE, offer), 20.0)
    assert stage.engine.agents[ANN].wrap_up_ends == 50.0
    stage.tell(LegEnded(ONE, first), 60.0)
    assert stage.engine.agents[BOB].wrap_up_ends == 90.0, "whoever has the contact wraps it up"


def test_wrap_up_holds_whichever_of_six_queues_calls_next() -> None:
    """https://github.com/asterisk/asterisk/issues/1006"""
    six = [QueueId(f"q{n}") for n in range(6)]
    centre = house(member(ANN, queues=dict.fromkeys(six, 0.0)))
    queues = {q: Queue(q, wrap_up_seconds=30.0) for q in six}
    stage = Stage(type(centre)(queues=queues, agents=centre.agents), ANN)
    stage.arrives(ONE, 10.0, queue=six[0])
    stage.answers(ONE, 11.0)
    stage.hangs_up(ONE, 20.0)
    for n, queue in enumerate(six):
        assert stage.arrives(ContactId(f"c{n}"), 21.0 + n, queue=queue) == []
    assert stage.at(49.9) == []
    assert stage.wakes(50.0) == [("c0", ANN)]


def test_wrap_up_holds_when_the_rules_are_loaded_anew() -> None:
    """https://github.com/asterisk/asterisk/issues/1255"""
    centre = house(member(ANN), wrap_up_seconds=30.0)
    stage = Stage(centre, ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.hangs_up(ONE, 20.0)
    stage.arrives(TWO, 21.0)
    stage.engine.use(house(member(ANN), wrap_up_seconds=5.0), 25.0)
    assert stage.at(25.0) == []
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(centre, plain, 30.0)
    assert stage.at(49.0) == []
    assert stage.wakes(50.0) == [(TWO, ANN)]


def test_wrap_up_can_be_seen() -> None:
    """https://github.com/asterisk/asterisk/pull/1377"""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.hangs_up(ONE, 20.0)
    ann = stage.engine.agents[ANN]
    assert (ann.state, ann.since, ann.wrap_up_ends) == (AgentState.WRAP_UP, 20.0, 30.0)


def test_of_several_queues_the_longest_waiting_is_first() -> None:
    """https://github.com/asterisk/asterisk/issues/108"""
    stage = Stage(house(member(ANN, queues=BOTH)))
    stage.arrives(ONE, 10.0, queue=SALES)
    stage.arrives(TWO, 11.0, queue=SUPPORT)
    stage.arrives(THREE, 9.0, queue=SUPPORT)
    assert stage.comes(ANN, 20.0) == [(THREE, ANN)]
    stage.answers(THREE, 21.0)
    stage.hangs_up(THREE, 30.0)
    assert stage.at(40.0) == [(ONE, ANN)]


def test_who_comes_in_at_the_head_of_a_queue_stops_nobody() -> None:
    """https://github.com/asterisk/asterisk/issues/1691"""
    stage = Stage(house(member(ANN), member(BOB, queues={SALES: 0.0})))
    for n in range(3):
        stage.arrives(ContactId(f"s{n}"), 10.0 + n)
    stage.arrives(ONE, 13.0, class_="vip", skills={"rare": 9})
    assert stage.engine.waiting()[0].id == ONE
    assert stage.comes(ANN, 20.0) == [("s0", ANN)]


def test_a_queue_whose_contacts_have_credit_shuts_out_no_other() -> None:
    """https://github.com/asterisk/asterisk/issues/1561"""
    stage = Stage(house(member(ANN, queues=BOTH), member(BOB, queues={SUPPORT: 0.0})), ANN)
    stage.arrives(ONE, 5.0, queue=SALES)
    for n in range(200):
        at = 10.0 + n * 10.0
        stage.arrives(ContactId(f"v{n}"), at, class_="vip")
        if TWO not in stage.engine.contacts and TWO not in stage.engine.ended:
            stage.arrives(TWO, at, queue=SALES)
        ringing = stage.engine.agents[ANN].offer
        if ringing:
            contact = stage.engine.offers[ringing].contact
            stage.answers(contact, at + 1.0)
            stage.hangs_up(contact, at + 2.0)
            stage.tell(CallerLeft(contact), at + 2.0)
        if TWO in stage.engine.ended:
            break
    assert n <= 16, (
        "two were served in each twenty seconds: sixty seconds of credit are at most six"
    )


@pytest.mark.parametrize("how", OfferEnd)
def test_no_agent_stays_offered_when_the_offer_is_over(how: OfferEnd) -> None:
    """https://github.com/signalwire/freeswitch/issues/2540"""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    stage.ends(ONE, how, 12.0)
    stage.tell(CallerLeft(ONE), 12.5)
    for rings in list(stage.engine.offers):
        stage.tell(OfferEnded(rings, OfferEnd.RELEASED), 12.6)
    if stage.engine.agents[ANN].state is AgentState.NOT_READY:
        assert how is OfferEnd.RANG_OUT
        stage.tell(AgentReady(ANN), 13.0)
    stage.at(30.0)
    assert stage.engine.agents[ANN].state is AgentState.READY
    assert stage.arrives(TWO, 31.0) == [(TWO, ANN)]


def test_no_contact_stays_answered_when_its_talk_is_over() -> None:
    """https://github.com/signalwire/freeswitch/issues/1973"""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    offer = stage.offer(ONE)
    stage.tell(CallerLeft(ONE), 11.0)
    stage.tell(OfferAnswered(ONE, offer), 11.0)
    stage.tell(LegEnded(ONE, offer), 11.1)
    assert not stage.engine.contacts and not stage.engine.offers
    stage.at(60.0)
    assert stage.engine.agents[ANN].works == {}


def test_distribution_goes_on_when_the_first_agent_does_not_answer() -> None:
    """https://github.com/signalwire/freeswitch/issues/1216"""
    stage = Stage(house(*(member(a) for a in (ANN, BOB, CHO)), strategy=Strategy.FEWEST_SKILLS))
    for agent in (ANN, BOB, CHO):
        stage.comes(agent, 1.0)
    rings = stage.arrives(ONE, 10.0)
    for second in (25.0, 50.0):
        offer = stage.offer(ONE)
        stage.at(second)
        rings += rung(stage.tell(OfferEnded(offer, OfferEnd.RELEASED), second + 1.0))
    assert [agent for _, agent in rings] == [ANN, BOB, CHO]


def test_the_eighth_in_line_is_served_eighth() -> None:
    """https://github.com/signalwire/freeswitch/issues/2511"""
    stage = Stage(house(member(ANN), wrap_up_seconds=0.0))
    line = [ContactId(f"c{n}") for n in range(8)]
    for n, contact in enumerate(line):
        stage.arrives(contact, 10.0 + n / 1000)
    served, now = stage.comes(ANN, 20.0), 20.0
    while len(served) < 8:
        now += 10.0
        contact = served[-1][0]
        stage.answers(contact, now)
        stage.tell(CallerLeft(contact), now + 1)
        served += stage.hangs_up_of(contact, now + 1)
    assert [contact for contact, _ in served] == line


def test_no_agent_is_rung_for_a_caller_who_has_hung_up() -> None:
    """https://github.com/signalwire/freeswitch/issues/2529"""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    left = stage.tell(CallerLeft(ONE), 11.0)
    assert [type(command) for command in left] == [Withdraw, Close]
    for late in (Reached(ONE), Returned(ONE), Arrived(ONE, SUPPORT, 10.0, waits=True)):
        assert stage.tell(late, 12.0) == []
    assert stage.at(20.0) == [], "asked for the end again, but nobody is rung"


@pytest.mark.parametrize("talk_ends", [CallerLeft(ONE), Returned(ONE), Transferred(ONE, SALES)])
def test_no_agent_rings_on_for_a_consultation_about_a_talk_that_is_over(talk_ends: Event) -> None:
    """https://github.com/signalwire/freeswitch/issues/2529"""
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(ConsultAsked(ONE, BOB), 12.0)
    gone = [c.agent for c in stage.tell(talk_ends, 13.0) if isinstance(c, Withdraw)]
    assert gone == [BOB]


def test_twenty_calls_a_minute_for_five_agents_stop_nothing() -> None:
    """https://github.com/signalwire/freeswitch/issues/1062"""
    agents = [AgentId(f"a{n}") for n in range(5)]
    stage = Stage(house(*map(member, agents), wrap_up_seconds=2.0), *agents)
    for n in range(600):
        at = 10.0 + 3.0 * n
        stage.arrives(ContactId(f"c{n}"), at)
        stage.at(at)
        for offer in list(stage.engine.offers.values()):
            if offer.answered_at is None:
                stage.tell(OfferAnswered(offer.contact, offer.id), at + 1)
            elif at - offer.answered_at > 8:
                stage.tell(CallerLeft(offer.contact), at + 1)
                stage.tell(LegEnded(offer.contact, offer.id), at + 1)
    assert len(stage.engine.ended) > 580
    assert len(stage.engine.contacts) < 8


def test_a_callback_stands_where_its_caller_stood() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/621 and
    https://github.com/twilio-labs/plugin-queued-callbacks-and-voicemail/issues/9
    """
    stage = Stage(house(member(ANN), wrap_up_seconds=0.0))
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.arrives(THREE, 12.0)
    stage.tell(Moved(TWO, "callback"), 13.0)
    stage.tell(Parked(TWO), 13.0)
    stage.tell(Reached(TWO), 15.0)
    assert [c.id for c in stage.engine.waiting()] == [ONE, TWO, THREE]
    assert stage.comes(ANN, 20.0) == [(ONE, ANN)]


def test_no_more_callbacks_ring_than_agents_are_free() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/621"""
    stage = Stage(house(member(ANN), member(BOB)))
    for n in range(6):
        contact = ContactId(f"c{n}")
        stage.arrives(contact, 10.0 + n, channel="callback")
        stage.tell(Parked(contact, until=50.0), 20.0)
    stage.comes(ANN, 30.0)
    stage.comes(BOB, 31.0)
    assert [agent for _, agent in stage.at(50.0)] == [ANN, BOB]


def test_one_who_asked_for_a_callback_is_called_once() -> None:
    """https://github.com/FreePBX/issue-tracker/issues/525"""
    stage = Stage(house(member(ANN), member(BOB), member(CHO)), ANN, BOB, CHO)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0, channel="callback")
    for _ in range(4):
        stage.tell(Arrived(ONE, SUPPORT, 10.0, "callback", waits=True), 11.0)
        stage.tell(Parked(ONE, until=20.0), 12.0)
    rings = rung(stage.tell(LinkChanged(True), 20.0)) + stage.at(21.0)
    for _ in range(4):
        rings += rung(stage.tell(Reached(ONE), 22.0))
    assert rings == [(ONE, ANN)]


@pytest.mark.parametrize("link", ["10583", "10376"])
def test_who_becomes_free_gets_the_oldest_chat_not_the_newest(link: str) -> None:
    """https://github.com/chatwoot/chatwoot/issues/10583 and .../10376"""
    stage = Stage(house(member(ANN, capacity=Capacity(chat=1)), wrap_up_seconds=0.0), ANN)
    for n in range(5):
        stage.arrives(ContactId(f"c{n}"), 10.0 + n, channel="web chat")
    stage.answers(ContactId("c0"), 20.0)
    assert stage.hangs_up_of(ContactId("c0"), 30.0) == [("c1", ANN)]


def test_chats_go_to_who_has_fewest_up_to_their_limit() -> None:
    """https://github.com/chatwoot/chatwoot/issues/11034 and .../13050"""
    agents = [Member(a, {SUPPORT: 0.0}, capacity=Capacity(chat=n)) for a, n in ((ANN, 4), (BOB, 2))]
    stage = Stage(house(*agents), ANN, BOB)
    chosen = []
    for n in range(8):
        for _, agent in stage.arrives(ContactId(f"c{n}"), 10.0 + n, channel="web chat"):
            chosen.append(agent)
    assert sorted(chosen[:4]) == [ANN, ANN, BOB, BOB]
    assert chosen[4:] == [ANN, ANN], "and two wait"


def test_a_chat_that_comes_back_does_not_stay_with_an_agent_who_is_gone() -> None:
    """https://github.com/chatwoot/chatwoot/issues/9587"""
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=60.0), BOB)
    assert stage.arrives(ONE, 10.0, channel="web chat", preferred=ANN) == [(ONE, BOB)]


def test_an_agent_who_missed_calls_can_always_come_back() -> None:
    """https://github.com/2600hz/kazoo/pull/6609"""
    stage = Stage(house(member(ANN)), ANN)
    for n in range(10):
        at = 10.0 + 100.0 * n
        assert stage.arrives(ContactId(f"c{n}"), at) == [(f"c{n}", ANN)]
        offer = stage.offer(ContactId(f"c{n}"))
        stage.at(at + 15.0)
        stage.tell(OfferEnded(offer, OfferEnd.RELEASED), at + 16.0)
        assert stage.engine.agents[ANN].state is AgentState.NOT_READY
        stage.tell(CallerLeft(ContactId(f"c{n}")), at + 17.0)
        stage.tell(AgentReady(ANN), at + 20.0)


def test_chats_that_come_at_once_fill_agents_up_and_not_over() -> None:
    """https://help.salesforce.com/s/articleView?id=000395583&type=1"""
    agents = [Member(a, {SUPPORT: 0.0}, capacity=Capacity(chat=3)) for a in (ANN, BOB)]
    stage = Stage(house(*agents), ANN, BOB)
    stage.tell(LinkChanged(False), 5.0)
    for n in range(10):
        stage.arrives(ContactId(f"c{n}"), 10.0, channel="web chat")
    made = rung(stage.tell(LinkChanged(True), 11.0))
    assert sorted(contact for contact, _ in made) == [f"c{n}" for n in range(6)]
    assert [len(stage.engine.agents[a].works) for a in (ANN, BOB)] == [3, 3]


def test_round_robin_goes_round() -> None:
    """https://github.com/zammad/zammad/issues/854 and .../1581"""
    stage = Stage(
        house(*map(member, (ANN, BOB, CHO)), strategy=Strategy.ROUND_ROBIN, wrap_up_seconds=0.0)
    )
    for agent in (ANN, BOB, CHO):
        stage.comes(agent, 1.0)
    chosen = []
    for n in range(6):
        contact, at = ContactId(f"c{n}"), 10.0 + 10.0 * n
        chosen += stage.arrives(contact, at)
        stage.answers(contact, at)
        stage.tell(CallerLeft(contact), at + 1)
        stage.hangs_up_of(contact, at + 1)
    assert [agent for _, agent in chosen] == [ANN, BOB, CHO] * 2


def test_a_hundred_arrivals_of_one_second_are_served_in_their_order() -> None:
    """Scores in whole seconds leave ties to chance:
    https://github.com/signalwire/freeswitch/issues/2511
    """
    stage = Stage(house(member(ANN)))
    for n in range(100):
        stage.arrives(ContactId(f"c{n}"), 10.0, entered_at=10.0 + (n // 3) / 100)
    assert [c.id for c in stage.engine.waiting()] == [f"c{n}" for n in range(100)]


def test_a_restart_loses_neither_breaks_nor_the_line() -> None:
    """https://github.com/asterisk/asterisk/issues/66"""
    centre = house(member(ANN), member(BOB))
    stage = Stage(centre, ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(AgentLoggedIn(BOB, ready=False), 12.0)
    stage.arrives(TWO, 13.0)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    again = snapshot.load(centre, plain, 20.0)
    again.handle(Started(2), 20.0)
    again.handle(LinkChanged(True), 20.0)
    assert [c.id for c in again.waiting()] == [TWO]
    assert {a.id: a.state for a in again.agents.values()} == {ANN: "talking", BOB: "not ready"}


def test_an_answered_call_is_never_reported_abandoned() -> None:
    """https://github.com/IssabelFoundation/callcenter/issues/41"""
    stage = Stage(house(member(ANN)), ANN)
    stage.arrives(ONE, 10.0)
    offer = stage.offer(ONE)
    stage.tell(LegEnded(ONE, offer), 60.0)
    assert stage.tell(CallerLeft(ONE), 60.0) == [Close(ONE, ContactEnd.SERVED)]


def test_a_transfer_keeps_the_time_of_entering() -> None:
    """Genesys carries the priority and resets the time of entering; here both stay."""
    stage = Stage(house(member(ANN), member(BOB, queues={SALES: 0.0})), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.arrives(TWO, 12.0, queue=SALES)
    stage.tell(LegEnded(ONE, stage.offer(ONE)), 30.0)
    stage.tell(Transferred(ONE, SALES), 30.0)
    assert stage.comes(BOB, 40.0) == [(ONE, BOB)]


def test_ended_contacts_are_not_kept_for_ever() -> None:
    """https://github.com/signalwire/freeswitch/issues/1973"""
    stage = Stage(house(member(ANN)))
    for n in range(50):
        stage.arrives(ContactId(f"c{n}"), 10.0 + n)
        stage.tell(CallerLeft(ContactId(f"c{n}")), 10.5 + n)
    stage.arrives(ONE, 100.0 + REMEMBER_SECONDS)
    assert not stage.engine.ended and not stage.engine.places


def test_a_held_caller_who_is_taken_over_is_on_hold_no_more() -> None:
    """https://github.com/asterisk/asterisk/issues/607"""
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    consult = consulted(stage, 10.0)
    stage.tell(Resumed(ONE), 11.0)
    stage.tell(TransferCompleted(ONE, consult), 20.0)
    assert stage.engine.contacts[ONE].state is ContactState.TALKING
    assert stage.offer(ONE) == consult


def test_an_unreachable_phone_is_rung_no_more() -> None:
    """https://github.com/asterisk/asterisk/issues/176"""
    stage = Stage(house(member(ANN), member(BOB)), ANN, BOB)
    stage.tell(PhoneChanged(ANN, False), 5.0)
    assert stage.arrives(ONE, 10.0) == [(ONE, BOB)]


def test_the_engine_starts_empty_and_without_a_link() -> None:
    """Nobody is rung before it is known what rings already."""
    engine = Engine(house(member(ANN), classes={"standard": Class()}))
    engine.handle(PhoneChanged(ANN, True), 0.0)
    engine.handle(AgentLoggedIn(ANN), 0.0)
    assert engine.handle(Arrived(ONE, SUPPORT, 1.0, waits=True), 1.0) == []
