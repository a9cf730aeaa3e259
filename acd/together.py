"""Many at once: what has become free in one instant is matched with what waits."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from acd.config import Strategy
from acd.floor import Floor
from acd.holds import is_reserved
from acd.lines import RANK, Demand, Line, Trade
from acd.match import NEVER
from acd.matching import Matching, Options
from acd.model import Agent, AgentId, Contact, ContactId, Lane, OfferMade, Rule, Seconds
from acd.offers import keep, make
from acd.rooms import ASKS, Rooms
from acd.states import ContactState
from acd.strategy import Rank


def serve_together(
    floor: Floor, agents: Iterable[Agent], contacts: Iterable[Contact], now: Seconds
) -> None:
    """Match agents who have become free, and contacts that can be served by now, with all others.

    See `acd.matching` for who gets whom. Everything else that is possible has been done before: an
    agent who was idle can only get one of these contacts, a contact that waited one of the agents.
    """
    fresh = {agent.id for agent in agents}
    trades = {trade: None for id_ in fresh for trade in floor.demands.reach.get(id_, ())}
    wanted = {floor.demand(contact, now).trade: None for contact in contacts}
    held = {one.id: one for id_ in fresh for one in floor.held_for.get(id_, {}).values()}
    held |= {contact.id: contact for contact in contacts if floor.is_held(contact)}
    only = None if wanted else fresh
    for lane in Lane:
        while _serve_lane(floor, lane, trades | wanted, [*held.values()], only, now):
            pass  # a reserve has come to bind others than before


def _serve_lane(
    floor: Floor, lane: Lane, trades: Iterable[Trade], held: list[Contact],
    only: set[AgentId] | None, now: Seconds,
) -> bool:  # fmt: skip
    """One matching of this lane; whether there must be another, for not all of it was right."""
    rank, long = RANK[lane], {offer.contact: offer for offer in floor.rings_too_long()}
    firsts: list[First] = [head for trade in trades for head in trade.heads if head[0] == rank]
    still = {c.id: c for c in held if c.lane is lane and c.state is ContactState.WAITING}
    firsts += [(rank, *one.order_key, one) for one in still.values()]
    ringing = [(floor.contacts[offer.contact], offer) for offer in long.values()]
    firsts += [(rank, *one.order_key, offer) for one, offer in ringing if one.lane is lane]
    free = _Free(floor, only, now)
    matching = Matching[ContactId, AgentId](free.rooms.of)
    matched = _match(floor, matching, firsts, free)
    matching.improve()
    for number, contact in enumerate(matched):
        agent = floor.agents[matching.agent_of[contact.id]]
        if contact.id in long:
            keep(floor, agent, long[contact.id], now)
        elif not _offer(floor, contact, agent, contact.id in still, now):
            return _put_back(floor, matched[number:], now)
        if any(not is_reserved(floor, floor.demand(c, now), c.class_) for c in free.kept_back):
            return _put_back(floor, matched[number + 1 :], now)
    return False


First = tuple[int, Seconds, int, Line | Contact | OfferMade]
"""The head of a line, a contact that is held for an agent, or one that rings elsewhere for too
long, by lane and order key."""


def _match(
    floor: Floor, matching: Matching[ContactId, AgentId], firsts: list[First], free: _Free
) -> list[Contact]:
    """Take contacts out of their lines in key order, as long as they can be matched.

    When the head of a line cannot be matched, nobody behind it can: it has the longest wait.
    """
    heapify(firsts)
    matched: list[Contact] = []
    while firsts:
        first = heappop(firsts)[3]
        if isinstance(first, Line):
            contact, options = first.head, free.options(first)
        elif isinstance(first, OfferMade):
            contact = floor.contacts[first.contact]
            options = free.elsewhere(contact, first)
        else:
            contact, options = first, free.preferred(first)
        if options.agents and matching.add(contact.id, options):
            matched.append(contact)
            if not isinstance(first, OfferMade):
                floor.leave(contact)
            if isinstance(first, Line) and first.first:
                heappush(firsts, first.first)
    return matched


Asked = Demand | ContactId
"""Whose agents stand in one order: all of a demand, or one contact where lots are drawn for it."""


class _Free:
    """Agents who are free in this instant, and what they are free for."""

    def __init__(self, floor: Floor, only: set[AgentId] | None, now: Seconds) -> None:
        self._floor, self._only, self._now = floor, only, now
        self.rooms = Rooms(floor)
        self.kept_back: list[Contact] = []
        """Heads of lines who may have nobody now, for a reserve."""
        self._ranked: dict[Asked, list[tuple[Seconds, Rank]]] = {}
        self._options: dict[tuple[Asked, int], Options[AgentId]] = {}

    def options(self, line: Line) -> Options[AgentId]:
        """Who may serve the head of this line, the best first."""
        floor, demand, now = self._floor, line.demand, self._now
        if is_reserved(floor, demand, line.class_):
            self.kept_back.append(line.head)
            return Options([])
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

    def elsewhere(self, contact: Contact, offer: OfferMade) -> Options[AgentId]:
        """Who may serve a contact that rings at somebody else, the best first."""
        demand = self._floor.demand(contact, self._now)
        entered_at, rests = contact.entered_at, contact.rests
        able = [
            (need, rank) for need, rank in self._ranks(demand, contact)
            if rank[3] != offer.agent
            and max(entered_at + need, rests.get(rank[3], entered_at)) <= self._now
        ]  # fmt: skip
        return self._among(able, demand, keeps=True)

    def preferred(self, contact: Contact) -> Options[AgentId]:
        """The agent whom the contact is held for, if that one is free."""
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


def _offer(floor: Floor, contact: Contact, agent: Agent, is_held: bool, now: Seconds) -> bool:
    """Offer the contact, unless those who were offered before it have used up what is not
    reserved."""
    if not is_held and is_reserved(floor, floor.demand(contact, now), contact.class_):
        return False
    make(floor, contact, agent, now, Rule.PREFERRED if is_held else Rule.ORDER)
    return True


def _put_back(floor: Floor, matched: Iterable[Contact], now: Seconds) -> bool:
    """These wait on: by the offers before, a reserve keeps others back than when they were
    matched."""
    for contact in matched:
        if contact.state is ContactState.WAITING:
            floor.wait(contact, now)
            floor.fresh_contacts.pop(contact.id)
    return True
