"""Texts to customers under `/api/v1`. What customers write comes in by channels, not here."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import AfterValidator, Field, StringConstraints

from adapters.tickets.parts import OPERATOR, MaybeKeyed, Use
from adapters.tickets.shapes import At, CustomerName, Page, Shape, TicketName, moment, plain
from ivr.channel_ports import LONGEST_TEXT
from ivr.tickets.life import NoSuch

log = logging.getLogger(__name__)

router = APIRouter()

ChannelName = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
TextWords = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_TEXT), AfterValidator(plain)
]
InPath = Annotated[TicketName, Path()]


class TextRequest(Shape):
    """What the ticket's customer is to read, and by which channel."""

    channel: ChannelName = Field(examples=["sms"])
    text: TextWords = Field(examples=["Your card is blocked. A new one is on its way."])


class TextShape(Shape):
    """A text to a customer."""

    id: str = Field(examples=["txt_8f0e1d2c3b4a59687786a5b4c3"])
    channel: str = Field(examples=["sms"])
    customer: CustomerName
    reference: str = Field(description="The contact, by its own id.")
    state: str = Field(examples=["queued"], description="queued, sent, delivered or failed.")
    why: str = Field(description="Why it failed; else empty.")
    at: At


@router.post("/tickets/{ticket}/texts", status_code=201, tags=["tickets"])
async def send_text(use: Use, ticket: InPath, body: TextRequest, keyed: MaybeKeyed) -> TextShape:
    """Write to the ticket's customer. 409 says why not: a limit, no address, no such channel."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        person = (await use.queries.ticket(ticket)).person
        if person is None:
            raise NoSuch("the ticket's customer is not known")
        once = {"key": f"{ticket} {keyed.key}"} if keyed else {}
        answer = await use.core.ask(
            "text send", channel=body.channel, person=person, words=body.text, ticket=ticket,
            who=OPERATOR, **once,
        )  # fmt: skip
        log.info("text asked for", extra={"ticket": ticket})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    return _shape(answer)


@router.get("/texts", tags=["tickets"])
async def list_texts(use: Use) -> Page[TextShape]:
    """Texts that are neither delivered nor failed, the oldest first."""
    answer = await use.core.ask("texts")
    return Page(items=[_shape(one) for one in answer["texts"]], next=None)


def _shape(one: Mapping[str, Any]) -> TextShape:
    return TextShape(
        id=one["text"], channel=one["channel"], customer=one["customer"], reference=one["contact"],
        state=one["state"], why=one["why"], at=moment(one["at"]),
    )  # fmt: skip
