"""The web process's application in front of a core that has passes: a book on disk, real rules."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from acd.model import ContactId
from adapters.stores.passes import SqlPasses
from adapters.stores.schema import open_database
from ivr.pass_requests import PassRequests
from ivr.pass_secrets import Secret
from ivr.ports import CoreRefused
from tests.fakes_passes import KEY, ONE, PassHouse
from tests.web_stage import Stage, staged

STRANGER = "192.0.2.7"


@dataclass
class PassCore:
    """Answers what is asked of passes, as the core does."""

    requests: PassRequests
    asked: int = 0

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.asked += 1
        if what not in self.requests.known:
            raise CoreRefused("not a question of passes")
        return await self.requests.known[what](fields)


@dataclass
class PassStage:
    """Everything a test of passes over HTTP may look at."""

    web: Stage
    house: PassHouse
    core: PassCore
    customer: httpx.AsyncClient
    """Somebody on a network far away, who has no token."""

    def from_address(self, address: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.web.gate, client=(address, 5))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost")

    async def comes(self, contact: ContactId = ONE) -> str:
        """Somebody waits; the name of the contact outside."""
        await self.house.comes(contact)
        told = {"contact": contact, "queue": "support", "entered_at": self.house.clock.now()}
        await self.web.tell((self.house.clock.now(), "Arrived", contact, told))
        found = await self.web.client.get("/api/v1/contacts", params={"reference": contact})
        name: str = found.json()["items"][0]["id"]
        return name

    async def issue(self, name: str, **wanted: str) -> dict[str, Any]:
        body = {"channel": "webchat", **wanted}
        answer = await self.web.client.post(f"/api/v1/contacts/{name}/passes", json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@asynccontextmanager
async def pass_staged(folder: Path) -> AsyncIterator[PassStage]:
    """A stage whose databases lie in `folder`."""
    database = await open_database(f"sqlite:///{folder / 'core.db'}", "core")
    book = SqlPasses(database)
    house = PassHouse(book)
    await house.begin()
    core = PassCore(PassRequests(house.desk, house.audit))

    async def knows(secret: Secret) -> bool:
        return await book.find(secret.digest(KEY)) is not None

    async with staged(folder, core=core, knows=knows) as web:
        customer = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=web.gate, client=(STRANGER, 5)),
            base_url="http://localhost",
        )
        async with customer:
            yield PassStage(web, house, core, customer)
    house.running.cancel()
    await database.close()


@pytest.fixture
async def passes(tmp_path: Path) -> AsyncIterator[PassStage]:
    async with pass_staged(tmp_path) as made:
        yield made
