"""Chats with the real core and web processes, without any Asterisk, through `kill -9`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any

import pytest
import yaml

from adapters.control.client import CoreClient
from ivr.ports import CoreAway
from ivr.settings import ROOT, load
from tests.web_site import Site, web

pytestmark = [pytest.mark.once, pytest.mark.timeout(120)]

LI, WU, HAN = (sha256(name.encode()).hexdigest() for name in ("li", "wu", "han"))
BEGIN = {"language": "en", "queue": "", "name": ""}


@pytest.fixture
def core(site: Site) -> CoreClient:
    """To a core that is still to be started, of a house with chat and one agent."""
    chat = {"url": f"http://127.0.0.1:{site.base + 3}", "away_seconds": 5}
    agent = {"queues": ["support"], "capacity": {"chat": 2}}
    data = site.folder / "data"
    (data / "site.yaml").write_text(yaml.safe_dump({"chat": chat, "phones": {"ann": {}}}))
    centre = {"queues": {"support": {"wrap_up_seconds": 0}}, "agents": {"ann": agent}}
    (data / "centre.yaml").write_text(yaml.safe_dump(centre))
    return CoreClient(load(site.environment).core_socket)


@asynccontextmanager
async def running(site: Site, core: CoreClient) -> AsyncIterator[asyncio.subprocess.Process]:
    """The core's process, answering; killed at the end."""
    with site.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ivr", cwd=ROOT, env=site.environment, stderr=log
        )
    try:
        await until(lambda: asks(core), site)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def asks(core: CoreClient) -> bool:
    try:
        assert (await core.ask("status"))["link"] is False, "there is no Asterisk"
    except CoreAway:
        return False
    return True


async def until(condition: Callable[[], Awaitable[object]], site: Site) -> None:
    try:
        async with asyncio.timeout(30):
            while not await condition():
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(site.log.read_text()[-4000:])


async def offers(core: CoreClient) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = (await core.ask("chat list", agent="ann"))["offers"]
    return found


async def skipped(core: CoreClient) -> list[bool]:
    """Of each open chat, whether its page is gone; asked as an operator, not by the page."""
    return [one["skipped"] for one in (await core.ask("chats"))["chats"]]


async def states(core: CoreClient) -> list[str]:
    return [(await core.ask("chat state", by=by))["state"] for by in (LI, WU, HAN)]


async def test_waiting_offered_and_served_chats_go_on_after_kill_9_without_any_asterisk(
    site: Site, core: CoreClient
) -> None:
    async with running(site, core) as process:
        await core.ask("agent login", agent="ann")
        await core.ask("chat desk", agent="ann", open=True)
        served = (await core.ask("chat begin", by=LI, **BEGIN))["contact"]
        [offer] = await offers(core)
        await core.ask("chat accept", agent="ann", offer=offer["offer"])
        await core.ask("chat write", by=LI, id="1", words="hello")
        for by in (WU, HAN):
            await core.ask("chat begin", by=by, **BEGIN)
        assert await states(core) == ["served", "offered", "waiting"]
        process.kill()
    async with running(site, core):
        assert await states(core) == ["served", "waiting", "waiting"]
        again = await core.ask("chat write", by=LI, id="1", words="hello")
        assert (again["number"], again["new"]) == (3, False)
        for by in (LI, WU, HAN):
            await core.ask("chat here", by=by)
        await core.ask("chat desk", agent="ann", open=True)
        said = await core.ask("chat say", agent="ann", contact=served, id="2", words="hello again")
        assert said["number"] == 4
        [offer] = await offers(core)
        taken = await core.ask("chat accept", agent="ann", offer=offer["offer"])
        assert taken["contact"] == (await core.ask("chat state", by=WU))["contact"]
        await core.ask("chat close", agent="ann", contact=served)
        assert await states(core) == ["over", "served", "offered"]


async def test_who_does_not_come_back_after_a_start_is_skipped(
    site: Site, core: CoreClient
) -> None:
    async with running(site, core) as process:
        for by in (LI, WU, HAN):
            await core.ask("chat begin", by=by, **BEGIN)
        process.kill()
    async with running(site, core):
        await core.ask("chat here", by=WU)

        async def first_and_last() -> bool:
            return await skipped(core) == [True, False, True]

        await until(first_and_last, site)


async def test_an_agent_serves_a_chat_over_http_and_reads_it_after_all_was_killed(
    site: Site, core: CoreClient
) -> None:
    async with running(site, core), web(site), site.client() as client:
        await client.post("/api/v1/agents/ann/login")
        await client.post("/api/v1/agents/ann/desk", json={"open": True})
        contact = (await core.ask("chat begin", by=LI, **{**BEGIN, "name": "Li Lei"}))["contact"]
        [offer] = (await client.get("/api/v1/agents/ann/chats")).json()["offers"]
        assert offer["name"] == "Li Lei"
        path = f"/api/v1/agents/ann/chats/{offer['offer']}/accept"
        assert (await client.post(path)).status_code == 200
        body = {"agent": "ann", "id": "1", "words": "Good day"}
        written = await client.post(f"/api/v1/chats/{contact}/lines", json=body)
        assert written.status_code == 201

        async def shown() -> bool:
            lines = (await client.get(f"/api/v1/chats/{contact}/lines")).json()["items"]
            told = [(line["words"] or line["phrase"]) for line in lines]
            return told == ["waiting", "joined", "Good day"]

        await until(shown, site)
    async with running(site, core), web(site), site.client() as client:
        lines = (await client.get(f"/api/v1/chats/{contact}/lines?after=2")).json()["items"]
        assert [line["words"] for line in lines] == ["Good day"]
        [chat] = (await client.get("/api/v1/agents/ann/chats")).json()["chats"]
        assert (chat["contact"], chat["last"]) == (contact, 3)


async def test_when_the_web_process_is_gone_its_pages_are_away(
    site: Site, core: CoreClient
) -> None:
    async with running(site, core):
        async with web(site):
            await core.ask("chat begin", by=LI, **BEGIN)
            await core.ask("chat here", by=LI)
        async with web(site):

            async def the_only_one() -> bool:
                return await skipped(core) == [True]

            await until(the_only_one, site)
