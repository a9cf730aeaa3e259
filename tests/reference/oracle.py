"""Who may serve whom, and who is first: the promise said again, slowly, from the guide alone.

Nothing here has an index: every question looks at every contact and every agent. Times are centre
time in seconds. An answer is about the engine's state as it stands; what hangs on words that the
guide leaves open (whether a reserve counts an agent who is half busy, say) is answered generously
towards the engine, and the examples in `tests/unit` hold it to one reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from acd.config import Centre, Member, Queue
from acd.engine import Engine
from acd.model import Agent, Contact, Lane, Medium, OfferMade, Work
from acd.states import AgentState, ContactState

Key = tuple[bool, float, int]

DECLINE_REST = 10.0
"""Who declined a contact is not offered it again for so long: docs/states.md."""
PHONE_REST = 5.0
"""A phone that was busy or out of reach is left alone for so long: docs/states.md."""

TAKING = {AgentState.READY, AgentState.OFFERED, AgentState.TALKING}


def key(contact: Contact) -> Key:
    """Live contacts by `(entered_at - credit, seq)`; after all of them the deferred by promise."""
    if contact.lane is Lane.DEFERRED:
        return (True, contact.due_at, contact.seq)
    return (False, contact.entered_at - contact.credit, contact.seq)


def waited(contact: Contact, now: float) -> float:
    return now - contact.entered_at


def needed(queue: Queue, contact: Contact, now: float) -> Mapping[str, int]:
    """The levels that are enough by now; a skill with level 0 is not needed."""
    levels = dict(contact.skills)
    for step in queue.relax:
        if waited(contact, now) >= step.after:
            levels |= {s: min(levels[s], n) for s, n in step.skills.items() if s in levels}
    return levels


def has_skills(member: Member, levels: Mapping[str, int]) -> bool:
    return all(member.skills.get(skill, 0) >= level for skill, level in levels.items())


def has_room(member: Member, works: Iterable[Work], medium: Medium) -> bool:
    """One voice, or so many chats; both only with `mix`; what is interruptible keeps nobody out."""
    held, capacity = [work.medium for work in works], member.capacity
    others = {*held} - {medium} - capacity.interruptible
    return held.count(medium) < capacity.of(medium) and (capacity.mix or not others)


def takes_offers(agent: Agent, medium: Medium, now: float) -> bool:
    """Here, not on the way to a break, kept for nobody; for calls, the phone can be rung; for
    what is written, the desk is open."""
    leaving = agent.log_off_after or agent.pause_after is not None
    here = agent.state in TAKING and not leaving and agent.kept_for is None
    return here and can_ring(agent, medium, now)


def can_ring(agent: Agent, medium: Medium, now: float) -> bool:
    if medium is not Medium.VOICE:
        return agent.desk
    return agent.reachable and agent.rests_until <= now


def reaches(engine: Engine, agent: Agent, medium: Medium, now: float) -> bool:
    """The same, and there is a link; what is written needs none at desks that are told of."""
    linked = engine.link_up or (medium is not Medium.VOICE and not engine.desks)
    return linked and can_ring(agent, medium, now)


def able(centre: Centre, agent: Agent, contact: Contact, now: float) -> bool:
    """Queue and skills fit by now, whatever either is doing."""
    member = centre.agents.get(agent.id)
    queue = centre.queues.get(contact.queue)
    if member is None or queue is None or contact.queue not in agent.queues:
        return False
    delay = agent.queues[contact.queue]
    if centre.is_partner(member):
        delay = max(delay, queue.partner_after)
    return waited(contact, now) >= delay and has_skills(member, needed(queue, contact, now))


def may_serve(centre: Centre, agent: Agent, contact: Contact, now: float) -> bool:
    """Nothing but a hold rule keeps this agent from this contact."""
    return (
        takes_offers(agent, contact.medium, now)
        and able(centre, agent, contact, now)
        and has_room(centre.agents[agent.id], agent.works.values(), contact.medium)
        and contact.rests.get(agent.id, 0.0) <= now
    )


def is_exact(centre: Centre, agent: Agent, contact: Contact) -> bool:
    return has_skills(centre.agents[agent.id], contact.skills)


# ---- the named hold rules


def held_for_preferred(centre: Centre, agent: Agent, contact: Contact, now: float) -> bool:
    """The queue waits a while for the agent whom the customer knows."""
    hold = centre.queues[contact.queue].hold_for_preferred
    return contact.preferred not in (None, agent.id) and waited(contact, now) < hold


def held_by_reserve(
    engine: Engine, centre: Centre, agent: Agent, contact: Contact, now: float, spare: int = 0
) -> bool:
    """Strictly read: with this agent gone, a class would have fewer than its reserve.

    `spare`: so many more agents would be gone, too.
    """
    for name, class_ in centre.classes.items():
        if name == contact.class_ or class_.reserve <= 0:
            continue
        for queue in agent.queues:
            rest = [a for a in engine.agents.values() if a is not agent and queue in a.queues]
            left = sum(_is_idle(centre, a, contact.medium, now) for a in rest)
            if left - spare < class_.reserve:
                return True
    return False


def _is_idle(centre: Centre, agent: Agent, medium: Medium, now: float) -> bool:
    idle = agent.state is AgentState.READY and takes_offers(agent, medium, now)
    return idle and agent.id in centre.agents and has_room(centre.agents[agent.id], (), medium)


def held_for_exact(
    engine: Engine, centre: Centre, agent: Agent, contact: Contact, now: float
) -> bool:
    """Relaxed, and somebody who fits without relaxing is free for it."""
    if is_exact(centre, agent, contact):
        return False
    others = (a for a in engine.agents.values() if a.id in centre.agents)
    return any(
        is_exact(centre, other, contact) and may_serve(centre, other, contact, now)
        for other in others
    )


def hold(engine: Engine, centre: Centre, agent: Agent, contact: Contact, now: float) -> str | None:
    """The hold rule that keeps the pair apart, by its name in the guide."""
    if held_for_preferred(centre, agent, contact, now):
        return "held for the preferred agent"
    if held_by_reserve(engine, centre, agent, contact, now):
        return "reserve"
    if held_for_exact(engine, centre, agent, contact, now):
        return "an exact agent is free"
    return None


# ---- who is first


def waiting(engine: Engine) -> list[Contact]:
    """All who wait, in their order."""
    found = [c for c in engine.contacts.values() if c.state is ContactState.WAITING]
    return sorted(found, key=key)


def neglected(engine: Engine, centre: Centre, now: float) -> Iterator[tuple[Agent, Contact]]:
    """Pairs that could talk now, and that no rule keeps apart: there must be none."""
    for agent in engine.agents.values():
        for contact in waiting(engine):
            if (
                reaches(engine, agent, contact.medium, now)
                and may_serve(centre, agent, contact, now)
                and not hold(engine, centre, agent, contact, now)
            ):
                yield agent, contact


def overtaken(
    engine: Engine, centre: Centre, offer: OfferMade, contact: Contact, now: float
) -> Iterator[Contact]:
    """Who still waits, is before this contact of the new offer, and fits its agent."""
    agent = engine.agents[offer.agent]
    for other in waiting(engine):
        if key(other) >= key(contact):
            return
        kept = (
            other.rests.get(agent.id, 0.0) > now
            or held_for_preferred(centre, agent, other, now)
            or held_by_reserve(engine, centre, agent, other, now)
            or not is_exact(centre, agent, other)
            or not room_before(centre, agent, offer, other.medium)
            or not reaches(engine, agent, other.medium, now)
        )
        if able(centre, agent, other, now) and not kept:
            yield other


def room_before(centre: Centre, agent: Agent, offer: OfferMade, medium: Medium) -> bool:
    """Whether the agent had room for this medium when this offer was made."""
    works = list(agent.works)
    before = [agent.works[id_] for id_ in works[: works.index(offer.id)]]
    return has_room(centre.agents[agent.id], before, medium)


def best_matched(able: Sequence[frozenset[int]]) -> tuple[bool, ...]:
    """Whose turn it is of contacts in key order, each with the agents who may serve it.

    The lexicographically smallest set that can be matched, by looking at every matching there is:
    for at most five of each.
    """
    return max(_matchings(able, frozenset()))


def _matchings(able: Sequence[frozenset[int]], taken: frozenset[int]) -> Iterator[tuple[bool, ...]]:
    if not able:
        yield ()
        return
    for agent in able[0] - taken:
        yield from ((True, *rest) for rest in _matchings(able[1:], taken | {agent}))
    yield from ((False, *rest) for rest in _matchings(able[1:], taken))
