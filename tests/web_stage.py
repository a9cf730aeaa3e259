"""The web process's application on a stage: real store, everything else in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from acd.model import ContactId
from adapters.channels.hooks import Hooks
from adapters.channels.side import ChannelSide
from adapters.stores.database import Database
from adapters.stores.outbox import FileOutbox
from adapters.stores.schema import open_database
from adapters.tickets import (
    agents,
    calls,
    chat_files,
    chats,
    desk,
    inside,
    messages,
    order,
    outward,
    passes,
    recorded_talks,
    routes,
    talks,
    texts,
)
from adapters.tickets.call_queries import CallQueries
from adapters.tickets.chat_hub import ChatHub
from adapters.tickets.live import Live
from adapters.tickets.parts import PROBLEMS, Parts
from adapters.tickets.projector import Projector
from adapters.tickets.queries import TicketQueries
from adapters.tickets.store import TicketStore
from adapters.web import agent_page
from adapters.web.app import build
from adapters.web.gate import Gate
from adapters.web.problems import problem
from ivr.channel_settings import ChannelEntry
from ivr.chat_files import FileLimits
from ivr.chat_uploads import Uploads
from ivr.pass_secrets import Secret
from ivr.ports import CoreAway, CoreRefused, PersonId, Record
from tests.channel_hands import SMS
from tests.fakes_files import MemoryFiles
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
CALLBACK = {
    "contact": "c-1", "queue": "support", "to": CALLER, "at": 1000.0, "not_before": 1000.0,
    "until": 87400.0, "attempts": 3, "minutes_between": 30, "state": "promised", "made": 1,
    "again": 2800.0, "why": "no answer",
}  # fmt: skip
TEXT = {
    "text": "txt_1", "channel": "sms", "contact": "sms-1", "customer": CALLER, "at": 1000.0,
    "state": "queued", "why": "",
}  # fmt: skip
CHAT = {
    "offer": "1.17.1", "contact": "chat-1", "queue": "support", "language": "zh",
    "customer": CALLER, "origin": "phone", "name": "Li Lei",
}  # fmt: skip
MESSAGE = {
    "contact": "message-1", "offer": "1.18.1", "of": "chat-1", "queue": "support",
    "language": "zh", "customer": CALLER, "left_at": 1000.0, "until": 15400.0,
    "rings_until": None, "rings": False, "answered": False, "name": "Li Lei", "number": NUMBER,
    "mail": "", "words": "My card is lost", "ways": ["text", "call", "note"],
}  # fmt: skip
FILE = {
    "id": "fil_0f3a9c21b47e5d60c1a2934b8f7e6d5c", "name": "card.png", "type": "image/png",
    "bytes": 70,
}  # fmt: skip
WORK = {
    "agent": ANN, "own_queues": ["sales", "support"], "then": "break", "until": 1030.0,
    "works": [
        {"offer": "1.1.1", "contact": "call-1", "channel": "voice", "queue": "support",
         "class": "vip", "language": "zh", "state": "ringing", "since": 1000.0,
         "rings_until": 1015.0, "waited": 12.5, "credit": 90.0, "rule": "order",
         "why": "first in order: waited 0:12; ann was free, idle 0:03"},
        {"offer": "1.0.1", "contact": "call-0", "queue": "sales", "state": "wrap-up",
         "until": 1030.0, "owes": True},
    ],
}  # fmt: skip
REPLIES = {
    "all": {"en": ("Good day, how can I help?",)},
    "support": {"en": ("One moment, please.",), "zh": ("请稍等。",)},
}
QUEUE = {"queue": "support", "waiting": 2, "longest_wait": 12.5, "agents": {"ann": "ready"},
         "deferred": 1}  # fmt: skip
DIRECTORY = [
    {"kind": "agent", "name": "ann", "numbers": ["801"], "presence": "ready", "phone": "desk-7",
     "reachable": True, "queues": ["support"]},
    {"kind": "queue", "name": "support", "numbers": [], "presence": "staffed", "waiting": 2},
    {"kind": "destination", "name": "reception", "numbers": ["803"], "presence": "in use"},
]  # fmt: skip
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "status": {"link": True},
    "agents": {"agents": [ANN]},
    "agent work": WORK,
    "queues": {"queues": [QUEUE]},
    "recording pause": {"contact": "call-1", "recording": "paused"},
    "recording resume": {"contact": "call-1", "recording": "on"},
    "recording stop": {"contact": "call-1", "recording": "off"},
    "agent call": {"contact": "call-1f", "agent": "ann", "queue": "support"},
    "callbacks": {"callbacks": [CALLBACK]},
    "callback cancel": {"contact": "c-1"},
    "callback now": {"contact": "c-1"},
    "talk disposition": {
        "agent": "ann", "contact": "h-1.0", "queue": "support", "code": "solved",
        "state": "wrap-up",
    },
    "talk dispositions": {
        "agent": "ann", "contact": "h-1.0", "queue": "support", "state": "wrap-up", "given": None,
        "needed_until": 1000.0, "dispositions": {"solved": {"zh": "已解决", "en": "Solved"}},
    },
    "disposition correct": {
        "agent": "ann", "contact": "call-1", "queue": "support", "code": "solved",
    },
    "contact regrade": {
        "contact": "call-1", "queue": "support", "state": "waiting", "old": 0.0, "credit": 90.0,
    },
    "contact hand": {"contact": "call-1", "queue": "support", "agent": "ann"},
    "pass issue": {
        "id": "pas_01KAKJ2B7C8D9E0F1G2H3J4K5M",
        "pass": "402771905",
        "groups": "402 771 905",
        "channel": "webchat",
        "form": "code",
        "until": 1600.0,
    },
    "chat list": {
        "agent": "ann", "open": True,
        "offers": [{**CHAT, "rings_until": 1015.0, "why": "order"}],
        "chats": [{**CHAT, "since": 1000.0, "last": 3, "state": "served"}],
        "messages": [MESSAGE],
    },
    "messages": {"messages": [{
        "contact": "message-1", "of": "chat-1", "queue": "support", "customer": CALLER,
        "left_at": 1000.0, "until": 15400.0, "state": "waiting", "agent": "", "answered": False,
    }]},
    "message answer": {"effect": "chat-1/message/answer/1", "new": True},
    "message call": {"contact": "call-7"},
    "message close": {"state": "answered"},
    "message transfer": {"state": "waiting"},
    "chat desk": {"agent": "ann", "open": True},
    "chat accept": {"contact": "chat-1"},
    "chat decline": {"contact": "chat-1"},
    "chat say": {"number": 4, "at": 1001.5, "new": True},
    "chat file look": {"contact": "chat-1", "person": CALLER, "file": {"id": FILE["id"]}},
    "chat file send": {"contact": "chat-1", "number": 5, "at": 1001.5, "file": FILE},
    "chat close": {"state": "over"},
    "chat transfer": {"state": "waiting"},
    "chats": {"chats": [{
        "contact": "chat-1", "state": "waiting", "queue": "support", "language": "zh",
        "origin": "phone", "since": 1000.0, "last": 1, "agent": "", "skipped": False,
        "wait": [60.0, 180.0],
    }]},
    "text send": TEXT,
    "texts": {"texts": [TEXT]},
    "directory": {"directory": DIRECTORY},
    "agent pickup": {"contact": "call-1", "agent": "bob", "colleague": "ann"},
    "listen": {"contact": "call-1", "agent": "ann", "phone": "boss", "how": "whisper"},
}  # fmt: skip


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


TALK = {
    "agent": "ann", "contact": "h-1.0", "state": "held", "queue": "support", "consulted": None,
    "confirmed": True,
}  # fmt: skip


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
        return ANSWERS.get(what) or (TALK if what.startswith("talk ") else ANN)


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
    hub: ChatHub
    files: MemoryFiles
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


async def _no_passes(secret: Secret) -> bool:
    return False


@asynccontextmanager
async def staged(
    folder: Path, core: Any = None, knows: Callable[[Secret], Awaitable[bool]] | None = None,
    files: MemoryFiles | None = None,
) -> AsyncIterator[Stage]:  # fmt: skip
    """A stage whose database lies in `folder`; its client is the operator. `core`: in place of the
    one that knows one agent; `knows`: which passes there are."""
    database = await _database(folder / "web.db")
    journal, audit, live = MemoryJournal(), MemoryAudit(), Live()
    core = core or FakeCore()
    vault = FakeVault({CALLER: {"number": NUMBER}})
    files = files or MemoryFiles(lambda: 5000.0)
    hub = ChatHub(lambda: projector.hurry())
    store = TicketStore(database, live.changed, hub.wake)
    await store.open()
    projector = Projector(journal, store)
    queries = TicketQueries(database)
    parts = Parts(
        store,
        queries,
        CallQueries(database),
        live,
        vault,
        audit,
        core,
        lambda: 5000.125,
        lambda: {"main": "3f2a91c0b7d4"},
        knows or _no_passes,
        hub=hub,
        replies=REPLIES,
        uploads=Uploads(files, FileLimits(megabytes=1, a_chat=3)),
    )  # fmt: skip

    async def up() -> str:
        return ""

    async def link() -> str:
        return "the core does not answer" if getattr(core, "away", False) else ""

    served = (
        calls, routes, desk, agents, talks, recorded_talks, outward, passes, texts, inside, order,
        chats, chat_files, messages,
    )  # fmt: skip
    app = build([one.router for one in served], parts, PROBLEMS, {"database": up, "core": link},
                pages=[agent_page.routes(folder / "desk")])  # fmt: skip
    channels = {"sms": ChannelEntry.model_validate(SMS)}
    side = ChannelSide(channels, database, FileOutbox(folder), vault, core)
    await side.begin()
    signed = Hooks(side.intake, problem)
    gate = Gate(app, TOKEN, hosts=("hotline.test",), signed=signed)
    transport = httpx.ASGITransport(app=gate, client=("127.0.0.1", 5))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", headers=OPERATOR
    ) as client:
        yield Stage(app, gate, client, core, journal, vault, audit, live, projector, hub, files)
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
