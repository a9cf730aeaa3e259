"""Agents who take what rings at a colleague: by the API and the command line, and by their phone.

Whether they may is the engine's to say; the audit has it before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from acd import events
from acd.model import AgentId, ContactId, Medium, Seconds
from acd.states import ForbiddenMove
from ivr.distributor import Distributor
from ivr.ports import Audit, Audited, Clock, CoreRefused, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
BACK_SECONDS: Seconds = 5.0
"""So long a telephone that has dialled the code may take until it can be rung again."""
LOOK_SECONDS: Seconds = 0.02
BY_PHONE = "by their telephone"
BY_TELEPHONE = (Medium.VOICE,)
"""A telephone's code takes what rings on a telephone; a chat rings on a page."""


class Pickups:
    """`known` is what the core can be asked; `by_phone` is the feature code."""

    def __init__(self, distributor: Distributor, audit: Audit, clock: Clock) -> None:
        self._distributor = distributor
        self._audit = audit
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"agent pickup": self._asked}

    async def _asked(self, fields: Fields) -> Fields:
        """`agent` takes what rings at `colleague`; `who` asks."""
        named = {name: str(fields.get(name) or "") for name in ("agent", "colleague", "who")}
        if missing := [name for name, value in named.items() if not value]:
            raise CoreRefused(f"name {', '.join(missing)}: {missing[0]}=...")
        agent, colleague = AgentId(named["agent"]), AgentId(named["colleague"])
        contact = self.ringing_at(colleague)
        if contact is None:
            raise CoreRefused(f"nothing rings at {colleague}")
        try:
            await self._take(agent, colleague, contact, named["who"])
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not done, it cannot be written down: {fault}") from fault
        return {"agent": agent, "colleague": colleague, "contact": contact}

    def ringing_at(
        self, colleague: AgentId, media: Collection[Medium] = tuple(Medium)
    ) -> ContactId | None:
        """The contact of these media that has been ringing there for the longest time."""
        engine = self._distributor.engine
        agent = engine.agents.get(colleague)
        for offer in (engine.offers.get(id_) for id_ in (agent.works if agent else ())):
            contact = engine.contacts.get(offer.contact) if offer else None
            if offer is None or contact is None or offer.medium not in media:
                continue
            if contact.offer == offer.id and offer.answered_at is None:
                return contact.id
        return None

    async def _take(self, agent: AgentId, of: AgentId, contact: ContactId, who: str) -> None:
        told = {"agent": agent, "colleague": of}
        await self._audit.write(Audited(self._clock.now(), who, "pickup", contact, "", told))
        await self._distributor.record(events.RingingTaken(contact, agent, who))

    # ---------------------------------------------------------------- by the telephone

    def by_phone(self, agent: AgentId, colleague: AgentId) -> bool:
        """The agent's telephone has dialled the code. False: nothing rings there. Else the phone is
        rung as soon as it is free again, if the engine lets it."""
        contact = self.ringing_at(colleague, BY_TELEPHONE)
        if contact is None or agent == colleague or agent not in self._distributor.engine.agents:
            return False
        task = asyncio.get_running_loop().create_task(self._when_free(agent, colleague, contact))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _when_free(self, agent: AgentId, colleague: AgentId, contact: ContactId) -> None:
        engine = self._distributor.engine
        for _ in range(round(BACK_SECONDS / LOOK_SECONDS)):
            if agent in engine.agents and engine.agents[agent].reachable:
                break
            await asyncio.sleep(LOOK_SECONDS)
        try:
            if self.ringing_at(colleague, BY_TELEPHONE) == contact:
                await self._take(agent, colleague, contact, f"{agent} {BY_PHONE}")
        except (ForbiddenMove, StoreFailed, StoreRefused) as refusal:
            log.info("pickup refused", extra={"agent": agent, "why": str(refusal)})
