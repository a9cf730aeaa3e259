"""The life of an offer: made, answered, withdrawn, over. Facts may come late or twice."""

from __future__ import annotations

from acd import agents
from acd.commands import Offer, Withdraw
from acd.deadlines import Alarm
from acd.events import LegEnded, OfferAnswered, OfferEnd, OfferEnded
from acd.floor import Floor
from acd.model import Agent, AgentId, Contact, ContactId, OfferId, OfferMade, Rule, Seconds
from acd.requests import ConsultAsked, PickedUp, TransferCompleted
from acd.states import ContactState, ForbiddenMove, after_contact

DECLINE_REST: Seconds = 10.0
"""How long an agent is not offered a contact that they declined."""
PHONE_REST: Seconds = 5.0
"""How long an agent whose phone was busy or out of reach is offered no calls."""
CONFIRM_SECONDS: Seconds = 3.0
"""How long to wait for the end of a withdrawn leg before asking for it again."""

CONSULT = Rule.CONSULT
BEFORE_A_TALK = (ContactState.WAITING, ContactState.RINGING, ContactState.PARKED)
WITH_AN_AGENT = (ContactState.TALKING, ContactState.HELD)

# ---------------------------------------------------------------- what the engine does


def make(floor: Floor, contact: Contact, agent: Agent, now: Seconds, rule: Rule) -> None:
    """Offer this contact to this agent."""
    contact.offers_made += 1
    id_ = OfferId(f"{floor.epoch}.{contact.seq}.{contact.offers_made}")
    ring, medium = floor.queue(contact.queue).ring_seconds, contact.medium
    offer = floor.offers[id_] = OfferMade(
        id_, contact.id, agent.id, now, now + ring,
        rule=rule, queue=contact.queue, class_=contact.class_, medium=medium,
    )  # fmt: skip
    if rule is CONSULT:
        floor.consults(offer)
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
    floor.commands.append(Offer(id_, contact.id, agent.id, ring, rule))


def withdraw(floor: Floor, offer: OfferMade, reason: str, now: Seconds) -> None:
    """Ask for the end of an offer; again after a while, until it is confirmed."""
    offer.withdrawn = reason
    offer.rings_until = now + CONFIRM_SECONDS
    floor.ringing_long.pop(offer.id, None)
    floor.rings(offer)
    floor.commands.append(Withdraw(offer.id, offer.contact, offer.agent, reason))


def end_consultations(floor: Floor, contact: Contact, now: Seconds) -> None:
    """Nobody rings to be consulted about a talk that is over."""
    for id_ in floor.consulting.pop(contact.id, ()):
        offer = floor.offers.get(id_)
        consults = offer is not None and offer.rule is CONSULT and offer.answered_at is None
        if offer and consults and not offer.withdrawn:
            withdraw(floor, offer, "the talk is over", now)


def keep(floor: Floor, agent: Agent, offer: OfferMade, now: Seconds) -> None:
    """Take an offer back that has rung too long, and keep this agent for its contact."""
    withdraw(floor, offer, "rings too long", now)
    agent.kept_for, floor.kept[offer.id] = offer.id, agent.id
    floor.deadlines.add(now + CONFIRM_SECONDS, Alarm.KEPT, offer.id)
    floor.refresh(agent, now)


# ---------------------------------------------------------------- facts


def answered(floor: Floor, event: OfferAnswered, now: Seconds) -> bool:
    offer = floor.offers.get(event.offer)
    if offer is None or offer.answered_at is not None:
        return False
    _answer(floor, offer, floor.contacts.get(event.contact), now)
    return True


def _answer(floor: Floor, offer: OfferMade, contact: Contact | None, now: Seconds) -> None:
    offer.answered_at, offer.withdrawn = now, ""
    floor.ringing_long.pop(offer.id, None)
    agent = floor.agents[offer.agent]
    agents.answered(agent, offer.id, offer.medium, now)
    _release_kept(floor, offer.id, now)
    floor.refresh(agent, now)
    if contact is None or offer.rule is CONSULT:
        return  # no contact: the caller left in the same instant, the leg's end will follow
    if contact.offer and contact.offer != offer.id:
        withdraw(floor, floor.offers[contact.offer], "answered elsewhere", now)
    if contact.state in BEFORE_A_TALK:
        floor.leave(contact)
        contact.state = after_contact(contact.state, "answer")
    contact.offer = contact.talked = offer.id
    contact.talked_with, contact.talked_by = agent.id, floor.centre.version


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
    if contact is None or contact.offer != offer.id:
        return True
    contact.offer = None
    if how is OfferEnd.DECLINED:
        contact.rests = {**contact.rests, agent.id: now + DECLINE_REST}
    if contact.state in (ContactState.RINGING, *WITH_AN_AGENT):
        move = "offer over" if contact.state is ContactState.RINGING else "back"
        contact.state = after_contact(contact.state, move)
        floor.wait(contact, now)
        if kept and floor.link_up and _may_still(floor, kept, contact, now):
            make(floor, contact, kept, now, Rule.ELSEWHERE)
    return True


def leg_ended(floor: Floor, event: LegEnded, now: Seconds) -> bool:
    """The talk is over for this agent: wrap-up. Who only was consulted has nothing to wrap up."""
    offer, contact = floor.offers.get(event.offer), floor.contacts.get(event.contact)
    if offer is None:
        return False
    if offer.answered_at is None:
        _answer(floor, offer, contact, now)
    del floor.offers[offer.id]
    if floor.reserves:
        floor.reserves.over(offer)
    agent = floor.agents[offer.agent]
    wrap_up = 0.0 if offer.rule is CONSULT else floor.queue(offer.queue).wrap_up_seconds
    agents.talk_over(agent, offer.id, now, wrap_up)
    if wrap_up:
        floor.rests(agent)
    floor.refresh(agent, now)
    if contact and contact.offer == offer.id:
        contact.offer = None
        if contact.state in WITH_AN_AGENT:
            contact.state = after_contact(contact.state, "leg ended")
    return True


def _release_kept(floor: Floor, offer: OfferId, now: Seconds) -> Agent | None:
    """The agent who was kept for the end of this offer, free for others again."""
    kept = floor.kept.pop(offer, None)
    agent = floor.agents.get(kept) if kept else None
    if agent:
        agent.kept_for = None
        floor.refresh(agent, now)
    return agent


def _may_still(floor: Floor, agent: Agent, contact: Contact, now: Seconds) -> bool:
    """Whether an agent who was kept for this contact may serve it, after all that has happened."""
    need = floor.demands.need(agent.id, floor.demand(contact, now))
    is_open = agent.id in floor.openings[contact.medium].agents
    return is_open and contact.entered_at + need <= now


# ---------------------------------------------------------------- requests


def picked_up(floor: Floor, event: PickedUp, now: Seconds) -> bool:
    contact = _known(floor, event.contact)
    if contact.state is not ContactState.WAITING:
        raise ForbiddenMove(f"a contact that is {contact.state} cannot be picked up")
    make(floor, contact, _free(floor, event.agent, contact, now), now, Rule.PICKED_UP)
    return True


def consult_asked(floor: Floor, event: ConsultAsked, now: Seconds) -> bool:
    contact = _known(floor, event.contact)
    if contact.state not in WITH_AN_AGENT:
        raise ForbiddenMove(f"nobody to consult for: the contact is {contact.state}")
    make(floor, contact, _free(floor, event.agent, contact, now), now, Rule.CONSULT)
    return True


def transfer_completed(floor: Floor, event: TransferCompleted, now: Seconds) -> bool:
    """From here on the consulted agent has the contact; the other one's leg ends by itself."""
    contact, offer = _known(floor, event.contact), floor.offers.get(event.offer)
    if offer is None or offer.contact != contact.id or offer.answered_at is None:
        raise ForbiddenMove("the consulted agent does not talk")
    if contact.state not in WITH_AN_AGENT or contact.offer == offer.id:
        raise ForbiddenMove(f"a contact that is {contact.state} cannot be handed over")
    if contact.state is ContactState.HELD:
        contact.state = after_contact(contact.state, "resume")
    offer.rule = Rule.ORDER  # whoever has the contact at the end wraps it up
    contact.offer = contact.talked = offer.id
    contact.talked_with, contact.talked_by = offer.agent, floor.centre.version
    return True


def _known(floor: Floor, contact: ContactId) -> Contact:
    if contact not in floor.contacts:
        raise ForbiddenMove(f"there is no contact {contact}")
    return floor.contacts[contact]


def _free(floor: Floor, id_: AgentId, contact: Contact, now: Seconds) -> Agent:
    agent, medium = floor.agents.get(id_), floor.demand(contact, now).trade.medium
    if agent is None:
        raise ForbiddenMove(f"there is no agent {id_}")
    if id_ not in floor.openings[medium].agents:
        raise ForbiddenMove(f"agent {id_} is {agent.state} and has no room for this contact")
    if not floor.link_up:
        raise ForbiddenMove("the telephone side cannot be commanded just now")
    return agent
