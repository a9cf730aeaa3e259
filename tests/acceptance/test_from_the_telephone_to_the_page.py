"""The whole way online: a caller who waits presses 1, opens the link of the text in a real browser,
and is served there when their key says, between callers. Every process real, and the SMS stand-in.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from acd.model import ContactId
from tests.acceptance.test_online_by_text import LINK, chatting_house
from tests.browser import Tab
from tests.house import House
from tests.phones import Call, Phone
from tests.ports import reserved_port
from tests.sms_gateway import gateway

pytestmark = pytest.mark.asterisk

ONLINE, BOTH = "agent-1001", "agent-1002"
CALLERS = tuple(f"+861380013800{n}" for n in range(3))
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "online": {}}},
    "agents": {
        ONLINE: {"queues": ["support"], "capacity": {"voice": 0, "chat": 3}},
        BOTH: {"queues": ["support"], "capacity": {"voice": 1, "chat": 1, "mix": False}},
    },
}


async def comes(house: House, phone: Phone) -> tuple[Call, ContactId]:
    """The call, once it waits, and its contact."""
    before = len(await house.records("OnlineOffered"))
    call = await phone.call("4000")

    async def asked() -> bool:
        return len(await house.records("OnlineOffered")) > before

    await house.until(asked, 30)
    contact = (await house.records("OnlineOffered"))[-1].contact
    assert contact
    return call, contact


async def chats(house: House) -> dict[str, Any]:
    return dict(await house.core.ask("chat list", agent=BOTH))


async def test_a_caller_who_goes_on_in_the_page_is_served_between_callers_by_their_key(
    tab: Tab,
) -> None:
    port = reserved_port()
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(chatting_house(port, CENTRE))
        ports, key = house.settings.ports, house.settings.data.parent / "key"
        server, web = ("127.0.0.1", ports.sip), f"http://127.0.0.1:{ports.web}"
        address = stack.enter_context(gateway(key, f"{web}/hooks/sms", port))
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        phones = [await stack.enter_async_context(Phone(server, name)) for name in CALLERS]
        await house.core.ask("agent login", agent=ONLINE)
        await house.core.ask("chat desk", agent=ONLINE, open=True)
        (first, _), (second, moved), (third, last) = [await comes(house, p) for p in phones]

        await second.press("1")
        await house.until(lambda: house.records("OnlineAccepted"), 30)

        async def texts() -> list[dict[str, Any]]:
            return list((await client.get(f"{address}/texts.json")).json())

        await house.until(texts, 30)
        found = LINK.search((await texts())[0]["text"])
        assert found and not second.ended.is_set()
        await house.core.ask("agent logout", agent=ONLINE)
        await tab.open(f"{web}/chat?language=en#{found[1]}")
        await tab.click("#redeem")
        await tab.shown("#state", "in line")
        await asyncio.wait_for(second.ended.wait(), 60)

        secret = house.settings.phone_secret(BOTH)
        desk = await stack.enter_async_context(Phone(server, BOTH, secret))
        await desk.register()
        await house.core.ask("agent login", agent=BOTH)
        await house.core.ask("chat desk", agent=BOTH, open=True)
        talk = await desk.rings()
        assert not (await chats(house))["offers"], "the first caller stands before the page"
        talk.answer()
        await house.until(lambda: house.records("OfferAnswered"))
        await talk.hang_up()

        async def offered() -> list[Any]:
            return list((await chats(house))["offers"])

        await house.until(offered, 20)
        [offer] = await offered()
        assert offer["contact"] == moved and desk.rung.empty()
        await house.core.ask("chat accept", agent=BOTH, offer=offer["offer"])
        await tab.shown("#state", f"{BOTH} is with you")
        said = {"contact": moved, "id": "1", "words": "Good day"}
        await house.core.ask("chat say", agent=BOTH, **said)
        await tab.shown(".line.agent p", "Good day")
        assert desk.rung.empty() and not third.ended.is_set()
        await house.core.ask("chat close", agent=BOTH, contact=moved)
        await desk.rings()
        rung = [one.contact for one in await house.records("Offered")]
        assert rung[-1] == last
        await first.hang_up()
