"""Agents among themselves, under `/api/v1`: the directory, and what rings at a colleague."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from adapters.tickets.parts import OPERATOR, MaybeKeyed, Use
from adapters.tickets.shapes import AgentName, Page, Shape

log = logging.getLogger(__name__)

router = APIRouter()


class DirectoryShape(Shape):
    """Somebody or something that agents' phones can reach."""

    kind: Literal["agent", "queue", "destination"]
    name: str = Field(examples=["agent-1001"])
    numbers: list[str] = Field(description="Its internal numbers.", examples=[["1001"]])
    presence: str = Field(
        examples=["ready"],
        description="An agent's state; of a queue `staffed` or `unstaffed`; of a destination "
        "`free`, `in use`, `away` or `outside`.",
    )
    phone: str | None = Field(default=None, description="Of an agent: the one that is rung.")
    reachable: bool | None = Field(default=None, description="Of an agent: can the phone be rung?")
    queues: list[str] | None = Field(default=None, description="Of an agent.")
    waiting: int | None = Field(default=None, description="Of a queue: so many wait.")


class PickupRequest(Shape):
    colleague: AgentName = Field(description="At whose phone it rings.")


class PickupShape(Shape):
    """The colleague's phone stops ringing, the agent's is about to."""

    reference: str = Field(description="The contact, by its own id.")
    agent: AgentName
    colleague: AgentName


@router.get("/directory", tags=["agents"])
async def directory(use: Use) -> Page[DirectoryShape]:
    """Agents, queues and destinations with their internal numbers, and who is there."""
    answer = await use.core.ask("directory")
    return Page(items=[DirectoryShape(**entry) for entry in answer["directory"]], next=None)


@router.post("/agents/{agent}/pickup", tags=["agents"])
async def pick_up(
    use: Use, agent: AgentName, body: PickupRequest, keyed: MaybeKeyed
) -> PickupShape:
    """Take what rings at a colleague. 409: nothing does, or the agent may not serve it now."""
    answer: Mapping[str, Any] | None = await use.store.earlier(keyed) if keyed else None
    if answer is None:
        named = {"agent": agent, "colleague": body.colleague, "who": OPERATOR}
        answer = await use.core.ask("agent pickup", **named)
        log.info("picked up", extra={"agent": agent})
        if keyed:
            await use.store.keep(keyed, answer, use.now())
    return PickupShape(reference=answer["contact"], agent=agent, colleague=body.colleague)
