"""Where published versions of flows are kept: `HOTLINE_DATA/flows/published`. Nothing is changed.

`NAME/0003/NAME.yaml` is the flow, a file like any other, and beside it are the flows that it calls
as they were then; `NAME/0003/record.json` says who published it, when, why, and what was otherwise;
`NAME/recordings` has the recordings of all versions of this flow by their content. The highest
number is the version in force. A version appears whole, by one renaming; who publishes at the same
time gets the next number.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from acd.model import Seconds
from ivr.calls import beside
from ivr.faults import BadFlow
from ivr.frozen_flow import RECORDINGS, FrozenFlow

PUBLISHED = Path("flows", "published")
RECORD = "record.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
"""As a number of the site file may name a flow."""
_NUMBER = re.compile(r"\d{4,9}")
LOCK = "versions.lock"
LOCK_SECONDS = 10.0
LOCK_LOOK = 0.05
UNFINISHED = ".unfinished"


@dataclass(frozen=True, slots=True)
class Deed:
    """Who publishes, when and why."""

    who: str
    at: Seconds
    why: str
    back_to: int | None = None
    """The older version that is made current again; None: a draft is published."""


class Version(BaseModel):
    """What is written down of one version."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    flow: str
    number: int
    at: Seconds
    who: str
    why: str
    digest: str
    """SHA-256 of the flow's text, which names its recordings by their content, and of those of the
    flows that it calls."""
    back_to: int | None = None
    difference: tuple[str, ...] = ()
    """To the version before, in words; empty for the first."""

    @property
    def name(self) -> str:
        """As calls and logs have it: `main/3`."""
        return f"{self.flow}/{self.number}"


Describe = Callable[[Path, Version | None], Sequence[str]]
"""From the new version's file and the version before, the difference in words; `BadFlow` refuses
the new version."""


class FlowVersions:
    """The versions of all flows of an installation. Every call may block for some milliseconds."""

    def __init__(self, data: Path) -> None:
        """`data`: the data folder."""
        self._folder = data / PUBLISHED

    def flows(self) -> list[str]:
        """The names of the flows that have been published."""
        if not self._folder.is_dir():
            return []
        names = (path.name for path in self._folder.iterdir() if NAME.fullmatch(path.name))
        return sorted(name for name in names if self._numbers(name))

    def newest(self, name: str) -> Version | None:
        """The version in force; None when the flow was never published."""
        numbers = self._numbers(name)
        return self._read(name, numbers[-1]) if numbers else None

    def history(self, name: str) -> list[Version]:
        """Every version, the oldest first."""
        return [self._read(name, number) for number in self._numbers(name)]

    def find(self, name: str, number: int) -> Version | None:
        """One version; None when there is no such."""
        return self._read(name, number) if number in self._numbers(name) else None

    def file(self, version: Version) -> Path:
        """The version's flow; `BadFlow` when it is not what was published."""
        file = self._file(version)
        if self.frozen(version).digest != version.digest:
            raise BadFlow([f"{file}: was changed after it was published; publish the flow anew"])
        return file

    def frozen(self, version: Version) -> FrozenFlow:
        """A version as something to publish; its recordings are here already. `BadFlow` when it
        cannot be read."""
        file = self._file(version)
        try:
            texts = {name: path.read_text(encoding="utf-8") for name, path in beside(file).items()}
            return FrozenFlow(file.read_text(encoding="utf-8"), called={
                name: text for name, text in texts.items() if name != version.flow
            })  # fmt: skip
        except (OSError, UnicodeDecodeError) as fault:
            raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault

    def called(self, version: Version) -> list[str]:
        """The flows that this version calls."""
        return [name for name in beside(self._file(version)) if name != version.flow]

    def _file(self, version: Version) -> Path:
        return self._place(version.flow, version.number) / f"{version.flow}.yaml"

    def add(self, name: str, flow: FrozenFlow, deed: Deed, describe: Describe) -> Version:
        """Write the next version, whole or not at all; raises `BadFlow` and `OSError`."""
        folder = self._folder / name
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync(self._folder)
            _sync(self._folder.parent)
        with _alone(folder / LOCK):
            unfinished = folder / UNFINISHED
            shutil.rmtree(unfinished, ignore_errors=True)  # of one that was killed
            try:
                version = self._write(unfinished, name, flow, deed, describe)
                unfinished.rename(self._place(name, version.number))
                _sync(folder)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
        return version

    def _write(
        self, folder: Path, name: str, flow: FrozenFlow, deed: Deed, describe: Describe
    ) -> Version:
        recordings = folder.parent / RECORDINGS
        for called, content in flow.recordings.items():
            if not (recordings / called).exists():
                recordings.mkdir(exist_ok=True)
                _put(recordings / f".{called}", content)
                (recordings / f".{called}").rename(recordings / called)
                _sync(recordings)
        folder.mkdir()
        file = folder / f"{name}.yaml"
        for called, text in {**flow.called, name: flow.text}.items():
            _put(folder / f"{called}.yaml", text.encode())
        before = self.newest(name)
        version = Version(
            flow=name,
            number=before.number + 1 if before else 1,
            at=deed.at,
            who=deed.who,
            why=deed.why,
            digest=flow.digest,
            back_to=deed.back_to,
            difference=tuple(describe(file, before)),
        )
        _put(folder / RECORD, version.model_dump_json(indent=1).encode())
        _sync(folder)
        return version

    def _numbers(self, name: str) -> list[int]:
        folder = self._folder / name
        if not NAME.fullmatch(name) or not folder.is_dir():
            return []
        return sorted(int(path.name) for path in folder.iterdir() if _NUMBER.fullmatch(path.name))

    def _place(self, name: str, number: int) -> Path:
        return self._folder / name / f"{number:04d}"

    def _read(self, name: str, number: int) -> Version:
        file = self._place(name, number) / RECORD
        try:
            return Version.model_validate_json(file.read_bytes())
        except (OSError, ValidationError) as fault:
            raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """One at a time, however many publish; a process that dies leaves nothing behind."""
    with lock.open("a") as held:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise BadFlow([f"{lock}: somebody else is publishing this flow"]) from None
                time.sleep(LOCK_LOOK)
        yield


def _put(path: Path, content: bytes) -> None:
    """A file that is on the disk when this returns, and that nobody is meant to write again."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
