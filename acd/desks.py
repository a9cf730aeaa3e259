"""Agents' desks: the page on which chats and messages are offered and served; without it none."""

from __future__ import annotations

from acd.events import DeskChanged
from acd.floor import Floor
from acd.match import VOICE
from acd.model import Agent, Contact, OfferMade, Seconds
from acd.offers import withdraw

DESK_CLOSED = "desk closed"
"""Why an offer was taken back that nobody could have seen."""
MOVED = "goes on elsewhere"
"""Why an offer was taken back whose customer has left the page for another channel, or come back
to it."""


def desk_changed(floor: Floor, event: DeskChanged, now: Seconds) -> bool:
    """A page was opened, or closed: what rings there rings elsewhere. Talks go on."""
    agent = floor.agents.get(event.agent)
    if agent is None or agent.desk == event.open:
        return False
    _set(floor, agent, event.open, now)
    return True


def left(floor: Floor, contact: Contact, now: Seconds) -> None:
    """The contact has moved: where it rang on a page, nobody is there any more."""
    offer = floor.offers.get(contact.offer) if contact.offer else None
    if offer and not floor.desks and contact.medium is not offer.medium and _rings(offer):
        withdraw(floor, offer, MOVED, now)


def begin(floor: Floor, now: Seconds) -> None:
    """A new run of the engine, in which nothing has been told of any desk yet."""
    for agent in list(floor.agents.values()):
        _set(floor, agent, floor.desks, now)


def _set(floor: Floor, agent: Agent, is_open: bool, now: Seconds) -> None:
    agent.desk = is_open
    for offer in [floor.offers[id_] for id_ in agent.works if id_ in floor.offers]:
        if not is_open and _rings(offer):
            withdraw(floor, offer, DESK_CLOSED, now)
    floor.refresh(agent, now)


def _rings(offer: OfferMade) -> bool:
    """Whether it rings on a page, and may be taken back."""
    return offer.medium is not VOICE and offer.answered_at is None and not offer.withdrawn
