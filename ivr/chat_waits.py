"""What a waiting customer is told of time: how long it will take, or when it opens. Pure."""

from __future__ import annotations

from typing import Any

from acd.engine import Engine
from acd.model import Contact, QueueId, Seconds
from acd.schedule import Schedule
from acd.states import AgentState, ContactState
from acd.waits import IN_LINE

LOOKS = 64
"""So many edges of opening hours are looked at; beyond, nobody is told when it opens."""


def wait_of(engine: Engine, contact: Contact, now: Seconds) -> list[Seconds] | None:
    """From and to how many seconds this contact will wait still; None: nobody can tell."""
    if contact.state not in IN_LINE or engine.waits is None:
        return None
    found = engine.waits.range(engine, contact, now)
    return [round(found.low, 1), round(found.high, 1)] if found else None


def somebody_chats(engine: Engine, queue: QueueId) -> bool:
    """Whether an agent of this queue is here, with an open desk."""
    return any(
        agent.desk and agent.state is not AgentState.LOGGED_OFF and queue in agent.queues
        for agent in engine.agents.values()
    )


def told_on_coming(engine: Engine, contact: Contact, now: Seconds) -> dict[str, Any]:
    """What who has come is told: `wait` as `wait_of`; `place` in line, None when it rings already;
    `by`, when somebody will be with them at the latest, where the queue has a promise. A promise
    that the estimate does not bear out, or that is over, is not made."""
    wait, waits = wait_of(engine, contact, now), engine.waits
    place = waits.place(contact) if waits and contact.state is ContactState.WAITING else None
    promise = engine.queue(contact.queue).promise_seconds
    by = contact.entered_at + promise if promise and place else None
    kept = by is not None and now + (wait[1] if wait else 0.0) < by
    return {"wait": wait, "place": place, "by": by if kept else None}


def opens_at(hours: Schedule, now: Seconds) -> Seconds | None:
    """The first moment from now on at which these hours are open; None: not within sight."""
    at = now
    for _ in range(LOOKS):
        if hours.is_open(at):
            return at
        at = hours.next_edge(at)
    return None
