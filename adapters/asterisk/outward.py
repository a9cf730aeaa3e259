"""Customers whom we call, by AMI: their channel is placed, and from then on the dialplan has it.

A line that rings ends by our hang-up, its own, or Asterisk's time-out; one that was picked up is
never hung up from here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from acd.commands import Offer, Withdraw
from acd.model import OfferId, Seconds
from adapters.asterisk import routes
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.facts import LEG_PREFIX
from adapters.asterisk.outward_facts import FAR_HALF, OUT_PREFIX, ended
from adapters.asterisk.switchboard import ANSWERED, Switchboard
from ivr.dialling import NotDialled
from ivr.outward import Dialling, Told

log = logging.getLogger(__name__)

CUSTOMER, AGENT = "acd-called", "acd-calling"
"""Contexts of the dialplan."""
WAY = "Local/s@acd-way/n"
"""Where the trunks are tried in turn; `n`: the customer's channel keeps its name and variables."""
DEAD_SECONDS: Seconds = 4.0
"""So long one trunk may hold the next one up: the dialplan gives up one that is silent sooner."""
SLACK: Seconds = 5.0
"""How much later than its time the end of a ring may be told of."""
CAUSE_WAIT: Seconds = 1.0
"""A failure is told of a moment before or after the hang-up, which alone has the cause."""
AWAY = (AmiAway, AmiSlow)


class OutwardLine:
    """`ivr.outward.Outward` of a real Asterisk."""

    def __init__(self, ami: Ami, switchboard: Switchboard, lines: AgentLines) -> None:
        self._ami = ami
        self._switchboard = switchboard
        self._lines = lines
        self._ringing: dict[str, asyncio.Future[Told | None]] = {}
        """By the id of the customer's channel: how its ringing ends."""

    # ---------------------------------------------------------------- the agent's leg

    async def ring_agent(self, offer: Offer, about: str) -> None:
        told = (f"CONTACT={offer.contact}", f"OFFER={offer.offer}", f"AGENT={offer.agent}")
        try:
            leg = await self._lines.leg(offer, AGENT, [*told, f"ABOUT={about}"], of_a_caller=False)
        except NotDialled:
            self._switchboard.not_rung(offer.offer)
            return
        await self._switchboard.ring(offer, leg, self._name(offer.agent, offer.offer))

    async def void(self, offer: Withdraw) -> None:
        try:
            await self._name(offer.agent, OfferId(""))
        except (*AWAY, AmiRefused) as error:
            log.info("offer not voided", extra={"offer": offer.offer, "why": str(error)})

    async def tell_agent(self, offer: OfferId, how: Told) -> None:
        try:
            await self._set({"Channel": LEG_PREFIX + offer}, "SHARED(CALLED)", how.name)
        except (*AWAY, AmiRefused) as error:  # hung up already, or ends by its own time
            log.info("agent not told", extra={"offer": offer, "why": str(error)})

    async def _name(self, agent: str, offer: OfferId) -> None:
        await self._set({}, f"GLOBAL(ACD_CALLING_{agent})", offer)

    async def _set(self, channel: Mapping[str, str], variable: str, value: str) -> None:
        action = {"Action": "Setvar", **channel, "Variable": variable, "Value": value}
        await self._ami.send(action)

    # ---------------------------------------------------------------- the customer's channel

    async def dial(self, dialling: Dialling) -> Told | None:
        channel = OUT_PREFIX + dialling.id
        ends: asyncio.Future[Told | None] = asyncio.get_running_loop().create_future()
        self._ringing[channel] = ends
        try:
            await self._ami.send(_originate(channel, dialling))
            async with asyncio.timeout(_longest(dialling) + SLACK):
                return await ends
        except AmiRefused:
            return Told.UNREACHABLE
        except (*AWAY, TimeoutError):
            return Told.UNKNOWN
        finally:
            del self._ringing[channel]

    async def lives(self, dialling: str) -> bool | None:
        try:
            return await self._state(dialling) is not None
        except AWAY:
            return None

    async def hang_up(self, dialling: str) -> bool:
        try:
            state = await self._state(dialling)
            if state == ANSWERED:
                return False
            if state is not None:
                action = {"Action": "Hangup", "Channel": OUT_PREFIX + dialling, "Cause": "16"}
                await self._ami.send(action)
        except AmiRefused:
            return True  # it ended by itself in this moment
        except AWAY:
            return False
        return True

    async def _state(self, dialling: str) -> str | None:
        """`Ring`, `Ringing`, `Up` ...; None when there is no such channel."""
        action = {"Action": "Getvar", "Channel": OUT_PREFIX + dialling}
        try:
            reply = await self._ami.send({**action, "Variable": "CHANNEL(state)"})
        except AmiRefused:
            return None
        return reply.get("Value") or None

    # ---------------------------------------------------------------- news

    def hear(self, event: Mapping[str, str]) -> None:
        """One AMI event. Never raises; never waits."""
        name = event.get("Event")
        if name == "OriginateResponse":
            self._originated(event)
        elif name == "Hangup":
            self._ends(event.get("Uniqueid", ""), ended(event.get("Cause", "")))

    def _originated(self, event: Mapping[str, str]) -> None:
        channel = event.get("ActionID", "")
        if channel not in self._ringing:
            return
        if event.get("Response") == "Success":
            self._ends(channel, None)
        else:  # the hang-up says why, if there was a channel at all
            loop = asyncio.get_running_loop()
            loop.call_later(CAUSE_WAIT, self._ends, channel, Told.UNREACHABLE)

    def _ends(self, channel: str, how: Told | None) -> None:
        ends = self._ringing.get(channel)
        if ends and not ends.done():
            ends.set_result(how)


def _longest(dialling: Dialling) -> Seconds:
    """With all trunks before the last one dead."""
    return dialling.ring_seconds + DEAD_SECONDS * len(dialling.routes)


def _originate(channel: str, dialling: Dialling) -> Mapping[str, str | Sequence[str]]:
    variables = {**dialling.variables, "RING_SECONDS": f"{dialling.ring_seconds:.0f}"}
    variables |= routes.variables(dialling.routes)
    return {
        "Action": "Originate",
        "ActionID": channel,
        "Channel": WAY,
        "ChannelId": channel,
        "OtherChannelId": channel + FAR_HALF,
        "Context": CUSTOMER,
        "Exten": "s",
        "Priority": "1",
        "Timeout": str(round(_longest(dialling) * 1000)),
        "Async": "true",
        "Variable": [f"{name}={value}" for name, value in variables.items()],
    }
