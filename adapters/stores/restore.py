"""Putting a backup back: checked whole first, swapped in at once, nothing deleted."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, inspect, select, update

from adapters.stores.archive import Manifest, unpack
from adapters.stores.backup import DATABASES, FILES, PARTS, SECRETS
from adapters.stores.copying import connected, load
from adapters.stores.database import file_of
from adapters.stores.faults import explained
from adapters.stores.keys import keys_in
from adapters.stores.lease import hold_file
from adapters.stores.schema import migrate, newest
from adapters.stores.tables import vault_field, vault_number, vault_person
from adapters.stores.vault import OF_PERSONS
from ivr import settings as settings_of
from ivr.ports import StoreRefused
from ivr.settings import Settings

SITE, SITE_OF_BACKUP = "site.yaml", "site.from-backup.yaml"
AT_FDCWD, RENAME_EXCHANGE = -100, 2


async def restore(
    settings: Settings, source: Path, *, replace: bool = False, master_key: Path | None = None
) -> Manifest:
    """Put a backup back into the data folder, and into PostgreSQL where the site file names it.

    With `replace` a data folder that holds something is set aside as `NAME.before-restore-TIME`.
    A `site.yaml` that is there already stays, as it is about this machine. `master_key` is the
    file with the key that the backup was made under, unless it is in the archive or in place.
    """
    return await asyncio.to_thread(put_back, settings, source, replace, master_key)


def put_back(settings: Settings, source: Path, replace: bool, master_key: Path | None) -> Manifest:
    data = settings.data
    staging = data.with_name(f".{data.name}.restore-{os.getpid()}")
    with free_to_write(data, replace):
        staging.mkdir(mode=0o700, parents=True)
        try:
            places = [path for path in (master_key, data / "secrets" / "master-key") if path]
            manifest = unpack(source, staging, [key for place in places for key in keys_in(place)])
            refuse_newer(manifest)
            new = staging / FILES
            new.mkdir(mode=0o700, exist_ok=True)
            keep_site(new, data)
            put_secrets(staging, new, manifest, places)
            put_databases(staging, new, manifest, settings, replace)
            swap(new, data)
        finally:
            shutil.rmtree(staging)
    return manifest


@contextmanager
def free_to_write(data: Path, replace: bool) -> Iterator[None]:
    """Refuse a data folder that is in use, or holds more than a site file without `replace`."""
    held = [path for path in data.iterdir() if path.name != SITE] if data.exists() else []
    if held and not replace:
        raise StoreRefused(f"{data} holds data already: `--replace` sets it aside")
    with ExitStack() as locks:
        for part in PARTS:
            if (file := data / f"{part}.db").exists():
                locks.enter_context(hold_file(file))
        yield


def refuse_newer(manifest: Manifest) -> None:
    for part in PARTS:
        if manifest.schemas.get(part, "") > newest(part):
            raise StoreRefused(
                f"the backup is of a newer Hotline ({manifest.hotline}): install that version first"
            )


def keep_site(new: Path, data: Path) -> None:
    """The site file that is in place stays; the backup's one lies beside it."""
    if (data / SITE).exists():
        if (new / SITE).exists():
            (new / SITE).rename(new / SITE_OF_BACKUP)
        shutil.copy2(data / SITE, new / SITE)


def put_secrets(staging: Path, new: Path, manifest: Manifest, places: list[Path]) -> None:
    """The archive's secrets; when the master key is not among them, the one that opened it."""
    folder = new / "secrets"
    (staging / SECRETS).mkdir(mode=0o700, exist_ok=True)
    (staging / SECRETS).rename(folder)
    master = folder / "master-key"
    for place in places:
        if not master.exists() and manifest.key_id in [key.id for key in keys_in(place)]:
            master.touch(mode=0o600)
            shutil.copyfile(place, master)


def put_databases(
    staging: Path, new: Path, manifest: Manifest, settings: Settings, replace: bool
) -> None:
    """Each part's file, its schema brought up to date; into PostgreSQL where the site says so."""
    environment = {"HOTLINE_HOME": str(settings.home), "HOTLINE_DATA": str(new)}
    postgres = settings_of.load(environment).site.database
    for part in PARTS:
        if part not in manifest.schemas:
            continue
        file = new / f"{part}.db"
        (staging / DATABASES / file.name).rename(file)
        migrate(f"sqlite:///{file}", part)
        if part == "core":
            for person in forget_again(settings.database_url(part), f"sqlite:///{file}"):
                for folder in OF_PERSONS:
                    shutil.rmtree(new / folder / person, ignore_errors=True)
        if postgres:
            migrate(postgres, part)
            load(file, postgres, part, replace=replace)
            file.unlink()


def forget_again(old: str, new: str) -> list[str]:
    """Erase in the restored vault who has been erased since the backup; whom."""
    source = file_of(old)
    if source and not source.exists():
        return []
    with explained("core"), connected(old) as before, connected(new) as after:
        if not inspect(before).has_table(vault_person.name):
            return []
        query = select(vault_person).where(vault_person.c.erased_at.is_not(None))
        erased = before.execute(query).all()
        for row in erased:
            gone = {"wrapped": None, "erased_at": row.erased_at}
            after.execute(update(vault_person).where(vault_person.c.id == row.id).values(gone))
            after.execute(delete(vault_field).where(vault_field.c.person == row.id))
            after.execute(delete(vault_number).where(vault_number.c.person == row.id))
        after.commit()
        return [row.id for row in erased]


def swap(new: Path, data: Path) -> None:
    """Put the new folder in place at once; what was there is set aside."""
    os.sync()
    if not data.exists() or not any(data.iterdir()):
        new.rename(data)
        return
    exchange(new, data)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    new.rename(data.with_name(f"{data.name}.before-restore-{now}"))


def exchange(one: Path, other: Path) -> None:
    """Two folders change names in one step of the file system: at no time is either missing."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE):
        number = ctypes.get_errno()
        raise StoreRefused(
            f"{other} cannot be exchanged ({os.strerror(number)}): is it a mount point? "
            "Then restore into an empty folder and point HOTLINE_DATA there"
        )
