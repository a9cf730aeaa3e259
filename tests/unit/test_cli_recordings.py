"""`./hotline recordings`, `recording`, `listen`: what the core is asked, and what is shown."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from acd.model import ContactId
from adapters.cli import talk_control
from adapters.cli.commands import app
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr.ports import EffectKey, Record

SAID, HEARD = b"\x01\x02" * 16_000, b"\x03\x04" * 8_000


def hotline(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


@pytest.fixture
def talk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Any]:
    """One recorded part, journaled twice as after a crash; the core does not run."""

    async def recorded() -> Mapping[str, Any]:
        database = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
        keys = KeyRing(tmp_path / "secrets")
        vault = SqlVault(database, keys, "CN")
        await vault.check()
        person = await vault.new_person()
        kept = SealedRecordings(database, keys, tmp_path)
        ids = [
            (await kept.keep(EffectKey(f"c-1/talk-{side}/1"), person, sound)).id
            for side, sound in (("customer", SAID), ("agent", HEARD))
        ]
        data = {"part": 1, "customer": ids[0], "agent": ids[1], "seconds": 2.0,
                "effect": "c-1/talk/1"}  # fmt: skip
        async with SqlJournal(database) as journal:
            record = Record(1_763_712_000.0, "TalkRecorded", data, ContactId("c-1"))
            await journal.append([record, record])
        await database.close()
        return data

    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    return asyncio.run(recorded())


def test_recorded_talks_are_listed_once_with_both_directions(talk: Mapping[str, Any]) -> None:
    [row] = json.loads(hotline("recordings", "--json").output)
    assert (row["contact"], row["part"], row["seconds"]) == ("c-1", 1, 2.0)
    assert (row["customer"], row["agent"]) == (talk["customer"], talk["agent"])
    assert hotline("recordings").output.count(talk["customer"]) == 1


def test_a_direction_is_written_as_a_sound_file_for_a_reason(
    talk: Mapping[str, Any], tmp_path: Path
) -> None:
    target = tmp_path / "talk.wav"
    assert hotline("recordings", talk["agent"], "--save", str(target)).exit_code == 1
    assert not target.exists(), "no reason, no sound"
    why = ("--save", str(target), "--why", "a complaint")
    assert hotline("recordings", talk["agent"], *why).exit_code == 0
    with wave.open(str(target)) as file:
        assert file.readframes(file.getnframes()) == HEARD


def test_a_recording_without_a_file_to_write_is_refused(talk: Mapping[str, Any]) -> None:
    refused = hotline("recordings", talk["agent"])
    assert refused.exit_code == 1 and "--save FILE" in refused.stderr


@pytest.mark.parametrize(
    ("words", "what", "fields"),
    [
        (("recording", "pause", "ann"), "recording pause", {"of": "ann"}),
        (("recording", "resume", "c-1"), "recording resume", {"of": "c-1"}),
        (("recording", "stop", "ann"), "recording stop", {"of": "ann"}),
        (("listen", "ann", "--from", "boss"), "listen",
         {"of": "ann", "phone": "boss", "how": "listen"}),
        (("listen", "ann", "--from", "boss", "--whisper"), "listen",
         {"of": "ann", "phone": "boss", "how": "whisper"}),
        (("listen", "ann", "--from", "boss", "--barge"), "listen",
         {"of": "ann", "phone": "boss", "how": "barge"}),
    ],
)  # fmt: skip
def test_the_core_is_asked_and_told_who_asks(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], what: str, fields: Mapping[str, str]
) -> None:
    asked: list[tuple[str, Mapping[str, Any]]] = []

    def answer(what: str, **fields: Any) -> Mapping[str, Any]:
        asked.append((what, fields))
        return {"contact": "c-1", "recording": "paused"}

    monkeypatch.setattr(talk_control, "ask", answer)
    monkeypatch.setattr(talk_control, "login", lambda: "eve")
    assert hotline(*words).exit_code == 0
    assert asked == [(what, {**fields, "who": "eve"})]


def test_nobody_whispers_and_barges_at_once() -> None:
    refused = hotline("listen", "ann", "--from", "boss", "--whisper", "--barge")
    assert refused.exit_code == 1 and "either" in refused.stderr
