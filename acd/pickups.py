"""Agents who take what rings at a colleague: the offer there is taken back, then made here.

One owner at each instant: the colleague's leg is void at once, and the agent's is not made before
the end of that is confirmed. A colleague who answers in between has the contact.
"""

from __future__ import annotations

from acd.floor import Floor
from acd.model import CALLED_OUT, Agent, Contact, OfferMade, Seconds
from acd.offers import TAKEN, free_for, keep, known, may_still
from acd.requests import RingingTaken
from acd.states import ContactState, ForbiddenMove


def ringing_taken(floor: Floor, event: RingingTaken, now: Seconds) -> bool:
    """Only by an agent who may serve the contact now, by the rules of queues and skills."""
    contact = known(floor, event.contact)
    offer = _rings(floor, contact)
    if offer.agent == event.agent:
        raise ForbiddenMove(f"it rings at agent {event.agent} already")
    agent = free_for(floor, event.agent, contact, now)
    _may_serve(floor, agent, contact, now)
    keep(floor, agent, offer, now, TAKEN)
    return True


def _rings(floor: Floor, contact: Contact) -> OfferMade:
    offer = floor.offers.get(contact.offer) if contact.offer else None
    if contact.state is not ContactState.RINGING or offer is None:
        raise ForbiddenMove(f"a contact that is {contact.state} rings at nobody")
    if offer.withdrawn:
        raise ForbiddenMove(f"the offer is being taken back already ({offer.withdrawn})")
    if contact.channel == CALLED_OUT:
        raise ForbiddenMove("an agent's own call is nobody else's")
    return offer


def _may_serve(floor: Floor, agent: Agent, contact: Contact, now: Seconds) -> None:
    if not may_still(floor, agent, contact, now):
        raise ForbiddenMove(
            f"agent {agent.id} may not serve this contact now: queue {contact.queue}, or its skills"
        )
