"""What is to leave the house, a file an entry, until somebody sends it.

An entry's file is named by a digest of its key: whoever puts the same key twice finds the first.
Entries hold ids only; what is personal lies sealed in the vault, and the entry says where.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from acd.model import Seconds
from ivr.ports import EffectKey, Outgoing, PersonId, StoreFailed, StoreRefused

FOLDER = "outbox"
"""Below the data folder."""
TEXTS = "outbox/texts"
"""Texts to customers have a folder of their own: who sends them looks into it again and again."""
FAILED = "outbox/failed"
"""Notices that nobody takes, with the reason, until somebody looks."""
NAME_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that nobody has sent yet."""

    at: Seconds
    """When it was put there (UTC)."""
    outgoing: Outgoing


class FileOutbox:
    """`ivr.ports.Outbox` in a folder of the data folder."""

    def __init__(self, data: Path, folder: str = FOLDER) -> None:
        self._folder = data / folder

    async def put(self, outgoing: Outgoing) -> None:
        """Durable when it returns; raises `StoreFailed`."""
        await asyncio.to_thread(self._put, outgoing)

    def waiting(self) -> Iterator[Waiting]:
        """Every entry, the oldest first; `StoreRefused` for a file that is none."""
        found = [(path.stat().st_mtime, path) for path in self._folder.glob("*.json")]
        yield from (Waiting(at, _read(path)) for at, path in sorted(found))

    async def done(self, key: EffectKey) -> None:
        """It was sent, or never will be: the entry goes. Raises `StoreFailed`."""
        try:
            await asyncio.to_thread(self._path(key).unlink, missing_ok=True)
        except OSError as error:
            raise StoreFailed(f"outbox: {error.strerror}") from error

    async def move(self, entry: Outgoing, to: FileOutbox) -> bool:
        """This entry of ours, as it is given here, waits there from now on. At any instant it lies
        in one of the two, so that whoever gives it up there finds room for it here. One that lies
        there already is left as it is: whoever put it here is about to remove it there. Whether it
        was moved; raises `StoreFailed`."""
        try:
            return await asyncio.to_thread(self._move, entry, to)
        except OSError as error:
            raise StoreFailed(f"outbox: {error.strerror}") from error

    def _move(self, entry: Outgoing, to: FileOutbox) -> bool:
        here, there = self._path(entry.key), to._path(entry.key)
        if there.exists():
            return False
        there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _spare(here, _content(entry)) as spare:
            spare.replace(here)
        here.replace(there)
        _keep_names(there.parent)
        _keep_names(here.parent)
        return True

    def _path(self, key: EffectKey) -> Path:
        return self._folder / f"{sha256(key.encode()).hexdigest()[:NAME_DIGITS]}.json"

    def _put(self, outgoing: Outgoing) -> None:
        content = _content(outgoing)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            put_once(self._path(outgoing.key), content)
        except OSError as error:
            raise StoreFailed(f"outbox: {error.strerror}") from error


def put_once(path: Path, content: bytes) -> bool:
    """Write a file that nobody else may read, whole or not at all, durable when this returns. One
    that is there already stays as it is; whether it was not. Blocks; raises OSError."""
    made = False
    with _spare(path, content) as spare, suppress(FileExistsError):
        os.link(spare, path)
        made = True
    _keep_names(path.parent)
    return made


@contextmanager
def _spare(path: Path, content: bytes) -> Iterator[Path]:
    """A whole file beside that one, under a name of its own; gone afterwards."""
    spare = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    try:
        handle = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        yield spare
    finally:
        spare.unlink(missing_ok=True)


def _content(outgoing: Outgoing) -> bytes:
    plain = {"key": outgoing.key, "kind": outgoing.kind, "to": outgoing.to,
             "data": dict(outgoing.data)}  # fmt: skip
    return json.dumps(plain, ensure_ascii=False, allow_nan=False).encode()


def _keep_names(folder: Path) -> None:
    """A file is durable when its name in the folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _read(path: Path) -> Outgoing:
    try:
        plain = json.loads(path.read_bytes())
        to = PersonId(plain["to"]) if plain["to"] else None
        return Outgoing(EffectKey(plain["key"]), plain["kind"], to, dict(plain["data"]))
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise StoreRefused(f"{path} is no entry of the outbox: restore it, or put it aside") from (
            fault
        )
