"""The private Asterisk as a process: found again, checked at its start, ended only when told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.asterisk.instance import AsteriskFailed, Instance
from ivr.settings import Settings
from tests import rig

pytestmark = pytest.mark.asterisk


@pytest.fixture
def settings() -> Iterator[Settings]:
    with rig.installation() as given:
        yield given
        Instance(given).stop()


def test_it_outlives_a_killed_python_and_is_adopted(settings: Settings) -> None:
    code = (
        "from ivr.settings import load; from adapters.asterisk.instance import Instance\n"
        "import time; Instance(load()).start(); print('up', flush=True); time.sleep(60)"
    )
    environment = {
        **os.environ, "HOTLINE_HOME": str(settings.home), "HOTLINE_DATA": str(settings.data),
        "HOTLINE_PORT_BASE": str(settings.ports.base),
    }  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=-1) as python:
        assert python.stdout and python.stdout.readline() == b"up\n"
        python.send_signal(signal.SIGKILL)
    successor = Instance(settings)
    found = successor.adopt()
    assert found and successor.alive()
    assert successor.start() == found
    assert os.getsid(found.pid) == found.pid  # a session of its own
    successor.stop()
    assert successor.adopt() is None


def test_a_pid_that_somebody_else_has_now_is_not_adopted(settings: Settings) -> None:
    instance = Instance(settings)
    instance.render()
    instance.folders.pid_file.write_text(str(os.getpid()))
    assert instance.adopt() is None
    instance.stop()  # and is not ended


def test_it_does_not_run_as_root(settings: Settings) -> None:
    pid = Instance(settings).start().pid
    assert Path(f"/proc/{pid}").stat().st_uid != 0


def test_a_port_that_others_hold_stops_the_start(settings: Settings) -> None:
    instance = Instance(settings)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", settings.ports.sip))
        with pytest.raises(AsteriskFailed, match=str(settings.ports.sip)):
            instance.start()
    assert instance.adopt() is None
    assert instance.start()


def test_a_missing_module_stops_the_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = ["chan_pjsip.so", "chan_of_dreams.so"]
    monkeypatch.setattr("adapters.asterisk.instance.module_names", lambda: wanted)
    with pytest.raises(AsteriskFailed, match=r"chan_of_dreams\.so"):
        Instance(settings).start()


def test_without_asterisk_the_start_says_what_to_do(settings: Settings) -> None:
    (settings.home / "tools").unlink()
    with pytest.raises(AsteriskFailed, match="setup"):
        Instance(settings).start()


def test_one_that_does_not_react_is_ended_all_the_same(settings: Settings) -> None:
    instance = Instance(settings)
    pid = instance.start().pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(AsteriskFailed, match="did not answer"):
        instance.command("core show uptime", deadline=0.3)
    instance.stop(deadline=0.5)
    assert not instance.alive() and instance.adopt() is None


def test_its_log_stays_small(settings: Settings) -> None:
    instance = Instance(settings)
    instance.start()
    for _ in range(5):
        instance.bound_log(limit=0)
    logs = sorted(instance.folders.log.parent.iterdir())
    assert len(logs) <= 4 and instance.folders.log in logs


def test_a_reload_keeps_it_running_with_new_settings(settings: Settings) -> None:
    instance = Instance(settings)
    found = instance.start()
    (instance.folders.music / "hold.ulaw").write_bytes(b"\xff" * 8000)
    instance.reload()
    assert str(instance.folders.music) in instance.command("moh show classes")
    assert instance.alive() and instance.running == found


def test_the_record_can_be_read_and_blanked_while_asterisk_writes(settings: Settings) -> None:
    instance = Instance(settings)
    instance.start()
    assert rig.cel(instance) == []
    owner = instance.folders.cel.stat().st_uid
    assert {path.stat().st_uid for path in instance.folders.cel.parent.iterdir()} == {owner}


def test_its_files_are_for_its_user_alone(settings: Settings) -> None:
    instance = Instance(settings)
    instance.render()
    made = list((instance.folders.run / "etc").iterdir())
    assert len(made) > 15
    assert [path for path in made if path.stat().st_mode & 0o077] == []
    assert {path.stat().st_uid for path in made} == {instance.folders.log.parent.stat().st_uid}
