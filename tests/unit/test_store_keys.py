"""The vault's keys: what opens what, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapters.stores.keys import KeyRing, MasterKey, open_sealed, seal
from ivr.ports import StoreRefused

KEY = bytes(32)


def test_what_is_sealed_opens_again() -> None:
    assert (
        open_sealed(KEY, seal(KEY, "张三".encode(), "per_1 name"), "per_1 name").decode() == "张三"
    )


def test_sealing_twice_gives_different_bytes() -> None:
    assert seal(KEY, b"x", "a") != seal(KEY, b"x", "a")


def test_a_field_moved_to_another_place_is_refused() -> None:
    with pytest.raises(StoreRefused, match="per_2 name"):
        open_sealed(KEY, seal(KEY, b"x", "per_1 name"), "per_2 name")


def test_every_flipped_bit_is_refused() -> None:
    sealed = seal(KEY, b"secret", "per_1 name")
    for bit in range(len(sealed) * 8):
        flipped = bytearray(sealed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(StoreRefused):
            open_sealed(KEY, bytes(flipped), "per_1 name")


@pytest.mark.parametrize("length", range(len(seal(KEY, b"secret", "x"))))
def test_every_shortened_text_is_refused(length: int) -> None:
    with pytest.raises(StoreRefused):
        open_sealed(KEY, seal(KEY, b"secret", "x")[:length], "x")


def test_two_master_keys_share_nothing() -> None:
    one, other = MasterKey(bytes(32)), MasterKey(b"\x01" * 32)
    assert one.id != other.id
    assert one.blind("+8613800138000") != other.blind("+8613800138000")
    with pytest.raises(StoreRefused):
        other.unwrap(one.wrap(KEY, "per_1"), "per_1")


def test_the_master_key_is_256_bits_that_only_we_may_read(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "secrets")
    ring.make()
    assert len(bytes.fromhex(ring.path.read_text())) == 32
    assert ring.path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in ring.path.parent.iterdir()] == ["master-key"]


def test_making_the_key_twice_keeps_the_first(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path)
    ring.make()
    first = ring.current.id
    ring.make()
    assert KeyRing(tmp_path).current.id == first


def test_a_missing_key_is_never_made_on_the_way(tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match=r"master-key is missing: copy it back"):
        _ = KeyRing(tmp_path).current
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "00", "zz" * 32, "00" * 16])
def test_a_file_that_is_no_key_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "master-key").write_text(content)
    with pytest.raises(StoreRefused, match="not a master key"):
        _ = KeyRing(tmp_path).current


def test_a_change_of_keys_is_noticed_by_a_ring_that_is_open(tmp_path: Path) -> None:
    ring, other = KeyRing(tmp_path), KeyRing(tmp_path)
    ring.make()
    old = ring.current.id
    other.change()
    assert ring.current.id == other.current.id != old
    assert ring.find(old).id == old


def test_a_change_cut_off_at_any_point_is_taken_up_again(tmp_path: Path) -> None:
    KeyRing(tmp_path).make()
    os.link(tmp_path / "master-key", tmp_path / "master-key.before")  # died right after this
    (tmp_path / "master-key.new").write_text("half")
    ring = KeyRing(tmp_path)
    ring.change()
    new = ring.current.id
    ring.change()  # died before `retire`
    assert ring.current.id == new
    assert len(ring.all()) == 2
