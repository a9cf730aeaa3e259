"""A centre with something of everything in its stores, for tests of backup and restore.

Fixtures: `centre` and `elsewhere` (two empty installations), `archive` (a backup of the first).
"""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.stores.backup import backup
from adapters.stores.journal import JournalReader, SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.ports import PersonId, Record
from ivr.settings import Settings, load

NUMBER, NAME = "+8613800138000", "诸葛孔明 Canary"


def settings_in(data: Path, database: str = "") -> Settings:
    """The settings of an installation; on PostgreSQL with a site file that says so."""
    if database and not database.startswith("sqlite"):
        data.mkdir(parents=True, exist_ok=True)
        (data / "site.yaml").write_text(f"database: {database}\n")
    return load({"HOTLINE_HOME": str(data.parent / "home"), "HOTLINE_DATA": str(data)})


async def fill(settings: Settings, records: int = 3) -> PersonId:
    """A centre with something of everything; the person whose name it keeps."""
    database = await open_database(settings.database_url("core"), "core")
    vault = SqlVault(database, KeyRing(settings.secrets), "CN")
    await vault.check()
    person = await vault.person_for_number(NUMBER)
    await vault.seal(person, "name", NAME)
    async with SqlJournal(database) as journal:
        await journal.append([Record(1.0, "note", {"n": n}) for n in range(records)])
    await database.close()
    await (await open_database(settings.database_url("web"), "web")).close()
    settings.secret("phone-1001")
    (settings.data / "centre.yaml").write_text("queues: {support: {}}\n")
    recording = settings.data / "recordings" / "2026" / "一.wav"
    recording.parent.mkdir(parents=True)
    recording.write_bytes(random.Random(1).randbytes(50_000))
    with closing(sqlite3.connect(settings.data / "cel.db")) as cel:
        cel.executescript("CREATE TABLE cel (n); INSERT INTO cel VALUES (42);")
    return person


async def look(settings: Settings, person: PersonId) -> tuple[int, str | None, PersonId]:
    """What a centre holds: records, the person's name, and whose the number is."""
    database = await open_database(settings.database_url("core"), "core")
    vault = SqlVault(database, KeyRing(settings.secrets), "CN")
    await vault.check()
    records = [record.seq async for record in JournalReader(database).read()]
    found = len(records), await vault.open(person, "name"), await vault.person_for_number(NUMBER)
    await database.close()
    return found


@pytest.fixture
def centre(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "here" / "data")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Settings:
    return settings_in(tmp_path / "there" / "data")


@pytest.fixture
async def archive(centre: Settings, tmp_path: Path) -> Path:
    """A backup of `centre`, filled for it, with its keys."""
    await fill(centre)
    target = tmp_path / "backup.tar.gz"
    await backup(centre, target, with_keys=True)
    return target
