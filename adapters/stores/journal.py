"""The journal in a database: what `append` has returned survives power loss.

One writer, which keeps one connection for good: on PostgreSQL the right to write lives and dies
with that connection. Any number of readers, in other processes too.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import IO, Any

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from acd.model import Seconds
from adapters.stores.database import Database
from adapters.stores.faults import explained
from adapters.stores.lease import hold_file, hold_session
from adapters.stores.tables import journal
from adapters.stores.tables import snapshot as snapshots
from adapters.stores.upcast import Upcasts, lifted
from ivr.ports import JournalFailed, Record, Snapshot, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

PAGE = 1000
"""Records read at a time."""
SNAPSHOTS_KEPT = 3
Row = dict[str, Any]
"""A record as its table holds it, without its `seq`."""


class JournalReader:
    """The journal as every process may read it, while the core writes."""

    def __init__(self, database: Database, upcasts: Upcasts | None = None) -> None:
        self._database = database
        self._upcasts = upcasts or {}

    async def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]:
        """Records with a greater `seq`, in order, up to the newest at the time of the last page."""
        while page := await self._page(after, kinds):
            for record in map(_record, page):
                if not kinds and record.seq != after + 1:
                    raise StoreRefused(
                        f"{self._database.name}: record {after + 1} of the journal is missing: "
                        "stop, then `./hotline restore` the newest backup"
                    )
                after = record.seq
                yield lifted(record, self._upcasts)

    async def _page(self, after: int, kinds: Sequence[str]) -> Sequence[Any]:
        query = select(journal).where(journal.c.seq > after).order_by(journal.c.seq).limit(PAGE)
        if kinds:
            query = query.where(journal.c.kind.in_(kinds))
        async with self._database.read() as connection:
            return (await connection.execute(query)).all()

    async def last(self) -> tuple[int, Seconds]:
        async with self._database.read() as connection:
            return await _last(connection)

    async def newest_snapshot(self) -> Snapshot | None:
        query = select(snapshots).order_by(snapshots.c.seq.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return Snapshot(row.seq, row.at / 1000, json.loads(row.state), row.version)


class SqlJournal(JournalReader):
    """The core's journal. `async with` takes the right to write, and refuses a second writer."""

    def __init__(self, database: Database, upcasts: Upcasts | None = None) -> None:
        super().__init__(database, upcasts)
        self._connection: AsyncConnection | None = None
        self._lock: IO[bytes] | None = None
        self._end = 0
        """The newest record's `seq`."""
        self._confirmed = -1
        """Up to which `seq` our caller knows; -1 before the first look."""
        self._doubtful: list[Row] = []
        """What came after that without being confirmed; it may be written or not."""
        self._write: asyncio.Task[int] | None = None

    async def __aenter__(self) -> SqlJournal:
        file = self._database.file
        try:
            with explained(self._database.name):
                self._lock = hold_file(file) if file else None
                await self._connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let a write that is under way end, and give the right to write back."""
        if self._write:
            await asyncio.wait([self._write], timeout=self._database.deadline)
        await self._disconnect()
        if self._lock:
            self._lock.close()

    async def append(self, records: Sequence[Record]) -> int:
        if self._write and not self._write.done():
            raise JournalFailed(f"{self._database.name}: an earlier write is still under way")
        rows = [_row(record) for record in records]
        self._write = asyncio.create_task(self._append(rows))
        self._write.add_done_callback(lambda task: task.cancelled() or task.exception())
        try:
            # shielded: of a commit given up half-way nobody could tell how it ended
            last = await asyncio.wait_for(asyncio.shield(self._write), self._database.deadline)
        except TimeoutError:
            raise JournalFailed(f"{self._database.name}: no answer in time") from None
        self._confirmed, self._doubtful = last, []
        return last

    async def _append(self, rows: list[Row]) -> int:
        try:
            with explained(self._database.name):
                async with self._database.turn:
                    connection = self._connection or await self._connect()
                    return await self._commit(connection, rows)
        except StoreRefused:
            await self._disconnect()
            raise
        except StoreFailed as fault:
            log.error("journal write failed", extra={"records": len(rows), "fault": str(fault)})
            await self._disconnect()
            raise JournalFailed(str(fault)) from fault

    async def _commit(self, connection: AsyncConnection, rows: list[Row]) -> int:
        written = self._end - self._confirmed
        if rows[:written] != self._doubtful[:written]:
            self._confirmed, written = self._end, 0
        self._doubtful = rows
        fresh = [{**row, "seq": seq} for seq, row in enumerate(rows[written:], self._end + 1)]
        if fresh:
            async with connection.begin():
                await connection.execute(insert(journal), fresh)
            self._end += len(fresh)
        return self._end

    async def _connect(self) -> AsyncConnection:
        """Connect, take the right to write, and see how far the journal has come."""
        if self._database.file and self._doubtful:
            async with self._database.read() as reader:  # what a failed sync left, to the disk
                await reader.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection = connection = await self._database.writing().connect()
        if not self._database.file:
            await hold_session(connection, self._database)
        if self._confirmed < 0:
            self._confirmed = (await _last(connection))[0]
        found = await _rows_after(connection, self._confirmed, len(self._doubtful) + 1)
        await connection.rollback()
        if found != self._doubtful[: len(found)]:
            raise StoreRefused(f"{self._database.name}: another core has written: restart this one")
        self._end = self._confirmed + len(found)
        return connection

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection:
            with suppress(DBAPIError, TimeoutError):
                async with asyncio.timeout(self._database.deadline):
                    await connection.invalidate()
                    await connection.close()

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        row = {
            "seq": snapshot.seq,
            "at": round(snapshot.at * 1000),
            "version": snapshot.version,
            "state": json.dumps(dict(snapshot.state), ensure_ascii=False, allow_nan=False),
        }
        newest = select(snapshots.c.seq).order_by(snapshots.c.seq.desc()).limit(SNAPSHOTS_KEPT)
        try:
            async with self._database.write() as connection:
                await connection.execute(delete(snapshots).where(snapshots.c.seq == snapshot.seq))
                await connection.execute(insert(snapshots), row)
                await connection.execute(delete(snapshots).where(snapshots.c.seq.not_in(newest)))
        except StoreFailed as fault:
            raise JournalFailed(str(fault)) from fault


async def _last(connection: AsyncConnection) -> tuple[int, Seconds]:
    newest = select(journal.c.seq, journal.c.at).order_by(journal.c.seq.desc()).limit(1)
    row = (await connection.execute(newest)).one_or_none()
    return (row.seq, row.at / 1000) if row else (0, 0.0)


async def _rows_after(connection: AsyncConnection, seq: int, most: int) -> list[Row]:
    columns = [column for column in journal.c if column is not journal.c.seq]
    query = select(*columns).where(journal.c.seq > seq).order_by(journal.c.seq).limit(most)
    return [dict(row) for row in (await connection.execute(query)).mappings()]


def _row(record: Record) -> Row:
    return {
        "at": round(record.at * 1000),
        "kind": record.kind,
        "version": record.version,
        "contact": record.contact,
        "data": json.dumps(dict(record.data), ensure_ascii=False, allow_nan=False),
    }


def _record(row: Sequence[Any]) -> Record:
    seq, at, kind, version, contact, data = row
    return Record(at / 1000, kind, json.loads(data), contact, version, seq)
