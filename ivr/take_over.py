"""A supervisor who listens takes the talk over: they have the caller, and the agent is let go.

What happens at which hang-up: docs/ownership.md. The audit has it before anything is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from acd.consults import consulted
from acd.engine import Engine
from acd.model import CALLS, Agent, AgentId, Contact, OfferId
from acd.states import AgentState
from ivr.listeners import TAKE_OVER
from ivr.permission import Permission, Wanted
from ivr.ports import (
    Audit,
    Audited,
    Clock,
    CoreRefused,
    Note,
    PhonesFailed,
    StoreFailed,
    StoreRefused,
)
from ivr.recording_control import TALKS, Fields, Journaled
from ivr.talk import CONFIRM_SECONDS, LOOK_SECONDS
from ivr.talks import Talks


class TakeOverRequests:
    """What the core answers about it. Refusals are `CoreRefused`."""

    def __init__(
        self, talks: Talks, distributor: Journaled, audit: Audit, clock: Clock,
        permission: Permission,
    ) -> None:  # fmt: skip
        self._talks = talks
        self._distributor = distributor
        self._engine: Engine = distributor.engine
        self._audit = audit
        self._clock = clock
        self._permission = permission

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """By name of the request."""
        return {"take over": self._asked}

    async def _asked(self, fields: Fields) -> Fields:
        """`phone`, which listens, takes the talk of agent `of` over; `who` says so, and `why`."""
        names = ("of", "phone", "who", "why")
        told = {name: str(fields.get(name) or "").strip() for name in names}
        if missing := [name for name, value in told.items() if not value]:
            raise CoreRefused(f"name {', '.join(missing)}: {missing[0]}=...")
        of, phone, who, why = told.values()
        try:
            await self._permission.check(Wanted(phone, TAKE_OVER, of, who, why))
            contact, agents = self._talk(of, phone)
            heir = await self._heir(contact, phone)
            details = {"agent": of, "phone": phone}
            now = self._clock.now()
            await self._audit.write(Audited(now, who, "take over", contact.id, why, details))
            data = {"agent": of, "by": phone, "who": who, "why": why}
            await self._distributor.record(Note(contact.id, "TakeOverAsked", data))
            await self._talks.take_over(contact.id, agents, heir)
        except PhonesFailed as failed:
            raise CoreRefused(f"nothing was changed: {failed}") from failed
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not done, it cannot be written down: {fault}") from fault
        return await self._told(contact, heir, phone)

    def _talk(self, of: str, phone: str) -> tuple[Contact, OfferId]:
        """The contact that this agent has, and by which offer, if the other telephone's agent can
        have it."""
        agent, supervisor = self._agent(of), self._agent(phone)
        offer = self._engine.offers.get(agent.call) if agent.call else None
        contact = self._engine.contacts.get(offer.contact) if offer else None
        if offer is None or contact is None or contact.offer != offer.id:
            raise CoreRefused(f"{of} has no talk")
        if contact.channel != CALLS or contact.state not in TALKS or offer.answered_at is None:
            raise CoreRefused(f"{of} has no talk by telephone")
        if asked := consulted(self._engine, contact.id):
            raise CoreRefused(f"agent {asked.agent} is being consulted: first let that end")
        if supervisor.state in (AgentState.TALKING, AgentState.OFFERED):
            raise CoreRefused(f"{phone} is {supervisor.state}, and cannot have another contact")
        if not self._engine.link_up:
            raise CoreRefused("the telephone side cannot be commanded just now; try again")
        return contact, offer.id

    async def _heir(self, contact: Contact, phone: str) -> OfferId:
        heir = await self._talks.listener(contact.id, phone)
        if heir is None:
            raise CoreRefused(f"phone {phone!r} does not listen to this talk: listen first")
        if heir.partition(".")[0] != str(self._engine.epoch):
            raise CoreRefused("that was begun before the core was started again: listen anew")
        return heir

    def _agent(self, name: str) -> Agent:
        agent = self._engine.agents.get(AgentId(name))
        if agent is None:
            raise CoreRefused(f"{name} is no agent, and can have no talk: `agents` of centre.yaml")
        return agent

    async def _told(self, contact: Contact, offer: OfferId, phone: str) -> Fields:
        """How it stands once it is done, or after a moment in which that was not told."""
        for _ in range(round(CONFIRM_SECONDS / LOOK_SECONDS)):
            if contact.offer == offer:
                break
            await asyncio.sleep(LOOK_SECONDS)
        return {
            "agent": phone, "contact": contact.id, "state": contact.state, "queue": contact.queue,
            "confirmed": contact.offer == offer,
        }  # fmt: skip
