"""A sealed file opens with its key only, whole and unchanged only."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest

from adapters.stores import sealed_file
from adapters.stores.keys import MasterKey
from adapters.stores.sealed_file import LENGTH_BYTES, MAGIC, SealedReader, SealedWriter
from ivr.ports import StoreRefused

KEY, OTHER = MasterKey(bytes(32)), MasterKey(b"\x01" * 32)
CONTENT = bytes(range(256)) * 2
HEADER = len(MAGIC) + sealed_file.KEY_ID_BYTES + sealed_file.FILE_ID_BYTES


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "PIECE", 100)


def sealed(content: bytes = CONTENT) -> bytes:
    file = io.BytesIO()
    with SealedWriter(file, KEY) as writer:
        for start in range(0, len(content), 37):
            writer.write(content[start : start + 37])
    return file.getvalue()


def opened(content: bytes, *keys: MasterKey) -> bytes:
    file = io.BytesIO(content)
    assert file.read(len(MAGIC)) == MAGIC
    return io.BufferedReader(SealedReader(file, keys or (OTHER, KEY))).read()


def pieces(content: bytes) -> list[bytes]:
    """The sealed pieces with their lengths, after the header."""
    found, at = [], HEADER
    while at < len(content):
        length = LENGTH_BYTES + int.from_bytes(content[at : at + LENGTH_BYTES])
        found.append(content[at : at + length])
        at += length
    return found


@pytest.mark.parametrize("length", [0, 1, 99, 100, 101, 200, 512])
def test_content_of_any_length_comes_back(length: int) -> None:
    assert opened(sealed(CONTENT[:length])) == CONTENT[:length]


def test_without_the_key_it_is_refused() -> None:
    with pytest.raises(StoreRefused, match="--master-key"):
        opened(sealed(), OTHER)


def test_pieces_left_out_moved_or_from_another_file_are_refused() -> None:
    whole, foreign = sealed(), sealed()
    head, parts = whole[:HEADER], pieces(whole)
    assert len(parts) == 6
    changed = [parts[:n] + parts[n + 1 :] for n in range(len(parts))]
    changed += [[*parts[:n], b, a, *parts[n + 2 :]] for n, (a, b) in enumerate(pairwise(parts))]
    changed += [[*parts[:n], part, *parts[n + 1 :]] for n, part in enumerate(pieces(foreign))]
    for order in changed:
        with pytest.raises(StoreRefused, match="damaged"):
            opened(head + b"".join(order))


def test_every_cut_after_the_header_is_refused_or_empty() -> None:
    whole = sealed()
    assert opened(whole[:HEADER]) == b""
    for length in range(HEADER + LENGTH_BYTES + 1, len(whole)):
        with pytest.raises(StoreRefused):
            opened(whole[:length])
