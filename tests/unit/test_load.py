"""What may answer a call. `tests/flows/bad` says, file by file, what is refused and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr import settings
from ivr.faults import BadFlow
from ivr.flow import KINDS, MenuStep, QueueStep, prompt
from ivr.load import OWN_FLOWS, load, load_all, load_for
from ivr.perform import PERFORMERS
from ivr.settings import NumberEntry
from tests.fakes_calls import FLOWS, HOUSE

REFUSED = "# refused: "


@pytest.mark.parametrize("file", sorted((FLOWS / "bad").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_bad_flow_is_refused_with_line_path_and_remedy(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    expected = [line.removeprefix(REFUSED) for line in lines if line.startswith(REFUSED)]
    with pytest.raises(BadFlow) as refusal:
        load(file, HOUSE)
    assert [fault.removeprefix(f"{file}:") for fault in refusal.value.faults] == expected
    assert expected


@pytest.mark.parametrize(
    "file", sorted((FLOWS / "good").glob("*.yaml")), ids=lambda file: file.stem
)
def test_a_good_flow_loads(file: Path) -> None:
    flow = load(file, HOUSE)
    assert flow.first in flow.steps


@pytest.mark.parametrize("file", sorted(OWN_FLOWS.glob("*.yaml")), ids=lambda file: file.stem)
def test_our_own_flows_load(file: Path) -> None:
    assert load(file, HOUSE).name == file.stem


def test_every_kind_of_step_can_be_performed() -> None:
    assert PERFORMERS.keys() == KINDS.keys()


def test_every_prompt_exists_in_every_language() -> None:
    for prompts in (load(file, HOUSE).prompts() for file in OWN_FLOWS.glob("*.yaml")):
        zh = [prompt.text for prompt in prompts if prompt.language == "zh"]
        en = [prompt.text for prompt in prompts if prompt.language == "en"]
        assert len(zh) == len(en) > 0
        assert all(text.isascii() for text in en)
        assert not any(text.isascii() for text in zh)


def test_what_yaml_takes_for_numbers_or_booleans_stays_text() -> None:
    flow = load(FLOWS / "good" / "values-that-yaml-would-guess.yaml", HOUSE)
    assert [said.text for said in flow.prompts()] == ["12:30", "no", "0123", "1.50"]


def test_a_step_has_the_values_that_the_file_gives_it() -> None:
    steps = load(FLOWS / "good" / "every-kind.yaml", HOUSE).steps
    choice, person = steps["choice"], steps["person"]
    assert isinstance(choice, MenuStep) and isinstance(person, QueueStep)
    assert (choice.seconds, choice.tries, choice.at_most) == (4.0, 2, 3)
    assert choice.keys == {"1", "2", "*", "#"}
    assert [(rule.after, rule.every) for rule in person.while_waiting] == [(5, None), (None, 30)]


def test_a_recording_is_found_beside_the_flow() -> None:
    bye = load(FLOWS / "good" / "every-kind.yaml", HOUSE).steps["bye"]
    _, spoken = next(bye.spoken())
    assert prompt(spoken, "en").recorded == FLOWS / "good" / "goodbye.wav"
    assert prompt(spoken, "zh").recorded is None


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"first: \x00", b"[" * 500, b"first: !!python/object:os.x {}"]
)
def test_a_file_that_is_no_text_is_refused_and_nothing_worse(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(content)
    with pytest.raises(BadFlow):
        load(file, HOUSE)


def test_faults_of_all_files_come_at_once(tmp_path: Path) -> None:
    bad = [FLOWS / "bad" / "dead-end.yaml", tmp_path / "not-there.yaml"]
    with pytest.raises(BadFlow) as refusal:
        load_all([*bad, FLOWS / "good" / "shortest.yaml"], HOUSE)
    assert len(refusal.value.faults) == 2


def test_a_flow_of_the_installation_stands_before_ours(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_bytes((FLOWS / "good/shortest.yaml").read_bytes())
    flows = load_for(settings.load({"HOTLINE_DATA": str(tmp_path)}))
    assert list(flows["main"].steps) == ["bye"]


def test_a_number_without_its_flow_is_a_fault(tmp_path: Path) -> None:
    known = settings.load({"HOTLINE_DATA": str(tmp_path)})
    numbers = {"4000": NumberEntry(flow="mian")}
    site = known.site.model_copy(update={"numbers": numbers})
    with pytest.raises(BadFlow, match="did you mean 'main'"):
        load_for(replace(known, site=site))


KEYED = """
first: person
steps:
  person: {do: queue, %s say: {zh: 按1。, en: Press 1.}, keys: {"1": note}}
  note: {do: say, say: {zh: 好。, en: Well.}, then: other}
  other: {do: queue}
"""


def test_a_key_that_offers_of_the_chat_have_is_refused_in_their_queues_alone(
    tmp_path: Path,
) -> None:
    asked = replace(HOUSE, asked_online=("sales",))
    named = (("queue: sales,", True), ("queue: support,", False), ("", True))
    for number, (queue, clashes) in enumerate(named):
        file = tmp_path / f"keyed{number}.yaml"
        file.write_text(KEYED % queue, encoding="utf-8")
        assert load(file, HOUSE).first == "person"
        if clashes:
            with pytest.raises(BadFlow, match="callers of sales are offered the chat by this key"):
                load(file, asked)
        else:
            assert load(file, asked).first == "person"
