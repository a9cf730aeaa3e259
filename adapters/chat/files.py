"""Files over HTTP for customers' pages: sent and fetched with the token of their own chat."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from acd.model import ContactId
from adapters.chat.frames import RANDOM, OwnId
from adapters.chat.parts import CUSTOMER, ChatParts, by_of
from ivr.chat_files import ID, FileId, Unfit, Why, headers, refusal
from ivr.ports import CoreAway, CoreRefused, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

PLACE = "/chat/files"
PROBLEM = "application/problem+json"
_TOKEN = re.compile(RANDOM)
Given = Annotated[str, Header(alias="Authorization", max_length=200)]
FileName = Annotated[str, Header(alias="File-Name", max_length=3000)]
Name = Annotated[str, Path(pattern=ID)]


def routes(parts: ChatParts) -> APIRouter:
    """Sending and fetching."""
    router, files = APIRouter(include_in_schema=False), parts.files

    @router.post(PLACE)
    async def send(
        request: Request, id: Annotated[OwnId, Query()], given: Given = "", name: FileName = ""
    ) -> Response:
        try:
            by, _ = await _chat_of(parts, request, given)
            return await _sent(parts, request, {"by": by, "id": id}, unquote(name))
        except Unfit as unfit:
            told = refusal(unfit.why, files.uploads.limits)
            return JSONResponse(told, told["status"], media_type=PROBLEM)

    @router.get(PLACE + "/{file}")
    async def fetch(request: Request, file: Name, given: Given = "") -> Response:
        _, contact = await _chat_of(parts, request, given)
        try:
            found = await files.fetch(FileId(file), contact)
        except (StoreFailed, StoreRefused):
            raise HTTPException(503, "the file cannot be read just now") from None
        if found is None:
            raise HTTPException(404, "there is no such file")
        return Response(found[1], headers=headers(found[0]))

    return router


async def _sent(parts: ChatParts, request: Request, asked: dict[str, str], name: str) -> Response:
    """The line of the file, as the page shows it."""
    files = parts.files
    who = parts.who(request.client.host if request.client else "")
    if files.permits.take(who):
        raise Unfit(Why.BUSY)
    length = request.headers.get("content-length", "")
    declared = int(length) if length.isdigit() else None
    try:
        sent = await files.uploads.take(parts.core, who, asked, name, _body(request), declared)
    except CoreAway:
        raise Unfit(Why.AGAIN) from None
    except CoreRefused:  # the chat, or its person, is gone
        raise Unfit(Why.OVER) from None
    parts.hub.told(ContactId(sent["contact"]))
    line = {name: sent[name] for name in ("number", "at", "file")}
    return JSONResponse({**line, "who": CUSTOMER, "id": asked["id"]}, 201)


async def _chat_of(parts: ChatParts, request: Request, given: str) -> tuple[str, ContactId]:
    """Whose page it is, and the contact of their chat. Tokens that are none are counted, as passes
    that are none."""
    who = parts.who(request.client.host if request.client else "")
    if parts.wrong.look(who):
        raise HTTPException(429, "too many requests", {"Retry-After": "60"})
    token = given.partition(" ")[2]
    if _TOKEN.fullmatch(token):
        try:
            state = await parts.core.ask("chat state", by=by_of(token))
            return by_of(token), ContactId(state["contact"])
        except CoreAway:
            raise HTTPException(503, "the core does not answer", {"Retry-After": "1"}) from None
        except CoreRefused:
            pass  # it is none
    parts.wrong.charge(who)
    raise HTTPException(404, "there is no such chat")


async def _body(request: Request) -> AsyncIterator[bytes]:
    """What is sent, as it comes; `Unfit` when it breaks off."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise Unfit(Why.BROKEN) from None
