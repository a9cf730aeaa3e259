"""The line says why this agent, and nothing that is not so."""

from __future__ import annotations

from typing import Any

import pytest

from acd import events
from acd.commands import Offer
from acd.config import Capacity, Centre, Class, Member, Queue, Relax, Strategy
from acd.engine import Engine
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.requests import ConsultAsked, PickedUp, RingingTaken
from acd.why import MOST_AT_ONCE, Why, line_for
from tests.reference.day import Day, Told
from tests.reference.evening import whole_day
from tests.whys import whys

Q, R = QueueId("q"), QueueId("r")
ANN, BOB, CHO = AgentId("ann"), AgentId("bob"), AgentId("cho")
ONE, TWO = ContactId("one"), ContactId("two")


class Stage:
    """Agents of `q` (Cho of `r`, too), and why every offer was made."""

    def __init__(self, agents: tuple[Member, ...] = (), **queue: Any) -> None:
        usual = Member(ANN, {Q: 0.0}), Member(BOB, {Q: 0.0}), Member(CHO, {Q: 0.0, R: 0.0})
        rules = Centre(
            queues={Q: Queue(Q, **{"wrap_up_seconds": 0, **queue}), R: Queue(R)},
            classes={"standard": Class()},
            agents={one.id: one for one in (*usual, *agents)},
            version="v1",
        )
        self.engine = Engine(rules)
        self.whys = whys(self.engine)
        self.tell(0, events.Started(1), events.LinkChanged(up=True))

    def tell(self, now: float, *told: events.Event) -> list[Offer]:
        """All in one instant; the offers that follow."""
        return [one for one in self.engine.handle_all(told, now) if isinstance(one, Offer)]

    def comes(self, agent: AgentId, now: float) -> None:
        self.tell(now, events.PhoneChanged(agent, reachable=True), events.AgentLoggedIn(agent))

    def arrives(self, contact: ContactId, now: float, **skills: int) -> None:
        self.tell(now, events.Arrived(contact, Q, now, skills=skills, waits=True))

    def rings(self, contact: ContactId) -> OfferId:
        offer = self.engine.contacts[contact].offer
        assert offer is not None
        return offer

    @property
    def last(self) -> Why:
        return self.whys[-1]


def test_who_takes_what_rings_at_a_colleague_is_not_called_the_longest_idle() -> None:
    stage = Stage()
    stage.comes(BOB, 1)
    stage.arrives(ONE, 10)
    stage.comes(ANN, 11)
    stage.comes(CHO, 16)
    stage.tell(17, RingingTaken(ONE, CHO, "cho by their telephone"))
    stage.tell(18, events.OfferEnded(stage.rings(ONE), OfferEnd.RELEASED))
    assert stage.last.line() == (
        "out of order, picked up from a colleague: waited 0:08; cho took it, idle 0:02"
    )
    ranked = [(one.agent, one.idle) for one in stage.last.agents if one.could]
    assert ranked == [(BOB, 17), (ANN, 7), (CHO, 2)], "and the list does not put them first"


def test_who_is_handed_a_contact_is_said_to_have_been_given_it_by_a_supervisor() -> None:
    stage = Stage()
    stage.comes(ANN, 0)
    stage.arrives(TWO, 1)  # rings at Ann
    stage.arrives(ONE, 10)
    stage.comes(CHO, 10)  # gets ONE
    stage.tell(12, events.OfferEnded(stage.rings(ONE), OfferEnd.DECLINED))
    stage.tell(15, PickedUp(ONE, CHO, "sue", "knows her"))
    assert stage.last.line() == (
        "out of order, handed over by a supervisor: waited 0:05; cho was given it, idle 0:05"
    )


def test_advice_from_outside_the_queue_can_be_explained() -> None:
    stage = Stage(agents=(Member(AgentId("dan"), {R: 0.0}),))
    stage.comes(ANN, 1)
    stage.arrives(ONE, 10)
    stage.tell(12, events.OfferAnswered(ONE, stage.rings(ONE)))
    stage.comes(AgentId("dan"), 20)
    stage.tell(25, ConsultAsked(ONE, AgentId("dan")))
    assert stage.last.line() == (
        "asked for advice: waited 0:15; dan was asked, idle 0:05 "
        "(not of their queues, or without the skills)"
    )
    assert stage.last.chosen.needs is None


def test_an_exact_match_before_a_longer_idle_agent_is_said_to_be_such() -> None:
    agents = Member(ANN, {Q: 0.0}, {"billing": 3}), Member(BOB, {Q: 0.0}, {"billing": 8})
    stage = Stage(agents, relax=(Relax(5, {"billing": 3}),))
    stage.arrives(ONE, 1, billing=5)
    now = 10.0
    stage.tell(
        now, *(events.PhoneChanged(agent, reachable=True) for agent in (ANN, BOB)),
        events.AgentLoggedIn(ANN), events.AgentLoggedIn(BOB),
    )  # fmt: skip
    assert stage.last.line().endswith("bob was the longest idle, idle 0:00, with billing ≥ 5")
    stage = Stage(agents, relax=(Relax(5, {"billing": 3}),))
    stage.comes(ANN, 1)
    stage.comes(BOB, 2)
    stage.tell(10, events.Arrived(ONE, Q, 1.0, skills={"billing": 5}, waits=True))
    assert stage.last.line() == (
        "first in order: waited 0:09; bob was the longest idle of those who may serve it soonest, "
        "idle 0:08, with billing ≥ 5"
    )


def test_who_had_less_in_hand_is_not_called_the_longest_idle_of_all() -> None:
    chats = Capacity(voice=1, chat=3)
    stage = Stage((Member(ANN, {Q: 0.0}, capacity=chats), Member(BOB, {Q: 0.0}, capacity=chats)))
    stage.comes(ANN, 1)
    first = events.Arrived(TWO, Q, 5.0, channel="chat", waits=True)
    stage.tell(5, first)
    stage.tell(6, events.OfferAnswered(TWO, stage.rings(TWO)))
    stage.comes(BOB, 9)
    stage.tell(10, events.Arrived(ONE, Q, 10.0, channel="chat", waits=True))
    assert stage.last.line() == (
        "first in order: waited 0:00; bob was the longest idle of those who have least in hand, "
        "idle 0:01"
    )


def test_of_several_matched_at_once_only_who_was_first_by_rank_is_called_so() -> None:
    """Ann alone can serve the hard one: the easy one goes to Bob, though Ann is longer idle."""
    stage = Stage((Member(ANN, {Q: 0.0}, {"billing": 5}),))
    for name, agent in ((ContactId("a"), ANN), (ContactId("b"), BOB)):
        stage.comes(agent, 1)
        stage.arrives(name, 2)
    stage.arrives(ONE, 10)
    stage.arrives(TWO, 11, billing=5)
    rung = [stage.rings(ContactId(name)) for name in "ab"]
    stage.tell(12, *(events.CallerLeft(ContactId(name)) for name in "ab"))
    stage.tell(13, *(events.OfferEnded(offer, OfferEnd.RELEASED) for offer in rung))
    one, two = stage.whys[-2:]
    assert (one.contact, one.agent, two.contact, two.agent) == (ONE, BOB, TWO, ANN)
    assert "bob got it as several were matched at once, ann was the longest idle" in one.line()
    assert [able.agent for able in one.agents] == [ANN, BOB]
    assert "ann was the longest idle, idle 0:12, with billing ≥ 5" in two.line()


@pytest.mark.parametrize("strategy", list(Strategy))
def test_agents_are_ranked_by_what_they_were_when_it_was_decided(strategy: Strategy) -> None:
    """The offer itself makes an agent the last in turn, and draws the next lot."""
    stage = Stage(strategy=strategy)
    for second, agent in enumerate((ANN, BOB, CHO)):
        stage.comes(agent, second)
    for second in range(10, 30):
        contact = ContactId(f"c{second}")
        stage.arrives(contact, second)
        assert stage.last.agents[0].agent == stage.last.agent, "chosen, and first by rank"
        assert "several" not in stage.last.line()
        offer = stage.rings(contact)
        stage.tell(second + 0.2, events.OfferAnswered(contact, offer))
        stage.tell(second + 0.4, events.LegEnded(contact, offer), events.CallerLeft(contact))


def test_more_than_ten_before_it_are_counted_and_the_chosen_one_is_shown() -> None:
    stage = Stage((Member(BOB, {Q: 0.0}, {"billing": 3}),), relax=(Relax(600, {"billing": 3}),))
    for number in range(12):
        stage.arrives(ContactId(f"hard{number}"), number, billing=6)
    stage.arrives(ONE, 20)
    stage.comes(BOB, 30)
    assert "12 before it: for bob after 10:00" in stage.last.line()
    assert [one.contact for one in stage.last.contacts][-1] == ONE


def test_what_the_agent_has_no_room_for_is_passed_and_said_so() -> None:
    stage = Stage((Member(ANN, {Q: 0.0}, capacity=Capacity(voice=1, chat=0)),))
    for number in range(11):
        chat = events.Arrived(ContactId(f"chat{number}"), Q, 1.0, channel="chat", waits=True)
        stage.tell(1, chat)
    stage.arrives(ONE, 10)
    stage.comes(ANN, 20)
    assert (stage.last.contact, stage.last.passed) == (ONE, 11)
    assert "11 before it: ann has no room for chat" in stage.last.line()


def test_the_line_stays_with_the_offer_and_nobody_waits_for_it_in_a_crowd() -> None:
    stage = Stage()
    stage.engine.explains = line_for
    stage.comes(ANN, 1)
    stage.arrives(ONE, 10)
    offer = stage.engine.offers[stage.rings(ONE)]
    assert offer.why == "first in order: waited 0:00; ann was the longest idle, idle 0:09"
    for number in range(MOST_AT_ONCE):
        stage.arrives(ContactId(f"c{number}"), 11)
    stage.comes(BOB, 12)
    assert stage.engine.offers[stage.rings(ContactId("c0"))].why == ""


@pytest.mark.parametrize("seed", range(3))
def test_on_random_days_every_offer_has_its_line_and_no_line_changes_anything(seed: int) -> None:
    """The twin of the day explains nothing, and does the same."""
    said: list[str] = []

    def look(day: Day, told: Told) -> None:
        day.engine.explains = line_for
        offers = [one.offer for one in told.commands if isinstance(one, Offer)]
        lines = [day.engine.offers[id_].why for id_ in offers if id_ in day.engine.offers]
        alone = len(told.commands) == 1
        assert not [line for line in lines if alone and "several" in line]
        said.extend(lines)

    whole_day(seed, 1500, look)
    explained = sum(map(bool, said))
    assert explained > 30, "all but the first after each restart"
