"""`./hotline flow hear` writes what callers will hear, with the real synthesiser."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.cli.commands import app

FLOW = """\
first: account
steps:
  account:
    do: listen
    say: {zh: 请输入号码。, en: Enter the number.}
    into: number
    keys: {least: 4, most: 4}
    then: {done: told, silence: person, no_match: person}
  told: {do: say, say: {zh: "您输入的是{number}。", en: "You entered {number}."}, then: person}
  person: {do: queue}
"""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose flow `shop` is a draft."""
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "shop.yaml").write_text(FLOW, encoding="utf-8")
    return tmp_path


def hear(house: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["flow", "hear", "shop", "--into", str(house / "out"), *words])


def test_a_draft_can_be_heard_as_telephones_will_play_it(house: Path) -> None:
    result = hear(house, "--json")
    assert result.exit_code == 0, result.output
    made = {file.name for file in (house / "out").iterdir()}
    assert made == {"account.say.zh.wav", "account.say.en.wav"}
    with wave.open(str(house / "out" / "account.say.en.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert sound.getnframes() > 4000
    missing = {row["file"]: row["missing"] for row in json.loads(result.stdout)}
    assert missing["told.say.en.wav"] == "holds a caller's value"


def test_a_step_that_is_not_there_is_named_with_those_that_are(house: Path) -> None:
    result = hear(house, "--step", "acount")
    assert result.exit_code == 1
    assert "has no step 'acount'" in result.stderr and "account" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(house: Path) -> None:
    (house / "out").write_text("a file", encoding="utf-8")
    result = hear(house, "--step", "account")
    assert result.exit_code == 1 and str(house / "out") in result.stderr
