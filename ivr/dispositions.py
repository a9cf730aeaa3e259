"""What a talk came to: the core is told, by its agent or, later, by a supervisor.

The codes are those of the queue of the talk, under the rules in force. Each word is journaled, and
so is each correction.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from acd import events
from acd.engine import Engine
from acd.model import Agent, AgentId, ContactId, OfferId, Phase, QueueId, Rule, Seconds
from ivr.faults import meant
from ivr.ports import Audit, Audited, Clock, CoreRefused, StoreFailed, StoreRefused

Fields = Mapping[str, Any]


class Journaled(Protocol):
    """The distributor, as much of it as is needed here."""

    @property
    def engine(self) -> Engine: ...

    async def record(self, *entries: events.Event) -> None: ...


@dataclass(frozen=True, slots=True)
class _Talk:
    """A talk that an agent has, or wraps up."""

    contact: ContactId
    queue: QueueId
    offer: OfferId
    given: str = ""
    until: Seconds | None = None
    """Wrap-up waits for a disposition until then; None: it does not."""


class DispositionRequests:
    """What the core answers about dispositions, by name (`known`). Refusals are `CoreRefused`."""

    def __init__(self, distributor: Journaled, audit: Audit, clock: Clock) -> None:
        self._distributor = distributor
        self._engine: Engine = distributor.engine
        self._audit = audit
        self._clock = clock

    @property
    def known(self) -> Mapping[str, Callable[[Fields], Awaitable[Fields]]]:
        """By name of the request."""
        return {
            "talk disposition": self._give,
            "talk dispositions": self._choice,
            "disposition correct": self._correct,
        }

    async def _choice(self, fields: Fields) -> Fields:
        """What can be said of the agent's talk, and how it stands with it."""
        agent = self._agent(fields)
        talk = self._talk(agent)
        return _told(agent, talk) | {"dispositions": self._codes(talk.queue)}

    async def _give(self, fields: Fields) -> Fields:
        """Of the agent's talk, or of the one that they wrap up."""
        agent = self._agent(fields)
        talk = self._talk(agent, str(fields.get("contact") or ""))
        code = self._code(fields, talk.queue)
        said = events.Disposed(talk.contact, agent.id, talk.queue, code, talk.offer)
        await self._distributor.record(said)
        return {"agent": agent.id, "contact": talk.contact, "queue": talk.queue, "code": code,
                "state": agent.state}  # fmt: skip

    async def _correct(self, fields: Fields) -> Fields:
        """Of a talk that is over: `who` says so and `why`; the audit has it first."""
        names = ("contact", "agent", "queue", "who", "why")
        told = {name: str(fields.get(name) or "").strip() for name in names}
        if missing := [name for name, value in told.items() if not value]:
            raise CoreRefused(f"name {', '.join(missing)}: {missing[0]}=...")
        queue, agent = QueueId(told["queue"]), AgentId(told["agent"])
        code = self._code(fields, queue)
        details = {"agent": agent, "queue": queue, "code": code}
        now, contact = self._clock.now(), ContactId(told["contact"])
        try:
            done = Audited(now, told["who"], "disposition", contact, told["why"], details)
            await self._audit.write(done)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not done, it cannot be written down: {fault}") from fault
        talk = self._open_talk(agent, contact)
        offer = talk.offer if talk else OfferId("")
        said = events.Disposed(contact, agent, queue, code, offer, told["who"], told["why"])
        await self._distributor.record(said)
        return {"agent": agent, "contact": contact, "queue": queue, "code": code}

    # ---------------------------------------------------------------- which talk

    def _agent(self, fields: Fields) -> Agent:
        agent = self._engine.agents.get(AgentId(str(fields.get("agent") or "")))
        if agent is None:
            raise CoreRefused("name one of the agents: agent=...")
        return agent

    def _talk(self, agent: Agent, contact: str = "") -> _Talk:
        """The talk there is, else the last one that is wrapped up."""
        talks = [talk for talk in self._talks(agent) if contact in ("", talk.contact)]
        if not talks:
            raise CoreRefused(
                f"{agent.id} has no talk and wraps none up; of one that is over: "
                "./hotline calls disposition"
            )
        return talks[0]

    def _open_talk(self, agent: AgentId, contact: ContactId) -> _Talk | None:
        known = self._engine.agents.get(agent)
        talks = self._talks(known) if known else []
        return next((talk for talk in talks if talk.contact == contact), None)

    def _talks(self, agent: Agent) -> list[_Talk]:
        """Those that go on, then those that are wrapped up, the last first."""
        now, over = [], []
        for id_, work in agent.works.items():
            offer = self._engine.offers.get(id_)
            if offer and offer.answered_at is not None and offer.rule is not Rule.CONSULT:
                now.append(_Talk(offer.contact, offer.queue, id_, offer.disposition))
            elif work.phase is Phase.WRAP_UP and work.contact:
                until = work.ends_at if work.owes else None
                over.append(_Talk(work.contact, work.queue, id_, until=until))
        return [*reversed(now), *reversed(over)]

    # ---------------------------------------------------------------- which code

    def _code(self, fields: Fields, queue: QueueId) -> str:
        code, known = str(fields.get("code") or ""), self._engine.centre.queues.get(queue)
        if known is None:
            raise CoreRefused(f"there is no queue {queue} any more")
        if not known.dispositions:
            raise CoreRefused(f"queue {queue} has no dispositions: `dispositions` in centre.yaml")
        if code not in known.dispositions:
            near = meant(code, known.dispositions)
            raise CoreRefused(f"{code!r} is no disposition of queue {queue}{near}")
        return code

    def _codes(self, queue: QueueId) -> Fields:
        known = self._engine.centre.queues.get(queue)
        given = known.dispositions if known else {}
        return {code: dict(words) for code, words in given.items()}


def _told(agent: Agent, talk: _Talk) -> dict[str, Any]:
    return {
        "agent": agent.id, "contact": talk.contact, "queue": talk.queue, "state": agent.state,
        "given": talk.given or None, "needed_until": talk.until,
    }  # fmt: skip
