"""The life of an offer: made, answered, withdrawn, over. Facts may come late or twice."""

from __future__ import annotations

from acd import agents
from acd.commands import Close, ContactEnd, Offer, Withdraw
from acd.deadlines import Alarm
from acd.dispositions import undisposed, wrap_up_of
from acd.events import LegEnded, OfferAnswered, OfferEnd, OfferEnded, PhoneAnswered
from acd.floor import Floor
from acd.model import (
    CALLED_OUT,
    CALLS,
    Agent,
    AgentId,
    Contact,
    ContactId,
    Medium,
    OfferId,
    OfferMade,
    Rule,
    Seconds,
)
from acd.requests import PickedUp
from acd.stand_ins import dismiss, rings, rings_for, stands_on
from acd.states import ContactState, ForbiddenMove, after_contact

DECLINE_REST: Seconds = 10.0
"""How long an agent is not offered a contact that they declined."""
PHONE_REST: Seconds = 5.0
"""How long an agent whose phone was busy or out of reach is offered no calls."""
CONFIRM_SECONDS: Seconds = 3.0
"""How long to wait for the end of a withdrawn leg before asking for it again."""
TAKEN = "taken by a colleague"
"""Why an offer was taken back that another agent takes."""

CONSULT, VOICE = Rule.CONSULT, Medium.VOICE
BEFORE_A_TALK = (ContactState.WAITING, ContactState.RINGING, ContactState.PARKED)
WITH_AN_AGENT = (ContactState.TALKING, ContactState.HELD)

# ---------------------------------------------------------------- what the engine does


def make(
    floor: Floor, contact: Contact, agent: Agent, now: Seconds, rule: Rule, leaves: bool = False
) -> None:
    """Offer this contact to this agent; of a stand-in, consult them about what it stands for.
    `leaves`: whoever asked for it does not wait for them."""
    stand_in, queue = contact, contact.queue
    if stand_in.stands_for:
        contact, rule = floor.contacts[stand_in.stands_for], CONSULT
    id_ = OfferId(f"{floor.epoch}.{contact.seq}.{contact.offers_made + 1}")
    ring, medium = floor.queue(queue).ring_seconds, contact.medium
    asked_by, in_line = contact.talked if rule is CONSULT else None, stand_in is not contact
    command = Offer(id_, contact.id, agent.id, ring, rule, asked_by, leaves, in_line)
    why = floor.explains(floor, command, now) if floor.explains else ""
    contact.offers_made += 1
    offer = floor.offers[id_] = OfferMade(
        id_, contact.id, agent.id, now, now + ring,
        rule=rule, queue=queue, class_=contact.class_, medium=medium, why=why,
    )  # fmt: skip
    if rule is CONSULT:
        floor.consults(offer)
        if stand_in is not contact:
            rings(floor, stand_in, offer)
    else:
        floor.leave(contact)
        contact.state, contact.offer = after_contact(contact.state, "offer"), id_
    if floor.reserves:
        floor.reserves.offered(offer)
    floor.offers_made += 1
    agent.last_offer = floor.offers_made
    agents.offered(agent, id_, medium, now)
    floor.refresh(agent, now)
    floor.rings(offer)
    floor.commands.append(command)


def withdraw(floor: Floor, offer: OfferMade, reason: str, now: Seconds) -> None:
    """Ask for the end of an offer; again after a while, until it is confirmed."""
    offer.withdrawn = reason
    offer.rings_until = now + CONFIRM_SECONDS
    floor.ringing_long.pop(offer.id, None)
    floor.rings(offer)
    consulted = offer.rule is CONSULT
    floor.commands.append(Withdraw(offer.id, offer.contact, offer.agent, reason, consulted))


def keep(
    floor: Floor, agent: Agent, offer: OfferMade, now: Seconds, why: str = "rings too long"
) -> None:
    """Take an offer back, and keep this agent for its contact."""
    withdraw(floor, offer, why, now)
    agent.kept_for, floor.kept[offer.id] = offer.id, agent.id
    floor.deadlines.add(now + CONFIRM_SECONDS, Alarm.KEPT, offer.id)
    floor.refresh(agent, now)


# ---------------------------------------------------------------- facts


def phone_answered(floor: Floor, event: PhoneAnswered, now: Seconds) -> bool:
    """Who is being told, or asked, has not let it ring: their time is another. Told once."""
    offer = floor.offers.get(event.offer)
    if offer is None or offer.answered_at is not None or offer.withdrawn or offer.picked_up:
        return False
    offer.picked_up, offer.rings_until = True, now + event.seconds
    floor.ringing_long.pop(offer.id, None)  # it does not ring any more
    floor.rings(offer)
    return True


def answered(floor: Floor, event: OfferAnswered, now: Seconds) -> bool:
    offer = floor.offers.get(event.offer)
    if offer is None or offer.answered_at is not None:
        return False
    answer(floor, offer, floor.contacts.get(event.contact), now)
    return True


def answer(floor: Floor, offer: OfferMade, contact: Contact | None, now: Seconds) -> None:
    """The agent's leg has passed its gate."""
    offer.answered_at, offer.withdrawn = now, ""
    floor.ringing_long.pop(offer.id, None)
    agent = floor.agents[offer.agent]
    agents.answered(agent, offer.id, offer.medium, now)
    _release_kept(floor, offer.id, now)
    floor.refresh(agent, now)
    if contact and offer.rule is CONSULT and rings_for(floor, contact, offer):
        dismiss(floor, contact)
    if contact is None or offer.rule is CONSULT:
        return  # no contact: the caller left in the same instant, the leg's end will follow
    if contact.offer and contact.offer != offer.id:
        withdraw(floor, floor.offers[contact.offer], "answered elsewhere", now)
    talks(floor, contact, offer)


def talks(floor: Floor, contact: Contact, offer: OfferMade) -> None:
    """From here on this offer's agent has the contact."""
    if contact.state in BEFORE_A_TALK:
        floor.leave(contact)
    if contact.state is not ContactState.TALKING:
        move = "resume" if contact.state is ContactState.HELD else "answer"
        contact.state = after_contact(contact.state, move)
    if offer.medium is VOICE and contact.medium is not VOICE:
        contact.channel = CALLS  # the phone that rang when it went online has won
    contact.offer = contact.talked = offer.id
    contact.talked_with, contact.talked_by = offer.agent, floor.centre.version
    contact.moves = 0


def over(floor: Floor, event: OfferEnded, now: Seconds) -> bool:
    """The leg is confirmed gone, and nobody talked: the contact waits on, with the same key."""
    offer = floor.offers.pop(event.offer, None)
    if offer is None:
        return False
    if floor.reserves:
        floor.reserves.over(offer)
    floor.ringing_long.pop(offer.id, None)
    how = OfferEnd.RELEASED if offer.withdrawn else event.how
    how = OfferEnd.RANG_OUT if offer.withdrawn == OfferEnd.RANG_OUT else how
    agent, contact = floor.agents[offer.agent], floor.contacts.get(offer.contact)
    agents.offer_over(agent, offer.id, how, now, rest_until=now + PHONE_REST)
    floor.freed[agent.id] = False
    floor.rests(agent)
    floor.refresh(agent, now)
    kept = _release_kept(floor, offer.id, now)
    if contact is None:
        return True
    rests = {agent.id: now + DECLINE_REST} if how is OfferEnd.DECLINED else {}
    if rings_for(floor, contact, offer):
        stands_on(floor, contact, rests, now)
    handed_on = offer.rule is CONSULT and contact.state is ContactState.AFTER
    if handed_on or contact.offer == offer.id:
        contact.rests = {**contact.rests, **rests}
    if contact.offer != offer.id:
        return True
    contact.offer = None
    if contact.channel == CALLED_OUT:
        _not_reached(floor, contact, now)
        return True
    if contact.state in (ContactState.RINGING, *WITH_AN_AGENT):
        move = "offer over" if contact.state is ContactState.RINGING else "back"
        contact.state = after_contact(contact.state, move)
        dismiss(floor, contact)
        floor.wait(contact, now)
        if kept and floor.is_linked(contact.medium) and may_still(floor, kept, contact, now):
            rule = Rule.PICKED_UP if offer.withdrawn == TAKEN else Rule.ELSEWHERE
            make(floor, contact, kept, now, rule)
    return True


def leg_ended(floor: Floor, event: LegEnded, now: Seconds) -> bool:
    """The talk is over for this agent: wrap-up. Who only was consulted has nothing to wrap up."""
    offer, contact = floor.offers.get(event.offer), floor.contacts.get(event.contact)
    if offer is None:
        return False
    if offer.answered_at is None:
        answer(floor, offer, contact, now)
    del floor.offers[offer.id]
    if floor.reserves:
        floor.reserves.over(offer)
    agent = floor.agents[offer.agent]
    wrap_up = wrap_up_of(floor, offer, contact)
    undisposed(floor, agent, agents.talk_over(agent, offer, now, wrap_up))
    if offer.id in agent.works:
        floor.rests(agent)
    else:
        floor.freed[agent.id] = offer.rule is not CONSULT
    floor.refresh(agent, now)
    if contact and contact.offer == offer.id:
        contact.offer = None
        dismiss(floor, contact)
        if contact.channel == CALLED_OUT:
            _not_reached(floor, contact, now)
        elif contact.state in WITH_AN_AGENT:
            contact.state = after_contact(contact.state, "leg ended")
    return True


def _not_reached(floor: Floor, contact: Contact, now: Seconds) -> None:
    """Whom the agent called was never on the line; there is nobody who could wait."""
    contact.state = after_contact(contact.state, "leave")
    del floor.contacts[contact.id]
    floor.ended[contact.id] = now
    floor.commands.append(Close(contact.id, ContactEnd.NOT_REACHED))


def _release_kept(floor: Floor, offer: OfferId, now: Seconds) -> Agent | None:
    """The agent who was kept for the end of this offer, free for others again."""
    kept = floor.kept.pop(offer, None)
    agent = floor.agents.get(kept) if kept else None
    if agent:
        agent.kept_for = None
        floor.refresh(agent, now)
    return agent


def may_still(floor: Floor, agent: Agent, contact: Contact, now: Seconds) -> bool:
    """Whether an agent who was kept for this contact may serve it, after all that has happened."""
    need = floor.demands.need(agent.id, floor.demand(contact, now))
    is_open = agent.id in floor.openings[contact.medium].agents
    return is_open and contact.entered_at + need <= now


# ---------------------------------------------------------------- requests


def picked_up(floor: Floor, event: PickedUp, now: Seconds) -> bool:
    contact = known(floor, event.contact)
    if contact.state is not ContactState.WAITING:
        raise ForbiddenMove(f"a contact that is {contact.state} cannot be handed over")
    make(floor, contact, free_for(floor, event.agent, contact, now), now, Rule.HANDED_OVER)
    return True


def known(floor: Floor, contact: ContactId) -> Contact:
    """The contact; refused when there is none."""
    if contact not in floor.contacts:
        raise ForbiddenMove(f"there is no contact {contact}")
    return floor.contacts[contact]


def free_for(floor: Floor, id_: AgentId, contact: Contact, now: Seconds) -> Agent:
    """This agent, who has room for the contact; `ForbiddenMove` says why not."""
    agent = floor.agents.get(id_)
    if agent is None:
        raise ForbiddenMove(f"there is no agent {id_}")
    if not floor.is_linked(contact.medium):
        raise ForbiddenMove("the telephone side cannot be commanded just now")
    if not floor.has_room(agent, contact.medium, now):
        raise ForbiddenMove(f"agent {id_} is {agent.state} and has no room for this contact")
    return agent
