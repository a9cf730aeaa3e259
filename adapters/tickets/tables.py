"""The tables of the web process: contacts, tickets, timelines, and how far the journal is applied.

Columns carry the names of the rules' dataclasses. Times are UTC milliseconds in the database and
seconds outside it. What may be personal is sealed: `entries.sealed`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)  # fmt: skip
from sqlalchemy.types import TypeDecorator

from acd.states import ContactState
from ivr.tickets.life import TicketState

metadata = MetaData()
Result = TypeVar("Result")


class Database(Protocol):
    """An open database whose schema is up to date."""

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Single statements that read, all in one hop into a thread."""

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """A transaction, all or nothing, durable when it returns; one hop too."""


class Moment(TypeDecorator[float]):
    """Seconds outside, whole milliseconds inside."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> int | None:
        return None if value is None else round(value * 1000)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> float | None:
        return None if value is None else value / 1000


class Choice(TypeDecorator[StrEnum]):
    """One of an enumeration's words."""

    impl = String(16)
    cache_ok = True

    def __init__(self, words: type[StrEnum]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: StrEnum | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self.words(value)


feed = Table(
    "feed",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("last_event", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
)
"""One row: the newest live event's number, and the last journal record that is applied here."""

customers = Table(
    "customers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("seen_at", Moment, nullable=False),
)

tickets = Table(
    "tickets",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("opened_at", Moment, nullable=False),
    Column("contact", String(200), nullable=False),
    Column("person", String(40), nullable=True),
    Column("state", Choice(TicketState), nullable=False),
    Column("changed_at", Moment, nullable=False),
    Column("closed_at", Moment, nullable=True),
    Index("tickets_of_person", "person", "state"),
    Index("tickets_in_state", "state", "id"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("reference", String(200), nullable=False, unique=True),
    Column("started_at", Moment, nullable=False),
    Column("person", String(40), nullable=True),
    Column("channel", String(40), nullable=False),
    Column("dialled", String(40), nullable=False),
    Column("language", String(16), nullable=False),
    Column("queue", String(40), nullable=False),
    Column("class_", String(40), nullable=False),
    Column("state", Choice(ContactState), nullable=True),
    Column("offer", String(200), nullable=True),
    Column("agent", String(40), nullable=True),
    Column("entered_at", Moment, nullable=True),
    Column("answered_at", Moment, nullable=True),
    Column("ended_at", Moment, nullable=True),
    Column("how", String(40), nullable=False),
    Column("ticket", String(40), ForeignKey("tickets.id"), nullable=True),
    Column("outcome", String(16), nullable=False),
    Column("waited", Moment, nullable=True),
    Column("talked", Moment, nullable=False),
    Column("talk_since", Moment, nullable=True),
    Column("held", Moment, nullable=False),
    Column("held_since", Moment, nullable=True),
    Column("elsewhere", Moment, nullable=False),
    Column("agents", String(400), nullable=False),
    Column("consulted", String(40), nullable=False),
    Column("transfers", Integer, nullable=False),
    Column("overflowed", String(40), nullable=False),
    Column("promise", String(16), nullable=False),
    Column("dispositions", String(400), nullable=False),
    Column("called_back", String(200), nullable=False),
    Column("call_ended_at", Moment, nullable=True),
    Column("cause", String(16), nullable=False),
    Column("fault", String(16), nullable=False),
    Index("contacts_by_offer", "offer"),
    Index("contacts_of_person", "person", "id"),
    Index("contacts_of_ticket", "ticket", "id"),
    Index("contacts_by_outcome", "outcome", "id"),
    Index("contacts_by_start", "started_at", "id"),
)

entries = Table(
    "entries",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", String(60), nullable=False),
    Column("at", Moment, nullable=False),
    Column("who", String(60), nullable=False),
    Column("contact", String(40), nullable=True),
    Column("ticket", String(40), nullable=True),
    Column("data", JSON, nullable=False),
    Column("person", String(40), nullable=True),
    Column("sealed", LargeBinary, nullable=True),
    Column("journal", BigInteger, nullable=True),
    Index("entries_of_ticket", "ticket", "seq"),
    Index("entries_of_contact", "contact", "seq"),
)
"""Timelines and live events in one order: `seq` is given in commit order, without gaps."""

chat_lines = Table(
    "chat_lines",
    metadata,
    Column("contact", String(200), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, nullable=False),
    Column("who", String(16), nullable=False),
    Column("agent", String(40), nullable=False),
    Column("person", String(40), nullable=True),
    Column("effect", String(300), nullable=False),
    Column("phrase", String(40), nullable=True),
    Column("values", JSON, nullable=False),
    Column("file", String(40), nullable=True),
    Column("type", String(40), nullable=False),
    Column("bytes", Integer, nullable=False),
    Index("chat_lines_by_file", "file"),
)
"""What was said in chats, ids only: words lie in the vault. `contact` is the contact's own id."""

answers = Table(
    "answers",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Column("entry", BigInteger, nullable=True),
    Column("answer", JSON, nullable=True),
    Index("answers_by_age", "at"),
)
"""What a request with an Idempotency-Key was answered: an entry, or a plain value."""
