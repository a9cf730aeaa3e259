"""What the API of chats takes and gives, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import Path
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from adapters.tickets.message_shapes import AgentMessageShape
from adapters.tickets.shapes import AgentName, At, Page, QueueName, Shape, plain
from ivr.chats import LONGEST_ID, LONGEST_WORDS

Reference = Annotated[
    str, Path(pattern=r"^[\x21-\x7e]{1,200}$", description="The contact, by its own id.")
]
OfferName = Annotated[str, Path(pattern=r"^[0-9a-z.-]{1,64}$")]
LineWords = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_WORDS), AfterValidator(plain)
]
OwnId = Annotated[str, StringConstraints(pattern=rf"^[\x21-\x7e]{{1,{LONGEST_ID}}}$")]


class ChatOfferShape(Shape):
    """A chat that rings on an agent's page."""

    offer: str = Field(examples=["1.17.1"])
    contact: str = Field(description="The contact, by its own id.")
    queue: str = Field(examples=["support"])
    language: str = Field(examples=["zh"])
    customer: str = Field(description="`per_...`")
    name: str = Field(description="What they want to be called; may be empty.", examples=["Li"])
    origin: str = Field(description="`chat`, or `phone`: it came by a pass.", examples=["phone"])
    rings_until: At
    why: str = Field(description="By which rule it came.", examples=["order"])


class ServedChatShape(Shape):
    """A chat that an agent serves."""

    offer: str = Field(examples=["1.17.1"])
    contact: str = Field(description="The contact, by its own id.")
    state: str = Field(examples=["served"])
    queue: str = Field(examples=["support"])
    language: str = Field(examples=["zh"])
    customer: str = Field(description="`per_...`")
    name: str = Field(examples=["Li"])
    origin: str = Field(examples=["chat"])
    last: int = Field(description="The number of the newest line.")
    since: At
    asked: str = Field("", description="The agent who is being asked to take it over; empty: none.")


class FileLimitsShape(Shape):
    """What may be sent in a chat beside words."""

    bytes: int = Field(examples=[5242880], description="Of the largest file.")
    a_chat: int = Field(examples=[10], description="So many a chat from agents.")


class AgentChatsShape(Shape):
    """What an agent's page shows of chats."""

    agent: AgentName
    open: bool = Field(description="Whether the desk is open: chats ring only then.")
    offers: list[ChatOfferShape]
    chats: list[ServedChatShape]
    messages: list[AgentMessageShape] = Field(description="That ring, or that they answer.")
    files: FileLimitsShape | None = Field(description="Null: no files are taken.")


class OpenChatShape(Shape):
    """A chat that is not over."""

    contact: str = Field(description="The contact, by its own id.")
    state: str = Field(examples=["waiting"], description="asked, waiting, offered or served.")
    skipped: bool = Field(description="Its page is not there; the place is kept.")
    queue: str = Field(examples=["support"])
    language: str = Field(examples=["zh"])
    origin: str = Field(examples=["chat"])
    agent: str = Field(description="Who is offered it, or serves it; may be empty.")
    since: At
    last: int
    wait: list[float] | None = Field(description="Seconds, from and to.", examples=[[60, 180]])


class FileShape(Shape):
    """A file that was sent in a chat."""

    id: str = Field(examples=["fil_0f3a9c21b47e5d60c1a2934b8f7e6d5c"])
    name: str | None = Field(examples=["card.pdf"], description="Null once it is erased.")
    type: str = Field(examples=["application/pdf"], description="By its content.")
    bytes: int = Field(examples=[48213])


class LineShape(Shape):
    """One line of a chat."""

    number: int = Field(description="1, 2, 3 ... whoever writes.")
    who: str = Field(examples=["customer"], description="customer, agent or house.")
    agent: str = Field(description="Which agent; else empty.")
    at: At
    words: str | None = Field(description="Null for a phrase or a file, and once erased.")
    phrase: str | None = Field(examples=[None], description="What the house says by itself.")
    values: dict[str, Any] = Field(examples=[{}], description="What the phrase speaks of.")
    file: FileShape | None = Field(default=None, examples=[None])


class LinesShape(Page[LineShape]):
    """Lines, and what there is beside them just now."""

    typing: list[str] = Field(description="Who types: customer, agent.", examples=[["customer"]])
    read: int = Field(description="The last line that the customer has seen; 0: not known.")


class LinesQuery(BaseModel):
    """What comes after this line."""

    model_config = ConfigDict(extra="forbid")
    after: int = Field(default=0, ge=0, le=2**31)


class DeskRequest(Shape):
    open: bool = Field(description="Whether the agent's page is there.")


class DeskShape(Shape):
    agent: AgentName
    open: bool


class TakenChatShape(Shape):
    """The chat of an offer."""

    contact: str = Field(description="The contact, by its own id.")


class LineRequest(Shape):
    """What an agent writes; the same `id` again writes nothing new."""

    agent: AgentName
    id: OwnId = Field(examples=["c5f2a1d0-4c1c-4b62-9d7e-0a6f4b8e2d11"])
    words: LineWords = Field(examples=["Good day! What can I do for you?"])


class WrittenShape(Shape):
    number: int
    at: At
    new: bool = Field(description="False: it was written before, by the same id.")


class SentShape(Shape):
    """The line of a file."""

    number: int
    at: At
    file: FileShape


class CloseRequest(Shape):
    agent: AgentName


class SendRequest(Shape):
    """Exactly one of `queue` and `to_agent`."""

    agent: AgentName
    queue: QueueName | None = Field(None, examples=["sales"])
    to_agent: AgentName | None = Field(None, examples=["agent-1002"])

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.queue is None) is (self.to_agent is None):
            raise ValueError("name one of queue and to_agent")
        return self


class ToQueueRequest(Shape):
    """By this agent, to this queue."""

    agent: AgentName
    queue: QueueName = Field(examples=["sales"])


class TypingRequest(Shape):
    agent: AgentName
    on: bool = True


class ReadRequest(Shape):
    agent: AgentName
    number: int = Field(ge=0, le=2**31)


class StateShape(Shape):
    """How a chat stands after something was asked of it."""

    contact: str = Field(description="The contact, by its own id.")
    state: str = Field(examples=["over"], description="waiting, offered, served or over.")
