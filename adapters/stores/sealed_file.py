"""A file sealed piece by piece: nobody without the key reads, changes, cuts or mixes it.

Form: `MAGIC`, the key's id, the file's own id, then pieces, each with its length before it. Every
piece is bound to the file, to its place, and to being the last one or not.
"""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import IO

from adapters.stores.keys import MasterKey, open_sealed, seal
from ivr.ports import StoreRefused

MAGIC = b"HOTLINE1"
KEY_ID_BYTES, FILE_ID_BYTES, LENGTH_BYTES = 16, 16, 4
PIECE = 1 << 20
LONGEST = PIECE + 64


class SealedWriter(io.RawIOBase):
    """Seals what is written to it; the file is whole after `close`."""

    def __init__(self, file: IO[bytes], key: MasterKey) -> None:
        self._file, self._key = file, key.archive
        self._id = os.urandom(FILE_ID_BYTES // 2).hex()
        self._buffer = bytearray()
        self._number = 0
        file.write(MAGIC + key.id.encode() + self._id.encode())

    def writable(self) -> bool:
        return True

    def write(self, content: object) -> int:
        clear = bytes(memoryview(content))  # type: ignore[arg-type]
        self._buffer += clear
        while len(self._buffer) > PIECE:
            self._put(self._buffer[:PIECE], last=False)
            del self._buffer[:PIECE]
        return len(clear)

    def close(self) -> None:
        if not self.closed:
            self._put(self._buffer, last=True)
        super().close()

    def _put(self, piece: bytearray, *, last: bool) -> None:
        sealed = seal(self._key, bytes(piece), place(self._id, self._number, last))
        self._file.write(len(sealed).to_bytes(LENGTH_BYTES) + sealed)
        self._number += 1


class SealedReader(io.RawIOBase):
    """Opens such a file after its `MAGIC`, with the one of the keys that sealed it."""

    def __init__(self, file: IO[bytes], keys: Sequence[MasterKey]) -> None:
        self._file = file
        key_id = file.read(KEY_ID_BYTES).decode("ascii", "replace")
        key = next((key for key in keys if key.id == key_id), None)
        if key is None:
            raise StoreRefused(
                "the master key that this backup was made under is not here: name its file with "
                "`--master-key FILE` (nothing in it can be read without it)"
            )
        self._key = key.archive
        self._id = file.read(FILE_ID_BYTES).decode("ascii", "replace")
        self._clear = memoryview(b"")
        self._number = 0
        self._next = self._take()

    def readable(self) -> bool:
        return True

    def readinto(self, target: object) -> int:
        room = memoryview(target)  # type: ignore[arg-type]
        if not self._clear and self._next:
            self._clear = memoryview(self._open_next())
        count = min(len(room), len(self._clear))
        room[:count] = self._clear[:count]
        self._clear = self._clear[count:]
        return count

    def _open_next(self) -> bytes:
        sealed, self._next = self._next, self._take()
        clear = open_sealed(self._key, sealed, place(self._id, self._number, not self._next))
        self._number += 1
        return clear

    def _take(self) -> bytes:
        length = int.from_bytes(self._file.read(LENGTH_BYTES))
        return self._file.read(min(length, LONGEST))


def place(file_id: str, number: int, last: bool) -> str:
    return f"backup {file_id} piece {number}{' last' if last else ''}"
