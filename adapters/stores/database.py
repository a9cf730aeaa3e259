"""Opening a database: a SQLite file for each process, or PostgreSQL for all, by one URL.

Every process has its part: `core` (journal, snapshots, vault, audit) or `web` (tickets and the
rest). On SQLite a part is a file of its own; on PostgreSQL the parts share one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url

from adapters.stores.faults import explained
from adapters.stores.thread import StoreThread
from ivr.ports import StoreFailed

Part = Literal["core", "web"]
Result = TypeVar("Result")

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
    "options": f"-c timezone=UTC -c synchronous_commit=on -c lock_timeout={BUSY_SECONDS:.0f}s "
    f"-c statement_timeout={DEADLINE:.0f}s",
}


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """An open database of one part: one thread writes, and one reads meanwhile.

    Who gives up (a deadline, a cancelled task) before the work has begun prevents it. Of `write`,
    what has begun is undone instead of committed; only when the commit itself was under way nobody
    can tell. While a thread is held up beyond the deadline of what it does, it is asked for nothing
    more: everyone else fails at once.
    """

    engine: Engine
    part: Part
    file: Path | None
    """The SQLite file; None on PostgreSQL."""
    read_only: bool = False
    deadline: float = DEADLINE
    writer: StoreThread = field(default_factory=lambda: StoreThread("store writes"))
    reader: StoreThread = field(default_factory=lambda: StoreThread("store reads"))

    @property
    def name(self) -> str:
        return self.file.name if self.file else f"PostgreSQL ({self.part})"

    async def read(self, work: Callable[[Connection], Result]) -> Result:
        """Single statements that read; nothing is held between them."""
        return await self._do(self.reader, partial(_with, self.single, work))

    async def write(self, work: Callable[[Connection], Result]) -> Result:
        """A transaction, all or nothing; durable when it returns."""

        def whole() -> Result:
            with self.transaction() as connection:
                result = work(connection)
                self.writer.check()
                return result

        return await self._do(self.writer, whole)

    async def tidy(self, work: Callable[[Connection], Result]) -> Result:
        """Single statements that no transaction may hold, with no writer beside them."""
        return await self.alone(partial(_with, self.single, work))

    async def alone(self, work: Callable[[], Result]) -> Result:
        """Work in the thread that writes, on connections of its own."""
        return await self._do(self.writer, work)

    async def _do(self, thread: StoreThread, work: Callable[[], Result]) -> Result:
        with explained(self.name):
            async with asyncio.timeout(self.deadline):
                return await thread.start(work, self.deadline)

    def single(self) -> Connection:
        """A connection on which every statement is a transaction of its own. Blocks."""
        options = {"begin": ""} if self.file else {"isolation_level": "AUTOCOMMIT"}
        return self.engine.execution_options(**options).connect()

    def transaction(self) -> AbstractContextManager[Connection]:
        """SQLite's writers take the write lock at once: a later upgrade could fail. Blocks."""
        return self.engine.execution_options(begin="BEGIN IMMEDIATE").begin()

    async def close(self) -> None:
        """What a thread that is held up still has open ends with the process."""
        with suppress(StoreFailed):
            await self.alone(self.engine.dispose)
        self.writer.end()
        self.reader.end()


def _with(connect: Callable[[], Connection], work: Callable[[Connection], Result]) -> Result:
    with connect() as connection:
        return work(connection)


def normal(url: str) -> URL:
    """The URL with the drivers that we use: the standard library's sqlite3, psycopg 3."""
    made = make_url(url)
    drivers = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
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
        engine = create_engine(normal(url), **postgres_arguments(part, read_only))
        return Database(engine, part, None, read_only)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not read_only:
        file.touch(mode=0o600)  # SQLite gives its WAL the same mode
    engine = create_engine(normal(url), hide_parameters=True)
    prepare_sqlite(engine, read_only=read_only)
    return Database(engine, part, file, read_only)


def postgres_arguments(part: Part, read_only: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = POSTGRES_ARGUMENTS | {"application_name": f"hotline {part}"}
    if read_only:
        arguments["options"] += " -c default_transaction_read_only=on"
    return {"connect_args": arguments, "pool_pre_ping": True, "hide_parameters": True}


def prepare_sqlite(engine: Engine, *, read_only: bool = False) -> None:
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
