"""What the routes work with, and what they share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Annotated, Protocol

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from acd.model import Seconds
from acd.states import ForbiddenMove
from adapters.tickets.call_queries import CallQueries
from adapters.tickets.chat_hub import ChatHub
from adapters.tickets.live import Live, TooManyListeners
from adapters.tickets.queries import TicketQueries
from adapters.tickets.shapes import EventShape, event_shape
from adapters.tickets.store import Keyed, KeyReused, Numbered, TicketStore
from ivr.chat_uploads import Uploads
from ivr.pass_guesses import Guesses, TooManyWrong
from ivr.pass_secrets import Secret
from ivr.ports import Audit, Core, CoreAway, CoreRefused, PersonId, StoreFailed, StoreRefused
from ivr.tickets.life import NoSuch
from ivr.tickets.story import field_of_words

OPERATOR = "operator"
"""Who does what the API is asked to do, until there are roles."""


class NoSuchEvent(Exception):
    """A listener names an event that has not been: it was given by another database."""


class CannotSeal(Exception):
    """Words cannot be kept: their person is not known, or erased."""


PROBLEMS: Mapping[type[Exception], int] = {
    NoSuch: 404,
    ForbiddenMove: 409,
    CoreRefused: 409,
    CannotSeal: 409,
    NoSuchEvent: 409,
    KeyReused: 422,
    TooManyListeners: 429,
    TooManyWrong: 429,
    CoreAway: 503,
    StoreFailed: 503,
    StoreRefused: 503,
}
"""What each of our exceptions is over HTTP."""


class Opened(Protocol):
    """The vault, for reading, and seals for what lies here."""

    async def find(self, number: str) -> PersonId | None: ...

    async def open(self, person: PersonId, field_name: str) -> str | None: ...

    async def seal_text(self, person: PersonId, place: str, text: str) -> bytes:
        """`LookupError` when the person is erased."""

    async def open_text(self, person: PersonId, place: str, sealed: bytes) -> str | None: ...


async def _nothing(secret: Secret) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything outside the routes. `app.state.parts` holds it."""

    store: TicketStore
    queries: TicketQueries
    calls: CallQueries
    live: Live
    vault: Opened
    audit: Audit
    core: Core
    now: Callable[[], Seconds]
    flows: Callable[[], Mapping[str, str]]
    """The flows' names, each with its version."""
    knows: Callable[[Secret], Awaitable[bool]] = _nothing
    """Whether there is a pass with this secret."""
    guesses: Guesses = field(default_factory=Guesses)
    hub: ChatHub = field(default_factory=ChatHub)
    replies: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Quick replies by queue and language."""
    uploads: Uploads | None = None
    """Files of chats; None where there is no chat."""


def place_of(ticket: str) -> str:
    """What a comment is sealed for: it opens on its own ticket only."""
    return f"comment on {ticket}"


async def shown(vault: Opened, entry: Numbered) -> EventShape:
    """An entry as it goes out."""
    text, kept = None, entry.entry
    if kept.sealed and kept.person and kept.ticket:
        text = await vault.open_text(kept.person, place_of(kept.ticket), kept.sealed)
    elif kept.person and (place := field_of_words(kept)):
        text = await vault.open(kept.person, place)
    return event_shape(entry, text)


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Use = Annotated[Parts, Depends(parts)]

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="Chosen by the sender. The same request again within a day is done once and "
        "answered alike.",
        examples=["c5f2a1d0-4c1c-4b62-9d7e-0a6f4b8e2d11"],
    ),
]


async def keyed(request: Request, key: Key = None) -> Keyed | None:
    """The request's Idempotency-Key with a digest of what is asked."""
    if key is None:
        return None
    asked = f"{request.method} {request.url.path}\n".encode() + await request.body()
    return Keyed(key, sha256(asked).hexdigest())


MaybeKeyed = Annotated[Keyed | None, Depends(keyed)]


class ListQuery(BaseModel):
    """Which part of a list."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(default=50, ge=1, le=200)
    cursor: str | None = Field(default=None, pattern="^[a-z]{3}_[0-9A-Z]{26}$")


class TimelineQuery(BaseModel):
    """Which part of a timeline: what comes after this event."""

    model_config = ConfigDict(extra="forbid")
    limit: int = Field(default=100, ge=1, le=200)
    cursor: int = Field(default=0, ge=0, le=2**53)


Listed = Annotated[ListQuery, Query()]
Timeline = Annotated[TimelineQuery, Query()]
