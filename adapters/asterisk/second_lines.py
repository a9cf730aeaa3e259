"""Agents' telephones that call somebody by themselves, in the middle of a talk.

For an agent the engine is asked for a consultation, like one by command; a destination is nobody's
but the dialplan's, and for a number outside the rules are asked. Whoever has no talk, or asks for
somebody who is not free, hears the busy tone; a number that may not be dialled is refused.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping

from acd.consults import consulted
from acd.engine import Engine
from acd.events import ConsultDropped
from acd.model import CALLS, AgentId, ContactId, OfferId, OfferMade, QueueId
from acd.requests import ColleagueAsked, ConsultAsked
from acd.states import ForbiddenMove
from adapters.asterisk import routes
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.legs import asks, inherited
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.switchboard import Switchboard
from ivr.dialling import NotDialled, Routing
from ivr.distributor import Distributor
from ivr.ports import PhonesFailed, StoreFailed, StoreRefused
from ivr.talk_outside import SOMEBODY_OUTSIDE, ways_outside
from ivr.transfers import Destination

log = logging.getLogger(__name__)

Asks = Callable[[OfferMade, str, str], Awaitable[None]]
REFUSED, FORBIDDEN = "no", "refused"
"""What a second line is told that asks in vain; that asks for a number which may not be dialled."""


class SecondLines:
    """Hears what telephones ask, and asks the engine."""

    def __init__(
        self, ami: Ami, switchboard: Switchboard, distributor: Distributor, holds: PhoneHolds,
        destinations: Mapping[str, Destination],
    ) -> None:  # fmt: skip
        self._ami = ami
        self._switchboard = switchboard
        self._distributor = distributor
        self._holds = holds
        self._destinations = destinations
        self.routing: Routing | None = None
        """The dialling rules; set when all parts are there."""
        self._waiting: dict[str, ConsultDropped] = {}
        """Lines on which a colleague is waited for, and what is so once they have ended."""
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def _engine(self) -> Engine:
        return self._distributor.engine

    def hear(self, event: Mapping[str, str]) -> None:
        """One AMI event. Never raises; never waits."""
        if event.get("Event") == "Hangup" and event.get("Channel") in self._waiting:
            self._distributor.post(self._waiting.pop(event["Channel"]))
        if event.get("UserEvent") == "AcdSecond":
            line, phone, to = (event.get(name, "") for name in ("Line", "Phone", "To"))
            kinds = {"agent": self._agent, "destination": self._place, "queue": self._queue}
            asks_for = kinds.get(event.get("Kind", ""), self._outside)
            task = asyncio.get_running_loop().create_task(self._asked(asks_for, line, phone, to))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _asked(self, asks_for: Asks, line: str, phone: str, to: str) -> None:
        talk = self._talk_of(phone)
        try:
            if talk is None:
                raise ForbiddenMove("no talk in which to ask")
            if await self._has_one(talk):
                raise ForbiddenMove("one second line at a time")
            await asks_for(talk, line, to)
        except (ForbiddenMove, PhonesFailed, StoreFailed, StoreRefused) as refusal:
            await self._refuse(line, phone, str(refusal))
        except NotDialled as refusal:
            await self._refuse(line, phone, str(refusal), FORBIDDEN)
        except (
            AmiAway,
            AmiRefused,
            AmiSlow,
        ) as error:  # a line that has hung up, or ends by itself
            log.info("second line not told", extra={"agent": phone, "why": str(error)})

    async def _agent(self, talk: OfferMade, line: str, to: str) -> None:
        self._switchboard.second[talk.contact] = line
        try:
            await self._distributor.record(ConsultAsked(talk.contact, AgentId(to)))
        except ForbiddenMove:
            # An older question of this talk may still wait for its agent to be rung.
            if self._switchboard.second.get(talk.contact) == line:
                del self._switchboard.second[talk.contact]
            raise

    async def _queue(self, talk: OfferMade, line: str, to: str) -> None:
        """The line is told its talk when the engine waits; nobody has to be free now."""
        caller, wait = self._caller(talk), ContactId(f"colleague-{secrets.token_hex(8)}")
        await self._switchboard.set_on(talk.contact, {"SENT_QUEUE": to})
        await self._distributor.record(ColleagueAsked(talk.contact, QueueId(to), wait))
        self._waiting[line] = ConsultDropped(talk.contact, OfferId(wait))
        try:
            await self._ami.send(asks(line, f"{talk.id}~{caller}~{wait}"))
        except (AmiAway, AmiRefused, AmiSlow):
            self._distributor.post(self._waiting.pop(line))
            raise

    async def _place(self, talk: OfferMade, line: str, _to: str) -> None:
        await self._ami.send(asks(line, f"{talk.id}~{self._caller(talk)}"))

    async def _outside(self, talk: OfferMade, line: str, to: str) -> None:
        """A destination outside, or a number as the telephone has dialled it."""
        caller, place = self._caller(talk), self._destinations.get(to)
        if self.routing is None:
            raise ForbiddenMove("nothing is dialled yet")
        number, name = (place.number, to) if place else (to, SOMEBODY_OUTSIDE)
        effect = f"second-{talk.id}-{secrets.token_hex(4)}"
        ways = await ways_outside(self._distributor, self.routing, talk, number, name, effect)
        for variable, value in routes.variables(ways).items():
            await self._ami.send(inherited(line, variable, value))
        await self._ami.send(asks(line, f"{talk.id}~{caller}"))

    def _caller(self, talk: OfferMade) -> str:
        """The channel of the caller, with whom somebody beside the engine may be asked now."""
        if other := consulted(self._engine, talk.contact):
            raise ForbiddenMove(f"agent {other.agent} is being consulted")
        if self._engine.contacts[talk.contact].stand_in:
            raise ForbiddenMove("a colleague is being waited for")
        channel = self._switchboard.channels.get(talk.contact)
        if channel is None:
            raise ForbiddenMove("the caller's line is not known")
        return channel

    async def _has_one(self, talk: OfferMade) -> bool:
        """Whether the talk's caller knows of a second line that is still there."""
        channel = self._switchboard.channels.get(talk.contact)
        far = await self._value(channel, "SHARED(FAR)") if channel else ""
        return bool(far and await self._value(far, "CHANNEL(state)"))

    async def _value(self, channel: str, name: str) -> str:
        """Empty when there is no such channel."""
        asked = {"Action": "Getvar", "Channel": channel, "Variable": name}
        try:
            return (await self._ami.send(asked)).get("Value") or ""
        except AmiRefused:
            return ""

    def _talk_of(self, phone: str) -> OfferMade | None:
        """The talk that the agent at this telephone has, and in which they are with the caller: on
        a hold by command their leg is in no bridge, and there is nothing to transfer."""
        seated = self._switchboard.phones.agent_at(phone)
        agent = self._engine.agents.get(seated) if seated else None
        for named in agent.works if agent else ():
            offer = self._engine.offers.get(named)
            contact = self._engine.contacts.get(offer.contact) if offer else None
            if not offer or not contact or contact.offer != offer.id or contact.channel != CALLS:
                continue
            if offer.answered_at is not None and not self._holds.by_command(offer.id):
                return offer
        return None

    async def _refuse(self, line: str, phone: str, why: str, word: str = REFUSED) -> None:
        log.info("second line refused", extra={"agent": phone, "why": why})
        try:
            await self._ami.send(asks(line, word))
        except (AmiAway, AmiRefused, AmiSlow) as error:  # hung up, or it ends by its own time
            log.info("second line not told", extra={"agent": phone, "why": str(error)})
