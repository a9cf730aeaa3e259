"""Lines of chats in the tickets' database, and as they are read: with their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from acd.model import ContactId
from adapters.tickets.tables import chat_lines
from ivr.chat_files import FileId, FileStore
from ivr.ports import PersonId
from ivr.tickets.chat_story import ChatLine

PAGE = 200
File = tuple[str, bytes]
"""Name and content."""


class Words(Protocol):
    """The vault, for reading."""

    async def open(self, person: PersonId, field_name: str) -> str | None: ...


def write_lines(db: Connection, lines: Sequence[ChatLine]) -> None:
    """Each once: a line that is there stays as it is."""
    if lines:
        made = postgresql.insert if db.dialect.name == "postgresql" else sqlite.insert
        statement = made(chat_lines).on_conflict_do_nothing()
        db.execute(statement, [asdict(line) for line in lines])


class Rows(Protocol):
    """Where lines are read from."""

    async def chat_lines(self, contact: ContactId, after: int, limit: int) -> list[ChatLine]: ...

    async def chat_file(self, id_: FileId) -> ChatLine | None: ...


class ChatRows:
    """Reads lines, the words opened. Raises `StoreFailed`, `StoreRefused`."""

    def __init__(self, rows: Rows, vault: Words, files: FileStore | None = None) -> None:
        self._rows = rows
        self._vault = vault
        self._files = files

    async def told(
        self, contact: ContactId, after: int, limit: int = PAGE
    ) -> list[Mapping[str, Any]]:
        """The lines of a contact after this number, in order, so many at most: `number`, `who`,
        `agent`, `at` in seconds, `words` (null once erased), or `phrase` with `values`, or `file`
        with `id`, `name` (null once erased), `type`, `bytes`."""
        found = await self._rows.chat_lines(contact, after, limit)
        return [await self._plain(line) for line in found]

    async def _plain(self, line: ChatLine) -> Mapping[str, Any]:
        place = line.place
        words = await self._vault.open(line.person, place) if line.person and place else None
        file = {"id": line.file, "name": words, "type": line.type, "bytes": line.bytes}
        return {
            "number": line.number, "who": line.who, "agent": line.agent, "at": line.at,
            "words": None if line.file else words, "phrase": line.phrase,
            "values": dict(line.values), "file": file if line.file else None,
        }  # fmt: skip

    async def file(self, id_: FileId, contact: ContactId | None = None) -> File | None:
        """A file, if it is of this contact (None: of any); None: there is none, or it is erased."""
        line = await self._rows.chat_file(id_)
        if line is None or not line.person or contact not in (None, line.contact):
            return None
        name = await self._vault.open(line.person, line.place or "")
        content = await self._files.open(line.person, id_) if self._files else None
        return (name, content) if name is not None and content is not None else None
