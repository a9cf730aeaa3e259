"""Files of chats in memory, as core and web process keep them, and small files of every kind."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from acd.model import Seconds
from ivr.chat_files import FileId, KeptFile, NoRoom
from ivr.ports import PersonId, StoreFailed


@dataclass
class MemoryFiles:
    """A `FileShelf` and a `FileStore`. While `full` it has no room, while `failing` it fails."""

    now: Callable[[], Seconds]
    contents: dict[tuple[PersonId, FileId], bytes] = field(default_factory=dict)
    at: dict[tuple[PersonId, FileId], Seconds] = field(default_factory=dict)
    erased: set[PersonId] = field(default_factory=set)
    full: bool = False
    failing: bool = False

    async def has(self, person: PersonId, id_: FileId) -> bool:
        return (person, id_) in self.contents

    async def kept(self) -> Sequence[KeptFile]:
        if self.failing:
            raise StoreFailed("files of chats: input/output error")
        return [KeptFile(person, id_, at) for (person, id_), at in self.at.items()]

    async def drop(self, file: KeptFile) -> None:
        self.contents.pop((file.person, file.id), None)
        self.at.pop((file.person, file.id), None)

    async def keep(self, person: PersonId, id_: FileId, content: bytes) -> bytes:
        if person in self.erased:
            raise LookupError("erased")
        if self.full:
            raise NoRoom("full")
        if self.failing:
            raise StoreFailed("files of chats: input/output error")
        self.at[person, id_] = self.now()
        return self.contents.setdefault((person, id_), content)

    async def open(self, person: PersonId, id_: FileId) -> bytes | None:
        return None if person in self.erased else self.contents.get((person, id_))


# ---------------------------------------------------------------- files


def chunk(kind: bytes, body: bytes) -> bytes:
    """Of a PNG."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*more: bytes, filler: int = 0) -> bytes:
    """One grey dot; `more`: chunks before it, `filler`: bytes in one of them."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    dot = chunk(b"IDAT", zlib.compress(b"\0\x80"))
    fill = chunk(b"fiLl", b"\x11" * filler) if filler else b""
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + fill + dot + chunk(b"IEND", b"")


GIF = (
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0"
    b"\x02\x02D\x01\0;"
)
_TABLE = b"\xff\xdb\0C\0" + b"\x08" * 64
_FRAME = b"\xff\xc0\0\x0b\x08\0\x01\0\x01\x01\x01\x11\0"
_CODES = b"\xff\xc4\0\x14\0\x01" + b"\0" * 15 + b"\x03"
_SCAN = b"\xff\xda\0\x08\x01\x01\0\0?\x00" + b"7\xff\x00\xff\xd0\xff\xd9"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0" + _TABLE + _FRAME + _CODES + _SCAN


def webp(*more: bytes) -> bytes:
    """A picture that VP8L would be; `more`: chunks behind it."""
    body = b"WEBPVP8L" + struct.pack("<I", 14) + b"/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"
    body += b"".join(more)
    return b"RIFF" + struct.pack("<I", len(body)) + body


PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>"
    b"endobj\nxref\n0 3\n0000000000 65535 f \n0000000009 00000 n \n0000000052 00000 n \n"
    b"trailer<</Size 3/Root 1 0 R>>\nstartxref\n99\n%%EOF\n"
)
TEXT = "我的卡丢了，请看附件。\r\nMy card is gone.\n".encode()
