"""Which agent may serve which contact now, and who gets whom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from acd.model import Agent, Contact, Seconds
from acd.order import by_key, longest_idle
from acd.states import AgentState, ContactState


def is_free(agent: Agent, now: Seconds) -> bool:
    """Whether the agent may be offered anything now."""
    return agent.state is AgentState.READY and agent.reachable and agent.rests_until <= now


def may_serve(agent: Agent, contact: Contact, now: Seconds) -> bool:
    """Whether this free agent may be offered this contact now."""
    return contact.queue in agent.queues and contact.rests.get(agent.id, 0.0) <= now


def pairs(
    contacts: Iterable[Contact], agents: Iterable[Agent], now: Seconds
) -> Iterator[tuple[Contact, Agent]]:
    """Contacts in key order, each with the longest idle agent that may serve it."""
    free = longest_idle(agent for agent in agents if is_free(agent, now))
    waiting = by_key(contact for contact in contacts if contact.state is ContactState.WAITING)
    for contact in waiting:
        if not free:
            return
        agent = next((agent for agent in free if may_serve(agent, contact, now)), None)
        if agent:
            free.remove(agent)
            yield contact, agent
