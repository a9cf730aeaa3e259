"""What is seen against what is believed."""

from __future__ import annotations

from acd import events
from acd.config import Queue
from acd.engine import Engine
from acd.events import Event, OfferEnd
from acd.model import CALLED_BACK, CALLS, AgentId, ContactId, OfferId, QueueId
from acd.states import ContactState
from ivr.reconcile import CallerSeen, Seen, reconcile
from tests.centres import centre

SUPPORT, ANN = QueueId("support"), AgentId("ann")
ONE, TWO, OFFER = ContactId("one"), ContactId("two"), OfferId("1.1.1")
CENTRE = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0}, {ANN: (SUPPORT,)})


def seen(contact: ContactId, entered_at: float = 10.0, waits: bool = True) -> CallerSeen:
    return CallerSeen(contact, f"PJSIP/{contact}", waits, entered_at, SUPPORT, "standard", "zh")


def ringing(talks: bool = False) -> Engine:
    """One caller who rings at Ann, or talks with her; the link is lost."""
    engine = Engine(CENTRE)
    told: list[Event] = [
        events.Started(1), events.LinkChanged(True), events.PhoneChanged(ANN, True),
        events.AgentLoggedIn(ANN), events.Arrived(ONE, SUPPORT, 10, waits=True),
    ]  # fmt: skip
    told += [events.OfferAnswered(ONE, OFFER)] if talks else []
    for event in [*told, events.LinkChanged(False)]:
        engine.handle(event, 20)
    return engine


def after(engine: Engine, look: Seen) -> Engine:
    for event in reconcile(engine, look).events:
        engine.handle(event, 30)
    return engine


def test_nothing_happens_when_all_is_as_believed() -> None:
    engine = ringing(talks=True)
    told = reconcile(engine, Seen((seen(ONE),), frozenset({OFFER}))).events
    assert [engine.handle(event, 30) for event in told] == [[]]
    assert engine.contacts[ONE].state is ContactState.TALKING


def test_callers_who_came_meanwhile_stand_in_the_order_in_which_they_came() -> None:
    engine = after(Engine(CENTRE), Seen((seen(ONE, 12.0), seen(TWO, 11.0))))
    assert [contact.id for contact in engine.waiting()] == [TWO, ONE]


def test_a_caller_still_in_the_menu_is_no_contact_yet() -> None:
    assert not after(Engine(CENTRE), Seen((seen(ONE, waits=False),))).contacts


def test_a_ringing_leg_that_is_gone_puts_its_contact_back_in_line() -> None:
    engine = after(ringing(), Seen((seen(ONE),)))
    assert engine.contacts[ONE].state is ContactState.WAITING
    assert engine.agents[ANN].state == "ready"


def test_a_talk_whose_leg_is_gone_and_whose_caller_waits_has_ended_and_waits() -> None:
    engine = after(ringing(talks=True), Seen((seen(ONE),)))
    assert engine.contacts[ONE].state is ContactState.WAITING
    assert engine.agents[ANN].state == "wrap-up"


def test_a_waiting_contact_without_a_channel_is_lost() -> None:
    difference = reconcile(ringing(), Seen())
    assert events.CallerLeft(ONE, lost=True) in difference.events
    assert events.OfferEnded(OFFER, OfferEnd.RELEASED) in difference.events


def test_a_talk_without_channels_has_ended_and_is_not_lost() -> None:
    assert events.CallerLeft(ONE, cut_off=True) in reconcile(ringing(talks=True), Seen()).events


def test_a_leg_that_nobody_knows_is_named_to_be_ended() -> None:
    stray = OfferId("0.9.9")
    assert reconcile(ringing(), Seen((seen(ONE),), frozenset({OFFER, stray}))).strays == {stray}


def test_who_was_promised_a_callback_and_is_found_waiting_is_on_the_telephone() -> None:
    engine = ringing()
    engine.handle(events.Arrived(TWO, SUPPORT, 15, channel=CALLED_BACK), 20)
    engine.handle(events.Parked(TWO), 20)
    away = after(engine, Seen((seen(ONE), seen(TWO, waits=False))))
    assert away.contacts[TWO].state is ContactState.PARKED
    found = after(engine, Seen((seen(ONE), seen(TWO)))).contacts[TWO]
    assert (found.state, found.channel, found.entered_at) == (ContactState.WAITING, CALLS, 15)
