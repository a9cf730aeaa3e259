"""What an agent has room for when several contacts come in one instant, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from acd.config import Capacity, Strategy
from acd.floor import Floor
from acd.match import leaves_room
from acd.model import AgentId, Medium, Seconds
from acd.strategy import Rank, after_one_more


class Ask(NamedTuple):
    """What a contact takes of an agent."""

    medium: Medium
    keeps: bool = False
    """It rings elsewhere, and the agent is kept for it: nobody comes to them until it is here."""


class Rooms:
    """The rooms of all agents, as they are now. Those who hold the same of the same share one."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._of: dict[AgentId, _Room] = {}
        self._alike: dict[tuple[Capacity, tuple[Medium, ...]], _Room] = {}

    def take(self, agent: AgentId, asks: tuple[Ask, ...]) -> bool:
        """Whether the agent has room for all of these, one after another."""
        return self._room(agent).takes(asks)

    def places(
        self, ranked: Iterable[tuple[Seconds, Rank]], strategy: Strategy
    ) -> Iterator[tuple[AgentId, int]]:
        """Agents as `acd.matching.Options` wants them: again behind, for every contact more."""
        heap = [(need, rank, 0) for need, rank in ranked]  # in order, and so a heap
        while heap:
            need, rank, before = heappop(heap)
            yield rank[3], before
            if before + 1 < self._room(rank[3]).most:
                again = after_one_more(strategy, rank, self._floor.offers_made)
                heappush(heap, (need, again, before + 1))

    def _room(self, agent: AgentId) -> _Room:
        room = self._of.get(agent)
        if room is None:
            capacity = self._floor.member(agent).capacity
            held = tuple([work.medium for work in self._floor.agents[agent].works.values()])
            room = self._alike.get((capacity, held))
            if room is None:
                media = self._floor.openings
                most = sum(max(0, capacity.of(m) - held.count(m)) for m in media)
                room = self._alike[capacity, held] = _Room(capacity, held, most)
            self._of[agent] = room
        return room


class _Room:
    def __init__(self, capacity: Capacity, held: tuple[Medium, ...], most: int) -> None:
        self.most = most
        """No agent gets more than so many; there may be room for fewer."""
        self._capacity, self._held = capacity, held
        self._known: dict[tuple[Ask, ...], bool] = {}

    def takes(self, asks: tuple[Ask, ...]) -> bool:
        known = self._known.get(asks)
        if known is None:
            known = self._known[asks] = self._look(asks)
        return known

    def _look(self, asks: tuple[Ask, ...]) -> bool:
        held = [*self._held]
        for number, ask in enumerate(asks):
            is_kept = number > 0 and asks[number - 1].keeps
            if is_kept or not leaves_room(self._capacity, held, ask.medium):
                return False
            held.append(ask.medium)
        return True
