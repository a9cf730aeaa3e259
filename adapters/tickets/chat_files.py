"""Files of chats under `/api/v1`: an agent sends one, and whoever may read a chat fetches them."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import unquote

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import JSONResponse, Response
from starlette.requests import ClientDisconnect

from acd.model import ContactId
from adapters.tickets.chat_rows import ChatRows
from adapters.tickets.chat_shapes import FileShape, OwnId, Reference, SentShape
from adapters.tickets.parts import Parts, Use
from adapters.tickets.shapes import AgentName, moment
from ivr.chat_files import ID, FileId, Unfit, Why, headers, refusal
from ivr.chat_uploads import Uploads
from ivr.ports import CoreRefused
from ivr.tickets.life import NoSuch

log = logging.getLogger(__name__)

router = APIRouter(tags=["chats"])

PROBLEM = "application/problem+json"
FileName = Annotated[
    str,
    Header(
        alias="File-Name", max_length=3000, description="Percent-encoded UTF-8.",
        examples=["card.pdf"],
    ),
]  # fmt: skip
BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.post(
    "/chats/{reference}/files",
    status_code=201,
    response_model=SentShape,
    openapi_extra={"requestBody": {"required": True, "content": BINARY}},
    responses={507: {"description": "Problem"}},
)
async def send(
    use: Use, request: Request, reference: Reference, agent: Annotated[AgentName, Query()],
    id: Annotated[OwnId, Query()], name: FileName = "",
) -> SentShape | Response:  # fmt: skip
    """Send the customer a file: the body is its content. The same `id` again sends nothing new.
    Only the agent who serves the chat may. Why it is not taken is said in `why` and `say`."""
    uploads = _uploads(use)
    asked = {"agent": agent, "contact": reference, "id": id}
    length = request.headers.get("content-length", "")
    try:
        sent = await uploads.take(
            use.core, f"agent {agent}", asked, unquote(name), body(request),
            int(length) if length.isdigit() else None,
        )  # fmt: skip
    except Unfit as unfit:
        told = refusal(unfit.why, uploads.limits)
        return JSONResponse(told, told["status"], media_type=PROBLEM)
    use.hub.told(ContactId(reference))
    return SentShape(number=sent["number"], at=moment(sent["at"]), file=FileShape(**sent["file"]))


@router.get(
    "/files/{file}",
    response_class=Response,
    responses={200: {"description": "The content", "content": BINARY}},
)
async def fetch(use: Use, file: Annotated[str, Path(pattern=ID)]) -> Response:
    """The content of a file of a chat, to be saved: it is never served to be shown."""
    rows = ChatRows(use.queries, use.vault, _uploads(use).store)
    found = await rows.file(FileId(file))
    if found is None:
        raise NoSuch("there is no such file, or its customer is erased")
    name, content = found
    log.info("file fetched", extra={"file": file})
    return Response(content, headers=headers(name))


def _uploads(use: Parts) -> Uploads:
    if use.uploads is None:
        raise CoreRefused("this house has no chat")
    return use.uploads


async def body(request: Request) -> AsyncIterator[bytes]:
    """What is sent, as it comes; `Unfit` when it breaks off."""
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise Unfit(Why.BROKEN) from None
