"""The customer's pages of chat on a port of this machine, in front of chats in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from websockets.asyncio.client import ClientConnection, connect

from adapters.chat import routes
from adapters.chat.parts import Asking, ChatFiles, ChatParts, Room
from adapters.web import app
from adapters.web.connection import Crowd, Deadlines, connections
from adapters.web.gate import Gate, Limits
from adapters.web.limits import Buckets, neighbourhood
from adapters.web.sockets import SETTINGS, Socket
from ivr.chat_settings import ChatSettings
from ivr.chat_uploads import Uploads
from ivr.pass_guesses import Guesses
from tests.fakes_chat import ChatHouse
from tests.web_stage import TOKEN

SHOP = "https://www.example.com"
SECONDS = 5.0


@dataclass
class Page:
    """A customer's page as a program."""

    socket: ClientConnection
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, kind: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"t": kind, **fields}))

    async def hears(self, kind: str, **fields: Any) -> dict[str, Any]:
        """The next frame of this kind with these fields; the others are kept in `heard`."""
        async with asyncio.timeout(SECONDS):
            while True:
                frame: dict[str, Any] = json.loads(await self.socket.recv())
                self.heard.append(frame)
                if frame["t"] == kind and fields.items() <= frame.items():
                    return frame

    async def begins(self, **fields: Any) -> str:
        """The token of a new chat."""
        await self.say("begin", **{"language": "en", "queue": "", "name": "", **fields})
        token: str = (await self.hears("joined"))["token"]
        return token


@dataclass
class ChatStage:
    """Everything a test of chats may look at or turn."""

    house: ChatHouse
    gate: Gate
    port: int
    room: Room
    server: uvicorn.Server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @asynccontextmanager
    async def page(self, origin: str | None = None, **named: Any) -> AsyncIterator[Page]:
        headers = {"Origin": self.url if origin is None else origin}
        headers |= named.pop("headers", {})
        address = f"ws://127.0.0.1:{self.port}/chat/socket"
        async with connect(
            address, additional_headers=headers, proxy=None, open_timeout=SECONDS, **named
        ) as socket:
            yield Page(socket)


def chat_parts(
    house: ChatHouse, settings: ChatSettings, room: Room, limits: Limits, calls_back: bool
) -> ChatParts:
    uploads, sends = Uploads(house.files, settings.files), Buckets(1 / 3, 20, lambda: 0.0)
    return ChatParts(
        settings=settings, core=Asking(house), hub=house, lines=house.lines, knows=house.knows,
        files=ChatFiles(uploads, house.file, sends),
        guesses=Guesses(), wrong=limits.guesses, begins=Buckets(1 / 10, 10, lambda: 0.0),
        now=lambda: 0.0, calls_back=calls_back, who=neighbourhood, room=room,
    )  # fmt: skip


@asynccontextmanager
async def chat_staged(
    *, room: Room | None = None, deadlines: Deadlines | None = None, port: int = 0,
    house: ChatHouse | None = None, calls_back: bool = False, **more: Any,
) -> AsyncIterator[ChatStage]:  # fmt: skip
    """`more`: of the chat's settings."""
    told: Mapping[str, Any] = {"url": "https://help.example.com", "origins": [SHOP], **more}
    settings = ChatSettings.model_validate(told)
    house, room, limits = house or ChatHouse(), room or Room(), Limits.usual()
    router = routes.routes(chat_parts(house, settings, room, limits, calls_back))
    made = app.build([], None, {}, {}, pages=[router])
    gate = Gate(
        made, TOKEN, limits=limits, pages=routes.PATHS, sockets=[routes.SOCKET],
        files=routes.FILES_PLACE,
        proxies=settings.proxies,
    )  # fmt: skip
    config = uvicorn.Config(
        gate,
        port=port,
        http=connections(Crowd(), deadlines),
        ws=Socket,
        proxy_headers=False,
        log_config=None,
        **SETTINGS,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)  # uvicorn offers nothing else to wait on
    at = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield ChatStage(house, gate, at, room, server)
    finally:
        server.should_exit = True
        await asyncio.wait_for(task, SECONDS)


@pytest.fixture
async def chats() -> AsyncIterator[ChatStage]:
    async with chat_staged() as stage:
        yield stage
