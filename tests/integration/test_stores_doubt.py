"""A batch whose end is in doubt: its answer was lost, its caller left, its server stood still."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from adapters.stores.database import Database
from adapters.stores.journal import Row, SqlJournal
from adapters.stores.schema import open_database
from ivr.ports import JournalFailed, Record, StoreFailed, StoreRefused
from tests.databases import Postgres

pytestmark = pytest.mark.once

ONE, TWO, THREE = (Record(1.0, "note", {"n": n}) for n in (1, 2, 3))


class Forgetful(SqlJournal):
    """A journal whose next commit happens, but whose answer is lost."""

    lose = False

    def _commit(self, connection: Connection, rows: list[Row]) -> int:
        last = super()._commit(connection, rows)
        if self.lose:
            self.lose = False
            raise StoreFailed("the answer is lost")
        return last


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url, "core")
    yield opened
    await opened.close()


@pytest.fixture
async def journal(database: Database) -> AsyncIterator[Forgetful]:
    made = Forgetful(database)
    async with made:
        yield made


@pytest.fixture
async def on_postgres(postgres: Postgres) -> AsyncIterator[Database]:
    opened = await open_database(postgres.new_database(), "core")
    yield replace(opened, deadline=1.0)
    await opened.close()


async def numbers(journal: SqlJournal) -> list[int]:
    return [record.data["n"] async for record in journal.read()]


async def append(journal: SqlJournal, records: Sequence[Record]) -> int:
    """Append again and again, as the core does, until it is confirmed."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await journal.append(records)
            except JournalFailed:
                await asyncio.sleep(0.02)


async def test_a_batch_that_was_written_after_all_is_not_written_twice(journal: Forgetful) -> None:
    await journal.append([ONE])
    journal.lose = True
    with pytest.raises(JournalFailed, match="the answer is lost"):
        await journal.append([TWO])
    assert await journal.append([TWO, THREE]) == 3
    assert await numbers(journal) == [1, 2, 3]


async def test_the_same_record_again_after_it_was_confirmed_is_a_new_one(
    journal: Forgetful,
) -> None:
    assert await journal.append([ONE]) == 1
    assert await journal.append([ONE]) == 2


async def test_a_caller_who_goes_on_with_another_record_keeps_both(journal: Forgetful) -> None:
    journal.lose = True
    with pytest.raises(JournalFailed):
        await journal.append([ONE])
    assert await journal.append([TWO]) == 2
    assert await numbers(journal) == [1, 2]


async def test_a_cancelled_append_still_ends_and_is_not_written_twice(tmp_path: Path) -> None:
    file = tmp_path / "core.db"
    database = await open_database(f"sqlite:///{file}", "core")
    async with SqlJournal(database) as journal:
        intruder = sqlite3.connect(file, isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        caller = asyncio.create_task(journal.append([ONE]))
        await asyncio.sleep(0)
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        intruder.execute("ROLLBACK")
        intruder.close()
        assert await append(journal, [ONE, TWO]) == 2
        assert await numbers(journal) == [1, 2]
    await database.close()


@pytest.mark.postgres
async def test_a_lost_connection_fails_and_then_goes_on(on_postgres: Database) -> None:
    async with SqlJournal(on_postgres) as journal:
        await journal.append([ONE])
        await terminate(on_postgres, backend(journal))
        with pytest.raises(JournalFailed, match="PostgreSQL"):
            await journal.append([TWO])
        assert await journal.append([TWO]) == 2


@pytest.mark.postgres
async def test_a_restarted_server_fails_and_then_goes_on(
    on_postgres: Database, postgres: Postgres
) -> None:
    async with SqlJournal(on_postgres) as journal:
        await journal.append([ONE])
        postgres.stop()
        with pytest.raises(JournalFailed, match="PostgreSQL"):
            await journal.append([TWO])
        with pytest.raises(JournalFailed, match="away"):
            await journal.append([TWO])
        postgres.start()
        assert await append(journal, [TWO]) == 2
        assert await numbers(journal) == [1, 2]


@pytest.mark.postgres
async def test_a_server_that_stands_still_is_given_up_in_time(on_postgres: Database) -> None:
    async with SqlJournal(on_postgres) as journal:
        process = backend(journal)
        os.kill(process, signal.SIGSTOP)
        try:
            with pytest.raises(JournalFailed, match="no answer in time"):
                await journal.append([ONE])
            with pytest.raises(JournalFailed, match="still under way"):
                await journal.append([ONE])
        finally:
            os.kill(process, signal.SIGCONT)
        assert await append(journal, [ONE, TWO]) == 2
        assert await numbers(journal) == [1, 2]


@pytest.mark.postgres
async def test_a_core_that_lost_the_right_to_write_does_not_write(on_postgres: Database) -> None:
    async with SqlJournal(on_postgres) as old:
        await old.append([ONE])
        await terminate(on_postgres, backend(old))
        async with SqlJournal(on_postgres) as new:
            await new.append([TWO])
            with pytest.raises((JournalFailed, StoreRefused)):
                await old.append([THREE])
            with pytest.raises(StoreRefused, match="another Hotline"):
                await old.append([THREE])
        with pytest.raises(StoreRefused, match="another core has written"):
            await old.append([THREE])
        assert await numbers(old) == [1, 2]


def backend(journal: SqlJournal) -> int:
    assert journal._connection
    return int(journal._connection.scalar(text("SELECT pg_backend_pid()")))


async def terminate(database: Database, pid: int) -> None:
    end = text("SELECT pg_terminate_backend(:pid, 2000)")
    await database.read(lambda db: db.execute(end, {"pid": pid}))
