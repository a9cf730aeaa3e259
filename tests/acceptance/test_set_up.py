"""`./hotline` prepares a machine once, tells what fails, and takes everything away again.

Stand-ins take the place of what downloads; `clean_root.sh` tries the real thing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 20.0

INSTALL = """#!/bin/sh
set -eu
H=$1; shift
echo "packages $*" >>"$H/calls"
[ ! -e "$H/hold" ] || { touch "$H/held"; while [ -e "$H/hold" ]; do sleep 0.02; done; }
[ ! -e "$H/no-packages" ] || exit 1
N=$H/venv-$$; mkdir -p "$N/bin" "$N/parts"
for part in "$@"; do cp "$(dirname "$0")/$part.txt" "$N/parts/"; done
printf '#!/bin/sh\\necho "ran $*"\\n' >"$N/bin/python"; chmod 755 "$N/bin/python"
ln -sfn "venv-$$" "$H/venv"
"""
OBTAIN = """#!/bin/sh
set -eu
H=$2
echo "$1" >>"$H/calls"
[ "$1" != phones ] || [ ! -e "$H/no-phones" ] || exit 1
[ ! -e "$H/no-tools" ] || { echo "tools: STOPPED: no mirror" >&2; exit 1; }
if [ "$1" = phones ]; then
    mkdir -p "$H/phones/bin"; cp /bin/true "$H/phones/bin/baresip"; exit 0
fi
mkdir -p "$H/tools-1/bin"; cp /bin/sleep "$H/tools-1/bin/asterisk"; ln -sfn tools-1 "$H/tools"
cp "$(dirname "$0")/packages.txt" "$H/tools/.packages"
"""


class Copy:
    """A copy of the source with stand-ins for what downloads."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "source"
        for name in ("lock", "asterisk-config"):
            shutil.copytree(ROOT / name, self.root / name)
        shutil.copy(ROOT / "hotline", self.root)
        self.home = self.root / ".hotline"
        self.data = self.root / "data"
        (self.root / "lock" / "install.sh").write_text(INSTALL)
        (self.root / "asterisk-config" / "obtain.sh").write_text(OBTAIN)

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [self.root / "hotline", *words],
            env={"PATH": os.environ["PATH"], **environment},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip

    def run(self, *words: str, typed: str = "", **environment: str) -> tuple[int, str]:
        process = self.start(*words, **environment)
        said, _ = process.communicate(typed, timeout=DEADLINE)
        return process.returncode, said

    @property
    def calls(self) -> list[str]:
        log = self.home / "calls"
        return sorted(log.read_text().splitlines()) if log.exists() else []

    def make_home(self, *files: str) -> None:
        self.run("status")
        for name in ("calls", *files):
            (self.home / name).write_text("")


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} never came"
        time.sleep(0.01)


# --- preparing --------------------------------------------------------------------------------


def test_the_first_start_prepares_both_sides_and_runs_the_command(copy: Copy) -> None:
    status, said = copy.run("status", "--json")
    assert status == 0 and said.endswith("ran -m adapters.cli status --json\n")
    assert copy.calls == ["packages base", "tools"]


def test_the_second_start_prepares_nothing_and_says_nothing(copy: Copy) -> None:
    copy.make_home()
    started = time.monotonic()
    assert copy.run("status") == (0, "ran -m adapters.cli status\n")
    assert time.monotonic() - started < 3.0 and copy.calls == []


def test_what_python_compiles_is_kept_for_the_next_start(copy: Copy) -> None:
    copy.run("status")
    tells = '#!/bin/sh\necho "$PYTHONPYCACHEPREFIX ${PYTHONDONTWRITEBYTECODE-keeps}"\n'
    (copy.home / "venv" / "bin" / "python").write_text(tells)
    said = copy.run("status", PYTHONDONTWRITEBYTECODE="1")[1]
    assert said == f"{copy.home}/cache/python keeps\n"


def test_a_changed_lock_brings_new_packages_and_nothing_else(copy: Copy) -> None:
    copy.make_home()
    with (copy.root / "lock" / "base.txt").open("a") as lock:
        lock.write("# changed\n")
    assert copy.run("status")[0] == 0 and copy.calls == ["packages base"]


def test_only_test_installs_the_packages_of_tests_and_they_stay(copy: Copy) -> None:
    copy.run("status")
    copy.run("test")
    copy.run("status")
    assert copy.calls == ["packages base", "packages base test", "phones", "tools"]


@pytest.mark.parametrize("words", [("test",), ("setup", "test")])
def test_without_the_tests_telephone_the_rest_goes_on_with_a_word(
    copy: Copy, words: tuple[str, ...]
) -> None:
    copy.make_home("no-phones")
    status, said = copy.run(*words)
    assert status == 0 and "going on without baresip" in said
    (copy.home / "no-phones").unlink()
    assert "baresip" not in copy.run(*words)[1]
    assert copy.calls.count("phones") == 2
    copy.run(*words)
    assert copy.calls.count("phones") == 2  # it is there


def test_help_does_without_the_telephony_side(copy: Copy) -> None:
    assert copy.run("--help")[0] == 0 and copy.calls == ["packages base"]


def test_two_first_starts_at_once_prepare_once(copy: Copy) -> None:
    starts = [copy.start("status") for _ in range(2)]
    said = [process.communicate(timeout=DEADLINE)[0] for process in starts]
    assert all(text.endswith("ran -m adapters.cli status\n") for text in said)
    assert copy.calls == ["packages base", "tools"]


def test_a_side_that_fails_is_told_and_no_command_runs(copy: Copy) -> None:
    copy.home.mkdir()
    (copy.home / ".ours").write_text("")
    (copy.home / "no-tools").write_text("")
    status, said = copy.run("status")
    assert status == 1 and "no mirror" in said and "not ready" in said and "ran" not in said


def test_without_a_mirror_a_service_comes_up_with_the_asterisk_it_has(copy: Copy) -> None:
    copy.make_home("no-tools")
    (copy.root / "asterisk-config" / "packages.txt").write_text("want asterisk\n")
    status, said = copy.run("status")
    assert status == 0 and "WARNING" in said and said.endswith("status\n")
    assert copy.run("setup", "--update")[0] == 1


def test_doctor_runs_although_the_telephony_side_failed(copy: Copy) -> None:
    copy.make_home("no-tools")
    (copy.home / "tools").unlink()
    assert copy.run("doctor")[1].endswith("ran -m adapters.cli doctor\n")
    assert copy.run("status")[0] == 1


@pytest.fixture
def held(copy: Copy) -> Iterator[subprocess.Popen[str]]:
    copy.home.mkdir()
    (copy.home / ".ours").write_text("")
    (copy.home / "hold").write_text("")
    process = copy.start("status")
    wait_for(copy.home / "held")
    yield process
    (copy.home / "hold").unlink(missing_ok=True)
    process.kill()
    process.communicate(timeout=DEADLINE)


def test_a_signal_ends_both_sides(copy: Copy, held: subprocess.Popen[str]) -> None:
    held.send_signal(signal.SIGTERM)
    said, _ = held.communicate(timeout=DEADLINE)
    assert held.returncode == 1 and "goes on from here" in said
    (copy.home / "hold").unlink()
    assert not (copy.home / "venv").exists()  # the side is gone, or it would build this now
    assert copy.run("status")[0] == 0


def test_after_a_kill_the_next_start_waits_for_the_sides_and_does_not_repeat_them(
    copy: Copy, held: subprocess.Popen[str]
) -> None:
    held.kill()
    second = copy.start("status")
    (copy.home / "hold").unlink()
    said, _ = second.communicate(timeout=DEADLINE)
    assert second.returncode == 0 and said.endswith("ran -m adapters.cli status\n")
    assert copy.calls == ["packages base", "tools"]


def test_a_folder_of_somebody_else_is_neither_filled_nor_removed(copy: Copy) -> None:
    (foreign := copy.root / "holiday").mkdir()
    (foreign / "photo").write_text("")
    for words in ("status",), ("uninstall", "--yes"):
        status, said = copy.run(*words, HOTLINE_HOME=str(foreign))
        assert (
            status == 1
            and "holiday" in said
            and [path.name for path in foreign.iterdir()] == ["photo"]
        )


def test_a_folder_that_asterisk_cannot_be_told_of_is_refused_with_the_way_out(copy: Copy) -> None:
    status, said = copy.run("status", HOTLINE_HOME=str(copy.root / "my home"))
    assert status == 1 and "HOTLINE_HOME" in said


# --- parts ------------------------------------------------------------------------------------


def test_a_part_states_its_size_before_it_is_installed(copy: Copy) -> None:
    status, said = copy.run("setup", "test")
    assert status == 0 and said.index("MB to load") < said.index("preparing")


def test_a_part_is_removed_again_and_base_is_not(copy: Copy) -> None:
    copy.run("setup", "test")
    assert copy.run("setup", "test", "--remove")[0] == 0
    assert json.loads(copy.run("setup", "--json")[1])["parts"] == ["base"]
    assert copy.run("setup", "base", "--remove")[0] == 1
    assert "not installed" in copy.run("setup", "test", "--remove")[1]


@pytest.mark.parametrize("word", ["../base", "nonsense", "uv", "--nonsense"])
def test_what_setup_does_not_know_is_refused(copy: Copy, word: str) -> None:
    status, said = copy.run("setup", word)
    assert status == 1 and "--help" in said and copy.calls == []


# --- uninstall --------------------------------------------------------------------------------


@pytest.fixture
def used(copy: Copy) -> Copy:
    copy.make_home()
    copy.data.mkdir()
    (copy.data / "core.db").write_text("calls")
    (copy.root / "acd" / "__pycache__").mkdir(parents=True)
    return copy


@pytest.mark.parametrize("typed", ["", "n\n", "yes\n"])
def test_uninstall_lists_and_removes_nothing_without_a_yes(used: Copy, typed: str) -> None:
    status, said = used.run("uninstall", typed=typed)
    assert status == 1 and " MB  " in said and (used.home / "tools").exists()


def test_uninstall_leaves_the_state_and_no_trace_of_the_rest(used: Copy) -> None:
    (used.home / "venv").unlink()  # it needs no Python
    status, said = used.run("uninstall", typed="y\n")
    assert status == 0 and "Kept" in said and (used.data / "core.db").exists()
    assert not used.home.exists() and not (used.root / "acd" / "__pycache__").exists()


@pytest.mark.parametrize("typed, kept", [("", True), ("y\n", True), ("remove data\n", False)])
def test_state_goes_only_by_its_own_words(used: Copy, typed: str, kept: bool) -> None:
    used.run("uninstall", "--yes", "--data", typed=typed)
    assert used.data.exists() == kept and not used.home.exists()


def test_uninstall_never_takes_state_that_lies_in_its_folder(used: Copy) -> None:
    inside = used.home / "data"
    used.data.rename(inside)
    status, said = used.run("uninstall", "--yes", HOTLINE_DATA=str(inside))
    assert status == 1 and "move it" in said and (inside / "core.db").exists()


def test_uninstall_waits_until_asterisk_is_stopped(used: Copy) -> None:
    asterisk = subprocess.Popen([used.home / "tools" / "bin" / "asterisk", "60"])
    try:
        status, said = used.run("uninstall", "--yes")
        assert status == 1 and "./hotline stop" in said and str(asterisk.pid) in said
    finally:
        asterisk.kill()
        asterisk.wait()
    assert used.run("uninstall", "--yes")[0] == 0
