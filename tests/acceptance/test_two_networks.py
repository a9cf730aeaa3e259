"""A telephone in another network calls the demo, and both sides hear each other.

Hotline listens in one network (`demo --listen`), the caller's telephone is in another; nothing but
a cable joins them. Both telephones are baresip: not ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.cli.demo_site import AGENTS, NUMBER, VISITOR
from ivr.settings import ROOT, load
from tests.networks import Network, two_networks
from tests.ports import free_base
from tests.softphones import baresip

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(420)]
CALLER_PITCH, AGENT_PITCH = 440, 1000
LOUD = 0.02
SECOND = 10
"""Pieces in a second of what a telephone has heard."""
TALK_SECONDS = 8

Heard = list[tuple[float, int]]


@contextmanager
def running(
    network: Network, environment: Mapping[str, str], *words: str
) -> Iterator[subprocess.Popen[str]]:
    """A command inside the network, ended afterwards."""
    process = subprocess.Popen(
        network.command(sys.executable, *words), cwd=ROOT, env={**os.environ, **environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def place(folder: Path) -> dict[str, str]:
    """The environment of a demo of its own."""
    real = load()
    if not (real.tools / "bin" / "asterisk").exists():
        pytest.skip(f"no Asterisk in {real.tools}: run ./hotline setup")
    home = folder / "home"
    home.mkdir()
    for path in (folder, home):
        path.chmod(0o711)
    real.prompts.mkdir(parents=True, exist_ok=True)
    for shared in (real.tools, real.prompts):
        (home / shared.name).symlink_to(shared.resolve())
    return {
        "HOTLINE_HOME": str(home), "HOTLINE_DATA": str(folder / "data"),
        "HOTLINE_PORT_BASE": str(free_base()), "LANG": "en_US.UTF-8", "LC_ALL": "",
    }  # fmt: skip


def lines_until(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdout is not None
    assert any(word in line for line in process.stdout), f"never said: {word}"


def phone(name: str, server: str, secret: str, port: int, *words: str) -> list[str]:
    where = str(baresip())
    return ["-m", "tests.far_phone", where, name, secret, server, str(port), *words]


def seconds_of(heard: Sequence[tuple[float, int]], pitch: int) -> float:
    return sum(loud > LOUD and abs(told - pitch) <= 20 for loud, told in heard) / SECOND


def test_a_phone_in_another_network_and_an_agent_hear_each_other() -> None:
    baresip()
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder, two_networks() as (here, there):
        environment = place(Path(folder))
        with running(
            here, environment, "-m", "adapters.cli", "demo", "--listen", here.address
        ) as demo:
            lines_until(demo, VISITOR)
            by_caller, by_agent = both_heard(here, there, environment)
    assert seconds_of(by_agent, CALLER_PITCH) > TALK_SECONDS / 2
    assert seconds_of(by_caller, AGENT_PITCH) > TALK_SECONDS / 2
    words = [loud for loud, told in by_caller if abs(told - AGENT_PITCH) > 20]
    assert sum(loud > LOUD for loud in words) > SECOND  # the prompts, before anybody talked


def both_heard(
    here: Network, there: Network, environment: Mapping[str, str]
) -> tuple[Heard, Heard]:
    """What the caller heard, and what the agent heard: the others are logged out."""
    demo = {**environment, "HOTLINE_DATA": str(Path(environment["HOTLINE_HOME"]) / "demo")}
    settings = load(demo)
    port = settings.ports.sip
    for agent in AGENTS[1:]:
        command = here.command(sys.executable, "-m", "adapters.cli", "agent", "logout", agent)
        subprocess.run(command, cwd=ROOT, env={**os.environ, **demo}, check=True, timeout=60)
    answers = phone(
        AGENTS[0], here.address, settings.phone_secret(AGENTS[0]), port, "--own", here.address,
        "--pitch", str(AGENT_PITCH), "--seconds", str(TALK_SECONDS),
    )  # fmt: skip
    caller = phone(
        VISITOR, here.address, settings.phone_secret(VISITOR), port, "--own", there.address,
        "--pitch", str(CALLER_PITCH), "--dial", NUMBER,
    )  # fmt: skip
    with running(here, {}, *answers) as answering:
        lines_until(answering, "registered")
        with running(there, {}, *caller) as calling:
            return told(calling), told(answering)


def told(process: subprocess.Popen[str]) -> Heard:
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    heard = json.loads(output.splitlines()[-1])["heard"]
    return [(loud, pitch) for loud, pitch in heard]
