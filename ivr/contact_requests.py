"""Supervisors who change the order: another credit, or a contact handed to an agent out of turn.

The audit has it before the engine decides. Refusals say what to do instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd import events
from acd.engine import Engine
from acd.match import can_reach, takes_contacts
from acd.model import Agent, AgentId, Contact, ContactId, Medium, Seconds
from acd.requests import AUTOMATIC
from acd.states import AgentState, ContactState
from ivr.distributor import Distributor
from ivr.ports import Audit, Audited, Clock, CoreRefused, StoreFailed, StoreRefused

Fields = Mapping[str, Any]


class ContactRequests:
    """`known` is what the core can be asked."""

    def __init__(self, distributor: Distributor, audit: Audit, clock: Clock) -> None:
        self._distributor = distributor
        self._engine: Engine = distributor.engine
        self._audit = audit
        self._clock = clock
        self._one_regrade = asyncio.Lock()
        """The credit before, as it is written down, is the one that is changed."""

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """By name of the request."""
        return {"contact regrade": self._regrade, "contact hand": self._hand}

    async def _regrade(self, fields: Fields) -> Fields:
        """`contact` has this `credit` from now on; `who` says so, and `why`."""
        name, who, why = _named(fields, "contact", "who", "why")
        credit = _credit(fields.get("credit"))
        async with self._one_regrade:
            contact = self._contact(name)
            old, rules = contact.credit, self._engine.centre.version
            if old == credit:
                raise CoreRefused(f"contact {name} has a credit of {credit:g} seconds already")
            details = {"old": old, "new": credit, "rules": rules}
            await self._written(Audited(self._clock.now(), who, "regrade", name, why, details))
            await self._told(events.Regraded(contact.id, credit, who, why, old, rules))
        told = {"contact": contact.id, "queue": contact.queue, "state": contact.state}
        return {**told, "old": old, "credit": credit}

    async def _hand(self, fields: Fields) -> Fields:
        """`agent`, who is free, gets `contact` out of turn; `who` says so, and `why`."""
        name, agent, who, why = _named(fields, "contact", "agent", "who", "why")
        contact = self._contact(name)
        self._must_wait(contact)
        self._must_be_free(agent, contact.medium)
        details = {"agent": agent}
        await self._written(Audited(self._clock.now(), who, "hand over", name, why, details))
        await self._told(events.PickedUp(contact.id, AgentId(agent), who, why))
        return {"contact": contact.id, "queue": contact.queue, "agent": agent}

    async def _written(self, entry: Audited) -> None:
        try:
            await self._audit.write(entry)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not done, it cannot be written down: {fault}") from fault

    async def _told(self, event: events.Event) -> None:
        try:
            await self._distributor.record(event)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not done, it cannot be written down: {fault}") from fault

    # ---------------------------------------------------------------- what can be done at all

    def _contact(self, name: str) -> Contact:
        contact = self._engine.contacts.get(ContactId(name))
        if contact is None or contact.stands_for:
            raise CoreRefused(f"there is no contact {name}: ./hotline status names those who wait")
        return contact

    def _must_wait(self, contact: Contact) -> None:
        if contact.state is ContactState.WAITING:
            return
        offer = self._engine.offers.get(contact.offer) if contact.offer else None
        at = offer.agent if offer else contact.talked_with
        raise CoreRefused(f"contact {contact.id} {_INSTEAD[contact.state].format(at=at)}")

    def _must_be_free(self, name: str, medium: Medium) -> None:
        agent, engine = self._engine.agents.get(AgentId(name)), self._engine
        if agent is None:
            raise CoreRefused(f"there is no agent {name}: ./hotline agent list names them")
        if not engine.is_linked(medium):
            raise CoreRefused("the telephone side cannot be commanded just now; try again")
        now = self._clock.now()
        if not engine.has_room(agent, medium, now):
            raise CoreRefused(f"agent {name} {_not_free(engine, agent, medium, now)}")


def _named(fields: Fields, *names: str) -> tuple[str, ...]:
    told = {name: str(fields.get(name) or "").strip() for name in names}
    if missing := [name for name, value in told.items() if not value]:
        raise CoreRefused(f"name {', '.join(missing)}: {missing[0]}=...")
    if told["who"] == AUTOMATIC:
        raise CoreRefused(f"{AUTOMATIC!r} is nobody: say who you are")
    return tuple(told.values())


def _credit(given: Any) -> Seconds:
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < 1e9:
        raise CoreRefused("a credit is a number of seconds, 0 or more: credit=...")
    return float(given)


def _not_free(engine: Engine, agent: Agent, medium: Medium, now: Seconds) -> str:
    """Why this agent has no room for one more of this medium, and what to do."""
    if agent.state in _NOT_AT_WORK:
        return _NOT_AT_WORK[agent.state].format(agent=agent.id)
    if not takes_contacts(agent):
        return "is about to take another contact, or to stop: choose somebody else"
    if not can_reach(agent, medium, engine.link_up, now):
        return "cannot be reached: look at the telephone, or the page for a chat"
    return f"is {agent.state} and has no room for this contact: wait, or choose somebody else"


_NOT_AT_WORK: Mapping[AgentState, str] = {
    AgentState.LOGGED_OFF: "is logged off: ./hotline agent login {agent}",
    AgentState.NOT_READY: "is on a break: ./hotline agent ready {agent}",
    AgentState.WRAP_UP: "is in wrap-up: ./hotline agent ready {agent} ends it",
}
_IN_A_TALK = "is with {at}: ./hotline talk transfer {at} --to-agent AGENT, or ./hotline take-over"
_INSTEAD: Mapping[ContactState, str] = {
    ContactState.ARRIVING: "is not in line yet: try again in a moment",
    ContactState.RINGING: "rings at {at} already: ./hotline agent pickup AGENT {at} takes it there",
    ContactState.TALKING: _IN_A_TALK,
    ContactState.HELD: _IN_A_TALK,
    ContactState.AFTER: "has just been served by {at}, and does not wait",
    ContactState.PARKED: "is parked, nobody is there to be served: wait until they are back",
    ContactState.ENDED: "is over",
}
