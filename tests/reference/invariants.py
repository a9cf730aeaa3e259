"""What must hold after every single event of a day, by number; `LOOKS` has them all.

The table in `tests/unit/test_engine_invariants.py` says where each of the thirty is kept.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator

from acd import events, requests, snapshot
from acd.commands import Close, ContactEnd, Offer
from acd.model import AgentId, Contact, Lane, Medium, OfferMade, Rule
from acd.states import AgentState, ContactState
from tests.reference import colleagues, oracle, promises
from tests.reference.day import Day, Told

BY_ORDER = {Rule.ORDER, Rule.PREFERRED}
ASKED_FOR = {Rule.PICKED_UP, Rule.HANDED_OVER, Rule.CONSULT, Rule.OUTGOING, Rule.SENT_BACK}
WITH_AGENT = {ContactState.TALKING, ContactState.HELD}
HORIZON = 512.0
INSTANT = 2.0**-10


def made(day: Day, told: Told) -> list[OfferMade]:
    """The offers of this batch that the rules made, and nobody asked for."""
    offers = [c.offer for c in told.commands if isinstance(c, Offer)]
    found = [day.engine.offers[id_] for id_ in offers if id_ in day.engine.offers]
    return [offer for offer in found if offer.rule not in ASKED_FOR]


def i1_every_contact_is_in_exactly_one_place(day: Day, told: Told) -> None:
    assert len(day.closed) == len(set(day.closed)), "closed twice"
    customers = [c for c in day.engine.contacts.values() if not c.stands_for]
    came = day.arrived + day.called
    assert came == len(customers) + len(day.closed), "a contact is missing"
    assert not {*day.closed} & {*day.engine.contacts}, "closed, yet there"
    for contact in day.engine.contacts.values():
        assert contact.state is not ContactState.ENDED


def i2_no_contact_rings_or_talks_at_two_agents(day: Day, told: Told) -> None:
    """In the engine, and at the telephones: a second leg only when the first is gone."""
    offers = [o for o in day.engine.offers.values() if o.rule is not Rule.CONSULT]
    ringing = [offer.contact for offer in offers if offer.answered_at is None]
    legs = [leg.contact for leg in day.legs.values() if leg.rule is not Rule.CONSULT]
    assert len(ringing) == len(set(ringing)), "rings at two agents"
    assert len(legs) == len(set(legs)), "two legs for one contact"
    for offer in offers:
        contact = day.engine.contacts.get(offer.contact)
        talks = contact is not None and contact.state in WITH_AGENT and contact.offer != offer.id
        assert not talks or offer.withdrawn or offer.answered_at is not None, "rings beside a talk"


def i3_no_offer_exceeds_what_an_agent_takes_at_once(day: Day, told: Told) -> None:
    for offer in made(day, told):
        agent = day.engine.agents[offer.agent]
        assert oracle.room_before(day.centre, agent, offer, offer.medium), (offer, agent)


def i4_offers_go_to_agents_who_may_serve(day: Day, told: Told) -> None:
    """Here, reachable, logged in to the queue, skilled; not after a rest too short."""
    event = told.event
    for offer in made(day, told):
        agent, contact = day.engine.agents[offer.agent], day.engine.contacts[offer.contact]
        assert day.engine.link_up or (offer.medium is not Medium.VOICE and not day.engine.desks)
        assert oracle.able(day.centre, agent, contact, day.now), (offer, agent, contact)
        assert agent.state in (AgentState.OFFERED, AgentState.TALKING)
        assert agent.reachable or offer.medium is not Medium.VOICE
        assert agent.desk or offer.medium is Medium.VOICE
        assert agent.pause_after is None and not agent.log_off_after, (offer, agent)
        away = told.states_before.get(agent.id) in (AgentState.NOT_READY, AgentState.LOGGED_OFF)
        came = isinstance(event, requests.AgentLoggedIn | requests.AgentReady) and event.agent
        assert not away or came == agent.id, (offer, told)
        came_now = isinstance(event, events.Arrived) and event.contact == contact.id
        if came_now and contact.preferred not in (None, agent.id):
            keen = _could_be_waited_for(day, contact)
            assert not (keen and oracle.held_for_preferred(day.centre, agent, contact, day.now))


def _could_be_waited_for(day: Day, contact: Contact) -> bool:
    known = day.engine.agents.get(contact.preferred or AgentId(""))
    return (
        known is not None
        and oracle.may_serve(day.centre, known, contact, day.now)
        and known.state is AgentState.READY
    )


def i5_i8_each_batch_serves_the_first_set_that_can_be_served(day: Day, told: Told) -> None:
    """No waiting contact could be served by handing on the agents of later ones, or a free one.

    Within a lane, and among agents whom one contact fills: the strategy may choose for a contact
    without regard to those behind its lane, and who is held for one agent is not handed on.
    """
    offers = [o for o in made(day, told) if o.rule in BY_ORDER]
    count = Counter(offer.agent for offer in offers)
    batch = {o.agent: o for o in offers if count[o.agent] == 1 and _is_full(day, o)}
    waiting = [c for c in oracle.waiting(day.engine) if not c.preferred] if batch else []
    for contact in waiting:
        for taken in _could_have(day, contact, batch, set()):
            later = oracle.key(day.engine.contacts[taken.contact])
            assert later < oracle.key(contact), f"{taken} before {contact.id}"


def _is_full(day: Day, offer: OfferMade) -> bool:
    agent = day.engine.agents[offer.agent]
    member = day.centre.agents[offer.agent]
    return not any(oracle.has_room(member, agent.works.values(), medium) for medium in Medium)


def _could_have(
    day: Day, contact: Contact, batch: dict[AgentId, OfferMade], seen: set[AgentId]
) -> Iterator[OfferMade]:
    """The offers of the batch that could be handed on, one after another, for this contact."""
    for id_, offer in batch.items():
        same_lane = day.engine.contacts[offer.contact].lane is contact.lane
        if id_ not in seen and same_lane and _fits_instead(day, contact, offer):
            seen.add(id_)
            yield offer
            displaced = day.engine.contacts[offer.contact]
            yield from _could_have(day, displaced, batch, seen)
            for agent in [a for a in day.engine.agents.values() if a.id != id_]:
                free = oracle.may_serve(day.centre, agent, displaced, day.now)
                exact = free and oracle.is_exact(day.centre, agent, displaced)
                held = exact and oracle.hold(day.engine, day.centre, agent, displaced, day.now)
                assert not exact or held, f"{contact.id} could be served beside {displaced.id}"


def _fits_instead(day: Day, contact: Contact, offer: OfferMade) -> bool:
    """Whether the agent of a new offer could as well serve this contact; in doubt not."""
    agent, centre, now = day.engine.agents[offer.agent], day.centre, day.now
    return (
        oracle.able(centre, agent, contact, now)
        and oracle.is_exact(centre, agent, contact)
        and contact.rests.get(agent.id, 0.0) <= now
        and not oracle.held_for_preferred(centre, agent, contact, now)
        and not oracle.held_by_reserve(day.engine, centre, agent, contact, now, spare=1)
        and oracle.room_before(centre, agent, offer, contact.medium)
        and oracle.reaches(day.engine, agent, contact.medium, now)
    )


def i6_within_class_and_skills_the_first_is_served_first(day: Day, told: Told) -> None:
    for offer in made(day, told):
        mine = day.engine.contacts[offer.contact]
        for other in oracle.waiting(day.engine):
            alike = ("queue", "class_", "urgency", "credit", "skills", "channel", "lane")
            if any(getattr(mine, a) != getattr(other, a) for a in alike) or other.preferred:
                continue
            agent = day.engine.agents[offer.agent]
            if other.lane is Lane.DEFERRED and not oracle.able(day.centre, agent, other, day.now):
                continue  # promised sooner, yet it has not waited long enough for this agent
            if offer.rule in BY_ORDER and offer.agent not in other.rests and not mine.preferred:
                assert oracle.key(mine) < oracle.key(other), (offer, other)


def i7_nobody_waits_while_a_free_agent_may_serve_them(day: Day, told: Told) -> None:
    """Now, and until the engine wants to be woken: hold rules end at a deadline."""
    if not told.changed:
        return
    wakes = day.engine.next_deadline()
    assert wakes is None or wakes > day.now, "a deadline that is over"
    until = min(wakes or day.now + HORIZON, day.now + HORIZON) - INSTANT
    for now in (day.now, max(day.now, until)):
        for agent, contact in oracle.neglected(day.engine, day.centre, now):
            raise AssertionError(f"at {now}: {agent.id} is free for {contact.id}, wakes at {wakes}")


def i9_i13_keys_change_by_a_regrade_alone(day: Day, told: Told) -> None:
    keys = day.notes.setdefault("keys", {})
    event = told.event
    for id_, contact in day.engine.contacts.items():
        now = (contact.entered_at, contact.seq, contact.credit)
        before = keys.setdefault(id_, now)
        named = (id_, contact.stands_for)
        if isinstance(event, requests.Regraded) and event.contact in named and not told.refused:
            assert now[:2] == before[:2] and now[2] in (before[2], event.credit)
            assert event.who != requests.AUTOMATIC or now[2] >= before[2], "lowered by itself"
            keys[id_] = now
        assert now == keys[id_], f"{event} changed a key"


def i10_nobody_is_rung_again_too_soon(day: Day, told: Told) -> None:
    rests, phones = day.notes.setdefault("rests", {}), day.notes.setdefault("phones", {})
    for agent in phones.keys() - day.engine.agents.keys():
        del phones[agent]  # out of the rules meanwhile; who comes back is new
    for offer in made(day, told):
        assert rests.get((offer.contact, offer.agent), 0.0) <= day.now, "declined a moment ago"
        if offer.medium == "voice":
            assert phones.get(offer.agent, 0.0) <= day.now, "the phone was busy a moment ago"
    event, known = told.event, day.notes.get("offers", {})
    offers = [o for o in day.engine.offers.values() if o.rule is not Rule.CONSULT]
    day.notes["offers"] = {o.id: (o.contact, o.agent, o.withdrawn) for o in offers}
    if isinstance(event, events.OfferEnded) and told.changed and event.offer in known:
        contact, agent, withdrawn = known[event.offer]
        if withdrawn:
            return
        if event.how is events.OfferEnd.DECLINED:
            rests[contact, agent] = day.now + oracle.DECLINE_REST
        busy = event.how in (events.OfferEnd.BUSY, events.OfferEnd.UNREACHABLE)
        if busy and agent in day.engine.agents:  # else gone with this offer: see above
            phones[agent] = day.now + oracle.PHONE_REST


def i11_who_is_gone_is_offered_no_more_and_their_offer_withdrawn(day: Day, told: Told) -> None:
    for command in told.commands:
        if isinstance(command, Offer):
            assert command.contact in day.engine.contacts, "offered, but over"
        if isinstance(command, Close):
            ringing = [o for o in day.engine.offers.values() if o.contact == command.contact]
            assert all(o.withdrawn or o.answered_at is not None for o in ringing), ringing
        if isinstance(command, Close) and command.how is ContactEnd.ABANDONED:
            assert isinstance(told.event, events.CallerLeft) and not told.event.lost


def i12_overtakers_are_bounded_by_their_credit(day: Day, told: Told) -> None:
    """Each overtaker entered before the overtaken plus the difference of their credits."""
    for offer in made(day, told):
        if offer.rule in BY_ORDER:
            winner = day.engine.contacts[offer.contact]
            for other in oracle.overtaken(day.engine, day.centre, offer, winner, day.now):
                raise AssertionError(f"{winner.id} before {other.id}, who fits {offer.agent}")


def i16_a_closed_desk_rings_for_no_chat(day: Day, told: Told) -> None:
    for offer in day.engine.offers.values():
        if offer.medium is not Medium.VOICE and offer.answered_at is None:
            assert offer.withdrawn or day.engine.agents[offer.agent].desk, offer


def i16_the_parked_take_nothing(day: Day, told: Told) -> None:
    for contact in day.engine.contacts.values():
        if contact.state is ContactState.PARKED and contact.offer:
            offer = day.engine.offers[contact.offer]
            assert offer.withdrawn, f"{contact.id} is parked and rings"


def i17_told_twice_is_told_once(day: Day, told: Told) -> None:
    """Looked at for facts of the outside, told again at the same instant."""
    if isinstance(told.event, requests.Request | events.Started):
        return
    kept = json.dumps(snapshot.dump(day.engine)) if day.arrived % 8 == 0 else ""
    assert day.engine.handle(told.event, day.now) == [], f"again: {told.event}"
    if not isinstance(told.event, events.TimePassed):
        assert not day.engine.changed, f"again, and changed: {told.event}"
    assert not kept or json.dumps(snapshot.dump(day.engine)) == kept


def i24_agents_stand_where_their_work_says(day: Day, told: Told) -> None:
    for agent in day.engine.agents.values():
        phases = {work.phase.value for work in agent.works.values()}
        stands = agent.state
        assert (stands is AgentState.TALKING) == ("talking" in phases), agent
        assert (stands is AgentState.OFFERED) == (
            phases >= {"ringing"} > set() and "talking" not in phases
        ), agent
        assert (stands is AgentState.WRAP_UP) == (phases == {"wrap-up"}), agent
        asked = agent.pause_after is not None or agent.log_off_after
        assert stands is not AgentState.READY or not asked, "ready, and on the way to a break"
        for id_, work in agent.works.items():
            held = day.engine.offers.get(id_)
            assert work.phase.value == "wrap-up" or (held and held.agent == agent.id), agent


def i25_a_contact_has_one_owner(day: Day, told: Told) -> None:
    for contact in day.engine.contacts.values():
        if contact.state in WITH_AGENT and contact.offer:
            offer = day.engine.offers[contact.offer]
            assert offer.answered_at is not None and offer.contact == contact.id
            assert contact.offer in day.engine.agents[offer.agent].works
        if contact.state is ContactState.RINGING:
            rings = day.engine.offers[contact.offer].contact if contact.offer else None
            assert rings == (contact.stands_for or contact.id)
        if contact.state in (ContactState.WAITING, ContactState.ARRIVING, ContactState.AFTER):
            assert contact.offer is None, contact


LOOKS: tuple[Callable[[Day, Told], None], ...] = (
    *(look for name, look in sorted(globals().items()) if name[0] == "i" and name[1].isdigit()),
    *colleagues.LOOKS,
    *promises.LOOKS,
)


def watch(day: Day, told: Told) -> None:
    """All of them, after one event."""
    for look in LOOKS:
        look(day, told)
