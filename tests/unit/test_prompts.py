"""Prompts as files: found by content, made once, never half, never in the way of a call."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

from ivr.load import load
from ivr.prompts import Targets, make_all, named_prompts, spoken_by
from tests.fakes_calls import FLOWS, HOUSE
from tests.logged import carried
from voice import prompts as module
from voice.audio import write_wav
from voice.ports import Prompt, SpeechFailed
from voice.prompts import PromptFolder, make_missing, put_music, put_named, recordings

HELLO = Prompt("Hello.", "en")
WRITES = """
import json, sys
orders = json.load(sys.stdin)
for order in orders:
    open(order['target'], 'ab').write(b'sound')
print(json.dumps([''] * len(orders)))
"""
REFUSES = "import json, sys; print(json.dumps(['no such voice' for _ in json.load(sys.stdin)]))"
CRASHES = "import sys; print('trace\\nout of memory', file=sys.stderr); sys.exit(1)"
HANGS = "import time; time.sleep(60)"


def store(folder: Path, program: str = WRITES, **settings: float) -> PromptFolder:
    command = (sys.executable, "-c", program)
    return PromptFolder(folder / "prompts", command=command, **settings)  # type: ignore[arg-type]


async def test_a_prompt_is_made_once_and_found_afterwards(tmp_path: Path) -> None:
    kept = store(tmp_path)
    assert kept.find(HELLO) is None
    made = await kept.make(HELLO)
    assert made == kept.find(HELLO) == await kept.make(HELLO)
    assert made.read_bytes() == b"sound"


async def test_who_asks_at_the_same_time_waits_for_the_same_process(tmp_path: Path) -> None:
    kept = store(tmp_path)
    made = await asyncio.gather(*(kept.make(HELLO) for _ in range(8)))
    assert len(set(made)) == 1 and made[0].read_bytes() == b"sound"


async def test_a_caller_who_leaves_takes_no_prompt_from_the_others(tmp_path: Path) -> None:
    kept = store(tmp_path)
    leaves, stays = (asyncio.create_task(kept.make(HELLO)) for _ in range(2))
    await asyncio.sleep(0)
    leaves.cancel()
    assert (await stays).exists()


@pytest.mark.parametrize(
    "other",
    [
        Prompt("Hello!", "en"),
        Prompt("Hello.", "zh"),
        Prompt("Hello.", "en", FLOWS / "good" / "goodbye.wav"),
    ],
)
def test_another_text_language_or_recording_is_another_file(tmp_path: Path, other: Prompt) -> None:
    kept = store(tmp_path)
    assert kept._path(other) != kept._path(HELLO)


def test_a_newer_engine_makes_new_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store(tmp_path)
    before = kept._path(HELLO)
    monkeypatch.setattr(module, "_engine_version", lambda: "pyttsx3 99 99")
    assert kept._path(HELLO) != before


def test_a_changed_recording_is_a_new_file(tmp_path: Path) -> None:
    kept, recording = store(tmp_path), tmp_path / "hello.wav"
    recording.write_bytes(b"first")
    before = kept._path(Prompt("Hello.", "en", recording))
    recording.write_bytes(b"second take")
    assert kept._path(Prompt("Hello.", "en", recording)) != before


@pytest.mark.parametrize(
    ("program", "why"),
    [
        (REFUSES, "no such voice"),
        (CRASHES, "failed: out of memory"),
        ("import os; os._exit(3)", "exit status 3"),
        ("print('[\"\"]')", "nothing was written"),
        ("print('no list')", "Expecting value"),
    ],
)
async def test_a_process_that_fails_is_noticed_and_leaves_nothing(
    tmp_path: Path, program: str, why: str
) -> None:
    kept = store(tmp_path, program)
    with pytest.raises(SpeechFailed, match=why):
        await kept.make(HELLO)
    assert kept.find(HELLO) is None and list(kept.folder.iterdir()) == []


async def test_a_process_that_hangs_is_killed_at_its_deadline(tmp_path: Path) -> None:
    kept = store(tmp_path, HANGS, deadline=0.2)
    with pytest.raises(SpeechFailed, match=r"did not end within 0\.2 s"):
        await kept.make(HELLO)


async def test_a_folder_that_cannot_be_made_is_a_clear_failure(tmp_path: Path) -> None:
    (tmp_path / "prompts").write_text("a file is in the way")
    with pytest.raises(SpeechFailed, match="File exists"):
        await store(tmp_path).make(HELLO)


async def test_what_a_hanging_process_started_is_killed_with_it(tmp_path: Path) -> None:
    started = tmp_path / "pid"
    forks = (
        "import os, time; pid = os.fork();"
        f"pid and open({str(started)!r}, 'w').write(str(pid)); time.sleep(60)"
    )
    with pytest.raises(SpeechFailed):
        await store(tmp_path, forks, deadline=0.5).make(HELLO)
    state = Path(f"/proc/{started.read_text()}/stat")
    async with asyncio.timeout(5):
        while state.exists() and state.read_text().split()[2] != "Z":
            await asyncio.sleep(0.01)


MINE = Prompt("Your number is 4711.", "en", personal=True)


async def test_what_is_personal_is_made_for_one_caller_and_found_by_nobody(tmp_path: Path) -> None:
    kept = store(tmp_path)
    first, second = await asyncio.gather(kept.make(MINE), kept.make(MINE))
    assert first != second and first.read_bytes() == second.read_bytes() == b"sound"
    assert kept.find(MINE) is None
    plain = kept._path(Prompt(MINE.text, "en"))
    assert plain.name not in (first.name, second.name) and not plain.exists()


async def test_a_start_forgets_what_is_personal_and_nothing_else(tmp_path: Path) -> None:
    kept = store(tmp_path)
    kept.forget_personal()
    mine, everybodys = await kept.make(MINE), await kept.make(HELLO)
    kept.forget_personal()
    assert not mine.exists() and everybodys.exists()
    assert (await kept.make(MINE)).exists()


async def test_a_personal_prompt_that_fails_tells_no_word_of_it(tmp_path: Path) -> None:
    tells = "import sys; print(sys.stdin.read(), file=sys.stderr); sys.exit(1)"
    with pytest.raises(SpeechFailed) as failed:
        await store(tmp_path, tells).make(MINE)
    assert "4711" not in str(failed.value)


async def test_a_personal_prompt_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    writes = WRITES.replace("print(", "import time; time.sleep(60); print(")
    kept = store(tmp_path, writes)
    making = asyncio.create_task(kept.make(MINE))
    async with asyncio.timeout(10):
        while not list((kept.folder / "personal").glob("*")):
            await asyncio.sleep(0.01)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert list((kept.folder / "personal").iterdir()) == []


async def test_a_failure_is_not_remembered(tmp_path: Path) -> None:
    kept = store(tmp_path, CRASHES)
    with pytest.raises(SpeechFailed):
        await kept.make(HELLO)
    kept.command = (sys.executable, "-c", WRITES)
    assert (await kept.make(HELLO)).exists()


async def test_a_missing_engine_names_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    module._engine_version.cache_clear()
    monkeypatch.setattr(metadata, "version", missing)
    kept = store(tmp_path)
    assert kept.find(HELLO) is None
    with pytest.raises(SpeechFailed, match="hotline setup"):
        await kept.make(HELLO)


async def test_a_call_plays_what_there_is_and_leaves_out_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = store(tmp_path)
    made = await kept.make(HELLO)
    kept.command = (sys.executable, "-c", HANGS)
    private = Prompt("Dear customer.", "en")
    assert await recordings(kept, [private, HELLO], seconds=0.05) == [made]
    assert "prompt left out" in caplog.text
    assert "Dear" not in carried(caplog.records)


async def test_publication_reports_what_it_made_kept_and_missed(tmp_path: Path) -> None:
    kept = store(tmp_path)
    lost = Prompt("Bye.", "en", tmp_path / "lost.wav")
    await kept.make(HELLO)
    done = await make_missing(kept, [HELLO, HELLO, Prompt("Bye.", "en"), lost])
    assert (done.made, done.kept, len(done.failed)) == (1, 1, 1)
    assert "lost.wav" in done.failed[0]


async def test_what_was_made_before_a_crash_is_kept(tmp_path: Path) -> None:
    half = WRITES.replace("in orders:", "in orders[:1]:").replace("print", "raise SystemExit  #")
    done = await make_missing(store(tmp_path, half), [HELLO, Prompt("Bye.", "en")])
    assert done.made == 1 and len(done.failed) == 1


async def test_the_dialplan_finds_its_prompts_by_name_and_music_beside(tmp_path: Path) -> None:
    texts = tmp_path / "named.yaml"
    texts.write_text("sorry: {zh: 抱歉。, en: Sorry.}", encoding="utf-8")
    (tmp_path / "moh").mkdir()
    (tmp_path / "moh" / "own.wav").write_bytes(b"own music")
    targets = Targets(tmp_path / "sounds", tmp_path / "moh")
    named = named_prompts(texts, ("zh", "en"))
    done = await make_all(store(tmp_path), [], named, targets)
    assert done.failed == []
    found = sorted(str(file.relative_to(targets.sounds)) for file in targets.sounds.rglob("*.*"))
    assert found == ["en/sorry.wav", "zh/sorry.wav"]
    assert [file.name for file in targets.music.iterdir()] == ["own.wav"]


async def test_music_that_cannot_be_made_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(SpeechFailed, match="exit status 1"):
        await put_music(tmp_path)


def test_every_waiting_time_is_made() -> None:
    texts = [prompt.text for prompt in spoken_by(load(FLOWS / "good/every-kind.yaml", HOUSE))]
    assert "The wait is about half an hour." in texts and "预计等待一小时以上。" in texts
    assert not any("{" in text for text in texts)


def test_a_call_needs_no_speech_library() -> None:
    """They take a second and 100 MB, and espeak must never live in the process of calls."""
    seen = "import sys, ivr.call, ivr.load, ivr.prompts, ivr.waiting; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True)
    assert not {"numpy", "soxr", "pyttsx3", "espeakng_loader"} & set(shown.stdout.split())


def test_what_is_spoken_can_be_read_by_asterisks_own_user(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        sound = np.zeros(800, dtype=np.float32)
        store = PromptFolder(tmp_path / "prompts")
        hello = Prompt("hello", "en")
        store.folder.mkdir()
        write_wav(sound, store._path(hello))
        put_named(store, [("hello", hello)], tmp_path / "sounds")
    finally:
        os.umask(before)
    put = tmp_path / "sounds" / "en" / "hello.wav"
    assert put.stat().st_mode & 0o777 == 0o644
    assert put.parent.stat().st_mode & 0o777 == 0o755
