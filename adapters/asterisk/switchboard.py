"""The telephone side as the distributor commands it, and its news as the engine understands it.

Offers and withdrawals go out by AMI; what becomes of them comes back by AMI events and, when the
link was away, by the event log (`adapters.asterisk.resync`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from acd import events
from acd.commands import Offer, Withdraw
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, OfferId, Seconds
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.before_gate import leg_state, may_be_ended
from adapters.asterisk.facts import LEG_PREFIX, caller, from_ami
from adapters.asterisk.legs import OFFER_MARK, Action, gate_of, mark_of, room_for
from adapters.asterisk.phone_states import PhoneStates
from ivr.dialling import NotDialled
from ivr.out_of_line import WaitsIn
from ivr.ports import CallFacts, Origin, PhonesFailed

log = logging.getLogger(__name__)

SURROGATE_RETRY: Seconds = 0.1
"""While a bridge pulls a channel in, it has another name for a moment."""
ANSWERED = "Up"
CHANNEL_WAIT, CHANNEL_LOOKS = 1.0, 20


class Told(Protocol):
    """Where news goes: the distributor."""

    def post(self, *entries: events.Event) -> None: ...

    def meet(self, facts: CallFacts, *entries: events.Event) -> None:
        """News of a caller whom our script may never have seen."""


@dataclass(frozen=True, slots=True)
class WaitingCaller:
    """A caller in the waiting loop, or talking out of it: the full channel name, and the way in."""

    channel: str
    origin: Origin


class Switchboard:
    """Carries out `Offer` and `Withdraw`, and sets what waiting callers are to hear."""

    def __init__(self, ami: Ami, lines: AgentLines) -> None:
        self._ami = ami
        self._lines = lines
        self.phones = PhoneStates()
        self._told: Told | None = None
        self._callers: dict[ContactId, WaitingCaller] = {}
        self._legs: dict[AgentId, OfferId] = {}
        self._dialling: set[OfferId] = set()
        self._claimed: set[OfferId] = set()
        """Legs that have passed the gate and not ended since."""
        self.second: dict[ContactId, str] = {}
        """Telephones' own lines that ask for an agent, until that agent is rung."""

    def tell(self, told: Told) -> None:
        """Where the news goes from now on."""
        self._told = told

    # ---------------------------------------------------------------- commands

    async def offer(self, offer: Offer) -> None:
        """Set the offer on the caller's channel and ring the agent, in that order."""
        channel = await self._channel_of(offer.contact)
        if channel is None:
            self._over(offer.offer, OfferEnd.RELEASED)
            return
        self._begin(offer)
        if offer.asked_by and not offer.in_line and not await self._make_room(offer, channel):
            self._over(offer.offer, OfferEnd.RELEASED)
            return
        try:
            leg = await self._lines.leg(offer, *gate_of(offer, channel))
        except NotDialled:
            self.not_rung(offer.offer)
            return
        await self.ring(offer, leg, self._mark(channel, offer.offer, mark_of(offer)))

    def _begin(self, offer: Offer) -> None:
        self._legs[offer.agent] = offer.offer
        self._dialling.add(offer.offer)

    async def ring(self, offer: Offer, leg: Action, mark: Awaitable[None]) -> None:
        """Ring the agent; without its `mark` the leg passes no gate."""
        self._begin(offer)
        marked, rung = await asyncio.gather(mark, self._ami.send(leg), return_exceptions=True)
        if isinstance(rung, AmiRefused):
            self._over(offer.offer, OfferEnd.UNREACHABLE)
        if isinstance(marked, BaseException) and not isinstance(rung, BaseException):
            await self.end_leg(offer.offer)  # it could not pass the gate

    async def _make_room(self, offer: Offer, channel: str) -> bool:
        """The agent who asks for another leaves the caller to the music; false: they are gone."""
        await self._mark(channel, offer.offer, mark_of(offer))
        try:
            await self._ami.send(room_for(offer, channel, self.second.pop(offer.contact, "")))
        except AmiRefused:
            return offer.leaves
        return True

    async def _channel_of(self, contact: ContactId) -> str | None:
        """The caller's channel. The event log may tell of a caller before AMI has named it: wait a
        little, so that an offer that cannot be made is not made again and again at once."""
        for _ in range(CHANNEL_LOOKS):
            if contact in self._callers:
                return self._callers[contact].channel
            await asyncio.sleep(CHANNEL_WAIT / CHANNEL_LOOKS)
        return None

    async def withdraw(self, offer: Withdraw) -> None:
        """Void the offer on the caller's channel, then end the leg; its end is told by events."""
        known = self._callers.get(offer.contact)
        if known and not offer.consulted:
            try:
                await self._mark(known.channel, OfferId(""))
            except (AmiAway, AmiRefused, AmiSlow) as error:
                log.info("offer not voided", extra={"offer": offer.offer, "why": str(error)})
        await self.end_leg(offer.offer, offer.contact)

    @property
    def channels(self) -> Mapping[ContactId, str]:
        """The callers' channels."""
        return {contact: known.channel for contact, known in self._callers.items()}

    def origin(self, contact: ContactId) -> Origin | None:
        """Which way the caller came; None while the channel is not known."""
        known = self._callers.get(contact)
        return known.origin if known else None

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        """Ask the waiting loop to let the caller out, by its own gate."""
        await self._ask(contact, {"LEAD": f"{request}~{outcome}"})

    async def moved(self, contact: ContactId, queue: str, to: WaitsIn | None) -> None:
        """The caller waits for this queue: its music from now on, and the step's announcements."""
        known, variables = self._callers.get(contact), {"QUEUE": queue}
        if to and known:
            variables |= {"STEP": to.step, "WAIT_KEYS": to.keys, "AFTER": to.after}
            variables["AFTER_FLOW"] = "1" if to.goes_on else ""
            origin = replace(known.origin, step=to.step)
            self._callers[contact] = WaitingCaller(known.channel, origin)
        await self._ask(contact, {**variables, "LEAD": f"{queue}~"})

    async def _ask(self, contact: ContactId, variables: Mapping[str, str]) -> None:
        if contact in self._callers:
            await self.set_on(contact, variables)

    async def set_on(self, contact: ContactId, variables: Mapping[str, str]) -> None:
        """Set these on the caller's channel; `PhonesFailed` when it is not known or not there."""
        known = self._callers.get(contact)
        if known is None:
            raise PhonesFailed("the caller's line is not known")
        try:
            for name, value in variables.items():
                await self._set(known.channel, name, value)
        except (AmiAway, AmiRefused, AmiSlow) as error:
            raise PhonesFailed(str(error)) from error

    async def read_once(self, contact: ContactId, variable: str) -> str:
        """What stands there on the caller's channel, which is emptied; `PhonesFailed` as above."""
        known = self._callers.get(contact)
        if known is None:
            raise PhonesFailed("the caller's line is not known")
        asked = {"Action": "Getvar", "Channel": known.channel, "Variable": variable}
        try:
            found = (await self._ami.send(asked)).get("Value") or ""
            await self._set(known.channel, variable, "")
        except (AmiAway, AmiRefused, AmiSlow) as error:
            raise PhonesFailed(str(error)) from error
        return found

    async def _mark(self, channel: str, offer: OfferId, mark: str = OFFER_MARK) -> None:
        try:
            await self._set(channel, mark, offer)
        except AmiRefused:
            await asyncio.sleep(SURROGATE_RETRY)
            await self._set(channel, mark, offer)

    async def _set(self, channel: str, variable: str, value: str) -> None:
        action = {"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value}
        await self._ami.send(action)

    async def end_leg(self, offer: OfferId, contact: ContactId | None = None) -> None:
        """End a leg that rings. One that was answered talks, or is refused and ends by itself: to
        hang it up would cut the talk; but for one of this `contact` that is before its gate and
        will not pass. One that is not found may be on its way into a bridge."""
        try:
            state = await leg_state(self._ami, offer)
            if state is None:
                await asyncio.sleep(SURROGATE_RETRY)
                state = await leg_state(self._ami, offer)
            if state is None:
                self._leg_is_gone(offer)
            elif state != ANSWERED or (contact and await self._is_void(offer, contact)):
                leg = LEG_PREFIX + offer
                await self._ami.send({"Action": "Hangup", "Channel": leg, "Cause": "16"})
        except AmiRefused:
            log.info("leg ended by itself", extra={"offer": offer})
        except (AmiAway, AmiSlow) as error:
            log.info("leg not ended yet", extra={"offer": offer, "why": str(error)})

    async def _is_void(self, offer: OfferId, contact: ContactId) -> bool:
        known = self._callers.get(contact)
        return await may_be_ended(self._ami, offer, known.channel if known else None)

    def _leg_is_gone(self, offer: OfferId) -> None:
        """Not when it is still being made, nor when it has claimed its caller."""
        if offer not in self._dialling and offer not in self._claimed:
            self._over(offer, OfferEnd.RELEASED)

    def not_rung(self, offer: OfferId) -> None:
        """The agent's phone may not be rung."""
        self._over(offer, OfferEnd.UNREACHABLE)

    def _over(self, offer: OfferId, how: OfferEnd) -> None:
        self._dialling.discard(offer)
        self._post(events.OfferEnded(offer, how))

    # ---------------------------------------------------------------- news

    def hear(self, event: Mapping[str, str]) -> None:
        """One AMI event. Never raises; never waits."""
        rule = self._rules().get(event.get("Event", ""))
        if rule:
            rule(event)
        facts = from_ami(event)
        if facts and self._told and event.get("UserEvent") == "AcdWaiting":
            who = caller(event, event["Channel"], event.get("Dialled", ""), event.get("Pres", ""))
            self._told.meet(who, *facts)
        elif facts:
            self._post(*facts)

    def _post(self, *entries: events.Event) -> None:
        if self._told:
            self._told.post(*entries)

    def _rules(self) -> Mapping[str, Callable[[Mapping[str, str]], None]]:
        return {
            "UserEvent": self._user_event,
            "OriginateResponse": self._originated,
            "DeviceStateChange": self.device_changed,
            "Hangup": self._hung_up,
        }

    def _user_event(self, event: Mapping[str, str]) -> None:
        contact = ContactId(event.get("Contact", ""))
        if event.get("UserEvent") == "AcdWaiting":
            origin = Origin(event.get("Dialled", ""), event.get("Step", ""), event.get("Flow", ""))
            self._callers[contact] = WaitingCaller(event["Channel"], origin)
        elif event.get("UserEvent") == "AcdConfirmed":  # whom we called never was in the loop
            self._callers[contact] = WaitingCaller(event["Channel"], Origin("", "", ""))
        elif event.get("UserEvent") == "AcdGone":
            self._callers.pop(contact, None)
        elif event.get("UserEvent") in ("AcdClaimed", "AcdConsulted", "AcdTaken"):
            self._claimed.add(OfferId(event["Offer"]))

    def _originated(self, event: Mapping[str, str]) -> None:
        """Asterisk has tried to make the leg; a failure without a channel has no hang-up event."""
        offer = OfferId(event.get("ActionID", "").removeprefix(LEG_PREFIX))
        if offer not in self._dialling:
            return
        self._dialling.discard(offer)
        made = event.get("Uniqueid", "") == LEG_PREFIX + offer
        if event.get("Response") == "Failure" and not made:
            self._over(offer, OfferEnd.UNREACHABLE)

    def _hung_up(self, event: Mapping[str, str]) -> None:
        offer = event.get("Uniqueid", "").removeprefix(LEG_PREFIX)
        self._dialling.discard(OfferId(offer))
        self._claimed.discard(OfferId(offer))
        for agent in [agent for agent, leg in self._legs.items() if leg == offer]:
            del self._legs[agent]

    def device_changed(self, event: Mapping[str, str]) -> None:
        """A phone's state; an agent on a call of their own is not rung either."""
        if told := self.phones.changed(event, self._legs):
            self._post(told)

    def know(
        self, callers: Mapping[ContactId, WaitingCaller], legs: Mapping[AgentId, OfferId]
    ) -> None:
        """Take over what a look at all channels has found."""
        self._callers, self._legs = dict(callers), dict(legs)
        self._dialling.clear()
        self._claimed.clear()
