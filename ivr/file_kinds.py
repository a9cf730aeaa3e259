"""What a file is, told from its content alone: six kinds are known, walked to their end. Pure.

A name or a browser's word for it says nothing. A file of a known kind ends where its own form says
that it ends: what holds a second file in or behind the first is refused.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Callable, Mapping
from enum import StrEnum


class FileKind(StrEnum):
    """What may be sent."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    PDF = "application/pdf"
    TEXT = "text/plain"


class NotKnown(Exception):
    """None of the kinds."""


class NotPure(Exception):
    """It begins as one of the kinds, and is damaged, or something else as well."""


HEAD = 1024
"""Bytes that programs look at to guess what a file is."""
_MARKUP = re.compile(rb"<(?:!doctype|html|head|body|script|iframe|svg|\?php)", re.IGNORECASE)
_ZIP_LIST, _ZIP_END, _ZIP_TAIL = b"PK\x01\x02", b"PK\x05\x06", 65_557
_FOREIGN = re.compile(rb"MZ|\x7fELF|PK\x03\x04|Rar!|7z\xbc\xaf|%PDF-|#!")
"""What stands behind a picture that carries another file."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PDF = re.compile(rb"%PDF-[12]\.\d")
_BLANK = b"\0\t\n\f\r "
_MARKER = re.compile(rb"\xff(?![\x00\xd0-\xd7\xff])")
"""In the picture's data of a JPEG: what is neither data nor a restart of it."""
_SOS, _EOI = 0xDA, 0xD9
_ALONE = {0x01, *range(0xD0, 0xD9)}
"""Markers of a JPEG that nothing belongs to."""
_TEXT_BEGINS = ("#!", "%!PS", "{\\rtf")
"""Programs, and documents that are programs, written in letters."""


def recognised(content: bytes) -> tuple[FileKind, bytes]:
    """The kind, and the content up to its end. Raises `NotKnown`, `NotPure`."""
    for is_one, kind in _SIGNS:
        if is_one(content):
            try:
                whole = content[: _ENDS[kind](content)]
            except (IndexError, ValueError):
                raise NotPure from None
            if _MARKUP.search(whole[:HEAD]) or _is_zip(whole):
                raise NotPure
            return kind, whole
    _check_text(content)
    return FileKind.TEXT, content


def _is_zip(content: bytes) -> bool:
    """Zip files, and all that are made of one, are read from their end."""
    return _ZIP_END in content[-_ZIP_TAIL:] and _ZIP_LIST in content


# ---------------------------------------------------------------- where each ends


def _png_end(content: bytes) -> int:
    at, kinds = len(_PNG), list[bytes]()
    while not kinds or kinds[-1] != b"IEND":
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        body, sum_ = content[at + 4 : at + 8 + length], content[at + 8 + length : at + 12 + length]
        if len(sum_) < 4 or zlib.crc32(body) != int.from_bytes(sum_):
            raise ValueError
        kinds.append(kind)
        at += 12 + length
    if kinds[0] != b"IHDR" or b"IDAT" not in kinds or at != len(content):
        raise ValueError
    return at


def _jpeg_end(content: bytes) -> int:
    """Cameras write a good deal behind their pictures: it is left off, unless it is a file."""
    at, seen = 2, False
    while True:
        while content[at] == content[at + 1] == 0xFF:
            at += 1
        if content[at] != 0xFF:
            raise ValueError
        marker, at = content[at + 1], at + 2
        if marker == _EOI:
            break
        if marker in _ALONE:
            continue
        at += max(2, int.from_bytes(content[at : at + 2]))
        if marker == _SOS:
            found, seen = _MARKER.search(content, at), True
            if found is None:
                raise ValueError
            at = found.start()
    tail = content[at:]
    if not seen or _FOREIGN.match(tail) or _MARKUP.search(tail) or _is_zip(tail):
        raise ValueError
    return at


def _gif_end(content: bytes) -> int:
    at, seen = 13 + _colours(content[10]), False
    while content[at] != 0x3B:
        if content[at] == 0x2C:
            at, seen = at + 11 + _colours(content[at + 9]), True
        elif content[at] == 0x21:
            at += 2
        else:
            raise ValueError
        while content[at]:
            at += 1 + content[at]
        at += 1
    if not seen or content[at + 1 :].strip(b"\0"):
        raise ValueError
    return at + 1


def _colours(flags: int) -> int:
    """Bytes of the table of colours that follows."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _webp_end(content: bytes) -> int:
    end = 8 + int.from_bytes(content[4:8], "little")
    if end != len(content) or content[12:16] not in (b"VP8 ", b"VP8L", b"VP8X"):
        raise ValueError
    at = 12
    while at < end:
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + length + length % 2
    if at != end:
        raise ValueError
    return end


def _pdf_end(content: bytes) -> int:
    if content[content.rindex(b"%%EOF") + 5 :].strip(_BLANK):
        raise ValueError
    return len(content)


_SIGNS: tuple[tuple[Callable[[bytes], object], FileKind], ...] = (
    (lambda content: content.startswith(_PNG), FileKind.PNG),
    (lambda content: content.startswith(b"\xff\xd8\xff"), FileKind.JPEG),
    (lambda content: content[:6] in (b"GIF87a", b"GIF89a"), FileKind.GIF),
    (lambda content: content[:4] == b"RIFF" and content[8:12] == b"WEBP", FileKind.WEBP),
    (_PDF.match, FileKind.PDF),
)
_ENDS: Mapping[FileKind, Callable[[bytes], int]] = {
    FileKind.PNG: _png_end, FileKind.JPEG: _jpeg_end, FileKind.GIF: _gif_end,
    FileKind.WEBP: _webp_end, FileKind.PDF: _pdf_end,
}  # fmt: skip


# ---------------------------------------------------------------- text


def _check_text(content: bytes) -> None:
    """Letters alone, in one of the ways in which they are written; and no page, and no program."""
    text = _decoded(content)
    signs = set(text or "\0") - set("\t\n\f\r")
    if text is None or any(unicodedata.category(sign) == "Cc" for sign in signs):
        raise NotKnown
    plain = text.lstrip("\ufeff\t\n\f\r ")
    if not plain or plain.startswith(_TEXT_BEGINS) or re.match(r"<[A-Za-z!?/]", plain):
        raise NotKnown
    if _MARKUP.search(text[:HEAD].encode()):
        raise NotPure


def _decoded(content: bytes) -> str | None:
    is_wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if is_wide else ("utf-8", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
