"""Opening a database: a SQLite file for each process, or PostgreSQL for all, by one URL.

Every process has its part: `core` (journal, snapshots, vault, audit) or `web` (tickets and the
rest). On SQLite a part is a file of its own; on PostgreSQL the parts share one database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from adapters.stores.faults import explained

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
IMMEDIATE = {"begin": "BEGIN IMMEDIATE"}
"""On SQLite a writer takes the write lock at the start: a later upgrade may fail at once."""
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
    direct: Engine
    """The same database without asyncio, for the threads of `look` and `transact`."""
    part: Part
    file: Path | None
    """The SQLite file; None on PostgreSQL."""
    read_only: bool = False
    deadline: float = DEADLINE
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Who holds it writes. The journal takes it as it is."""
    behind: asyncio.Lock = field(default_factory=asyncio.Lock)
    """All others take this one first: so one of them at most is ever in front of the journal."""
    threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "store"))
    """One that writes, and one that reads meanwhile."""

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
                self.behind,
                self.turn,
                self.writing().begin() as connection,
            ):
                yield connection

    async def look(self, work: Callable[[Connection], Result]) -> Result:
        """`read` for short work that comes often: all of it in one thread, without awaiting.

        A statement of `read` or `write` is several hops between threads, slow in a busy process.
        """
        with explained(self.name):
            async with asyncio.timeout(self.deadline):
                return await self._in_thread(
                    self.direct.execution_options(**self._reading_options()).connect, work
                )

    async def transact(self, work: Callable[[Connection], Result]) -> Result:
        """`write` as `look` reads. Who is cancelled meanwhile cannot tell whether it is written."""
        with explained(self.name):
            async with asyncio.timeout(self.deadline), self.behind, self.turn:
                begin = self.direct.execution_options(**IMMEDIATE).begin
                return await self._in_thread(begin, work)

    async def _in_thread(
        self,
        connect: Callable[[], AbstractContextManager[Connection]],
        work: Callable[[Connection], Result],
    ) -> Result:
        def whole() -> Result:
            with connect() as connection:
                return work(connection)

        return await asyncio.get_running_loop().run_in_executor(self.threads, whole)

    def reading(self) -> AsyncEngine:
        return self.engine.execution_options(**self._reading_options())

    def _reading_options(self) -> dict[str, str]:
        return {"begin": ""} if self.file else {"isolation_level": "AUTOCOMMIT"}

    def writing(self) -> AsyncEngine:
        return self.engine.execution_options(**IMMEDIATE)

    async def close(self) -> None:
        await self.engine.dispose()
        self.threads.shutdown(wait=False)
        self.direct.dispose()


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
        arguments = postgres_arguments(part, read_only)
        engine = create_async_engine(normal(url), **arguments)
        direct = create_engine(normal(url), **arguments)
        return Database(engine, direct, part, None, read_only)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not read_only:
        file.touch(mode=0o600)  # SQLite gives its WAL the same mode
    engine = create_async_engine(normal(url), hide_parameters=True)
    direct = create_engine(normal(url).set(drivername="sqlite"), hide_parameters=True)
    for each in (engine.sync_engine, direct):
        prepare_sqlite(each, read_only=read_only)
    return Database(engine, direct, part, file, read_only)


def postgres_arguments(part: Part, read_only: bool) -> dict[str, Any]:
    arguments: dict[str, Any] = POSTGRES_ARGUMENTS | {"application_name": f"hotline {part}"}
    if read_only:
        arguments["options"] += " -c default_transaction_read_only=on"
    return {"connect_args": arguments, "pool_pre_ping": True, "hide_parameters": True}


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
