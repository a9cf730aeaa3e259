"""One SIPp process: started, watched through its log, ended by its process id."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

SCENARIOS = Path(__file__).parent / "scenarios"
LEAVE_DEADLINE = 3.0


class SippFailed(Exception):
    """SIPp could not do its part; the message has its own words."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that a scenario logged: what, in which call of the process, when (UTC seconds)."""

    what: str
    call: int
    at: float
    detail: str


class Sipp:
    """A running SIPp. `moments` grows while it runs; `closed` ends with its exit status."""

    def __init__(self, tools: Path, scenario: str, values: Mapping[str, object]) -> None:
        """`values` fill the `@NAME@` places of the scenario file."""
        self._tools = tools
        self._folder = tempfile.TemporaryDirectory(prefix="hotline-sipp-")
        self.path = Path(self._folder.name)
        self._scenario = self.write(scenario, filled(scenario, values))
        self.moments: list[Moment] = []
        self.on_moment: Callable[[Moment], None] = lambda moment: None
        self._news = asyncio.Condition()
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    def write(self, name: str, text: str) -> Path:
        """A file in the folder of the process, readable by nobody else."""
        path = self.path / name
        path.touch(mode=0o600)
        path.write_text(text, encoding="utf-8")
        return path

    async def start(self, target: str, *options: str, deadline: float) -> None:
        """Run against `target` (host:port); killed `deadline` seconds later if still there."""
        readable, writable = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                str(self._tools / "bin" / "sipp"), target, "-sf", str(self._scenario),
                "-i", "127.0.0.1", "-bind_local", "-nostdin", "-skip_rlimit",
                "-trace_logs", "-log_file", f"/dev/fd/{writable}",
                "-trace_err", "-error_file", str(self.path / "errors"),
                "-timeout", str(int(deadline)), *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(writable,),
                cwd=self.path,
            )  # fmt: skip
        finally:
            os.close(writable)
        self._reading = asyncio.create_task(self._read(readable, deadline))

    async def _read(self, readable: int, deadline: float) -> None:
        """Every line of the log as a `Moment`, until SIPp ends (or is ended at its deadline)."""
        reader = asyncio.StreamReader()
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(readable, "rb")
        )
        try:
            async with asyncio.timeout(deadline + LEAVE_DEADLINE):
                while line := await reader.readline():
                    await self._take(line.decode("utf-8", "replace"))
        except TimeoutError:
            log.warning("a SIPp process outlived its deadline")
        finally:
            transport.close()

    async def _take(self, line: str) -> None:
        moment = parsed(line)
        if moment is None:
            return
        self.moments.append(moment)
        self.on_moment(moment)
        async with self._news:
            self._news.notify_all()

    def count(self, *whats: str) -> int:
        return sum(moment.what in whats for moment in self.moments)

    async def wait(self, *whats: str, count: int = 1, seconds: float = 10.0) -> None:
        """Until one or another of `whats` has happened `count` times; raises `TimeoutError`."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(lambda: self.count(*whats) >= count)

    async def finished(self, seconds: float) -> int:
        """SIPp's exit status once it ends by itself (0: every call went as the scenario says)."""
        if self._process is None or self._reading is None:
            raise SippFailed("it was never started")
        async with asyncio.timeout(seconds):
            status = await self._process.wait()
            await asyncio.shield(self._reading)
        return status

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def errors(self) -> str:
        """What SIPp complained of."""
        file = self.path / "errors"
        return file.read_text("utf-8", "replace") if file.exists() else ""

    async def stop(self) -> None:
        """End the process now, calls and all, and forget its files."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
        if self._reading is not None:
            await self._reading
        self._folder.cleanup()


def filled(scenario: str, values: Mapping[str, object]) -> str:
    """The scenario file of this name with its places filled."""
    text = (SCENARIOS / scenario).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def parsed(line: str) -> Moment | None:
    """A line of a scenario's log; None for what SIPp itself may write there."""
    fields = line.rstrip("\n").split("|")
    if len(fields) != 5:
        return None
    what, call, seconds, microseconds, detail = fields
    return Moment(what, int(call), float(seconds) + float(microseconds) / 1e6, detail)


def csv(rows: Sequence[Sequence[object]]) -> str:
    """SIPp's file of values, one row a call, read in order."""
    return "SEQUENTIAL\n" + "".join(";".join(str(value) for value in row) + "\n" for row in rows)
