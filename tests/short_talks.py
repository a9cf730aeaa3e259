"""Agents who answer everybody they are rung for, and hang up as soon as the talk is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from tests.house import House
from tests.phones import Phone


@asynccontextmanager
async def short_talks(house: House, agents: Iterable[str]) -> AsyncIterator[None]:
    """These agents, logged in with a phone each until the end of the block."""
    async with AsyncExitStack() as stack:
        phones = [await stack.enter_async_context(_phone(house, agent)) for agent in agents]
        talking = [asyncio.create_task(_talk(house, phone)) for phone in phones]
        try:
            yield
        finally:
            for task in talking:
                task.cancel()
            await asyncio.gather(*talking, return_exceptions=True)


@asynccontextmanager
async def _phone(house: House, agent: str) -> AsyncIterator[Phone]:
    server, secret = ("127.0.0.1", house.settings.ports.sip), house.settings.phone_secret(agent)
    async with Phone(server, agent, secret, hears=False) as phone:
        await phone.register()
        await house.core.ask("agent login", agent=agent)
        yield phone


async def _talk(house: House, phone: Phone) -> None:
    while True:
        leg = await phone.rung.get()
        leg.answer()
        with suppress(TimeoutError):  # the caller was gone before
            await house.until_agent(phone.name, lambda agent: agent["state"] == "talking")
        await leg.hang_up()
