"""What agents ask of a talk: hold, resume, transfer, consult and what follows, checked here.

Facts come back from the telephone side; an answer says what is known of them after a moment.
The table of what follows from what: docs/ownership.md
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Protocol

from acd import events
from acd.consults import consulted
from acd.model import (
    CALLS,
    AgentId,
    Contact,
    ContactId,
    Medium,
    OfferId,
    OfferMade,
    QueueId,
    Rule,
    Seconds,
)
from acd.states import ContactState
from ivr.dialling import NotDialled, Route, Routing
from ivr.distributor import Distributor
from ivr.ports import CoreRefused, PhonesFailed, StoreFailed, StoreRefused
from ivr.talk_outside import OUTSIDE_SECONDS, SOMEBODY_OUTSIDE, ways_outside
from ivr.transfers import Destination

Fields = Mapping[str, Any]
CONFIRM_SECONDS: Seconds = 2.0
"""How long an answer waits for the telephone side to tell that it is so."""
LOOK_SECONDS: Seconds = 0.02
TARGETS = ("to_agent", "to_queue", "to_destination", "to_number")


class Place(StrEnum):
    """Where an agent's leg can be sent: extensions of the dialplan's `acd-desk`."""

    HOLD = "hold"
    TALK = "talk"
    SWAP = "swap"
    CONSULT = "consult"
    CONFERENCE = "conf"
    LEAVE = "leave"
    QUEUE = "queue"
    DESTINATION = "dest"


class Desk(Protocol):
    """The telephone side of a talk. All raise `PhonesFailed` when nothing was done."""

    def held_by_phone(self, offer: OfferId) -> bool:
        """Whether the agent's telephone holds the caller by itself."""

    async def move(self, offer: OfferId, to: Place) -> None: ...

    async def send_to_queue(self, contact: ContactId, offer: OfferId, queue: str) -> None: ...

    async def send_to_destination(
        self, contact: ContactId, offer: OfferId, name: str, to: Destination
    ) -> None: ...

    async def send_outside(
        self, contact: ContactId, offer: OfferId, name: str, seconds: Seconds,
        ways: Sequence[Route],
    ) -> None: ...  # fmt: skip


class TalkRequests:
    """What the core answers about talks, by name (`known`). Refusals are `CoreRefused`."""

    def __init__(
        self, distributor: Distributor, desk: Desk, destinations: Mapping[str, Destination],
        routing: Routing,
    ) -> None:  # fmt: skip
        self._distributor = distributor
        self._engine = distributor.engine
        self._desk = desk
        self._destinations = destinations
        self._routing = routing

    @property
    def known(self) -> Mapping[str, Callable[[Fields], Awaitable[Fields]]]:
        """By name of the request."""
        deeds = {
            "hold": self._hold, "resume": self._resume, "consult": self._consult,
            "transfer": self._transfer, "complete": self._complete, "cancel": self._cancel,
            "swap": self._swap, "conference": self._conference,
        }  # fmt: skip
        return {f"talk {name}": deed for name, deed in deeds.items()}

    # ---------------------------------------------------------------- hold

    async def _hold(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        self._alone(contact, "put the caller on hold")
        if contact.state is ContactState.HELD:
            raise CoreRefused("the caller is on hold already; `resume` ends that")
        await self._move(offer, Place.HOLD)
        return await self._told(offer, contact, lambda: contact.state is ContactState.HELD)

    async def _resume(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        self._alone(contact, "resume")
        if contact.state is not ContactState.HELD:
            raise CoreRefused("the caller is not on hold")
        if self._desk.held_by_phone(offer.id):
            raise CoreRefused("the telephone itself holds the caller: resume there")
        await self._move(offer, Place.TALK)
        return await self._told(offer, contact, lambda: contact.state is ContactState.TALKING)

    # ---------------------------------------------------------------- transfer without words

    async def _transfer(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        kind, to = _target(fields, TARGETS)
        if kind == "to_agent":
            asked = events.ConsultAsked(contact.id, AgentId(to), leaves=True)
            await self._distributor.record(asked)
        elif kind == "to_number":
            await self._outside(contact, offer, to, SOMEBODY_OUTSIDE, OUTSIDE_SECONDS)
        else:
            await self._sent(contact, offer, kind, to)
        return await self._told(offer, contact, lambda: offer.id not in self._engine.offers)

    async def _sent(self, contact: Contact, offer: OfferMade, kind: str, to: str) -> None:
        places = self._engine.centre.queues if kind == "to_queue" else self._destinations
        if to not in places:
            what = kind.removeprefix("to_")
            raise CoreRefused(f"there is no {what} {to!r}; there is {', '.join(places) or 'none'}")
        try:
            if kind == "to_queue":
                await self._desk.send_to_queue(contact.id, offer.id, QueueId(to))
            else:
                where = self._destinations[to]
                if where.number:
                    await self._outside(contact, offer, where.number, to, where.seconds)
                else:
                    await self._desk.send_to_destination(contact.id, offer.id, to, where)
        except PhonesFailed as failed:
            raise CoreRefused(f"nothing was changed: {failed}") from failed

    async def _outside(
        self, contact: Contact, offer: OfferMade, number: str, name: str, seconds: Seconds
    ) -> None:
        """On the record before it rings, for the caps of the day: by its `name`, not its number."""
        try:
            ways = await ways_outside(
                self._distributor, self._routing, offer, number, name, f"talk-{offer.id}"
            )
            await self._desk.send_outside(contact.id, offer.id, name, seconds, ways)
        except NotDialled as refusal:
            raise CoreRefused(f"not dialled: {refusal}") from refusal
        except (StoreFailed, StoreRefused, PhonesFailed) as failed:
            raise CoreRefused(f"nothing was changed: {failed}") from failed

    # ---------------------------------------------------------------- consultation

    async def _consult(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        _, to = _target(fields, ("to_agent",))
        await self._distributor.record(events.ConsultAsked(contact.id, AgentId(to)))
        return await self._told(offer, contact, lambda: contact.state is ContactState.HELD)

    async def _complete(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        self._consulting(contact)
        await self._move(offer, Place.LEAVE)
        return await self._told(offer, contact, lambda: offer.id not in self._engine.offers)

    async def _cancel(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        self._consulting(contact)
        await self._move(offer, Place.TALK)
        return await self._told(offer, contact, lambda: consulted(self._engine, contact.id) is None)

    async def _swap(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        self._consulting(contact, answered=True)
        wanted = ContactState.HELD
        if contact.state is ContactState.HELD:
            wanted = ContactState.TALKING
        await self._move(offer, Place.CONSULT if wanted is ContactState.HELD else Place.SWAP)
        return await self._told(offer, contact, lambda: contact.state is wanted)

    async def _conference(self, fields: Fields) -> Fields:
        contact, offer = self._talk(fields)
        self._consulting(contact, answered=True)
        await self._move(offer, Place.CONFERENCE)
        return await self._told(offer, contact, lambda: contact.state is ContactState.TALKING)

    # ---------------------------------------------------------------- what is checked

    def _talk(self, fields: Fields) -> tuple[Contact, OfferMade]:
        """The contact that this agent has, and their offer of it."""
        name = fields.get("agent")
        if not isinstance(name, str):
            raise CoreRefused("name the agent: agent=...")
        agent = self._engine.agents.get(AgentId(name))
        if agent is None:
            raise CoreRefused(f"there is no agent {name}")
        offers = [self._engine.offers[id_] for id_ in agent.works if id_ in self._engine.offers]
        calls_first = sorted(offers, key=lambda offer: offer.medium is not Medium.VOICE)
        for offer in calls_first:
            contact = self._engine.contacts.get(offer.contact)
            if contact and contact.offer == offer.id and offer.answered_at is not None:
                return self._by_telephone(contact), offer
        if any(o.rule is Rule.CONSULT and o.answered_at is not None for o in offers):
            raise CoreRefused(f"{name} is only consulted; who asked for it decides about the talk")
        raise CoreRefused(f"{name} talks with nobody; `agent list` shows who does")

    def _by_telephone(self, contact: Contact) -> Contact:
        if contact.channel != CALLS:
            raise CoreRefused("only a talk by telephone can be held or handed on")
        if not self._engine.link_up:
            raise CoreRefused("the telephone side cannot be commanded just now; try again")
        return contact

    def _alone(self, contact: Contact, what: str) -> None:
        if asked := consulted(self._engine, contact.id):
            raise CoreRefused(
                f"agent {asked.agent} is being consulted; to {what}, `cancel` or `complete` that"
            )
        if contact.stand_in:
            raise CoreRefused(f"a colleague is being waited for; to {what}, hang up that line")

    def _consulting(self, contact: Contact, answered: bool = False) -> None:
        asked = consulted(self._engine, contact.id)
        if asked is None:
            raise CoreRefused("nobody is being consulted; `consult` rings another agent")
        if answered and asked.answered_at is None:
            raise CoreRefused(f"agent {asked.agent} has not answered yet; `cancel` takes it back")

    # ---------------------------------------------------------------- what is done and told

    async def _move(self, offer: OfferMade, to: Place) -> None:
        try:
            await self._desk.move(offer.id, to)
        except PhonesFailed as failed:
            raise CoreRefused(f"nothing was changed: {failed}") from failed

    async def _told(self, offer: OfferMade, contact: Contact, done: Callable[[], bool]) -> Fields:
        """How it stands once it is done, or after a moment in which that was not told."""
        for _ in range(round(CONFIRM_SECONDS / LOOK_SECONDS)):
            if done():
                break
            await asyncio.sleep(LOOK_SECONDS)
        asked = consulted(self._engine, contact.id)
        return {
            "agent": offer.agent,
            "contact": contact.id,
            "state": contact.state,
            "queue": contact.queue,
            "consulted": asked.agent if asked else None,
            "confirmed": done(),
        }


def _target(fields: Fields, kinds: tuple[str, ...]) -> tuple[str, str]:
    """Where to: exactly one of these."""
    given = [(kind, fields[kind]) for kind in kinds if fields.get(kind)]
    if len(given) != 1 or not isinstance(given[0][1], str):
        raise CoreRefused(f"say where to, by one of {', '.join(kinds)}")
    return given[0]
