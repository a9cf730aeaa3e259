"""Files of chats: sealed under each customer's data key, a file each, in a folder a person.

The web process keeps and opens them, the core looks what is there and removes leftovers. With the
key of its person a file is gone for good, wherever a copy of it lies.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from adapters.stores.database import Database
from adapters.stores.keys import KeyRing, open_sealed, seal
from adapters.stores.outbox import put_once
from adapters.stores.tables import vault_person
from adapters.stores.vault import CHAT_FILES, unwrapped
from ivr.chat_files import PREFIX, FileId, KeptFile, NoRoom
from ivr.ports import PersonId, StoreFailed

LEAST_FREE_BYTES = 500_000_000
"""With less on the disk no file is taken: journal and talks need it more."""
UNFINISHED = ".part"


class FolderShelf:
    """`ivr.chat_files.FileShelf` below the data folder."""

    def __init__(self, data: Path) -> None:
        self._folder = data / CHAT_FILES

    async def has(self, person: PersonId, id_: FileId) -> bool:
        return await asyncio.to_thread(self.path(person, id_).is_file)

    async def kept(self) -> Sequence[KeptFile]:
        return await asyncio.to_thread(lambda: list(self._all()))

    async def drop(self, file: KeptFile) -> None:
        try:
            await asyncio.to_thread(self.path(file.person, file.id).unlink, missing_ok=True)
        except OSError as error:
            raise StoreFailed(f"files of chats: {error.strerror}") from error

    def path(self, person: PersonId, id_: FileId) -> Path:
        return self._folder / person / id_

    def _all(self) -> Iterator[KeptFile]:
        try:
            folders = [entry for entry in os.scandir(self._folder) if entry.is_dir()]
        except FileNotFoundError:
            return
        for folder in folders:
            with suppress(FileNotFoundError):  # its person was erased a moment ago
                for entry in os.scandir(folder):
                    if entry.name.startswith(PREFIX) or entry.name.endswith(UNFINISHED):
                        at = entry.stat().st_mtime
                        yield KeptFile(PersonId(folder.name), FileId(entry.name), at)


class SealedFiles:
    """`ivr.chat_files.FileStore` of an installation. Of the vault's database it needs to read."""

    def __init__(
        self, opened: Callable[[], Awaitable[Database]], keys: KeyRing, data: Path,
        least_free: int = LEAST_FREE_BYTES,
    ) -> None:  # fmt: skip
        """`opened`: the core's database."""
        self._opened, self._keys = opened, keys
        self._data, self._least_free = data, least_free
        self._shelf = FolderShelf(data)

    async def keep(self, person: PersonId, id_: FileId, content: bytes) -> bytes:
        data_key = await self._data_key(person)
        if data_key is None:
            raise LookupError(f"{person} is not in the vault, or erased")
        try:
            return await asyncio.to_thread(self._put, data_key, person, id_, content)
        except OSError as error:
            raise StoreFailed(f"files of chats: {error.strerror}") from error

    async def open(self, person: PersonId, id_: FileId) -> bytes | None:
        data_key = await self._data_key(person)
        if data_key is None:
            return None
        try:
            sealed = await asyncio.to_thread(self._shelf.path(person, id_).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreFailed(f"files of chats: {error.strerror}") from error
        return await asyncio.to_thread(open_sealed, data_key, sealed, _place(person, id_))

    def _put(self, data_key: bytes, person: PersonId, id_: FileId, content: bytes) -> bytes:
        path = self._shelf.path(person, id_)
        if shutil.disk_usage(self._data).free - len(content) < self._least_free:
            raise NoRoom("files of chats: the disk is nearly full")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if put_once(path, seal(data_key, content, _place(person, id_))):
            return content
        os.utime(path)  # asked for anew: its line is on its way
        return open_sealed(data_key, path.read_bytes(), _place(person, id_))

    async def _data_key(self, person: PersonId) -> bytes | None:
        query = select(vault_person).where(vault_person.c.id == person)
        database = await self._opened()
        row = await database.read(lambda db: db.execute(query).one_or_none())
        return unwrapped(self._keys, row) if row else None


def _place(person: PersonId, id_: FileId) -> str:
    return f"{person} {id_}"
