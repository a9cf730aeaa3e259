"""An agent waits for a colleague of a queue, whoever is next, on behalf of who they talk with.

What stands in line is a *stand-in*: it has the key of the contact and asks for what that asks for,
but it is no request for service. Whoever it is offered to is consulted about the contact, which
stays with its agent; and who does not come leaves it in line for the next.
"""

from __future__ import annotations

from collections.abc import Mapping

from acd.floor import Floor
from acd.model import COLLEAGUE, AgentId, Contact, OfferMade, Seconds
from acd.requests import ColleagueAsked
from acd.states import ContactState, ForbiddenMove, after_contact

ASKER_REST: Seconds = 24 * 3600.0
"""Who asks is not asked, not even with room for two."""


def stand_in_for(floor: Floor, contact: Contact, event: ColleagueAsked, now: Seconds) -> None:
    """Put it in line. `ForbiddenMove` where there is no such queue, or one stands there already."""
    if event.queue not in floor.centre.queues:
        raise ForbiddenMove(f"there is no queue {event.queue}")
    if event.wait in floor.contacts:
        raise ForbiddenMove(f"there is a contact {event.wait}")
    rests = {contact.talked_with: now + ASKER_REST} if contact.talked_with else {}
    stand_in = floor.contacts[event.wait] = Contact(
        event.wait, event.queue, contact.entered_at, contact.seq, COLLEAGUE, contact.class_,
        contact.urgency, contact.credit, contact.language, dict(contact.skills),
        rests=rests, stands_for=contact.id,
    )  # fmt: skip
    contact.stand_in = stand_in.id
    stand_in.state = after_contact(stand_in.state, "reach")
    floor.wait(stand_in, now)


def stand_in_of(floor: Floor, contact: Contact) -> Contact | None:
    """What stands in line for it, or rings."""
    return floor.contacts.get(contact.stand_in) if contact.stand_in else None


def rings(floor: Floor, stand_in: Contact, offer: OfferMade) -> None:
    """Somebody is asked: it is out of the line until that is over."""
    floor.leave(stand_in)
    stand_in.state, stand_in.offer = after_contact(stand_in.state, "offer"), offer.id


def rings_for(floor: Floor, contact: Contact, offer: OfferMade) -> bool:
    """Whether by this offer somebody is asked who was waited for."""
    stand_in = stand_in_of(floor, contact)
    return stand_in is not None and stand_in.offer == offer.id


def stands_on(
    floor: Floor, contact: Contact, rests: Mapping[AgentId, Seconds], now: Seconds
) -> None:
    """Who was asked does not come: it waits on, with the same key. `rests`: who is not to be asked
    again before when."""
    stand_in = stand_in_of(floor, contact)
    if stand_in is None:
        return
    stand_in.offer = None
    stand_in.rests = {**stand_in.rests, **rests}
    stand_in.state = after_contact(stand_in.state, "offer over")
    floor.wait(stand_in, now)


def dismiss(floor: Floor, contact: Contact) -> None:
    """Nobody is waited for any more. A phone that rings is not touched."""
    stand_in, contact.stand_in = stand_in_of(floor, contact), None
    if stand_in is None:
        return
    if stand_in.state is ContactState.WAITING:
        floor.leave(stand_in)
    del floor.contacts[stand_in.id]


def regraded(floor: Floor, contact: Contact, now: Seconds) -> None:
    """The contact has another credit now, and what stands for it, too."""
    stand_in = stand_in_of(floor, contact)
    if stand_in is None:
        return
    waits = stand_in.state is ContactState.WAITING
    floor.leave(stand_in)
    stand_in.credit = contact.credit
    if waits:
        floor.wait(stand_in, now)
