"""The supervisor: who starts what first, who is started again, and who is refused."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.asterisk.config import Folders
from adapters.asterisk.instance import Instance
from adapters.cli.pid_file import PidFile
from adapters.cli.processes import Kept
from adapters.cli.start import NotReady, claim, core_at_once
from ivr.settings import ROOT, Settings, load
from tests import rig

HELLO = "__hello__"
"""A module of Python's own that says `Hello world!` and ends."""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation of which nothing runs, but an Asterisk has left its id."""
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path / "data"))
    settings = load(os.environ)
    settings.data.mkdir()
    left = Folders.of(settings).pid_file
    left.parent.mkdir(parents=True)
    left.write_text("1\n")
    return settings


def python(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


def run() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "adapters.cli", "run"], cwd=ROOT)


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


# ---------------------------------------------------------------- the first moments


async def test_who_is_told_to_end_in_its_first_moment_takes_the_core_along(place: Settings) -> None:
    core = PidFile(place.run / "core.pid")
    supervisor = run()
    await until(lambda: bool(core.running()))
    begun = core.running()
    supervisor.terminate()
    assert await asyncio.to_thread(supervisor.wait, 30) == 0
    assert begun
    await until(lambda: not Path(f"/proc/{begun}").exists())


@pytest.mark.asterisk
async def test_who_is_told_to_end_while_it_starts_ends_and_does_not_get_ready_first() -> None:
    with rig.installation() as settings:
        environment = os.environ | {
            "HOTLINE_HOME": str(settings.data.parent / "home"), "HOTLINE_DATA": str(settings.data),
            "HOTLINE_PORT_BASE": str(settings.ports.base),
        }  # fmt: skip
        supervisor = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.cli", "run", cwd=ROOT, env=environment,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            await until(lambda: bool(PidFile(settings.run / "core.pid").running()))
            supervisor.terminate()
            _, told = await asyncio.wait_for(supervisor.communicate(), 30)
        finally:
            Instance(settings).stop()
        assert supervisor.returncode == 0
        assert b'"ready"' not in told
        assert not PidFile(settings.run / "core.pid").running()


def test_nothing_that_takes_time_is_imported_before_the_core_is_on_its_way() -> None:
    slow = "{'asyncio', 'pydantic', 'rich', 'typer', 'yaml'}"
    script = f"import sys, adapters.cli.start as _; print(sorted({slow} & set(sys.modules)))"
    assert python("-c", script).stdout == "[]\n"


def test_the_core_imports_nothing_that_only_others_need() -> None:
    names = "alembic fastapi holidays httpx numpy phonenumbers sqlalchemy.orm typer"
    others = set(names.split())
    script = f"import sys, ivr.__main__ as _; print(sorted({others} & set(sys.modules)))"
    assert python("-c", script).stdout == "[]\n"


def test_the_core_refuses_words_that_are_meant_for_the_command_line() -> None:
    told = python("-m", "ivr", "flow", "check")
    assert told.returncode == 2 and "./hotline --help" in told.stdout


def test_the_core_starts_at_once_where_an_asterisk_was_left_with_its_calls(place: Settings) -> None:
    core = core_at_once(place.run)
    try:
        assert core and PidFile(place.run / "core.pid").running() == core.pid
        assert core_at_once(place.run) is None  # it is there already
    finally:
        assert core
        core.kill()
        core.wait()


def test_a_first_start_looks_at_everything_before_the_core_runs(place: Settings) -> None:
    Folders.of(place).pid_file.unlink()
    assert core_at_once(place.run) is None


def test_settings_that_are_refused_end_a_restart_and_are_told_once(place: Settings) -> None:
    (place.data / "site.yaml").write_text("unknown: 1\n")
    ended = python("-m", "adapters.cli", "run")
    assert ended.returncode == 1 and ended.stderr.count("unknown: Extra inputs") == 1
    assert PidFile(place.run / "core.pid").running() is None


def test_a_second_supervisor_is_refused_and_the_first_stays(place: Settings) -> None:
    first = sleeper()
    supervisor = PidFile(place.run / "supervisor.pid")
    try:
        supervisor.write(first.pid)
        with pytest.raises(NotReady, match=f"process {first.pid}"):
            claim(supervisor)
        assert supervisor.running() == first.pid
    finally:
        first.kill()
        first.wait()
    claim(supervisor)
    assert supervisor.running() == os.getpid()


# ---------------------------------------------------------------- kept alive


@asynccontextmanager
async def kept(folder: Path, process: subprocess.Popen[bytes] | None = None) -> AsyncIterator[Kept]:
    """A part that says hello and ends each time it is started."""

    async def ready() -> bool:
        return True

    part = Kept("part", HELLO, PidFile(folder / "part.pid"), folder / "log", ready, process)
    task = asyncio.create_task(part.keep())
    try:
        yield part
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


def hellos(folder: Path) -> int:
    log = folder / "log"
    return log.read_text().count("Hello") if log.exists() else 0


async def test_a_part_that_ends_is_started_again(tmp_path: Path) -> None:
    async with kept(tmp_path):
        await until(lambda: hellos(tmp_path) >= 2)


async def test_a_part_that_was_started_already_is_started_again_only_when_it_ends(
    tmp_path: Path,
) -> None:
    early = sleeper()
    async with kept(tmp_path, early):
        await asyncio.sleep(0)  # it has begun
        assert hellos(tmp_path) == 0
        early.kill()
        await until(lambda: hellos(tmp_path) == 1)


async def test_who_stops_keeping_a_part_ends_it(tmp_path: Path) -> None:
    early = sleeper()
    async with kept(tmp_path, early) as part:
        part.pid_file.write(early.pid)
        await asyncio.sleep(0)
    assert early.returncode is not None and not part.pid_file.path.exists()
