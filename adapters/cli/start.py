"""The first moments of `./hotline run`: where calls may be waiting, the core comes first.

A start is processor time, nearly all of it for imports. The core has it to itself: what takes time
(settings, checks, the web service) comes after, and is not imported at the top of this module.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from adapters.cli.pid_file import PidFile
from ivr.home import home_of

CALLS_FIRST_SECONDS = 10.0
"""How long all else waits for a core that has calls to take up."""


class NotReady(Exception):
    """Something cannot start, or did not in time; the message says what, and what to do."""


def run() -> None:
    """Supervise until told to stop; ends the process with one sentence when something is wrong."""
    folder = home_of() / "run"
    try:
        claim(supervisor_file(folder))
    except NotReady as fault:
        sys.exit(f"hotline: {fault}")
    core = core_at_once(folder)
    if core:
        end_it_when_told(core)
        leave_it_the_processor(core, folder)
    from adapters.cli.run import supervise

    supervise(core)


def supervisor_file(folder: Path) -> PidFile:
    """Who supervises the installation whose processes keep their ids in this folder."""
    return PidFile(folder / "supervisor.pid")


def claim(supervisor: PidFile) -> None:
    """Be the supervisor; `NotReady` when somebody else is."""
    other = supervisor.running()
    if other and other != os.getpid():
        raise NotReady(f"Hotline runs already (process {other}); ./hotline stop ends it")
    supervisor.write(os.getpid())


def core_at_once(folder: Path) -> subprocess.Popen[bytes] | None:
    """The core, started now, if it is not there and an Asterisk was left running with its calls."""
    core = PidFile(folder / "core.pid")
    if core.running() or not (folder / "ctl" / "asterisk.pid").exists():
        return None
    socket_of(folder).unlink(missing_ok=True)  # of the one that was killed
    return core.begin("ivr")


def end_it_when_told(core: subprocess.Popen[bytes]) -> None:
    """Until the supervisor listens itself: who is told to end takes the core along."""

    def told(_number: int, _frame: FrameType | None) -> None:
        core.terminate()
        sys.exit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)


def leave_it_the_processor(core: subprocess.Popen[bytes], folder: Path) -> None:
    """Until it is up, or ends, or takes too long."""
    end = time.monotonic() + CALLS_FIRST_SECONDS
    while not socket_of(folder).exists() and core.poll() is None and time.monotonic() < end:
        time.sleep(0.02)


def socket_of(folder: Path) -> Path:
    """The core's, as `ivr.settings.Settings.core_socket`: there when the core is up."""
    return folder / "core.sock"
