"""Messages that are to be answered, under `/api/v1`, as agents do it. They are left by customers'
own page, ring like chats (`/agents/{agent}/chats/{offer}/accept`), and stand in that list."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from adapters.tickets.chat_shapes import (
    CloseRequest,
    LineWords,
    OwnId,
    Reference,
    StateShape,
    ToQueueRequest,
)
from adapters.tickets.parts import Parts, Use
from adapters.tickets.shapes import AgentName, At, Page, Shape, moment

log = logging.getLogger(__name__)

router = APIRouter()


class OpenMessageShape(Shape):
    """A message that is still to be answered."""

    contact: str = Field(description="The contact, by its own id.")
    of: str = Field(description="The contact in which it was left, by its own id.")
    queue: str = Field(examples=["support"])
    customer: str = Field(description="`per_...`")
    left_at: At
    promised_by: At
    state: str = Field(examples=["waiting"], description="waiting or served.")
    agent: str = Field(description="Who is offered it, or answers it; may be empty.")
    answered: bool


class AnswerRequest(Shape):
    """How an agent answers; the same `id` again answers nothing anew."""

    agent: AgentName
    id: OwnId = Field(examples=["c5f2a1d0-4c1c-4b62-9d7e-0a6f4b8e2d11"])
    how: Literal["text", "note"] = Field(
        description="`text`: these words go to the customer's number. `note`: they say how it was "
        "answered otherwise."
    )
    words: LineWords = Field(examples=["Your card is blocked. A new one is on its way."])


class AnsweredShape(Shape):
    new: bool = Field(description="False: it was answered before, by the same id.")


class CalledShape(Shape):
    """The agent's telephone rings, then the customer's."""

    reference: str = Field(description="The call, by its own id.")


@router.get("/messages", tags=["messages"])
async def open_messages(use: Use) -> Page[OpenMessageShape]:
    """Every message that is still to be answered, what was promised first first."""
    answer = await use.core.ask("messages")
    return Page(items=[_open(one) for one in answer["messages"]], next=None)


@router.post("/messages/{reference}/answers", status_code=201, tags=["messages"])
async def answer(use: Use, reference: Reference, body: AnswerRequest) -> AnsweredShape:
    """Answer it. Only the agent who has it may; it stays theirs until they close it."""
    found = await use.queries.contacts(1, reference=reference)
    ticket = found[0].ticket if found else None
    asked = body.model_dump()
    done = await use.core.ask("message answer", contact=reference, ticket=ticket or "", **asked)
    log.info("message answered", extra={"contact": reference, "agent": body.agent})
    return AnsweredShape(new=done["new"])


@router.post("/messages/{reference}/call", status_code=201, tags=["messages"])
async def call(use: Use, reference: Reference, body: CloseRequest) -> CalledShape:
    """Call the number that was left. 409 says why not."""
    done = await use.core.ask("message call", contact=reference, agent=body.agent)
    return CalledShape(reference=done["contact"])


@router.post("/messages/{reference}/close", tags=["messages"])
async def close(use: Use, reference: Reference, body: CloseRequest) -> StateShape:
    """The agent is done with it; wrap-up follows."""
    return await _deed(use, "message close", reference, agent=body.agent)


@router.post("/messages/{reference}/transfer", tags=["messages"])
async def transfer(use: Use, reference: Reference, body: ToQueueRequest) -> StateShape:
    """It waits for another queue, promised for the same time."""
    return await _deed(use, "message transfer", reference, agent=body.agent, queue=body.queue)


async def _deed(use: Parts, what: str, reference: str, **fields: str) -> StateShape:
    done = await use.core.ask(what, contact=reference, **fields)
    log.info(what, extra={"contact": reference, "agent": fields["agent"]})
    return StateShape(contact=reference, state=done["state"])


def _open(one: Mapping[str, Any]) -> OpenMessageShape:
    same = ("contact", "of", "queue", "customer", "state", "agent", "answered")
    return OpenMessageShape(
        left_at=moment(one["left_at"]), promised_by=moment(one["until"]),
        **{name: one[name] for name in same},
    )  # fmt: skip
