"""Which schema a database has, and bringing it up to date.

Alembic is imported only when there is something to do: at an ordinary start one SELECT tells.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from adapters.stores.database import Database, Part, connect, file_of
from adapters.stores.faults import DAMAGED, explained
from ivr.ports import StoreRefused

MIGRATIONS = Path(__file__).parent / "migrations"
CHECKED_AT_START = 64 * 1024 * 1024
"""Bytes up to which a SQLite file is checked whole when it is opened for writing (0.1 s)."""


def version_table(part: Part) -> str:
    return f"{part}_schema"


def newest(part: Part) -> str:
    """The newest revision that this program knows: the highest number among its files."""
    numbers = [re.match(r"v(\d{4})_", path.name) for path in (MIGRATIONS / part).glob("v*.py")]
    return max(match[1] for match in numbers if match)


async def open_database(url: str, part: Part, *, read_only: bool = False) -> Database:
    """Open a part, its schema brought up to date; `read_only` opens another process's part.

    Raises `StoreRefused` when the schema is newer than this program, the file is damaged, or
    there is nothing to read yet; `StoreFailed` when the database is away.
    """
    file = file_of(url)
    if read_only and file and not file.exists():
        raise StoreRefused(f"{file.name} is not there yet: the {part} makes it when it starts")
    with explained(part):
        database = connect(url, part, read_only=read_only)
    try:
        found = await revision(database)
        if found != newest(part):
            refuse_unknown(database, found, read_only)
            await asyncio.to_thread(migrate, url, part)
        if file and not read_only and file.stat().st_size <= CHECKED_AT_START:
            await check(database)
    except BaseException:
        await database.close()
        raise
    return database


async def check(database: Database) -> None:
    """Look at every page of a SQLite file; `StoreRefused` when it is damaged."""
    if database.file:
        found = await database.read(lambda db: db.scalar(text("PRAGMA quick_check(1)")))
        if found != "ok":
            raise StoreRefused(f"{database.name}: {DAMAGED}")


async def upgrade(url: str, part: Part) -> None:
    """Bring one part's schema up to date; nothing happens when it is."""
    await (await open_database(url, part)).close()


async def revision(database: Database) -> str:
    """The schema's revision; "" before the first."""

    def read(connection: Connection) -> str:
        table = version_table(database.part)
        if not inspect(connection).has_table(table):
            return ""
        return str(connection.scalar(text(f"SELECT version_num FROM {table}")) or "")  # noqa: S608

    return await database.read(read)


def refuse_unknown(database: Database, found: str, read_only: bool) -> None:
    if found > newest(database.part):
        raise StoreRefused(
            f"{database.name} was written by a newer Hotline (schema {found}, this one knows "
            f"{newest(database.part)}): install that version, or restore an older backup"
        )
    if read_only:
        raise StoreRefused(
            f"{database.name} has schema {found or 'none'}: start the {database.part} first"
        )


def migrate(url: str, part: Part, to: str = "head") -> None:
    """Run the migrations in one transaction; two at once take turns. Blocks: run in a thread."""
    from adapters.stores.migrations import run

    with explained(part):
        run.upgrade(url, part, to)
