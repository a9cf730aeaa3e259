"""What every keeper of recordings promises: in memory, and sealed on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from adapters.stores.vault import RECORDINGS, SqlVault
from ivr.ports import EffectKey, PersonId, RecordingId, Recordings, StoreFailed, StoreRefused
from tests.databases import SQLITE_AND_POSTGRES, fresh_url
from tests.fakes_stores import MemoryRecordings, MemoryVault

KEY = EffectKey("ast-1700000000.5/mailbox/1")
SOUND = b"\x01\x02" * 8000


@dataclass
class Kept:
    """Somebody whose recordings are kept."""

    recordings: Recordings
    person: PersonId
    vault: SqlVault | None = None
    data: Path = Path()

    @property
    def sealed(self) -> SealedRecordings:
        assert isinstance(self.recordings, SealedRecordings)
        return self.recordings


@pytest.fixture(params=["memory", *SQLITE_AND_POSTGRES])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        yield Kept(MemoryRecordings(), await MemoryVault().new_person())
        return
    async for each in sealed(fresh_url(request.param, request), tmp_path):
        yield each


async def sealed(url: str, folder: Path) -> AsyncIterator[Kept]:
    database = await open_database(url, "core")
    keys = KeyRing(folder / "secrets")
    vault = SqlVault(database, keys, "CN", folder)
    await vault.check()
    recordings = SealedRecordings(database, keys, folder)
    yield Kept(recordings, await vault.new_person(), vault, folder)
    await database.close()


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[Kept]:
    """Sealed ones, on SQLite."""
    async for each in sealed(f"sqlite:///{tmp_path / 'core.db'}", tmp_path):
        yield each


async def test_what_is_kept_is_found_by_its_effect(kept: Kept) -> None:
    assert await kept.recordings.find(KEY) is None
    recording = await kept.recordings.keep(KEY, kept.person, SOUND)
    assert recording == await kept.recordings.find(KEY)
    assert (recording.person, recording.seconds) == (kept.person, 1.0)
    assert recording.id.startswith("rec_")


async def test_of_two_for_one_effect_the_first_stays(kept: Kept) -> None:
    first = await kept.recordings.keep(KEY, kept.person, SOUND)
    assert await kept.recordings.keep(KEY, kept.person, SOUND * 2) == first


async def test_many_at_once_for_one_effect_are_one(kept: Kept) -> None:
    found = await asyncio.gather(
        *(kept.recordings.keep(KEY, kept.person, SOUND * n) for n in range(1, 9))
    )
    assert len({recording.id for recording in found}) == 1
    assert len({recording.seconds for recording in found}) == 1


async def test_another_visit_is_another_recording(kept: Kept) -> None:
    one = await kept.recordings.keep(KEY, kept.person, SOUND)
    other = await kept.recordings.keep(EffectKey(KEY + "0"), kept.person, SOUND)
    assert one.id != other.id


async def test_a_recording_opens_as_it_was(files: Kept) -> None:
    recording = await files.recordings.keep(KEY, files.person, SOUND)
    assert await files.sealed.open(recording.id) == SOUND
    assert await files.sealed.has(recording.id)
    assert list(files.sealed.all()) == [recording]


@pytest.mark.parametrize("name", ["rec_0", "rec_*", "*", "../secrets/master-key", ""])
async def test_what_is_no_recording_is_not_there(files: Kept, name: str) -> None:
    await files.recordings.keep(KEY, files.person, SOUND)
    assert await files.sealed.open(RecordingId(name)) is None
    assert not await files.sealed.has(RecordingId(name))


async def test_nothing_of_it_lies_in_the_clear_and_nobody_else_may_read_it(files: Kept) -> None:
    await files.recordings.keep(KEY, files.person, SOUND)
    [file] = [path for path in (files.data / RECORDINGS).rglob("*") if path.is_file()]
    assert SOUND[:32] not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == file.parent.stat().st_mode & 0o077 == 0


async def test_who_is_erased_takes_their_recordings_along(files: Kept) -> None:
    assert files.vault
    other = await files.vault.new_person()
    recording = await files.recordings.keep(KEY, files.person, SOUND)
    theirs = await files.recordings.keep(EffectKey("another"), other, SOUND)
    file = files.data / RECORDINGS / files.person / recording.id
    copy = file.read_bytes()
    await files.vault.erase(files.person)
    assert not file.exists() and await files.recordings.find(KEY) is None
    file.parent.mkdir()
    file.write_bytes(copy)  # from a backup, say
    assert await files.sealed.open(recording.id) is None
    assert await files.sealed.open(theirs.id) == SOUND
    with pytest.raises(LookupError, match="erased"):
        await files.recordings.keep(EffectKey("a third"), files.person, SOUND)


async def test_a_recording_that_was_changed_or_moved_is_refused(files: Kept) -> None:
    recording = await files.recordings.keep(KEY, files.person, SOUND)
    file = files.data / RECORDINGS / files.person / recording.id
    moved = file.with_name("rec_0123456789abcdef0123")
    moved.write_bytes(file.read_bytes())
    with pytest.raises(StoreRefused, match="damaged"):
        await files.sealed.open(RecordingId(moved.name))
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(StoreRefused, match="damaged"):
        await files.sealed.open(recording.id)


async def test_a_folder_that_cannot_be_written_is_a_failure_to_try_again(files: Kept) -> None:
    (files.data / RECORDINGS).write_text("in the way")
    with pytest.raises(StoreFailed, match="recordings"):
        await files.recordings.keep(KEY, files.person, SOUND)
