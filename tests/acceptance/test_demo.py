"""`./hotline demo`: real calls from ring to ticket, judged; then the system is there to dial into.

`HOTLINE_RECORD=1` writes the recordings of the demo into `docs/` from what these calls really did.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adapters.asterisk.instance import Instance
from adapters.cli import demo as show_room
from adapters.cli import demo_cast
from adapters.cli.demo_cast import CHINESE, EXPECTED, Role
from adapters.cli.demo_site import AGENTS, WRAP_UP_SECONDS
from adapters.cli.demo_verdict import Expected
from adapters.cli.demo_words import Words
from adapters.cli.pid_file import PidFile
from adapters.cli.recording import animated, pictures
from ivr.settings import ROOT, Settings, load
from tests.phones import Phone
from tests.ports import free_base

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]
DEMO_SECONDS = 200


@pytest.fixture(scope="module")
def place() -> Iterator[dict[str, str]]:
    """Where a demo of its own may live: the environment that says so."""
    real = load()
    if not (real.tools / "bin" / "asterisk").exists():
        pytest.skip(f"no Asterisk in {real.tools}: run ./hotline setup")
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        for path in (Path(folder), home):
            path.chmod(0o711)
        real.prompts.mkdir(parents=True, exist_ok=True)
        for shared in (real.tools, real.prompts):
            (home / shared.name).symlink_to(shared.resolve())
        yield {
            "HOTLINE_HOME": str(home),
            "HOTLINE_DATA": str(Path(folder) / "data"),
            "HOTLINE_PORT_BASE": str(free_base()),
            "LANG": "en_US.UTF-8",
            "LC_ALL": "",
        }


@contextmanager
def start(place: Mapping[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    """`./hotline demo` with these options; ended, with all that it started, at the latest here."""
    environment = {k: v for k, v in os.environ.items() if k != "HOTLINE_STARTED"}
    process = subprocess.Popen(
        [sys.executable, "-m", "adapters.cli", "demo", *words],
        cwd=ROOT, env={**environment, **place}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def played(place: dict[str, str]) -> tuple[int, list[dict[str, Any]], str]:
    """One whole demo: exit status, its lines of JSON, what it complained of."""
    with start(place, "--once", "--json") as process:
        output, complaints = process.communicate(timeout=DEMO_SECONDS)
    return process.returncode, [json.loads(line) for line in output.splitlines()], complaints


Played = tuple[int, list[dict[str, Any]], str]


def test_every_call_ends_as_it_should(played: Played) -> None:
    status, lines, complaints = played
    summary = lines[-1]
    assert (status, summary["faults"], complaints) == (0, [], "")
    assert summary["calls"] == summary["tickets"] == EXPECTED.calls > len(AGENTS)
    assert (summary["answered"], summary["abandoned"]) == (EXPECTED.answered, EXPECTED.abandoned)
    assert summary["order_kept"] is True and summary["choices"] > 0


def test_the_first_ring_comes_within_a_minute(played: Played) -> None:
    assert 0 < played[1][-1]["first_ring_seconds"] < 60


def test_people_are_told_what_happens(played: Played) -> None:
    told = [line["told"] for line in played[1][:-1] if line["told"]]
    assert any("presses 2" in line for line in told)
    assert any("declines" in line for line in told)
    assert sum("talks with" in line for line in told) == EXPECTED.answered
    assert sum("hangs up while waiting" in line for line in told) == EXPECTED.abandoned


def test_no_number_and_no_secret_is_shown(played: Played) -> None:
    text = json.dumps(played[1])
    assert "+4477" not in text and "7700900" not in text
    assert not re.search(r'"[0-9a-f]{32}"', text)


def test_nothing_goes_on_afterwards(played: Played, place: dict[str, str]) -> None:
    assert_all_over(load(place))


def test_a_recording_shows_the_real_calls(played: Played) -> None:
    for language in ("en", "zh"):
        words = Words(language)
        frames = list(pictures(played[1][:-1], words, WRAP_UP_SECONDS, EXPECTED.calls, AGENTS))
        moving = animated(frames, words("title"))
        assert len(frames) > 10
        assert words("caller", n=EXPECTED.calls) in moving
        assert "http" not in moving.replace("http://www.w3.org/2000/svg", "")
        if os.environ.get("HOTLINE_RECORD"):
            suffix = "" if language == "en" else f".{language}"
            (ROOT / "docs" / f"demo{suffix}.svg").write_text(moving, encoding="utf-8")


def test_a_demo_beside_a_running_installation_is_refused(place: dict[str, str]) -> None:
    supervisor = PidFile(load(place).run / "supervisor.pid")
    supervisor.write(os.getpid())
    try:
        with start(place, "--once") as process:
            _output, complaints = process.communicate(timeout=30)
    finally:
        supervisor.path.unlink()
    assert process.returncode == 1
    assert "./hotline stop" in complaints


def test_a_demo_that_is_interrupted_ends_all_that_it_started(place: dict[str, str]) -> None:
    with start(place, "--once", "--json") as process:
        assert process.stdout is not None
        assert any("call_started" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        _output, complaints = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Traceback" not in complaints
    assert_all_over(load(place))


@pytest.fixture
async def staying(
    place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Settings, asyncio.Task[int]]]:
    """A demo with five quick callers that has been played and stays up."""
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    shown = asyncio.Event()
    expected = Expected(answered=5, abandoned=0)
    monkeypatch.setattr(demo_cast, "ROLES", (Role(CHINESE),) * 5)
    monkeypatch.setattr(show_room, "EXPECTED", expected)

    def shows(*_: object) -> str:
        shown.set()
        return ""

    monkeypatch.setattr(show_room, "account", shows)
    task = asyncio.create_task(show_room.demo(load(place), once=False, listen=None, json=True))
    waiting = asyncio.create_task(shown.wait())
    await asyncio.wait([task, waiting], return_when="FIRST_COMPLETED", timeout=DEMO_SECONDS)
    waiting.cancel()
    assert shown.is_set(), "the demo ended before it invited anybody"
    yield load(), task
    if not task.done():
        os.kill(os.getpid(), signal.SIGTERM)
        await task


async def test_afterwards_a_real_telephone_can_dial_in(
    staying: tuple[Settings, asyncio.Task[int]],
) -> None:
    settings, task = staying
    server = ("127.0.0.1", settings.ports.sip)
    async with Phone(server, "visitor", settings.phone_secret("visitor")) as phone:
        await phone.register()
        call = await phone.call("4000")
        async with asyncio.timeout(10):
            while len(phone.heard) < 50:
                await asyncio.sleep(0.05)
        await call.hang_up()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await task == 0
    assert_all_over(settings)


def assert_all_over(settings: Settings) -> None:
    """No process of the installation runs any more."""
    assert Instance(settings).adopt() is None
    for part in ("supervisor", "core", "web"):
        assert PidFile(settings.run / f"{part}.pid").running() is None
    assert not [line for line in command_lines() if str(settings.home) in line]


def command_lines() -> Iterator[str]:
    """Of every process of this machine that we may see."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
