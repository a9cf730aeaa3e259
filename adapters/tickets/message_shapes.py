"""A message as an agent's page has it, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from adapters.tickets.shapes import At, Shape, moment, moment_or_none


class AgentMessageShape(Shape):
    """A message that rings on an agent's page, or that they answer; what it says from then on."""

    contact: str = Field(description="The contact, by its own id.")
    offer: str = Field(examples=["1.17.1"])
    of: str = Field(description="The contact in which it was left, by its own id.")
    queue: str = Field(examples=["support"])
    language: str = Field(examples=["zh"])
    customer: str = Field(description="`per_...`")
    left_at: At
    promised_by: At = Field(description="The customer was told that it is answered before.")
    rings: bool
    rings_until: At | None
    answered: bool
    name: str | None = Field(description="Null while it rings, and once it is erased; as below.")
    number: str | None = Field(description="Where they may be called; empty: not given.")
    mail: str | None = Field(description="Their e-mail address; empty: not given.")
    words: str | None
    ways: list[str] = Field(
        examples=[["text", "call", "note"]], description="How it can be answered."
    )


def message_of(one: Mapping[str, Any]) -> AgentMessageShape:
    """From the core's answer."""
    same = ("contact", "offer", "of", "queue", "language", "customer", "rings", "answered", "name",
            "number", "mail", "words", "ways")  # fmt: skip
    return AgentMessageShape(
        left_at=moment(one["left_at"]), promised_by=moment(one["until"]),
        rings_until=moment_or_none(one["rings_until"]), **{name: one[name] for name in same},
    )  # fmt: skip
