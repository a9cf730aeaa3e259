"""What may be wrong with a backup, and that it is found before anything is touched."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from adapters.stores.backup import backup
from adapters.stores.restore import restore
from ivr.ports import StoreRefused
from ivr.settings import Settings
from tests.stored_centre import fill


async def test_an_empty_centre_has_nothing_to_back_up(centre: Settings, tmp_path: Path) -> None:
    with pytest.raises(StoreRefused, match="nothing to back up"):
        await backup(centre, tmp_path / "a.tar.gz")
    assert list(tmp_path.glob("a*")) == []


async def test_a_damaged_database_is_not_backed_up(centre: Settings, tmp_path: Path) -> None:
    await fill(centre, records=5000)
    core = centre.data / "core.db"
    with core.open("r+b") as damaged:
        damaged.seek(core.stat().st_size // 2)
        damaged.write(bytes(8192))
    with pytest.raises(StoreRefused, match=r"damaged|malformed"):
        await backup(centre, tmp_path / "a.tar.gz")
    assert list(tmp_path.glob("a*")) == []


@pytest.mark.parametrize("with_keys", [True, False])
async def test_a_damaged_or_cut_archive_is_refused_before_anything_happens(
    centre: Settings, elsewhere: Settings, tmp_path: Path, with_keys: bool
) -> None:
    await fill(centre)
    archive, key = tmp_path / "a.backup", centre.secrets / "master-key"
    await backup(centre, archive, with_keys=with_keys)
    whole = archive.read_bytes()
    for share in (0.01, 0.3, 0.5, 0.7, 0.99):
        at = int(len(whole) * share)
        for content in (whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :], whole[:at]):
            archive.write_bytes(content)
            with pytest.raises(StoreRefused, match=r"damaged"):
                await restore(elsewhere, archive, master_key=key)
    assert not any(elsewhere.data.parent.iterdir())


@pytest.mark.parametrize("name", ["files/centre.yaml", "databases/core.db", "manifest.json"])
async def test_an_archive_that_lacks_a_member_is_refused(
    archive: Path, elsewhere: Settings, name: str
) -> None:
    less = archive.with_name("less.tar.gz")
    rewrite(archive, less, leave_out=name)
    with pytest.raises(StoreRefused, match="missing"):
        await restore(elsewhere, less)


@pytest.mark.parametrize("name", ["../outside", "/tmp/outside", "files/../../outside"])
async def test_a_member_that_leads_outside_is_refused(
    tmp_path: Path, elsewhere: Settings, name: str
) -> None:
    with tarfile.open(tmp_path / "evil.tar.gz", "w:gz") as tar:
        tar.addfile(tarfile.TarInfo(name))
    with pytest.raises(StoreRefused, match="no plain file"):
        await restore(elsewhere, tmp_path / "evil.tar.gz")


def rewrite(source: Path, target: Path, *, leave_out: str) -> None:
    """Copy an open archive without one member."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            if member.name != leave_out:
                new.addfile(member, old.extractfile(member))
