"""What is read from the tickets' database. Lists are newest first, in pages after an id."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, select

from acd.model import ContactId
from adapters.tickets.store import Numbered, numbered
from adapters.tickets.tables import (
    Database,
    chat_lines,
    contacts,
    customers,
    entries,
    feed,
    tickets,
)
from ivr.chat_files import FileId
from ivr.tickets.chat_story import ChatLine
from ivr.tickets.life import NoSuch, Ticket
from ivr.tickets.story import ContactStory

GOES_ON = {"pass_redeemed": "of", "callback_for": "lost"}
"""Entries that say from which contact another goes on, and where: a pass proves that it is the same
customer, and who is called back is called by the house. A number that calls again is a claim, and
brings no history."""


class TicketQueries:
    """The reading side. `before` is the last id of the page before; errors: `NoSuch`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def tickets(
        self, limit: int, before: str | None = None, **equal: str | None
    ) -> list[Ticket]:
        """Tickets whose columns have these values (`state`, `person`); None: any."""
        return [Ticket(**row) for row in await self._page(tickets, limit, before, equal)]

    async def contacts(
        self, limit: int, before: str | None = None, **equal: str | None
    ) -> list[ContactStory]:
        """Contacts whose columns have these values (`person`, `ticket`, `reference`)."""
        return [ContactStory(**row) for row in await self._page(contacts, limit, before, equal)]

    async def customers(self, limit: int, before: str | None = None) -> list[Mapping[Any, Any]]:
        """`id` and `seen_at` of everyone who has called."""
        return await self._page(customers, limit, before, {})

    async def ticket(self, own_id: str) -> Ticket:
        return Ticket(**await self._one(tickets, own_id))

    async def contact(self, own_id: str) -> ContactStory:
        return ContactStory(**await self._one(contacts, own_id))

    async def before(self, contact: ContactStory) -> str | None:
        """The contact (`con_...`) from which this one goes on; None: it begins with itself."""
        mine = (entries.c.contact == contact.id) & entries.c.kind.in_(GOES_ON)
        rows = await self._rows(select(entries).where(mine).order_by(entries.c.seq))
        named = [row["data"].get(GOES_ON[row["kind"]]) for row in rows]
        earlier = next((one for one in named if one and one != contact.reference), None)
        found = await self.contacts(1, reference=earlier) if earlier else []
        return found[0].id if found else None

    async def customer(self, own_id: str) -> Mapping[Any, Any]:
        return await self._one(customers, own_id)

    async def entries(
        self, after: int, limit: int, ticket: str | None = None, contact: str | None = None
    ) -> list[Numbered]:
        """Timeline entries and live events after this number, oldest first."""
        statement = select(entries).where(entries.c.seq > after)
        if ticket:
            statement = statement.where(entries.c.ticket == ticket)
        if contact:
            statement = statement.where(entries.c.contact == contact)
        rows = await self._rows(statement.order_by(entries.c.seq).limit(limit))
        return [numbered(row) for row in rows]

    async def chat_lines(self, contact: ContactId, after: int, limit: int) -> list[ChatLine]:
        """Lines of a contact's chat after this number, in order."""
        mine = (chat_lines.c.contact == contact) & (chat_lines.c.number > after)
        rows = await self._rows(
            select(chat_lines).where(mine).order_by(chat_lines.c.number).limit(limit)
        )
        return [ChatLine(**row) for row in rows]

    async def chat_file(self, id_: FileId) -> ChatLine | None:
        """The line of a file."""
        rows = await self._rows(select(chat_lines).where(chat_lines.c.file == id_).limit(1))
        return ChatLine(**rows[0]) if rows else None

    async def last_event(self) -> int:
        (row,) = await self._rows(select(feed.c.last_event))
        return int(row["last_event"])

    async def applied(self) -> int:
        """The last journal record that is applied; also the check that the database answers."""
        (row,) = await self._rows(select(feed.c.applied))
        return int(row["applied"])

    async def _page(
        self, table: Table, limit: int, before: str | None, equal: Mapping[str, str | None]
    ) -> list[Mapping[Any, Any]]:
        wanted: list[ColumnElement[bool]] = [
            table.c[name] == value for name, value in equal.items() if value is not None
        ]
        if before:
            wanted.append(table.c.id < before)
        return await self._rows(
            select(table).where(*wanted).order_by(table.c.id.desc()).limit(limit)
        )

    async def _one(self, table: Table, own_id: str) -> Mapping[Any, Any]:
        rows = await self._rows(select(table).where(table.c.id == own_id))
        if not rows:
            raise NoSuch(f"there is no such {table.name.removesuffix('s')}")
        return rows[0]

    async def _rows(self, statement: Select[Any]) -> list[Mapping[Any, Any]]:
        return await self._database.read(lambda db: list(db.execute(statement).mappings()))
