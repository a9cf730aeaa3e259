"""Recording a caller: what Asterisk is told, what is read of it, and that nothing is left lying."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from adapters.asterisk import takes
from adapters.asterisk.agi_server import AgiServer
from ivr.ports import CallerGone, Line, LineFailed, Take
from tests.bare_asterisk import free_port
from tests.fake_asterisk import WORD, FakeCall
from voice.ports import Prompt
from voice.recorded import BYTES_PER_SECOND, as_wav, spoken, tone


def speech(seconds: float) -> bytes:
    """Somebody who speaks, as loud as people do."""
    samples = np.random.default_rng(1).normal(0, 3000, round(seconds * 8000))
    return samples.clip(-32768, 32767).astype("<i2").tobytes()


def hiss(seconds: float) -> bytes:
    """What a line sounds like on which nobody speaks."""
    samples = np.random.default_rng(2).normal(0, 40, round(seconds * 8000))
    return samples.astype("<i2").tobytes()


SAID = hiss(1) + speech(3) + hiss(1)


class NoPrompts:
    """A prompt store that is not asked for anything."""

    def find(self, prompt: Prompt) -> Path | None:
        return None

    async def make(self, prompt: Prompt) -> Path:
        raise AssertionError


class Stage:
    """A server, and one call whose script records the caller."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.port = free_port()
        self.server = AgiServer(
            "127.0.0.1", self.port, WORD, self.take_call, NoPrompts(), takes=folder
        )
        self.call = FakeCall(self.port)
        self.take: Take | None = None
        self.failed: Exception | None = None
        self.then: str | None = None
        self._over = asyncio.Event()

    async def take_call(self, line: Line) -> None:
        try:
            self.take = await line.record([], seconds=60, pause=4)
            self.then = await line.ask([], most_keys=1, seconds=1)
        except (LineFailed, CallerGone) as failed:
            self.failed = failed
        finally:
            self._over.set()

    async def over(self) -> None:
        """Play the call until its script is over."""
        await self.call.run()
        await asyncio.wait_for(self._over.wait(), 5)

    def says(self, sound: bytes, answer: str = "35 (dtmf) endpos=40000") -> None:
        def write(path: Path) -> str:
            path.write_bytes(sound)
            return answer

        self.call.records = write

    @property
    def left(self) -> list[str]:
        """What lies in the folder but for the tone."""
        assert self.folder
        return [path.name for path in self.folder.iterdir() if path.name != takes.TONE]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(tmp_path / "takes")
    await stage.server.start()
    yield stage
    await stage.server.stop(0)


async def test_what_the_caller_says_is_read_measured_and_deleted(stage: Stage) -> None:
    stage.says(SAID)
    await stage.over()
    assert stage.take and stage.take.sound == SAID and not stage.take.gone
    assert stage.take.spoken == pytest.approx(3, abs=0.05)
    assert stage.left == []


async def test_asterisk_is_told_when_it_ends_after_a_tone(stage: Stage) -> None:
    stage.says(SAID)
    await stage.over()
    names = [command for command in stage.call.commands if "EXEC Record" in command]
    assert len(names) == 1 and names[0].endswith('.sln,4,60,kq"')
    before = stage.call.commands[: stage.call.commands.index(names[0])]
    assert any("Playback" in command and command.endswith('tone"') for command in before)


async def test_keys_until_the_end_of_the_recording_answer_no_later_question(stage: Stage) -> None:
    def write(path: Path) -> str:
        stage.call.variables["HOTLINE_TYPED"] += "1#"
        path.write_bytes(SAID)
        return "35 (dtmf) endpos=40000"

    stage.call.records = write
    await stage.over()
    assert stage.take and stage.then is None


async def test_who_hangs_up_has_said_what_they_said_once_the_file_is_whole(stage: Stage) -> None:
    files: list[Path] = []

    def closes() -> None:
        files[0].write_bytes(SAID)

    def write(path: Path) -> str:
        files.append(path)
        path.write_bytes(SAID[:1000])
        stage.call.closes = closes
        return "-1 (hangup) endpos=40000"

    stage.call.records = write
    await stage.over()
    assert stage.take and stage.take.gone and stage.take.sound == SAID
    assert isinstance(stage.failed, CallerGone) and stage.left == []


async def test_what_cannot_be_recorded_is_a_failure_of_the_line(stage: Stage) -> None:
    stage.call.records = lambda path: "-1 (writefile)"
    await stage.over()
    assert isinstance(stage.failed, LineFailed) and stage.take is None


async def test_a_recording_that_is_not_there_is_a_failure_of_the_line(stage: Stage) -> None:
    stage.call.records = lambda path: "0 (timeout) endpos=0"
    await stage.over()
    assert isinstance(stage.failed, LineFailed)


async def test_a_house_without_a_folder_records_nobody() -> None:
    stage = Stage(None)
    await stage.server.start()
    await stage.over()
    await stage.server.stop(0)
    assert isinstance(stage.failed, LineFailed)


def test_what_a_dead_process_has_left_is_deleted_and_the_tone_stays(tmp_path: Path) -> None:
    takes.tone_in(tmp_path)
    (tmp_path / "take-0a.sln").write_bytes(SAID)
    takes.forget(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [takes.TONE]


# ---------------------------------------------------------------- sound


@pytest.mark.parametrize(
    ("sound", "seconds"),
    [
        (b"", 0.0),
        (b"\1", 0.0),
        (hiss(5), 0.0),
        (hiss(2) + speech(0.02) + hiss(2), 0.0),
        (speech(2), 2.0),
        (hiss(4) + speech(1) + hiss(2) + speech(1) + hiss(4), 4.0),
    ],
    ids=["nothing", "half a sample", "hiss", "a click", "speech", "with a pause"],
)
def test_how_long_somebody_speaks(sound: bytes, seconds: float) -> None:
    assert spoken(sound) == pytest.approx(seconds, abs=0.05)


def test_a_file_to_listen_to_has_all_of_it() -> None:
    with wave.open(io.BytesIO(as_wav(SAID))) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (8000, 2, 1)
        assert file.readframes(file.getnframes()) == SAID


def test_the_tone_is_heard_and_begins_and_ends_softly() -> None:
    samples = np.frombuffer(tone(), dtype="<i2")
    assert len(tone()) / BYTES_PER_SECOND == pytest.approx(0.4)
    assert abs(int(samples[0])) < 50 and abs(int(samples[-1])) < 500
    assert spoken(tone()) == pytest.approx(0.4, abs=0.05)
