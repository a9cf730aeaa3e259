"""A flow's survey after a talk, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

import pytest

from adapters.asterisk.instance import Instance
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr import surveys
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_waiting_callers import CENTRE, core, talks, waits
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

FLOW = {
    "first": "person",
    "steps": {
        "person": {"do": "queue", "after": "survey", "then": {"talked": "rate"}},
        "rate": {
            "do": "survey",
            "say": {"zh": "请打分。", "en": "Please rate this call."},
            "second": {"zh": "解决了吗？", "en": "Was it solved?"},
            "then": {"done": "bye", "silence": "bye"},
        },
        "bye": {"do": "goodbye", "say": {"zh": "再见。", "en": "Goodbye."}},
    },
}


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house(FLOW, CENTRE) as instance:
        yield instance


async def asked(ami: rig.Ami, told: rig.Event) -> None:
    """Until the flow has come to its survey."""
    async with asyncio.timeout(10):
        while await ami.get(told["Channel"], "STEP") != "rate":
            await asyncio.sleep(0.02)


async def answers(asterisk: Instance, contact: str) -> Sequence[surveys.Answer]:
    """What the journal has of this contact's survey."""
    url = asterisk.settings.database_url("core")
    database = await open_database(url, "core", read_only=True)
    try:
        found = await surveys.read(JournalReader(database), 0, 1e12)
    finally:
        await database.close()
    return [answer for answer in found if answer.contact == contact]


async def test_a_caller_answers_after_the_talk_and_the_agent_is_free_meanwhile(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await talks(client, ami, agent, told)
        await asked(ami, told)
        async with asyncio.timeout(5):  # no wrap-up in this house, and the caller is still there
            while (await client.ask("agents"))["agents"][0]["state"] != "ready":
                await asyncio.sleep(0.02)
        assert not caller.calls[0].ended.is_set()
        await caller.calls[0].press("4")
        await caller.calls[0].press("2")
        await asyncio.wait_for(caller.calls[0].ended.wait(), 15)
        await client.ask("agent logout", agent="a1")
        [answer] = await answers(asterisk, told["Contact"])
    assert (answer.score, answer.second, answer.highest) == (4, 2, 5)
    assert (answer.agent, answer.queue, answer.step) == ("a1", "support", "rate")
    assert answer.rules and answer.flow.startswith("tested/")
    kinds = [kind for kind, _, _ in rig.cel(asterisk, told["Contact"])]
    assert "ACD_AFTER" in kinds and "ACD_SURVEY" not in kinds


async def test_a_caller_who_hangs_up_first_is_asked_nothing(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await client.ask("agent login", agent="a1")
        (await agent.rings()).answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        await caller.calls[0].hang_up()
        await ami.event("AcdGone", Contact=told["Contact"])
        await client.ask("agent logout", agent="a1")
        assert await answers(asterisk, told["Contact"]) == []


async def test_with_our_processes_away_asterisk_asks_its_own_question(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        await client.ask("agent login", agent="a1")
        leg = await agent.rings()
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
    await leg.hang_up()
    await ami.event("AcdAfter", Contact=told["Contact"])
    await asyncio.wait_for(caller.calls[0].ended.wait(), 25)
    kinds = [kind for kind, _, _ in rig.cel(asterisk, told["Contact"])]
    assert "ACD_SURVEY" in kinds
