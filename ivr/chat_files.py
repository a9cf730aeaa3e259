"""Files that are sent in chats: what they are called, how many and how large, and why one is not
taken. Pure but for the ports.

Customers and agents send them alike. The content lies sealed under the customer's data key; the
journal has id, kind and size; the name lies in the vault, where the words of a line would.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, NewType, Protocol
from urllib.parse import quote

from pydantic import Field

from acd.model import ContactId, Seconds
from ivr.file_kinds import FileKind
from ivr.keys import Keys
from ivr.ports import EffectKey, PersonId, StoreFailed

FileId = NewType("FileId", str)
"""`fil_`, digits for the contact, digits for the effect that it was sent in."""
PREFIX, CONTACT_DIGITS, EFFECT_DIGITS = "fil_", 12, 20
LONGEST_NAME = 120
MEGABYTE = 1 << 20


class FileLimits(Keys):
    """Files in chats."""

    megabytes: Annotated[int, Field(ge=1, le=25)] = 5
    """The largest one."""
    a_chat: Annotated[int, Field(ge=0, le=100)] = 10
    """So many a chat from its customer, and as many from agents; 0: none are taken."""

    @property
    def bytes(self) -> int:
        """Of the largest one."""
        return self.megabytes * MEGABYTE


class Why(StrEnum):
    """Why a file is not taken."""

    TYPE = "type"
    MIXED = "mixed"
    EMPTY = "empty"
    SIZE = "size"
    MANY = "many"
    OVER = "over"
    SLOW = "slow"
    BROKEN = "broken"
    BUSY = "busy"
    FULL = "full"
    AGAIN = "again"


class Unfit(Exception):
    """A file that is not taken."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why = why


STATUS: Mapping[Why, int] = {
    Why.TYPE: 415, Why.MIXED: 415, Why.EMPTY: 415, Why.SIZE: 413, Why.MANY: 409, Why.OVER: 409,
    Why.SLOW: 408, Why.BROKEN: 400, Why.BUSY: 429, Why.FULL: 507, Why.AGAIN: 503,
}  # fmt: skip
"""What each is over HTTP."""
SENTENCES: Mapping[Why, Mapping[str, str]] = {
    Why.TYPE: {
        "en": "Only pictures (PNG, JPEG, GIF, WebP), PDF and plain text can be sent.",
        "zh": "只能发送图片（PNG、JPEG、GIF、WebP）、PDF 和纯文本。",
    },
    Why.MIXED: {
        "en": "This file is damaged, or holds something besides what it seems: save it anew.",
        "zh": "这个文件已损坏，或夹带了其他内容：请重新保存后再发送。",
    },
    Why.EMPTY: {"en": "This file is empty.", "zh": "这个文件是空的。"},
    Why.SIZE: {
        "en": "A file may have {megabytes} MB at most.",
        "zh": "每个文件不能超过 {megabytes} MB。",
    },
    Why.MANY: {
        "en": "No more than {a_chat} files can be sent in one chat.",
        "zh": "一次聊天最多只能发送 {a_chat} 个文件。",
    },
    Why.OVER: {
        "en": "This chat is over: no file can be sent in it.",
        "zh": "聊天已经结束，不能再发送文件。",
    },
    Why.SLOW: {
        "en": "The file came too slowly: try again on a better line.",
        "zh": "上传太慢，请换个网络再试。",
    },
    Why.BROKEN: {
        "en": "The file did not come whole: send it again.",
        "zh": "文件没有传完，请重新发送。",
    },
    Why.BUSY: {
        "en": "Many files are being sent just now: try again in a moment.",
        "zh": "现在发送文件的人较多，请稍后再试。",
    },
    Why.FULL: {
        "en": "No file can be taken just now, there is no room: write instead.",
        "zh": "现在没有空间接收文件，请先用文字说明。",
    },
    Why.AGAIN: {
        "en": "The file was not kept just now: send it again.",
        "zh": "文件暂时没有保存成功，请重新发送。",
    },
}


def refusal(why: Why, limits: FileLimits) -> dict[str, Any]:
    """A problem, with a sentence for people in each language."""
    of = {"megabytes": limits.megabytes, "a_chat": limits.a_chat}
    say = {language: text.format(**of) for language, text in SENTENCES[why].items()}
    title = "File not taken"
    return {
        "type": "about:blank", "title": title, "status": STATUS[why], "detail": say["en"],
        "why": why, "say": say,
    }  # fmt: skip


# ---------------------------------------------------------------- names


ENDINGS: Mapping[FileKind, tuple[str, ...]] = {
    FileKind.PNG: (".png",), FileKind.JPEG: (".jpg", ".jpeg"), FileKind.GIF: (".gif",),
    FileKind.WEBP: (".webp",), FileKind.PDF: (".pdf",), FileKind.TEXT: (".txt",),
}  # fmt: skip
_TURNING = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Signs that turn the direction of what follows: `gpj.exe` is shown as `exe.jpg` by them."""


def safe_name(given: str, kind: FileKind) -> str:
    """What the file is called: a name alone, as it was given as far as it can be, with the ending
    of its kind, so that no machine takes it for anything else."""
    alone = given.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in alone if sign not in _TURNING and _is_plain(sign))
    name = " ".join(plain.split()).strip(". ") or "file"
    ending = next((one for one in ENDINGS[kind] if name.lower().endswith(one)), None)
    if ending is None or len(name) == len(ending):
        name, ending = name + ENDINGS[kind][0], ENDINGS[kind][0]
    room = LONGEST_NAME - len(ending)
    return name[: len(name) - len(ending)][:room] + name[len(name) - len(ending) :]


def _is_plain(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


def file_id(contact: ContactId, effect: EffectKey) -> FileId:
    """What the file of this effect is called: sent again, it is the same one."""
    return FileId(files_of(contact) + sha256(effect.encode()).hexdigest()[:EFFECT_DIGITS])


def files_of(contact: ContactId) -> str:
    """How the ids of all files of a contact begin."""
    return PREFIX + sha256(contact.encode()).hexdigest()[:CONTACT_DIGITS]


ID = rf"^{PREFIX}[0-9a-f]{{{CONTACT_DIGITS + EFFECT_DIGITS}}}$"


def headers(name: str) -> Mapping[str, str]:
    """How a file is handed out: to be kept, never to be shown or run where it came from."""
    plain, whole = re.sub(r"[^A-Za-z0-9._-]", "_", name), quote(name, safe="")
    return {
        "content-type": "application/octet-stream",
        "content-disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{whole}",
        "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "no-store",
    }


# ---------------------------------------------------------------- ports


class NoRoom(StoreFailed):
    """The disk is as full as files of chats may make it."""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file that is kept."""

    person: PersonId
    id: FileId
    at: Seconds
    """When it was written, or asked for again (UTC)."""


class FileShelf(Protocol):
    """What is kept, whatever is in it."""

    async def has(self, person: PersonId, id_: FileId) -> bool: ...

    async def kept(self) -> Sequence[KeptFile]:
        """Every one; also what was begun to be written, and was not finished."""

    async def drop(self, file: KeptFile) -> None:
        """Remove it. Raises `StoreFailed`."""


class FileStore(Protocol):
    """Where contents lie, sealed under the data key of each customer."""

    async def keep(self, person: PersonId, id_: FileId, content: bytes) -> bytes:
        """Keep it, durably when this returns, and give what is kept: of two by one id the first
        stays. Raises `NoRoom`, `StoreFailed`; LookupError for somebody who is erased."""

    async def open(self, person: PersonId, id_: FileId) -> bytes | None:
        """None: there is none, or its person is erased. Raises `StoreFailed`, `StoreRefused`."""
