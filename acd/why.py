"""Why this contact, and why this agent: an offer explained from the engine that has just made it.

    for command in engine.handle(event, now):
        if isinstance(command, Offer):
            explain(engine, command, now).line()    # one line for agents and supervisors

Nothing is kept for it: the journal replayed up to the event gives the engine, so any offer ever
made can be explained and checked again, under the rules that it was made by.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from acd.commands import Offer
from acd.floor import Floor
from acd.holds import is_reserved
from acd.match import NEVER
from acd.model import Agent, AgentId, Contact, ContactId, OrderKey, Rule, Seconds
from acd.states import ContactState

MOST_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that the agent could have been offered, with the terms of its key."""

    contact: ContactId
    key: OrderKey
    waited: Seconds
    credit: Seconds
    class_: str
    needs: Seconds
    """From which wait on this agent may serve it."""
    kept_by: str = ""
    """Why it could not be offered to this agent just now; empty if it could."""


@dataclass(frozen=True, slots=True)
class Able:
    """An agent who could have been offered the contact."""

    agent: AgentId
    idle: Seconds
    needs: Seconds
    open: bool
    """Had room for one more contact; the agent who got it has none any more."""
    kept_by: str
    rank: tuple[float | str, ...]
    """Smaller ranks first: open, not kept apart, exact match, then the queue's strategy."""


@dataclass(frozen=True, slots=True)
class Why:
    """One offer: the contact among those before and behind it, the agent among the able ones."""

    contact: ContactId
    agent: AgentId
    rule: Rule
    strategy: str
    version: str
    chosen: Candidate
    contacts: tuple[Candidate, ...]
    """Whom this agent could ever serve, the first in the order first; at most ten."""
    agents: tuple[Able, ...]
    """Who can ever serve this contact, open ones first; at most ten."""
    asked: str
    """Skills that the contact asks for; empty: none."""

    def line(self) -> str:
        """`first in order: waited 3:12, vip head start 1:30; 1003 was the longest idle with …`"""
        chosen, idle = self.chosen, self.agents[0].idle if self.agents else 0.0
        terms = [f"{_first(self.rule)}: waited {clock(chosen.waited)}"]
        if chosen.credit:
            terms.append(f"{chosen.class_} head start {clock(chosen.credit)}")
        passed = [one for one in self.contacts if one.key < chosen.key and one.kept_by]
        if passed:
            terms.append(f"{len(passed)} before it: {passed[0].kept_by}")
        who = f"{self.agent} was {_chosen(self.strategy)}, idle {clock(idle)}"
        with_skills = f", with {self.asked}" if self.asked else ""
        late = f" (allowed after {clock(chosen.needs)})" if chosen.needs else ""
        return f"{', '.join(terms)}; {who}{with_skills}{late}"


def explain(engine: Floor, offer: Offer, now: Seconds) -> Why:
    """Why `offer` was made; `engine` has just made it."""
    contact, agent = engine.contacts[offer.contact], engine.agents[offer.agent]
    if offer.in_line and contact.stand_in:
        contact = engine.contacts[contact.stand_in]
    able = sorted(_able(engine, contact, now), key=lambda a: (a.agent != agent.id, a.rank))
    contacts = sorted(_candidates(engine, agent, contact, now), key=lambda c: c.key)
    return Why(
        contact.id, agent.id, offer.rule, engine.queue(contact.queue).strategy,
        engine.centre.version, _candidate(engine, agent, contact, now),
        tuple(contacts[:MOST_SHOWN]), tuple(able[:MOST_SHOWN]),
        ", ".join(f"{skill} ≥ {level}" for skill, level in sorted(contact.skills.items())),
    )  # fmt: skip


def _candidates(engine: Floor, agent: Agent, chosen: Contact, now: Seconds) -> Iterator[Candidate]:
    """Who waits still, and who was offered in the same moment."""
    for contact in engine.contacts.values():
        offer = engine.offers.get(contact.offer) if contact.offer else None
        there = contact.state is ContactState.WAITING or (offer and offer.made_at == now)
        if there and engine.demands.need(agent.id, engine.demand(contact, now)) < NEVER:
            found = _candidate(engine, agent, contact, now)
            if offer and contact is not chosen:
                found = replace(found, kept_by=f"offered to {offer.agent} in the same moment")
            yield found


def _candidate(engine: Floor, agent: Agent, contact: Contact, now: Seconds) -> Candidate:
    needs = engine.demands.need(agent.id, engine.demand(contact, now))
    return Candidate(
        contact.id, contact.order_key, now - contact.entered_at, contact.credit, contact.class_,
        needs, _kept_apart(engine, agent, contact, needs, now),
    )  # fmt: skip


def _able(engine: Floor, contact: Contact, now: Seconds) -> Iterator[Able]:
    openings = engine.openings[contact.medium]
    strategy = engine.queue(contact.queue).strategy
    demand = engine.demand(contact, now)
    for id_ in demand.trade.able:
        agent, is_open = engine.agents[id_], id_ in openings.agents
        needs = engine.demands.need(id_, demand)
        if needs == NEVER:
            continue
        rank = openings.rank(strategy, agent, engine.member(id_), contact)
        apart = _kept_apart(engine, agent, contact, needs, now)
        idle = now - agent.idle_since
        yield Able(id_, idle, needs, is_open, apart, (not is_open, bool(apart), needs, *rank))


def _kept_apart(engine: Floor, agent: Agent, contact: Contact, needs: Seconds, now: Seconds) -> str:
    """The hold rule that keeps the two apart now; empty if none does."""
    if engine.is_held(contact) and contact.preferred != agent.id:
        return f"held for {contact.preferred}"
    if contact.entered_at + needs > now:
        return f"for {agent.id} after {clock(needs)}"
    if contact.rests.get(agent.id, 0.0) > now:
        return f"{agent.id} declined it a moment ago"
    waits = contact.state is ContactState.WAITING
    if waits and is_reserved(engine, engine.demand(contact, now), contact.class_):
        return "agents are kept for another class"
    return ""


def clock(seconds: Seconds) -> str:
    """Minutes and seconds: `3:12`."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"


def _first(rule: Rule) -> str:
    return _RULES[rule]


_RULES = {
    Rule.ORDER: "first in order",
    Rule.PREFERRED: "held for the agent who knows them",
    Rule.ELSEWHERE: "rang too long elsewhere",
    Rule.PICKED_UP: "out of order, handed over",
    Rule.CONSULT: "asked for advice",
    Rule.SENT_BACK: "back to the agent who handed them on",
    Rule.OUTGOING: "calls by themselves",
}
_STRATEGIES = {
    "longest_idle": "the longest idle",
    "fewest_skills": "who can do least",
    "level": "the most skilled",
    "fewest_contacts": "who had the fewest contacts",
    "round_robin": "next in turn",
    "random": "drawn by lot",
}


def _chosen(strategy: str) -> str:
    return _STRATEGIES[strategy]
