"""The history of calls as the API gives it, field by field."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from adapters.tickets.call_queries import LostCall
from adapters.tickets.shapes import (
    AgentName,
    At,
    ContactName,
    CustomerName,
    QueueName,
    Reason,
    Shape,
    TicketName,
    moment,
    moment_or_none,
)  # fmt: skip
from ivr.tickets.call_history import dispositions_of
from ivr.tickets.story import ContactStory

Outcome = Literal[
    "served", "promised", "left", "abandoned", "overflowed", "expired", "lost", "failed"
]
"""`ivr.tickets.call_history.OUTCOMES`; a test compares the two."""
Number = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,15}$")]


class DispositionShape(Shape):
    """What one agent's talk came to: the last word."""

    agent: AgentName
    code: str = Field(examples=["solved"])


class CallShape(Shape):
    """A call that was, in figures. Lengths of time are seconds."""

    id: ContactName
    reference: str
    customer: CustomerName | None
    ticket: TicketName | None
    channel: str = Field(examples=["voice"])
    dialled: str = Field(examples=["4000"])
    queue: str = Field(examples=["support"], description="The last one; empty: none was reached.")
    started_at: At
    ended_at: At | None
    outcome: Outcome | None = Field(description="Null while it goes on.")
    waited: float | None = Field(description="Null: they asked for nobody, or wait still.")
    talked: float = Field(description="With agents, time on hold included.")
    held: float
    elsewhere: float = Field(description="Talked with telephones that are no agents'.")
    agents: list[str] = Field(description="Who talked, in their order.")
    dispositions: list[DispositionShape] = Field(description="What each agent's talk came to.")
    transfers: int
    promise: str = Field(description="callback, message, number, place, or empty.", examples=[""])
    cause: str = Field(description="The hang-up cause (Q.850).", examples=["16"])


class LostCallShape(CallShape):
    """A call whose caller got neither a person nor a promise."""

    since: Literal["", "callback", "served", "promised"] = Field(
        description="What has come of the caller since; empty: nothing."
    )


class CorrectionRequest(Shape):
    """What a talk that is over came to, and why it is said now."""

    agent: AgentName = Field(description="Whose talk.")
    code: QueueName = Field(examples=["solved"], description="One of the queue's `dispositions`.")
    reason: Reason = Field(examples=["Chosen by mistake"])
    queue: QueueName | None = Field(default=None, description="Default: the call's last one.")


class CorrectedShape(Shape):
    """What stands there now."""

    call: ContactName
    agent: AgentName
    queue: str = Field(examples=["support"])
    code: str = Field(examples=["solved"])


class CallbackRequest(Shape):
    """Why, and where the call is to come from."""

    reason: Reason = Field(examples=["Waited ten minutes"])
    queue: QueueName | None = Field(default=None, description="Default: the one they waited in.")


class CallbackShape(Shape):
    """The callback that is promised for a lost call."""

    lost: ContactName
    reference: str = Field(description="The contact that keeps it, by its own id.")
    made: bool = Field(description="False: it had been promised before.")


class FindRequest(Shape):
    number: Number = Field(examples=["+8613800138000"])
    reason: Reason = Field(examples=["Asks what became of the call"])


class FoundShape(Shape):
    """The customer with a number."""

    id: CustomerName | None = Field(description="Null: nobody with this number has called.")


def call_shape(story: ContactStory) -> CallShape:
    return CallShape(**_fields(story))


def lost_shape(lost: LostCall) -> LostCallShape:
    return LostCallShape(**_fields(lost.story), since=lost.since)


def _fields(story: ContactStory) -> dict[str, object]:
    ended = story.ended_at or story.call_ended_at
    same = (
        "id", "reference", "ticket", "channel", "dialled", "queue", "talked", "held", "elsewhere",
        "transfers", "promise", "cause", "waited",
    )  # fmt: skip
    return {
        **{name: getattr(story, name) for name in same},
        "customer": story.person,
        "started_at": moment(story.started_at),
        "ended_at": moment_or_none(ended),
        "outcome": story.outcome or None,
        "agents": story.agents.split(),
        "dispositions": dispositions_of(story),
    }
