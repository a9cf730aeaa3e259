"""The private Asterisk as a process: started, found again, checked, ended.

It has a process session of its own and outlives every Python process; only `stop` ends it.
All calls block, each within its deadline (seconds); an event loop runs them in a thread.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.asterisk.bound import inodes_on, sockets_of
from adapters.asterisk.config import Folders, module_names, render, user_of
from ivr.settings import Settings

log = logging.getLogger(__name__)

START_DEADLINE = 20.0
STOP_DEADLINE = 10.0
COMMAND_DEADLINE = 5.0
LOG_LIMIT = 10_000_000
OLD_LOGS = 3
CEL_COLUMNS = "eventtype, eventtime, channame, uniqueid, linkedid, peer, context, extra"


class AsteriskFailed(Exception):
    """Asterisk did not start, stop or answer; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Running:
    """One life of the process: ids are used again, the pair is not."""

    pid: int
    started: int
    """Clock ticks since the machine's boot, as the kernel tells it."""


class Instance:
    """The private Asterisk of one installation (`HOTLINE_HOME`)."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folders = Folders.of(settings)
        self.running: Running | None = None
        self._child: subprocess.Popen[bytes] | None = None

    def render(self) -> None:
        """Write folders and configuration anew, as `start` and `reload` do."""
        render(self.settings)

    def start(self, deadline: float = START_DEADLINE) -> Running:
        """Start it, or adopt it when it runs already; `AsteriskFailed` unless all of it works."""
        end = time.monotonic() + deadline
        with self._alone(deadline):
            if found := self.adopt():
                return found
            self._prepare()
            log_start = self._log_size()
            process = self._spawn()
            try:
                self.running = self._await_boot(process, end)
                self._verify(self.running, log_start)
            except AsteriskFailed:
                _end(process.pid, signal.SIGKILL)
                process.wait()
                self.running = None
                raise
        log.info("asterisk started", extra={"pid": process.pid})
        return self.running

    def adopt(self) -> Running | None:
        """The Asterisk of this installation, whoever started it; None when none runs."""
        pid = self._written_pid()
        self.running = self._look_at(pid) if pid else None
        return self.running

    def alive(self) -> bool:
        """Whether the process that was started or adopted still runs."""
        if self._child is not None:
            self._child.poll()  # else it would stay in the process table when it has ended
        running = self.running
        return running is not None and self._look_at(running.pid) == running

    def lives(self, running: Running) -> bool:
        """Whether this very process still runs, whatever file names it."""
        return self._look_at(running.pid) == running

    def has_trace(self) -> bool:
        """Whether one has run here, and did not clean up when it ended."""
        return self._written_pid() is not None

    def stop(self, graceful: bool = False, deadline: float = STOP_DEADLINE) -> None:
        """End it, the calls with it; graceful: let talks end first, within the deadline."""
        running = self.adopt()
        if running is None:
            return
        end = time.monotonic() + deadline
        if graceful:
            self.command("core stop gracefully")
            _until(lambda: not self.alive(), end - 2.0)
        _end(running.pid, signal.SIGTERM)
        if not _until(lambda: not self.alive(), end):
            _end(running.pid, signal.SIGKILL)
            _until(lambda: not self.alive(), time.monotonic() + 2.0)
        self.running = None
        log.info("asterisk stopped", extra={"pid": running.pid})

    def reload(self) -> None:
        """Take up new settings, prompts and music without touching a call."""
        self.render()
        self.command("core reload")

    def command(self, line: str, deadline: float = COMMAND_DEADLINE) -> str:
        """A line for Asterisk's own console, over its control socket. For doctor and tests."""
        argv = [str(self.folders.program), "-C", str(self.folders.conf), "-rx", line]
        try:
            result = subprocess.run(argv, capture_output=True, timeout=deadline, check=False)
        except subprocess.TimeoutExpired:
            raise AsteriskFailed(f"asterisk did not answer {line!r} in {deadline:.0f} s") from None
        return result.stdout.decode(errors="replace").strip()

    def bound_log(self, limit: int = LOG_LIMIT) -> None:
        """Turn the log file over when it has grown past the limit; keep a few old ones."""
        if self._log_size() > limit:
            self.command("logger rotate")
        old = sorted(self.folders.log.parent.glob("messages.*"), key=_age)
        for path in old[OLD_LOGS:]:
            path.unlink(missing_ok=True)

    # ---- starting

    def _prepare(self) -> None:
        if not self.folders.program.exists():
            raise AsteriskFailed(f"{self.folders.program} is missing: run ./hotline setup")
        self.render()
        self.folders.pid_file.unlink(missing_ok=True)
        _make_cel(self.folders.cel)
        user = user_of(self.settings)
        if user:
            for path in self.folders.cel.parent.iterdir():
                os.chown(path, user.uid, user.gid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        user = user_of(self.settings)
        who = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
        self._child = subprocess.Popen(
            [self.folders.program, "-f", "-C", self.folders.conf],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            cwd=self.folders.run, start_new_session=True, umask=0o077, close_fds=True,
            **who,  # type: ignore[call-overload]
        )  # fmt: skip
        return self._child

    def _await_boot(self, process: subprocess.Popen[bytes], end: float) -> Running:
        def booted() -> bool:
            if process.poll() is not None:
                raise AsteriskFailed(f"asterisk ended at once: see {self.folders.log}")
            if not self.folders.socket.exists():
                return False
            return "fully booted" in self.command("core waitfullybooted", _left(end))

        if _until(booted, end) and (running := self._look_at(process.pid)):
            return running
        raise AsteriskFailed(f"asterisk did not boot in time: see {self.folders.log}")

    def _verify(self, running: Running, log_start: int) -> None:
        """What a boot hides: it is `fully booted` without SIP, and on ports that others hold."""
        faults = [f"module {name} does not run" for name in self.missing_modules()]
        faults += [
            f"port {port} is not its own: somebody else has it" for port in self._lost(running)
        ]
        faults += self.errors_in_log(log_start)[:5]
        if faults:
            raise AsteriskFailed("asterisk started, but: " + "; ".join(faults))

    def missing_modules(self) -> list[str]:
        """Modules of the list that do not run."""
        running = re.findall(r"^(\S+\.so) .* Running ", self.command("module show"), re.MULTILINE)
        return sorted(set(module_names()) - set(running))

    def errors_in_log(self, start: int = 0) -> list[str]:
        """The lines of level ERROR since `start` (an offset in the file)."""
        if not self.folders.log.exists():
            return []
        with self.folders.log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
        return [line for line in lines if " ERROR[" in line]

    def _lost(self, running: Running) -> list[int]:
        inodes = sockets_of(running.pid)
        ports = self.settings.ports
        wanted = (("udp", ports.sip), ("tcp", ports.ami))
        return [port for kind, port in wanted if not inodes & inodes_on(kind, port)]

    def _log_size(self) -> int:
        return self.folders.log.stat().st_size if self.folders.log.exists() else 0

    @contextmanager
    def _alone(self, deadline: float) -> Iterator[None]:
        """Two starts at once would fight for the ports: the second waits, then adopts."""
        end = time.monotonic() + deadline
        self.settings.run.mkdir(parents=True, exist_ok=True)
        with (self.settings.run / "start.lock").open("w") as lock:
            if not _until(lambda: _locked(lock.fileno()), end):
                raise AsteriskFailed("another start is at work and does not end")
            yield

    # ---- finding

    def _written_pid(self) -> int | None:
        try:
            return int(self.folders.pid_file.read_text().strip())
        except (OSError, ValueError):
            return None

    def _look_at(self, pid: int) -> Running | None:
        """This process if it is the Asterisk of this installation, else None."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            return None
        ours = os.fsencode(self.folders.conf) in words and b"-f" in words
        return Running(pid, int(fields[18])) if ours and state != "Z" else None


def _make_cel(path: Path) -> None:
    """Made before Asterisk makes it: WAL lets readers read while it writes, and ids of rows that
    were deleted do not come back."""
    with closing(sqlite3.connect(path, timeout=5)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(
            "CREATE TABLE IF NOT EXISTS cel"
            f" (AcctId INTEGER PRIMARY KEY AUTOINCREMENT, {CEL_COLUMNS})"
        )
        database.commit()


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _end(pid: int, how: signal.Signals) -> None:
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        return


def _until(condition: Callable[[], bool], end: float) -> bool:
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)
    return True


def _left(end: float) -> float:
    return max(0.1, end - time.monotonic())


def _age(path: Path) -> float:
    return -path.stat().st_mtime
