"""Agents with room for one more contact, kept in the order in which a strategy chooses them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from acd.config import Centre, Member, Strategy
from acd.model import Agent, AgentId, Contact
from acd.strategy import RANKS, Rank, by_lot, level


class Openings:
    """The open agents of one medium."""

    def __init__(self, centre: Centre, strategies: Iterable[Strategy]) -> None:
        self._centre = centre
        self.agents: set[AgentId] = set()
        self._orders: dict[Strategy, list[Rank]] = {
            strategy: [] for strategy in strategies if strategy in RANKS
        }
        self._places: dict[AgentId, list[tuple[list[Rank], Rank]]] = {}
        """Where in which order each agent stands."""
        self._new: dict[AgentId, tuple[Agent, Member]] = {}
        """Not in the orders yet: most agents who open have a contact before anybody asks."""

    def open(self, agent: Agent, member: Member) -> None:
        """From now on this agent has room; again, when something about the agent has changed."""
        if agent.id in self.agents:
            self.close(agent.id)
        self.agents.add(agent.id)
        self._new[agent.id] = (agent, member)

    def close(self, agent: AgentId) -> None:
        self.agents.discard(agent)
        if self._new.pop(agent, None) is None:
            for order, rank in self._places.pop(agent, ()):
                del order[bisect_left(order, rank)]

    def order(self, strategy: Strategy) -> list[Rank] | None:
        """All open agents in the order of a strategy; None: it depends on the contact."""
        for agent, member in self._new.values():
            places = self._places[agent.id] = []
            for name, order in self._orders.items():
                rank = RANKS[name](agent, member, self._centre)
                places.append((order, rank))
                insort(order, rank)
        self._new.clear()
        return self._orders.get(strategy)

    def rank(self, strategy: Strategy, agent: Agent, member: Member, contact: Contact) -> Rank:
        """The rank of an open agent for this contact."""
        if strategy is Strategy.LEVEL:
            return level(agent, member, contact.skills)
        if strategy is Strategy.RANDOM:
            return by_lot(agent, self._centre, contact)
        return RANKS[strategy](agent, member, self._centre)
