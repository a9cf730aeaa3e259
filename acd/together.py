"""Many at once: what has become free in one instant is matched with what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush

from acd.floor import Floor
from acd.free import First, Free
from acd.holds import is_reserved
from acd.lines import RANK, Line, Trade
from acd.matching import Matching
from acd.model import Agent, AgentId, Contact, ContactId, Lane, OfferMade, Rule, Seconds
from acd.offers import keep, make
from acd.states import ContactState
from acd.ways import Looks, Search, Step, Taken, TooManyWays, can_be_made


def serve_together(
    floor: Floor, agents: Iterable[Agent], contacts: Iterable[Contact], now: Seconds
) -> None:
    """Match agents who have become free, and contacts that can be served by now, with all others.

    See `acd.matching` for who gets whom, and `acd.ways` for reserves. Everything else that is
    possible has been done before: an agent who was idle can only get one of these contacts, a
    contact that waited one of the agents; or one from whom a reserve kept it back until now.
    """
    fresh = {agent.id for agent in agents}.union(floor.reserves.who_may_be_let_loose())
    trades = {trade: None for id_ in fresh for trade in floor.demands.reach.get(id_, ())}
    wanted = {floor.demand(contact, now).trade: None for contact in contacts}
    held = {one.id: one for id_ in fresh for one in floor.held_for.get(id_, {}).values()}
    held |= {contact.id: contact for contact in contacts if floor.is_held(contact)}
    only = None if wanted else fresh
    looks = Looks()
    among = [*(trades | wanted)]
    waves = [_Wave(floor, lane, among, [*held.values()], only, looks, now) for lane in Lane]
    while any(_serve(wave) for wave in waves):
        pass  # a reserve has come to bind others than before: the first lane is first again


@dataclass(frozen=True, slots=True)
class _Wave:
    """Those of one lane who meet in one instant."""

    floor: Floor
    lane: Lane
    trades: list[Trade]
    held: list[Contact]
    only: set[AgentId] | None
    """No other agents; None: all who are free."""
    looks: Looks
    now: Seconds

    def free(self) -> Free:
        return Free(self.floor, self.only, self.now)

    def still_held(self) -> set[ContactId]:
        return {c.id for c in self.held if c.lane is self.lane and self.floor.is_held(c)}

    def kept_before(self) -> list[Line]:
        """Lines of the lanes before this one that get nobody, for a reserve."""
        rank, floor = RANK[self.lane], self.floor
        if not floor.reserves or not rank:
            return []
        lines = [head[3] for trade in self.trades for head in trade.heads if head[0] < rank]
        return [line for line in lines if is_reserved(floor, line.demand, line.class_)]

    def firsts(self) -> list[First]:
        """Who may come next, of all that wait and of all that ring for too long."""
        rank, held = RANK[self.lane], self.still_held()
        found: list[First] = [h for trade in self.trades for h in trade.heads if h[0] == rank]
        found += [(rank, *one.order_key, one) for one in self.held if one.id in held]
        for offer in self.floor.rings_too_long():
            contact = self.floor.contacts[offer.contact]
            if contact.lane is self.lane:
                found.append((rank, *contact.order_key, offer))
        return found


def _serve(wave: _Wave) -> bool:
    """Make the offers of this wave; whether it must be gone through again, for reserves have come
    to bind others."""
    floor, now, held = wave.floor, wave.now, wave.still_held()
    steps, kept_back = _plan(wave)
    kept_back += wave.kept_before()
    for number, (thing, contact, agent_id) in enumerate(steps):
        agent = floor.agents[agent_id]
        if isinstance(thing, OfferMade):
            keep(floor, agent, thing, now)
        elif not _offer(floor, contact, agent, contact.id in held, now):
            return _put_back(wave, steps[number:])
        if any(not is_reserved(floor, line.demand, line.class_) for line in kept_back):
            return _put_back(wave, steps[number + 1 :])
    return False


def _plan(wave: _Wave) -> tuple[list[Step], list[Line]]:
    """Who gets whom, one after another; and lines that get nobody, for a reserve."""
    floor, free = wave.floor, wave.free()
    steps, kept_back = _match(floor, wave.firsts(), free)
    if not floor.reserves or can_be_made(floor, free, steps, kept_back):
        return steps, kept_back
    _put_back(wave, steps)
    search = Search(floor, free, wave.firsts(), wave.looks)
    try:
        return search.run(), []
    except TooManyWays:
        _put_back(wave, search.taken)
    return _match(floor, wave.firsts(), wave.free())


def _match(floor: Floor, firsts: list[First], free: Free) -> tuple[list[Step], list[Line]]:
    """Take contacts out of their lines in key order, as long as they can be matched.

    When the head of a line cannot be matched, nobody behind it can: it has the longest wait.
    """
    matching = Matching[ContactId, AgentId](free.rooms.of)
    heapify(firsts)
    matched: list[Taken] = []
    kept_back: list[Line] = []
    while firsts:
        thing = heappop(firsts)[3]
        if isinstance(thing, Line) and is_reserved(floor, thing.demand, thing.class_):
            kept_back.append(thing)
            continue
        contact, options = free.look(thing)
        if options.agents and matching.add(contact.id, options):
            matched.append((thing, contact))
            if not isinstance(thing, OfferMade):
                floor.leave(contact)
            if isinstance(thing, Line) and thing.first:
                heappush(firsts, thing.first)
    matching.improve()
    return [(thing, one, matching.agent_of[one.id]) for thing, one in matched], kept_back


def _offer(floor: Floor, contact: Contact, agent: Agent, is_held: bool, now: Seconds) -> bool:
    """Offer the contact, unless those who were offered before it have used up what is not
    reserved."""
    if not is_held and is_reserved(floor, floor.demand(contact, now), contact.class_):
        return False
    make(floor, contact, agent, now, Rule.PREFERRED if is_held else Rule.ORDER)
    return True


def _put_back(wave: _Wave, steps: Sequence[Step | Taken]) -> bool:
    """These wait on: by the offers before, a reserve keeps others back than when they were
    matched."""
    floor = wave.floor
    for contact in [step[1] for step in steps]:
        if contact.state is ContactState.WAITING:
            floor.wait(contact, wave.now)
            floor.fresh_contacts.pop(contact.id)
    return True
