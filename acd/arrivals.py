"""Facts about contacts: they arrive, wait, move, are parked, come back, leave. Keys stay."""

from __future__ import annotations

from acd import desks, events, stand_ins
from acd.commands import Close, ContactEnd
from acd.consults import end_consultations
from acd.floor import Floor
from acd.model import CALLED_BACK, Contact, Lane, OfferId, Place, Rule, Seconds, medium_of
from acd.offers import make, withdraw
from acd.requests import AUTOMATIC, Regraded
from acd.states import ContactState, ForbiddenMove, after_contact

REMEMBER_SECONDS: Seconds = 3600.0
"""How long the id of an ended contact is known, so that late news of it changes nothing."""

S = ContactState
ENDINGS = {
    S.ARRIVING: ContactEnd.LEFT,
    S.WAITING: ContactEnd.ABANDONED,
    S.RINGING: ContactEnd.ABANDONED,
    S.PARKED: ContactEnd.ABANDONED,
    S.TALKING: ContactEnd.SERVED,
    S.HELD: ContactEnd.SERVED,
    S.AFTER: ContactEnd.SERVED,
}
TALKED = (S.TALKING, S.HELD, S.AFTER)
UNTALKED = (S.ARRIVING, S.WAITING, S.RINGING, S.PARKED)
WHEN_CALLED = (*UNTALKED, S.TALKING, S.AFTER)


def arrived(floor: Floor, event: events.Arrived, now: Seconds) -> bool:
    _forget(floor, now)
    if known := floor.contacts.get(event.contact):
        # May be older than their talk, so it brings nobody back; `Reached` does.
        arriving = known.state is S.ARRIVING
        return event.waits and arriving and reached(floor, events.Reached(known.id), now)
    if event.contact in floor.ended:
        return False
    contact = floor.contacts[event.contact] = _new(floor, event, now)
    if event.waits:
        _wait(floor, contact, "reach", now)
    return True


def _new(floor: Floor, event: events.Arrived, now: Seconds) -> Contact:
    left = floor.places.get(event.resumes) if event.resumes else None
    place = _place(floor, event, now)
    deferred = event.due_at is not None and event.resumes is None
    return Contact(
        id=event.contact,
        queue=event.queue,
        entered_at=place.entered_at,
        seq=place.seq,
        channel=event.channel,
        class_=event.class_,
        urgency=event.urgency,
        credit=place.credit,
        language=event.language,
        skills=dict(event.skills),
        lane=Lane.DEFERRED if deferred else Lane.LIVE,
        due_at=event.due_at or 0.0,
        preferred=event.preferred,
        offers_made=place.offers_made,
        resumes=event.resumes if place is left else None,
    )


def _place(floor: Floor, event: events.Arrived, now: Seconds) -> Place:
    """A place of its own, or that of a contact that was cut off a moment ago."""
    grace = floor.queue(event.queue).grace
    left = floor.places.pop(event.resumes, None) if event.resumes else None
    if left and (event.by_pass or now - left.left_at <= grace):
        return left
    floor.seq += 1
    credit = floor.centre.credit(event.class_, event.urgency, event.repeat)
    return Place(event.entered_at, floor.seq, credit, 0, now)


def reached(floor: Floor, event: events.Reached, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact and contact.state is S.ARRIVING:
        _wait(floor, contact, "reach", now)
        return True
    if contact and contact.state is S.PARKED:
        unpark(floor, contact, now)
        return True
    # No leg, and the caller still reports from the waiting loop: they are back.
    if contact and contact.state in TALKED and contact.offer is None:
        _wait(floor, contact, "back", now)
        return True
    return False


def returned(floor: Floor, event: events.Returned, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.state not in TALKED:
        return False
    if event.offer and event.offer != contact.talked:
        return False  # late news of an earlier talk
    contact.offer = None
    _wait(floor, contact, "back", now)
    if event.nobody:
        _send_back(floor, contact, now)
    return True


def _send_back(floor: Floor, contact: Contact, now: Seconds) -> None:
    """To the agent who handed it on, if they are free; else it waits like any other."""
    sender = contact.talked_with
    if not sender or not floor.is_linked(contact.medium):
        return
    if sender in floor.openings[contact.medium].agents:
        make(floor, contact, floor.agents[sender], now, Rule.SENT_BACK)


def taken_by_fallback(floor: Floor, event: events.TakenByFallback, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.state is not S.WAITING:
        return False
    floor.leave(contact)
    contact.state = after_contact(contact.state, "answer")
    return True


def caller_left(floor: Floor, event: events.CallerLeft, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or (event.channel and event.channel != contact.channel):
        return False
    how = ContactEnd.LOST if event.lost else ENDINGS[contact.state]
    floor.leave(contact)
    _end_offer(floor, contact, "caller left", now)
    if contact.state in TALKED:
        end_consultations(floor, contact, now)
    contact.state = after_contact(contact.state, "leave")
    del floor.contacts[contact.id]
    floor.ended[contact.id] = now
    kept = event.cut_off or how in (ContactEnd.ABANDONED, ContactEnd.LOST)
    if kept and contact.lane is Lane.LIVE:
        floor.places[contact.id] = Place.of(contact, now)
    floor.commands.append(Close(contact.id, how))
    return True


def moved(floor: Floor, event: events.Moved, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.channel == event.channel:
        return False
    if event.waits and contact.state in TALKED:
        return False
    waits = contact.state is S.WAITING
    floor.leave(contact)
    contact.channel = event.channel
    if waits:
        floor.wait(contact, now)
    elif contact.offer in floor.ringing_long:
        floor.look_for(contact, now)
    desks.left(floor, contact, now)
    return True


def parked(floor: Floor, event: events.Parked, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.state not in _may_park(contact):
        return False
    if event.channel and medium_of(event.channel) is not contact.medium:
        return False
    if contact.state is S.PARKED and not _is_shorter(event.limit, contact.park_limit):
        return False  # known, or late news: a promise bounds a dialogue, never the other way
    floor.leave(contact)
    _end_offer(floor, contact, "parked", now)
    if contact.state in TALKED:
        contact.offer = None  # the agent's leg ends by itself
    contact.state = after_contact(contact.state, "park")
    contact.parked_at, contact.parked_until, contact.park_limit = now, event.until, event.limit
    floor.parked(contact)
    return True


def _may_park(contact: Contact) -> tuple[ContactState, ...]:
    """A caller in a talk is there; a customer whom we call may turn out not to be."""
    return WHEN_CALLED if contact.channel == CALLED_BACK else UNTALKED


def _is_shorter(limit: Seconds | None, than: Seconds | None) -> bool:
    return limit is not None and (than is None or limit < than)


def unpark(floor: Floor, contact: Contact, now: Seconds) -> None:
    """The contact waits again; if an offer was taken back, when the end of its leg is confirmed."""
    contact.parked_until = None
    if contact.offer:
        contact.state = after_contact(contact.state, "ring on")
        floor.moved[contact.id] = None
    else:
        _wait(floor, contact, "reach", now)


def became_live(floor: Floor, event: events.BecameLive, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.lane is Lane.LIVE:
        return False
    waits = contact.state is S.WAITING
    floor.leave(contact)
    contact.lane = Lane.LIVE
    if waits:
        floor.wait(contact, now)
    return True


def transferred(floor: Floor, event: events.Transferred, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.state not in (S.WAITING, S.PARKED, *TALKED):
        return False
    if event.offer and (event.offer != contact.talked or contact.state not in TALKED):
        return False  # late news of an earlier talk
    skills = contact.skills if event.skills is None else dict(event.skills)
    is_same = (contact.queue, contact.skills) == (event.queue, skills)
    if is_same and contact.state in (S.WAITING, S.PARKED):
        return False
    floor.leave(contact)
    contact.queue, contact.preferred = event.queue, None
    contact.skills, contact.overflowed = skills, 0
    if contact.state is S.PARKED:  # an offer that is being taken back is still theirs
        contact.state = after_contact(contact.state, "transfer")
        floor.parked(contact)
        return True
    contact.offer = None
    _wait(floor, contact, "transfer", now)
    return True


def held(floor: Floor, event: events.Held, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    return bool(contact and _is_news(contact, event.offer, event.number)
                and _hold(contact, S.TALKING, "hold"))  # fmt: skip


def resumed(floor: Floor, event: events.Resumed, now: Seconds) -> bool:
    contact = floor.contacts.get(event.contact)
    if contact is None or not _is_news(contact, event.offer, event.number):
        return False
    if event.alone:
        end_consultations(floor, contact, now)
    return _hold(contact, S.HELD, "resume") or bool(floor.commands)


def _is_news(contact: Contact, offer: OfferId | None, number: int) -> bool:
    """Whether this hold or resume is of the talk there is, and later than what is known of it."""
    if (offer and offer != contact.offer) or (number and number <= contact.moves):
        return False
    contact.moves = number or contact.moves
    return True


def _hold(contact: Contact, state: ContactState, move: str) -> bool:
    if contact.state is not state:
        return False
    contact.state = after_contact(state, move)
    return True


def regraded(floor: Floor, event: Regraded, now: Seconds) -> bool:
    """The credit changes, and with it the place among those who wait; nothing else ever does."""
    contact = floor.contacts.get(event.contact)
    if contact is None or contact.stands_for:
        raise ForbiddenMove(f"there is no contact {event.contact}")
    if event.who == AUTOMATIC and event.credit < contact.credit:
        raise ForbiddenMove("an automatic regrade may only raise a credit: a person may lower it")
    if event.who != AUTOMATIC and not event.why:
        raise ForbiddenMove("say why the credit is to change")
    if not 0 <= event.credit < float("inf"):
        raise ForbiddenMove("a credit is a finite number of seconds, not below 0")
    waits = contact.state is S.WAITING
    floor.leave(contact)
    contact.credit = event.credit
    stand_ins.regraded(floor, contact, now)
    if waits:
        floor.wait(contact, now)
    return True


def _wait(floor: Floor, contact: Contact, move: str, now: Seconds) -> None:
    if contact.state in TALKED:
        end_consultations(floor, contact, now)
    contact.state = after_contact(contact.state, move)
    floor.wait(contact, now)


def _end_offer(floor: Floor, contact: Contact, why: str, now: Seconds) -> None:
    offer = floor.offers.get(contact.offer) if contact.offer else None
    if offer and offer.answered_at is None:
        withdraw(floor, offer, why, now)


def _forget(floor: Floor, now: Seconds) -> None:
    while floor.ended and next(iter(floor.ended.values())) < now - REMEMBER_SECONDS:
        gone = next(iter(floor.ended))
        del floor.ended[gone]
        floor.places.pop(gone, None)
