"""What a talk came to, as its agent says, and what that does to the wrap-up."""

from __future__ import annotations

from collections.abc import Mapping

from acd import agents
from acd.agents import WrapUp
from acd.commands import Undisposed
from acd.floor import Floor
from acd.model import (
    CALLED_BACK,
    CALLED_OUT,
    Agent,
    Contact,
    OfferId,
    OfferMade,
    Phase,
    Rule,
    Seconds,
    Work,
)
from acd.requests import Disposed
from acd.states import ForbiddenMove


def wrap_up_of(floor: Floor, offer: OfferMade, contact: Contact | None) -> WrapUp:
    """The wrap-up after this talk. Who was only consulted has none; a customer whom we called and
    did not reach needs no disposition."""
    if offer.rule is Rule.CONSULT:
        return WrapUp(0.0)
    queue = floor.queue(offer.queue)
    if offer.disposition:
        return WrapUp(0.0 if queue.disposition_ends_wrap_up else queue.wrap_up_seconds)
    not_reached = contact is not None and contact.channel in (CALLED_BACK, CALLED_OUT)
    return WrapUp(queue.wrap_up_seconds, None if not_reached else queue.disposition_limit)


def disposed(floor: Floor, event: Disposed, now: Seconds) -> bool:
    """During the talk it is kept for the wrap-up; of a talk that is long over it is only told."""
    offer, agent = floor.offers.get(event.offer), floor.agents.get(event.agent)
    if offer:
        if offer.answered_at is None or offer.rule is Rule.CONSULT or offer.agent != event.agent:
            raise ForbiddenMove(f"agent {event.agent} does not have this contact")
        offer.disposition = event.code
        return True
    work = agent.works.get(event.offer) if agent else None
    if agent and work and work.phase is Phase.WRAP_UP:
        ends = floor.queue(work.queue).disposition_ends_wrap_up
        undisposed(floor, agent, agents.disposed(agent, work, now, ends=ends))
        floor.freed[agent.id] = True
        floor.rests(agent)
        floor.refresh(agent, now)
    return True


def undisposed(floor: Floor, agent: Agent, works: Mapping[OfferId, Work]) -> None:
    """The wrap-up of these talks is over, and what they came to was never said."""
    for offer, work in works.items():
        floor.commands.append(Undisposed(work.contact, agent.id, offer, work.queue))
