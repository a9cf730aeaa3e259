"""Hold rules: why a free agent and a waiting contact stay apart for a while, and until when."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.commands import Offer, Withdraw
from acd.config import Capacity, Class, Relax
from acd.events import (
    LegEnded,
    LinkChanged,
    Moved,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
    TimePassed,
    Transferred,
)
from acd.model import Rule
from acd.requests import AgentLoggedIn, AgentLoggedOff, AgentPaused
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

RESERVE = {"standard": Class(), "vip": Class(reserve=1)}


def test_a_contact_is_held_for_its_agent_who_logs_in_while_it_waits() -> None:
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=30.0))
    stage.arrives(ONE, 10.0, preferred=ANN)
    stage.tell(PhoneChanged(ANN, True), 12.0)
    stage.tell(AgentLoggedIn(ANN, ready=False), 12.0)
    assert stage.comes(BOB, 15.0) == []
    assert rung(stage.tell(TimePassed(), 40.0)) == [(ONE, BOB)]


def test_a_second_queue_is_served_only_by_who_waited_for_it() -> None:
    stage = Stage(house(member(ANN, after=30.0)), ANN)
    assert stage.arrives(ONE, 10.0) == []
    assert stage.at(39.9) == []
    assert stage.wakes(40.0) == [(ONE, ANN)]


def test_the_wait_for_a_second_queue_counts_from_entering_not_from_the_transfer() -> None:
    stage = Stage(house(member(ANN, after=30.0)), ANN)
    assert stage.arrives(ONE, 35.0, entered_at=5.0) == [(ONE, ANN)]


def test_credit_is_no_wait() -> None:
    stage = Stage(house(member(ANN, after=30.0)), ANN)
    assert stage.arrives(ONE, 10.0, class_="vip") == []


def test_a_partner_team_comes_after_a_delay() -> None:
    stage = Stage(house(member(ANN, team="outside"), partner_after=20.0), ANN)
    assert stage.arrives(ONE, 10.0) == []
    assert stage.wakes(30.0) == [(ONE, ANN)]


def test_a_partner_who_is_also_on_a_second_queue_waits_for_both() -> None:
    rules = house(member(ANN, after=25.0, team="outside"), partner_after=20.0)
    stage = Stage(rules, ANN)
    stage.arrives(ONE, 10.0)
    assert stage.wakes(35.0) == [(ONE, ANN)]


def test_a_house_agent_is_preferred_to_a_partner_only_while_there_is_one() -> None:
    rules = house(member(ANN, team="outside"), member(BOB), partner_after=20.0)
    assert Stage(rules, ANN, BOB).arrives(ONE, 10.0) == [(ONE, BOB)]


def test_skills_relax_in_steps() -> None:
    steps = (Relax(10.0, {"billing": 5}), Relax(20.0, {"billing": 0}))
    rules = house(member(ANN, skills={"billing": 5}), member(BOB), relax=steps)
    stage = Stage(rules, BOB)
    assert stage.arrives(ONE, 100.0, skills={"billing": 8}) == []
    assert stage.wakes(120.0) == [(ONE, BOB)]
    stage = Stage(rules, ANN, BOB)
    assert stage.arrives(ONE, 100.0, skills={"billing": 8}) == []
    assert stage.wakes(110.0) == [(ONE, ANN)]


def test_a_step_asks_for_no_skill_that_the_contact_did_not_ask_for() -> None:
    rules = house(member(ANN, skills={"english": 5}), relax=(Relax(10.0, {"billing": 5}),))
    assert Stage(rules, ANN).arrives(ONE, 100.0, skills={"english": 5}) == [(ONE, ANN)]
    assert Stage(rules, ANN).arrives(ONE, 100.0, entered_at=50.0) == [(ONE, ANN)]


@pytest.mark.parametrize("first", [ANN, BOB])
def test_a_relaxed_contact_never_takes_an_agent_while_an_exact_one_is_free(first: str) -> None:
    exact, relaxed = member(ANN, skills={"billing": 8}), member(BOB, skills={"billing": 3})
    rules = house(exact, relaxed, relax=(Relax(10.0, {"billing": 3}),))
    stage = Stage(rules, *sorted([ANN, BOB], key=lambda agent: agent != first))
    arrived = stage.arrives(ONE, 100.0, entered_at=80.0, skills={"billing": 8})
    assert arrived == [(ONE, ANN)]


def test_a_relaxed_contact_takes_who_will_do_when_the_exact_one_is_busy() -> None:
    exact, relaxed = member(ANN, skills={"billing": 8}), member(BOB, skills={"billing": 3})
    stage = Stage(house(exact, relaxed, relax=(Relax(10.0, {"billing": 3}),)), ANN, BOB)
    assert stage.arrives(ONE, 100.0, skills={"billing": 8}) == [(ONE, ANN)]
    assert stage.arrives(TWO, 101.0, skills={"billing": 8}) == []
    assert stage.wakes(111.0) == [(TWO, BOB)]


def test_a_relaxed_contact_takes_the_exact_agents_second_chat_before_another_agent() -> None:
    two = Capacity(chat=2)
    exact = member(BOB, skills={"billing": 8}, capacity=two)
    relaxed = member(ANN, skills={"billing": 3}, capacity=two)
    stage = Stage(house(exact, relaxed, relax=(Relax(10.0, {"billing": 3}),)), ANN, BOB)
    stage.tell(LinkChanged(False), 5.0)
    stage.arrives(ONE, 10.0, channel="sms")
    stage.arrives(TWO, 11.0, channel="sms")
    stage.arrives(THREE, 12.0, channel="sms", skills={"billing": 8})
    made = rung(stage.tell(LinkChanged(True), 50.0))
    assert made == [(ONE, ANN), (TWO, BOB), (THREE, BOB)]


def test_a_contact_is_held_for_the_agent_who_knows_the_customer() -> None:
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=20.0), ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    assert stage.arrives(TWO, 12.0, preferred=ANN) == []
    assert stage.hangs_up(ONE, 15.0) == []
    [made] = [c for c in stage.tell_time(25.0) if isinstance(c, Offer)]
    assert (made.contact, made.agent, made.rule) == (TWO, ANN, Rule.PREFERRED)


def test_the_hold_for_the_preferred_agent_ends() -> None:
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=20.0), ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.arrives(TWO, 12.0, preferred=ANN)
    assert stage.wakes(32.0) == [(TWO, BOB)]


def test_nobody_is_held_for_an_agent_who_is_not_there() -> None:
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=20.0), BOB)
    assert stage.arrives(ONE, 10.0, preferred=ANN) == [(ONE, BOB)]


def test_who_is_held_for_an_agent_who_logs_off_is_free_for_all() -> None:
    stage = Stage(house(member(ANN), member(BOB), hold_for_preferred=20.0), ANN, BOB)
    stage.tell(AgentPaused(ANN), 5.0)
    assert stage.arrives(ONE, 10.0, preferred=ANN) == []
    stage.tell(AgentLoggedOff(ANN), 12.0)
    assert stage.engine.contacts[ONE].state == "ringing"


def test_who_is_held_does_not_pass_who_was_there_before() -> None:
    stage = Stage(house(member(ANN), hold_for_preferred=20.0))
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0, preferred=ANN)
    assert stage.comes(ANN, 12.0) == [(ONE, ANN)]


def test_others_get_what_a_class_leaves_of_its_reserve() -> None:
    stage = Stage(house(member(ANN), member(BOB), classes=RESERVE), ANN, BOB)
    assert stage.arrives(ONE, 10.0) == [(ONE, ANN)]
    assert stage.arrives(TWO, 11.0) == []
    assert stage.arrives(THREE, 12.0, class_="vip") == [(THREE, BOB)]


def test_an_agent_with_the_class_counts_for_its_reserve() -> None:
    stage = Stage(house(member(ANN), member(BOB), classes=RESERVE), ANN, BOB)
    assert stage.arrives(ONE, 10.0, class_="vip") == [(ONE, ANN)]
    assert stage.arrives(TWO, 11.0) == [(TWO, BOB)]


def test_what_a_reserve_kept_is_given_when_another_agent_frees() -> None:
    """The one who frees may not serve the contact; the idle one, kept until now, may."""
    agents = member(ANN), member(BOB), member(CHO, queues={SUPPORT: 600.0})
    stage = Stage(house(*agents, classes=RESERVE), ANN, BOB)
    stage.arrives(ONE, 10.0)
    assert stage.arrives(TWO, 11.0) == []
    assert stage.comes(CHO, 12.0) == [(TWO, BOB)]


def test_the_last_agent_of_a_queue_is_reserved_for_nobody() -> None:
    stage = Stage(house(member(ANN), classes=RESERVE), ANN)
    assert stage.arrives(ONE, 10.0) == [(ONE, ANN)]


def test_who_rings_too_long_elsewhere_is_offered_to_the_agent_who_frees() -> None:
    stage = Stage(
        house(member(ANN), member(BOB), offer_elsewhere_after=5.0, ring_seconds=60.0), ANN
    )
    stage.arrives(ONE, 10.0)
    first = stage.offer(ONE)
    stage.at(15.0)
    stage.comes(BOB, 16.0)
    assert stage.engine.offers[first].withdrawn
    assert stage.engine.agents[BOB].kept_for == first
    [made] = stage.tell(OfferEnded(first, OfferEnd.RELEASED), 16.5)
    assert isinstance(made, Offer)
    assert (made.contact, made.agent, made.rule) == (ONE, BOB, Rule.ELSEWHERE)


def test_of_two_who_ring_too_long_elsewhere_the_first_in_order_is_offered_anew() -> None:
    agents = member(ANN), member(BOB), member(CHO)
    stage = Stage(house(*agents, offer_elsewhere_after=5.0, ring_seconds=60.0), ANN, BOB)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    stage.at(16.0)
    stage.comes(CHO, 17.0)
    assert stage.engine.agents[CHO].kept_for == stage.offer(ONE)


def test_a_phone_that_has_not_rung_long_goes_on_ringing() -> None:
    stage = Stage(house(member(ANN), member(BOB), offer_elsewhere_after=5.0), ANN)
    stage.arrives(ONE, 10.0)
    stage.comes(BOB, 14.0)
    assert not stage.engine.offers[stage.offer(ONE)].withdrawn


def test_a_younger_contact_that_rings_too_long_does_not_pass_who_waits() -> None:
    agents = member(ANN), member(BOB, queues={SUPPORT: 0.0, SALES: 0.0})
    stage = Stage(house(*agents, offer_elsewhere_after=5.0, ring_seconds=60.0), ANN)
    stage.arrives(ONE, 10.0, queue=SALES)
    stage.arrives(TWO, 11.0)
    stage.at(16.0)
    assert stage.comes(BOB, 17.0) == [(ONE, BOB)]


def test_an_e_mail_that_rings_too_long_does_not_pass_a_caller() -> None:
    agents = member(ANN), member(BOB)
    stage = Stage(house(*agents, offer_elsewhere_after=5.0, ring_seconds=60.0), ANN)
    stage.arrives(ONE, 100.0, channel="email", due_at=1.0)
    stage.arrives(TWO, 101.0, skills={"billing": 1})
    stage.at(106.0)
    stage.tell(Transferred(TWO, SUPPORT, {}), 107.0)
    stage.tell(AgentPaused(ANN), 107.0)
    assert stage.engine.contacts[TWO].state == "ringing"
    stage.ends(TWO, OfferEnd.DECLINED, 108.0)
    assert stage.comes(BOB, 109.0) == [(TWO, BOB)]


def test_a_chat_that_rings_too_long_is_not_taken_from_an_agent_to_ring_there_again() -> None:
    stage = Stage(house(member(ANN), offer_elsewhere_after=5.0, ring_seconds=60.0), ANN)
    stage.arrives(ONE, 10.0, channel="sms")
    assert stage.tell_time(15.0) == []
    assert stage.arrives(TWO, 16.0, channel="sms") == [(TWO, ANN)]
    assert not stage.engine.offers[stage.offer(ONE)].withdrawn


def test_who_declined_is_rung_again_after_the_rest_if_it_rings_too_long_elsewhere() -> None:
    """The same after a restart: nothing may hang on a deadline that was set before."""
    for restarted in (False, True):
        stage = Stage(house(member(ANN), member(BOB), offer_elsewhere_after=5.0), ANN, BOB)
        stage.arrives(ONE, 10.0)
        assert stage.ends(ONE, OfferEnd.DECLINED, 12.0) == [(ONE, BOB)]
        if restarted:
            plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
            stage.engine = snapshot.load(stage.engine.centre, plain, 13.0)
            stage.wakes(13.0)
        stage.at(17.0)
        assert stage.engine.next_deadline() == 22.0
        stage.at(22.0)
        assert stage.engine.agents[ANN].kept_for == stage.offer(ONE)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("channel", ["voice", "sms"])
def test_who_may_serve_it_later_is_kept_for_what_still_rings_then(
    restarted: bool, channel: str
) -> None:
    agents = member(ANN, capacity=Capacity(chat=1)), member(BOB, after=20.0)
    stage = Stage(house(*agents, offer_elsewhere_after=5.0, ring_seconds=60.0), ANN, BOB)
    assert stage.arrives(ONE, 10.0, channel=channel) == [(ONE, ANN)]
    if restarted:
        plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
        stage.engine = snapshot.load(stage.engine.centre, plain, 11.0)
    stage.at(15.0)
    assert stage.wakes(30.0) == []
    assert stage.engine.agents[BOB].kept_for == stage.offer(ONE)


def test_an_agent_kept_for_a_contact_may_leave_the_rules() -> None:
    rules = house(member(ANN), member(BOB), offer_elsewhere_after=5.0, ring_seconds=60.0)
    stage = Stage(rules, ANN)
    stage.arrives(ONE, 10.0)
    stage.at(15.0)
    stage.comes(BOB, 16.0)
    stage.engine.use(house(member(ANN), ring_seconds=60.0), 17.0)
    stage.at(30.0)
    assert BOB not in stage.engine.agents and not stage.engine.kept


def test_an_agent_kept_for_a_contact_who_has_gone_on_a_break_refuses_no_fact() -> None:
    stage = Stage(
        house(member(ANN), member(BOB), offer_elsewhere_after=5.0, ring_seconds=60.0), ANN
    )
    stage.arrives(ONE, 10.0)
    first = stage.offer(ONE)
    stage.at(15.0)
    stage.comes(BOB, 16.0)
    stage.tell(AgentPaused(BOB), 16.2)
    stage.tell(OfferEnded(first, OfferEnd.RELEASED), 16.5)
    assert stage.engine.contacts[ONE].state == "ringing", "back at the agent who is free"
    assert stage.engine.agents[BOB].kept_for is None


def test_the_talk_wins_over_the_offer_elsewhere() -> None:
    stage = Stage(
        house(member(ANN), member(BOB), offer_elsewhere_after=5.0, ring_seconds=60.0), ANN
    )
    stage.arrives(ONE, 10.0)
    stage.at(15.0)
    stage.comes(BOB, 16.0)
    stage.answers(ONE, 16.1)
    assert stage.engine.contacts[ONE].state == "talking"
    assert stage.arrives(TWO, 17.0) == [(TWO, BOB)]


@pytest.mark.parametrize("restarted", [False, True])
def test_who_is_kept_in_vain_is_free_again_after_a_while(restarted: bool) -> None:
    stage = Stage(
        house(member(ANN), member(BOB), offer_elsewhere_after=5.0, ring_seconds=60.0), ANN
    )
    stage.arrives(ONE, 10.0)
    stage.at(15.0)
    stage.comes(BOB, 16.0)
    assert stage.arrives(TWO, 16.1) == []
    if restarted:
        plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
        stage.engine = snapshot.load(stage.engine.centre, plain, 17.0)
        assert stage.at(17.0) == []
    deadline = stage.engine.next_deadline()
    assert deadline is not None and deadline <= 26.0
    commands = stage.tell_time(deadline)
    assert [c.contact for c in commands if isinstance(c, Withdraw)] == [ONE]
    assert [c.contact for c in commands if isinstance(c, Offer)] == [TWO]


def test_who_rings_too_long_and_changes_the_channel_is_offered_to_who_is_idle_there() -> None:
    callers, chats = Capacity(chat=0), Capacity(voice=0, chat=1)
    agents = member(ANN, capacity=callers), member(BOB, capacity=chats)
    stage = Stage(house(*agents, offer_elsewhere_after=5.0, ring_seconds=60.0), ANN, BOB)
    stage.arrives(ONE, 10.0)
    first = stage.offer(ONE)
    stage.at(16.0)
    assert not stage.engine.offers[first].withdrawn
    stage.tell(Moved(ONE, "web chat"), 17.0)
    assert stage.engine.offers[first].withdrawn
    assert stage.engine.agents[BOB].kept_for == first


def test_who_rings_too_long_comes_before_the_young_when_many_agents_free_at_once() -> None:
    agents = member(ANN), member(BOB), member(CHO)
    stage = Stage(house(*agents, offer_elsewhere_after=5.0, ring_seconds=60.0), ANN)
    stage.arrives(ONE, 10.0)
    stage.arrives(TWO, 11.0)
    first = stage.offer(ONE)
    stage.at(16.0)
    both = [PhoneChanged(id_, True) for id_ in (BOB, CHO)]
    stage.engine.handle_all([*both, AgentLoggedIn(BOB), AgentLoggedIn(CHO)], 17.0)
    assert stage.engine.offers[first].withdrawn
    assert stage.engine.agents[BOB].kept_for == first
    assert stage.engine.offers[stage.offer(TWO)].agent == CHO


def test_who_was_kept_back_for_a_reserve_is_looked_at_when_an_agent_leaves_for_good() -> None:
    classes = {"standard": Class(), "vip": Class(reserve=2)}
    crew = [member(id_) for id_ in (ANN, BOB, CHO)]
    stage = Stage(house(*crew, classes=classes, wrap_up_seconds=0), ANN, BOB, CHO)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    assert stage.arrives(TWO, 12.0) == []  # two are free, of three: the reserve of the others
    stage.engine.use(house(*crew[1:], classes=classes, wrap_up_seconds=0), 20.0)
    assert stage.at(20.0) == []
    [made] = stage.tell(LegEnded(ONE, stage.offer(ONE)), 21.0)  # ann is in the rules no more
    assert isinstance(made, Offer)
    assert (made.contact, made.agent) == (TWO, BOB)
