"""An agent calls somebody of their own accord: a contact that is offered to that agent alone."""

from __future__ import annotations

from acd.floor import Floor
from acd.model import CALLED_OUT, Contact, Rule, Seconds
from acd.offers import free_for, make
from acd.requests import CalledOut
from acd.states import ContactState, ForbiddenMove


def called_out(floor: Floor, event: CalledOut, now: Seconds) -> bool:
    """The agent's phone rings; whoever they call is dialled when they have picked it up. It never
    waits: if they are not reached it is over (`acd.offers.over`)."""
    if event.contact in floor.contacts or event.contact in floor.ended:
        raise ForbiddenMove(f"contact {event.contact} has been")
    if event.queue not in floor.centre.queues:
        raise ForbiddenMove(f"there is no queue {event.queue}")
    contact = Contact(
        event.contact, event.queue, now, floor.seq + 1, channel=CALLED_OUT,
        language=event.language, state=ContactState.WAITING,
    )  # fmt: skip
    agent = free_for(floor, event.agent, contact, now)
    floor.seq = contact.seq
    floor.contacts[contact.id] = contact
    make(floor, contact, agent, now, Rule.OUTGOING)
    return True
