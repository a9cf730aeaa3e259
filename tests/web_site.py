"""An installation in a folder of its own, whose web process runs as a process."""

from __future__ import annotations

import asyncio
import os
import sys
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
from tests.ports import free_base

NUMBER = "+8613800138000"
START_SECONDS = 15.0


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
    base = free_base()
    (tmp_path / "data").mkdir()
    places = {
        "HOTLINE_HOME": str(tmp_path / "home"),
        "HOTLINE_DATA": str(tmp_path / "data"),
        "HOTLINE_PORT_BASE": str(base),
        "HOTLINE_LOG": "debug",
    }
    return Site(tmp_path, base, tmp_path / "web.log", os.environ | places)


@asynccontextmanager
async def web(
    site: Site, seconds: float = START_SECONDS
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The process, answering in time; killed at the end if it still runs."""
    with site.log.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.web", cwd=ROOT, env=site.environment, stderr=log
        )
    try:
        await answering(site, process, seconds)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def answering(
    site: Site, process: asyncio.subprocess.Process, seconds: float = START_SECONDS
) -> None:
    url = f"http://127.0.0.1:{site.base + 3}/health"
    async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False) as client:
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
    vault = SqlVault(database, KeyRing(data / "secrets"), "CN")
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
