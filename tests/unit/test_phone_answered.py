"""From the pick-up to the gate: whoever listens to what a call is about does not let it ring."""

from __future__ import annotations

import pytest

from acd import events, snapshot
from acd.commands import Command, Offer, Withdraw
from acd.config import Centre, Queue
from acd.engine import Engine
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, OfferId, QueueId
from acd.states import AgentState, ContactState
from adapters.asterisk.facts import CelRow, from_ami, from_cel
from tests.centres import centre

SUPPORT, ANN, ONE = QueueId("support"), AgentId("ann"), ContactId("one")
BOB = AgentId("bob")
RULES = centre({SUPPORT: Queue(SUPPORT, ring_seconds=15.0)}, {}, {ANN: (SUPPORT,)})


class Stage:
    """One caller rings at Ann from 0 on, for 15 s."""

    def __init__(self, rules: Centre = RULES) -> None:
        self.engine = Engine(rules)
        [offer] = [
            command
            for event in (
                events.LinkChanged(up=True), events.AgentLoggedIn(ANN),
                events.PhoneChanged(ANN, reachable=True),
                events.Arrived(ONE, SUPPORT, 0.0, waits=True),
            )
            for command in self.engine.handle(event, 0.0)
        ]  # fmt: skip
        assert isinstance(offer, Offer)
        self.offer = offer.offer

    def tell(self, event: events.Event, now: float) -> list[Command]:
        return self.engine.handle(event, now)

    def heard(self, now: float, seconds: float = 20.0) -> None:
        self.tell(events.PhoneAnswered(ONE, self.offer, seconds), now)


def test_an_agent_who_has_picked_up_is_not_taken_for_one_who_lets_it_ring() -> None:
    stage = Stage()
    stage.heard(14.0)
    assert stage.tell(events.TimePassed(), 15.0) == []
    assert stage.engine.next_deadline() == 34.0
    stage.tell(events.OfferAnswered(ONE, stage.offer), 19.0)
    assert stage.engine.contacts[ONE].state is ContactState.TALKING
    assert stage.engine.agents[ANN].state is AgentState.TALKING


@pytest.mark.parametrize("picked_up_at", [4.0, 7.0])
def test_an_agent_who_has_picked_up_keeps_the_call_when_a_colleague_comes(
    picked_up_at: float,
) -> None:
    """Before the call has rung too long, or after, while nobody else was free."""
    rules = centre(
        {SUPPORT: Queue(SUPPORT, ring_seconds=15.0, offer_elsewhere_after=6.0)},
        {},
        {ANN: (SUPPORT,), BOB: (SUPPORT,)},
    )
    stage = Stage(rules)
    stage.tell(events.TimePassed(), 6.0 if picked_up_at > 6.0 else picked_up_at)
    stage.heard(picked_up_at)
    stage.tell(events.TimePassed(), 8.0)
    for event in (events.PhoneChanged(BOB, reachable=True), events.AgentLoggedIn(BOB)):
        assert stage.tell(event, 9.0) == []
    assert stage.engine.offers[stage.offer].withdrawn == ""


def test_that_it_was_picked_up_is_told_twice_and_counts_once() -> None:
    stage = Stage()
    stage.heard(14.0)
    stage.heard(14.4)
    assert not stage.engine.changed and stage.engine.next_deadline() == 34.0


def test_a_leg_that_never_comes_to_its_gate_is_taken_back_in_the_end() -> None:
    stage = Stage()
    stage.heard(14.0)
    [command] = stage.tell(events.TimePassed(), 34.0)
    assert isinstance(command, Withdraw) and command.reason == OfferEnd.RANG_OUT


@pytest.mark.parametrize(
    ("how", "state"),
    [(OfferEnd.DECLINED, AgentState.READY), (OfferEnd.RANG_OUT, AgentState.NOT_READY)],
)
def test_who_hangs_up_before_the_gate_has_declined_or_pressed_no_key(
    how: OfferEnd, state: AgentState
) -> None:
    stage = Stage()
    stage.heard(3.0)
    stage.tell(events.OfferEnded(stage.offer, how), 5.0)
    assert stage.engine.agents[ANN].state is state
    assert stage.engine.contacts[ONE].state is ContactState.WAITING


def test_news_of_an_offer_that_is_void_or_over_or_talks_changes_nothing() -> None:
    stage = Stage()
    stage.tell(events.CallerLeft(ONE), 3.0)
    stage.heard(3.1)
    assert not stage.engine.changed and stage.engine.offers[stage.offer].withdrawn
    stage.tell(events.OfferEnded(stage.offer, OfferEnd.RELEASED), 3.2)
    stage.heard(3.3)
    assert not stage.engine.changed
    talking = Stage()
    talking.tell(events.OfferAnswered(ONE, talking.offer), 2.0)
    talking.heard(2.1)
    assert not talking.engine.changed


def test_a_restart_in_between_forgets_nothing_of_it() -> None:
    stage = Stage()
    stage.heard(14.0)
    again = snapshot.load(RULES, snapshot.dump(stage.engine), 14.5)
    assert again.offers == stage.engine.offers
    again.handle(events.TimePassed(), 33.9)
    assert again.offers[stage.offer].withdrawn == ""


def test_asterisk_tells_of_it_in_both_ways_alike() -> None:
    told = {"Event": "UserEvent", "UserEvent": "AcdAhead", "Contact": "one", "Offer": "1.1.1"}
    fact = events.PhoneAnswered(ONE, OfferId("1.1.1"), 20.0)
    assert from_ami({**told, "Seconds": "20"}) == [fact]
    assert from_cel(CelRow(1, "ACD_AHEAD", "acd-1.1.1", '{"extra":"one|1.1.1|20"}')) == [fact]
    kind, version, data = events.to_plain(fact)
    assert events.from_plain(kind, version, data) == fact


@pytest.mark.parametrize(
    ("phase", "how"),
    [("ahead", OfferEnd.DECLINED), ("asked", OfferEnd.RANG_OUT), ("answered", OfferEnd.RELEASED)],
)
def test_how_a_leg_ended_before_its_gate_is_told_by_its_phase(phase: str, how: OfferEnd) -> None:
    words = {"Contact": "one", "Offer": "1.1.1", "Phase": phase, "Cause": "16"}
    assert from_ami({"Event": "UserEvent", "UserEvent": "AcdLegEnd", **words}) == [
        events.OfferEnded(OfferId("1.1.1"), how)
    ]
