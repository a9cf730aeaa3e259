"""Agents who call somebody: their own phone rings first, then the number is dialled.

The engine knows the agent as busy with a contact like any other, from the first ring to the end of
the wrap-up. The number lies in the vault, under the person; the journal has who called whom.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acd import events
from acd.engine import Engine
from acd.model import AgentId, Contact, ContactId, OfferId, QueueId, Seconds
from acd.states import ForbiddenMove
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.dialling_rules import CALLED
from ivr.distributor import Distributor
from ivr.outward import Dialling, Outward, Told, on_the_line
from ivr.ports import CoreRefused, Journal, Note, PersonId, StoreFailed, StoreRefused, Vault

log = logging.getLogger(__name__)

BEGUN, FAILED = "CallDialled", "CallFailed"
"""Journal kinds: whom an agent calls is dialled, durably before the first ring; they were not
reached."""
RING_SECONDS: Seconds = 60.0
MISSED = 3
"""So many looks in a row must miss a dialling before it counts as gone; one with each news of an
agent who waits."""
LOOK_SECONDS: Seconds = 0.5
"""How often it is looked whether the agent is still there, while it rings."""
Fields = Mapping[str, Any]


@dataclass(slots=True)
class OutgoingCall:
    """One call of an agent, until somebody is on the line or nobody is."""

    agent: AgentId
    queue: QueueId
    person: PersonId
    dialled: bool = False
    dialling: str = ""
    """The id of the customer's channel, once it is written down that it is dialled."""
    is_ours: bool = False
    """Whether this process knows how the dialling stands."""
    missed: int = 0
    """How many looks in a row found no such channel."""


class OutgoingCalls:
    """`remember` first. `requests` is what the core can be asked."""

    def __init__(
        self, distributor: Distributor, vault: Vault, routing: Routing, outward: Outward,
        language: str,
    ) -> None:  # fmt: skip
        self._distributor = distributor
        self._vault = vault
        self._routing = routing
        self._outward = outward
        self._language = language
        self._calls: dict[ContactId, OutgoingCall] = {}

    @property
    def requests(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"agent call": self._call}

    @property
    def _engine(self) -> Engine:
        return self._distributor.engine

    async def remember(self, journal: Journal) -> None:
        """Learn of the calls that were under way when the process before this one ended."""
        async for record in journal.read(0, (CALLED, BEGUN)):
            contact, data = record.contact, record.data
            if contact is None or contact not in self._engine.contacts:
                continue
            if record.kind == CALLED:
                self._calls[contact] = OutgoingCall(
                    AgentId(data["agent"]), QueueId(data["queue"]), PersonId(data["person"])
                )
            elif contact in self._calls:
                self._calls[contact].dialled = True
                self._calls[contact].dialling = data["dialling"]

    def has(self, contact: ContactId) -> bool:
        """Whether this is a call of an agent, in whatever channel its contact is by now."""
        return contact in self._calls

    # ---------------------------------------------------------------- asked for

    async def _call(self, fields: Fields) -> Fields:
        """The agent's phone rings when this returns, or is about to. `CoreRefused` with the
        reason."""
        agent = self._engine.agents.get(AgentId(str(fields.get("agent", ""))))
        if agent is None:
            raise CoreRefused(f"there is no agent {fields.get('agent')}")
        queue = QueueId(str(fields.get("queue") or next(iter(agent.queues), "")))
        if not queue:
            raise CoreRefused(f"agent {agent.id} has no queue: name the one the call is for")
        try:
            call = OutgoingCall(agent.id, queue, await self._person(fields))
            number = await self._number(call.person)
            async with self._routing.counted(number, queue=queue, agent=agent.id) as routes:
                contact = await self._begin(call, routes[0])
        except NotDialled as refusal:
            raise CoreRefused(f"not dialled: {refusal}") from refusal
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not dialled: {fault}") from fault
        log.info("agent calls", extra={"contact": contact, "agent": agent.id, "queue": queue})
        return {"contact": contact, "agent": agent.id, "queue": queue}

    async def _begin(self, call: OutgoingCall, route: Route) -> ContactId:
        """On the record: from here on it counts, and the agent's phone rings."""
        contact = ContactId(f"call-{secrets.token_hex(8)}")
        data = {"agent": call.agent, "queue": call.queue, "person": call.person, **route.noted}
        self._forget()
        self._calls[contact] = call
        comes = events.CalledOut(contact, call.agent, call.queue, self._language)
        try:
            await self._distributor.record(comes, Note(contact, CALLED, data))
        except ForbiddenMove:
            del self._calls[contact]
            raise
        return contact

    async def _person(self, fields: Fields) -> PersonId:
        if person := fields.get("person"):
            return PersonId(str(person))
        number = fields.get("number")
        if not isinstance(number, str) or not number:
            raise CoreRefused("say whom to call: number=... or person=...")
        await self._routing(number, queue=str(fields.get("queue", "")))  # else: no person of it
        return await self._vault.person_for_number(number)

    async def _number(self, person: PersonId) -> str:
        number = await self._vault.open(person, "number")
        if not number:
            raise NotDialled(Refusal.NO_NUMBER)
        return number

    def _forget(self) -> None:
        for contact in [one for one in self._calls if one in self._engine.ended]:
            del self._calls[contact]

    # ---------------------------------------------------------------- the agent waits

    async def agent_waits(self, contact: ContactId, offer: OfferId, leg: str) -> None:
        """The agent has picked up; told again and again while they wait."""
        call, known = self._calls.get(contact), self._engine.contacts.get(contact)
        if call is None or known is None:
            await self._outward.tell_agent(offer, Told.NOT_DIALLED)
        elif not call.dialled:
            call.dialled = call.is_ours = True
            try:
                await self._dial_for(call, known, offer, leg)
            finally:
                call.is_ours = False
        elif not call.is_ours and await self._is_gone(call):
            await self._failed(contact, offer, Told.UNKNOWN, Told.UNKNOWN)

    async def _dial_for(self, call: OutgoingCall, known: Contact, offer: OfferId, leg: str) -> None:
        contact = known.id
        try:
            number = await self._number(call.person)
            routes = await self._routing.again(number, queue=call.queue)
        except (NotDialled, StoreFailed, StoreRefused) as why:
            await self._failed(contact, offer, str(why), Told.NOT_DIALLED)
            return
        call.dialling = f"{self._engine.epoch}.{known.seq}.1"
        await self._distributor.record(Note(contact, BEGUN, {"dialling": call.dialling}))
        variables = on_the_line(known, call.dialling, leg)
        dialling = Dialling(call.dialling, contact, routes, RING_SECONDS, variables)
        how = await self._dial(dialling, contact)
        if how not in (None, Told.UNKNOWN):
            await self._failed(contact, offer, how, how)

    async def _is_gone(self, call: OutgoingCall) -> bool:
        """Whether one that another process of ours began, or that the link ended in the middle of,
        is nowhere to be found."""
        lives = await self._outward.lives(call.dialling)
        call.missed = call.missed + 1 if lives is False else 0
        return call.missed == MISSED

    async def _dial(self, dialling: Dialling, contact: ContactId) -> Told | None:
        """Dial, as long as the agent is there."""
        dials = asyncio.create_task(self._outward.dial(dialling))
        while not (await asyncio.wait({dials}, timeout=LOOK_SECONDS))[0]:
            if contact not in self._engine.contacts:
                await self._outward.hang_up(dialling.id)
        return dials.result()

    async def _failed(self, contact: ContactId, offer: OfferId, why: str, how: Told) -> None:
        await self._distributor.record(Note(contact, FAILED, {"why": why}))
        log.info("agent's call failed", extra={"contact": contact, "why": why})
        await self._outward.tell_agent(offer, how)
