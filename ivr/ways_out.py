"""Carries out what overflow rules say of callers who wait on the telephone, once for each place.

To another queue the contact moves with its key, and the telephone follows. To anything else the
caller is led by the `overflow` of the `queue` step they wait in; without a line for it they stay.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol

from acd import events
from acd.commands import Overflow
from acd.engine import Engine
from acd.events import Event
from acd.model import CALLS, ContactId, QueueId, Seconds
from acd.states import ContactState
from ivr.distributor import Distributor
from ivr.flow import Flow, QueueStep
from ivr.out_of_line import WaitsIn, step_for
from ivr.ports import Journal, Origin, PhonesFailed
from ivr.steps_spilling import outcome_of

log = logging.getLogger(__name__)

OVERFLOWED = "Overflowed"
"""Journal kind: where the rules say that a contact should go."""
FLOW_WAIT: Seconds = 2.0
FLOW_LOOKS = 20
"""The flow of somebody who has just come to the loop may still be being read."""


class LeadingLoop(Protocol):
    """Where callers wait, on the telephone side. Raises `PhonesFailed`."""

    def origin(self, contact: ContactId) -> Origin | None:
        """None while the caller's channel is not known."""

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        """Let the caller out of the loop by this outcome of their step; once for a `request`. An
        agent who answers before wins."""

    async def moved(self, contact: ContactId, queue: str, to: WaitsIn | None) -> None:
        """The caller waits for another queue now, with its music, and in another step if there is
        one for it."""


class WaysOut:
    """`remember` first. Reads the engine; what it changes it tells by `record`."""

    def __init__(
        self,
        engine: Engine,
        record: Callable[[Event], Awaitable[None]],
        flows: Callable[[Origin], Flow | None],
        loop: LeadingLoop,
        offered: Collection[str] = (),
    ) -> None:
        """`flows`: in the version that the caller began in; None while it is not known. `offered`:
        channels that callers are asked about, and led to by nobody but themselves."""
        self._engine, self._record, self._flows, self._loop = engine, record, flows, loop
        self._offered = offered
        self._been: dict[ContactId, set[str]] = {}
        """Where the rules have said that each contact should go: rules of several queues must not
        send anybody to and fro."""

    async def remember(self, journal: Journal) -> None:
        """Learn what the rules said before this process began."""
        async for record in journal.read(0, (OVERFLOWED,)):
            if record.contact in self._engine.contacts:
                self._been.setdefault(record.contact, set()).add(str(record.data["to"]))

    async def carry_out(self, command: Overflow) -> None:
        """What the rules have said just now. Who is no longer waiting, is not moved."""
        contact = self._engine.contacts.get(command.contact)
        if contact is None or contact.channel != CALLS or self._knows(command):
            return
        if command.to in self._offered:
            return  # `ivr.online_desk` looks for itself what the rules have said
        if contact.state is not ContactState.WAITING:
            log.info("rings already, stays", extra={"contact": contact.id, "to": command.to})
            return
        try:
            if command.to in self._engine.centre.queues:
                await self._move(command)
            else:
                await self._lead(command)
        except PhonesFailed as fault:
            told = {"contact": command.contact, "to": command.to, "why": str(fault)}
            log.warning("overflow not carried out", extra=told)

    def _knows(self, command: Overflow) -> bool:
        """Whether this was said of the contact before; from now on it was."""
        for gone in self._been.keys() - self._engine.contacts.keys():
            del self._been[gone]
        been = self._been.setdefault(command.contact, set())
        known = command.to in been
        been.add(command.to)
        return known

    async def _move(self, command: Overflow) -> None:
        await self._record(events.Transferred(command.contact, QueueId(command.to)))
        contact = self._engine.contacts.get(command.contact)
        if contact and contact.queue == command.to:
            origin = self._loop.origin(command.contact)
            flow = self._flows(origin) if origin else None
            step = step_for(flow, command.to) if flow else None
            await self._loop.moved(command.contact, command.to, step)

    async def _lead(self, command: Overflow) -> None:
        outcome = outcome_of(command.to)
        if await self._leads_on(command.contact, outcome):
            await self._loop.lead_out(command.contact, command.to, outcome)
        else:
            told = {"contact": command.contact, "to": command.to, "missing": outcome}
            log.warning("no step for what the overflow rules say, the caller stays", extra=told)

    async def _leads_on(self, contact: ContactId, outcome: str) -> bool:
        """Whether the step that the caller waits in has a way for it."""
        for _ in range(FLOW_LOOKS):
            origin = self._loop.origin(contact)
            flow = self._flows(origin) if origin else None
            if origin and flow:
                step = flow.steps.get(origin.step)
                return isinstance(step, QueueStep) and bool(step.leads_on(outcome))
            await asyncio.sleep(FLOW_WAIT / FLOW_LOOKS)
        return False


async def carry_out(
    distributor: Distributor, flows: Callable[[Origin], Flow | None], loop: LeadingLoop,
    journal: Journal, offered: Collection[str],
) -> None:  # fmt: skip
    """What overflow rules say of waiting callers is carried out from now on."""
    ways = WaysOut(distributor.engine, distributor.record, flows, loop, offered)
    await ways.remember(journal)
    distributor.overflows = ways.carry_out
