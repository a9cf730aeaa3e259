"""Chats as agents serve them, under `/api/v1`. Customers come by their own page, not here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query

from acd.model import ContactId
from adapters.tickets.chat_rows import PAGE, ChatRows
from adapters.tickets.chat_shapes import (
    AgentChatsShape,
    ChatOfferShape,
    CloseRequest,
    DeskRequest,
    DeskShape,
    FileLimitsShape,
    LineRequest,
    LineShape,
    LinesQuery,
    LinesShape,
    OfferName,
    OpenChatShape,
    ReadRequest,
    Reference,
    SendRequest,
    ServedChatShape,
    StateShape,
    TakenChatShape,
    TypingRequest,
    WrittenShape,
)
from adapters.tickets.message_shapes import message_of
from adapters.tickets.parts import Parts, Use
from adapters.tickets.shapes import AgentName, Page, moment
from ivr.chats import Who

log = logging.getLogger(__name__)

router = APIRouter()


@router.get("/agents/{agent}/chats", tags=["chats"])
async def of_agent(use: Use, agent: AgentName) -> AgentChatsShape:
    """What rings on this agent's page, and whom they serve."""
    answer = await use.core.ask("chat list", agent=agent)
    return AgentChatsShape(
        agent=answer["agent"], open=answer["open"],
        offers=[_rings(one) for one in answer["offers"]],
        chats=[_served(one) for one in answer["chats"]],
        messages=[message_of(one) for one in answer.get("messages", ())],
        files=_limits(use),
    )  # fmt: skip


@router.post("/agents/{agent}/desk", tags=["chats"])
async def desk(use: Use, agent: AgentName, body: DeskRequest) -> DeskShape:
    """The agent's page is there, or is no longer. Without it no chat rings; who is served stays."""
    answer = await use.core.ask("chat desk", agent=agent, open=body.open)
    return DeskShape(agent=answer["agent"], open=answer["open"])


@router.post("/agents/{agent}/chats/{offer}/accept", tags=["chats"])
async def accept(use: Use, agent: AgentName, offer: OfferName) -> TakenChatShape:
    """Serve this chat. 409: it rings no longer, or its customer has left."""
    return await _taken(use, "chat accept", agent, offer)


@router.post("/agents/{agent}/chats/{offer}/decline", tags=["chats"])
async def decline(use: Use, agent: AgentName, offer: OfferName) -> TakenChatShape:
    """Leave this chat to somebody else."""
    return await _taken(use, "chat decline", agent, offer)


@router.get("/chats", tags=["chats"])
async def open_chats(use: Use) -> Page[OpenChatShape]:
    """Every chat that is not over, the oldest first."""
    answer = await use.core.ask("chats")
    return Page(items=[_open(one) for one in answer["chats"]], next=None)


@router.get("/chats/{reference}/lines", tags=["chats"])
async def lines(
    use: Use, reference: Reference, query: Annotated[LinesQuery, Query()]
) -> LinesShape:
    """What was said, in order. A chat that is over can be read, too."""
    contact = ContactId(reference)
    found = await ChatRows(use.queries, use.vault).told(contact, query.after)
    return LinesShape(
        items=[LineShape(**{**line, "at": moment(line["at"])}) for line in found],
        next=str(found[-1]["number"]) if len(found) == PAGE else None,
        typing=list(use.hub.typing_of(contact)),
        read=use.hub.read_of(contact, Who.CUSTOMER),
    )


@router.post("/chats/{reference}/lines", status_code=201, tags=["chats"])
async def say(use: Use, reference: Reference, body: LineRequest) -> WrittenShape:
    """Write to the customer. Only the agent who serves the chat may."""
    asked = body.model_dump()
    answer = await use.core.ask("chat say", contact=reference, **asked)
    use.hub.typing(ContactId(reference), Who.AGENT, on=False)
    use.hub.told(ContactId(reference))
    return WrittenShape(number=answer["number"], at=moment(answer["at"]), new=answer["new"])


@router.post("/chats/{reference}/close", tags=["chats"])
async def close(use: Use, reference: Reference, body: CloseRequest) -> StateShape:
    """The chat is over; wrap-up follows."""
    return await _deed(use, "chat close", reference, agent=body.agent)


@router.post("/chats/{reference}/transfer", tags=["chats"])
async def transfer(use: Use, reference: Reference, body: SendRequest) -> StateShape:
    """To a `queue`: the customer waits for it, with the same place. To an agent (`to_agent`), who
    must be ready: it rings on their page, and you serve it until they accept."""
    asked = body.model_dump(exclude_none=True)
    return await _deed(use, "chat transfer", reference, **asked)


@router.post("/chats/{reference}/typing", tags=["chats"])
async def typing(use: Use, reference: Reference, body: TypingRequest) -> TypingRequest:
    """The agent types, or has stopped to. Say it again while it goes on: it is good for seconds."""
    use.hub.typing(ContactId(reference), Who.AGENT, body.on)
    return body


@router.post("/chats/{reference}/read", tags=["chats"])
async def read(use: Use, reference: Reference, body: ReadRequest) -> ReadRequest:
    """The agent has seen the lines up to this one."""
    use.hub.read(ContactId(reference), Who.AGENT, body.number)
    return body


async def _taken(use: Parts, what: str, agent: str, offer: str) -> TakenChatShape:
    answer = await use.core.ask(what, agent=agent, offer=offer)
    log.info(what, extra={"contact": answer["contact"], "agent": agent})
    use.hub.told(ContactId(answer["contact"]))
    return TakenChatShape(contact=answer["contact"])


async def _deed(use: Parts, what: str, reference: str, **fields: str) -> StateShape:
    answer = await use.core.ask(what, contact=reference, **fields)
    use.hub.told(ContactId(reference))
    return StateShape(contact=reference, state=answer["state"])


def _limits(use: Parts) -> FileLimitsShape | None:
    limits = use.uploads.limits if use.uploads else None
    if limits is None or not limits.a_chat:
        return None
    return FileLimitsShape(bytes=limits.bytes, a_chat=limits.a_chat)


def _rings(one: Mapping[str, Any]) -> ChatOfferShape:
    same = ("offer", "queue", "language", "customer", "name", "origin", "why")
    until, told = moment(one["rings_until"]), {name: one[name] for name in same}
    return ChatOfferShape(contact=one["contact"], rings_until=until, **told)


def _served(one: Mapping[str, Any]) -> ServedChatShape:
    same = ("offer", "state", "queue", "language", "customer", "name", "origin", "last")
    told = {name: one[name] for name in same} | {"asked": one.get("asked", "")}
    return ServedChatShape(contact=one["contact"], since=moment(one["since"]), **told)


def _open(one: Mapping[str, Any]) -> OpenChatShape:
    same = ("state", "skipped", "queue", "language", "origin", "agent", "last", "wait")
    told = {name: one[name] for name in same}
    return OpenChatShape(contact=one["contact"], since=moment(one["since"]), **told)
