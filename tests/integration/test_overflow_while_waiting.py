"""Overflow rules carried out for callers who wait, with the whole core on a real Asterisk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_keys_while_waiting import comes_to
from tests.integration.test_waiting_callers import core, waits
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

CENTRE = {
    "queues": {
        "support": {"overflow": [{"when": {"longest_wait": 2}, "to": "message"}]},
        "sales": {"overflow": [{"when": {"waited": 2}, "to": "spare"}]},
        "spare": {},
    },
    "agents": {"a1": {"queues": ["spare"]}},
}
FLOW = {
    "first": "first",
    "steps": {
        "first": {"do": "branch", "fact": "queue", "cases": {"rare": "spare"},
                  "then": {"rare": "spare_person", "else": "person"}},
        "person": {"do": "queue", "overflow": {"message": "note"}},
        "spare_person": {
            "do": "queue", "queue": "spare",
            "while_waiting": [{"every": 10, "say": {"zh": "一。", "en": "One."}}],
        },
        "note": {
            "do": "message",
            "say": {"zh": "请留言。", "en": "All are busy. Leave a message."},
            "tries": 1,
            "then": {
                "done": "bye", "silence": "person", "cancelled": "person", "failed": "person",
            },
        },
        "bye": {"do": "goodbye", "say": {"zh": "再见。", "en": "Goodbye."}},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Instance]:
    with flow_house(FLOW, CENTRE, {"4000": "support", "4001": "sales"}) as instance:
        yield instance


async def test_a_wait_that_gets_too_long_leads_to_a_message_once_and_the_place_is_kept(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        key = (await comes_to(client, told, "waiting"))["key"]
        await ami.event("AcdLeft", wait=15, Contact=told["Contact"], By="message")
        await comes_to(client, told, "parked")
        async with asyncio.timeout(10):
            while await ami.get(told["Channel"], "STEP") != "note":
                await asyncio.sleep(0.02)
        seen = len(ami.events)
        async with asyncio.timeout(20):  # the caller says nothing and ends it
            while all(event.get("UserEvent") != "AcdWaiting" for event in ami.events[seen:]):
                await caller.calls[0].press("#")
                await asyncio.sleep(0.3)
        await ami.event("AcdWaiting", since=seen, Contact=told["Contact"], Step="person")
        assert (await comes_to(client, told, "waiting"))["key"] == key
        await asyncio.sleep(7)  # longer than the rules are looked at
        assert ami.count("AcdLeft", Contact=told["Contact"]) == 1


async def test_who_is_sent_to_another_queue_waits_there_with_the_same_key(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client, rig.phone(asterisk, "a1") as agent:
        await agent.register()
        told = await waits(ami, caller, "4001")
        key = (await comes_to(client, told, "waiting"))["key"]
        async with asyncio.timeout(15):
            while (known := await comes_to(client, told, "waiting"))["queue"] != "spare":
                await asyncio.sleep(0.05)
        assert known["key"] == key
        async with asyncio.timeout(5):
            while await ami.get(told["Channel"], "LEAD_DONE") != "spare":
                await asyncio.sleep(0.05)
        assert await ami.get(told["Channel"], "QUEUE") == "spare"
        await ami.event("AcdSaid", Contact=told["Contact"], wait=20)  # of the step for this queue
        assert await ami.get(told["Channel"], "STEP") == "spare_person"
        await client.ask("agent login", agent="a1")
        (await agent.rings()).answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
