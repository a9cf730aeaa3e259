"""The web process's application on a stage: real store, everything else in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from acd.model import ContactId
from adapters.stores.database import Database
from adapters.stores.schema import open_database
from adapters.tickets import desk, routes
from adapters.tickets.live import Live
from adapters.tickets.parts import PROBLEMS, Parts
from adapters.tickets.projector import Projector
from adapters.tickets.queries import TicketQueries
from adapters.tickets.store import TicketStore
from adapters.web.app import build
from adapters.web.gate import Gate
from ivr.ports import CoreAway, CoreRefused, PersonId, Record
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

TOKEN = "0123456789abcdef0123456789abcdef"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
CALLER = PersonId("per_01KAKJ0RDT6B7C8D9E0F1G2H3J")
NUMBER = "+8613800138000"

ANN = {
    "agent": "ann",
    "state": "ready",
    "since": 1000.5,
    "reason": "",
    "phone": "reachable",
    "queues": ["support"],
    "contact": None,
}
QUEUE = {"queue": "support", "waiting": 2, "longest_wait": 12.5, "agents": {"ann": "ready"}}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "status": {"link": True},
    "agents": {"agents": [ANN]},
    "queues": {"queues": [QUEUE]},
}


class FakeVault(MemoryVault):
    """With seals that anybody can read, as long as the person is known."""

    async def seal_text(self, person: PersonId, place: str, text: str) -> bytes:
        if person not in self.fields:
            raise LookupError("erased")
        return f"{person} {place}|{text}".encode()

    async def open_text(self, person: PersonId, place: str, sealed: bytes) -> str | None:
        bound_to, _, text = sealed.decode().partition("|")
        assert bound_to == f"{person} {place}"
        return text if person in self.fields else None


@dataclass
class FakeCore:
    """A core that knows one agent and one queue."""

    away: bool = False
    refuses: str = ""
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.asked.append((what, fields))
        if self.away:
            raise CoreAway("the core does not answer")
        if self.refuses:
            raise CoreRefused(self.refuses)
        return ANSWERS.get(what, ANN)


@dataclass
class Stage:
    """Everything a test may look at or turn."""

    app: FastAPI
    gate: Gate
    client: httpx.AsyncClient
    core: FakeCore
    journal: MemoryJournal
    vault: MemoryVault
    audit: MemoryAudit
    live: Live
    projector: Projector
    _calls: count[int] = field(default_factory=lambda: count(1))

    async def tell(self, *lines: tuple[float, str, str | None, Mapping[str, Any]]) -> None:
        """Write (at, kind, contact, data) into the journal and have it applied."""
        records = [
            Record(at, kind, data, ContactId(contact) if contact else None)
            for at, kind, contact, data in lines
        ]
        await self.journal.append(records)
        await self.projector.catch_up()

    async def a_ticket(self, at: float = 1000.25, person: str = CALLER) -> str:
        """The id of the ticket of a call that asked for a person."""
        contact = f"call-{next(self._calls)}"
        started = {"person": person, "dialled": "4000", "language": "zh"}
        arrived = {"contact": contact, "queue": "support", "entered_at": at, "class_": "vip"}
        await self.tell((at, "CallStarted", contact, started), (at, "Arrived", contact, arrived))
        found = await self.client.get("/api/v1/contacts", params={"reference": contact})
        ticket: str = found.json()["items"][0]["ticket"]
        return ticket


_migrated: list[bytes] = []


async def _database(file: Path) -> Database:
    """A fresh database; the migrations run once in all."""
    if not _migrated:
        await (await open_database(f"sqlite:///{file}", "web")).close()
        _migrated.append(file.read_bytes())
    file.write_bytes(_migrated[0])
    return await open_database(f"sqlite:///{file}", "web")


@asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    """A stage whose database lies in `folder`; its client is the operator."""
    database = await _database(folder / "web.db")
    core, journal, audit, live = FakeCore(), MemoryJournal(), MemoryAudit(), Live()
    vault = FakeVault({CALLER: {"number": NUMBER}})
    store = TicketStore(database, live.changed)
    await store.open()
    projector = Projector(journal, store)
    queries = TicketQueries(database)
    parts = Parts(
        store, queries, live, vault, audit, core, lambda: 5000.125, lambda: {"main": "3f2a91c0b7d4"}
    )

    async def up() -> str:
        return ""

    async def link() -> str:
        return "the core does not answer" if core.away else ""

    app = build([routes.router, desk.router], parts, PROBLEMS, {"database": up, "core": link})
    gate = Gate(app, TOKEN, hosts=("hotline.test",))
    transport = httpx.ASGITransport(app=gate, client=("127.0.0.1", 5))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=OPERATOR
    ) as client:
        yield Stage(app, gate, client, core, journal, vault, audit, live, projector)
    await database.close()


def is_problem(response: httpx.Response, status: int) -> bool:
    """Whether it is an error as the API describes it, with this status."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    return said["status"] == status and bool(said["title"]) and bool(said["detail"])


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made
