"""The first moments of `./hotline run`: the core is on its way before anything else is imported.

Callers may be waiting in an Asterisk that has lived on. What takes time (settings, checks, the
web service) comes while the core starts; nothing heavy may be imported at the top of this module.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from adapters.cli.pid_file import PidFile
from ivr.home import home_of


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
    return core.begin("ivr")
