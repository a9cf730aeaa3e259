"""Talks on the telephone side: `ivr.talks.Talks`, by AMI.

Where a talk stands is kept on the customer's channel alone, so that it outlives every process of
ours. Channels are named by their unique ids: names are matched by how they begin. Of who calls that
is the contact's own; whom we called has another (`line_of`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from acd.model import ContactId, OfferId, Seconds
from adapters.asterisk import listening
from adapters.asterisk.agent_lines import FAR_PREFIX
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from adapters.asterisk.facts import LEG_PREFIX, offer_of, variables_of
from adapters.asterisk.legs import to_desk
from adapters.asterisk.outward_facts import FAR_HALF, OUT_PREFIX
from ivr.ports import PhonesFailed
from ivr.talks import ListenerCall, TalkSeen

log = logging.getLogger(__name__)

RECORDING, PAUSED, PEER = "RECORDING", "SHARED(PAUSED)", "BRIDGEPEER"
TALKED, ASIDE, FAR = "SHARED(TALKED)", "SHARED(ASIDE)", "SHARED(FAR)"
DROPPED, STATE = "FRAME_DROP(RX)", "CHANNEL(state)"
TAKER = "SHARED(TAKER)"
"""Of the supervisors who listen the one who is to have the caller."""
KEYS, NOTHING = "DTMF_BEGIN,DTMF_END", "HTML"
"""What a channel throws away before anybody learns of it. Telephones send no HTML: Asterisk has no
word for `nothing`."""
BEGUN, WHOLE = "1", "whole"
"""Of `PAUSED`: a pause was begun, or Asterisk has confirmed all of it."""
NAMELESS_SECONDS: Seconds = 0.1
"""So long, at most, a channel on its way into a bridge cannot be found by its name."""
ANSWERED = "Up"


class AsteriskTalks:
    """One Asterisk's talks."""

    def __init__(self, ami: Ami) -> None:
        self._ami = ami
        self._one = asyncio.Lock()
        """Who takes keys again must not do so under a pause that has just begun."""

    async def look(self, contact: ContactId) -> TalkSeen | None:
        async with _told():
            line = await line_of(self._ami, contact)
            part = await self._get(line, RECORDING) if line else None
            if line is None or part is None:
                return None
            mark, peer = await self._get(line, PAUSED), await self._get(line, PEER)
            return TalkSeen(part, bool(mark), bool(peer), mark == WHOLE)

    async def pause(self, contact: ContactId) -> None:
        """Marked first: from then on no listener gets through. Then muted, before anything that
        others could make fail."""
        async with _told(), self._one:
            line = await self._line(contact)
            if not await self._get(line, PAUSED):
                await self._set(line, PAUSED, BEGUN)
            if await self._get(line, RECORDING):
                await self._mute(line, "1")
            for listener in await self._listeners(contact):
                await self._hang_up(listener)
            await self._throw_away(line, KEYS)
            if not await self._get(line, PAUSED):  # by the dialplan, with the talk
                await self._throw_away(line, NOTHING)
                raise AmiRefused("the talk is over")
            await self._set(line, PAUSED, WHOLE)

    async def resume(self, contact: ContactId) -> None:
        """The mark goes when all is done, so that one that failed can be tried again; then what a
        leg that came in between has made of the mark is undone, too."""
        async with _told(), self._one:
            line = await self._line(contact)
            if await self._get(line, PAUSED) == WHOLE:
                await self._set(line, PAUSED, BEGUN)
            if await self._get(line, RECORDING):
                await self._mute(line, "0")
            await self._throw_away(line, NOTHING)
            await self._set(line, PAUSED, "")
            await self._throw_away(line, NOTHING)

    async def pause_ended(self, contact: ContactId) -> None:
        """With the talk, in the dialplan, which reaches their own channel alone: of whom we called
        keys come in behind its other half. Never raises; a pause since then stays."""
        try:
            async with self._one:
                line = await line_of(self._ami, contact)
                if line and line != contact and not await self._get(line, PAUSED):
                    await self._throw_away(line, NOTHING)
        except (AmiAway, AmiRefused, AmiSlow) as error:
            log.warning("keys may not count again", extra={"contact": contact, "why": str(error)})

    async def stop(self, contact: ContactId) -> None:
        async with _told():
            line = await self._line(contact)
            await self._ami.send({"Action": "StopMixMonitor", "Channel": line})
            await self._set(line, RECORDING, "")

    async def ring(self, listener: ListenerCall) -> None:
        async with _told():
            line = await self._line(listener.contact)
            caller = await self._get(line, "CHANNEL(name)") or ""
            await self._ami.send(listening.originate(listener, line, caller))

    async def listener(self, contact: ContactId, phone: str) -> OfferId | None:
        async with _told():
            rows = await self._ami.ask_list(listening.LOOK)
        for row in listening.listeners(rows, contact):
            heir, name = offer_of(row.get("Uniqueid", "")), row.get("Channel", "")
            is_up = row.get("ChannelStateDesc") == ANSWERED
            if heir and is_up and name.startswith(f"PJSIP/{phone}-"):
                return heir
        return None

    async def take_over(self, contact: ContactId, offer: OfferId, heir: OfferId) -> None:
        async with _told():
            await self._set(await self._line(contact), TAKER, heir)
            await self._ami.send(to_desk(offer, "yield"))

    # ---- single actions

    async def _line(self, contact: ContactId) -> str:
        """`AmiRefused` when the customer is not on the line."""
        line = await line_of(self._ami, contact)
        if line is None:
            raise AmiRefused("No such channel")
        return line

    async def _get(self, channel: str, variable: str) -> str | None:
        """None: there is no such channel."""
        try:
            asked = {"Action": "Getvar", "Channel": channel, "Variable": variable}
            return (await self._ami.send(asked)).get("Value", "")
        except AmiRefused:
            return None

    async def _set(self, channel: str, variable: str, value: str) -> None:
        action = {"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value}
        await self._ami.send(action)

    async def _mute(self, line: str, state: str) -> None:
        action = {"Action": "MixMonitorMute", "Channel": line, "Direction": "both"}
        await self._ami.send({**action, "State": state})

    async def _throw_away(self, line: str, frames: str) -> None:
        """At the customer's channel, and at all that it is connected with or may be. Whoever has
        gone meanwhile has no keys; who only seems to be gone is found by a second look."""
        await self._set(line, DROPPED, frames)
        if await self._missed(line, frames):
            await asyncio.sleep(NAMELESS_SECONDS)
            for channel in await self._missed(line, frames):
                if await self._get(channel, STATE) is not None:
                    raise AmiRefused(f"{channel} goes on taking keys as before")

    async def _missed(self, line: str, frames: str) -> Sequence[str]:
        """The channels that were not to be found."""
        missed: list[str] = []
        for channel in await self._peers(line):
            try:
                await self._set(channel, DROPPED, frames)
            except AmiRefused:
                missed.append(channel)
        return missed

    async def _peers(self, line: str) -> Sequence[str]:
        """The channels that the customer is connected with or may be at any moment: the leg of the
        agent who has them on hold, that of a consulted one, whoever a second line has asked; and
        the telephone outside behind each of these, and behind their own channel."""
        talked = await self._get(line, TALKED) or ""
        heir, _, aside = (await self._get(line, ASIDE) or "").partition("~")
        near = [half for offer in (talked, heir) if offer for half in _halves(offer)]
        there = [id_ for id_ in (line + FAR_HALF, *near) if await self._get(id_, STATE) is not None]
        left = [*await self._bridged(line), *there, aside, await self._get(line, FAR) or ""]
        found: dict[str, None] = {}
        while left:
            channel = left.pop(0)
            if channel in ("", *found):
                continue
            found[channel] = None
            if channel.startswith("Local/"):
                left.append(_other_end(channel))
            if channel.startswith("Local/") or channel.endswith(FAR_HALF):
                left += await self._bridged(channel)
        return list(found)

    async def _bridged(self, channel: str) -> list[str]:
        return [name for name in (await self._get(channel, PEER) or "").split(",") if name]

    async def _listeners(self, contact: ContactId) -> Sequence[str]:
        """Unique ids of the supervisors' legs, ringing or listening."""
        rows = await self._ami.ask_list(listening.LOOK)
        return [row.get("Uniqueid", "") for row in listening.listeners(rows, contact)]

    async def _hang_up(self, channel: str) -> None:
        try:
            await self._ami.send({"Action": "Hangup", "Channel": channel, "Cause": "16"})
        except AmiRefused:
            return  # gone by itself


def _halves(offer: str) -> tuple[str, str]:
    """Unique ids: of an agent's leg, and of the half that dials a telephone outside for it."""
    return LEG_PREFIX + offer, FAR_PREFIX + offer + FAR_HALF


def _other_end(local: str) -> str:
    """Of a Local channel: whoever is bridged with the one speaks through the other."""
    return local[:-1] + ("1" if local.endswith("2") else "2")


async def line_of(ami: Ami, contact: ContactId) -> str | None:
    """The unique id of this customer's channel; None: they are not on the line. Who calls is looked
    for first: of whom we called only their channel itself says whose it is."""
    try:
        await ami.send({"Action": "Getvar", "Channel": contact, "Variable": RECORDING})
    except AmiRefused:
        asked = {"Action": "Status", "Variables": "CONTACT", "AllVariables": "false"}
        rows = [row for row in await ami.ask_list(asked) if row.get("Event") == "Status"]
        called = [row for row in rows if variables_of(row).get("CONTACT") == contact]
        ids = [row.get("Uniqueid", "") for row in called]
        ours = (id_ for id_ in ids if id_.startswith(OUT_PREFIX) and not id_.endswith(FAR_HALF))
        return next(ours, None)
    return contact


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """What fails here, in the words of the port."""
    try:
        yield
    except (AmiAway, AmiRefused, AmiSlow) as error:
        raise PhonesFailed(str(error)) from error
