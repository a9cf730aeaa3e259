"""A waiting caller without a mobile number keys one in, on a real Asterisk and a real telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from tests import rig
from tests.channel_hands import OLD_KEY, secret
from tests.flow_house import flow_house
from tests.integration.test_keys_while_waiting import contact
from tests.integration.test_online_on_asterisk import (
    CENTRE,
    CHAT,
    FLOW,
    TALKS,
    codes,
    hears,
    offered,
    redeemed,
)
from tests.integration.test_waiting_callers import core
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

__all__ = ["codes"]
KEYED = "13800138000"
SMS = {
    "kind": "sms",
    "secrets": [secret(OLD_KEY)],
    "allow": ["+86"],
    "url": "http://127.0.0.1:9/texts",
}


@pytest.fixture
def asterisk() -> Iterator[Instance]:
    """Texts could be sent, but nobody takes them."""
    chat = {**CHAT, "text_by": "sms"}
    with flow_house(FLOW, CENTRE, chat=chat, channels={"sms": SMS}) as instance:
        yield instance


async def asked_how(client: CoreClient, ami: rig.Ami, caller: Phone) -> rig.Event:
    told = await offered(client, ami, caller)
    await caller.calls[0].press("1")
    await hears(ami, told, "how")
    return told


async def presses(caller: Phone, keys: str) -> None:
    """One after the other, as people do."""
    for key in keys:
        await caller.calls[0].press(key)
        await asyncio.sleep(0.15)


async def test_the_number_is_read_back_and_stands_in_no_event_and_no_row(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told = await asked_how(client, ami, caller)
        key = (await contact(client, told))["key"]
        await presses(caller, "1")
        await hears(ami, told, "number")
        await presses(caller, f"{KEYED}#")
        await hears(ami, told, "right")
        assert await ami.get(told["Channel"], "SHARED(KEYED)") == ""
        await presses(caller, "1")
        await hears(ami, told, "way")
        [text] = (await client.ask("texts"))["texts"]
        known = await contact(client, told)
        assert (known["state"], known["key"], text["state"]) == ("waiting", key, "queued")
    events = [event for event in ami.events if event["Event"] == "UserEvent"]
    rows = rig.cel(asterisk, told["Contact"])
    assert KEYED not in str(events) and KEYED not in str(rows)
    assert not any(kind == "ACD_KEY" for kind, _, _ in rows), "nor a single digit of it"


async def test_who_begins_to_key_before_being_asked_leaves_no_digit_anywhere(
    asterisk: Instance, ami: rig.Ami, caller: Phone
) -> None:
    async with core(asterisk) as client:
        told = await asked_how(client, ami, caller)
        await presses(caller, f"1{KEYED}#")
        await hears(ami, told, "number", "right")  # where all goes slowly, it was asked by then
    assert not any(kind == "ACD_KEY" for kind, _, _ in rig.cel(asterisk, told["Contact"]))


async def test_who_says_nothing_to_the_question_hears_a_code_and_waits_on(
    asterisk: Instance, ami: rig.Ami, caller: Phone, codes: list[str]
) -> None:
    async with core(asterisk) as client:
        told = await asked_how(client, ami, caller)
        await hears(ami, told, "way")
        assert (await contact(client, told))["state"] == "waiting"
        assert (await redeemed(client, codes[0]))["contact"] == told["Contact"]


async def test_an_agent_who_answers_while_a_number_is_keyed_in_has_the_caller(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await asked_how(client, ami, caller)
        await presses(caller, "1")
        await hears(ami, told, "number")
        await presses(caller, "1380")
        await client.ask("agent login", agent=TALKS)
        leg = await agent.rings()
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        await asyncio.sleep(9.0)  # longer than a key is waited for
        assert ami.count("BridgeLeave", Uniqueid=told["Contact"]) == 0
        assert (await client.ask("texts"))["texts"] == []
        await client.ask("agent logout", agent=TALKS)
