"""The one order: which contact next, which agent first."""

from __future__ import annotations

from collections.abc import Iterable

from acd.model import Agent, Contact


def by_key(contacts: Iterable[Contact]) -> list[Contact]:
    """Contacts by their order key, first the one to be served first."""
    return sorted(contacts, key=lambda contact: contact.order_key)


def longest_idle(agents: Iterable[Agent]) -> list[Agent]:
    """Agents by how long they have been idle, the longest first; ties by id as text."""
    return sorted(agents, key=lambda agent: (agent.idle_since, agent.id))
