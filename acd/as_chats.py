"""How long contacts that wait would wait as chats, if they went on now with the keys they have.

One look for all who ask in one instant. Reads, never writes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from acd.estimate import Range
from acd.floor import Floor
from acd.lines import DemandTerms
from acd.match import NEVER
from acd.model import Agent, AgentId, Contact, Lane, Medium, OrderKey, QueueId, Seconds
from acd.states import AgentState

CHAT = Medium.CHAT
AT_ONCE = Range(0.0, 0.0, 0.0)
Rooms = list[tuple[AgentId, Seconds, int]]
"""Who would be given so many chats more now, once these have waited so long."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A contact that may come into the chat of its queue at any moment."""

    queue: QueueId
    key: OrderKey


class AsChats:
    """The engine as it is now."""

    def __init__(self, floor: Floor, now: Seconds, coming: Collection[Coming] = ()) -> None:
        """`coming`: who has a way into the chat in hand; they may be there before who asks."""
        self._floor = floor
        self._now = now
        self._coming: dict[QueueId, list[OrderKey]] = {}
        for one in coming:
            self._coming.setdefault(one.queue, []).append(one.key)
        self._rooms: dict[DemandTerms, Rooms] = {}
        self._free: dict[QueueId, int] = {}

    def range(self, contact: Contact) -> Range | None:
        """None: nobody who may serve it there, or nobody can tell."""
        others = [key for key in self._coming.get(contact.queue, ()) if key != contact.order_key]
        if self._room(contact) > len(others):
            return AT_ONCE
        waits = self._floor.waits
        before = sum(key < contact.order_key for key in others)
        return waits.as_chat(self._floor, contact, self._now, before) if waits else None

    def _room(self, contact: Contact) -> int:
        """How many such contacts would be given to somebody at once."""
        rooms = self._with_room(contact)
        if not rooms or self._is_kept_back(contact):
            return 0
        held_for = self._held_for(contact)
        return sum(
            number for agent, need, number in rooms
            if max(contact.entered_at + need, contact.rests.get(agent, 0.0)) <= self._now
            and held_for in (None, agent)
        )  # fmt: skip

    def _with_room(self, contact: Contact) -> Rooms:
        skills = tuple(sorted(contact.skills.items()))
        terms = (contact.queue, CHAT, Lane.LIVE, skills)
        if terms not in self._rooms:
            self._rooms[terms] = self._look(terms)
        return self._rooms[terms]

    def _look(self, terms: DemandTerms) -> Rooms:
        floor, demand = self._floor, self._floor.demands.named(terms)
        rooms = [(id_, floor.demands.need(id_, demand)) for id_ in demand.trade.able]
        return [
            (id_, need, self._more(floor.agents[id_])) for id_, need in rooms
            if need < NEVER and floor.has_room(floor.agents[id_], CHAT, self._now)
        ]  # fmt: skip

    def _more(self, agent: Agent) -> int:
        held = sum(work.medium is CHAT for work in agent.works.values())
        return self._floor.member(agent.id).capacity.chat - held

    def _is_kept_back(self, contact: Contact) -> bool:
        """Whether those who are free are reserved for another class."""
        floor, queue = self._floor, contact.queue
        if not floor.reserves:
            return False
        if queue not in self._free:
            agents = (a for a in floor.agents.values() if queue in a.queues)
            self._free[queue] = sum(floor.has_room(a, CHAT, self._now) for a in agents)
        return floor.reserves.would_keep_back(queue, contact.class_, self._free[queue])

    def _held_for(self, contact: Contact) -> AgentId | None:
        """The agent whom its customer knows, as long as it would be held for them."""
        floor, preferred = self._floor, contact.preferred
        until = contact.entered_at + floor.queue(contact.queue).hold_for_preferred
        agent = floor.agents.get(preferred) if preferred else None
        here = agent is not None and agent.state is not AgentState.LOGGED_OFF
        return preferred if here and until > self._now else None
