"""What must hold of what telephones, agents and supervisors ask for, and of what callers are told.

Most looks of `tests.reference.invariants` are about the order of offers; these are about single
kinds of events, about the estimates, which only look on, and about names and memory.
"""

from __future__ import annotations

import json
import math

from acd import events, requests, snapshot
from acd.commands import Close, ContactEnd, Offer, Undisposed, Withdraw
from acd.model import CALLED_OUT, Contact, ContactId, Lane, Rule
from acd.offers import TAKEN
from acd.states import AgentState, ContactState
from tests.reference import oracle
from tests.reference.day import Day, Told

BY_NOBODY = {Rule.ORDER, Rule.PREFERRED}


def p1_who_has_picked_up_has_not_let_it_ring(day: Day, told: Told) -> None:
    """Or they would be cut off while they are told what the call is about, and made not ready."""
    picked, event = day.notes.setdefault("picked up", {}), told.event
    if isinstance(event, events.PhoneAnswered) and told.changed:
        picked[event.offer] = told.now + event.seconds
    for command in told.commands:
        if isinstance(command, Withdraw) and command.reason == events.OfferEnd.RANG_OUT:
            assert picked.get(command.offer, 0.0) <= told.now, f"{command} has picked up"
        if isinstance(command, Withdraw) and command.reason == "rings too long":
            assert command.offer not in picked, f"{command} does not ring any more"


def p2_nobody_rings_for_a_consultation_that_was_dropped(day: Day, told: Told) -> None:
    """There would be nobody to speak with."""
    event = told.event
    if isinstance(event, events.ConsultDropped):
        offer, contact = day.engine.offers.get(event.offer), day.engine.contacts.get(event.contact)
        assert (
            offer is None
            or offer.rule is not Rule.CONSULT
            or offer.answered_at
            or (offer.withdrawn)
        ), offer
        wait = ContactId(event.offer)  # or it is the name of what stands in line
        assert wait not in day.engine.contacts, "still in line for a colleague"
        assert contact is None or contact.stand_in != wait, contact


def p3_who_has_taken_over_has_it_alone(day: Day, told: Told) -> None:
    """One owner: nothing rings beside them, nobody is waited for, and they wrap it up."""
    event = told.event
    if not isinstance(event, events.TakenOver) or not told.changed:
        return
    contact = day.engine.contacts.get(event.contact)
    assert event.offer in day.engine.offers, event
    offer = day.engine.offers[event.offer]
    assert offer.answered_at is not None, offer
    if contact:
        assert (contact.offer, contact.state) == (event.offer, ContactState.TALKING), contact
        assert offer.rule is not Rule.CONSULT, "would have nothing to wrap up"
        assert contact.stand_in is None, contact
        for other in day.engine.offers.values():
            rings = other.contact == contact.id and other.answered_at is None
            assert not rings or other.withdrawn or other.rule is Rule.CONSULT, other


def p4_what_is_taken_rings_at_one_telephone_at_a_time(day: Day, told: Told) -> None:
    """Nothing is made for the one who takes it before the end of the other leg is confirmed; until
    then they are kept for it, and who is kept is offered nothing else."""
    event = told.event
    if isinstance(event, requests.RingingTaken) and not told.refused:
        agent = day.engine.agents[event.agent]
        contact = day.engine.contacts[event.contact]
        assert contact.offer is not None and agent.kept_for == contact.offer, agent
        assert day.engine.offers[contact.offer].withdrawn == TAKEN
        assert oracle.able(day.centre, agent, contact, day.now), "may not serve what they take"
        offered = [c.contact for c in told.commands if isinstance(c, Offer)]
        assert contact.id not in offered, "two telephones"
    before, day.notes["kept"] = day.notes.get("kept", {}), dict(day.engine.kept)
    still = {agent for id_, agent in before.items() if day.engine.kept.get(id_) == agent}
    for command in told.commands:
        if isinstance(command, Offer) and command.rule in BY_NOBODY:
            assert command.agent not in still, command


def p5_an_agents_own_call_is_nobody_elses_and_never_waits(day: Day, told: Told) -> None:
    """Whom they call has asked for nothing: if not reached it is over, and nobody has left."""
    event, own = told.event, day.notes.setdefault("own calls", {})
    if isinstance(event, requests.CalledOut) and not told.refused:
        [offer] = [c for c in told.commands if isinstance(c, Offer) and c.contact == event.contact]
        assert (offer.agent, offer.rule) == (event.agent, Rule.OUTGOING), offer
        own[event.contact] = event.agent
    for contact in day.engine.contacts.values():
        if contact.channel == CALLED_OUT:
            assert contact.state is not ContactState.WAITING, contact
    for command in told.commands:
        if isinstance(command, Close) and command.how is ContactEnd.NOT_REACHED:
            assert command.contact in own, command


def p6_a_talk_that_needs_a_disposition_keeps_its_agent(day: Day, told: Told) -> None:
    """Until it has one, or time is up, which is said once, and never of a talk that has one. None
    is forgotten."""
    said, missed = day.notes.setdefault("disposed", {}), day.notes.setdefault("undisposed", {})
    event = told.event
    if isinstance(event, requests.Disposed) and told.changed and not told.refused:
        said[event.offer] = event.code
    for command in told.commands:
        if isinstance(command, Undisposed):
            assert command.offer not in said, f"{command}, yet it was said"
            assert command.offer not in missed, "said twice"
            missed[command.offer] = told.now
            agent = day.engine.agents.get(command.agent)
            assert agent is None or agent.state is not AgentState.READY, agent
    for agent in day.engine.agents.values():
        owes = any(work.owes for work in agent.works.values())
        assert not owes or agent.state is not AgentState.READY, agent
    works = [work for agent in day.engine.agents.values() for work in agent.works.items()]
    owed, day.notes["owed"] = day.notes.get("owed", {}), {i: work for i, work in works if work.owes}
    for id_, work in owed.items():
        assert id_ in day.notes["owed"] or id_ in said or id_ in missed, f"{work} is forgotten"


def told_waits(day: Day) -> dict[str, object]:
    """What each who waits would be told now: the place, and the range to the millionth second."""
    waits, engine = day.engine.waits, day.engine
    assert waits is not None
    ranges = {c.id: waits.range(engine, c, day.now) for c in in_line(day)}
    said = {
        id_: r and [round(s, 6) for s in (r.low, r.middle, r.high)] for id_, r in ranges.items()
    }
    return {c.id: (waits.place(c), said[c.id]) for c in in_line(day)}


def in_line(day: Day) -> list[Contact]:
    """Those who may ask: who is called has asked for nothing; mail is answered when promised."""
    line = [c for c in day.engine.waiting() if c.channel != CALLED_OUT]
    return [c for c in line if c.lane is Lane.LIVE]


def _asks(contact: Contact) -> tuple[object, ...]:
    return contact.queue, contact.skills, contact.medium


def p7_what_callers_are_told_is_well_formed(day: Day, told: Told) -> None:
    """A place counts nobody who is gone, and leaves out nobody who wants the same and is before."""
    engine, waits, line = day.engine, day.engine.waits, in_line(day)
    assert waits is not None
    for i, contact in enumerate(line):
        range_ = waits.range(engine, contact, day.now)
        if range_ is not None:
            ordered = 0.0 <= range_.low <= range_.middle <= range_.high < math.inf
            assert ordered, (contact, range_)
        alike = [c for c in line[:i] if _asks(c) == _asks(contact)]
        place = waits.place(contact)
        assert 1 + len(alike) <= place <= 1 + i, f"{contact.id} is told {place}, {i} are before"
    for estimate in waits.estimates.values():
        assert 0 <= estimate.measured.within <= estimate.measured.known


def p8_to_look_changes_nothing(day: Day, told: Told) -> None:
    """Callers may ask as often as they like. (That estimates change no decision: the twin has
    none, and decides the same.)"""
    if day.arrived % 8 == 0:
        before = json.dumps(snapshot.dump(day.engine))
        assert told_waits(day) == told_waits(day)
        assert json.dumps(snapshot.dump(day.engine)) == before


LOOKS = tuple(
    look for name, look in sorted(globals().items()) if name[0] == "p" and name[1:2].isdigit()
)
