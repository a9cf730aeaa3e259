"""A waiting caller goes on in the chat: the whole core on a real Asterisk, and a real telephone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from adapters.asterisk.instance import Instance
from adapters.control.client import CoreClient
from ivr import pass_desk
from ivr.pass_secrets import Secret, new_secret
from ivr.passes import Form
from tests import rig
from tests.flow_house import flow_house
from tests.integration.test_keys_while_waiting import comes_to, contact
from tests.integration.test_waiting_callers import core, waits
from tests.phones import Phone

pytestmark = pytest.mark.asterisk

FLOW = {"first": "person", "steps": {"person": {"do": "queue"}}}
TALKS, CHATS = "a1", "a2"
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "online": {}}},
    "agents": {
        TALKS: {"queues": ["support"], "capacity": {"voice": 1, "chat": 0}},
        CHATS: {"queues": ["support"], "capacity": {"voice": 0, "chat": 3}},
    },
}
CHAT = {"url": "http://127.0.0.1:8080"}


@pytest.fixture
def asterisk() -> Iterator[Instance]:
    """Each time another: nobody waits in the chat from before."""
    with flow_house(FLOW, CENTRE, chat=CHAT) as instance:
        yield instance


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codes that were made: on the line they are only spoken."""
    made: list[str] = []

    def keep(form: Form) -> Secret:
        secret = new_secret(form)
        made.append(secret.text)
        return secret

    monkeypatch.setattr(pass_desk, "new_secret", keep)
    return made


async def is_asked(ami: rig.Ami, told: rig.Event, *kinds: str) -> None:
    """Until the loop is asked to say one of these."""
    wanted = tuple(f"online-{kind}-" for kind in kinds)
    async with asyncio.timeout(30):
        while not (await ami.get(told["Channel"], "REQ")).startswith(wanted):
            await asyncio.sleep(0.05)


async def hears(ami: rig.Ami, told: rig.Event, *kinds: str) -> None:
    """Until the loop says it: the request is marked as done when it begins to."""
    wanted = tuple(f"online-{kind}-" for kind in kinds)
    await is_asked(ami, told, *kinds)
    async with asyncio.timeout(30):
        while not (await ami.get(told["Channel"], "REQ_DONE")).startswith(wanted):
            await asyncio.sleep(0.05)


async def heard(ami: rig.Ami, told: rig.Event, kind: str) -> None:
    """Until it was said to its end."""
    async with asyncio.timeout(60):
        while not any(
            event.get("UserEvent") == "AcdSaid" and event["Contact"] == told["Contact"]
            and event["Req"].startswith(f"online-{kind}-")
            for event in ami.events
        ):  # fmt: skip
            await asyncio.sleep(0.05)


async def offered(client: CoreClient, ami: rig.Ami, caller: Phone) -> rig.Event:
    """Nobody talks, somebody chats: the caller hears the offer."""
    await client.ask("agent login", agent=CHATS)
    await client.ask("chat desk", agent=CHATS, open=True)
    told = await waits(ami, caller)
    await hears(ami, told, "offer")
    return told


async def redeemed(client: CoreClient, secret: str) -> dict[str, Any]:
    fields = {"pass": secret, "channel": "chat", "by": "browser"}
    return dict(await client.ask("pass redeem", **fields))


async def link(client: CoreClient, told: rig.Event) -> str:
    asked = {"contact": told["Contact"], "channel": "chat", "who": "ann", "why": "a test"}
    return str((await client.ask("pass issue", **asked))["pass"])


async def test_the_key_has_a_code_spoken_and_the_line_ends_when_it_was_redeemed_and_heard(
    asterisk: Instance, ami: rig.Ami, caller: Phone, codes: list[str]
) -> None:
    async with core(asterisk) as client:
        told = await offered(client, ami, caller)
        key = (await contact(client, told))["key"]
        await caller.calls[0].press("1")
        await hears(ami, told, "way")
        await client.ask("agent logout", agent=CHATS)
        assert (await contact(client, told))["state"] == "waiting"
        assert ami.count("AcdLeft", Contact=told["Contact"]) == 0
        await caller.calls[0].press("5")  # it has heard enough
        [code] = codes
        assert (await redeemed(client, code))["contact"] == told["Contact"]
        await heard(ami, told, "online")
        await asyncio.wait_for(caller.calls[0].ended.wait(), 20)
        await ami.event("AcdGone", Contact=told["Contact"], Cause="16")
        known = await contact(client, told)
        assert (known["state"], known["key"]) == ("waiting", key)
    personal = asterisk.settings.prompts / "personal"
    assert not personal.exists() or list(personal.iterdir()) == []


async def test_a_key_keeps_the_caller_on_the_telephone_at_the_same_place(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        key = (await comes_to(client, told, "waiting"))["key"]
        await redeemed(client, await link(client, told))
        await hears(ami, told, "online")
        await caller.calls[0].press("1")
        await hears(ami, told, "stays")
        known = await comes_to(client, told, "waiting")
        assert known["key"] == key
        await client.ask("agent login", agent=TALKS)
        leg = await agent.rings()
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        await asyncio.sleep(11.0)  # longer than a line that is to end is asked again
        assert ami.count("BridgeLeave", Uniqueid=told["Contact"]) == 0
        assert not caller.calls[0].ended.is_set()
        await client.ask("agent logout", agent=TALKS)


async def test_an_agent_who_answers_first_has_the_caller_and_the_pass_waits(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone, codes: list[str]
) -> None:
    async with core(asterisk) as client:
        told = await offered(client, ami, caller)
        await caller.calls[0].press("1")
        await hears(ami, told, "way")
        await client.ask("agent login", agent=TALKS)
        leg = await agent.rings()
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        assert (await redeemed(client, codes[0]))["refused"] == "talking"
        await asyncio.sleep(3.0)
        assert ami.count("BridgeLeave", Uniqueid=told["Contact"]) == 0
        assert not caller.calls[0].ended.is_set()
        for name in (TALKS, CHATS):
            await client.ask("agent logout", agent=name)


async def test_a_telephone_that_rings_when_the_pass_is_redeemed_wins_by_answering(
    asterisk: Instance, ami: rig.Ami, caller: Phone, agent: Phone
) -> None:
    async with core(asterisk) as client:
        told = await waits(ami, caller)
        secret = await link(client, told)
        await client.ask("agent login", agent=TALKS)
        leg = await agent.rings()
        assert not (await redeemed(client, secret)).get("refused")
        await asyncio.sleep(4.0)  # two turns of the loop
        assert not (await ami.get(told["Channel"], "REQ")).startswith("online-")
        leg.answer()
        await ami.event("BridgeEnter", Uniqueid=told["Contact"])
        await comes_to(client, told, "talking")
        assert not caller.calls[0].ended.is_set()
        await leg.hang_up()
        await asyncio.wait_for(caller.calls[0].ended.wait(), 15)
        await client.ask("agent logout", agent=TALKS)
