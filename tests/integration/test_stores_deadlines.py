"""A deadline that strikes while a thread is still at work: who is told what, and what is undone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import Connection, func, insert, select

from adapters.stores.database import Database
from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from adapters.stores.tables import snapshot
from ivr.ports import JournalFailed, Record, Snapshot, StoreFailed

NOTE = Record(1.0, "note", {})


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await open_database(database_url, "core")
    yield opened
    await opened.close()


class Slow:
    """A transaction that writes a row, and then goes on until `let_go`."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self.begun = threading.Event()

    def __call__(self, connection: Connection) -> None:
        connection.execute(insert(snapshot), {"seq": 7, "at": 0, "version": 1, "state": "{}"})
        self.begun.set()
        assert self._ended.wait(10)

    def let_go(self) -> None:
        self._ended.set()


async def rows(database: Database) -> int:
    query = select(func.count()).select_from(snapshot)
    return await database.read(lambda db: db.scalar(query) or 0)


async def held_up(database: Database) -> Slow:
    """Its writer is at work that has outlasted its deadline."""
    slow = Slow()
    with pytest.raises(StoreFailed, match="no answer in time"):
        await replace(database, deadline=0.3).write(slow)
    return slow


async def test_what_is_late_is_undone(database: Database) -> None:
    slow = await held_up(database)
    slow.let_go()
    await again(database)
    assert await rows(database) == 0


async def test_what_a_cancelled_caller_wrote_is_undone(database: Database) -> None:
    slow = Slow()
    caller = asyncio.create_task(database.write(slow))
    assert await asyncio.to_thread(slow.begun.wait, 5)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    slow.let_go()
    await again(database)
    assert await rows(database) == 0


async def test_behind_it_others_fail_at_once_and_readers_do_not_wait(database: Database) -> None:
    async with SqlJournal(database) as journal:
        slow = await held_up(database)
        async with asyncio.timeout(2):  # the deadline is 5 s: nobody has waited for it
            with pytest.raises(StoreFailed, match="earlier work is still under way"):
                await database.write(lambda db: None)
            with pytest.raises(JournalFailed, match="earlier work is still under way"):
                await journal.append([NOTE])
            with pytest.raises(JournalFailed, match="earlier work is still under way"):
                await journal.save_snapshot(Snapshot(1, 1.0, {}))
            assert await rows(database) == 0
        slow.let_go()
        await again(database)
        assert await journal.append([NOTE]) == 1


async def again(database: Database) -> None:
    """Until the writer has come back to us."""
    async with asyncio.timeout(5):
        while True:
            with suppress(StoreFailed):
                return await database.write(lambda db: None)
            await asyncio.sleep(0.01)
