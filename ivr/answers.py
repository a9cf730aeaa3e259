"""What the core answers when the web process or the command line asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from acd import events
from acd.engine import Engine
from acd.model import CALLED_BACK, Agent, AgentId, Contact, Lane, QueueId
from acd.states import ContactState, ForbiddenMove
from acd.waits import IN_LINE
from ivr.agent_work import work_of
from ivr.distributor import Distributor
from ivr.flow_requests import FlowRequests
from ivr.ports import Clock, CoreRefused
from ivr.rules import RulesInForce

Fields = Mapping[str, Any]
Answer = Callable[[Fields], Awaitable[Fields]]
NOTHING_MORE: Mapping[str, Answer] = MappingProxyType({})


class Answers:
    """Questions and requests by name. Requests are durable when they are answered."""

    def __init__(
        self,
        distributor: Distributor,
        clock: Clock,
        rules: RulesInForce,
        flows: FlowRequests,
        more: Mapping[str, Answer] = NOTHING_MORE,
    ) -> None:
        """`more`: what other parts of the core answer, by name."""
        self._distributor = distributor
        self._clock = clock
        self._rules = rules
        self._flows = flows
        self._one_change = asyncio.Lock()
        """New rules are checked with the flows of before or of after, and the other way round."""
        self._known: dict[str, Answer] = {
            "status": self._status,
            "agents": self._agents,
            "agent work": self._work,
            "queues": self._queues,
            "contacts": self._contacts,
            "agent login": self._log_in,
            "agent pause": self._pause,
            "agent ready": self._ready,
            "agent logout": self._log_off,
            "rules apply": self._apply_rules,
            "flow announce": self._announce_flow,
            "flow take": self._take_flow,
            **more,
        }

    async def answer(self, what: str, fields: Fields) -> Fields:
        """The answer, or `CoreRefused` with the reason."""
        if what not in self._known:
            raise CoreRefused(f"the core does not know {what!r}; it knows {', '.join(self._known)}")
        try:
            return await self._known[what](fields)
        except ForbiddenMove as refusal:
            raise CoreRefused(str(refusal)) from refusal

    # ---- questions

    async def _status(self, fields: Fields) -> Fields:
        engine = self._distributor.engine
        states = [contact.state for contact in _requests(engine)]
        return {
            "now": self._clock.now(),
            "epoch": engine.epoch,
            "link": engine.link_up,
            "rules": engine.centre.version,
            "flows": self._flows.in_force,
            "callbacks": sum(c.channel == CALLED_BACK for c in engine.contacts.values()),
            "contacts": {state: states.count(state) for state in ContactState},
        }

    async def _agents(self, fields: Fields) -> Fields:
        return {
            "agents": [self._agent(agent) for agent in self._distributor.engine.agents.values()]
        }

    async def _work(self, fields: Fields) -> Fields:
        agent, engine = _agent_id(fields), self._distributor.engine
        work = work_of(engine, agent)
        return {**work, "agent": self._agent(engine.agents[agent])}

    async def _queues(self, fields: Fields) -> Fields:
        engine = self._distributor.engine
        waiting: dict[QueueId, list[Contact]] = {queue: [] for queue in engine.centre.queues}
        for contact in engine.waiting():
            waiting.setdefault(contact.queue, []).append(contact)
        return {"queues": [self._queue(queue, line) for queue, line in waiting.items()]}

    async def _contacts(self, fields: Fields) -> Fields:
        engine = self._distributor.engine
        return {"contacts": [self._contact(contact) for contact in _requests(engine)]}

    def _agent(self, agent: Agent) -> Fields:
        offer = self._distributor.engine.offers.get(agent.offer) if agent.offer else None
        return {
            "agent": agent.id,
            "state": agent.state,
            "since": agent.since,
            "reason": agent.reason,
            "phone": "reachable" if agent.reachable else "out of reach",
            "queues": list(agent.queues),
            "contact": offer.contact if offer else None,
        }

    def _queue(self, queue: QueueId, line: list[Contact]) -> Fields:
        there = [contact for contact in line if contact.lane is Lane.LIVE]
        first = min((contact.entered_at for contact in there), default=None)
        agents = [a for a in self._distributor.engine.agents.values() if queue in a.queues]
        return {
            "queue": queue,
            "waiting": len(there),
            "deferred": len(line) - len(there),
            "longest_wait": self._clock.now() - first if first is not None else 0.0,
            "agents": {str(agent.id): agent.state for agent in agents},
            "estimate": self._measured(queue),
        }

    def _measured(self, queue: QueueId) -> Fields | None:
        """How many estimated waits have become known, and the share that came out as estimated."""
        waits = self._distributor.engine.waits
        found = waits.of_queue(queue) if waits else []
        if not found:
            return None
        known = sum(one.measured.known for one in found)
        within = sum(one.measured.within for one in found)
        share = round(within / known, 3) if known else None
        return {"promised": found[0].coverage, "known": known, "within": share}

    def _contact(self, contact: Contact) -> Fields:
        engine = self._distributor.engine
        waits = engine.waits if contact.state in IN_LINE else None
        wait = waits.range(engine, contact, self._clock.now()) if waits else None
        offer = self._distributor.engine.offers.get(contact.offer) if contact.offer else None
        return {
            "contact": contact.id,
            "queue": contact.queue,
            "class": contact.class_,
            "state": contact.state,
            "entered_at": contact.entered_at,
            "key": list(contact.order_key),
            "place": waits.place(contact) if waits else None,
            "wait": asdict(wait) if wait else None,
            "agent": offer.agent if offer else None,
        }

    # ---- requests

    async def _log_in(self, fields: Fields) -> Fields:
        queues = tuple(QueueId(str(queue)) for queue in fields.get("queues", ()))
        agent = _agent_id(fields)
        ready = bool(fields.get("ready", True))
        return await self._request(agent, events.AgentLoggedIn(agent, queues, ready))

    async def _pause(self, fields: Fields) -> Fields:
        agent, reason = _agent_id(fields), str(fields.get("reason", ""))[:64]
        return await self._request(agent, events.AgentPaused(agent, reason))

    async def _ready(self, fields: Fields) -> Fields:
        agent = _agent_id(fields)
        return await self._request(agent, events.AgentReady(agent))

    async def _log_off(self, fields: Fields) -> Fields:
        agent = _agent_id(fields)
        return await self._request(agent, events.AgentLoggedOff(agent))

    async def _apply_rules(self, fields: Fields) -> Fields:
        async with self._one_change:
            return await self._rules.apply()

    async def _announce_flow(self, fields: Fields) -> Fields:
        return await self._flows.announce(fields)

    async def _take_flow(self, fields: Fields) -> Fields:
        async with self._one_change:
            return await self._flows.take(fields)

    async def _request(self, agent: AgentId, event: events.Event) -> Fields:
        await self._distributor.record(event)
        return self._agent(self._distributor.engine.agents[agent])


def _requests(engine: Engine) -> list[Contact]:
    """The contacts, without what stands in line for one whose agent waits for a colleague."""
    return [contact for contact in engine.contacts.values() if not contact.stands_for]


def _agent_id(fields: Fields) -> AgentId:
    if not isinstance(fields.get("agent"), str):
        raise CoreRefused("name the agent: agent=...")
    return AgentId(fields["agent"])
