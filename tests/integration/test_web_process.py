"""`python -m adapters.web` as a process of its own: started, killed, without a core, stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from acd.model import ContactId
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.ports import Record
from ivr.settings import ROOT

NUMBER = "+8613800138000"
CANARY = "canary-5d0e"


@dataclass
class Site:
    """An installation in a folder of its own."""

    folder: Path
    base: int
    log: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return (self.folder / "data/secrets/operator-token").read_text()

    def client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"http://127.0.0.1:{self.base + 3}"
        return httpx.AsyncClient(base_url=url, headers=headers, trust_env=False)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        base = min(max(free.getsockname()[1] - 3, 1024), 64_000)
    (tmp_path / "data").mkdir()
    places = {
        "HOTLINE_HOME": str(tmp_path / "home"),
        "HOTLINE_DATA": str(tmp_path / "data"),
        "HOTLINE_PORT_BASE": str(base),
        "HOTLINE_LOG": "debug",
    }
    return Site(tmp_path, base, tmp_path / "web.log", os.environ | places)


@asynccontextmanager
async def web(site: Site) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, answering; killed at the end if it still runs."""
    with site.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.web", cwd=ROOT, env=site.environment, stderr=log
        )
    try:
        await answering(site, process)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answering(site: Site, process: asyncio.subprocess.Process) -> None:
    url = f"http://127.0.0.1:{site.base + 3}/health"
    async with asyncio.timeout(15), httpx.AsyncClient(trust_env=False) as client:
        while process.returncode is None:
            try:
                assert (await client.get(url)).json() == {"status": "up"}
                return
            except httpx.TransportError:
                await asyncio.sleep(0.02)
    pytest.fail(site.log.read_text())


async def applied(site: Site, seq: int) -> None:
    """Wait until the journal is applied up to this record."""
    async with asyncio.timeout(20), site.client() as client:
        while (
            f"hotline_web_journal_applied {float(seq)}" not in (await client.get("/metrics")).text
        ):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def core_stores(site: Site) -> AsyncIterator[tuple[SqlJournal, SqlVault]]:
    """What the core writes, without a core."""
    data = site.folder / "data"
    database = await open_database(f"sqlite:///{data / 'core.db'}", "core")
    vault = SqlVault(database, KeyRing(data / "secrets"))
    await vault.check()
    async with SqlJournal(database) as journal:
        yield journal, vault
    await database.close()


def a_call(n: int, person: str) -> list[Record]:
    at, contact = 1000.0 + n, ContactId(f"call-{n}")
    started = {"person": person, "dialled": "4000", "language": "zh"}
    arrived = {"contact": contact, "queue": "support", "entered_at": at}
    return [
        Record(at, "CallStarted", started, contact),
        Record(at, "Arrived", arrived, contact),
        Record(at + 0.5, "ContactEnded", {"how": "abandoned"}, contact),
    ]


async def everything(client: httpx.AsyncClient, path: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await client.get(path, params={"cursor": cursor} if cursor else {})).json()
        found, cursor = found + page["items"], page["next"]
    return found


async def test_killed_at_any_moment_it_applies_every_record_exactly_once(site: Site) -> None:
    async with core_stores(site) as (journal, vault):
        person = await vault.person_for_number(NUMBER)
        for n in range(0, 600, 20):
            await journal.append([record for m in range(n, n + 20) for record in a_call(m, person)])
        for pause in (0.0, 0.15):
            async with web(site) as process:
                await asyncio.sleep(pause)  # any moment will do: this one varies it
                process.kill()
        async with web(site):
            await applied(site, 1800)
            async with site.client() as client:
                (ticket,) = await everything(client, "/api/v1/tickets")
                timeline = await everything(client, f"/api/v1/tickets/{ticket['id']}/timeline")
    assert [event["seq"] for event in timeline] == list(range(1, 2401))
    assert len({(event["contact"], event["kind"]) for event in timeline}) == 2400


async def test_it_serves_before_its_core_has_ever_run_and_follows_it_when_it_comes(
    site: Site,
) -> None:
    async with web(site), site.client() as client:
        ready = await client.get("/ready")
        assert ready.status_code == 503 and ready.json()["links"]["database"] == "up"
        assert (await client.get("/api/v1/agents")).status_code == 503
        async with core_stores(site) as (journal, vault):
            await journal.append(a_call(1, await vault.person_for_number(NUMBER)))
            await applied(site, 3)
            ticket = (await everything(client, "/api/v1/tickets"))[0]
            customer = (await everything(client, "/api/v1/customers"))[0]
        assert (customer["id"], customer["number"]) == (ticket["customer"], "+86138****8000")
        words = {"text": CANARY}
        said = await client.post(f"/api/v1/tickets/{ticket['id']}/comments", json=words)
        assert (said.status_code, said.json()["text"]) == (201, CANARY)
        await client.post(f"/api/v1/customers/{customer['id']}/reveal", json={"reason": "canary"})
    log = site.log.read_text()
    secrets = (CANARY, site.token, NUMBER, NUMBER[3:])
    kept = b"".join(file.read_bytes() for file in (site.folder / "data").glob("web.db*"))
    assert CANARY.encode() not in kept
    assert "comment written" in log and not [secret for secret in secrets if secret in log]
    assert site.token not in Path("/proc/self/environ").read_text()


async def test_erasing_a_person_erases_what_was_written_about_them(site: Site) -> None:
    async with web(site), core_stores(site) as (journal, vault), site.client() as client:
        person = await vault.person_for_number(NUMBER)
        await journal.append(a_call(1, person))
        await applied(site, 3)
        path = f"/api/v1/tickets/{(await everything(client, '/api/v1/tickets'))[0]['id']}"
        await client.post(f"{path}/comments", json={"text": CANARY})
        await vault.erase(person)
        (comment,) = [
            e for e in await everything(client, f"{path}/timeline") if e["who"] == "operator"
        ]
        assert comment["text"] is None
        assert (await client.post(f"{path}/comments", json={"text": CANARY})).status_code == 409
        assert (await everything(client, "/api/v1/customers"))[0]["number"] is None


async def test_told_to_stop_it_ends_its_streams_and_itself_in_time(site: Site) -> None:
    async with (
        web(site) as process,
        site.client() as client,
        client.stream("GET", "/api/v1/events") as response,
    ):
        assert await anext(response.aiter_lines()) == "retry: 1000"
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 5) == 0
        assert time.monotonic() - begun < 3
    assert '"web stopped"' in site.log.read_text()


async def test_a_port_that_is_taken_is_said_plainly(site: Site) -> None:
    async with web(site):
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.web", cwd=ROOT, env=site.environment,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await asyncio.wait_for(second.communicate(), 15)
    assert second.returncode and b"Traceback" not in said
    assert b"address already in use" in said
