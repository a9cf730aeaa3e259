"""One agent asks another: consultation, and what becomes of the contact afterwards.

A consultation is an offer by the rule `consult`. It changes nothing about the contact until the
agent who was asked takes it over; then it is an offer like any.
"""

from __future__ import annotations

from acd.events import ConsultDropped, TakenOver
from acd.floor import Floor
from acd.model import Agent, Contact, ContactId, Medium, OfferId, OfferMade, Rule, Seconds
from acd.offers import CONSULT, WITH_AN_AGENT, answer, free_for, known, make, talks, withdraw
from acd.requests import ColleagueAsked, ConsultAsked, TransferCompleted
from acd.stand_ins import dismiss, stand_in_for
from acd.states import AgentState, ContactState, ForbiddenMove

LISTENS = "l"
"""So does the last part of an offer's id begin that was made by listening."""


def consult_asked(floor: Floor, event: ConsultAsked, now: Seconds) -> bool:
    """Ring the agent who is asked; one at a time for a contact."""
    contact = known(floor, event.contact)
    handed_on = event.leaves and contact.state is ContactState.AFTER
    if contact.state not in WITH_AN_AGENT and not handed_on:
        raise ForbiddenMove(f"nobody to consult for: the contact is {contact.state}")
    _asks_nobody(floor, contact)
    agent = free_for(floor, event.agent, contact, now)
    make(floor, contact, agent, now, CONSULT, event.leaves)
    return True


def colleague_asked(floor: Floor, event: ColleagueAsked, now: Seconds) -> bool:
    """Wait for whoever of the queue is next, who is then consulted."""
    contact = known(floor, event.contact)
    if contact.state not in WITH_AN_AGENT:
        raise ForbiddenMove(f"nobody to consult for: the contact is {contact.state}")
    if contact.medium is not Medium.VOICE:
        raise ForbiddenMove("a colleague of a queue is waited for on the telephone alone")
    _asks_nobody(floor, contact)
    stand_in_for(floor, contact, event, now)
    return True


def _asks_nobody(floor: Floor, contact: Contact) -> None:
    if asked := consulted(floor, contact.id):
        raise ForbiddenMove(f"agent {asked.agent} is being consulted: cancel or complete that")
    if contact.stand_in:
        raise ForbiddenMove("a colleague is being waited for: end that first")


def consulted(floor: Floor, contact: ContactId) -> OfferMade | None:
    """The offer of the agent who is being consulted about this contact."""
    for id_ in floor.consulting.get(contact, ()):
        offer = floor.offers.get(id_)
        if offer and offer.rule is CONSULT and not offer.withdrawn:
            return offer
    return None


def end_consultations(floor: Floor, contact: Contact, now: Seconds) -> None:
    """Nobody rings to be consulted any more, and nobody is waited for."""
    dismiss(floor, contact)
    for id_ in floor.consulting.pop(contact.id, ()):
        offer = floor.offers.get(id_)
        if offer is None or offer.rule is not CONSULT:
            continue
        if offer.answered_at is None and not offer.withdrawn:
            withdraw(floor, offer, "not needed any more", now)
        else:
            floor.consults(offer)  # their leg ends by itself


def consult_dropped(floor: Floor, event: ConsultDropped, now: Seconds) -> bool:
    """An agent who still rings to be consulted is rung no more; told late, it changes nothing. By
    the name of a stand-in: nobody is waited for any more."""
    contact = floor.contacts.get(event.contact)
    if contact and contact.stand_in and contact.stand_in == ContactId(event.offer):
        end_consultations(floor, contact, now)
        return True
    offer = floor.offers.get(event.offer)
    if offer is None or offer.contact != event.contact or offer.rule is not CONSULT:
        return False
    if offer.answered_at is not None or offer.withdrawn:
        return False
    withdraw(floor, offer, "not needed any more", now)
    return True


def transfer_completed(floor: Floor, event: TransferCompleted, now: Seconds) -> bool:
    """From here on the consulted agent has the contact; the other one's leg ends by itself."""
    contact, offer = known(floor, event.contact), floor.offers.get(event.offer)
    if offer is None or offer.contact != contact.id or offer.answered_at is None:
        raise ForbiddenMove("the consulted agent does not talk")
    if contact.state not in WITH_AN_AGENT or contact.offer == offer.id:
        raise ForbiddenMove(f"a contact that is {contact.state} cannot be handed over")
    _hand_over(floor, contact, offer)
    return True


def taken_over(floor: Floor, event: TakenOver, now: Seconds) -> bool:
    """The consulted agent's leg is with the caller: a fact, whatever we thought before."""
    contact, offer = floor.contacts.get(event.contact), floor.offers.get(event.offer)
    if offer is None and contact and event.agent in floor.agents:
        offer = _listened(floor, contact, event, floor.agents[event.agent], now)
    if offer is None or offer.contact != event.contact or offer.rule is not CONSULT:
        return False
    if offer.answered_at is None:
        answer(floor, offer, contact, now)
    if contact is None:
        return True  # the caller left in the same instant; the leg's end will follow
    rings = floor.offers.get(contact.offer) if contact.offer else None
    if rings and rings.answered_at is None:
        withdraw(floor, rings, "answered elsewhere", now)
    _hand_over(floor, contact, offer)
    return True


def listening_offer(epoch: int, seq: int, name: str) -> OfferId:
    """Names the leg of a supervisor who listens to contact `seq`: an offer once it takes over."""
    return OfferId(f"{epoch}.{seq}.{LISTENS}{name}")


def listens(offer: OfferId) -> bool:
    """Whether this names a leg that was made to listen."""
    return offer.rpartition(".")[2].startswith(LISTENS)


def _listened(
    floor: Floor, contact: Contact, event: TakenOver, agent: Agent, now: Seconds
) -> OfferMade | None:
    """The offer that nobody made: a supervisor who listened has the contact. Afterwards they are
    what they were before: on a break, logged off."""
    with_somebody = contact.state in (*WITH_AN_AGENT, ContactState.AFTER)
    if not listens(event.offer) or event.offer in contact.taken or not with_somebody:
        return None
    contact.taken = [*contact.taken, event.offer]
    if agent.state is AgentState.LOGGED_OFF:
        agent.log_off_after = agent.off_duty = True
    elif agent.state is AgentState.NOT_READY:
        agent.pause_after = agent.reason
    offer = floor.offers[event.offer] = OfferMade(
        event.offer, contact.id, agent.id, now, now,
        rule=CONSULT, queue=contact.queue, class_=contact.class_, medium=contact.medium,
    )  # fmt: skip
    if floor.reserves:
        floor.reserves.offered(offer)
    return offer


def _hand_over(floor: Floor, contact: Contact, offer: OfferMade) -> None:
    dismiss(floor, contact)
    offer.rule = Rule.ORDER  # whoever has the contact at the end wraps it up
    talks(floor, contact, offer)
