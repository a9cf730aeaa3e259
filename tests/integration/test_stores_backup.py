"""A backup is whole, made while the core writes, and safe to leave lying about."""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from adapters.stores.backup import backup
from adapters.stores.chat_files import FolderShelf, SealedFiles
from adapters.stores.database import Database
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.restore import restore
from adapters.stores.schema import migrate, newest, open_database, revision
from adapters.stores.vault import SqlVault
from ivr.chat_files import FileId
from ivr.ports import EffectKey, Record, StoreRefused
from ivr.settings import Settings
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.stored_centre import NAME, NUMBER, fill, look, settings_in


@pytest.mark.parametrize("to", SQLITE_AND_POSTGRES)
@pytest.mark.parametrize("kind", SQLITE_AND_POSTGRES)
async def test_a_backup_comes_back_on_either_kind_of_database(
    kind: str, to: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    here = settings_in(tmp_path / "here" / "data", fresh_url(kind, request))
    there = settings_in(tmp_path / "there" / "data", fresh_url(to, request))
    person = await fill(here, records=2500)
    await backup(here, tmp_path / "a.tar.gz", with_keys=True)
    if to == "sqlite":  # the site file of the machine decides; here it has none
        (here.data / "site.yaml").unlink(missing_ok=True)
        there.data.mkdir(parents=True)
        (there.data / "site.yaml").write_text("{}\n")
    await restore(there, tmp_path / "a.tar.gz")
    assert await look(there, person) == (2500, NAME, person)
    assert (there.data / "core.db").exists() == (to == "sqlite")
    assert (await look(here, person))[0] == 2500


async def test_files_and_secrets_come_back_too(
    archive: Path, centre: Settings, elsewhere: Settings
) -> None:
    await restore(elsewhere, archive)
    for name in (
        "centre.yaml",
        "recordings/2026/一.wav",
        "secrets/phone-1001",
        "secrets/master-key",
    ):
        assert (elsewhere.data / name).read_bytes() == (centre.data / name).read_bytes()
    assert (elsewhere.data / "secrets" / "phone-1001").stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(elsewhere.data / "cel.db")) as cel:
        assert cel.execute("SELECT n FROM cel").fetchone() == (42,)
    assert [path.name for path in elsewhere.data.parent.iterdir()] == ["data"]


async def test_a_backup_is_made_while_the_core_writes(
    request: pytest.FixtureRequest, tmp_path: Path, centre: Settings, elsewhere: Settings
) -> None:
    person = await fill(centre)
    database = await open_database(centre.database_url("core"), "core")
    async with SqlJournal(database) as journal, asyncio.TaskGroup() as group:
        making = group.create_task(backup(centre, tmp_path / "a.tar.gz", with_keys=True))
        written = 3
        while not making.done():
            written = await journal.append([Record(1.0, "note", {})] * 7)
    await database.close()
    await restore(elsewhere, tmp_path / "a.tar.gz")
    records, name, _ = await look(elsewhere, person)
    assert 3 <= records <= written
    assert (records - 3) % 7 == 0
    assert name == NAME


async def test_an_archive_without_keys_tells_nothing(
    centre: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    person = await fill(centre)
    target = tmp_path / "a.backup"
    await backup(centre, target)
    raw = target.read_bytes()
    hidden = [NUMBER[3:], NAME, "core.db", "phone-1001", "一.wav", centre.secret("phone-1001")]
    assert not [text for text in hidden if text.encode() in raw]
    with pytest.raises((OSError, EOFError)):
        gzip.decompress(raw)
    with pytest.raises(StoreRefused, match="--master-key FILE"):
        await restore(elsewhere, target)
    assert not elsewhere.data.exists()
    await restore(elsewhere, target, master_key=centre.secrets / "master-key")
    assert elsewhere.secret("phone-1001") == centre.secret("phone-1001")
    assert await look(elsewhere, person) == (3, NAME, person)


async def test_an_open_archive_has_no_personal_data_in_clear_but_the_key_to_it(
    archive: Path, centre: Settings
) -> None:
    raw = gzip.decompress(archive.read_bytes())
    assert not [text for text in (NUMBER[3:], NAME, "Canary") if text.encode() in raw]
    assert centre.secret("master-key").encode() in raw


async def test_a_wrong_master_key_is_refused(
    centre: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    await fill(centre)
    await backup(centre, tmp_path / "a.backup")
    other = KeyRing(tmp_path / "other")
    other.make()
    with pytest.raises(StoreRefused, match="master key that this backup"):
        await restore(elsewhere, tmp_path / "a.backup", master_key=other.path)


async def test_a_running_core_is_not_overwritten(archive: Path, centre: Settings) -> None:
    database = await open_database(centre.database_url("core"), "core")
    async with SqlJournal(database):
        with pytest.raises(StoreRefused, match="hotline stop"):
            await restore(centre, archive, replace=True)
    await database.close()


async def test_data_is_not_overwritten_unless_told_and_then_set_aside(
    archive: Path, centre: Settings
) -> None:
    (centre.data / "later.txt").write_text("made after the backup")
    with pytest.raises(StoreRefused, match="--replace"):
        await restore(centre, archive)
    await restore(centre, archive, replace=True)
    assert not (centre.data / "later.txt").exists()
    (aside,) = centre.data.parent.glob("data.before-restore-*")
    assert (aside / "later.txt").read_text() == "made after the backup"


@pytest.mark.postgres
async def test_postgres_with_data_is_not_overwritten_unless_told(
    archive: Path, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    there = settings_in(tmp_path / "there" / "data", fresh_url("postgres", request))
    person = await fill(there, records=9)
    site = (there.data / "site.yaml").read_text()
    for path in list(there.data.iterdir()):
        path.rename(tmp_path / f"aside-{path.name}")
    there.data.joinpath("site.yaml").write_text(site)
    with pytest.raises(StoreRefused, match="PostgreSQL holds data in"):
        await restore(there, archive)
    await restore(there, archive, replace=True)
    assert (await look(there, person))[0] == 3


async def test_the_site_file_of_the_machine_stays(archive: Path, elsewhere: Settings) -> None:
    elsewhere.data.mkdir(parents=True)
    (elsewhere.data / "site.yaml").write_text("listen: 127.0.0.2\n")
    await restore(elsewhere, archive)
    assert (elsewhere.data / "site.yaml").read_text() == "listen: 127.0.0.2\n"


async def test_who_was_erased_after_the_backup_stays_erased(
    centre: Settings, tmp_path: Path
) -> None:
    person = await fill(centre)
    await backup(centre, tmp_path / "a.tar.gz")
    database = await open_database(centre.database_url("core"), "core")
    await SqlVault(database, KeyRing(centre.secrets), "CN").erase(person)
    await database.close()
    await restore(centre, tmp_path / "a.tar.gz", replace=True)
    records, name, owner = await look(centre, person)
    assert (records, name) == (3, None)
    assert owner != person


async def test_recordings_come_back_but_for_those_of_who_was_erased(
    centre: Settings, tmp_path: Path
) -> None:
    person = await fill(centre)
    database = await open_database(centre.database_url("core"), "core")
    keys = KeyRing(centre.secrets)
    vault = SqlVault(database, keys, "CN", centre.data)
    recordings = SealedRecordings(database, keys, centre.data)
    other = await vault.new_person()
    theirs = await recordings.keep(EffectKey("c-1/mailbox/1"), person, b"\0\1" * 800)
    kept = await recordings.keep(EffectKey("c-2/mailbox/1"), other, b"\2\3" * 800)
    await backup(centre, tmp_path / "a.tar.gz")
    await vault.erase(person)
    await database.close()
    await restore(centre, tmp_path / "a.tar.gz", replace=True)
    database = await open_database(centre.database_url("core"), "core", read_only=True)
    recordings = SealedRecordings(database, KeyRing(centre.secrets), centre.data)
    assert await recordings.open(kept.id) == b"\2\3" * 800
    assert not await recordings.has(theirs.id)
    await database.close()


async def test_files_of_chats_come_back_but_for_those_of_who_was_erased(
    centre: Settings, tmp_path: Path
) -> None:
    person = await fill(centre)
    database = await open_database(centre.database_url("core"), "core")
    keys = KeyRing(centre.secrets)

    async def opened() -> Database:
        return database

    vault = SqlVault(database, keys, "CN", centre.data)
    store = SealedFiles(opened, keys, centre.data, least_free=1)
    other, id_ = await vault.new_person(), FileId("fil_1")
    for whose in (person, other):
        await store.keep(whose, id_, b"somebody's card")
    await backup(centre, tmp_path / "a.tar.gz")
    await vault.erase(person)
    await store.keep(other, FileId("fil_2"), b"later")
    await database.close()
    await restore(centre, tmp_path / "a.tar.gz", replace=True)
    database = await open_database(centre.database_url("core"), "core", read_only=True)
    again, shelf = (
        SealedFiles(opened, KeyRing(centre.secrets), centre.data),
        FolderShelf(centre.data),
    )
    assert await again.open(other, id_) == b"somebody's card"
    assert [(file.person, file.id) for file in await shelf.kept()] == [(other, id_)]
    assert await again.open(person, id_) is None
    await database.close()


async def test_a_backup_of_an_older_schema_is_brought_up_to_date(
    centre: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    centre.data.mkdir(parents=True)
    await asyncio.to_thread(migrate, centre.database_url("web"), "web", "0001")
    database = await open_database(centre.database_url("core"), "core")
    await database.close()
    manifest = await backup(centre, tmp_path / "a.tar.gz", with_keys=True)
    assert manifest.schemas["web"] == "0001"
    await restore(elsewhere, tmp_path / "a.tar.gz")
    restored = await open_database(elsewhere.database_url("web"), "web", read_only=True)
    assert await revision(restored) == newest("web")
    await restored.close()
