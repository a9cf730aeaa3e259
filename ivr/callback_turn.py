"""When is a customer dialled who is to wait for an agent then? Pure."""

from __future__ import annotations

from acd.engine import Engine
from acd.model import Contact, Seconds
from acd.waits import WORKING

SOON: Seconds = 30.0
"""Who is expected to wait no longer than this after the first ring is dialled; it rings, and is
asked for a key, for about so long."""


def its_turn(engine: Engine, contact: Contact, being_dialled: int, now: Seconds) -> bool:
    """Whether an agent is about to be free for this contact, or it would be the first in its line.
    Never while nobody works in its queue, nor while another of the queue is being dialled."""
    works = any(
        contact.queue in agent.queues and agent.state in WORKING for agent in engine.agents.values()
    )
    if not works or being_dialled or engine.waits is None:
        return False
    if engine.waits.place(contact) == 1:
        return True
    wait = engine.waits.range(engine, contact, now)
    return wait is not None and not wait.few and wait.high <= SOON
