"""The agents' page on a stage: over real HTTP, behind the real gate, with a fake of the API."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import uvicorn
from fastapi import APIRouter, Body, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.exceptions import HTTPException

from adapters.tickets.parts import PROBLEMS
from adapters.web import agent_page
from adapters.web.app import build
from adapters.web.gate import Gate
from ivr.chat_files import FileLimits, Unfit, headers, refusal
from ivr.ports import CoreAway, CoreRefused
from tests.fakes_desk import SUPPORT, FakeDesk, Json, con, moment
from tests.ports import free_base
from tests.web_stage import TOKEN

CODES = {"solved": {"zh": "已解决", "en": "Solved"}, "open": {"zh": "未解决", "en": "Still open"}}
Given = Body()
LINES_AT_ONCE = EVENTS_AT_ONCE = 3
"""Few, so that every longer chat, and every longer story, comes in parts."""


def routes(desk: FakeDesk) -> APIRouter:
    """The parts of the API that the page uses."""
    api = APIRouter()

    @api.get("/agents")
    async def agents() -> Json:
        return {"items": [desk.agent(), {**desk.agent(), "id": "bob"}], "next": None}

    @api.get("/agents/ann/work")
    async def work() -> Json:
        if desk.away:
            raise CoreAway("the core does not answer")
        until = max((one["until"] for one in desk.works if one["until"]), default=None)
        return {"agent": desk.agent(), "own_queues": ["sales", SUPPORT], "then": "", "until": until,
                "items": desk.works}  # fmt: skip

    @api.get("/agents/ann/chats")
    async def chats() -> Json:
        return {"offers": desk.offers, "chats": list(desk.chats.values()),
                "messages": list(desk.messages.values()), "files": desk.takes}  # fmt: skip

    @api.post("/agents/ann/desk")
    async def page(body: Json = Given) -> Json:
        desk.page_open = body["open"]
        return {"open": desk.page_open}

    @api.post("/agents/ann/{deed}")
    async def change(deed: str, body: Json = Given) -> Json:
        desk.take(deed, body)
        if deed == "login":
            desk.queues = body["queues"] or ["sales", SUPPORT]
        if deed == "ready":
            desk.works = [one for one in desk.works if one["state"] != "wrap-up"]
        if deed == "logout":
            desk.queues = []
        states = {"login": "ready", "ready": "ready", "pause": "not ready", "logout": "logged off"}
        return desk.become(states[deed], body.get("reason", ""))

    @api.post("/agents/ann/chats/{offer}/{deed}")
    async def answer(offer: str, deed: str) -> Json:
        desk.take(deed, {"offer": offer})
        return {"contact": desk.accept(offer) if deed == "accept" else desk.decline(offer)}

    @api.get("/agents/ann/talk/dispositions")
    async def choice() -> Json:
        wraps = [one for one in desk.works if one["state"] != "ringing"]
        if not wraps:
            raise CoreRefused("ann has no talk and wraps none up")
        codes = CODES if desk.needs_disposition else {}
        return {"agent": "ann", "reference": wraps[0]["reference"], "queue": SUPPORT,
                "state": desk.state, "given": None, "dispositions": codes,
                "needed_until": wraps[0]["until"]}  # fmt: skip

    @api.post("/agents/ann/talk/disposition")
    async def dispose(body: Json = Given) -> Json:
        desk.take("disposition", body)
        desk.needs_disposition = False
        desk.tell("disposed", body["contact"], agent="ann", code=body["code"])
        return {"agent": "ann"}

    _of_contacts(api, desk)
    _of_chats(api, desk)
    _of_messages(api, desk)
    return api


def _of_contacts(api: APIRouter, desk: FakeDesk) -> None:
    @api.get("/queues")
    async def queues() -> Json:
        return {"items": [{"id": name, "waiting": 0} for name in ("sales", SUPPORT)], "next": None}

    @api.get("/replies")
    async def replies() -> Json:
        return {"items": ["One moment, please.", "Is there anything else?"]}

    @api.get("/contacts")
    async def contacts(reference: str) -> Json:
        return {"items": [{"id": con(reference), "reference": reference, "customer": None,
                           "ticket": None}], "next": None}  # fmt: skip

    @api.get("/contacts/{contact}/timeline")
    async def timeline(contact: str, limit: int, cursor: int) -> Json:
        reference = contact.removeprefix("con_")
        story, before = desk.stories.get(reference, []), desk.before.get(reference)
        after = cursor + EVENTS_AT_ONCE
        return {"items": story[cursor:after], "next": str(after) if after < len(story) else None,
                "before": con(before) if before else None}  # fmt: skip

    @api.get("/events")
    async def events(after: int | None = None) -> StreamingResponse:
        if desk.cut:
            raise CoreAway("cut off")
        return StreamingResponse(
            _stream(desk, len(desk.events) if after is None else after),
            media_type="text/event-stream",
        )


async def _stream(desk: FakeDesk, after: int) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    while not desk.cut:
        for event in desk.events[after:]:
            after = event["seq"]
            yield f"id: {after}\ndata: {json.dumps(event)}\n\n".encode()
        await asyncio.sleep(0.02)


def _of_chats(api: APIRouter, desk: FakeDesk) -> None:
    @api.get("/chats/{contact}/lines")
    async def lines(contact: str, after: int = 0) -> Json:
        found = desk.lines.get(contact, [])[after : after + LINES_AT_ONCE]
        more = len(found) == LINES_AT_ONCE
        return {"items": found, "next": str(found[-1]["number"]) if more else None,
                "typing": ["customer"] if desk.types else [], "read": desk.seen}  # fmt: skip

    @api.post("/chats/{contact}/lines")
    async def say(contact: str, body: Json = Given) -> Json:
        before = [one for what, one in desk.asked if what == "say" and one["id"] == body["id"]]
        desk.take("say", body)
        if before:
            return {"number": 0, "at": "", "new": False}
        number = desk.write(contact, "agent", body["words"], agent=body["agent"])
        return {"number": number, "at": moment(time.time()), "new": True}

    @api.post("/chats/{contact}/files", status_code=201)
    async def send(contact: str, request: Request, id: str, agent: str) -> Response:
        desk.take("send", {"id": id, "agent": agent})
        name, content = unquote(request.headers["file-name"]), await request.body()
        try:
            return JSONResponse(desk.send(contact, id, name, content), 201)
        except Unfit as unfit:
            told = refusal(unfit.why, FileLimits())
            return JSONResponse(told, told["status"])

    @api.get("/files/{id}")
    async def fetch(id: str) -> Response:
        if id not in desk.files:
            raise HTTPException(404)
        return Response(desk.files[id][1], headers=headers(desk.files[id][0]))

    @api.post("/chats/{contact}/{deed}")
    async def deed(contact: str, deed: str, body: Json = Given) -> Json:
        desk.take(deed, body)
        if deed == "close":
            desk.end(contact)
        elif deed == "transfer" and "to_agent" in body:
            desk.chats[contact]["asked"] = body["to_agent"]
            desk.tell("offered", contact, agent=body["to_agent"])
        elif deed == "transfer":
            desk.end(contact)
            desk.works = []
            desk.become("ready")
        return {"state": "over"}


def _of_messages(api: APIRouter, desk: FakeDesk) -> None:
    @api.post("/messages/{contact}/{deed}", status_code=201)
    async def deed(contact: str, deed: str, body: Json = Given) -> Json:
        desk.take(deed, body)
        if deed == "answers":
            desk.messages[contact]["answered"] = True
        elif deed in ("close", "transfer"):
            desk.end(contact)
        return {"state": "closed", "new": True, "reference": "call-1"}


@contextmanager
def serving(desk: FakeDesk, folder: Path) -> Iterator[str]:
    """The address where the page, built in `folder`, is served with this API."""

    async def core() -> str:
        return "the core does not answer" if desk.away else ""

    page = [agent_page.routes(folder)]
    app = build([routes(desk)], object(), PROBLEMS, {"core": core}, pages=page)
    port = free_base() + 3
    gate = Gate(app, TOKEN)
    server = uvicorn.Server(uvicorn.Config(gate, port=port, log_level="error", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive() and time.monotonic() < deadline, "the server did not come up"
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        desk.cut = True
        server.should_exit = True
        thread.join(10)
