"""Real speech: pyttsx3 in one-shot processes, through to what the telephone plays."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from voice import audio
from voice.ports import Prompt, SpeechFailed
from voice.prompts import ROOT, PromptFolder, put_music

ZH = Prompt("正在为您转接，请稍候。", "zh")
EN = Prompt("Please hold the line. We are connecting you.", "en")


@pytest.fixture
def store(tmp_path: Path) -> PromptFolder:
    return PromptFolder(tmp_path / "prompts")


def seconds(path: Path) -> float:
    samples, rate = audio.read_wav(path)
    return len(samples) / rate


@pytest.mark.parametrize(("prompt", "shortest", "longest"), [(ZH, 1.5, 5.0), (EN, 2.0, 5.0)])
async def test_speech_is_what_the_telephone_plays(
    store: PromptFolder, prompt: Prompt, shortest: float, longest: float
) -> None:
    path = await store.make(prompt)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
    assert shortest < seconds(path) < longest
    samples, _ = audio.read_wav(path)
    assert audio.level_db(samples) == pytest.approx(audio.SPEECH_LEVEL_DB, abs=2)
    assert np.abs(samples).max() < 1


async def test_chinese_is_spoken_by_a_chinese_voice(store: PromptFolder) -> None:
    """An English voice reads each sign as "Chinese letter": much longer, and wrong."""
    chinese, english = await asyncio.gather(
        store.make(Prompt("您好欢迎致电", "zh")), store.make(Prompt("您好欢迎致电", "en"))
    )
    assert chinese.read_bytes() != english.read_bytes()
    assert seconds(chinese) < 3 < seconds(english)


async def test_a_longer_text_takes_longer(store: PromptFolder) -> None:
    short, long = await asyncio.gather(store.make(ZH), store.make(Prompt(ZH.text * 3, "zh")))
    assert seconds(long) == pytest.approx(3 * seconds(short), rel=0.2)


async def test_eight_at_once_are_all_complete(tmp_path: Path) -> None:
    together = PromptFolder(tmp_path / "together", at_once=8)
    by_two = PromptFolder(tmp_path / "two", at_once=2)
    wanted = [Prompt(f"{ZH.text}{sign}号。", "zh") for sign in "一二三四"]
    wanted += [Prompt(f"{EN.text} Desk {word}.", "en") for word in ("one", "two", "six", "ten")]
    made = await asyncio.gather(*map(together.make, wanted))
    again = await asyncio.gather(*map(by_two.make, wanted))
    assert [path.read_bytes() for path in made] == [path.read_bytes() for path in again]


@pytest.mark.parametrize(
    ("prompt", "why"),
    [
        (Prompt("Bonjour.", "fr"), "no voice for language 'fr'"),
        (Prompt("……。", "zh"), "silence"),
        (Prompt("Hello.", "en", Path(__file__)), "RIFF"),
    ],
)
async def test_what_cannot_be_spoken_is_a_clear_failure(
    store: PromptFolder, prompt: Prompt, why: str
) -> None:
    with pytest.raises(SpeechFailed, match=why):
        await store.make(prompt)
    assert not list(store.folder.glob("*"))


def test_a_broken_voice_is_noticed_and_not_spoken(tmp_path: Path) -> None:
    broken = (
        "import sys; from pathlib import Path; from voice.engines import pyttsx3_engine as e;"
        "e.VOICES['zh'] = e.Voice('nobody', 165);"
        f"e.speak('您好', 'zh', Path({str(tmp_path / 'out.wav')!r}))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", broken], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert ended.returncode != 0 and "nobody" in ended.stderr
    assert not (tmp_path / "out.wav").exists()


def test_no_library_of_the_system_is_used(tmp_path: Path) -> None:
    """The wheel's library speaks even where another espeak is installed."""
    shows = (
        "from pathlib import Path; from voice.engines import pyttsx3_engine as e;"
        f"e.speak('您好', 'zh', Path({str(tmp_path / 'out.wav')!r}));"
        "import re; maps = Path('/proc/self/maps').read_text();"
        "print(*set(re.findall(r'/\\S*espeak\\S*\\.so\\S*', maps)), sep='\\n', flush=True);"
        "import os; os._exit(0)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", shows], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    loaded = ended.stdout.split()
    assert loaded and all("espeakng_loader" in path for path in loaded), ended.stderr


async def test_a_recording_wins_over_speech_and_is_brought_to_the_telephone(
    store: PromptFolder, tmp_path: Path
) -> None:
    recording = tmp_path / "studio.wav"
    pitch = np.sin(np.arange(48000) * 2 * np.pi * 440 / 48000) * 0.05
    audio.write_wav(pitch.astype(np.float32), recording, rate=48000)
    samples, rate = audio.read_wav(await store.make(Prompt("Hello.", "en", recording)))
    assert rate == 8000 and len(samples) == pytest.approx(8000, abs=200)
    assert audio.level_db(samples) == pytest.approx(audio.SPEECH_LEVEL_DB, abs=1)


async def test_nothing_but_the_recording_is_left_behind(store: PromptFolder) -> None:
    path = await store.make(EN)
    assert list(store.folder.iterdir()) == [path]


async def test_hold_music_is_made_where_there_is_none(tmp_path: Path) -> None:
    await put_music(tmp_path / "moh")
    assert sorted(file.name for file in (tmp_path / "moh").iterdir()) == ["hold.ulaw", "hold.wav"]
    assert 30 <= seconds(tmp_path / "moh" / "hold.wav") <= 60


async def test_one_process_makes_many_and_says_which_it_could_not(store: PromptFolder) -> None:
    lost = Prompt("Bonjour.", "fr")
    faults = await store.make_all([ZH, lost, EN])
    assert list(faults) == [lost] and "no voice" in faults[lost]
    assert store.find(ZH) and store.find(EN)


async def test_one_that_hangs_takes_no_other_with_it(tmp_path: Path) -> None:
    hangs = (
        "import time; from voice import render; from voice.engines import pyttsx3_engine as e;"
        "render.SECONDS_EACH = 1; speak = e.speak;"
        "e.speak = lambda text, *a: time.sleep(60) if text == 'hang' else speak(text, *a);"
        "render.main()"
    )
    stuck = Prompt("hang", "en")
    kept = PromptFolder(tmp_path / "prompts", command=(sys.executable, "-c", hangs))
    faults = await kept.make_all([ZH, stuck, EN])
    assert list(faults) == [stuck] and "did not end within 1 s" in faults[stuck]


def test_a_folder_that_cannot_be_written_is_a_clear_failure() -> None:
    orders = [{"text": "Hi", "language": "en", "recorded": None, "target": "/nowhere/at/all.wav"}]
    ended = subprocess.run(
        [sys.executable, "-m", "voice.render"],
        cwd=ROOT, input=json.dumps(orders), capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    (fault,) = json.loads(ended.stdout)
    assert ended.returncode == 0 and "No such file" in fault
