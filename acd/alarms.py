"""What to do when a deadline has come, and which deadlines still mean something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from acd import agents, offers
from acd.arrivals import unpark
from acd.commands import Close, ContactEnd
from acd.deadlines import Alarm
from acd.dispositions import undisposed
from acd.events import OfferEnd
from acd.floor import Floor
from acd.model import AgentId, Contact, ContactId, OfferId, OfferMade, Phase, QueueId, Seconds
from acd.overflow import look_at_queue
from acd.states import ContactState, after_contact


def stands(floor: Floor, alarm: Alarm, subject: str, at: Seconds) -> bool:
    """Whether this deadline still means something; it was right when it was set."""
    return _STANDS[alarm](floor, subject, at)


def act(floor: Floor, alarm: Alarm, subject: str, now: Seconds) -> None:
    _ACTS[alarm](floor, subject, now)


# ---------------------------------------------------------------- which still mean something


def _ringing(floor: Floor, subject: str) -> OfferMade | None:
    offer = floor.offers.get(OfferId(subject))
    if offer is None or offer.answered_at is not None:
        return None
    return offer if floor.is_linked(offer.medium) else None


def _rings(floor: Floor, subject: str, at: Seconds) -> bool:
    offer = _ringing(floor, subject)
    return offer is not None and offer.rings_until == at


def _rings_undisturbed(floor: Floor, subject: str, at: Seconds) -> bool:
    offer = _ringing(floor, subject)
    return offer is not None and not offer.withdrawn and not offer.picked_up


def _wraps_up(floor: Floor, subject: str, at: Seconds) -> bool:
    agent = floor.agents.get(AgentId(subject))
    works = agent.works.values() if agent else ()
    return any(w.phase is Phase.WRAP_UP and w.ends_at == at for w in works)


def _phone_rests(floor: Floor, subject: str, at: Seconds) -> bool:
    agent = floor.agents.get(AgentId(subject))
    return agent is not None and agent.rests_until == at


def _is_kept(floor: Floor, subject: str, at: Seconds) -> bool:
    return OfferId(subject) in floor.kept


def _waiting(floor: Floor, subject: str) -> Contact | None:
    contact = floor.contacts.get(ContactId(subject))
    return contact if contact and contact.state is ContactState.WAITING else None


def _pair_rests(floor: Floor, subject: str, at: Seconds) -> bool:
    contact = _waiting(floor, subject)
    return contact is not None and bool(contact.rests)


def _holds(floor: Floor, subject: str, at: Seconds) -> bool:
    contact = _waiting(floor, subject)
    return contact is not None and floor.is_held(contact)


def _looks(floor: Floor, subject: str, at: Seconds) -> bool:
    return floor.is_open(AgentId(subject))


def _is_parked(floor: Floor, subject: str, at: Seconds) -> bool:
    contact = floor.contacts.get(ContactId(subject))
    return contact is not None and contact.state is ContactState.PARKED


def _still_waits(floor: Floor, subject: str, at: Seconds) -> bool:
    return _waiting(floor, subject) is not None


def _is_new(floor: Floor, subject: str, at: Seconds) -> bool:
    return True


def _has_rules(floor: Floor, subject: str, at: Seconds) -> bool:
    return floor.overflow.again.get(QueueId(subject)) == at


_STANDS: Mapping[Alarm, Callable[[Floor, str, Seconds], bool]] = {
    Alarm.RING: _rings,
    Alarm.RING_ELSEWHERE: _rings_undisturbed,
    Alarm.WRAP_UP: _wraps_up,
    Alarm.PHONE_REST: _phone_rests,
    Alarm.KEPT: _is_kept,
    Alarm.PAIR_REST: _pair_rests,
    Alarm.HOLD: _holds,
    Alarm.LOOK: _looks,
    Alarm.WAITED: _still_waits,
    Alarm.PARK: _is_parked,
    Alarm.OVERFLOW: _still_waits,
    Alarm.START: _is_new,
    Alarm.OVERFLOW_QUEUE: _has_rules,
}

# ---------------------------------------------------------------- what to do


def _ring_out(floor: Floor, subject: str, now: Seconds) -> None:
    offer = floor.offers[OfferId(subject)]
    offers.withdraw(floor, offer, offer.withdrawn or OfferEnd.RANG_OUT, now)


def _ring_elsewhere(floor: Floor, subject: str, now: Seconds) -> None:
    offer = floor.offers[OfferId(subject)]
    floor.ringing_long[offer.id] = None
    if contact := floor.contacts.get(offer.contact):
        floor.look_for(contact, now)


def _end_wrap_up(floor: Floor, subject: str, now: Seconds) -> None:
    agent = floor.agents[AgentId(subject)]
    undisposed(floor, agent, agents.wrap_up_over(agent, now))
    floor.freed[agent.id] = True
    floor.refresh(agent, now)


def _end_phone_rest(floor: Floor, subject: str, now: Seconds) -> None:
    agent = floor.agents[AgentId(subject)]
    agent.rests_until = 0.0
    floor.refresh(agent, now)


def _end_keeping(floor: Floor, subject: str, now: Seconds) -> None:
    agent = floor.agents.get(floor.kept.pop(OfferId(subject)))
    if agent:  # else out of the rules meanwhile
        agent.kept_for = None
        floor.refresh(agent, now)


def _end_pair_rest(floor: Floor, subject: str, now: Seconds) -> None:
    contact = floor.contacts[ContactId(subject)]
    floor.leave(contact)
    for agent in [agent for agent, until in contact.rests.items() if until <= now]:
        del contact.rests[agent]
    floor.wait(contact, now)


def _end_hold(floor: Floor, subject: str, now: Seconds) -> None:
    contact = floor.contacts[ContactId(subject)]
    floor.leave(contact)
    floor.wait(contact, now)


def _look(floor: Floor, subject: str, now: Seconds) -> None:
    floor.fresh_agents[AgentId(subject)] = None


def _has_waited(floor: Floor, subject: str, now: Seconds) -> None:
    floor.fresh_contacts[ContactId(subject)] = None


def _end_parking(floor: Floor, subject: str, now: Seconds) -> None:
    """Due: the contact waits again. Parked for too long: the waiting episode is over."""
    contact = floor.contacts[ContactId(subject)]
    limit = floor.parked_for_good(contact)
    if contact.parked_until is not None and contact.parked_until <= now:
        unpark(floor, contact, now)
    elif contact.parked_until is None and limit <= now:
        contact.state = after_contact(contact.state, "leave")
        del floor.contacts[contact.id]
        floor.ended[contact.id] = now
        floor.commands.append(Close(contact.id, ContactEnd.EXPIRED))


def _overflow(floor: Floor, subject: str, now: Seconds) -> None:
    floor.overflow.contacts[ContactId(subject)] = None


def _overflow_queue(floor: Floor, subject: str, now: Seconds) -> None:
    look_at_queue(floor, floor.queue(QueueId(subject)), now)


def _start(floor: Floor, subject: str, now: Seconds) -> None:
    """Nothing but to be here: who is to be looked at is in the lists of the fresh."""


_ACTS: Mapping[Alarm, Callable[[Floor, str, Seconds], None]] = {
    Alarm.RING: _ring_out,
    Alarm.RING_ELSEWHERE: _ring_elsewhere,
    Alarm.WRAP_UP: _end_wrap_up,
    Alarm.PHONE_REST: _end_phone_rest,
    Alarm.KEPT: _end_keeping,
    Alarm.PAIR_REST: _end_pair_rest,
    Alarm.HOLD: _end_hold,
    Alarm.LOOK: _look,
    Alarm.WAITED: _has_waited,
    Alarm.PARK: _end_parking,
    Alarm.OVERFLOW: _overflow,
    Alarm.START: _start,
    Alarm.OVERFLOW_QUEUE: _overflow_queue,
}
