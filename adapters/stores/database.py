"""Opening a database: a SQLite file for each process, or PostgreSQL for all, by one URL.

Every process has its part: `core` (journal, snapshots, vault, audit) or `web` (tickets and the
rest). On SQLite a part is a file of its own; on PostgreSQL the parts share one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from adapters.stores.faults import explained

Part = Literal["core", "web"]

BUSY_SECONDS = 2.0
"""How long a statement waits for a lock that another program holds."""
DEADLINE = 5.0
"""How long a whole transaction may take, unless told otherwise."""
PRAGMAS = {
    "busy_timeout": int(BUSY_SECONDS * 1000),
    "synchronous": "FULL",  # a commit is on the disk when it returns
    "foreign_keys": "ON",
    "secure_delete": "ON",  # what is erased leaves no bytes in free pages
}
POSTGRES_ARGUMENTS = {
    "connect_timeout": 5,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "options": f"-c timezone=UTC -c synchronous_commit=on -c lock_timeout={BUSY_SECONDS:.0f}s",
}


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """An open database of one part. Inside a process, writers take turns without polling."""

    engine: AsyncEngine
    part: Part
    file: Path | None
    """The SQLite file; None on PostgreSQL."""
    read_only: bool = False
    deadline: float = DEADLINE
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def name(self) -> str:
        return self.file.name if self.file else f"PostgreSQL ({self.part})"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A connection for single statements that read; nothing is held between them."""
        with explained(self.name):
            async with asyncio.timeout(self.deadline), self.reading().connect() as connection:
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes, all or nothing; durable when the block has ended."""
        with explained(self.name):
            async with (
                asyncio.timeout(self.deadline),
                self.turn,
                self.writing().begin() as connection,
            ):
                yield connection

    def reading(self) -> AsyncEngine:
        if self.file:
            return self.engine.execution_options(begin="")
        return self.engine.execution_options(isolation_level="AUTOCOMMIT")

    def writing(self) -> AsyncEngine:
        """On SQLite the write lock is taken at the start: a later upgrade may fail at once."""
        return self.engine.execution_options(begin="BEGIN IMMEDIATE")

    async def close(self) -> None:
        await self.engine.dispose()


def normal(url: str) -> URL:
    """The URL with the drivers that we use: aiosqlite, psycopg 3."""
    made = make_url(url)
    drivers = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
    driver = drivers.get(made.get_backend_name())
    if driver is None:
        raise ValueError(f"database: {made.get_backend_name()} is neither sqlite nor postgresql")
    return made.set(drivername=driver)


def file_of(url: str) -> Path | None:
    made = normal(url)
    return Path(made.database or "") if made.get_backend_name() == "sqlite" else None


def connect(url: str, part: Part, *, read_only: bool = False) -> Database:
    """The database as it is, whatever its schema; `open_database` is the usual way."""
    file = file_of(url)
    if file is None:
        return Database(postgres_engine(url, part, read_only), part, None, read_only)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not read_only:
        file.touch(mode=0o600)  # SQLite gives its WAL the same mode
    engine = create_async_engine(normal(url), hide_parameters=True)
    prepare_sqlite(engine.sync_engine, read_only=read_only)
    return Database(engine, part, file, read_only)


def postgres_engine(url: str, part: Part, read_only: bool) -> AsyncEngine:
    arguments: dict[str, Any] = POSTGRES_ARGUMENTS | {"application_name": f"hotline {part}"}
    if read_only:
        arguments["options"] += " -c default_transaction_read_only=on"
    return create_async_engine(
        normal(url), connect_args=arguments, pool_pre_ping=True, hide_parameters=True
    )


def prepare_sqlite(engine: Any, *, read_only: bool = False) -> None:
    """Set the pragmas of every connection, and begin transactions ourselves.

    Left to itself sqlite3 begins late and not before schema changes, so that a migration killed
    half-way would leave half a schema.
    """
    pragmas = PRAGMAS | ({"query_only": "ON"} if read_only else {})

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma, value in pragmas.items():
            cursor.execute(f"PRAGMA {pragma}={value}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        statement = connection.get_execution_options().get("begin", "BEGIN")
        if statement:
            connection.exec_driver_sql(statement)
