"""What a flow wants for those who wait, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
import yaml

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from ivr.__main__ import build
from tests import rig
from tests.phones import Phone
from voice.ports import Prompt
from voice.prompts import PromptFolder, make_missing

pytestmark = pytest.mark.asterisk

NUMBERS = {"4000": {"flow": "survey"}, "4001": {"flow": "queue"}}
CENTRE = {"queues": {"support": {"wrap_up_seconds": 0}}, "agents": {"a1": {"queues": ["support"]}}}
HELLO = {"survey": "One.", "queue": "Two."}


def flow(name: str) -> dict[str, object]:
    hello = {"after": 0, "say": {"zh": "一。", "en": HELLO[name]}}
    step = {"do": "queue", "after": name, "while_waiting": [hello]}
    return {"first": "person", "steps": {"person": step}}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    numbers = {number: {**entry, "language": "en"} for number, entry in NUMBERS.items()}
    with rig.asterisk(phones=1, numbers=numbers, centre=CENTRE) as instance:
        folder = instance.settings.data / "flows"
        folder.mkdir()
        for name in HELLO:
            (folder / f"{name}.yaml").write_text(yaml.safe_dump(flow(name)))
        words = [Prompt(text, "en") for text in HELLO.values()]
        done = asyncio.run(make_missing(PromptFolder(instance.settings.prompts), words))
        assert done.failed == []
        yield instance


@asynccontextmanager
async def core(asterisk: Instance) -> AsyncIterator[CoreClient]:
    """Ours, in this process, until the end of the block."""
    client = CoreClient(asterisk.settings.core_socket)
    async with AsyncExitStack() as stack:
        await build(asterisk.settings, stack)

        async def up() -> bool:
            return bool((await client.ask("status"))["link"])

        async with asyncio.timeout(10):
            while not await up():
                await asyncio.sleep(0.02)
        yield client


async def waits(ami: rig.Ami, caller: Phone, number: str = "4000") -> rig.Event:
    seen = len(ami.events)
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    await caller.call(number)
    return await ami.event("AcdWaiting", since=seen)


async def talks(client: CoreClient, ami: rig.Ami, agent: Phone, told: rig.Event) -> None:
    """The agent logs in, is rung for the caller, talks and hangs up."""
    await client.ask("agent login", agent="a1")
    leg = await agent.rings()
    leg.answer()
    await ami.event("BridgeEnter", Uniqueid=told["Contact"])
    await leg.hang_up()


@pytest.mark.parametrize("number", NUMBERS)
async def test_a_caller_is_spoken_to_at_once_by_the_flow_of_their_number_and_once_only(
    asterisk: Instance, ami: rig.Ami, caller: Phone, number: str
) -> None:
    async with core(asterisk):
        told = await waits(ami, caller, number)
        await ami.event("AcdSaid", Contact=told["Contact"], Req="w0")
        asked = await ami.get(told["Channel"], "REQ")
    words = Prompt(HELLO[NUMBERS[number]["flow"]], "en")
    file = PromptFolder(asterisk.settings.prompts).find(words)
    assert file and asked == f"w0~{file.with_suffix('')}~0"
    async with core(asterisk):  # of the next process they hear nothing twice
        await asyncio.sleep(3)
    assert ami.count("AcdSaid", Contact=told["Contact"]) == 1


async def test_a_survey_that_the_flow_names_follows_the_talk(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await talks(client, ami, agent, told)
        await ami.event("AcdAfter", Contact=told["Contact"], After="survey")
        await asyncio.sleep(0.3)
        await caller.calls[0].press("5")
        await asyncio.wait_for(caller.calls[0].ended.wait(), 8)
        await client.ask("agent logout", agent="a1")
    rows = rig.cel(asterisk, told["Contact"])
    assert [extra for kind, _, extra in rows if kind == "ACD_SURVEY"] == [f"{told['Contact']}|5"]


async def test_who_waits_again_after_a_talk_is_offered_again_at_once(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller, "4001")
        await talks(client, ami, agent, told)
        await agent.rings(2)
