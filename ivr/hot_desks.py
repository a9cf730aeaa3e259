"""Hot-desking: an agent comes to any telephone of the house with number and PIN, and goes again.

Wrong PINs are counted as those of callers are (`ivr.pins`), by agent and over all telephones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterator
from enum import StrEnum
from typing import Protocol

from acd import events
from acd.model import Agent, AgentId, ContactId, Seconds
from acd.states import AgentState
from ivr.directory import Directory
from ivr.distributor import Distributor
from ivr.pin_requests import person_of_agent
from ivr.pins import VaultPins
from ivr.ports import Audit, Audited, Clock, PinState, StoreFailed, StoreRefused, Vault
from ivr.seats import Seats, left, seated

log = logging.getLogger(__name__)

TRIES = 3
"""So many PINs may be tried in one call."""
LOOK_SECONDS: Seconds = 1.0
WITH_A_CONTACT = (AgentState.OFFERED, AgentState.TALKING)


class Came(StrEnum):
    """What becomes of an agent who has dialled the code; the dialplan says it."""

    IN = "in"
    OUT = "out"
    WRONG = "wrong"
    """No such agent, no PIN, or not this one: nobody is told which."""
    LOCKED = "locked"
    BUSY = "busy"
    """The agent, or whoever sits there, has a contact."""
    NOBODY = "nobody"
    """Nobody sits there who could go."""
    FAILED = "failed"


class Telephones(Protocol):
    """The telephone side of seats."""

    def reachable(self, phone: str) -> bool:
        """Whether this telephone can be rung, as far as is known."""

    async def tell(self, agent: AgentId, phone: str) -> None:
        """Colleagues who dial the agent's number reach this telephone; empty: the agent's own."""


class HotDesks:
    """`come` and `go` are what telephones ask; `run` keeps seats and agents together."""

    def __init__(
        self, distributor: Distributor, seats: Seats, directory: Directory, pins: VaultPins,
        vault: Vault, audit: Audit, clock: Clock, phones: Collection[str], side: Telephones,
    ) -> None:  # fmt: skip
        """`phones`: where agents may sit."""
        self._distributor = distributor
        self._engine = distributor.engine
        self._seats = seats
        self._directory = directory
        self._pins = pins
        self._vault = vault
        self._audit = audit
        self._clock = clock
        self._phones = phones
        self._side = side
        self._one = asyncio.Lock()

    async def come(self, phone: str, number: str, pin: str, call: str) -> Came:
        """The agent of this number, with this PIN, wants to sit at this telephone."""
        try:
            async with self._one:
                return await self._come(phone, number, pin, call)
        except (StoreFailed, StoreRefused) as fault:
            log.warning("nobody can sit down", extra={"why": str(fault)})
            return Came.FAILED

    async def _come(self, phone: str, number: str, pin: str, call: str) -> Came:
        agent = self._engine.agents.get(AgentId(self._directory.agent(number) or ""))
        if agent is None or phone not in self._phones:
            return Came.WRONG
        person = await person_of_agent(self._vault, agent.id)
        proved = await self._pins.answer(person, ContactId(call), TRIES, pin)
        if proved is not PinState.VERIFIED:
            return Came.LOCKED if proved is PinState.LOCKED else Came.WRONG
        there = self._seats.agent_at(phone)
        before = self._engine.agents.get(there) if there else None
        if any(one.state in WITH_A_CONTACT for one in (agent, before) if one):
            return Came.BUSY
        told = {"agent": agent.id, "phone": phone}
        who = f"{agent.id} by their telephone"
        await self._audit.write(Audited(self._clock.now(), who, "seat taken", agent.id, "", told))
        await self._sit(agent, phone, before)
        return Came.IN

    async def _sit(self, agent: Agent, phone: str, before: Agent | None) -> None:
        """Whoever sat there has gone; the phone is in the call of the code, and free after it."""
        changes: list[events.Event] = []
        if before and before is not agent and before.state is not AgentState.LOGGED_OFF:
            changes += [events.AgentLoggedOff(before.id)]
        if before and before is not agent:
            changes += [events.PhoneChanged(before.id, reachable=False)]
        if agent.state is AgentState.LOGGED_OFF:
            changes += [events.AgentLoggedIn(agent.id)]
        changes += [events.PhoneChanged(agent.id, reachable=False)]
        earlier = self._seats.phone_of(agent.id)
        await self._distributor.record(seated(agent.id, phone), *changes)
        self._seats.sit(agent.id, phone)
        self._distributor.post(*self._own_again(earlier))
        log.info("agent sits", extra={"agent": agent.id, "phone": phone})

    async def go(self, phone: str) -> Came:
        """Whoever sits at this telephone logs off, and is rung at their own from now on."""
        try:
            async with self._one:
                agent = self._engine.agents.get(self._seats.agent_at(phone) or AgentId(""))
                if agent is None or agent.state is AgentState.LOGGED_OFF:
                    return Came.NOBODY
                await self._distributor.record(events.AgentLoggedOff(agent.id))
                return Came.OUT
        except (StoreFailed, StoreRefused) as fault:
            log.warning("nobody can leave", extra={"why": str(fault)})
            return Came.FAILED

    # ---------------------------------------------------------------- kept together

    async def run(self) -> None:
        """Work until cancelled: who logs off, in whatever way, has left their seat."""
        told: dict[AgentId, str] = {}
        while True:
            await self._let_go()
            told = await self._tell_all(told)
            await asyncio.sleep(LOOK_SECONDS)

    async def _let_go(self) -> None:
        for id_ in list(self._seats.taken):
            agent = self._engine.agents.get(id_)
            if agent is None or agent.state is AgentState.LOGGED_OFF:
                async with self._one:
                    phone = self._seats.phone_of(id_)
                    await self._distributor.record(left(id_))
                    self._seats.leave(id_)
                    self._distributor.post(*self._own_again(phone), *self._own_again(id_))

    def _own_again(self, phone: str) -> Iterator[events.Event]:
        """This telephone is its own agent's, if it is anybody's and nobody else sits there."""
        own = AgentId(phone)
        if self._seats.agent_at(phone) == own and own in self._engine.agents:
            yield events.PhoneChanged(own, self._side.reachable(phone))

    async def _tell_all(self, told: dict[AgentId, str]) -> dict[AgentId, str]:
        """A lost link forgets what was told."""
        if not self._engine.link_up:
            return {}
        now = dict(self._seats.taken)
        for agent in [agent for agent in {*told, *now} if told.get(agent) != now.get(agent)]:
            await self._side.tell(agent, now.get(agent, ""))
        return now
