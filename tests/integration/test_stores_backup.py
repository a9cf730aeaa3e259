"""A backup is whole, made while the core writes, and safe to leave lying about."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from adapters.stores.backup import backup
from adapters.stores.journal import JournalReader, SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.restore import restore
from adapters.stores.schema import migrate, newest, open_database, revision
from adapters.stores.vault import SqlVault
from ivr.ports import PersonId, Record, StoreRefused
from ivr.settings import Settings, load
from tests.databases import SQLITE_AND_POSTGRES, fresh_url

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
    vault = SqlVault(database, KeyRing(settings.secrets))
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
    recording.write_bytes(bytes(range(256)) * 1000)
    with closing(sqlite3.connect(settings.data / "cel.db")) as cel:
        cel.executescript("CREATE TABLE cel (n); INSERT INTO cel VALUES (42);")
    return person


async def look(settings: Settings, person: PersonId) -> tuple[int, str | None, PersonId]:
    """What a centre holds: records, the person's name, and whose the number is."""
    database = await open_database(settings.database_url("core"), "core")
    vault = SqlVault(database, KeyRing(settings.secrets))
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
async def archive(centre: Settings, tmp_path: Path) -> AsyncIterator[Path]:
    """A backup of a filled centre, with its keys."""
    await fill(centre)
    target = tmp_path / "backup.tar.gz"
    await backup(centre, target, with_keys=True)
    yield target


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
    await fill(centre)
    target = tmp_path / "a.tar.gz"
    manifest = await backup(centre, target)
    raw = gzip.decompress(target.read_bytes())
    master, phone = (centre.secret(name) for name in ("master-key", "phone-1001"))
    hidden = [NUMBER[3:], NAME, "Canary", master, phone]
    assert not [text for text in hidden if text.encode() in raw]
    assert not manifest.with_keys
    with pytest.raises(StoreRefused, match="--master-key FILE"):
        await restore(elsewhere, target)
    assert not elsewhere.data.exists()
    await restore(elsewhere, target, master_key=centre.secrets / "master-key")
    assert elsewhere.secret("phone-1001") == phone


async def test_a_wrong_master_key_is_refused(archive: Path, elsewhere: Settings) -> None:
    other = KeyRing(elsewhere.data.parent / "other")
    other.make()
    without = archive.with_name("without.tar.gz")
    rewrite(archive, without, leave_out="keys/master-key", also_from_manifest=True)
    with pytest.raises(StoreRefused, match="master key that this backup"):
        await restore(elsewhere, without, master_key=other.path)


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
    await SqlVault(database, KeyRing(centre.secrets)).erase(person)
    await database.close()
    await restore(centre, tmp_path / "a.tar.gz", replace=True)
    records, name, owner = await look(centre, person)
    assert (records, name) == (3, None)
    assert owner != person


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


async def test_an_empty_centre_has_nothing_to_back_up(centre: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="nothing to back up"):
        await backup(centre, tmp_path / "a.tar.gz")
    assert list(tmp_path.glob("a*")) == []


async def test_a_damaged_database_is_not_backed_up(centre: Settings, tmp_path: Path) -> None:
    await fill(centre, records=5000)
    core = centre.data / "core.db"
    with core.open("r+b") as damaged:
        damaged.seek(core.stat().st_size // 2)
        damaged.write(bytes(8192))
    with pytest.raises(StoreRefused, match=r"damaged|malformed"):
        await backup(centre, tmp_path / "a.tar.gz")
    assert list(tmp_path.glob("a*")) == []


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
async def test_a_damaged_archive_is_refused_before_anything_happens(
    archive: Path, elsewhere: Settings, share: float
) -> None:
    content = bytearray(archive.read_bytes())
    content[int(len(content) * share)] ^= 16
    archive.write_bytes(content)
    with pytest.raises(StoreRefused, match="damaged"):
        await restore(elsewhere, archive)
    assert not any(elsewhere.data.parent.iterdir())


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 0.999])
async def test_a_cut_archive_is_refused(archive: Path, elsewhere: Settings, share: float) -> None:
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(StoreRefused, match="damaged"):
        await restore(elsewhere, archive)


@pytest.mark.parametrize("name", ["files/centre.yaml", "databases/core.db", "manifest.json"])
async def test_an_archive_that_lacks_a_member_is_refused(
    archive: Path, elsewhere: Settings, name: str
) -> None:
    less = archive.with_name("less.tar.gz")
    rewrite(archive, less, leave_out=name)
    with pytest.raises(StoreRefused, match="missing"):
        await restore(elsewhere, less)


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "files/../../outside"])
async def test_a_member_that_leads_outside_is_refused(
    tmp_path: Path, elsewhere: Settings, name: str
) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(StoreRefused, match="no plain file"):
        await restore(elsewhere, tmp_path / "evil.tar.gz")


def rewrite(
    source: Path, target: Path, *, leave_out: str, also_from_manifest: bool = False
) -> None:
    """Copy an archive without one member; with `also_from_manifest` nobody misses it."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            content = old.extractfile(member)
            assert content
            body = content.read()
            if member.name == "manifest.json" and also_from_manifest:
                manifest = json.loads(body)
                del manifest["sums"][leave_out]
                body = json.dumps(manifest).encode()
                member.size = len(body)
            if member.name != leave_out:
                new.addfile(member, io.BytesIO(body))
