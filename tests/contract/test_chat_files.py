"""What every keeper of files of chats promises: in memory, and sealed on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from acd.model import ContactId
from adapters.stores.chat_files import FolderShelf, SealedFiles
from adapters.stores.database import Database
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import CHAT_FILES, SqlVault
from ivr.chat_files import FileShelf, FileStore, NoRoom, file_id
from ivr.ports import EffectKey, PersonId, StoreFailed, StoreRefused
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.fakes_files import MemoryFiles
from tests.fakes_stores import MemoryVault

ID = file_id(ContactId("chat-1"), EffectKey("chat-1/ab"))
OTHER = file_id(ContactId("chat-1"), EffectKey("chat-1/cd"))
CONTENT = b"somebody's card\n" * 5000


@dataclass
class Kept:
    """Somebody whose files are kept."""

    store: FileStore
    shelf: FileShelf
    person: PersonId
    vault: SqlVault | None = None
    database: Database | None = None
    data: Path = Path()

    @property
    def file(self) -> Path:
        return self.data / CHAT_FILES / self.person / ID


@pytest.fixture(params=["memory", *SQLITE_AND_POSTGRES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        files = MemoryFiles(lambda: 1000.0)
        yield Kept(files, files, await MemoryVault().new_person())
        return
    async for each in sealed(fresh_url(request.param, request), tmp_path):
        yield each


async def sealed(url: str, folder: Path) -> AsyncIterator[Kept]:
    database = await open_database(url, "core")
    keys = KeyRing(folder / "secrets")
    vault = SqlVault(database, keys, "CN", folder)
    await vault.check()

    async def opened() -> Database:
        return database

    store = SealedFiles(opened, keys, folder, least_free=1)
    person = await vault.new_person()
    yield Kept(store, FolderShelf(folder), person, vault, database, folder)
    await database.close()


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Kept]:
    """Sealed ones, on SQLite."""
    async for each in sealed(f"sqlite:///{tmp_path / 'core.db'}", tmp_path):
        yield each


async def test_what_is_kept_opens_as_it_was(kept: Kept) -> None:
    assert not await kept.shelf.has(kept.person, ID)
    assert await kept.store.keep(kept.person, ID, CONTENT) == CONTENT
    assert await kept.shelf.has(kept.person, ID)
    assert await kept.store.open(kept.person, ID) == CONTENT
    assert await kept.store.open(kept.person, OTHER) is None


async def test_of_two_by_one_id_the_first_stays(kept: Kept) -> None:
    answers = await asyncio.gather(
        *(kept.store.keep(kept.person, ID, bytes([n]) * 9) for n in range(5))
    )
    assert len(set(answers)) == 1
    assert await kept.store.open(kept.person, ID) == answers[0]
    assert [file.id for file in await kept.shelf.kept()] == [ID]


async def test_what_is_dropped_is_gone_and_may_be_dropped_twice(kept: Kept) -> None:
    await kept.store.keep(kept.person, ID, CONTENT)
    await kept.store.keep(kept.person, OTHER, CONTENT)
    first = next(file for file in await kept.shelf.kept() if file.id == ID)
    assert first.person == kept.person
    for _ in range(2):
        await kept.shelf.drop(first)
    assert [file.id for file in await kept.shelf.kept()] == [OTHER]
    assert await kept.store.open(kept.person, ID) is None


async def test_nothing_lies_in_the_clear_and_nobody_else_may_read_it(files: Kept) -> None:
    await files.store.keep(files.person, ID, CONTENT)
    assert b"card" not in files.file.read_bytes()
    assert files.file.stat().st_mode & 0o077 == files.file.parent.stat().st_mode & 0o077 == 0


async def test_who_is_erased_takes_their_files_along(files: Kept) -> None:
    assert files.vault
    await files.store.keep(files.person, ID, CONTENT)
    elsewhere = files.file.read_bytes()
    await files.vault.erase(files.person)
    assert not files.file.parent.exists()
    assert await files.store.open(files.person, ID) is None
    with pytest.raises(LookupError):
        await files.store.keep(files.person, ID, CONTENT)
    files.file.parent.mkdir()
    files.file.write_bytes(elsewhere)  # a copy that somebody has kept tells nothing
    assert await files.store.open(files.person, ID) is None


async def test_a_file_that_was_changed_or_moved_is_refused(files: Kept) -> None:
    await files.store.keep(files.person, ID, CONTENT)
    sealed_bytes = files.file.read_bytes()
    files.file.with_name(OTHER).write_bytes(sealed_bytes)
    with pytest.raises(StoreRefused):
        await files.store.open(files.person, OTHER)
    files.file.write_bytes(sealed_bytes[:-1] + bytes([sealed_bytes[-1] ^ 1]))
    with pytest.raises(StoreRefused):
        await files.store.open(files.person, ID)


async def test_a_folder_that_cannot_be_written_is_a_failure_to_try_again(files: Kept) -> None:
    folder = files.data / CHAT_FILES
    folder.write_text("in the way")
    with pytest.raises(StoreFailed):
        await files.store.keep(files.person, ID, CONTENT)
    folder.unlink()
    await files.store.keep(files.person, ID, CONTENT)


async def test_a_disk_that_is_nearly_full_takes_no_files(files: Kept) -> None:
    assert files.database

    async def opened() -> Database:
        assert files.database
        return files.database

    full = SealedFiles(opened, KeyRing(files.data / "secrets"), files.data, least_free=1 << 60)
    with pytest.raises(NoRoom):
        await full.keep(files.person, ID, CONTENT)
    assert await FolderShelf(files.data).kept() == []


async def test_what_was_begun_to_be_written_is_seen_and_can_be_dropped(files: Kept) -> None:
    await files.store.keep(files.person, ID, CONTENT)
    part = files.file.with_name(f".{ID}.0123456789abcdef.part")
    part.write_bytes(b"half")
    os.utime(part, (1000, 1000))
    found = {file.id: file for file in await files.shelf.kept()}
    assert found.keys() == {ID, part.name} and found[part.name].at == 1000.0  # type: ignore[index]
    await files.shelf.drop(found[part.name])  # type: ignore[index]
    assert not part.exists() and files.file.exists()


async def test_a_file_that_is_asked_for_anew_counts_as_fresh(files: Kept) -> None:
    """Whoever removes leftovers leaves it alone: its line is on its way."""
    await files.store.keep(files.person, ID, CONTENT)
    os.utime(files.file, (1000, 1000))
    await files.store.keep(files.person, ID, CONTENT)
    [file] = await files.shelf.kept()
    assert file.at > 1000
