"""Published versions: whole or not there, never changed, none lost."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from ivr import flow_versions
from ivr.faults import BadFlow
from ivr.flow import prompt
from ivr.flow_versions import Deed, FlowVersions, Version
from ivr.frozen_flow import FrozenFlow, freeze
from ivr.load import load
from tests.fakes_calls import FLOWS, HOUSE

SOUND = (FLOWS / "good" / "goodbye.wav").read_bytes()
WITH_SOUND = """
# as approved by the director
first: bye
steps:
  bye:
    do: goodbye
    say:
      zh: {text: 再见。, recorded: sounds/bye.wav}  # spoken by Li
      en: {recorded: "sounds/bye.wav", text: Goodbye.}
"""
DEED = Deed("ann", 1_700_000_000.5, "a new menu")


def no_words(file: Path, before: Version | None) -> Sequence[str]:
    return [f"after {before.number if before else 'none'}"]


@pytest.fixture
def versions(tmp_path: Path) -> FlowVersions:
    return FlowVersions(tmp_path)


@pytest.fixture
def draft(tmp_path: Path) -> Path:
    """A flow with a recording, as an admin has written it."""
    (tmp_path / "flows" / "sounds").mkdir(parents=True)
    (tmp_path / "flows" / "sounds" / "bye.wav").write_bytes(SOUND)
    file = tmp_path / "flows" / "main.yaml"
    file.write_text(WITH_SOUND, encoding="utf-8")
    return file


# ---------------------------------------------------------------- a flow as it is now


def test_a_frozen_flow_names_its_recordings_by_what_is_in_them(draft: Path) -> None:
    frozen = freeze(draft)
    [(name, content)] = frozen.recordings.items()
    assert content == SOUND
    assert frozen.text.count(f'recorded: "../recordings/{name}"') == 2
    assert "sounds/" not in frozen.text and "# spoken by Li" in frozen.text
    assert len(frozen.text.splitlines()) == len(WITH_SOUND.splitlines())


def test_another_sound_under_the_same_name_is_another_flow(draft: Path) -> None:
    before = freeze(draft)
    assert freeze(draft).digest == before.digest
    (draft.parent / "sounds" / "bye.wav").write_bytes(SOUND + b"\0\0")
    assert freeze(draft).digest != before.digest


@pytest.mark.parametrize(
    "text", ["first: a\nsteps: {recorded: {do: queue}}", "a: {then: {recorded: b}}", "# recorded"]
)
def test_what_is_only_called_recorded_is_no_recording(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text(text)
    assert freeze(tmp_path / "main.yaml") == FrozenFlow(text)


def test_a_recording_that_is_not_there_is_a_fault(draft: Path) -> None:
    (draft.parent / "sounds" / "bye.wav").unlink()
    with pytest.raises(BadFlow, match="cannot be read"):
        freeze(draft)


# ---------------------------------------------------------------- versions


def test_a_version_says_who_when_why_and_what_is_different(versions: FlowVersions) -> None:
    versions.add("main", FrozenFlow("one"), DEED, no_words)
    versions.add("main", FrozenFlow("two"), Deed("bob", 5.0, "back", back_to=1), no_words)
    first, second = versions.history("main")
    assert (first.number, first.who, first.at, first.why) == (1, "ann", DEED.at, "a new menu")
    assert (second.number, second.name, second.back_to) == (2, "main/2", 1)
    assert [version.difference for version in (first, second)] == [("after none",), ("after 1",)]
    assert versions.newest("main") == second and versions.flows() == ["main"]
    assert versions.find("main", 1) == first and versions.find("main", 3) is None


def test_a_version_keeps_its_sound_when_the_recording_is_made_anew(
    versions: FlowVersions, draft: Path
) -> None:
    version = versions.add("main", freeze(draft), DEED, no_words)
    (draft.parent / "sounds" / "bye.wav").unlink()
    flow = load(versions.file(version), HOUSE)
    for _, spoken in flow.steps["bye"].spoken():
        recorded = prompt(spoken, "zh").recorded
        assert recorded and recorded.read_bytes() == SOUND


def test_the_same_sound_is_kept_once_for_all_versions(versions: FlowVersions, draft: Path) -> None:
    for _ in range(3):
        versions.add("main", freeze(draft), DEED, no_words)
    assert len(list(draft.parent.glob("published/main/recordings/*"))) == 1


def test_a_version_that_was_changed_by_hand_is_not_walked(
    versions: FlowVersions, draft: Path
) -> None:
    version = versions.add("main", freeze(draft), DEED, no_words)
    file = versions.file(version)
    file.chmod(0o644)
    file.write_text(file.read_text(encoding="utf-8").replace("再见", "再会"), encoding="utf-8")
    with pytest.raises(BadFlow, match="changed after it was published"):
        versions.file(version)


def test_what_is_refused_leaves_nothing_behind(versions: FlowVersions, tmp_path: Path) -> None:
    def refuse(file: Path, before: Version | None) -> Sequence[str]:
        assert file.read_text() == "bad"
        raise BadFlow(["no"])

    with pytest.raises(BadFlow):
        versions.add("main", FrozenFlow("bad"), DEED, refuse)
    assert versions.flows() == [] and versions.newest("main") is None
    names = [path.name for path in (tmp_path / "flows" / "published" / "main").iterdir()]
    assert names == ["versions.lock"]


def test_what_a_killed_publish_left_behind_is_no_version(
    versions: FlowVersions, tmp_path: Path
) -> None:
    half = tmp_path / "flows" / "published" / "main" / ".unfinished"
    half.mkdir(parents=True)
    (half / "main.yaml").write_text("half")
    assert versions.history("main") == []
    assert versions.add("main", FrozenFlow("whole"), DEED, no_words).number == 1
    assert not half.exists()


def test_of_many_who_publish_at_once_none_is_lost(versions: FlowVersions) -> None:
    def publish(text: str) -> None:
        versions.add("main", FrozenFlow(text), DEED, no_words)

    texts = [f"flow {number}" for number in range(12)]
    threads = [threading.Thread(target=publish, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    history = versions.history("main")
    assert [version.number for version in history] == list(range(1, 13))
    assert sorted(versions.frozen(version).text for version in history) == sorted(texts)
    before = [f"after {number or 'none'}" for number in range(12)]
    assert [version.difference[0] for version in history] == before


def test_who_waits_too_long_for_another_who_publishes_is_told(
    versions: FlowVersions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_versions, "LOCK_SECONDS", 0.0)

    def meanwhile(file: Path, before: Version | None) -> Sequence[str]:
        with pytest.raises(BadFlow, match="somebody else is publishing"):
            versions.add("main", FrozenFlow("two"), DEED, no_words)
        return []

    versions.add("main", FrozenFlow("one"), DEED, meanwhile)
    assert len(versions.history("main")) == 1


@pytest.mark.parametrize("name", ["../secrets", "", "a/b", ".hidden", "x" * 33])
def test_a_name_that_is_none_has_no_versions(name: str, versions: FlowVersions) -> None:
    assert versions.history(name) == [] and versions.find(name, 1) is None


def test_a_record_of_a_later_program_can_be_read(versions: FlowVersions, tmp_path: Path) -> None:
    versions.add("main", FrozenFlow("one"), DEED, no_words)
    record = tmp_path / "flows" / "published" / "main" / "0001" / "record.json"
    known = json.loads(record.read_text())
    record.chmod(0o644)
    record.write_text(json.dumps({**known, "approved_by": "bob"}))
    [version] = versions.history("main")
    assert version.who == "ann"
    record.write_text("{")
    with pytest.raises(BadFlow, match=r"record\.json: cannot be read"):
        versions.history("main")
