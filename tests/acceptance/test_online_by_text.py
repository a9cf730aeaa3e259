"""From the telephone into the chat by a text message: every process real, and the SMS stand-in."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.channel_hands import OLD_KEY, secret
from tests.house import House
from tests.phones import Phone
from tests.ports import reserved_port
from tests.sms_gateway import gateway

pytestmark = pytest.mark.asterisk

MOBILE, AGENT = "+8613800138000", "agent-1001"
LINK = re.compile(r"http://127\.0\.0\.1:[0-9]+/chat#([A-Za-z0-9_-]{22})$")
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "online": {}}},
    "agents": {AGENT: {"queues": ["support"], "capacity": {"voice": 0, "chat": 3}}},
}


@asynccontextmanager
async def chatting_house(
    gateway_port: int, centre: dict[str, Any] = CENTRE, **more: Any
) -> AsyncIterator[House]:
    """One agent, who only chats, or those of this centre; texts go to the stand-in at this port.
    `more` of the site file by its keys."""
    sms = {
        "kind": "sms", "secrets": [secret(OLD_KEY)], "allow": ["+86"],
        "url": f"http://127.0.0.1:{gateway_port}/texts",
    }  # fmt: skip
    site = {
        "channels": {"sms": sms},
        "chat": {"url": "http://127.0.0.1:8080", "text_by": "sms"},
        "numbers": {"4000": {"language": "en"}},
        **more,
    }
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        found = House(Path(folder), len(centre["agents"]), site=site)
        (Path(folder) / "data" / "centre.yaml").write_text(yaml.safe_dump(centre))
        (Path(folder) / "key").write_text(secret(OLD_KEY))
        try:
            await found.start()
            yield found
        except BaseException:
            print(found.log[-6000:])
            raise
        finally:
            await found.stop()


async def of(house: House) -> dict[str, Any]:
    """The one contact."""
    contacts = (await house.core.ask("contacts"))["contacts"]
    return dict(contacts[0]) if contacts else {}


async def test_a_text_holds_the_link_and_the_line_ends_once_it_is_redeemed() -> None:
    port = reserved_port()
    async with chatting_house(port) as house:
        ports, key = house.settings.ports, house.settings.data.parent / "key"
        with gateway(key, f"http://127.0.0.1:{ports.web}/hooks/sms", port) as address:
            await house.core.ask("agent login", agent=AGENT)
            await house.core.ask("chat desk", agent=AGENT, open=True)
            async with (
                Phone(("127.0.0.1", ports.sip), MOBILE) as caller,
                httpx.AsyncClient(trust_env=False) as client,
            ):
                call = await caller.call("4000")
                await house.until(lambda: house.records("OnlineOffered"), 30)
                place = (await of(house))["key"]
                await asyncio.sleep(2.0)  # the loop begins to say it
                await call.press("1")

                async def texts() -> list[dict[str, Any]]:
                    return list((await client.get(f"{address}/texts.json")).json())

                await house.until(texts, 30)
                [text] = await texts()
                found = LINK.search(text["text"])
                assert text["to"] == MOBILE and "your place in line is kept" in text["text"]
                assert found and not call.ended.is_set()
                assert (await of(house))["state"] == "waiting"
                await house.core.ask("agent logout", agent=AGENT)
                opened = f"http://127.0.0.1:{ports.web}/api/v1/passes/{found[1]}/redeem"
                answer = await client.post(opened, json={"channel": "chat"})
                assert answer.status_code == 200, answer.text
                await asyncio.wait_for(call.ended.wait(), 60)
                kept = await of(house)
                assert (kept["state"], kept["key"]) == ("waiting", place)
        assert await house.records("PassRedeemed")
        written = "".join(str(record) for record in await house.records())
        for told in (written, house.log):
            assert found[1] not in told and MOBILE not in told


OTHER = "+8613900139000"
TRUNK = {"address": "127.0.0.1:9", "caller_ids": ["+861055512345"], "incoming": False}
LATE = 35.0
"""Seconds from the promise of a text that nobody takes to what takes its place."""


@pytest.mark.once
async def test_a_gateway_that_is_away_leaves_nobody_with_nothing() -> None:
    """Who stays hears a code, who has hung up is to be called back: once, with their key; though
    all of ours is killed meanwhile."""
    outward: dict[str, Any] = {"trunks": {"gw": TRUNK}, "outbound": {"allow": ["+86"]}}
    async with chatting_house(reserved_port(), **outward) as house:
        await house.core.ask("agent login", agent=AGENT)
        await house.core.ask("chat desk", agent=AGENT, open=True)
        server = ("127.0.0.1", house.settings.ports.sip)
        async with Phone(server, OTHER) as leaves, Phone(server, MOBILE) as stays:
            left, stayed = [await comes(house, phone) for phone in (leaves, stays)]
            place = (await of(house))["key"]
            for call in (left, stayed):
                await call.press("1")
            await house.until(lambda: _counts(house, "OnlineAccepted", 2), 30)
            await left.hang_up()
            await house.until(lambda: _counts(house, "ContactEnded", 1), 30)
            house.kill_python()
            await house.start()
            await house.until(lambda: _by(house, "code"), 60)
            took = await _seconds(house)
            print(f"a code {took:.1f} s after the text was promised")
            await house.until(lambda: house.records("OnlineMadeGood"), 30)
            [good] = await house.records("OnlineMadeGood")
            [promise] = await house.records("CallbackPromised")
            assert good.data["way"] == "callback", good.data
            contacts = (await house.core.ask("contacts"))["contacts"]
            [kept] = [one for one in contacts if one["contact"] == promise.data["holds"]]
            assert kept["key"] == place and not stayed.ended.is_set()
            assert took <= LATE


async def comes(house: House, phone: Phone) -> Any:
    """A call that is offered the chat."""
    before = len(await house.records("OnlineOffered"))
    call = await phone.call("4000")
    await house.until(lambda: _counts(house, "OnlineOffered", before + 1), 30)
    await asyncio.sleep(2.0)  # the loop begins to say it
    return call


async def _counts(house: House, kind: str, most: int) -> bool:
    return len(await house.records(kind)) >= most


async def _seconds(house: House) -> float:
    """From the promise of the text to the code, of the one who got both."""
    accepted = await house.records("OnlineAccepted")
    [code] = [one for one in accepted if one.data["by"] == "code"]
    [text] = [one for one in accepted if one.contact == code.contact and one is not code]
    return code.at - text.at


async def _by(house: House, way: str) -> bool:
    return any(one.data["by"] == way for one in await house.records("OnlineAccepted"))
