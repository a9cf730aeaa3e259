"""What an agent's own page asks under `/api/v1`: the agent's work, and quick replies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from adapters.tickets.parts import Parts, Use
from adapters.tickets.shapes import (
    AgentName,
    AgentShape,
    At,
    ContactName,
    QueueName,
    Shape,
    agent_shape,
    moment,
    moment_or_none,
)  # fmt: skip
from ivr.quick_replies import replies_for

router = APIRouter()


class WorkItemShape(Shape):
    """One contact of an agent, from its offer to the end of its wrap-up."""

    id: ContactName | None = Field(description="Null until the timeline has it.")
    reference: str = Field(description="The contact, by its own id.", examples=["h-1.0"])
    offer: str = Field(examples=["1.17.1"])
    state: str = Field(
        examples=["ringing"],
        description="ringing, talking, held, wrap-up, or what else the contact's state is.",
    )
    channel: str = Field(
        default="", examples=["voice"], description="During wrap-up voice, chat or mail."
    )
    queue: str = Field(examples=["support"])
    class_: str = Field(default="", serialization_alias="class", examples=["vip"])
    language: str = Field(default="", examples=["zh"])
    since: At | None = Field(default=None, description="Of the ringing, or of the talk.")
    rings_until: At | None = Field(default=None, description="While it rings.")
    waited: float | None = Field(
        default=None, description="Seconds in line when it was offered.", examples=[192.0]
    )
    credit: float | None = Field(default=None, description="Its head start, in seconds.")
    rule: str = Field(
        default="",
        description="By which rule it came: order, preferred, elsewhere, picked up, handed over, "
        "outgoing, consult, sent back.",
        examples=["order"],
    )
    why: str = Field(
        default="",
        description="Why this contact and why this agent, in one line, as it stood when it was "
        "offered. Empty in wrap-up, and where more than 500 contacts and agents were there.",
        examples=["first in order: waited 3:12; agent-1001 was the longest idle, idle 0:41"],
    )
    promised_by: At | None = Field(
        default=None, description="Of a message: until when its customer was promised an answer."
    )
    until: At | None = Field(default=None, description="When its wrap-up ends by itself.")
    owes: bool = Field(default=False, description="Its wrap-up waits for a disposition.")


class WorkShape(Shape):
    """An agent, and all that they have to do just now."""

    agent: AgentShape
    own_queues: list[QueueName] = Field(description="That the agent may log in to.")
    then: Literal["", "break", "log off"] = Field(
        description="What was asked for, and comes when these contacts are done."
    )
    until: At | None = Field(description="When wrap-up ends by itself.")
    items: list[WorkItemShape]


class RepliesShape(Shape):
    """Words that may be put into a chat by one press."""

    items: list[str] = Field(examples=[["Good day, how can I help?"]])


class RepliesQuery(BaseModel):
    """For which chat."""

    model_config = ConfigDict(extra="forbid")
    queue: QueueName
    language: str = Field(pattern="^[a-z]{2,3}$")


@router.get("/agents/{agent}/work", tags=["agents"])
async def work(use: Use, agent: AgentName) -> WorkShape:
    """The agent's state and every contact that rings, is served or wrapped up, with why it came."""
    answer = await use.core.ask("agent work", agent=agent)
    return WorkShape(
        agent=agent_shape(answer["agent"]),
        own_queues=answer["own_queues"],
        then=answer["then"],
        until=moment_or_none(answer["until"]),
        items=[await _item(use, item) for item in answer["works"]],
    )


@router.get("/replies", tags=["agents"])
async def replies(use: Use, query: Annotated[RepliesQuery, Query()]) -> RepliesShape:
    """The quick replies of the site file for chats of this queue in this language."""
    return RepliesShape(items=replies_for(use.replies, query.queue, query.language))


async def _item(use: Parts, item: Mapping[str, Any]) -> WorkItemShape:
    """With the name that the timeline has for the contact."""
    found = await use.queries.contacts(1, reference=item["contact"]) if item["contact"] else []
    same = ("offer", "state", "channel", "queue", "language", "waited", "credit", "rule", "why",
            "owes")  # fmt: skip
    times = ("since", "rings_until", "until", "promised_by")
    return WorkItemShape(
        id=found[0].id if found else None,
        reference=item["contact"],
        class_=item.get("class", ""),
        **{name: item[name] for name in same if name in item},
        **{name: moment(item[name]) for name in times if item.get(name) is not None},
    )
