"""What the API takes and gives, field by field. Unknown fields are refused."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from acd.model import Seconds
from adapters.tickets.store import Numbered
from ivr.tickets.life import Ticket, TicketState
from ivr.tickets.story import ContactStory

T = TypeVar("T")

ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}"
TICKET_EXAMPLE = "tic_01KAKJ0W8G3YBXM0Q1RFT2D9ZC"
CONTACT_EXAMPLE = "con_01KAKJ0RDTV0P8E3ZJ4Q5N6W7X"
CUSTOMER_EXAMPLE = "per_01KAKJ0RDT6B7C8D9E0F1G2H3J"


def moment(at: Seconds) -> str:
    """RFC 3339, UTC, milliseconds."""
    return f"{datetime.fromtimestamp(round(at * 1000) / 1000, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def moment_or_none(at: Seconds | None) -> str | None:
    return None if at is None else moment(at)


def plain(text: str) -> str:
    """The text; ValueError when it has signs that act on whoever shows it."""
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in text):
        raise ValueError("control characters are not allowed")
    return text


At = Annotated[
    str, Field(examples=["2026-11-21T09:30:00.250Z"], json_schema_extra={"format": "date-time"})
]
TicketName = Annotated[str, Field(pattern=f"^tic_{ULID}$", examples=[TICKET_EXAMPLE])]
ContactName = Annotated[str, Field(pattern=f"^con_{ULID}$", examples=[CONTACT_EXAMPLE])]
CustomerName = Annotated[str, Field(pattern=f"^per_{ULID}$", examples=[CUSTOMER_EXAMPLE])]
AgentName = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,32}$", examples=["agent-1001"])]
QueueName = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
Words = Annotated[str, StringConstraints(min_length=1, max_length=10_000), AfterValidator(plain)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(plain)]


class Shape(BaseModel):
    """What all shapes of the API share: nothing unknown gets in, nothing is changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Page(Shape, Generic[T]):
    """A part of a list. `next` goes into `cursor` for what follows; null: that was all."""

    items: list[T]
    next: str | None = Field(examples=[TICKET_EXAMPLE])


class TicketShape(Shape):
    """The work that outlives a contact."""

    id: TicketName
    state: TicketState
    customer: CustomerName | None = Field(description="Null when nothing is known of them.")
    opened_at: At
    changed_at: At = Field(description="When its timeline grew last.")
    closed_at: At | None


class ContactShape(Shape):
    """One request for service."""

    id: ContactName
    reference: str = Field(description="The contact's own id, as in logs and on the telephone side")
    customer: CustomerName | None
    ticket: TicketName | None = Field(description="Null when the caller asked for nobody.")
    channel: str = Field(examples=["voice"])
    dialled: str = Field(examples=["4000"])
    language: str = Field(examples=["zh"])
    queue: str = Field(examples=["support"], description="Empty while the menu has the caller.")
    class_: str = Field(serialization_alias="class", examples=["standard"])
    state: Literal["menu", "arriving", "waiting", "ringing", "talking", "after", "ended"]
    agent: str | None = Field(description="Who rings or talks; after the end, who talked last.")
    started_at: At
    entered_at: At | None = Field(description="When they asked for a person: their place counts.")
    answered_at: At | None
    ended_at: At | None
    how: str = Field(examples=["served"], description="served, abandoned, left or lost; empty: on.")


class EventShape(Shape):
    """One line of a timeline, and one live event."""

    v: Literal[1] = 1
    seq: int = Field(description="Its place in the order of all events.", examples=[4711])
    at: At
    kind: str = Field(examples=["offer_answered"])
    who: str = Field(description="customer, hotline, operator, or an agent.", examples=["customer"])
    contact: ContactName | None
    ticket: TicketName | None
    data: dict[str, Any] = Field(examples=[{"offer": "1.17.1"}])
    text: str | None = Field(description="What was written; null once it is erased.")


class StoryPage(Page[EventShape]):
    """A part of a contact's timeline."""

    before: ContactName | None = Field(
        description="The contact from which it goes on, by a pass or a callback; null: none."
    )


class CustomerShape(Shape):
    """A person outside, known or not."""

    id: CustomerName
    number: str | None = Field(
        description="All but the ends are hidden. Null when withheld or erased.",
        examples=["+86138****0000"],
    )
    seen_at: At


class RevealedShape(Shape):
    """The whole number. Written into the audit with the reason before it is shown."""

    id: CustomerName
    number: str | None = Field(examples=["+8613800000000"])


class AgentShape(Shape):
    """A person who serves contacts."""

    id: AgentName
    state: str = Field(examples=["ready"])
    since: At
    reason: str = Field(examples=["lunch"])
    phone: str = Field(examples=["reachable"])
    queues: list[str] = Field(examples=[["support"]])
    reference: str | None = Field(description="The contact that rings or talks, by its own id.")


class EstimateShape(Shape):
    """How well the estimated waits of a queue have come true."""

    promised: float = Field(description="Share of waits that ranges shall hold.", examples=[0.8])
    known: int = Field(description="Estimated waits that have become known.")
    within: float | None = Field(description="Share of them inside their range.", examples=[0.81])


class QueueShape(Shape):
    """Where contacts of one kind wait."""

    id: str = Field(examples=["support"])
    waiting: int = Field(description="Customers who are there.")
    deferred: int = Field(default=0, description="Messages that are to be answered.")
    longest_wait: float = Field(description="Seconds.", examples=[42.5])
    agents: dict[str, str] = Field(examples=[{"agent-1001": "ready"}])
    estimate: EstimateShape | None = None


class FlowShape(Shape):
    """A flow that calls can walk."""

    id: str = Field(examples=["main"])
    version: str = Field(description="Changes when the file changes.", examples=["3f2a91c0b7d4"])


class CommentRequest(Shape):
    text: Words = Field(examples=["Called back, sends the form by post."])


class RevealRequest(Shape):
    reason: Reason = Field(examples=["Call back as promised"])


class LoginRequest(Shape):
    queues: list[QueueName] = Field(default=[], max_length=64, description="Empty: their own.")
    ready: bool = Field(default=True, description="False: logged in, but not to be offered calls.")


class PauseRequest(Shape):
    reason: str = Field(default="", max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")


def ticket_shape(ticket: Ticket) -> TicketShape:
    return TicketShape(
        id=ticket.id,
        state=ticket.state,
        customer=ticket.person,
        opened_at=moment(ticket.opened_at),
        changed_at=moment(ticket.changed_at),
        closed_at=moment_or_none(ticket.closed_at),
    )


def contact_shape(contact: ContactStory) -> ContactShape:
    return ContactShape(
        id=contact.id,
        reference=contact.reference,
        customer=contact.person,
        ticket=contact.ticket,
        channel=contact.channel,
        dialled=contact.dialled,
        language=contact.language,
        queue=contact.queue,
        class_=contact.class_,
        state=contact.state.value if contact.state else "menu",
        agent=contact.agent,
        started_at=moment(contact.started_at),
        entered_at=moment_or_none(contact.entered_at),
        answered_at=moment_or_none(contact.answered_at),
        ended_at=moment_or_none(contact.ended_at),
        how=contact.how,
    )


def event_shape(numbered: Numbered, text: str | None) -> EventShape:
    """An entry, with its words opened."""
    entry = numbered.entry
    return EventShape(
        seq=numbered.seq,
        at=moment(entry.at),
        kind=entry.kind,
        who=entry.who,
        contact=entry.contact,
        ticket=entry.ticket,
        data=dict(entry.data),
        text=text,
    )


def agent_shape(agent: Mapping[str, Any]) -> AgentShape:
    """From the core's answer."""
    same = {name: agent[name] for name in ("state", "reason", "phone", "queues")}
    since, reference = moment(agent["since"]), agent["contact"]
    return AgentShape(id=agent["agent"], since=since, reference=reference, **same)


def queue_shape(queue: Mapping[str, Any]) -> QueueShape:
    """From the core's answer."""
    same = {name: queue[name] for name in ("waiting", "longest_wait", "agents")}
    deferred = queue.get("deferred", 0)
    return QueueShape(id=queue["queue"], deferred=deferred, estimate=queue.get("estimate"), **same)
