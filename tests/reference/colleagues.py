"""What must hold of those who stand in line for a colleague, on behalf of a talk (stand-ins)."""

from __future__ import annotations

from collections.abc import Iterator

from acd.commands import Offer
from acd.model import Contact, OfferMade
from acd.states import AgentState, ContactState
from tests.reference import oracle
from tests.reference.day import Day, Told

WITH_AGENT = {ContactState.TALKING, ContactState.HELD}
IN_LINE = {ContactState.WAITING, ContactState.RINGING}


def rung(day: Day, told: Told) -> Iterator[tuple[OfferMade, Contact]]:
    """Whom this event made ring for somebody in line, and what stands there."""
    for command in told.commands:
        offer = day.engine.offers.get(command.offer) if isinstance(command, Offer) else None
        if offer is not None and isinstance(command, Offer) and command.in_line:
            talk = day.engine.contacts[offer.contact]
            assert talk.stand_in, f"{offer} rings for nobody in line"
            yield offer, day.engine.contacts[talk.stand_in]


def i25_each_stands_for_one_talk_and_as_long_as_that_lasts(day: Day, told: Told) -> None:
    contacts = day.engine.contacts
    for contact in contacts.values():
        if contact.stand_in:
            assert contacts[contact.stand_in].stands_for == contact.id, contact
            assert contact.state in WITH_AGENT, contact
        if contact.stands_for:
            talk = contacts[contact.stands_for]
            assert talk.stand_in == contact.id, contact
            place = (contact.entered_at, contact.credit, contact.seq)
            assert place == (talk.entered_at, talk.credit, talk.seq), "not the place of who talks"
            assert contact.state in IN_LINE, contact


def i4_who_is_rung_may_serve_and_is_not_who_asked(day: Day, told: Told) -> None:
    for offer, contact in rung(day, told):
        agent, talk = day.engine.agents[offer.agent], day.engine.contacts[offer.contact]
        assert oracle.able(day.centre, agent, contact, day.now), (offer, agent, contact)
        assert agent.reachable and day.engine.link_up, agent
        assert agent.state in (AgentState.OFFERED, AgentState.TALKING), agent
        assert oracle.room_before(day.centre, agent, offer, offer.medium), (offer, agent)
        asked_by = day.engine.offers.get(talk.talked) if talk.talked else None
        assert asked_by is None or asked_by.agent != agent.id, "asks themselves"


def i12_they_overtake_nobody(day: Day, told: Told) -> None:
    for offer, contact in rung(day, told):
        for other in oracle.overtaken(day.engine, day.centre, offer, contact, day.now):
            raise AssertionError(f"{contact.id} before {other.id}, who fits {offer.agent}")


LOOKS = (
    i25_each_stands_for_one_talk_and_as_long_as_that_lasts,
    i4_who_is_rung_may_serve_and_is_not_who_asked,
    i12_they_overtake_nobody,
)
