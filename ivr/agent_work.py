"""What one agent has to do just now: each contact, from its offer to the end of its wrap-up, with
what it was offered for. The agents' page shows it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from acd.engine import Engine
from acd.model import Agent, AgentId, Lane, OfferId, Phase, Work
from ivr.ports import CoreRefused

Fields = Mapping[str, Any]


def work_of(engine: Engine, name: str) -> Fields:
    """The agent's contacts, the longest held first. Times are seconds since 1970. `then`: what
    comes after them (`break`, `log off` or nothing); `until`: when wrap-up ends by itself."""
    agent = engine.agents.get(AgentId(name))
    if agent is None:
        raise CoreRefused("name one of the agents: agent=...")
    member = engine.centre.agents.get(agent.id)
    ends = [work.ends_at for work in agent.works.values() if work.phase is Phase.WRAP_UP]
    return {
        "own_queues": sorted(member.queues) if member else [],
        "then": _then(agent),
        "until": max(ends, default=None),
        "works": list(_works(engine, agent)),
    }


def _then(agent: Agent) -> str:
    if agent.log_off_after:
        return "log off"
    return "" if agent.pause_after is None else "break"


def _works(engine: Engine, agent: Agent) -> Iterator[Fields]:
    for offer, work in agent.works.items():
        found = _wrapped_up(work) if work.phase is Phase.WRAP_UP else _live(engine, offer, work)
        if found:
            yield {"offer": offer, **found}


def _wrapped_up(work: Work) -> Fields:
    return {
        "contact": work.contact,
        "channel": work.medium,  # the contact itself may be gone
        "queue": work.queue,
        "state": work.phase,
        "until": work.ends_at,
        "owes": work.owes,
    }


def _live(engine: Engine, id_: OfferId, work: Work) -> Fields | None:
    """None: the contact is gone, and its offer about to be."""
    offer = engine.offers.get(id_)
    contact = engine.contacts.get(offer.contact) if offer else None
    if offer is None or contact is None:
        return None
    rings = work.phase is Phase.RINGING
    return {
        "contact": contact.id,
        "channel": contact.channel,
        "queue": offer.queue or contact.queue,
        "class": contact.class_,
        "language": contact.language,
        "state": work.phase if rings else contact.state,
        "since": offer.made_at if rings else offer.answered_at or offer.made_at,
        "rings_until": offer.rings_until if rings else None,
        "waited": max(0.0, offer.made_at - contact.entered_at),
        "credit": contact.credit,
        "rule": offer.rule,
        "why": offer.why,
        "promised_by": contact.due_at if contact.lane is Lane.DEFERRED else None,
    }
