"""Calls that the house places: promised callbacks and calls of agents, under `/api/v1`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path
from pydantic import Field, model_validator

from adapters.tickets.parts import OPERATOR, MaybeKeyed, Parts, Use
from adapters.tickets.shapes import (
    AgentName,
    At,
    CustomerName,
    Page,
    QueueName,
    Shape,
    TicketName,
    moment,
)  # fmt: skip
from ivr.tickets.life import NoSuch

log = logging.getLogger(__name__)

router = APIRouter()

Reference = Annotated[str, Path(max_length=200, pattern=r"^[\x21-\x7e]+$")]


class CallRequest(Shape):
    """Whom to call: exactly one of three."""

    number: str | None = Field(
        default=None, min_length=1, max_length=32, examples=["+8613800000000"]
    )
    customer: CustomerName | None = None
    ticket: TicketName | None = Field(default=None, description="Its customer is called.")
    queue: QueueName | None = Field(default=None, description="Left out: the agent's first.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(one is not None for one in (self.number, self.customer, self.ticket)) != 1:
            raise ValueError("give one of `number`, `customer` and `ticket`")
        return self


class PlacedCallShape(Shape):
    """A call that an agent is placing."""

    reference: str = Field(description="The contact, by its own id.")
    agent: AgentName
    queue: str = Field(examples=["support"])


class OpenCallbackShape(Shape):
    """A promise to call somebody back."""

    reference: str = Field(description="The contact that keeps the place, by its own id.")
    queue: str = Field(examples=["support"])
    customer: CustomerName
    state: str = Field(examples=["promised"])
    attempts: int = Field(description="How often it is tried at most.")
    made: int = Field(description="How often it was dialled.")
    promised_at: At
    next_at: At = Field(description="Not dialled before.")
    until: At
    why: str = Field(description="How the last attempt ended, or why it was put off.")


class CallbackDone(Shape):
    """What was asked for is done."""

    reference: str


@router.post("/agents/{agent}/calls", status_code=201, tags=["agents"])
async def call(use: Use, agent: AgentName, body: CallRequest, keyed: MaybeKeyed) -> PlacedCallShape:
    """The agent's phone rings, and then the customer is dialled. 409 says why not."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        whom = {"number": body.number} if body.number else {"person": await _person(use, body)}
        answer = await use.core.ask("agent call", agent=agent, queue=body.queue or "", **whom)
        log.info("agent calls", extra={"agent": agent})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    return PlacedCallShape(
        reference=answer["contact"], agent=answer["agent"], queue=answer["queue"]
    )


@router.get("/callbacks", tags=["callbacks"])
async def list_callbacks(use: Use) -> Page[OpenCallbackShape]:
    """Every promise that is still to be kept, the oldest first."""
    answer = await use.core.ask("callbacks")
    return Page(items=[_shape(one) for one in answer["callbacks"]], next=None)


@router.post("/callbacks/{reference}/cancel", tags=["callbacks"])
async def cancel(use: Use, reference: Reference) -> CallbackDone:
    """Call nobody for this promise any more. 409: it was picked up, or there is none."""
    await use.core.ask("callback cancel", contact=reference, who=OPERATOR)
    return CallbackDone(reference=reference)


@router.post("/callbacks/{reference}/now", tags=["callbacks"])
async def try_now(use: Use, reference: Reference) -> CallbackDone:
    """Try it as soon as the hours of its plan allow."""
    await use.core.ask("callback now", contact=reference, who=OPERATOR)
    return CallbackDone(reference=reference)


async def _person(use: Parts, body: CallRequest) -> str:
    if body.customer:
        await use.queries.customer(body.customer)
        return body.customer
    person = (await use.queries.ticket(str(body.ticket))).person
    if person is None:
        raise NoSuch("the ticket's customer is not known")
    return person


def _shape(one: Mapping[str, Any]) -> OpenCallbackShape:
    return OpenCallbackShape(
        reference=one["contact"], queue=one["queue"], customer=one["to"], state=one["state"],
        attempts=one["attempts"], made=one["made"], promised_at=moment(one["at"]),
        next_at=moment(one["again"]), until=moment(one["until"]), why=one["why"],
    )  # fmt: skip
