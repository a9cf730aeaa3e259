"""What callers have said: a sealed file a recording, in a folder a person.

Each is sealed under its person's data key: with the key it is gone for good, wherever a copy lies.
Erasing a person removes the folder, too. A file is named by a digest of its effect's key: whoever
keeps for the same effect twice finds the first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from sqlalchemy import select

from adapters.stores.database import Database
from adapters.stores.keys import FORM, NONCE_BYTES, KeyRing, open_sealed, seal
from adapters.stores.outbox import put_once
from adapters.stores.tables import vault_person
from adapters.stores.vault import RECORDINGS, unwrapped
from ivr.ports import EffectKey, PersonId, Recording, RecordingId, StoreFailed

PREFIX, NAME_DIGITS = "rec_", 20
TAG_BYTES = 16
SEAL_BYTES = len(FORM) + NONCE_BYTES + TAG_BYTES
BYTES_PER_SECOND = 16_000


class SealedRecordings:
    """`ivr.ports.Recordings` of an installation. Needs the vault's database for reading only."""

    def __init__(self, database: Database, keys: KeyRing, data: Path) -> None:
        self._database = database
        self._keys = keys
        self._folder = data / RECORDINGS

    async def find(self, key: EffectKey) -> Recording | None:
        return await asyncio.to_thread(self._find, id_of(key))

    async def keep(self, key: EffectKey, person: PersonId, sound: bytes) -> Recording:
        own_id = id_of(key)
        data_key = await self._data_key(person)
        if data_key is None:
            raise LookupError(f"{person} is not in the vault, or erased")

        def put() -> Recording:
            if kept := self._find(own_id):
                return kept
            path = self._folder / person / own_id
            try:
                path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                put_once(path, seal(data_key, sound, _place(person, own_id)))
                return _recording(path)
            except OSError as error:
                raise StoreFailed(f"recordings: {error.strerror}") from error

        return await asyncio.to_thread(put)

    async def has(self, recording: RecordingId) -> bool:
        """Whether there is one of this id."""
        return await asyncio.to_thread(self._find, recording) is not None

    async def open(self, recording: RecordingId) -> bytes | None:
        """The sound; None when there is none of this id, or its person is erased. Raises
        `StoreRefused` when it is damaged."""
        kept = await asyncio.to_thread(self._find, recording)
        data_key = await self._data_key(kept.person) if kept else None
        if kept is None or data_key is None:
            return None
        path = self._folder / kept.person / recording
        sealed = await asyncio.to_thread(path.read_bytes)
        return open_sealed(data_key, sealed, _place(kept.person, recording))

    def all(self) -> Iterator[Recording]:
        """Every recording that is kept, in no order."""
        yield from map(_recording, self._folder.glob(f"*/{PREFIX}*"))

    def _find(self, recording: RecordingId) -> Recording | None:
        if not recording.removeprefix(PREFIX).isalnum():
            return None
        return next(map(_recording, self._folder.glob(f"*/{recording}")), None)

    async def _data_key(self, person: PersonId) -> bytes | None:
        query = select(vault_person).where(vault_person.c.id == person)
        row = await self._database.read(lambda db: db.execute(query).one_or_none())
        return unwrapped(self._keys, row) if row else None


def id_of(key: EffectKey) -> RecordingId:
    """What the recording of this effect is called."""
    return RecordingId(PREFIX + sha256(key.encode()).hexdigest()[:NAME_DIGITS])


def _recording(path: Path) -> Recording:
    seconds = max(path.stat().st_size - SEAL_BYTES, 0) / BYTES_PER_SECOND
    return Recording(RecordingId(path.name), PersonId(path.parent.name), round(seconds, 1))


def _place(person: PersonId, recording: RecordingId) -> str:
    return f"{person} {recording}"
