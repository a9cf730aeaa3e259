"""Music of single queues, by language: which class a caller hears, and what is refused."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from adapters.asterisk import queue_music
from adapters.asterisk.config import TEMPLATES, fill, render
from adapters.asterisk.site_values import BadPlace, values_of
from ivr.faults import BadSettings
from ivr.settings import Settings, load

CENTRE = "queues: [support, sales]"


def house(root: Path, music: str) -> Settings:
    (root / "home").mkdir(exist_ok=True)
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "site.yaml").write_text(f"music: {music}")
    (root / "data" / "centre.yaml").write_text(CENTRE)
    return load({"HOTLINE_HOME": str(root / "home"), "HOTLINE_DATA": str(root / "data")})


def sound(root: Path, name: str, rate: int = 8000) -> None:
    file = root / "data" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(file), "wb") as written:
        written.setparams((1, 2, rate, 0, "NONE", ""))
        written.writeframes(b"\0\0" * 80)


def test_each_queue_has_its_music_in_its_language_and_others_the_usual(tmp_path: Path) -> None:
    sound(tmp_path, "music/zh/a.wav")
    sound(tmp_path, "music/sales/b.wav")
    given = house(tmp_path, "{support: {zh: music/zh}, sales: music/sales}")
    queue_music.put(given)
    values = queue_music.values(given)
    assert values["MUSIC_OF_QUEUES"].splitlines() == [
        "MUSIC_support_zh=support-zh", "MUSIC_support_en=default",
        "MUSIC_sales_zh=sales-zh", "MUSIC_sales_en=sales-en",
    ]  # fmt: skip
    assert values["QUEUE_MUSIC"].count("mode = files") == 3
    played = {path.relative_to(given.run / queue_music.FOLDER).as_posix()
              for path in (given.run / queue_music.FOLDER).rglob("*.wav")}  # fmt: skip
    assert played == {"support-zh/a.wav", "sales-zh/b.wav", "sales-en/b.wav"}


def test_without_music_of_its_own_every_queue_has_the_usual(tmp_path: Path) -> None:
    values = queue_music.values(house(tmp_path, "{}"))
    assert values["QUEUE_MUSIC"] == ""
    assert set(values["MUSIC_OF_QUEUES"].splitlines()) == {
        f"MUSIC_{queue}_{language}=default"
        for queue in ("support", "sales")
        for language in ("zh", "en")
    }


def test_what_is_not_played_any_more_goes(tmp_path: Path) -> None:
    sound(tmp_path, "music/a.wav")
    sound(tmp_path, "music/b.wav")
    given = house(tmp_path, "{sales: music}")
    queue_music.put(given)
    (tmp_path / "data/music/a.wav").unlink()
    queue_music.put(given)
    assert [p.name for p in (given.run / queue_music.FOLDER / "sales-zh").iterdir()] == ["b.wav"]
    queue_music.put(house(tmp_path, "{}"))
    assert list((given.run / queue_music.FOLDER).iterdir()) == []


def test_files_that_could_not_be_played_are_refused_all_at_once(tmp_path: Path) -> None:
    sound(tmp_path, "music/fast.wav", rate=44_100)
    (tmp_path / "data/music/odd.wav").write_text("no sound")
    (tmp_path / "data/empty").mkdir()
    with pytest.raises(BadPlace) as refused:
        render(house(tmp_path, "{sales: music, support: {en: empty}}"))
    said = str(refused.value)
    assert "fast.wav: must be 8000 Hz" in said and "odd.wav: is no WAV file" in said
    assert "nothing to play in" in said and said.count("\n") == 2


@pytest.mark.parametrize(
    ("music", "why"),
    [
        ("{salse: music}", "there is no queue 'salse'; did you mean 'sales'?"),
        ("{sales: {fr: music}}", "music.sales.fr: is not spoken here"),
        ("{sales: ../music}", "is a folder in the data folder"),
        ("{sales: /etc}", "is a folder in the data folder"),
        ('{sales: "a\\nb"}', "is a folder in the data folder"),
    ],
)
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, music: str, why: str) -> None:
    with pytest.raises(BadSettings) as refused:
        house(tmp_path, music)
    assert why in "\n".join(refused.value.faults)


def test_the_dialplan_looks_for_the_music_where_a_caller_begins_to_wait(tmp_path: Path) -> None:
    sound(tmp_path, "music/a.wav")
    given = house(tmp_path, "{sales: music}")
    values = {**values_of(given), **queue_music.values(given)}
    dialplan = fill((TEMPLATES / "extensions.conf").read_text(encoding="utf-8"), values)
    waiting = dialplan.partition("[acd-wait]")[2].partition("StartMusicOnHold")[0]
    assert "Set(MOH=${MUSIC_${QUEUE}_${LANG}})" in waiting
    assert "MUSIC_sales_zh=sales-zh" in dialplan.partition("\n[globals]\n")[2].partition("\n[")[0]
