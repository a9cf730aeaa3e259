"""A part's database as one SQLite file, whatever it lives in; that is its form in a backup.

So a backup made on SQLite can be restored into PostgreSQL, and the other way round.
Everything here blocks: run it in a thread.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import (
    Connection,
    MetaData,
    Table,
    create_engine,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.pool import NullPool

from adapters.stores.database import Part, file_of, normal
from adapters.stores.faults import DAMAGED, explained
from adapters.stores.lease import POSTGRES_LOCKS, in_use
from adapters.stores.schema import migrate, version_table
from ivr.ports import StoreRefused

ROWS = 1000
"""Rows copied at a time."""


def save(url: str, part: Part, schema: str, target: Path) -> None:
    """Copy a part into a new SQLite file, as it is at one moment, while others write."""
    source = file_of(url)
    if source:
        copy_sqlite(source, target)
        return
    target_url = f"sqlite:///{target}"
    migrate(target_url, part, schema)
    with explained(part), connected(url) as reading, connected(target_url) as writing:
        reading.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        names = names_of_tables(part, writing)
        copy_rows(tables(reading, names), reading, tables(writing, names), writing)
        writing.commit()


def load(source: Path, url: str, part: Part, *, replace: bool) -> None:
    """Copy a part's SQLite file into PostgreSQL, in one transaction. Both have one schema."""
    with explained(part), connected(f"sqlite:///{source}") as reading, connected(url) as writing:
        lock = text("SELECT pg_try_advisory_xact_lock(:key)")
        if not writing.scalar(lock, {"key": POSTGRES_LOCKS[part]}):
            raise in_use(f"PostgreSQL ({part})")
        names = names_of_tables(part, reading)
        targets = tables(writing, names)
        empty(targets, writing, replace)
        copy_rows(tables(reading, names), reading, targets, writing)
        for target in targets.values():
            go_on_counting(target, writing)
        writing.commit()


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a SQLite file through SQLite: consistent while others write. Refuses damage."""
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=rw", uri=True)) as original,
            closing(sqlite3.connect(target)) as copy,
        ):
            original.backup(copy)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise StoreRefused(f"{source.name}: {error}") from error
    if found != ("ok",):
        raise StoreRefused(f"{source.name}: {DAMAGED}")


def connected(url: str) -> Connection:
    """A connection of its own; what is not committed is undone when it closes."""
    return create_engine(normal(url), poolclass=NullPool, hide_parameters=True).connect()


def names_of_tables(part: Part, sqlite: Connection) -> list[str]:
    return [name for name in inspect(sqlite).get_table_names() if name != version_table(part)]


def tables(connection: Connection, names: list[str]) -> dict[str, Table]:
    """The tables as this database has them, those first that others refer to."""
    metadata = MetaData()
    metadata.reflect(connection, only=names)
    return {table.name: table for table in metadata.sorted_tables}


def copy_rows(
    sources: dict[str, Table], reading: Connection, targets: dict[str, Table], writing: Connection
) -> None:
    reading = reading.execution_options(yield_per=ROWS)
    for name, target in targets.items():
        for rows in reading.execute(select(sources[name])).mappings().partitions():
            writing.execute(insert(target), [dict(row) for row in rows])


def empty(targets: dict[str, Table], connection: Connection, replace: bool) -> None:
    for table in reversed(targets.values()):
        if not replace and connection.scalar(select(func.count()).select_from(table)):
            raise StoreRefused(f"PostgreSQL holds data in {table.name}: `--replace` overwrites it")
        connection.execute(table.delete())


def go_on_counting(table: Table, connection: Connection) -> None:
    """Let PostgreSQL's own numbers go on after the copied ones."""
    for column in table.primary_key:
        place = {"table": table.name, "column": column.name}
        counter = connection.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), place)
        highest = connection.scalar(select(func.max(column))) if counter else None
        if highest is not None:
            connection.execute(text("SELECT setval(:at, :to)"), {"at": counter, "to": highest})
