"""The lists that set-up works from are whole and fit each other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "lock").glob("*.txt"))


def pins(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_has_its_hash(lock: Path) -> None:
    entries = re.split(r"^(?=[a-z])", lock.read_text(), flags=re.MULTILINE)[1:]
    assert entries and all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_no_lock_names_an_address(lock: Path) -> None:
    assert "://" not in lock.read_text()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_part_tells_its_size_in_the_first_line(lock: Path) -> None:
    first = lock.read_text().splitlines()[0]
    assert re.fullmatch(r"# \d+ MB to load, \d+ MB on disk: \S.*", first)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_parts_agree_on_the_packages_they_share(lock: Path) -> None:
    base, part = pins(ROOT / "lock" / "base.txt"), pins(lock)
    assert {name: part[name] for name in part.keys() & base.keys()} == {
        name: base[name] for name in part.keys() & base.keys()
    }


def test_packages_to_skip_are_expressions_and_none_is_wanted() -> None:
    lines = (ROOT / "asterisk-config" / "packages.txt").read_text().splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    assert {word[0] for word in words} == {"want", "skip"} and all(len(word) == 2 for word in words)
    wanted = [name for verb, name in words if verb == "want"]
    skipped = [re.compile(pattern) for verb, pattern in words if verb == "skip"]
    assert [name for name in wanted if any(skip.fullmatch(name) for skip in skipped)] == []


def test_the_table_of_fixed_releases_names_a_release_of_each_branch() -> None:
    text = (ROOT / "asterisk-config" / "fixed-releases.txt").read_text()
    rows = [line.split() for line in text.splitlines() if not line.startswith("#")]
    assert rows and all(release.startswith(branch) for branch, release in rows)
