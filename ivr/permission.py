"""Whether a supervisor's telephone may do what it is to do; refusals stand in the audit, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from acd.engine import Engine
from acd.model import AgentId, QueueId
from ivr.listeners import ListenerEntry, refusal
from ivr.ports import Audit, Audited, Clock, CoreRefused


class Wanted(NamedTuple):
    """What is asked for: by which telephone, what (`ivr.listeners.Deed`), with whose talk, who."""

    phone: str
    deed: str
    agent: str
    who: str
    why: str = ""


class Permission:
    """By the site file's rules, and the centre's teams and queues as they are now."""

    def __init__(
        self, listeners: Mapping[str, ListenerEntry], engine: Engine, audit: Audit, clock: Clock
    ) -> None:
        self._listeners = listeners
        self._engine = engine
        self._audit = audit
        self._clock = clock

    async def check(self, wanted: Wanted) -> None:
        """`CoreRefused` with the reason once the audit has it; it raises `StoreFailed` else."""
        engine, id_ = self._engine, AgentId(wanted.agent)
        agent = engine.agents.get(id_)
        offer = engine.offers.get(agent.call) if agent and agent.call else None
        contact = engine.contacts.get(offer.contact) if offer else None
        queue = contact.queue if contact else QueueId("")
        why = refusal(self._listeners, wanted.phone, wanted.deed, id_, queue, engine.centre)
        if not why:
            return
        details = {"agent": id_, "phone": wanted.phone, "how": str(wanted.deed), "refused": why}
        subject = contact.id if contact else id_
        action = "take over refused" if wanted.deed == "take_over" else "listen refused"
        now = self._clock.now()
        await self._audit.write(Audited(now, wanted.who, action, subject, wanted.why, details))
        raise CoreRefused(why)
