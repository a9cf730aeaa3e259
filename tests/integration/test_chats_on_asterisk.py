"""Calls and chats in one queue, with the whole core on a real Asterisk: one line, one agent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest
import yaml

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from ivr.__main__ import build
from tests import rig
from tests.phones import Phone

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(120)]

CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "ring_seconds": 30}},
    "agents": {"a1": {"queues": ["support"]}},
}
CHAT = {"url": "http://127.0.0.1:9", "away_seconds": 600}
STRAIGHT = {"first": "person", "steps": {"person": {"do": "queue"}}}
LI, WU = (sha256(name.encode()).hexdigest() for name in ("li", "wu"))


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    numbers = {"4000": {"flow": "straight", "language": "en"}}
    with rig.asterisk(phones=1, numbers=numbers, centre=CENTRE, chat=CHAT) as instance:
        folder = instance.settings.data / "flows"
        folder.mkdir()
        (folder / "straight.yaml").write_text(yaml.safe_dump(STRAIGHT))
        yield instance


@asynccontextmanager
async def core(asterisk: Instance) -> AsyncIterator[CoreClient]:
    """Ours, in this process, until the end of the block; Ann is logged off."""
    client = CoreClient(asterisk.settings.core_socket)
    async with AsyncExitStack() as stack:
        await build(asterisk.settings, stack)
        await until(lambda: has_link(client))
        yield client


async def has_link(client: CoreClient) -> bool:
    return bool((await client.ask("status"))["link"])


async def until(condition: Any) -> Any:
    async with asyncio.timeout(15):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
    return found


async def calls(ami: rig.Ami, caller: Phone) -> str:
    """Somebody calls and waits; their contact."""
    seen = len(ami.events)
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    await caller.call("4000")
    return (await ami.event("AcdWaiting", since=seen))["Contact"]


async def chats(client: CoreClient, by: str = LI) -> str:
    asked = {"by": by, "language": "en", "queue": "", "name": ""}
    return str((await client.ask("chat begin", **asked))["contact"])


async def agent_comes(client: CoreClient) -> None:
    await client.ask("chat desk", agent="a1", open=True)
    await client.ask("agent login", agent="a1")


async def on_page(client: CoreClient) -> dict[str, Any]:
    """The chat that rings on the agent's page."""

    async def rings() -> Any:
        return (await client.ask("chat list", agent="a1"))["offers"]

    [offer] = await until(rings)
    return dict(offer)


async def talk(agent: Phone, ami: rig.Ami, contact: str) -> None:
    """The agent's phone rings for this contact; they talk, and hang up."""
    leg = await agent.rings()
    leg.answer()
    await ami.event("BridgeEnter", Uniqueid=contact)
    await leg.hang_up()


async def test_the_chat_that_came_first_is_served_first_and_the_call_next(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        chat, call = await chats(client), await calls(ami, caller)
        await agent_comes(client)
        offer = await on_page(client)
        assert offer["contact"] == chat and not agent.calls
        await client.ask("chat accept", agent="a1", offer=offer["offer"])
        await client.ask("chat say", agent="a1", contact=chat, id="1", words="hello")
        assert not agent.calls, "the telephone is left alone while the agent chats"
        await client.ask("chat close", agent="a1", contact=chat)
        await talk(agent, ami, call)
        await client.ask("agent logout", agent="a1")


async def test_the_call_that_came_first_is_served_first_and_the_chat_next(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        call, chat = await calls(ami, caller), await chats(client, WU)
        await agent_comes(client)
        assert (await client.ask("chat list", agent="a1"))["offers"] == []
        await talk(agent, ami, call)
        offer = await on_page(client)
        assert offer["contact"] == chat
        await client.ask("chat accept", agent="a1", offer=offer["offer"])
        await client.ask("chat close", agent="a1", contact=chat)
        await client.ask("agent logout", agent="a1")


async def test_a_caller_who_went_online_is_served_there_whatever_their_line_does(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    """The line stays in the waiting loop, is seen by the next core, and hangs up in the end."""
    by = sha256(b"han").hexdigest()
    async with core(asterisk) as client:
        contact = await calls(ami, caller)
        made = await client.ask("pass issue", contact=contact, channel="chat", form="link")
        joined = await client.ask("chat join", by=by, **{"pass": made["pass"]})
        assert joined["contact"] == contact
        await agent_comes(client)
        offer = await on_page(client)
        assert (offer["contact"], offer["origin"]) == (contact, "phone")
        await client.ask("chat accept", agent="a1", offer=offer["offer"])
    async with core(asterisk) as client:  # it looks at all channels when it begins
        await client.ask("chat here", by=by)
        await client.ask("chat desk", agent="a1", open=True)
        assert (await client.ask("chat state", by=by))["state"] == "served"
        await caller.calls[0].hang_up()
        await ami.event("AcdGone", Contact=contact)
        said = await client.ask("chat say", agent="a1", contact=contact, id="1", words="hello")
        assert said["new"] and (await client.ask("chat state", by=by))["state"] == "served"
        assert not agent.calls
        await client.ask("chat close", agent="a1", contact=contact)
        await client.ask("agent logout", agent="a1")


async def test_while_asterisk_is_gone_chats_are_begun_offered_and_served(
    asterisk: Instance, agent: Phone
) -> None:
    """The last of this module: Asterisk is stopped in it."""
    by = sha256(b"zhao").hexdigest()
    async with core(asterisk) as client:
        await agent_comes(client)
        await asyncio.to_thread(asterisk.stop)

        async def is_lost() -> bool:
            return not await has_link(client)

        await until(is_lost)
        chat = await chats(client, by)
        offer = await on_page(client)
        await client.ask("chat accept", agent="a1", offer=offer["offer"])
        await client.ask("chat say", agent="a1", contact=chat, id="1", words="still here")
        assert (await client.ask("chat close", agent="a1", contact=chat))["state"] == "over"
        assert not agent.calls
