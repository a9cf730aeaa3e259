"""A flow asks in a chat, with the processes as they are: a customer in a browser, a shop that is
looked up over HTTP, `kill -9` of the core in the middle, and an agent who reads what was collected.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import yaml

from tests.browser import Tab
from tests.integration.test_chat_through_the_processes import CENTRE, SECONDS, Ann, core
from tests.web_site import Site, web

pytestmark = [pytest.mark.once, pytest.mark.timeout(120)]

FLOW = """
first: topic
steps:
  topic:
    do: menu
    say: {zh: 请选择。, en: What is it about?}
    buttons: {"1": {zh: 订单, en: My order}, "0": {zh: 其他, en: Something else}}
    then: {"1": order, "0": person, silence: person, no_match: person}
  order:
    do: listen
    say: {zh: 订单号？, en: Your order number?}
    into: order
    keys: {least: 4, most: 4}
    then: {done: card, silence: person, no_match: person}
  card:
    do: listen
    say: {zh: 卡号？, en: The card that you paid with?}
    into: card
    keys: {least: 12, most: 19}
    secret: true
    then: {done: status, silence: person, no_match: person}
  status:
    do: lookup
    service: orders
    path: /orders/{order}
    into: {day: day}
    then: {done: told, not_found: person, failed: person, timeout: person}
  told: {do: say, say: {zh: "{day:date}送达。", en: "It comes on {day:date}."}, then: enough}
  enough:
    do: ask
    say: {zh: 这样可以吗？, en: Is that all?}
    then: {"yes": bye, "no": person, silence: bye, no_match: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""
CARD = "4111111111111111"


@asynccontextmanager
async def shop(site: Site, asked: list[str]) -> AsyncIterator[None]:
    """A system of the house; `asked`: what it was asked, with which key."""
    body = b'{"day": "2026-03-05"}'
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        key = next(line for line in lines if line.lower().startswith("idempotency-key"))
        asked.append(f"{lines[0].split()[1]} {key.partition(': ')[2]}")
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    data, url = site.folder / "data", f"http://127.0.0.1:{site.base + 3}"
    told = {
        "chat": {"url": url, "flow": "desk"},
        "services": {"orders": {"url": f"http://127.0.0.1:{port}"}},
    }
    (data / "site.yaml").write_text(yaml.safe_dump(told))
    (data / "centre.yaml").write_text(CENTRE)
    (data / "flows").mkdir()
    (data / "flows" / "desk.yaml").write_text(FLOW, encoding="utf-8")
    async with server:
        yield


async def test_a_flow_asks_in_the_chat_through_kill_9_and_the_agent_has_all_that_it_collected(
    site: Site, tab: Tab
) -> None:
    asked: list[str] = []
    async with shop(site, asked), web(site, SECONDS), site.client() as client:
        ann = Ann(client)
        async with core(site):
            await ann.comes()
            await tab.open(f"http://127.0.0.1:{site.base + 3}/chat?language=en", 320)
            await tab.click("#begin button")
            await tab.shown("#state", "automatic assistant")
            await tab.shown("#choices button", "My order")
            await tab.click("#choices button")
            await tab.shown(".line.bot p", "Your order number?")
            await tab.type("#words", "47 11\n")
            await tab.shown("#secret")
            await tab.type("#secret-words", f"{CARD}\n")
            await tab.shown(".line.bot p", "Is that all?")
            assert (await client.get("/api/v1/agents/ann/chats")).json()["offers"] == []
        await tab.click("#choices button:nth-child(2)")  # while nobody is there to hear it
        await tab.shown("#notice", "cannot be reached")
        async with core(site):
            await ann.asks("agents/ann/desk", open=True)
            contact = await ann.takes()
            await tab.shown("#state", "ann is with you")
            await tab.gone("#choices")
            expected = [
                "What is it about?", "My order", "Your order number?", "47 11",
                "The card that you paid with?", "••••••", "It comes on 5 March 2026.",
                "Is that all?", "No", "waiting", "joined",
            ]  # fmt: skip
            async with asyncio.timeout(SECONDS):
                while await ann.lines(contact) != expected:
                    await asyncio.sleep(0.1)
            query = {"reference": contact, "limit": "1"}
            [known] = (await client.get("/api/v1/contacts", params=query)).json()["items"]
            story = (await client.get(f"/api/v1/contacts/{known['id']}/timeline")).json()["items"]
            [told] = [entry["text"] for entry in story if entry["kind"] == "values_told"]
            assert told == "order: 4711\nday: 2026-03-05"
        assert len(asked) == 1 and asked[0].startswith("/orders/4711 chat-")
        files = [one for one in site.folder.rglob("*") if one.is_file()]
        assert not any(CARD.encode() in one.read_bytes() for one in files)
