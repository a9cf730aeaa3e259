"""How it stands for waiting callers, here and online: what an offer to go on there is made of.

Pure; reads the engine. A chat is served by agents who serve its queue and whose desk is open.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from acd.config import Queue
from acd.engine import Engine
from acd.model import CHATS, Agent, Contact, Medium, OrderKey, QueueId, Seconds
from acd.prediction import Standing
from acd.states import AgentState, ContactState
from ivr.online_offer import Rules, Sight

LAST: OrderKey = (float("inf"), 0)
"""Behind everybody."""


def rules_of(engine: Engine, contact: Contact) -> Rules | None:
    """What the queue of this caller says of offers; None: that nobody is asked, or not yet.

    A queue with overflow rules that lead to chat asks nobody before one of them has spoken.
    """
    queue = engine.queue(contact.queue)
    to_chat = [number for number, rule in enumerate(queue.overflow) if rule.to == CHATS]
    spoken = any(contact.overflowed >> number & 1 for number in to_chat)
    if not (spoken if to_chat else queue.online):
        return None
    return Rules(CHATS, queue.online.never if queue.online else frozenset())


def offers_chat(queue: Queue) -> bool:
    """Whether callers of this queue may ever be asked."""
    return queue.online is not None or any(rule.to == CHATS for rule in queue.overflow)


def online_wait(
    engine: Engine, queue: QueueId, now: Seconds, key: OrderKey = LAST
) -> Seconds | None:
    """How long a chat of this queue would wait that came now, with this order key; None: nobody can
    tell, or nobody serves chats of it."""
    return OneLook(engine, now).online(queue, key)


@dataclass(frozen=True, slots=True)
class _Side:
    """Who serves a queue, seen once for all of its callers."""

    phone_serves: bool
    rooms: int
    """How many chats more would be given to somebody now."""
    places: int
    """How many chats there can be at once; 0: nobody serves them."""
    ahead: list[OrderKey]
    """Chats that wait, in their order."""


class OneLook:
    """The engine as it is now; what all callers of a queue share is found out once."""

    def __init__(self, engine: Engine, now: Seconds) -> None:
        self._engine = engine
        self._now = now
        self._sides: dict[QueueId, _Side] = {}

    def sight_of(self, contact: Contact) -> Sight:
        """How it stands for this caller: a wait of which little is known is not told."""
        engine = self._engine
        known = engine.waits.range(engine, contact, self._now) if engine.waits else None
        phone = known.middle if known and not known.few else None
        online = self.online(contact.queue, contact.order_key)
        serves = self._side(contact.queue).phone_serves
        return Sight(phone, online, serves, online is not None, contact.class_)

    def online(self, queue: QueueId, key: OrderKey) -> Seconds | None:
        """As `online_wait`."""
        side = self._side(queue)
        ahead = bisect_left(side.ahead, key)
        if not side.places:
            return None
        if side.rooms > ahead:
            return 0.0
        waits = self._engine.waits
        estimate = waits.estimates.get(queue) if waits else None
        head = self._now - key[0] if key is not LAST else 0.0
        standing = Standing(ahead - side.rooms + 1, side.places, head=head)
        found = estimate.range(standing) if estimate else None
        return found.middle if found and not found.few else None

    def _side(self, queue: QueueId) -> _Side:
        if queue not in self._sides:
            self._sides[queue] = self._look(queue)
        return self._sides[queue]

    def _look(self, queue: QueueId) -> _Side:
        engine = self._engine
        # A phone that talks may count as out of reach.
        talks = any(one.reachable or one.works for one in self._members(queue, Medium.VOICE))
        able = [one for one in self._members(queue, Medium.CHAT) if one.desk]
        keys = sorted(
            other.order_key
            for other in engine.contacts.values()
            if other.channel == CHATS and other.queue == queue
            and other.state is ContactState.WAITING
        )  # fmt: skip
        places = sum(engine.member(agent.id).capacity.chat for agent in able)
        return _Side(talks, sum(self._rooms(agent) for agent in able), places, keys)

    def _members(self, queue: QueueId, medium: Medium) -> Iterator[Agent]:
        for agent in self._engine.agents.values():
            here = agent.state is not AgentState.LOGGED_OFF and queue in agent.queues
            if here and self._engine.member(agent.id).capacity.of(medium):
                yield agent

    def _rooms(self, agent: Agent) -> int:
        if not self._engine.has_room(agent, Medium.CHAT, self._now):
            return 0
        held = sum(work.medium is Medium.CHAT for work in agent.works.values())
        return self._engine.member(agent.id).capacity.chat - held
