"""What the telephony side and the packages side of set-up refuse, forgive and say."""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
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
        program = folder / name.replace("_", "-")
        program.unlink(missing_ok=True)  # what it links to stays as it is
        program.write_text(f"#!/bin/sh\n{script}\n")
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


DISK = """echo Filesystem blocks used free
[ -e {full} ] && echo disk 9000000 9000000 0 || echo disk 9000000 0 5000000"""
FULL = "touch {full}; echo 'No space left on device' >&2; exit 1"


def test_a_disk_that_is_full_while_asterisk_is_unpacked_is_the_reason_told(tmp_path: Path) -> None:
    if not Path("/usr/share/keyrings/debian-archive-keyring.gpg").exists():
        pytest.skip("not a Debian")
    home, full, debs = tmp_path / "home", tmp_path / "full", tmp_path / "debs"
    (home / "tools-old").mkdir(parents=True)
    (home / "tools").symlink_to("tools-old")
    debs.mkdir()
    (debs / "one.deb").write_text("a package")
    told = f"'http://debian.invalid/one.deb' one.deb 9 SHA256:{sha256(b'a package').hexdigest()}"
    lists = f"""case "$*" in
        *indextargets*) echo "http://debian.invalid/debian/" ;;
        *update*) echo "Fetched 10.2 MB in 1s (9 MB/s)" ;;
        *print-uris*) echo "{told}" ;;
    esac"""
    path = commands(
        tmp_path / "bin", apt_get=lists, df=DISK.format(full=full), dpkg_deb=FULL.format(full=full)
    )
    status, said = side(
        "asterisk-config/obtain.sh", "tools", str(home), path=path, HOTLINE_DEBS=str(debs)
    )
    assert status == 1 and "unpacking" in said
    assert "STOPPED: the disk is full: make room" in said and "HOTLINE_HOME" in said
    assert sorted(home.glob("tools*")) == [home / "tools", home / "tools-old"]
    assert (home / "tools").readlink() == Path("tools-old")


def test_a_disk_that_is_full_while_packages_are_installed_is_the_reason_told(
    tmp_path: Path,
) -> None:
    home, full = tmp_path / "home", tmp_path / "full"
    (home / "venv-old").mkdir(parents=True)
    (home / "venv").symlink_to("venv-old")
    python = f"""case "$*" in *"-m venv"*) ;; *) exit 0 ;; esac
for last; do :; done
mkdir -p "$last/half"; {FULL.format(full=full)}"""
    path = commands(tmp_path / "bin", python3=python, df=DISK.format(full=full))
    status, said = side("lock/install.sh", str(home), "base", path=path)
    assert status == 1
    assert "STOPPED: the disk is full: make 250 MB room" in said and "HOTLINE_HOME" in said
    assert sorted(home.glob("venv*")) == [home / "venv", home / "venv-old"]
    assert (home / "venv").readlink() == Path("venv-old")


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
