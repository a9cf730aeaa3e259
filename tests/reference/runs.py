"""Every run of offers that could be made at one instant, tried one by one, and the first of them.

Written from the guide alone, and slowly: each way to make the offers is gone through by itself, and
who is free or with a class is counted anew for every question. For a handful of contacts and
agents who meet when the link is back, with queues that choose who has been idle the longest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy

from acd.config import Centre
from acd.engine import Engine
from acd.model import Agent, AgentId, Contact, ContactId, Lane, Medium, Work
from acd.states import AgentState, ContactState
from tests.reference import oracle

Pair = tuple[Contact, Agent]
Run = tuple[Pair, ...]


class Instant:
    """The centre as it stands before the first of the offers."""

    def __init__(self, engine: Engine, centre: Centre, now: float) -> None:
        self.centre, self.now = centre, now
        self._contacts = {contact.id: deepcopy(contact) for contact in engine.contacts.values()}
        self._offers = deepcopy([*engine.offers.values()])
        agents = deepcopy([*engine.agents.values()])
        self._staff = {a.id: a for a in agents if a.state is not AgentState.LOGGED_OFF}

    def first_run(self) -> list[tuple[ContactId, AgentId]]:
        """Live contacts as far as can be, then deferred ones, until one of those lets a live one
        in."""
        run: Run = ()
        while True:
            longer = self._longest(run, Lane.LIVE)
            if longer == run:
                longer = self._until_one_is_let_in(run)
            if longer == run:
                return [(contact.id, agent.id) for contact, agent in run]
            run = longer

    def _until_one_is_let_in(self, before: Run) -> Run:
        """Deferred contacts, as long as no live one can come next."""
        whole = self._longest(before, Lane.DEFERRED)
        parts = (whole[:n] for n in range(len(before) + 1, len(whole)))
        return next((part for part in parts if any(self._one_more(part, Lane.LIVE))), whole)

    def can_be_made(self, pairs: Sequence[tuple[ContactId, AgentId]]) -> bool:
        """Whether each of these offers is allowed after those before it."""
        run: Run = ()
        for contact, agent in pairs:
            pair = self._contacts[contact], self._staff[agent]
            longer = [one for lane in Lane for one in self._one_more(run, lane)]
            if (*run, pair) not in longer:
                return False
            run = (*run, pair)
        return True

    def _longest(self, before: Run, lane: Lane) -> Run:
        """Whoever comes first in order of those who can come next in some run; the best of these.

        Of runs with the same contacts: by the agent of the first, then of the second, and so on.
        """
        runs = [before]
        while longer := [run for each in runs for run in self._one_more(each, lane)]:
            next_ = min(oracle.key(run[-1][0]) for run in longer)
            runs = [run for run in longer if oracle.key(run[-1][0]) == next_]
        return min(runs, key=self._turns)

    def _one_more(self, run: Run, lane: Lane) -> Iterator[Run]:
        offered = {contact.id for contact, _ in run}
        for contact in self._contacts.values():
            waits = contact.state is ContactState.WAITING and contact.lane is lane
            if waits and contact.id not in offered and not self.kept_back(run, contact):
                for agent in self._staff.values():
                    if self._is_free(run, agent, contact.medium) and self._able(agent, contact):
                        yield (*run, (contact, agent))

    def kept_back(self, run: Run, contact: Contact) -> bool:
        """By the guide: of another class only while so many agents of the queue are free or with
        the reserved class; never the last agent of a queue."""
        staff = [agent for agent in self._staff.values() if contact.queue in agent.queues]
        free = [agent for agent in staff if self._is_free(run, agent, contact.medium)]
        for name, class_ in self.centre.classes.items():
            ring = [c for c, _ in run if (c.queue, c.class_) == (contact.queue, name)]
            others = [o for o in self._offers if (o.queue, o.class_) == (contact.queue, name)]
            left = len(free) - 1 + len(ring) + len(others)
            if name != contact.class_ and left < min(class_.reserve, len(staff) - 1):
                return True
        return False

    def _is_free(self, run: Run, agent: Agent, medium: Medium) -> bool:
        works = [*agent.works.values(), *(Work(c.medium) for c, a in run if a is agent)]
        room = oracle.has_room(self.centre.agents[agent.id], works, medium)
        return room and oracle.takes_offers(agent, medium, self.now)

    def _able(self, agent: Agent, contact: Contact) -> bool:
        return oracle.able(self.centre, agent, contact, self.now)

    def _turns(self, run: Run) -> list[tuple[float, int, float, AgentId]]:
        """How good each agent was when they were chosen: smaller is better."""
        found = []
        for number, (contact, agent) in enumerate(run):
            has = len(agent.works) + sum(a is agent for _, a in run[:number])
            found.append((self._need(agent, contact), has, agent.idle_since, agent.id))
        return found

    def _need(self, agent: Agent, contact: Contact) -> float:
        """After which wait this agent would do, tried second by second."""
        able = (
            wait
            for wait in range(1000)
            if oracle.able(self.centre, agent, contact, contact.entered_at + wait)
        )
        return next(able)
