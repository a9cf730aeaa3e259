"""What the telephony side and the packages side of set-up refuse, forgive and say."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 20.0
COMMANDS = (
    "awk cat cp cut date df dirname dpkg dpkg-deb env flock grep head ln mkdir mv nproc paste "
    "readlink rm sed sh sha256sum sort sync tail tar touch tr wc xargs"
)


def commands(folder: Path, **stand_ins: str) -> str:
    """A PATH with the usual commands, no Python and no apt but the given stand-ins."""
    folder.mkdir()
    for name in COMMANDS.split():
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    for name, script in stand_ins.items():
        (program := folder / name.replace("_", "-")).write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return str(folder)


def side(script: str, *words: str, path: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [ROOT / script, *words], env={"PATH": path, **environment}, capture_output=True, text=True,
        timeout=DEADLINE,
    )  # fmt: skip
    return done.returncode, done.stderr


def test_an_old_python_is_refused_by_name(tmp_path: Path) -> None:
    path = commands(tmp_path / "bin", python3='[ "$1" != -V ] || echo Python 3.9.2; exit 1')
    status, said = side("lock/install.sh", str(tmp_path / "home"), "base", path=path)
    assert status == 1 and "3.11" in said and f"{path}/python3 (Python 3.9.2)" in said


def test_without_python_and_without_packages_the_debian_package_is_named(tmp_path: Path) -> None:
    path = commands(tmp_path / "bin", apt_get="exit 100")
    status, said = side("lock/install.sh", str(tmp_path / "home"), "base", path=path)
    assert status == 1 and "apt-get install python3" in said and " MB" in said


LISTS = """case "$*" in
    *indextargets*) echo "http://debian.invalid/debian/" ;;
    *Valid-Until=true*update*) echo "E: Release file of it is expired."; {more} exit 100 ;;
    *update*) echo "Fetched 10.2 MB in 1s (9 MB/s)" ;;
    *) echo "E: nothing to install" >&2; exit 100 ;;
esac"""


@pytest.mark.parametrize("unsigned", [False, True])
def test_only_the_age_of_a_mirror_is_forgiven_and_with_a_word(
    tmp_path: Path, unsigned: bool
) -> None:
    keys = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
    if not keys.exists() or not shutil.which("dpkg-deb"):
        pytest.skip("not a Debian")
    more = 'echo "W: GPG error: NO_PUBKEY 1234";' if unsigned else ""
    path = commands(tmp_path / "bin", apt_get=LISTS.format(more=more))
    status, said = side("asterisk-config/obtain.sh", "tools", str(tmp_path / "home"), path=path)
    assert status == 1 and ("WARNING: Release file of it" in said) == (not unsigned)
    assert ("NO_PUBKEY" in said) == unsigned
    loaded = tmp_path / "home" / "downloads" / "loaded"
    assert loaded.exists() != unsigned


@pytest.mark.parametrize(
    "version, safe",
    [
        ("22.10.1", True), ("22.10.0", False), ("22.10.1+dfsg+~cs6.17", True), ("22.11.0", True),
        ("23.4.0", False), ("24.0.0", True), ("19.8.1", False), ("20.20.1", True),
        ("20.9.3", False), ("certified/20.7-cert10", False), ("certified-20.7-cert11", True),
        ("GIT-master-1a2b", False), ("", False),
    ],
)  # fmt: skip
def test_an_asterisk_of_the_machine_is_used_only_when_it_is_fixed(version: str, safe: bool) -> None:
    status, _ = side("asterisk-config/obtain.sh", "fixed", version, path=os.environ["PATH"])
    assert (status == 0) == safe
