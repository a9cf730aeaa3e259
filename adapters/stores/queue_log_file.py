"""The live `queue_log`: a file that others may rename at any time, and a note how far it goes.

The note names the file by its number on the disk (inode) and the length that it had; what stands
there beyond was written just before this process died.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from ivr.ports import StoreFailed
from ivr.queue_log.live import Kept

MODE = 0o640
T = TypeVar("T")


class QueueLogFile:
    """One writer. Opened anew for each batch, so that a file that was renamed stays as it is."""

    def __init__(self, path: Path, note: Path) -> None:
        self._path = path
        self._note = note

    async def kept(self) -> Kept | None:
        """How far the file goes, and how many lines stand there that the note does not know."""
        return await asyncio.to_thread(self._guarded, self._read)

    async def append(self, lines: Sequence[str], kept: Kept) -> None:
        """The lines, then the note; both are on the disk when this returns."""
        await asyncio.to_thread(self._guarded, lambda: self._append(lines, kept))

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (OSError, ValueError, KeyError) as fault:
            raise StoreFailed(f"{self._path.name}: {fault}") from fault

    def _read(self) -> Kept | None:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        beyond = self._beyond(note["inode"], note["size"])
        return Kept(note["seq"], note["state"], beyond)

    def _beyond(self, inode: int, size: int) -> int:
        """Whole lines of that file after this length, wherever it was renamed to; what a power cut
        has left of one more is cut off."""
        for path in self._path.parent.glob(f"{self._path.name}*"):
            if path.stat().st_ino != inode or path == self._note:
                continue
            with path.open("rb+") as file:
                file.seek(size)
                tail = file.read()
                whole = tail.rfind(b"\n") + 1
                if whole < len(tail):
                    file.truncate(size + whole)
            return tail.count(b"\n")
        return 0

    def _append(self, lines: Sequence[str], kept: Kept) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, MODE)
        try:
            left = "".join(f"{line}\n" for line in lines).encode()
            while left:
                left = left[os.write(number, left) :]
            if lines:
                os.fsync(number)
            file = os.fstat(number)
        finally:
            os.close(number)
        self._write_note(kept, file.st_ino, file.st_size)

    def _write_note(self, kept: Kept, inode: int, size: int) -> None:
        note = {"seq": kept.seq, "inode": inode, "size": size, "state": kept.state}
        spare = self._note.with_name(f".{self._note.name}.new")
        with spare.open("w", encoding="utf-8") as file:
            file.write(json.dumps(note))
            file.flush()
            os.fsync(file.fileno())
        spare.replace(self._note)
