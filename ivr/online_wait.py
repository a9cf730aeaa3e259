"""How it stands for one waiting caller, here and online: what an offer to go on there is made of.

Pure; reads the engine. A chat is served by agents who serve its queue and whose desk is open.
"""

from __future__ import annotations

from collections.abc import Iterator

from acd.config import Queue
from acd.engine import Engine
from acd.match import room_for, takes_contacts
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


def sight_of(engine: Engine, contact: Contact, now: Seconds) -> Sight:
    """What is known just now: a wait of which little is known is not told."""
    known = engine.waits.range(engine, contact, now) if engine.waits else None
    phone = known.middle if known and not known.few else None
    online = online_wait(engine, contact.queue, now, contact.order_key)
    serves = phone_serves(engine, contact.queue)
    return Sight(phone, online, serves, online is not None, contact.class_)


def phone_serves(engine: Engine, queue: QueueId) -> bool:
    """Whether somebody is logged in who may talk with callers of this queue by telephone."""
    return any(
        agent.reachable or agent.works  # a phone that talks may count as out of reach
        for agent in _members(engine, queue, Medium.VOICE)
    )


def online_wait(
    engine: Engine, queue: QueueId, now: Seconds, key: OrderKey = LAST
) -> Seconds | None:
    """How long a chat of this queue would wait that came now, with this order key; None: nobody can
    tell, or nobody serves chats of it."""
    able = [agent for agent in _members(engine, queue, Medium.CHAT) if has_open_desk(agent)]
    if not able:
        return None
    ahead = sum(
        other.order_key < key
        for other in engine.contacts.values()
        if other.queue == queue and other.channel == CHATS and other.state is ContactState.WAITING
    )
    rooms = sum(_rooms(engine, agent) for agent in able)
    if rooms > ahead:
        return 0.0
    estimate = engine.waits.estimates.get(queue) if engine.waits else None
    places = sum(engine.member(agent.id).capacity.chat for agent in able)
    head = now - key[0] if key is not LAST else 0.0
    standing = Standing(ahead - rooms + 1, places, head=head)
    found = estimate.range(standing) if estimate else None
    return found.middle if found and not found.few else None


def has_open_desk(agent: Agent) -> bool:
    """Whether the agent's page is open, where chats are served."""
    return bool(getattr(agent, "desk", True))


def _members(engine: Engine, queue: QueueId, medium: Medium) -> Iterator[Agent]:
    for agent in engine.agents.values():
        logged_in = agent.state is not AgentState.LOGGED_OFF
        if logged_in and queue in agent.queues and engine.member(agent.id).capacity.of(medium):
            yield agent


def _rooms(engine: Engine, agent: Agent) -> int:
    """How many chats more the agent would be given now."""
    member = engine.member(agent.id)
    if not takes_contacts(agent) or not room_for(agent, member, Medium.CHAT):
        return 0
    return member.capacity.chat - sum(w.medium is Medium.CHAT for w in agent.works.values())
