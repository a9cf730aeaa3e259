"""Opening a store: old, newer, damaged, not there yet, of another process."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from acd.model import ContactId
from adapters.stores import schema
from adapters.stores.database import Part, connect, normal
from adapters.stores.journal import JournalReader, SqlJournal
from adapters.stores.migrations import run
from adapters.stores.migrations.run import configuration
from adapters.stores.schema import newest, open_database, revision, upgrade
from adapters.stores.tables import CORE
from adapters.stores.upcast import Upcasts
from ivr.ports import Record, Snapshot, StoreFailed, StoreRefused

ROOT = Path(__file__).resolve().parents[2]
RECORDED = ROOT / "tests" / "recorded" / "journal"
NOTE = Record(1.0, "note", {"text": "x" * 100})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "core.db"


@pytest.fixture
async def filled(file: Path) -> Path:
    """A journal of 5,000 records, closed."""
    database = await open_database(f"sqlite:///{file}", "core")
    async with SqlJournal(database) as journal:
        await journal.append([NOTE] * 5000)
    await database.close()
    return file


async def open_and_read(file: Path) -> int:
    database = await open_database(f"sqlite:///{file}", "core")
    try:
        return len([record async for record in JournalReader(database).read()])
    finally:
        await database.close()


@pytest.mark.parametrize("recorded", sorted(RECORDED.glob("*.sql")), ids=lambda path: path.stem)
async def test_an_old_journal_stays_readable(recorded: Path, file: Path) -> None:
    old = sqlite3.connect(file)
    old.executescript(recorded.read_text())
    old.close()
    rules: Upcasts = {("queued", 1): lambda data: {**data, "class": "standard"}}
    database = await open_database(f"sqlite:///{file}", "core")
    async with SqlJournal(database, rules) as journal:
        records = [record async for record in journal.read()]
        assert await journal.newest_snapshot() == Snapshot(2, 1763712001.5, {"waiting": ["ct_1"]})
    await database.close()
    assert records[0] == Record(1763712000.0, "core started", {"epoch": 1}, None, 1, 1)
    queued = {"queue": "support", "class": "standard", "language": "zh"}
    assert records[1] == Record(1763712001.5, "queued", queued, ContactId("ct_1"), 2, 2)
    assert records[2].kind == "a kind that nobody knows any more"


async def test_the_tables_and_the_migrations_agree(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        ours = {"compare_type": True, "include_object": lambda *about: about[1] != "core_schema"}
        return list(compare_metadata(MigrationContext.configure(connection, opts=ours), CORE))

    database = await open_database(database_url, "core")
    assert await database.read(differences) == []
    await database.close()


@pytest.mark.parametrize("part", ["core", "web"])
def test_the_newest_revision_is_the_one_that_alembic_leads_to(part: Part) -> None:
    assert ScriptDirectory.from_config(configuration(part)).get_heads() == [newest(part)]


async def test_both_parts_live_in_one_postgres_or_in_files_of_their_own(database_url: str) -> None:
    web_url = database_url.replace("core.db", "web.db")
    await asyncio.gather(upgrade(database_url, "core"), upgrade(web_url, "web"))
    database = await open_database(web_url, "web")
    assert await revision(database) == newest("web")
    await database.close()


def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    code = f"""
import asyncio
from adapters.stores.schema import upgrade
asyncio.run(upgrade({database_url!r}, "core"))
"""
    started = [subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) for _ in range(2)]
    assert [process.wait(30) for process in started] == [0, 0]


def test_an_ordinary_start_does_not_load_alembic(filled: Path) -> None:
    code = f"""
import asyncio, sys
from adapters.stores.schema import upgrade
asyncio.run(upgrade("sqlite:///{filled}", "core"))
assert "alembic" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


async def test_a_migration_that_fails_half_way_leaves_nothing(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = shutil.copytree(schema.MIGRATIONS, tmp_path / "migrations")
    (copied / "core" / "v9999_broken.py").write_text(BROKEN.format(newest("core")))
    monkeypatch.setattr(schema, "MIGRATIONS", copied)
    monkeypatch.setattr(run, "MIGRATIONS", copied)
    with pytest.raises(RuntimeError, match="half-way"):
        await upgrade(database_url, "core")
    monkeypatch.undo()
    database = connect(database_url, "core")
    assert await database.read(lambda db: inspect(db).get_table_names()) == []
    await database.close()


BROKEN = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "9999", "{}"
def upgrade() -> None:
    op.create_table("half", sa.Column("x", sa.Integer))
    raise RuntimeError("half-way")
"""


async def test_a_folder_that_we_may_not_write_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed, match="core: "):
        await open_database(f"sqlite:///{tmp_path}/file/core.db", "core")


async def test_a_newer_schema_is_refused(filled: Path) -> None:
    with sqlite3.connect(filled) as future:
        future.execute("UPDATE core_schema SET version_num = '9999'")
    with pytest.raises(StoreRefused, match="written by a newer Hotline"):
        await open_and_read(filled)


async def test_what_is_not_there_yet_is_told_to_a_reader(file: Path) -> None:
    with pytest.raises(StoreRefused, match="not there yet"):
        await open_database(f"sqlite:///{file}", "core", read_only=True)
    assert not file.exists()


async def test_a_reader_follows_a_writer_and_cannot_write(database_url: str) -> None:
    writing = await open_database(database_url, "core")
    reading = await open_database(database_url, "core", read_only=True)
    reader = JournalReader(reading)
    async with SqlJournal(writing) as journal:
        await journal.append([NOTE] * 3)
        assert (await reader.last())[0] == 3
        assert [record.seq async for record in reader.read(after=2)] == [3]
        with pytest.raises(StoreFailed, match="read-only"):
            await reading.write(lambda db: db.execute(text("DELETE FROM journal")))
    await reading.close()
    await writing.close()


async def test_a_file_that_is_no_database_is_refused(file: Path) -> None:
    file.write_text("x" * 10_000)
    with pytest.raises(StoreRefused, match=r"damaged: stop, then `\./hotline restore`"):
        await open_and_read(file)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
async def test_a_torn_file_is_refused(filled: Path, share: float) -> None:
    size = filled.stat().st_size
    with filled.open("r+b") as torn:
        torn.truncate(int(size * share))
    with pytest.raises(StoreRefused, match="damaged"):
        await open_and_read(filled)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
async def test_a_page_of_zeros_is_refused(filled: Path, share: float) -> None:
    page = int(filled.stat().st_size / 4096 * share)
    with filled.open("r+b") as damaged:
        damaged.seek(page * 4096)
        damaged.write(bytes(4096))
    with pytest.raises(StoreRefused, match="damaged"):
        await open_and_read(filled)


async def test_a_missing_record_is_refused_when_it_is_read(filled: Path) -> None:
    with sqlite3.connect(filled) as meddler:
        meddler.execute("DELETE FROM journal WHERE seq = 2500")
    with pytest.raises(StoreRefused, match="record 2500 of the journal is missing"):
        await open_and_read(filled)


async def test_files_are_for_our_user_only(filled: Path) -> None:
    assert filled.stat().st_mode & 0o777 == 0o600


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ValueError, match="neither sqlite nor postgresql"):
        normal("mysql://x/y")
