"""One archive of everything that cannot be made again, while the centre runs.

The web's database is copied before the core's: it must not know more of the journal than the
journal itself.
"""

from __future__ import annotations

import asyncio
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from adapters.stores.archive import ArchiveWriter, Manifest, add_manifest, written
from adapters.stores.copying import copy_sqlite, save
from adapters.stores.database import Part, connect, file_of
from adapters.stores.keys import KeyRing
from adapters.stores.schema import revision
from adapters.stores.vault import check_keys
from ivr.ports import StoreRefused
from ivr.settings import ROOT, Settings

PARTS: tuple[Part, ...] = ("web", "core")
DATABASES, FILES, SECRETS = "databases", "files", "secrets"
"""Where things lie in an archive."""
SQLITE_HEADER = b"SQLite format 3\0"
LEFT_OUT = {"backups", "secrets"}
"""Folders of the data folder that are not copied as files."""
NOT_KEPT = {".lock", ".part", ".sln"}
"""Nor are files of these names: `.sln` are talks that are being recorded, in the clear."""


async def backup(settings: Settings, target: Path, *, with_keys: bool = False) -> Manifest:
    """Write an archive to `target`; a file of that name is replaced when the new one is whole.

    The archive is sealed under the master key as a whole. `with_keys` it is open instead, and has
    the master key in it: who holds it can read everything.
    """
    schemas = await schemas_of(settings)
    if "core" not in schemas:
        raise StoreRefused(f"{settings.data} holds no data yet: there is nothing to back up")
    keys = await opened_keys(settings)
    return await asyncio.to_thread(write, settings, target, schemas, keys, with_keys)


async def schemas_of(settings: Settings) -> dict[Part, str]:
    """The schema of each part that is there."""
    found: dict[Part, str] = {}
    for part in PARTS:
        url = settings.database_url(part)
        file = file_of(url)
        if file and not file.exists():
            continue
        database = connect(url, part, read_only=True)
        try:
            if schema := await revision(database):
                found[part] = schema
        finally:
            await database.close()
    return found


async def opened_keys(settings: Settings) -> KeyRing:
    """The keys, once the vault has found them to be the right ones."""
    keys = KeyRing(settings.secrets)
    database = connect(settings.database_url("core"), "core")
    try:
        await check_keys(database, keys)
    finally:
        await database.close()
    return keys


def write(
    settings: Settings, target: Path, schemas: dict[Part, str], keys: KeyRing, with_keys: bool
) -> Manifest:
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as spare,
        written(target, None if with_keys else keys.current) as archive,
    ):
        for part, schema in schemas.items():
            copy = Path(spare, f"{part}.db")
            save(settings.database_url(part), part, schema, copy)
            archive.add_file(f"{DATABASES}/{part}.db", copy)
        add_files(archive, settings, Path(spare), target)
        add_secrets(archive, keys, with_keys)
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            hotline=tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"],
            schemas={str(part): schema for part, schema in schemas.items()},
            key_id=keys.current.id,
            with_keys=with_keys,
            sums=archive.sums,
        )
        add_manifest(archive, manifest)
    return manifest


def add_files(archive: ArchiveWriter, settings: Settings, spare: Path, target: Path) -> None:
    for path in files_of(settings, target):
        name = f"{FILES}/{path.relative_to(settings.data).as_posix()}"
        with suppress(FileNotFoundError):  # gone since it was listed
            archive.add_file(name, copied(path, spare) if is_sqlite(path) else path)


def copied(path: Path, spare: Path) -> Path:
    """A copy of another program's SQLite file, such as Asterisk's event log."""
    copy = spare / "copy.db"
    copy.unlink(missing_ok=True)
    copy_sqlite(path, copy)
    return copy


def files_of(settings: Settings, target: Path) -> Iterator[Path]:
    """Every plain file of the data folder that is not copied in another way."""
    databases = {settings.data / f"{part}.db" for part in PARTS}
    for path in sorted(settings.data.rglob("*")):
        top = path.relative_to(settings.data).parts[0]
        beside = path.with_name(path.name.removesuffix("-wal").removesuffix("-shm"))
        if top in LEFT_OUT or path.is_symlink() or not path.is_file() or path in databases:
            continue
        if path.suffix in NOT_KEPT or path.resolve() == target.resolve():
            continue
        if beside == path or not is_sqlite(beside):
            yield path


def is_sqlite(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(SQLITE_HEADER)) == SQLITE_HEADER


def add_secrets(archive: ArchiveWriter, keys: KeyRing, with_keys: bool) -> None:
    for path in sorted(keys.path.parent.iterdir()):
        if path.is_file() and not path.name.startswith(".") and (with_keys or path != keys.path):
            archive.add_file(f"{SECRETS}/{path.name}", path)
