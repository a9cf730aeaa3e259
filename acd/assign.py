"""Who gets whom: after every event, the pairs that have become possible.

An agent who is free takes the contact with the smallest order key among those the agent may serve
now; a contact takes the agent whom its queue's strategy puts first, exact matches before agents
for whom it had to wait. Only what has changed since the last assignment is looked at: between
agents and contacts that were there before, everything possible has been done already.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from heapq import heapify, heappop
from itertools import islice
from operator import attrgetter

from acd.deadlines import Alarm
from acd.floor import Floor
from acd.holds import is_reserved, may_serve_head
from acd.lines import RANK, Demand, Head
from acd.match import NEVER
from acd.model import (
    Agent,
    AgentId,
    Contact,
    Medium,
    OfferMade,
    OrderKey,
    Rule,
    Seconds,
)  # fmt: skip
from acd.offers import keep, make
from acd.states import ContactState
from acd.strategy import Rank
from acd.together import serve_together
from acd.ways import may_let_in

ORDER, PREFERRED = Rule.ORDER, Rule.PREFERRED
first_head = attrgetter("first")
A_FEW = 16
"""So many entries are looked at in order before the shorter of two lists is gone through."""


def assign(floor: Floor, now: Seconds) -> None:
    """Make every offer that has become possible."""
    while floor.fresh_agents or floor.fresh_contacts:
        agents = [floor.agents[id_] for id_ in floor.fresh_agents if id_ in floor.agents]
        contacts = [floor.contacts[id_] for id_ in floor.fresh_contacts]
        floor.fresh_agents.clear()
        floor.fresh_contacts.clear()
        if len(agents) + len(contacts) > 1 or _may_let_in(floor, contacts, now):
            agents.sort(key=lambda agent: (agent.idle_since, agent.id))
            contacts.sort(key=_key)
            serve_together(floor, agents, contacts, now)
        for agent in agents if not floor.fresh_agents else ():
            _serve(floor, agent, now)
        if floor.fresh_agents:
            _begin_again(floor, agents, contacts)
            continue
        for contact in contacts:
            _place(floor, contact, now)


def _may_let_in(floor: Floor, contacts: list[Contact], now: Seconds) -> bool:
    return bool(floor.reserves and contacts) and may_let_in(floor, contacts[0], now)


def _begin_again(floor: Floor, agents: list[Agent], contacts: list[Contact]) -> None:
    """Who was served has room for more: first for who is first, held or not, news or not."""
    floor.fresh_agents.update(dict.fromkeys(agent.id for agent in agents))
    waiting = (contact.id for contact in contacts if contact.state is ContactState.WAITING)
    floor.fresh_contacts.update(dict.fromkeys(waiting))


# ---------------------------------------------------------------- an agent has become free


def _serve(floor: Floor, agent: Agent, now: Seconds) -> None:
    contact = next_contact(floor, agent, now)
    long = _rings_too_long(floor, agent, contact, now) if floor.ringing_long else None
    if long:
        keep(floor, agent, long, now)
    elif contact:
        rule = PREFERRED if floor.is_held(contact) else ORDER
        make(floor, contact, agent, now, rule)


def next_contact(floor: Floor, agent: Agent, now: Seconds) -> Contact | None:
    """The first contact that this agent may serve now: a live one, else a deferred one."""
    media, skills = _media(floor, agent.id), floor.member(agent.id).skills
    reach = floor.demands.reach[agent.id] if media else {}
    best: Head | None = None
    firsts = [*filter(None, map(first_head, reach))]
    heapify(firsts)  # few are looked at: sorting all would take longer
    while firsts and not (best and best < firsts[0]):
        trade = heappop(firsts)[3].demand.trade
        for head in trade.heads if trade.medium in media else ():
            if best and best < head:
                break
            if may_serve_head(floor, head[3], agent.id, skills, reach[trade], now):
                best = head
                break
    contact = best[3].head if best else None
    if floor.held_for.get(agent.id):
        contact = _first_of(contact, floor.held_for[agent.id].values(), media)
    if contact is None:
        _look_again(floor, agent, media, now)
    return contact


def _first_of(
    contact: Contact | None, held: Iterable[Contact], media: Collection[Medium]
) -> Contact | None:
    """The contact, or one that is held for the agent and stands before it."""
    found = [one for one in held if one.medium in media] + ([contact] if contact else [])
    return min(found, key=_key, default=None)


def _look_again(floor: Floor, agent: Agent, media: Collection[Medium], now: Seconds) -> None:
    """Come back when this agent may serve the head of some line, or what rings too long."""
    times = [
        max(
            line.head.entered_at + floor.demands.need(agent.id, line.demand),
            line.barred.get(agent.id, 0),
        )
        for trade in (floor.demands.reach[agent.id] if media else ())
        if trade.medium in media
        for *_, line in trade.heads
    ]
    times += [_from_when(floor, agent, long, now) for long, _ in _ringing_long(floor, agent, now)]
    later = [at for at in times if now < at < NEVER]
    if later:
        floor.deadlines.add(min(later), Alarm.LOOK, agent.id)


def _rings_too_long(
    floor: Floor, agent: Agent, other: Contact | None, now: Seconds
) -> OfferMade | None:
    """A contact before `other` in the order that has been ringing elsewhere for too long."""
    found = [
        (_key(contact), offer)
        for contact, offer in _ringing_long(floor, agent, now)
        if (other is None or _key(contact) < _key(other))
        and _from_when(floor, agent, contact, now) <= now
    ]
    return min(found, key=lambda pair: pair[0])[1] if found else None


def _ringing_long(floor: Floor, agent: Agent, now: Seconds) -> Iterator[tuple[Contact, OfferMade]]:
    """What rings at others for too long, as far as this agent has room for it."""
    for offer in floor.rings_too_long():
        contact = floor.contacts[offer.contact]
        if offer.agent != agent.id:
            medium = floor.demand(contact, now).trade.medium  # may be new to all agents
            if medium in _media(floor, agent.id):
                yield contact, offer


def _from_when(floor: Floor, agent: Agent, contact: Contact, now: Seconds) -> Seconds:
    """From when on this agent may serve this contact."""
    need = floor.demands.need(agent.id, floor.demand(contact, now))
    return max(contact.entered_at + need, contact.rests.get(agent.id, 0.0))


def _key(contact: Contact) -> tuple[int, OrderKey]:
    """Live contacts before deferred ones, each by their order key."""
    return (RANK[contact.lane], contact.order_key)


# ---------------------------------------------------------------- a contact has come


def _place(floor: Floor, contact: Contact, now: Seconds) -> None:
    if contact.state is not ContactState.WAITING:
        return
    agent = next_agent(floor, contact, now)
    if agent:
        rule = PREFERRED if floor.is_held(contact) else ORDER
        make(floor, contact, agent, now, rule)


def next_agent(floor: Floor, contact: Contact, now: Seconds) -> Agent | None:
    """The open agent for this contact: exact matches first, then by the queue's strategy."""
    demand = floor.demand(contact, now)
    if floor.is_held(contact) and contact.preferred:
        agent = floor.agents[contact.preferred]
        return agent if agent.id in floor.openings[demand.trade.medium].agents else None
    best: tuple[Seconds, Rank] | None = None
    wakes: Seconds | None = None
    for rank, in_order in _ranks(floor, contact, demand):
        agent = floor.agents[rank[3]]
        need = floor.demands.need(agent.id, demand)
        at = max(contact.entered_at + need, contact.rests.get(agent.id, 0.0))
        if at == NEVER:
            continue
        if at > now:
            wakes = at if wakes is None else min(at, wakes)
        elif not is_reserved(floor, demand, contact.class_):
            best = min(best or (need, rank), (need, rank))
            if in_order and need == 0.0:
                break
    if best is None and wakes is not None:
        floor.deadlines.add(wakes, Alarm.WAITED, contact.id)
    return floor.agents[best[1][3]] if best else None


def _ranks(floor: Floor, contact: Contact, demand: Demand) -> Iterator[tuple[Rank, bool]]:
    """Ranks of the open agents who may do for this contact; True: all before were as good.

    Many who have the skill: one of the first in the order will do. Few: go through those.
    """
    able, openings = demand.trade.able, floor.openings[demand.trade.medium]
    order = openings.order(floor.queue(contact.queue).strategy)
    if order is not None:
        for rank in islice(order, len(able) + A_FEW):
            if rank[3] in able:
                yield rank, True
        if len(order) <= len(able) + A_FEW:
            return
    strategy = floor.queue(contact.queue).strategy
    for id_ in able:
        if id_ in openings.agents:
            yield openings.rank(strategy, floor.agents[id_], floor.member(id_), contact), False


def _media(floor: Floor, agent: AgentId) -> list[Medium]:
    return [medium for medium, openings in floor.openings.items() if agent in openings.agents]
