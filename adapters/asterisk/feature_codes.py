"""What agents' telephones ask for by dialling a code: heard by AMI, answered on their channel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from acd.model import AgentId
from adapters.asterisk.ami import Ami, AmiAway, AmiRefused, AmiSlow
from ivr.directory import Directory
from ivr.seats import Seats

log = logging.getLogger(__name__)

PICKUP, COME, GO = "AcdPickup", "AcdDeskIn", "AcdDeskOut"
TOLD, PIN = "SHARED(TOLD)", "SHARED(DESK_PIN)"
"""What the channel waits for, a word; and the keys that were pressed for the PIN."""
AWAY = (AmiAway, AmiRefused, AmiSlow)


class Desks(Protocol):
    """Who comes to a telephone, and goes; each answer is a word that the dialplan knows."""

    async def come(self, phone: str, number: str, pin: str, call: str) -> str: ...

    async def go(self, phone: str) -> str: ...


class FeatureCodes:
    """Hears the codes; whether what they ask for is done is decided elsewhere."""

    def __init__(
        self, ami: Ami, directory: Directory, pickup: Callable[[AgentId, AgentId], bool],
        seats: Seats, desks: Desks,
    ) -> None:  # fmt: skip
        self._ami = ami
        self._directory = directory
        self._pickup = pickup
        self._seats = seats
        self._desks = desks
        self._tasks: set[asyncio.Task[None]] = set()

    def hear(self, event: Mapping[str, str]) -> None:
        """One AMI event. Never raises; never waits."""
        codes: Mapping[str, Callable[[Mapping[str, str]], Awaitable[str]]] = {
            PICKUP: self._picks_up, COME: self._comes, GO: self._goes,
        }  # fmt: skip
        code = codes.get(event.get("UserEvent", ""))
        if code:
            task = asyncio.get_running_loop().create_task(self._answer(event, code(event)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _answer(self, event: Mapping[str, str], answer: Awaitable[str]) -> None:
        try:
            await self._set(event["Channel"], TOLD, await answer)
        except AWAY as error:
            log.info("telephone not told", extra={"why": str(error)})

    async def _picks_up(self, event: Mapping[str, str]) -> str:
        colleague = self._directory.agent(event.get("Of", ""))
        agent = self._seats.agent_at(event.get("Phone", ""))
        done = colleague and agent and self._pickup(agent, AgentId(colleague))
        return "yes" if done else "no"

    async def _comes(self, event: Mapping[str, str]) -> str:
        """The PIN is in no event, and on the channel no longer than it takes to read it."""
        channel = event["Channel"]
        asked = {"Action": "Getvar", "Channel": channel, "Variable": PIN}
        pin = (await self._ami.send(asked)).get("Value") or ""
        await self._set(channel, PIN, "")
        number, call = event.get("Number", ""), event.get("Uniqueid", "")
        return await self._desks.come(event.get("Phone", ""), number, pin, call)

    async def _goes(self, event: Mapping[str, str]) -> str:
        return await self._desks.go(event.get("Phone", ""))

    async def _set(self, channel: str, variable: str, value: str) -> None:
        action = {"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value}
        await self._ami.send(action)
