"""A port that somebody else has is named, with what to do, by the doctor and by who needs it."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapters.asterisk.agi_server import AgiServer, PortTaken
from adapters.asterisk.bound import why_not_ours
from adapters.cli.pid_file import PidFile
from adapters.cli.port_looks import of_ports
from ivr.home import ROOT
from ivr.ports import Line
from ivr.settings import Settings, load
from tests.ports import free_base
from voice.prompts import PromptFolder


@pytest.fixture
def place(tmp_path: Path) -> dict[str, str]:
    return {
        "HOTLINE_HOME": str(tmp_path / "home"), "HOTLINE_DATA": str(tmp_path / "data"),
        "HOTLINE_PORT_BASE": str(free_base()),
    }  # fmt: skip


@pytest.fixture
def settings(place: dict[str, str]) -> Settings:
    return load(place)


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_free_ports_are_well(settings: Settings) -> None:
    assert [finding.level for finding in of_ports(settings)] == ["ok"]


@pytest.mark.parametrize("part", ["agi", "web"])
def test_a_port_of_core_or_web_that_another_program_has_is_found(
    settings: Settings, part: str
) -> None:
    port: int = getattr(settings.ports, part)
    with taken(port):
        [finding] = of_ports(settings)
    assert finding.level == "fail"
    assert f"port {port}" in finding.what and "taken by another program" in finding.what
    assert "HOTLINE_PORT_BASE" in finding.remedy


def test_our_own_core_and_web_may_have_them(settings: Settings) -> None:
    for name in ("core", "web"):
        PidFile(settings.run / f"{name}.pid").write(os.getpid())
    with taken(settings.ports.agi), taken(settings.ports.web):
        assert [finding.level for finding in of_ports(settings)] == ["ok"]


def test_an_address_of_another_machine_is_no_busy_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(sock: socket.socket, address: object) -> None:
        raise OSError(errno.EADDRNOTAVAIL, "cannot assign")

    monkeypatch.setattr(socket.socket, "bind", refuses)
    found = why_not_ours("SIP", "192.0.2.10", 15060, socket.SOCK_DGRAM)
    assert found is not None
    what, remedy = found
    assert what == "192.0.2.10 is no address of this machine"
    assert "`listen`" in remedy


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EMFILE])
def test_a_port_that_we_may_not_have_sends_nobody_after_another_program(
    monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    def refuses(sock: socket.socket, address: object) -> None:
        raise OSError(fault, os.strerror(fault))

    monkeypatch.setattr(socket.socket, "bind", refuses)
    found = why_not_ours("the web", "127.0.0.1", 80, socket.SOCK_STREAM)
    assert found is not None
    what, remedy = found
    assert what == f"port 80 for the web at 127.0.0.1 cannot be had: {os.strerror(fault)}"
    assert "HOTLINE_PORT_BASE" in remedy and "program" not in what + remedy


async def test_a_core_that_may_not_have_its_port_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    async def take(line: Line) -> None:
        raise AssertionError

    server = AgiServer("127.0.0.1", 80, "sesame", take, PromptFolder(ROOT))
    monkeypatch.setattr(socket, "create_server", refuses)
    with pytest.raises(PortTaken, match="cannot be had: Permission denied"):
        await server.start()


def test_a_core_whose_port_is_taken_says_so_in_one_sentence(
    place: dict[str, str], settings: Settings
) -> None:
    with taken(settings.ports.agi):
        told = subprocess.run(
            [sys.executable, "-m", "ivr"], env={**os.environ, **place}, cwd=ROOT,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    output = told.stdout + told.stderr
    assert told.returncode == 1
    assert "Traceback" not in output
    assert f"port {settings.ports.agi}" in output and "HOTLINE_PORT_BASE" in output
