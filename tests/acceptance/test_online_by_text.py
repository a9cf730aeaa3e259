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
    gateway_port: int, centre: dict[str, Any] = CENTRE
) -> AsyncIterator[House]:
    """One agent, who only chats, or those of this centre; texts go to the stand-in at this port."""
    sms = {
        "kind": "sms", "secrets": [secret(OLD_KEY)], "allow": ["+86"],
        "url": f"http://127.0.0.1:{gateway_port}/texts",
    }  # fmt: skip
    site = {
        "channels": {"sms": sms},
        "chat": {"url": "http://127.0.0.1:8080", "text_by": "sms"},
        "numbers": {"4000": {"language": "en"}},
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
