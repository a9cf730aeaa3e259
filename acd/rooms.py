"""What an agent has room for when several contacts come in one instant, one after another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from acd.config import Capacity, Strategy
from acd.floor import Floor
from acd.match import leaves_room
from acd.model import AgentId, Medium, Seconds
from acd.strategy import Rank, after_one_more


class Ask:
    """What a contact takes of an agent. One for each: nothing is looked up so often."""

    __slots__ = ("keeps", "medium")

    def __init__(self, medium: Medium, keeps: bool) -> None:
        """`keeps`: the contact rings elsewhere, and nobody comes to the agent who is kept for it
        until it is here."""
        self.medium = medium
        self.keeps = keeps


ASKS = {(medium, keeps): Ask(medium, keeps) for medium in Medium for keeps in (False, True)}


class Rooms:
    """The rooms of all agents, as they are now. Those who hold the same of the same share one."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._of: dict[AgentId, Room] = {}
        self._alike: dict[tuple[Capacity, tuple[Medium, ...]], Room] = {}

    def places(
        self, ranked: Iterable[tuple[Seconds, Rank]], strategy: Strategy
    ) -> Iterator[tuple[AgentId, int]]:
        """Agents as `acd.matching.Options` wants them: again behind, for every contact more."""
        heap = [(need, rank, 0) for need, rank in ranked]  # in order, and so a heap
        while heap:
            need, rank, before = heappop(heap)
            yield rank[3], before
            if before + 1 < self.of(rank[3]).most:
                again = after_one_more(strategy, rank, self._floor.offers_made)
                heappush(heap, (need, again, before + 1))

    def of(self, agent: AgentId) -> Room:
        """What this agent has room for."""
        room = self._of.get(agent)
        if room is None:
            capacity = self._floor.member(agent).capacity
            held = tuple([work.medium for work in self._floor.agents[agent].works.values()])
            room = self._alike.get((capacity, held))
            if room is None:
                media = self._floor.openings
                most = sum(max(0, capacity.of(m) - held.count(m)) for m in media)
                room = self._alike[capacity, held] = Room(capacity, held, most)
            self._of[agent] = room
        return room


class Room:
    """What there is room for, one after another, in an agent of this capacity who holds this."""

    def __init__(self, capacity: Capacity, held: tuple[Medium, ...], most: int) -> None:
        self.most = most
        """No agent gets more than so many; there may be room for fewer."""
        self._capacity, self._held = capacity, held
        self._known: dict[tuple[Ask, ...], bool] = {}

    def __call__(self, asks: tuple[Ask, ...]) -> bool:
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
