"""What the journal does when it is killed, or its disk or its server fails."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from adapters.stores.database import PRAGMAS, Database
from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from ivr.ports import JournalFailed, Record, Snapshot, StoreRefused
from tests.databases import Postgres

pytestmark = pytest.mark.once

KILLS = int(os.environ.get("HOTLINE_TEST_KILLS", "2"))
"""How often the writer is killed; more for a long campaign."""
NOTE = Record(1.0, "note", {"text": "x" * 100})
ROOT = Path(__file__).resolve().parents[2]
WRITER = [sys.executable, "-m", "tests.integration.journal_writer"]


@pytest.fixture
async def sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    monkeypatch.setitem(PRAGMAS, "busy_timeout", 100)
    opened = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
    yield opened
    await opened.close()


async def count(journal: SqlJournal) -> int:
    """How many records can be read, in order and without a gap."""
    return len([record async for record in journal.read()])


@pytest.mark.timeout(60 + 3 * KILLS)
async def test_kill_9_loses_nothing_acknowledged_and_leaves_no_half_batch(
    database_url: str,
) -> None:
    chance, batch, total = random.Random(20), 7, 0
    for _ in range(KILLS):
        acknowledged = await killed_after(chance.randint(1, 60), database_url, batch)
        database = await open_database(database_url, "core")
        async with SqlJournal(database) as journal:
            found = await count(journal)
        await database.close()
        assert found >= acknowledged > total
        assert found % batch == 0
        total = found


async def killed_after(acks: int, url: str, batch: int) -> int:
    """Kill a writer that has said so many acknowledgements; the last one that it said."""
    writer = await asyncio.create_subprocess_exec(
        *WRITER, url, str(batch), stdout=subprocess.PIPE, cwd=ROOT
    )
    assert writer.stdout
    said = [await line(writer) for _ in range(acks)]
    writer.kill()
    said += (await writer.stdout.read()).decode().splitlines()[:-1]  # the last may be cut
    await writer.wait()
    return int(said[-1].removeprefix("ack "))


async def test_a_second_writer_is_refused_until_the_first_is_gone(database_url: str) -> None:
    one, other = [await open_database(database_url, "core") for _ in range(2)]
    async with SqlJournal(one) as journal:
        await journal.append([NOTE])
        with pytest.raises(StoreRefused, match="another Hotline"):
            await SqlJournal(other).__aenter__()
        assert await journal.append([NOTE]) == 2
    async with SqlJournal(other) as journal:
        assert await journal.append([NOTE]) == 3
    await one.close()
    await other.close()


async def test_who_begins_again_at_once_waits_until_the_server_has_noticed_the_end(
    postgres: Postgres,
) -> None:
    url = postgres.new_database()
    one, other = [await open_database(url, "core") for _ in range(2)]
    async with SqlJournal(one) as journal:
        await journal.append([NOTE])
        again = SqlJournal(other)
        entering = asyncio.create_task(again.__aenter__())
        async with asyncio.timeout(5):
            while not await one.read(waits_for_the_lock):
                await asyncio.sleep(0)
        assert not entering.done()
    await entering
    assert await again.append([NOTE]) == 2
    await again.__aexit__(None, None, None)
    await one.close()
    await other.close()


def waits_for_the_lock(connection: Connection) -> bool:
    asked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    return bool(connection.scalar(text(asked)))


async def test_locked_by_another_program_it_fails_and_then_goes_on(sqlite: Database) -> None:
    assert sqlite.file
    async with SqlJournal(replace(sqlite, deadline=5.0)) as journal:
        await journal.append([NOTE])
        intruder = sqlite3.connect(sqlite.file, isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalFailed, match="locked"):
            await journal.append([NOTE, NOTE])
        with pytest.raises(JournalFailed, match="locked"):
            await journal.save_snapshot(Snapshot(1, 1.0, {}))
        intruder.execute("ROLLBACK")
        assert await journal.append([NOTE, NOTE]) == 3
        assert await count(journal) == 3
        intruder.close()


async def test_a_read_only_file_is_told_and_then_goes_on(sqlite: Database) -> None:
    assert sqlite.file
    async with SqlJournal(sqlite) as journal:
        await journal.append([NOTE])
        assert journal._connection
        journal._connection.exec_driver_sql("PRAGMA query_only=1")
        with pytest.raises(JournalFailed, match="read-only"):
            await journal.append([NOTE])
        assert await journal.append([NOTE]) == 2  # on a fresh connection


async def test_a_full_database_takes_all_or_nothing(sqlite: Database) -> None:
    async with SqlJournal(sqlite) as journal:
        await journal.append([NOTE])
        assert journal._connection
        journal._connection.exec_driver_sql("PRAGMA max_page_count=1")
        with pytest.raises(JournalFailed, match="disk is full"):
            await journal.append([NOTE] * 1000)
        assert await count(journal) == 1
        assert await journal.append([NOTE] * 1000) == 1001


async def test_writes_that_the_system_refuses_fail_and_then_go_on(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'core.db'}"
    writer = await started(*WRITER, url, "50", "40")
    assert writer.stdin and writer.stdout
    said = [await line(writer) for _ in range(3)]
    limit(writer.pid, 60_000)  # of the WAL; beyond it every write is an error
    while said[-1].startswith("ack"):
        said.append(await line(writer))
    limit(writer.pid, None)
    writer.stdin.write(b"again\n")
    said.append(await line(writer))
    assert "does not read or write" in said[-2]
    assert said[-1] == f"ack {(len(said) - 1) * 50}"
    await writer.communicate()
    assert await found_in(url) == 2000


@pytest.mark.skipif(not shutil.which("strace"), reason="there is no strace on this machine")
async def test_a_sync_that_fails_is_not_acknowledged(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'core.db'}"
    fault = "inject=fdatasync:error=EIO:when=25..27"
    writer = await started(
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", fault, *WRITER, url, "1", "60"
    )
    assert writer.stdin
    said: list[str] = []
    while not said or said[-1] != "ack 60":
        said.append(await line(writer))
        assert said[-1], said
        if said[-1].startswith("failed"):
            writer.stdin.write(b"again\n")
    failed = [words for words in said if words.startswith("failed")]
    assert 1 <= len(failed) <= 3
    assert all("does not read or write" in words for words in failed)
    await writer.communicate()
    assert await found_in(url) == 60


async def started(*command: str) -> asyncio.subprocess.Process:
    pipe = subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()


def limit(pid: int, size: int | None) -> None:
    """Let a process write files up to this size only."""
    import resource

    no_limit = resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size or no_limit, no_limit))


async def found_in(url: str) -> int:
    database = await open_database(url, "core")
    async with SqlJournal(database) as journal:
        found = await count(journal)
    await database.close()
    return found


@pytest.mark.skipif(not shutil.which("unshare"), reason="there is no unshare on this machine")
async def test_a_full_disk_is_told_and_then_goes_on(tmp_path: Path) -> None:
    inside = f"mount -t tmpfs -o size=2m none {tmp_path} && cd {ROOT} && "
    inside += f"head -c 1600k /dev/zero > {tmp_path}/ballast && "
    inside += f"exec {' '.join(WRITER)} sqlite:///{tmp_path}/core.db 20"
    flags = "-m" if os.geteuid() == 0 else "-mUr"
    writer = await started("unshare", flags, "sh", "-c", inside)
    if not await line(writer):
        pytest.skip("this machine lets nobody mount a small disk")
    assert writer.stdin
    acks = 1
    while (said := await line(writer)).startswith("ack"):
        acks += 1
    assert "disk is full" in said
    for _ in range(2):  # it stays full, and is told each time
        writer.stdin.write(b"again\n")
        assert "disk is full" in await line(writer)
    Path(f"/proc/{writer.pid}/root{tmp_path}/ballast").unlink()
    writer.stdin.write(b"again\n")
    assert await line(writer) == f"ack {(acks + 1) * 20}"
    writer.kill()
    await writer.wait()
