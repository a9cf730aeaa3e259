"""What the telephone side shows against what the engine believes; the difference as events. Pure.

Runs after every login to the telephone side, when its record of events has been applied, and before
anything is offered again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from acd import events
from acd.engine import Engine
from acd.events import Event, OfferEnd
from acd.model import CALLED_BACK, CALLS, CHATS, ContactId, Medium, OfferId, QueueId, Seconds
from acd.offers import WITH_AN_AGENT
from acd.states import ContactState


@dataclass(frozen=True, slots=True)
class CallerSeen:
    """A caller's channel as the telephone side shows it."""

    contact: ContactId
    channel: str
    waits: bool
    """Whether it is in the waiting loop (or talking out of it), as opposed to still in the menu."""
    entered_at: Seconds
    queue: QueueId
    class_: str
    language: str


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at all channels."""

    callers: tuple[CallerSeen, ...] = ()
    legs: frozenset[OfferId] = field(default_factory=frozenset)
    """Offers whose agent's leg exists, ringing or talking."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What to tell the engine, and which legs nobody knows of and should be ended."""

    events: tuple[Event, ...]
    strays: frozenset[OfferId]


def reconcile(engine: Engine, seen: Seen) -> Difference:
    """The events that bring the engine to what is seen."""
    callers = {caller.contact: caller for caller in seen.callers}
    told = [
        *_new_callers(engine, seen.callers),
        *_ended_legs(engine, seen.legs),
        *_missing_callers(engine, callers),
        *_returned_callers(engine, seen),
    ]
    return Difference(tuple(told), seen.legs - engine.offers.keys())


def _new_callers(engine: Engine, callers: Iterable[CallerSeen]) -> Iterable[Event]:
    """Callers who got into the loop without us (the plain menu), oldest first."""
    for caller in sorted(callers, key=lambda caller: (caller.entered_at, caller.contact)):
        if not caller.waits:
            continue
        known = engine.contacts.get(caller.contact)
        if known and known.channel == CHATS:
            continue  # online by now; their line is about to end
        if known and known.channel == CALLED_BACK:  # they wait after all
            yield events.Moved(caller.contact, CALLS)
        if known is None:
            yield events.Arrived(
                caller.contact,
                caller.queue,
                caller.entered_at,
                class_=caller.class_,
                language=caller.language,
            )
        yield events.Reached(caller.contact)


def _ended_legs(engine: Engine, legs: frozenset[OfferId]) -> Iterable[Event]:
    for offer in engine.offers.values():
        if offer.id not in legs and offer.medium is Medium.VOICE:
            if offer.answered_at is None:
                yield events.OfferEnded(offer.id, OfferEnd.RELEASED)
            else:
                yield events.LegEnded(offer.contact, offer.id)


def _missing_callers(engine: Engine, callers: dict[ContactId, CallerSeen]) -> Iterable[Event]:
    for contact in engine.contacts.values():
        if contact.channel == "voice" and contact.id not in callers:
            cut_off = contact.state in WITH_AN_AGENT
            talked = cut_off or contact.state is ContactState.AFTER
            yield events.CallerLeft(contact.id, lost=not talked, cut_off=cut_off)


def _returned_callers(engine: Engine, seen: Seen) -> Iterable[Event]:
    """Callers back in the loop whose talk ended without a word to us."""
    for caller in seen.callers:
        contact = engine.contacts.get(caller.contact)
        talks = contact and contact.channel != CHATS and contact.state in WITH_AN_AGENT
        if contact and talks and caller.waits and contact.offer not in seen.legs:
            yield events.Returned(contact.id)
