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
        self.orders: dict[Strategy, list[Rank]] = {
            strategy: [] for strategy in strategies if strategy in RANKS
        }
        self._ranks: dict[AgentId, list[Rank]] = {}

    def open(self, agent: Agent, member: Member) -> None:
        """From now on this agent has room; again, when something about the agent has changed."""
        if agent.id in self.agents:
            self.close(agent.id)
        self.agents.add(agent.id)
        ranks = self._ranks[agent.id] = []
        for strategy, order in self.orders.items():
            rank = RANKS[strategy](agent, member, self._centre)
            ranks.append(rank)
            insort(order, rank)

    def close(self, agent: AgentId) -> None:
        ranks = self._ranks.pop(agent, None)
        if ranks is None:
            return
        self.agents.discard(agent)
        for order, rank in zip(self.orders.values(), ranks, strict=True):
            del order[bisect_left(order, rank)]

    def rank(self, strategy: Strategy, agent: Agent, member: Member, contact: Contact) -> Rank:
        """The rank of an open agent for this contact."""
        if strategy is Strategy.LEVEL:
            return level(agent, member, contact.skills)
        if strategy is Strategy.RANDOM:
            return by_lot(agent, self._centre, contact)
        return RANKS[strategy](agent, member, self._centre)
