"""Who waits in the chat calls again: the whole core on a real Asterisk, and a real telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.asterisk.config import prompt_texts
from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from tests import rig
from tests.fakes_core_chats import LI
from tests.flow_house import flow_house
from tests.integration.test_keys_while_waiting import comes_to, contact
from tests.integration.test_waiting_callers import core, waits
from tests.phones import Phone
from voice.ports import Prompt
from voice.prompts import PromptFolder, make_missing

pytestmark = pytest.mark.asterisk

FLOW = {"first": "person", "steps": {"person": {"do": "queue"}}}
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0}},
    "agents": {"a1": {"queues": ["support"], "capacity": {"voice": 1, "chat": 0}}},
}
CHAT = {"url": "http://127.0.0.1:8080", "call_again": True, "away_seconds": 600}
TAKES, LEAVES = "1", "2"


@pytest.fixture
def asterisk() -> Iterator[Instance]:
    with flow_house(FLOW, CENTRE, chat=CHAT) as instance:
        asked = Prompt(prompt_texts()["resume-online"]["en"], "en")
        store = PromptFolder(instance.settings.prompts)
        assert asyncio.run(make_missing(store, [asked])).failed == []
        yield instance


async def goes_online(client: CoreClient, ami: rig.Ami, caller: Phone) -> rig.Event:
    """Calls, goes on in the chat, and the telephone has let go."""
    told = await waits(ami, caller)
    await comes_to(client, told, "waiting")
    order = {"contact": told["Contact"], "channel": "chat", "who": "ann", "why": "a test"}
    made = await client.ask("pass issue", **order)
    joined = await client.ask("chat join", by=LI, **{"pass": made["pass"]})
    assert joined["contact"] == told["Contact"]
    await asyncio.wait_for(caller.calls[-1].ended.wait(), 40)
    return told


async def calls_again(ami: rig.Ami, caller: Phone, key: str) -> rig.Event:
    """Calls, and presses this key when asked, until they wait."""
    seen = len(ami.events)
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    call = await caller.call("4000")
    waiting = asyncio.create_task(ami.event("AcdWaiting", since=seen))
    async with asyncio.timeout(30):
        while not waiting.done():
            await call.press(key)
            await asyncio.wait([waiting], timeout=0.5)
    return await waiting


async def test_the_key_takes_the_place_out_of_the_chat_and_an_agent_serves_it_in_its_order(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        first = await goes_online(client, ami, caller)
        key = (await contact(client, first))["key"]
        async with rig.phone(asterisk, "15559999") as other:
            behind = await waits(ami, other)
            await comes_to(client, behind, "waiting")
            again = await calls_again(ami, caller, TAKES)
            known = await comes_to(client, again, "waiting")
            assert known["key"] == key
            assert await contact(client, first) == {}
            told = await client.ask("chat state", by=LI)
            assert (told["state"], told["how"]) == ("over", "phone")
            await client.ask("agent login", agent="a1")
            leg = await agent.rings()
            leg.answer()
            await ami.event("BridgeEnter", Uniqueid=again["Contact"])
            assert (await contact(client, behind))["state"] == "waiting"
            await leg.hang_up()
            await client.ask("agent logout", agent="a1")


async def test_who_presses_another_key_begins_anew_and_the_agent_is_told_of_the_chat(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        first = await goes_online(client, ami, caller)
        again = await calls_again(ami, caller, LEAVES)
        known = await comes_to(client, again, "waiting")
        chat = await contact(client, first)
        assert chat["key"] < known["key"]
        assert (await client.ask("chat state", by=LI))["state"] == "waiting"
        async with asyncio.timeout(10):
            while await suggested(asterisk) != [(again["Contact"], first["Contact"])]:
                await asyncio.sleep(0.1)


async def suggested(asterisk: Instance) -> list[tuple[str | None, str]]:
    """Calls, each with the chat of which its agent is told."""
    url = asterisk.settings.database_url("core")
    database = await open_database(url, "core", read_only=True)
    try:
        records = JournalReader(database).read(0, ("AlsoOnline",))
        return [(one.contact, one.data["online"]) async for one in records]
    finally:
        await database.close()
