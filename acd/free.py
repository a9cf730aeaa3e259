"""Who is free in one instant, and for which contacts: what together and one by one is given out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable

from acd.config import Strategy
from acd.floor import Floor
from acd.lines import Demand, Line
from acd.match import NEVER
from acd.matching import Options
from acd.model import AgentId, Contact, ContactId, OfferMade, Seconds
from acd.rooms import ASKS, Rooms
from acd.strategy import Rank

Thing = Line | Contact | OfferMade
"""What may come next: the head of a line, a contact that is held for an agent, or one that rings
elsewhere for too long."""
First = tuple[int, Seconds, int, Thing]
"""The same with its lane and order key before it."""

Asked = Demand | ContactId
"""Whose agents stand in one order: all of a demand, or one contact where lots are drawn for it."""


class Free:
    """Agents who are free in this instant, and what they are free for."""

    def __init__(self, floor: Floor, only: set[AgentId] | None, now: Seconds) -> None:
        self._floor, self._only, self._now = floor, only, now
        self.rooms = Rooms(floor)
        self._ranked: dict[Asked, list[tuple[Seconds, Rank]]] = {}
        self._options: dict[tuple[Asked, int], Options[AgentId]] = {}

    def look(self, thing: Thing) -> tuple[Contact, Options[AgentId]]:
        """The contact, and who may serve it when no reserve is asked, the best first."""
        if isinstance(thing, Line):
            return thing.head, self._head(thing)
        if isinstance(thing, OfferMade):
            contact = self._floor.contacts[thing.contact]
            return contact, self._elsewhere(contact, thing)
        return thing, self._preferred(thing)

    def _head(self, line: Line) -> Options[AgentId]:
        floor, demand, now = self._floor, line.demand, self._now
        by_lot = floor.queue(demand.trade.queue).strategy is Strategy.RANDOM
        asked: Asked = line.head.id if by_lot else demand
        if asked not in self._ranked:
            self._ranked[asked] = self._ranks(demand, line.head)
        ranked, entered_at = self._ranked[asked], line.head.entered_at
        if line.barred:
            barred = line.barred
            able = [
                (need, rank) for need, rank in ranked
                if entered_at + need <= now and barred.get(rank[3], now) <= now
            ]  # fmt: skip
            return self._among(able, demand)
        count = bisect_left(ranked, True, key=lambda each: entered_at + each[0] > now)
        if (asked, count) not in self._options:
            self._options[asked, count] = self._among(ranked[:count], demand)
        return self._options[asked, count]

    def _elsewhere(self, contact: Contact, offer: OfferMade) -> Options[AgentId]:
        demand = self._floor.demand(contact, self._now)
        entered_at, rests = contact.entered_at, contact.rests
        able = [
            (need, rank) for need, rank in self._ranks(demand, contact)
            if rank[3] != offer.agent
            and max(entered_at + need, rests.get(rank[3], entered_at)) <= self._now
        ]  # fmt: skip
        return self._among(able, demand, keeps=True)

    def _preferred(self, contact: Contact) -> Options[AgentId]:
        demand = self._floor.demand(contact, self._now)
        known = [contact.preferred] if contact.preferred else []
        return self._among(self._ranks(demand, contact, known), demand)

    def _among(
        self, able: list[tuple[Seconds, Rank]], demand: Demand, keeps: bool = False
    ) -> Options[AgentId]:
        trade = demand.trade
        places = self.rooms.places(able, self._floor.queue(trade.queue).strategy)
        return Options([rank[3] for _, rank in able], ASKS[trade.medium, keeps], places)

    def _ranks(
        self, demand: Demand, contact: Contact, who: Iterable[AgentId] | None = None
    ) -> list[tuple[Seconds, Rank]]:
        """Who (of these) may ever serve what is asked: exact matches first, then by strategy."""
        floor = self._floor
        strategy = floor.queue(demand.trade.queue).strategy
        openings = floor.openings[demand.trade.medium]
        who = demand.trade.able if who is None else who
        able = [id_ for id_ in who if id_ in openings.agents and self._is_free(id_)]
        return sorted(
            (need, openings.rank(strategy, floor.agents[id_], floor.member(id_), contact))
            for id_ in able
            if (need := floor.demands.need(id_, demand)) < NEVER
        )

    def _is_free(self, agent: AgentId) -> bool:
        return self._only is None or agent in self._only
