"""Takes files for chats in: whether it may be sent, its content at a bounded pace, what it is, and
then its line. The web process does it, for customers and for agents alike.

Nothing of a file is kept before all of it is there and is one of the kinds. Asked again with the
sender's own id, whatever was lost in between, there is one file and one line.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from acd.model import Seconds
from ivr.chat_files import FileId, FileLimits, FileStore, NoRoom, Unfit, Why, safe_name
from ivr.file_kinds import FileKind, NotKnown, NotPure, recognised
from ivr.ports import Core, CoreRefused, PersonId, StoreFailed

log = logging.getLogger(__name__)

AT_ONCE, AT_ONCE_EACH = 16, 4
"""Files that are on their way at once, in all and of one sender: each is in memory."""
SILENT_SECONDS: Seconds = 15.0
"""So long nothing of it may come."""
LONGEST_SECONDS: Seconds = 180.0
FIRST_SECONDS, LEAST_PACE = 20.0, 8192.0
"""After so many seconds as many bytes a second must have come."""


class Uploads:
    """One for the web process."""

    def __init__(
        self,
        store: FileStore,
        limits: FileLimits,
        monotonic: Callable[[], Seconds] = time.monotonic,
    ) -> None:
        self.store, self.limits = store, limits
        self._monotonic = monotonic
        self._inside: Counter[str] = Counter()

    async def take(
        self, core: Core, sender: str, asked: Mapping[str, str], name: str,
        chunks: AsyncIterator[bytes], length: int | None,
    ) -> Mapping[str, Any]:  # fmt: skip
        """The line of this file: `contact`, `number`, `at`, `file`. `sender`: whom limits count it
        for; `asked`: who sends it, and by which id; `length`: in bytes, as far as it was told.

        Raises `Unfit`, and what the core raises."""
        if length is not None and length > self.limits.bytes:
            raise Unfit(Why.SIZE)
        with self._room(sender):
            look = _granted(await core.ask("chat file look", **asked))
            if "number" in look:
                return look
            kind, content = await _of_a_kind(await self._whole(chunks))
            person, id_ = PersonId(look["person"]), FileId(look["file"]["id"])
            kept = await self._keep(person, id_, content)
            if kept != content:  # another one by this id was first
                kind, _ = await _of_a_kind(kept)
            told = {"name": safe_name(name, kind), "type": str(kind), "bytes": len(kept)}
            sent = _granted(await core.ask("chat file send", **asked, **told))
        log.info("file sent", extra={"contact": sent["contact"], "file": id_})
        return sent

    async def _whole(self, chunks: AsyncIterator[bytes]) -> bytes:
        """All of it, if it comes quickly enough and is not too much."""
        content, began = bytearray(), self._monotonic()
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                while True:
                    chunk = await asyncio.wait_for(anext(chunks, None), SILENT_SECONDS)
                    if chunk is None:
                        return bytes(content)
                    content += chunk
                    if len(content) > self.limits.bytes:
                        raise Unfit(Why.SIZE)
                    seconds = self._monotonic() - began - FIRST_SECONDS
                    if seconds > 0 and len(content) < seconds * LEAST_PACE:
                        raise Unfit(Why.SLOW)
        except TimeoutError:
            raise Unfit(Why.SLOW) from None

    async def _keep(self, person: PersonId, id_: FileId, content: bytes) -> bytes:
        try:
            return await self.store.keep(person, id_, content)
        except NoRoom:
            log.warning("no room for files of chats")
            raise Unfit(Why.FULL) from None
        except StoreFailed as fault:
            log.warning("file not kept", extra={"why": str(fault)})
            raise Unfit(Why.AGAIN) from None
        except LookupError:
            raise CoreRefused("this customer is erased") from None

    @contextmanager
    def _room(self, sender: str) -> Iterator[None]:
        if self._inside.total() >= AT_ONCE or self._inside[sender] >= AT_ONCE_EACH:
            raise Unfit(Why.BUSY)
        self._inside[sender] += 1
        try:
            yield
        finally:
            self._inside[sender] -= 1
            if not self._inside[sender]:
                del self._inside[sender]


async def _of_a_kind(content: bytes) -> tuple[FileKind, bytes]:
    if not content:
        raise Unfit(Why.EMPTY)
    try:
        return await asyncio.to_thread(recognised, content)
    except NotKnown:
        raise Unfit(Why.TYPE) from None
    except NotPure:
        raise Unfit(Why.MIXED) from None


def _granted(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if "refused" in answer:
        raise Unfit(Why(answer["refused"]))
    return answer
