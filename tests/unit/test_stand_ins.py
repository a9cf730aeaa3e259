"""An agent waits for whoever of a queue is next, on behalf of the contact that they talk with."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.commands import Command, Offer, Overflow, Withdraw
from acd.config import Capacity, Condition, Member, OverflowRule
from acd.events import (
    CallerLeft,
    ConsultDropped,
    DeskChanged,
    LegEnded,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
    TakenOver,
    Transferred,
)
from acd.model import CHATS, AgentId, ContactId, OfferId, Rule
from acd.requests import AgentLoggedIn, ColleagueAsked, ConsultAsked, Regraded
from acd.states import AgentState, ContactState, ForbiddenMove
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
from tests.whys import whys

WAIT = ContactId("wait-1")
ASKS = ColleagueAsked(ONE, SALES, WAIT)


def seller(agent: AgentId) -> Member:
    return member(agent, queues={SALES: 0.0})


def stage(**sales: object) -> Stage:
    """ANN of support talks with ONE; BOB and CHO, of sales, are logged off."""
    made = Stage(house(member(ANN), seller(BOB), seller(CHO), sales=sales), ANN)
    made.arrives(ONE, 10.0)
    made.answers(ONE, 11.0)
    return made


def asked(made: Stage, now: float = 20.0) -> list[Offer]:
    return [one for one in made.tell(ASKS, now) if isinstance(one, Offer)]


def test_whoever_is_next_is_consulted_about_the_contact_and_the_talk_goes_on() -> None:
    made = stage()
    assert asked(made) == []
    [offer] = [c for c in [*_comes(made, BOB, 30.0)] if isinstance(c, Offer)]
    assert (offer.contact, offer.agent, offer.rule) == (ONE, BOB, Rule.CONSULT)
    assert offer.in_line and not offer.leaves
    assert offer.asked_by == made.engine.contacts[ONE].offer
    assert made.engine.contacts[ONE].state is ContactState.TALKING
    made.tell(OfferAnswered(ONE, offer.offer), 32.0)
    assert WAIT not in made.engine.contacts, "nobody is waited for any more"
    made.tell(TakenOver(ONE, offer.offer, BOB), 40.0)
    assert made.engine.contacts[ONE].offer == offer.offer


def test_who_is_free_is_asked_at_once() -> None:
    made = stage()
    made.comes(BOB, 15.0)
    [offer] = asked(made)
    assert (offer.agent, offer.rule) == (BOB, Rule.CONSULT)


def test_it_stands_where_the_contact_would() -> None:
    """TWO came before ONE, THREE after."""
    made = Stage(house(member(ANN), seller(BOB)), ANN)
    made.arrives(TWO, 9.0, queue=SALES)
    made.arrives(ONE, 10.0)
    made.arrives(THREE, 12.0, queue=SALES)
    made.answers(ONE, 13.0)
    assert asked(made) == []
    order = made.comes(BOB, 30.0)
    assert order == [(TWO, BOB)]
    made.answers(TWO, 31.0)
    order = made.hangs_up(TWO, 40.0) + made.at(41.0)
    while not order:
        order = made.at(made.engine.next_deadline() or 0.0)
    assert order == [(ONE, BOB)]


def test_who_does_not_come_leaves_it_in_line_for_the_next() -> None:
    made = stage()
    asked(made)
    [offer] = [c for c in _comes(made, BOB, 30.0) if isinstance(c, Offer)]
    made.tell(OfferEnded(offer.offer, OfferEnd.DECLINED), 31.0)
    assert made.engine.contacts[WAIT].state is ContactState.WAITING
    assert made.engine.agents[BOB].state is AgentState.READY, "and is not asked again at once"
    [other] = [c for c in _comes(made, CHO, 32.0) if isinstance(c, Offer)]
    assert (other.agent, other.contact) == (CHO, ONE)
    made.tell(OfferEnded(other.offer, OfferEnd.DECLINED), 33.0)
    assert made.at(41.0) == [(ONE, BOB)], "after a rest"


@pytest.mark.parametrize("rings", [False, True])
@pytest.mark.parametrize(
    "event",
    [ConsultDropped(ONE, OfferId(WAIT)), CallerLeft(ONE), Transferred(ONE, SALES)],
)
def test_it_is_gone_with_what_it_stands_for(event: object, rings: bool) -> None:
    made = stage()
    asked(made)
    before = _comes(made, BOB, 30.0) if rings else []
    commands = made.tell(event, 40.0)
    assert WAIT not in made.engine.contacts
    withdrawn = [c.offer for c in commands if isinstance(c, Withdraw)]
    assert withdrawn == [c.offer for c in before if isinstance(c, Offer)]
    for offer in withdrawn:
        made.tell(OfferEnded(offer, OfferEnd.RELEASED), 41.0)
        assert WAIT not in made.engine.contacts, "and does not come back"
    waits = ONE in made.engine.contacts and made.engine.contacts[ONE].queue == SALES
    assert waits == isinstance(event, Transferred)


def test_it_is_gone_when_the_talks_leg_is_told_to_have_ended_as_an_offer() -> None:
    """An offer was taken back, has won, and its end is confirmed before the end of the talk."""
    made = stage()
    asked(made)
    made.tell(OfferEnded(made.offer(ONE), OfferEnd.RELEASED), 30.0)
    contact = made.engine.contacts[ONE]
    assert WAIT not in made.engine.contacts and contact.stand_in is None


def test_a_contact_that_is_handed_to_the_queue_waits_there_once_with_its_own_key() -> None:
    made = stage()
    asked(made)
    key = made.engine.contacts[ONE].order_key
    talk = made.engine.contacts[ONE].offer
    assert talk
    made.tell(Transferred(ONE, SALES, offer=talk), 40.0)
    made.tell(LegEnded(ONE, talk), 40.0)
    assert [c.id for c in made.engine.waiting()] == [ONE]
    assert made.engine.contacts[ONE].order_key == key
    assert rung(_comes(made, BOB, 50.0)) == [(ONE, BOB)]


def test_the_end_of_the_agents_leg_ends_the_waiting() -> None:
    made = stage()
    asked(made)
    made.hangs_up(ONE, 40.0)
    assert WAIT not in made.engine.contacts and made.comes(BOB, 50.0) == []


def test_one_is_asked_at_a_time() -> None:
    made = stage()
    asked(made)
    with pytest.raises(ForbiddenMove, match="being waited for"):
        made.tell(ConsultAsked(ONE, BOB), 21.0)
    with pytest.raises(ForbiddenMove, match="being waited for"):
        made.tell(ColleagueAsked(ONE, SUPPORT, ContactId("wait-2")), 21.0)
    made.tell(ConsultDropped(ONE, OfferId("wait-2")), 22.0)
    assert WAIT in made.engine.contacts, "an older one is meant"
    with pytest.raises(ForbiddenMove, match="no queue"):
        stage().tell(ColleagueAsked(ONE, "nowhere", WAIT), 21.0)  # type: ignore[arg-type]
    made.arrives(TWO, 30.0)
    with pytest.raises(ForbiddenMove, match="nobody to consult for"):
        made.tell(ColleagueAsked(TWO, SALES, ContactId("wait-3")), 31.0)


def test_a_chat_waits_for_no_colleague_of_a_queue() -> None:
    """It would ring telephones for a chat, and take room for one."""
    both = Capacity(voice=1, chat=1, mix=True)
    made = Stage(house(member(ANN, capacity=both), seller(BOB)), ANN)
    made.tell(DeskChanged(ANN, True), 9.0)
    made.arrives(ONE, 10.0, channel=CHATS)
    made.answers(ONE, 11.0)
    with pytest.raises(ForbiddenMove, match="on the telephone alone"):
        asked(made)


def test_who_asks_is_not_asked_though_there_is_room_for_two() -> None:
    two = Capacity(voice=2)
    made = Stage(house(member(ANN, queues={SUPPORT: 0.0, SALES: 0.0}, capacity=two)), ANN)
    made.arrives(ONE, 10.0)
    made.answers(ONE, 11.0)
    assert asked(made) == [] and made.at(100.0) == []


def test_a_regrade_holds_for_it_and_no_overflow_rule_does() -> None:
    rule = OverflowRule(Condition(waited=5.0), "callback")
    made = stage(overflow=(rule,))
    asked(made)
    made.tell(Regraded(ONE, 30.0, "boss", "said so"), 21.0)
    assert made.engine.contacts[WAIT].order_key == made.engine.contacts[ONE].order_key
    for now in (30.0, 60.0, 120.0):
        assert not [c for c in made.tell_time(now) if isinstance(c, Overflow)]
    assert made.comes(BOB, 130.0) == [(ONE, BOB)], "it stands in line as before"


def test_it_survives_a_restart_and_every_offer_can_be_explained() -> None:
    made = stage()
    asked(made)
    state = json.loads(json.dumps(snapshot.dump(made.engine)))
    made.engine = snapshot.load(made.engine.centre, state, 25.0)
    assert made.engine.contacts[ONE].stand_in == WAIT
    explained = whys(made.engine)
    _comes(made, BOB, 30.0)
    [why] = explained
    assert (why.contact, why.agent) == (WAIT, BOB) and why.agents[0].agent == BOB
    assert why.line().startswith("asked for advice: waited 0:20; bob was the longest idle")


def _comes(made: Stage, agent: AgentId, now: float) -> list[Command]:
    """The agent logs in, ready; what follows."""
    made.tell(PhoneChanged(agent, True), now)
    return made.tell(AgentLoggedIn(agent), now)
