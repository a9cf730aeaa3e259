"""Prompts as files: found by their content, made once by a process that speaks one and ends.

The name of a file is a hash of everything that shapes its sound, so that a changed text, voice
or recording is a new file and an old one is never wrong. No speech library is loaded here.

What is said to one caller alone (a personal prompt) is not kept: its recording has a random name
in a folder of its own, is deleted when it has been played, and the folder is emptied at each start.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import secrets
import shutil
import signal
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

from voice.ports import Prompt, PromptStore, SpeechFailed

log = logging.getLogger(__name__)

RECIPE = "1"
"""Raised when voices, level or trimming change: recordings made by older recipes are left."""
DEADLINE = 15.0
"""Seconds for one recording, start of its process included; one more for each further one."""
AT_ONCE = 2
"""Speech processes at a time, so that calls keep a core for themselves."""
PERSONAL = "personal"
"""The folder, inside that of all prompts, of recordings that hold something of a caller's."""
ROOT = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class PromptFolder:
    """The `PromptStore` that keeps recordings in one folder. Used by one event loop."""

    folder: Path
    at_once: int = AT_ONCE
    deadline: float = DEADLINE
    command: Sequence[str] = (sys.executable, "-m", "voice.render")
    _making: dict[Path, asyncio.Task[list[str]]] = field(default_factory=dict)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    def find(self, prompt: Prompt) -> Path | None:
        """The recording, if it has been made already."""
        if prompt.personal:
            return None
        try:
            path = self._path(prompt)
        except SpeechFailed:
            return None
        return path if path.exists() else None

    async def make(self, prompt: Prompt) -> Path:
        """The recording, made now if need be; who asks for the same one waits for the same."""
        if prompt.personal:
            return await self._make_personal(prompt)
        path = self._path(prompt)
        if path.exists():
            return path
        task = self._making.get(path)
        if task is None:
            task = self._making[path] = asyncio.create_task(self._speak([(path, prompt)]))
            task.add_done_callback(lambda _: self._making.pop(path))
        (fault,) = await asyncio.shield(task)  # a hang-up takes no prompt from other callers
        if fault:
            raise SpeechFailed(fault)
        return path

    async def make_all(self, prompts: Iterable[Prompt]) -> dict[Prompt, str]:
        """Make these with one process; those that could not be made, each with the reason."""
        faults: dict[Prompt, str] = {}
        possible: list[tuple[Path, Prompt]] = []
        for prompt in prompts:
            try:
                possible.append((self._path(prompt), prompt))
            except SpeechFailed as fault:
                faults[prompt] = str(fault)
        for (_, prompt), why in zip(possible, await self._speak(possible), strict=True):
            faults[prompt] = why
        return {prompt: fault for prompt, fault in faults.items() if fault}

    def forget_personal(self) -> None:
        """Delete what a process that died has left of personal prompts; OSError when it cannot."""
        folder = self.folder / PERSONAL
        if folder.exists():
            shutil.rmtree(folder)

    async def _make_personal(self, prompt: Prompt) -> Path:
        """A recording for one caller: not found again, not shared, no name that tells anything."""
        path = self.folder / PERSONAL / f"{secrets.token_hex(16)}.wav"
        try:
            (fault,) = await self._speak([(path, prompt)])
        except asyncio.CancelledError:
            _clear(path)
            raise
        if fault:  # the reason may hold the text, and goes into the log
            _clear(path)
            raise SpeechFailed("a prompt with a caller's value could not be made")
        return path

    def _path(self, prompt: Prompt) -> Path:
        if prompt.recorded:
            sound = f"recorded {_content(prompt.recorded)}"
        else:
            sound = f"{_engine_version()} {prompt.language} {prompt.text}"
        key = hashlib.sha256(f"{RECIPE} {sound}".encode())
        return self.folder / f"{key.hexdigest()[:32]}.wav"

    async def _speak(self, prompts: Sequence[tuple[Path, Prompt]]) -> list[str]:
        """Have one process make these, each where it belongs; what went wrong with each, empty
        where nothing did."""
        if not prompts:
            return []
        orders = [
            {
                "text": prompt.text,
                "language": prompt.language,
                "recorded": prompt.recorded and str(prompt.recorded),
                "target": str(path),
            }
            for path, prompt in prompts
        ]
        deadline = self.deadline + len(orders) - 1
        try:
            for folder in (self.folder, *{path.parent for path, _ in prompts}):
                _make_folder(folder)
            async with self._places:
                answer = await _run(self.command, json.dumps(orders), deadline)
            faults = list(map(str, json.loads(answer)))
        except (SpeechFailed, OSError, ValueError) as fault:
            faults = [str(fault)] * len(orders)
        return [
            "" if path.exists() else fault or "nothing was written"
            for (path, _), fault in zip(prompts, faults, strict=True)
        ]


async def _run(command: Sequence[str], order: str, deadline: float) -> str:
    """Run a speech process to its end; what it answered. Raises `SpeechFailed`."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # else half its time goes into threads
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(deadline):
            answer, errors = await process.communicate(order.encode())
    except TimeoutError:
        raise SpeechFailed(f"the speech process did not end within {deadline:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its forks too
            await process.wait()
    if process.returncode:
        said = errors.decode(errors="replace").strip() or f"exit status {process.returncode}"
        raise SpeechFailed(f"the speech process failed: {said.splitlines()[-1]}")
    return answer.decode(errors="replace")


def _clear(path: Path) -> None:
    """Nothing is left of it, nor of what a process that was killed had made on the way there."""
    for left in path.parent.glob(f"*{path.stem}*"):
        left.unlink(missing_ok=True)


def _content(recording: Path) -> str:
    try:
        state = recording.stat()
        return _content_of(recording, state.st_mtime_ns, state.st_size)
    except OSError as fault:
        raise SpeechFailed(f"the recording {recording} cannot be read: {fault.strerror}") from fault


@lru_cache(maxsize=1024)
def _content_of(recording: Path, _changed_ns: int, _size: int) -> str:
    return hashlib.sha256(recording.read_bytes()).hexdigest()


@cache
def _engine_version() -> str:
    try:
        return f"pyttsx3 {metadata.version('pyttsx3')} {metadata.version('espeakng-loader')}"
    except metadata.PackageNotFoundError as missing:
        raise SpeechFailed(
            f"the package {missing.name} is not installed: run `./hotline setup base`"
        ) from missing


# ---- what is made before the first call


@dataclass(slots=True)
class Made:
    """What a publication did."""

    made: int = 0
    kept: int = 0
    seconds: float = 0.0
    failed: list[str] = field(default_factory=list)
    """One sentence a prompt that could not be made."""


async def make_missing(store: PromptFolder, prompts: Iterable[Prompt]) -> Made:
    """Make every prompt that is not there yet; faults are reported, not raised."""
    began = time.monotonic()
    wanted = list(dict.fromkeys(prompts))
    missing = [prompt for prompt in wanted if store.find(prompt) is None]
    faults = await store.make_all(missing)
    return Made(
        made=len(missing) - len(faults),
        kept=len(wanted) - len(missing),
        seconds=time.monotonic() - began,
        failed=[f"{lost.language} {lost.text[:40]!r}: {why}" for lost, why in faults.items()],
    )


async def put_music(folder: Path) -> None:
    """Our own hold music, unless the folder has music already; raises `SpeechFailed`."""
    _make_folder(folder)
    if not any(folder.iterdir()):
        await _run((sys.executable, "-m", "voice.music", str(folder)), "", DEADLINE)


def put_named(store: PromptStore, named: Iterable[tuple[str, Prompt]], folder: Path) -> None:
    """Give recordings that have been made fixed names: `folder/language/NAME.wav`."""
    for name, prompt in named:
        recording = store.find(prompt)
        if recording is None:
            continue
        target = folder / prompt.language / f"{name}.wav"
        _make_folder(target.parent)
        spare = target.with_name(f".{name}.new")
        spare.write_bytes(recording.read_bytes())
        spare.chmod(0o644)
        spare.replace(target)


def _make_folder(folder: Path) -> None:
    """A folder that Asterisk gets into although it may run as another user."""
    if not folder.is_dir():
        folder.mkdir(parents=True)
        folder.chmod(0o755)
