"""Supervisors who change the order, under `/api/v1`: another credit, an agent out of turn."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from adapters.tickets.parts import OPERATOR, MaybeKeyed, Parts, Use
from adapters.tickets.shapes import AgentName, ContactName, Reason, Shape
from adapters.tickets.store import Keyed

log = logging.getLogger(__name__)

router = APIRouter(tags=["contacts"])


class RegradeRequest(Shape):
    credit: float = Field(ge=0, lt=1e9, description="Its head start, in seconds.", examples=[90.0])
    reason: Reason = Field(examples=["Called before, and was cut off"])


class RegradedShape(Shape):
    """Its place follows from the credit. The audit has it."""

    reference: str = Field(description="The contact's own id.")
    queue: str = Field(examples=["support"])
    state: str = Field(examples=["waiting"])
    old: float = Field(description="The credit before, in seconds.", examples=[0.0])
    credit: float = Field(description="The credit now, in seconds.", examples=[90.0])


class HandRequest(Shape):
    agent: AgentName = Field(description="Who is to have it; they have to be free.")
    reason: Reason = Field(examples=["They know the case"])


class HandedShape(Shape):
    """The agent's phone is about to ring. The audit has it."""

    reference: str = Field(description="The contact's own id.")
    queue: str = Field(examples=["support"])
    agent: str = Field(examples=["agent-1001"])


@router.post("/contacts/{contact}/regrade")
async def regrade(
    use: Use, contact: ContactName, body: RegradeRequest, keyed: MaybeKeyed
) -> RegradedShape:
    """Give it another head start, more or less. 409: it is over, or has that credit already."""
    told = await _asked(use, "contact regrade", contact, keyed, credit=body.credit, why=body.reason)
    same = {name: told[name] for name in ("queue", "state", "old", "credit")}
    return RegradedShape(reference=told["contact"], **same)


@router.post("/contacts/{contact}/hand")
async def hand(use: Use, contact: ContactName, body: HandRequest, keyed: MaybeKeyed) -> HandedShape:
    """Hand it to an agent, out of order. 409: it does not wait, or the agent is not free."""
    told = await _asked(use, "contact hand", contact, keyed, agent=body.agent, why=body.reason)
    return HandedShape(reference=told["contact"], queue=told["queue"], agent=told["agent"])


async def _asked(
    use: Parts, what: str, contact: str, keyed: Keyed | None, **fields: object
) -> Mapping[str, Any]:
    """A repeat that was answered once gets that answer."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        reference = (await use.queries.contact(contact)).reference
        answer = await use.core.ask(what, contact=reference, **fields, who=OPERATOR)
        log.info(what, extra={"contact": reference})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    return answer
