"""A customer in a browser, an agent over the API, and between them the processes as they are.

No Asterisk: chats need none.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from ivr.settings import ROOT
from tests.browser import Tab
from tests.fakes_files import PDF, png
from tests.web_site import Site, web

CENTRE = "queues:\n  support: {}\nagents:\n  ann: {queues: [support]}\n"
SECONDS = 20.0


@pytest.fixture
def chatting(site: Site) -> Site:
    data = site.folder / "data"
    url = f"http://127.0.0.1:{site.base + 3}"
    (data / "site.yaml").write_text(f"chat:\n  url: {url}\n  title: {{en: Ask us}}\n")
    (data / "centre.yaml").write_text(CENTRE)
    return site


@asynccontextmanager
async def core(site: Site) -> AsyncIterator[asyncio.subprocess.Process]:
    """The core, killed at the end as by `kill -9`."""
    with (site.folder / "core.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr", cwd=ROOT, env=site.environment, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Ann:
    """An agent, by the API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def asks(self, path: str, **body: Any) -> Any:
        """Again while the core is starting."""
        async with asyncio.timeout(SECONDS):
            while True:
                answer = await self._client.post(f"/api/v1/{path}", json=body or None)
                if answer.status_code != 503:
                    break
                await asyncio.sleep(0.1)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def comes(self) -> None:
        await self.asks("agents/ann/login")
        await self.asks("agents/ann/desk", open=True)

    async def sees(self, what: str) -> dict[str, Any]:
        """The first of her offers, or chats."""
        async with asyncio.timeout(SECONDS):
            while True:
                shown = (await self._client.get("/api/v1/agents/ann/chats")).json()
                if found := shown.get(what):
                    first: dict[str, Any] = found[0]
                    return first
                await asyncio.sleep(0.1)

    async def takes(self) -> str:
        offer = (await self.sees("offers"))["offer"]
        await self.asks(f"agents/ann/chats/{offer}/accept")
        contact: str = (await self.sees("chats"))["contact"]
        return contact

    async def files(self, contact: str) -> list[dict[str, Any]]:
        found = (await self._client.get(f"/api/v1/chats/{contact}/lines")).json()["items"]
        return [line["file"] for line in found if line["file"]]

    async def lines(self, contact: str) -> list[str]:
        found = (await self._client.get(f"/api/v1/chats/{contact}/lines")).json()["items"]
        return [line["words"] or line["phrase"] for line in found]


async def test_customer_and_agent_write_to_each_other_and_a_killed_core_loses_nothing(
    chatting: Site, tab: Tab
) -> None:
    async with web(chatting), chatting.client() as client:
        ann = Ann(client)
        async with core(chatting):
            await ann.comes()
            await tab.open(f"http://127.0.0.1:{chatting.base + 3}/chat?language=en")
            await tab.shown("h1", "Ask us")
            await tab.type("#name", "Li Lei\n")
            contact = await ann.takes()
            await tab.shown("#state", "ann is with you")
            await tab.type("#words", "hello\n")
            await tab.shown(".line.customer .note", ":")
            await ann.asks(f"chats/{contact}/typing", agent="ann", on=True)
            await tab.shown("#typing", "ann")
            await ann.asks(f"chats/{contact}/lines", agent="ann", id="1", words="Good day, Li Lei")
            await tab.shown(".line.agent p", "Good day, Li Lei")
        await tab.type("#words", "are you there?\n")
        await tab.shown("#notice", "cannot be reached")
        async with core(chatting):
            await tab.shown("#state", "ann is with you")
            await ann.asks("agents/ann/desk", open=True)
            await tab.until(lambda d: "Sending" not in d.page_source, "delivered")
            expected = ["waiting", "joined", "hello", "Good day, Li Lei", "are you there?"]
            async with asyncio.timeout(SECONDS):
                while await ann.lines(contact) != expected:
                    await asyncio.sleep(0.1)
            await ann.asks(f"chats/{contact}/close", agent="ann")
            await tab.shown("#state", "This chat is over.")
            await tab.click("#scale label:nth-child(4)")
            await tab.click("#rate button")
            await tab.shown("#thanks")
        assert await tab.texts(".line.customer p") == ["hello", "are you there?"]


async def test_files_go_both_ways_and_are_gone_with_nobody(
    chatting: Site, tab: Tab, tmp_path: Path
) -> None:
    async with web(chatting), chatting.client() as client, core(chatting):
        ann = Ann(client)
        await ann.comes()
        await tab.open(f"http://127.0.0.1:{chatting.base + 3}/chat?language=en")
        await tab.click("#begin button")
        contact = await ann.takes()
        await tab.shown("#state", "ann is with you")
        card, whole = tmp_path / "card.png", png(filler=2_000_000)
        card.write_bytes(whole)
        await tab.do(lambda d: d.find_element("id", "pick").send_keys(str(card)))
        await tab.shown("#lines .customer .file", "card.png")
        async with asyncio.timeout(SECONDS):
            while len(found := await ann.files(contact)) != 1:
                await asyncio.sleep(0.1)
        [sent] = found
        assert (sent["name"], sent["type"], sent["bytes"]) == ("card.png", "image/png", len(whole))
        got = await client.get(f"/api/v1/files/{sent['id']}")
        assert got.content == whole
        assert got.headers["content-disposition"].startswith("attachment")
        asked = f"/api/v1/chats/{contact}/files?agent=ann&id=1"
        answer = await client.post(asked, content=PDF, headers={"File-Name": "form.pdf"})
        assert answer.status_code == 201, answer.text
        await tab.shown("#lines .agent .file", "form.pdf")
        told = {"behavior": "allow", "downloadPath": str(tmp_path)}
        await tab.do(lambda d: d.execute_cdp_cmd("Browser.setDownloadBehavior", told))
        await tab.click("#lines .agent .file")
        form = tmp_path / "form.pdf"
        await tab.until(lambda _: form.exists() and form.read_bytes() == PDF, "saved")
    sealed = list((chatting.folder / "data" / "chat-files").glob("*/*"))
    assert len(sealed) == 2 and not any(PDF[:20] in file.read_bytes() for file in sealed)


async def test_without_chat_in_the_site_file_there_is_none(site: Site) -> None:
    async with web(site), httpx.AsyncClient(trust_env=False) as stranger:
        url = f"http://127.0.0.1:{site.base + 3}"
        for path in ("/chat", "/chat/widget.js", "/chat/socket"):
            assert (await stranger.get(url + path)).status_code == 401
