"""The telephones of a lane, and what people do with them and by the API in a talk.

Each method gives a deed: something to be done later, which raises `Differs` when the house takes it
otherwise than it must.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from ivr.ports import CoreRefused
from tests.desk_phone import STAR, DeskPhone
from tests.house import House
from tests.phones import Call, Phone
from tests.talk_house import Place

RING_SECONDS = 6.0
DECLINED = "603 Decline"
BUSY = 486
LINE_SECONDS = 2.0
"""So soon a second line is hung up whose colleague has gone."""

Deed = Callable[[], Awaitable[None]]


class Differs(Exception):
    """What was seen is not what must be."""


class Hands:
    """Four agents at their phones, and one caller at a time."""

    def __init__(self, house: House, place: Place) -> None:
        self.place = place
        self.declined: dict[str, float] = {}
        """When who has declined the contact (monotonic)."""
        self._house = house
        self._server = ("127.0.0.1", house.settings.ports.sip)
        self._phones: dict[str, DeskPhone] = {}
        self._lines: dict[str, Call] = {}
        """Each agent's last second line."""
        self._caller: Phone | None = None
        self._call: Call | None = None

    async def open(self) -> None:
        """Register the phones and log the agents in."""
        for agent in self.place.agents:
            phone = DeskPhone(self._server, agent, self._house.settings.phone_secret(agent))
            self._phones[agent] = phone
            await phone.register()
            await self._house.core.ask("agent login", agent=agent)
            await self._house.until_agent(agent, lambda one: one["phone"] == "reachable", 30)

    async def close(self) -> None:
        await self.hang_up_all()
        for phone in self._phones.values():
            phone.close()

    async def hang_up_all(self) -> None:
        """Whatever still goes on at these phones ends."""
        await self.caller_hangs_up()
        for phone in self._phones.values():
            for call in phone.calls:
                with contextlib.suppress(Exception):
                    await call.hang_up()
            phone.forget()

    # ---- the caller

    async def dial(self, number: str) -> None:
        """A caller with this number is answered by the house."""
        self.declined.clear()
        for phone in self._phones.values():
            phone.forget()
        self._caller = Phone(self._server, number, hears=False)
        self._call = await self._caller.call(self.place.number)

    async def caller_hangs_up(self) -> None:
        """The caller leaves, if there is one."""
        caller, call = self._caller, self._call
        self._caller = self._call = None
        if caller and call:
            await call.hang_up()
            caller.close()

    # ---- by the API

    async def ask(self, word: str, agent: str, **fields: str) -> None:
        """One request of an agent."""
        await self._house.core.ask(word, agent=agent, **fields)

    def asks(self, word: str, agent: str, **fields: str) -> Deed:
        async def do() -> None:
            await self.ask(word, agent, **fields)

        return do

    def refused(self, word: str, agent: str, **fields: str) -> Deed:
        """A request that must be refused."""

        async def do() -> None:
            try:
                await self.ask(word, agent, **fields)
            except CoreRefused:
                return
            raise Differs(f"{word} {fields} was not refused")

        return do

    # ---- by the telephone

    def answers(self, agent: str) -> Deed:
        async def do() -> None:
            (await self._phones[agent].rung_once(RING_SECONDS)).answer()

        return do

    def declines(self, agent: str) -> Deed:
        async def do() -> None:
            self.declined[agent] = time.monotonic()
            (await self._phones[agent].rung_once(RING_SECONDS)).decline(DECLINED)

        return do

    def hangs_up(self, agent: str) -> Deed:
        async def do() -> None:
            await self._one_line(agent)
            await self._phones[agent].leg.hang_up()

        return do

    def holds(self, agent: str) -> Deed:
        return self._reinvites(agent, "sendonly")

    def resumes(self, agent: str) -> Deed:
        return self._reinvites(agent, "sendrecv")

    def _reinvites(self, agent: str, direction: str) -> Deed:
        async def do() -> None:
            await self._one_line(agent)
            if (status := await self._phones[agent].leg.offer_again(direction)) != 200:
                raise Differs(f"the re-INVITE was answered with {status}")

        return do

    def refers(self, agent: str, user: str) -> Deed:
        """A transfer by the phone that must be taken on (202)."""

        async def do() -> None:
            if (status := await self._phones[agent].leg.refer(user)) != 202:
                raise Differs(f"the REFER was answered with {status}")

        return do

    def refers_in_vain(self, agent: str, user: str) -> Deed:
        """One that changes nothing: refused at once, or told to have failed."""

        async def do() -> None:
            await self._phones[agent].leg.refer(user)

        return do

    def calls(self, agent: str, other: str) -> Deed:
        """A second line, which must be taken. A telephone has two: the one before it has ended."""

        async def do() -> None:
            await self._one_line(agent)
            call = self._lines[agent] = await self._phones[agent].call(other)
            if call.failed:
                raise Differs(f"the second line was answered with {call.failed}")

        return do

    def calls_in_vain(self, agent: str, other: str) -> Deed:
        """One that must be refused."""

        async def do() -> None:
            if (call := await self._phones[agent].call(other)).failed != BUSY:
                raise Differs(f"the second line was answered with {call.failed or 200}")

        return do

    def hangs_up_first(self, agent: str) -> Deed:
        async def do() -> None:
            await self._phones[agent].first.hang_up()

        return do

    def hangs_up_second(self, agent: str) -> Deed:
        async def do() -> None:
            await self._lines[agent].hang_up()

        return do

    async def _one_line(self, agent: str) -> None:
        """The agent's last second line has ended, in time: what its telephone does from now on it
        does to the talk."""
        if before := self._lines.get(agent):
            await asyncio.wait_for(before.ended.wait(), LINE_SECONDS)

    def refers_lines(self, agent: str) -> Deed:
        """The telephone leaves its two lines together, and hangs up once it is told."""

        async def do() -> None:
            phone = self._phones[agent]
            first, second = phone.first, phone.leg
            if (status := await first.refer("anybody", replaces=second)) != 202:
                raise Differs(f"the REFER was answered with {status}")
            async with asyncio.timeout(RING_SECONDS):
                while not first.told or "100" in first.told[-1]:
                    await asyncio.sleep(0.02)
            if "200" not in first.told[-1]:
                raise Differs(f"the transfer came to {first.told[-1]}")
            await first.hang_up()

        return do

    def star(self, agent: str) -> Deed:
        async def do() -> None:
            await self._phones[agent].leg.press(STAR)

        return do
