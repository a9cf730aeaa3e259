"""The telephone side as the distributor commands it, and its news as the engine understands it.

Offers and withdrawals go out by AMI; what becomes of them comes back by AMI events and, when the
link was away, by the event log. After every login: apply the log, look at all channels, tell the
engine the difference, and only then let it offer again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from acd import events
from acd.commands import Offer, Withdraw
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, OfferId, Seconds
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.facts import LEG_PREFIX, caller, from_ami
from ivr.out_of_line import WaitsIn
from ivr.ports import CallFacts, Origin, PhonesFailed
from voice.ports import Prompt, PromptStore
from voice.prompts import recordings

log = logging.getLogger(__name__)

SURROGATE_RETRY: Seconds = 0.1
"""While a bridge pulls a channel in, it has another name for a moment."""
ANSWERED = "Up"
CHANNEL_WAIT: Seconds = 1.0
CHANNEL_LOOKS = 20
LEG_SLACK: Seconds = 5.0
"""How much longer Asterisk lets a leg ring than the engine wants, should nobody withdraw it."""

REACHABLE_STATES = frozenset({"NOT_INUSE", "RINGING", "INUSE", "BUSY", "RINGINUSE", "ONHOLD"})
OWN_CALL_STATES = frozenset({"INUSE", "BUSY", "ONHOLD"})


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
    """Carries out `Offer`, `Withdraw` and what waiting callers are to hear."""

    def __init__(self, ami: Ami, prompts: PromptStore) -> None:
        self._ami = ami
        self._prompts = prompts
        self._told: Told | None = None
        self._callers: dict[ContactId, WaitingCaller] = {}
        self._legs: dict[AgentId, OfferId] = {}
        self._dialling: set[OfferId] = set()
        self._claimed: set[OfferId] = set()
        """Legs that have passed the gate and not ended since."""

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
        self._legs[offer.agent] = offer.offer
        self._dialling.add(offer.offer)
        marked, rung = await asyncio.gather(
            self._mark(channel, offer.offer),
            self._ami.send(_originate(offer, channel)),
            return_exceptions=True,
        )
        if isinstance(rung, AmiRefused):
            self._over(offer.offer, OfferEnd.UNREACHABLE)
        if isinstance(marked, BaseException) and not isinstance(rung, BaseException):
            await self.end_leg(offer.offer)  # it could not pass the gate

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
        if known:
            try:
                await self._mark(known.channel, OfferId(""))
            except (AmiAway, AmiRefused, AmiSlow) as error:
                log.info("offer not voided", extra={"offer": offer.offer, "why": str(error)})
        await self.end_leg(offer.offer)

    def origin(self, contact: ContactId) -> Origin | None:
        """Which way the caller came; None while the channel is not known."""
        known = self._callers.get(contact)
        return known.origin if known else None

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds
    ) -> None:
        """Ask the waiting loop to say something; it looks every two seconds."""
        files = await recordings(self._prompts, prompts)
        known = self._callers.get(contact)
        if known is None or not files:
            return
        names = "&".join(str(file.with_suffix("")) for file in files)
        await self._request(contact, {"REQ": f"{request}~{names}~{key_seconds:g}"})

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        """Ask the waiting loop to let the caller out, by its own gate."""
        await self._request(contact, {"LEAD": f"{request}~{outcome}"})

    async def moved(self, contact: ContactId, queue: str, to: WaitsIn | None) -> None:
        """The caller waits for this queue: its music from now on, and the step's announcements."""
        known, variables = self._callers.get(contact), {"QUEUE": queue}
        if to and known:
            variables |= {"STEP": to.step, "WAIT_KEYS": to.keys, "AFTER": to.after}
            variables["AFTER_FLOW"] = "1" if to.goes_on else ""
            origin = replace(known.origin, step=to.step)
            self._callers[contact] = WaitingCaller(known.channel, origin)
        await self._request(contact, {**variables, "LEAD": f"{queue}~"})

    async def _request(self, contact: ContactId, variables: Mapping[str, str]) -> None:
        known = self._callers.get(contact)
        if known is None:
            return
        try:
            for name, value in variables.items():
                await self._set(known.channel, name, value)
        except (AmiAway, AmiRefused, AmiSlow) as error:
            raise PhonesFailed(str(error)) from error

    async def _mark(self, channel: str, offer: OfferId) -> None:
        try:
            await self._set(channel, "SHARED(OFFER)", offer)
        except AmiRefused:
            await asyncio.sleep(SURROGATE_RETRY)
            await self._set(channel, "SHARED(OFFER)", offer)

    async def _set(self, channel: str, variable: str, value: str) -> None:
        action = {"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value}
        await self._ami.send(action)

    async def end_leg(self, offer: OfferId) -> None:
        """End a leg that rings. One that was answered talks, or is refused and ends by itself: to
        hang it up would cut the talk. One that is not found may be on its way into a bridge."""
        try:
            state = await self._leg_state(offer)
            if state is None:
                await asyncio.sleep(SURROGATE_RETRY)
                state = await self._leg_state(offer)
            if state is None:
                self._leg_is_gone(offer)
            elif state != ANSWERED:
                leg = LEG_PREFIX + offer
                await self._ami.send({"Action": "Hangup", "Channel": leg, "Cause": "16"})
        except AmiRefused:
            log.info("leg ended by itself", extra={"offer": offer})
        except (AmiAway, AmiSlow) as error:
            log.info("leg not ended yet", extra={"offer": offer, "why": str(error)})

    async def _leg_state(self, offer: OfferId) -> str | None:
        """`Ring`, `Ringing`, `Up` ...; None when no channel has this id now."""
        try:
            action = {"Action": "Getvar", "Channel": LEG_PREFIX + offer}
            reply = await self._ami.send({**action, "Variable": "CHANNEL(state)"})
        except AmiRefused:
            return None
        return reply.get("Value") or None

    def _leg_is_gone(self, offer: OfferId) -> None:
        """Not when it is still being made, nor when it has claimed its caller."""
        if offer not in self._dialling and offer not in self._claimed:
            self._over(offer, OfferEnd.RELEASED)

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
        elif event.get("UserEvent") == "AcdGone":
            self._callers.pop(contact, None)
        elif event.get("UserEvent") == "AcdClaimed":
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
        technology, _, name = event.get("Device", "").partition("/")
        if technology != "PJSIP":
            return
        agent, state = AgentId(name), event.get("State", "")
        own_call = state in OWN_CALL_STATES and agent not in self._legs
        reachable = state in REACHABLE_STATES and not own_call
        self._post(events.PhoneChanged(agent, reachable))

    def know(
        self, callers: Mapping[ContactId, WaitingCaller], legs: Mapping[AgentId, OfferId]
    ) -> None:
        """Take over what a look at all channels has found."""
        self._callers, self._legs = dict(callers), dict(legs)
        self._dialling.clear()
        self._claimed.clear()


def _originate(offer: Offer, channel: str) -> Mapping[str, str | Sequence[str]]:
    return {
        "Action": "Originate",
        "ActionID": LEG_PREFIX + offer.offer,
        "Channel": f"PJSIP/{offer.agent}",
        "ChannelId": LEG_PREFIX + offer.offer,
        "Context": "acd-agent",
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(round((offer.ring_seconds + LEG_SLACK) * 1000)),
        "Async": "true",
        "Variable": [
            f"CALLER={channel}",
            f"CONTACT={offer.contact}",
            f"OFFER={offer.offer}",
        ],
    }
