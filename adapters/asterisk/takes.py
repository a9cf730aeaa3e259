"""Recordings while they are made: Asterisk writes them in the clear, into a folder of their own.

They are read as soon as they are whole, and deleted. Deleting a file does not wipe the disk under
it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

from acd.model import Seconds
from adapters.asterisk.agi import CallAgi
from ivr.ports import LineFailed, Take

log = logging.getLogger(__name__)

TONE = "tone.wav"
MORE_SECONDS: Seconds = 2.0
"""For the tone, and for looking through what was said."""


def forget(folder: Path) -> None:
    """Delete what a process that is gone has left."""
    for path in folder.glob("take-*"):
        path.unlink(missing_ok=True)


def tone_in(folder: Path | None) -> tuple[Path, str]:
    """The folder and the tone in it, as Asterisk names it; made when it is not there. Raises
    `LineFailed` where there is no folder for recordings."""
    if folder is None:
        raise LineFailed("there is no folder for recordings")
    from voice.recorded import as_wav, tone  # takes time that a start does not have

    path = folder / TONE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        spare = path.with_name(f".{TONE}.{os.urandom(4).hex()}")
        spare.write_bytes(as_wav(tone()))
        spare.chmod(0o644)  # Asterisk may run as another user
        spare.replace(path)
    return folder, str(path.with_suffix(""))


def take(agi: CallAgi, folder: Path, seconds: Seconds, pause: int, ends_with: str) -> Take:
    """Record from now on. Blocks; raises `LineFailed` when Asterisk cannot write there, and
    `CallerGone` from who left before it began."""
    from voice.recorded import spoken

    path = folder / f"take-{os.urandom(16).hex()}.sln"
    try:
        gone = agi.record(str(path.with_suffix("")), "sln", ends_with, seconds, pause)
        sound = path.read_bytes()
    except OSError as error:
        raise LineFailed(f"the recording cannot be read: {error.strerror}") from error
    finally:
        path.unlink(missing_ok=True)
    return Take(sound, spoken(sound), gone)
