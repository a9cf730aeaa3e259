"""A customer leaves a message in a browser, an agent answers it over the API, and the core is
killed in between: with the processes as they are. No Asterisk: messages need none."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from ivr.settings import ROOT
from tests.browser import Tab
from tests.web_site import Site, web

CENTRE = """
queues:
  support: {hours: never, answer_within: 3600}
  sales: {answer_within: 7200}
hours:
  never: {zone: UTC, open: {mon: closed}}
agents:
  ann: {queues: [support, sales]}
"""
SECONDS = 20.0


@pytest.fixture
def house(site: Site) -> Site:
    data = site.folder / "data"
    url = f"http://127.0.0.1:{site.base + 3}"
    (data / "site.yaml").write_text(f"chat: {{url: '{url}', queue: sales}}\n")
    (data / "centre.yaml").write_text(CENTRE)
    return site


@asynccontextmanager
async def core(site: Site) -> AsyncIterator[None]:
    """The core, killed at the end as by `kill -9`."""
    with (site.folder / "core.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr", cwd=ROOT, env=site.environment, stderr=log
        )
    try:
        yield
    finally:
        process.kill()
        await process.wait()


async def asks(client: httpx.AsyncClient, path: str, **body: Any) -> Any:
    """Again while the core is starting."""
    async with asyncio.timeout(SECONDS):
        while (answer := await client.post(f"/api/v1/{path}", json=body)).status_code == 503:
            await asyncio.sleep(0.1)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


async def message_of(client: httpx.AsyncClient, served: bool) -> dict[str, Any]:
    """What Ann's page has, once it has it."""
    async with asyncio.timeout(SECONDS):
        while True:
            shown = (await client.get("/api/v1/agents/ann/chats")).json().get("messages") or []
            if shown and shown[0]["rings"] is not served:
                return dict(shown[0])
            await asyncio.sleep(0.1)


async def test_a_message_is_promised_offered_and_answered_whoever_is_killed(
    house: Site, tab: Tab
) -> None:
    page = f"http://127.0.0.1:{house.base + 3}/chat?language=en"
    async with web(house), house.client() as client:
        async with core(house):
            await asks(client, "agents/ann/login")  # the core is there; her page is not
            await tab.open(page)
            await tab.type("#name", "Li Lei\n")
            await tab.type("#leave-number", "13800138000")
            await tab.type("#leave-words", "My card is lost")
            await tab.click("#leave button")
            await tab.shown("#kept", "We will answer your message by")
        async with core(house):
            await asks(client, "agents/ann/desk", open=True)
            offer = (await message_of(client, served=False))["offer"]
            await asks(client, f"agents/ann/chats/{offer}/accept")
            message = await message_of(client, served=True)
            assert (message["words"], message["number"]) == ("My card is lost", "+8613800138000")
            contact = message["contact"]
            await tab.shown("#kept", "An agent is at work")
        async with core(house):
            await asks(client, "agents/ann/desk", open=True)
            answer = {"agent": "ann", "id": "1", "how": "note", "words": "Blocked it."}
            await asks(client, f"messages/{contact}/answers", **answer)
            await asks(client, f"messages/{contact}/close", agent="ann")
            await tab.shown("#kept", "has been answered")
            await asks(client, "agents/ann/ready")
    listing = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "adapters.cli", "messages", "--json", cwd=ROOT, env=house.environment,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    [listed] = json.loads((await listing.communicate())[0])
    assert (listed["of"], listed["queue"], listed["recording"]) == ("written", "sales", None)
    assert "by ann (note)" in listed["answer"]


async def test_where_it_never_opens_nothing_is_promised(house: Site, tab: Tab) -> None:
    page = f"http://127.0.0.1:{house.base + 3}/chat?language=en&queue=support"
    async with web(house), house.client() as client, core(house):
        await asks(client, "agents/ann/login")
        await asks(client, "agents/ann/desk", open=True)
        await tab.open(page)
        await tab.click("#begin button")
        await tab.shown("#lines .line.house", "We are closed now")
        await tab.gone("#leave")
