"""Why this contact, and why this agent: an offer explained while it is being made.

    engine.explains = line_for      # one line for agents and supervisors, kept with the offer

`explain` looks at the engine before the offer has changed anything, so that agents are ranked by
what they were when it was decided. The journal replayed up to the event gives that engine again:
any offer ever made can be explained and checked, under the rules that it was made by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from acd.chosen import Able, in_words
from acd.commands import Offer
from acd.floor import Floor
from acd.holds import is_reserved
from acd.lines import RANK
from acd.match import NEVER
from acd.model import DEFERRED, Agent, AgentId, Contact, ContactId, OrderKey, Rule, Seconds
from acd.states import ContactState

MOST_SHOWN = 10
MOST_AT_ONCE = 500
"""With more contacts and agents than these nobody is kept waiting for a line: see `line_for`."""
NOT_THEIRS = "not of their queues, or without the skills"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A contact that the agent could have been offered, with the terms of its key."""

    contact: ContactId
    key: OrderKey
    waited: Seconds
    credit: Seconds
    class_: str
    needs: Seconds | None
    """From which wait on this agent may serve it; None: never by the rules of queues and skills."""
    kept_by: str = ""
    """Why it could not be offered to this agent just now; empty if it could."""
    due_in: Seconds | None = None
    """Deferred: so soon it was promised an answer, below 0 if it is late; None: it is live."""

    @property
    def turn(self) -> tuple[bool, OrderKey]:
        """Whoever is there comes before what was promised."""
        return (self.due_in is not None, self.key)


@dataclass(frozen=True, slots=True)
class Why:
    """One offer: the contact among those before and behind it, the agent among the able ones."""

    contact: ContactId
    agent: AgentId
    rule: Rule
    strategy: str
    version: str
    chosen: Candidate
    idle: Seconds
    """For how long the agent had been free for work."""
    taken: str
    """How the agent came to it: `ann was the longest idle`."""
    contacts: tuple[Candidate, ...]
    """Whom this agent could ever serve, the first in the order first; the first ten, and it."""
    passed: int
    """So many stood before it and could not be served."""
    passed_by: str
    """Why the first of these could not."""
    agents: tuple[Able, ...]
    """Who can ever serve this contact, the first by rank first; the first ten, and the agent."""
    asked: str
    """Skills that the contact asks for; empty: none."""

    def line(self) -> str:
        """`first in order: waited 3:12, vip head start 1:30; 1003 was the longest idle with …`"""
        chosen = self.chosen
        terms = [f"{_RULES[self.rule]}: {_so_long(chosen)}"]
        if chosen.credit:
            terms.append(f"{chosen.class_} head start {clock(chosen.credit)}")
        if self.passed:
            terms.append(f"{self.passed} before it: {self.passed_by}")
        return f"{', '.join(terms)}; {self.taken}, idle {clock(self.idle)}{self._fits()}"

    def _fits(self) -> str:
        """The skills, and from when on they are enough."""
        needs = self.chosen.needs
        if needs is None:
            return f" ({NOT_THEIRS})"
        late = f" (allowed after {clock(needs)})" if needs else ""
        skills = f", {'asked for' if needs else 'with'} {self.asked}" if self.asked else ""
        return skills + late


def line_for(engine: Floor, offer: Offer, now: Seconds) -> str:
    """The line of an offer that is about to be made; empty where there are too many to look at
    while somebody waits for it."""
    if len(engine.contacts) + len(engine.agents) > MOST_AT_ONCE:
        return ""
    return explain(engine, offer, now).line()


def explain(engine: Floor, offer: Offer, now: Seconds) -> Why:
    """Why `offer` is made; it is about to be, and nothing has changed for it yet."""
    contact, agent = engine.contacts[offer.contact], engine.agents[offer.agent]
    if offer.in_line and contact.stand_in:
        contact = engine.contacts[contact.stand_in]
    strategy = engine.queue(contact.queue).strategy
    able = sorted(_able(engine, contact, now), key=lambda one: one.rank)
    found = list(_candidates(engine, agent, contact, now))
    chosen = _candidate(engine, agent, contact, now)
    passed = [one for one in found if one.kept_by and one.turn < chosen.turn]
    by_order = offer.rule is Rule.ORDER or offer.in_line
    return Why(
        contact.id, agent.id, offer.rule, strategy, engine.centre.version,
        chosen, max(0.0, now - agent.idle_since),
        in_words(offer, strategy, able),
        (*found[:MOST_SHOWN], *(one for one in found[MOST_SHOWN:] if one.contact == contact.id)),
        len(passed) if by_order else 0, passed[0].kept_by if passed else "",
        (*able[:MOST_SHOWN], *(one for one in able[MOST_SHOWN:] if one.agent == agent.id)),
        ", ".join(f"{skill} ≥ {level}" for skill, level in sorted(contact.skills.items())),
    )  # fmt: skip


def _candidates(engine: Floor, agent: Agent, chosen: Contact, now: Seconds) -> Iterator[Candidate]:
    """Who waits still, and who was offered in the same moment; all before the chosen one, and a
    few behind."""
    shown = 0
    for contact in _in_order(engine, now):
        if shown >= MOST_SHOWN and _turn(contact) > _turn(chosen):
            return
        found = _candidate(engine, agent, contact, now)
        if found.needs is None and contact is not chosen:
            continue
        offer = engine.offers.get(contact.offer) if contact.offer else None
        if offer and contact is not chosen:
            found = replace(found, kept_by=f"offered to {offer.agent} in the same moment")
        elif not found.kept_by and agent.id not in engine.openings[contact.medium].agents:
            found = replace(found, kept_by=f"{agent.id} has no room for {contact.medium}")
        shown += 1
        yield found


def _in_order(engine: Floor, now: Seconds) -> Sequence[Contact]:
    found = []
    for contact in engine.contacts.values():
        offer = engine.offers.get(contact.offer) if contact.offer else None
        if contact.state is ContactState.WAITING or (offer and offer.made_at == now):
            found.append(contact)
    return sorted(found, key=_turn)


def _turn(contact: Contact) -> tuple[int, OrderKey]:
    return (RANK[contact.lane], contact.order_key)


def _candidate(engine: Floor, agent: Agent, contact: Contact, now: Seconds) -> Candidate:
    needs = engine.demands.need(agent.id, engine.demand(contact, now))
    return Candidate(
        contact.id, contact.order_key, max(0.0, now - contact.entered_at), contact.credit,
        contact.class_, None if needs == NEVER else needs,
        _kept_apart(engine, agent, contact, needs, now),
        contact.due_at - now if contact.lane is DEFERRED else None,
    )  # fmt: skip


def _so_long(chosen: Candidate) -> str:
    if chosen.due_in is None:
        return f"waited {clock(chosen.waited)}"
    if chosen.due_in < 0:
        return f"nobody who is there came first, was promised {long_clock(-chosen.due_in)} ago"
    return f"nobody who is there came first, promised within {long_clock(chosen.due_in)}"


def _able(engine: Floor, contact: Contact, now: Seconds) -> Iterator[Able]:
    demand, strategy = engine.demand(contact, now), engine.queue(contact.queue).strategy
    openings = engine.openings[demand.trade.medium]
    for id_ in demand.trade.able:
        agent, is_open = engine.agents[id_], id_ in openings.agents
        needs = engine.demands.need(id_, demand)
        if needs == NEVER:
            continue
        rank = openings.rank(strategy, agent, engine.member(id_), contact)
        apart = _kept_apart(engine, agent, contact, needs, now)
        yield Able(
            id_, max(0.0, now - agent.idle_since), needs, is_open, apart, len(agent.works),
            (not is_open, bool(apart), needs, *rank),
        )  # fmt: skip


def _kept_apart(engine: Floor, agent: Agent, contact: Contact, needs: Seconds, now: Seconds) -> str:
    """The hold rule that keeps the two apart now; empty if none does."""
    if needs == NEVER:
        return NOT_THEIRS
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


def long_clock(seconds: Seconds) -> str:
    """Hours, minutes and seconds where there are hours: `26:03:12`."""
    hours, rest = divmod(max(0, round(seconds)), 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else clock(seconds)


def clock(seconds: Seconds) -> str:
    """Minutes and seconds: `3:12`."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"


_RULES = {
    Rule.ORDER: "first in order",
    Rule.PREFERRED: "held for the agent who knows them",
    Rule.ELSEWHERE: "rang too long elsewhere",
    Rule.PICKED_UP: "out of order, picked up from a colleague",
    Rule.HANDED_OVER: "out of order, handed over by a supervisor",
    Rule.CONSULT: "asked for advice",
    Rule.SENT_BACK: "back to the agent who handed them on",
    Rule.OUTGOING: "calls by themselves",
}
