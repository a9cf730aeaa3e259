"""A backup's file: a compressed tar, sealed or not, that ends with a list of members and sums."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, cast

from adapters.stores.keys import MasterKey
from adapters.stores.sealed_file import MAGIC, SealedReader, SealedWriter
from ivr.ports import StoreRefused

FORMAT = 1
MANIFEST = "manifest.json"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup."""

    made_at: str
    hotline: str
    schemas: dict[str, str]
    """part -> schema revision of its database."""
    key_id: str
    """The master key of the vault in it."""
    with_keys: bool
    sums: dict[str, str] = field(default_factory=dict)
    """member -> SHA-256."""
    format: int = FORMAT


class ArchiveWriter:
    """Adds members, and keeps their sums."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.sums: dict[str, str] = {}

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as long as it is now; what grows meanwhile is cut."""
        with path.open("rb") as source:
            self._add(name, source, os.fstat(source.fileno()).st_size)

    def add_bytes(self, name: str, content: bytes) -> None:
        self._add(name, io.BytesIO(content), len(content))

    def _add(self, name: str, source: IO[bytes], size: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode = size, 0o600
        summed = _Summed(source)
        self._tar.addfile(member, summed)
        self.sums[name] = summed.sum.hexdigest()


class _Summed(io.RawIOBase):
    """A file that is summed up while it is read."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.sum = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._source.read(size)
        self.sum.update(chunk)
        return chunk


@contextmanager
def written(target: Path, key: MasterKey | None) -> Iterator[ArchiveWriter]:
    """Write an archive, sealed under `key` if there is one; it appears when it is whole."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    try:
        with part.open("wb") as file:
            with (
                SealedWriter(file, key) if key else nullcontext(file) as sealed,
                gzip.GzipFile("", "wb", 3, cast(IO[bytes], sealed)) as packed,
                tarfile.open(fileobj=packed, mode="w|") as tar,
            ):
                yield ArchiveWriter(tar)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def add_manifest(archive: ArchiveWriter, manifest: Manifest) -> None:
    text = json.dumps(asdict(manifest), ensure_ascii=False, indent=1)
    archive.add_bytes(MANIFEST, text.encode())


def unpack(source: Path, folder: Path, keys: Sequence[MasterKey]) -> Manifest:
    """Unpack into an empty folder, every member checked.

    Raises `StoreRefused` when none of the keys opens it, or something in it is not right.
    """
    try:
        with source.open("rb") as file, opened(file, keys) as packed:
            return _unpack_all(source, packed, folder)
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise damaged(source, str(error)) from error


def opened(file: IO[bytes], keys: Sequence[MasterKey]) -> IO[bytes]:
    """The tar within the file, sealed or not."""
    if file.read(len(MAGIC)) == MAGIC:
        return cast(IO[bytes], gzip.GzipFile(fileobj=io.BufferedReader(SealedReader(file, keys))))
    file.seek(0)
    return cast(IO[bytes], gzip.GzipFile(fileobj=file))


def _unpack_all(source: Path, packed: IO[bytes], folder: Path) -> Manifest:
    sums: dict[str, str] = {}
    manifest = b""
    with tarfile.open(fileobj=packed, mode="r|") as tar:
        for member in tar:
            if member.name == MANIFEST:
                manifest = _content(tar, member).read()
            else:
                sums[member.name] = _unpack_one(tar, member, folder)
    while packed.read(CHUNK):  # to the very end, where gzip's own sum is
        pass
    return _checked(source, manifest, sums)


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> str:
    name = PurePosixPath(member.name)
    if not member.isreg() or name.is_absolute() or ".." in name.parts:
        raise ValueError(f"{member.name!r} is no plain file")
    path = folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    summed = _Summed(_content(tar, member))
    with path.open("wb") as file:
        while chunk := summed.read(CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return summed.sum.hexdigest()


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    if content is None:
        raise ValueError(f"{member.name!r} is no plain file")
    return content


def _checked(source: Path, text: bytes, sums: dict[str, str]) -> Manifest:
    try:
        manifest = Manifest(**json.loads(text))
    except (ValueError, TypeError):
        raise damaged(source, "its list of members is missing") from None
    if manifest.format != FORMAT:
        raise StoreRefused(f"{source.name}: format {manifest.format} is of another Hotline")
    wrong = sorted(name for name, found in sums.items() if manifest.sums.get(name) != found)
    missing = sorted(manifest.sums.keys() - sums.keys())
    if wrong or missing:
        raise damaged(source, f"wrong or missing: {', '.join(wrong + missing)}")
    return manifest


def damaged(source: Path, what: str) -> StoreRefused:
    return StoreRefused(f"{source.name} is damaged ({what}): take another backup")
