"""Who joins a queue hears the offer to go online at once, and all that is said in good order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_keys_while_waiting import contact
from tests.integration.test_online_on_asterisk import CENTRE, CHAT, CHATS, FLOW
from tests.integration.test_waiting_callers import core, waits
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

SOON = 3.0
"""Seconds between joining a queue and the first word of the offer."""
THANKS = {"after": 0, "say": {"zh": "谢谢。", "en": "Thank you for waiting."}}
GREETS = {
    "first": "person",
    "steps": {
        "person": {
            "do": "queue",
            "say": {"zh": "请稍候。", "en": "Please hold."},
            "while_waiting": [THANKS],
        },
    },
}


@pytest.fixture
def asterisk(request: pytest.FixtureRequest) -> Iterator[Instance]:
    flow: dict[str, Any] = request.param
    with flow_house(flow, CENTRE, chat=CHAT) as instance:
        yield instance


async def soon(client: CoreClient, ami: rig.Ami, caller: Phone) -> tuple[rig.Event, float]:
    """Nobody talks, somebody chats, and somebody calls: seconds from joining to the first word."""
    await client.ask("agent login", agent=CHATS)
    await client.ask("chat desk", agent=CHATS, open=True)
    told = await waits(ami, caller)
    async with asyncio.timeout(20):
        while not (await ami.get(told["Channel"], "REQ_DONE")).startswith("online-offer-"):
            await asyncio.sleep(0.02)
    took = time.time() - (await contact(client, told))["key"][0]
    print(f"the offer began {took:.2f} s after joining")
    return told, took


@pytest.mark.parametrize("asterisk", [FLOW], indirect=True)
async def test_the_first_word_of_the_offer_comes_within_three_seconds_of_joining(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        _, took = await soon(client, ami, caller)
        assert took <= SOON


@pytest.mark.parametrize("asterisk", [GREETS], indirect=True)
async def test_after_a_welcome_the_offer_is_next_and_announcements_follow_it(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told, took = await soon(client, ami, caller)
        assert took <= SOON
        await ami.event("AcdSaid", wait=40.0, Contact=told["Contact"], Req="w0")
    ends = [event for event in ami.events if event.get("UserEvent") == "AcdSaid"]
    said = [event["Req"].removesuffix(event["Req"].partition("offer")[2]) for event in ends]
    assert said == ["joined", "online-offer", "w0"], "each to its end, each once"
    assert {event["Status"] for event in ends} <= {"OK", "TIMEOUT"}
