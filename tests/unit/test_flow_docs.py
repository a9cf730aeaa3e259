"""The guides say what the program does: their examples load, and no kind or field is left out."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ivr.centre_file import CentreFile
from ivr.faults import BadFlow
from ivr.flow import KEYS, KINDS, TOO_MANY, Announcement, BranchStep, MenuStep, ReturnStep, Words
from ivr.load import OWN_FLOWS, load
from ivr.rehearsal import callers, trial
from ivr.rehearsal.form import Caller, CallersFile, Expected
from ivr.rehearsal.mocks import MockedAnswer, MockedEnd
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import NumberEntry
from ivr.site_file import SiteFile
from ivr.steps_python import RegisteredStep
from tests.fakes_calls import FLOWS, HOURS, HOUSE, flow_of

ROOT = Path(__file__).parent.parent.parent
GUIDES = [ROOT / "docs" / "guides" / name for name in ("flows.md", "flows.zh.md")]
README = (OWN_FLOWS / "README.md").read_text(encoding="utf-8")


FILE = re.compile(r"# ([a-z]+\.yaml)\nfirst:")


def examples(guide: Path) -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", guide.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_example_in_the_guide_loads(guide: Path, tmp_path: Path) -> None:
    assert len(examples(guide)) > 5
    for example in examples(guide):
        if example.startswith("first:"):
            assert flow_of(example, tmp_path)
        elif named := FILE.match(example):  # a flow that a later example calls
            (tmp_path / named[1]).write_text(example, encoding="utf-8")
            assert load(tmp_path / named[1], HOUSE).is_called
        elif example.startswith("flow:"):
            assert CallersFile.model_fields.keys() >= yaml.safe_load(example).keys()
        else:
            assert CentreFile.model_validate(yaml.safe_load(example)).schedules()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_callers_in_the_guide_walk_everywhere_in_its_first_flow(
    guide: Path, tmp_path: Path
) -> None:
    main = replace(flow_of(examples(guide)[0], tmp_path), name="main")
    numbers = {"4000": NumberEntry()}
    premises = Premises({"main": main}, HOURS, frozenset(HOUSE.queues), numbers)
    file = tmp_path / "callers.yaml"
    [example] = [example for example in examples(guide) if example.startswith("flow: main")]
    file.write_text(example, encoding="utf-8")
    tried = trial.run(premises, ["main"], callers.load([file], premises), 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.coverage["main"].missing() == []


CALLERS = {
    "orders": ("moment: {do: say", ["the order is on its way", "the shop is slow, for once"]),
    "survey": ("do: survey", ["is served and satisfied"]),
    "mailbox": (
        "closed: mailbox",
        [
            "leaves a message and keeps it",
            "hangs up after speaking",
            "calls while the disk is full",
        ],
    ),
}
"""The callers of the guide, by flow: what tells its example from others, and their names."""


@pytest.mark.parametrize("name", CALLERS)
@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_callers_in_the_guide_come_as_they_say(guide: Path, name: str, tmp_path: Path) -> None:
    mark, expected = CALLERS[name]
    [example] = [each for each in examples(guide) if mark in each and each.startswith("first:")]
    flow = replace(flow_of(example, tmp_path), name=name)
    numbers = {"4000": NumberEntry(flow=name)}
    premises = Premises({name: flow}, HOURS, frozenset(HOUSE.queues), numbers)
    file = tmp_path / "callers.yaml"
    [example] = [each for each in examples(guide) if each.startswith(f"flow: {name}\n")]
    file.write_text(example, encoding="utf-8")
    tried = trial.run(premises, [name], callers.load([file], premises), 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.played] == [
        (caller, []) for caller in expected
    ]


def test_no_callers_in_the_guide_stay_at_home() -> None:
    flows = re.findall(r"```yaml\nflow: ([a-z]+)\n", GUIDES[0].read_text(encoding="utf-8"))
    assert sorted(flows) == sorted(["main", *CALLERS])


MISTAKES: list[list[tuple[str, str]]] = [
    [
        ('"1": sales', '"1": slaes'),
        ("person: {do: queue}", "person: {do: queue, say: {zh: 请稍候。}}"),
    ],
    [("open from Monday to Friday.}, then: menu}", "open from Monday to Friday.}, then: bye}")],
]
"""What the guide does to its first and its second flow before they are refused."""
BYE = "  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}\n"


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_faults_in_the_guide_are_what_loading_says(guide: Path, tmp_path: Path) -> None:
    flows = examples(guide)[:2]
    for place, mistakes in enumerate(MISTAKES):
        for right, wrong in mistakes:
            assert flows[place].count(right) == 1
            flows[place] = flows[place].replace(right, wrong)
    flows[1] += BYE
    too_far = (FLOWS / "bad" / "person-too-far.yaml").read_text(encoding="utf-8")
    file = tmp_path / "main.yaml"
    said = [refusal(text, file) for text in (*flows, too_far)]
    samples = [block for block in plain(guide) if block.startswith("main.yaml:")]
    assert samples == ["".join(said[:1]), "".join(said[1:])]


def refusal(text: str, file: Path) -> str:
    """What is said of a flow of this text, as `flow check` writes it."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadFlow) as refused:
        load(file, HOUSE)
    return "".join(f"{fault}\n".replace(f"{file.parent}/", "") for fault in refused.value.faults)


def plain(guide: Path) -> list[str]:
    """What stands in blocks of no language."""
    blocks = re.findall(r"^```(.*?)\n(.*?)^```$", guide.read_text(encoding="utf-8"), re.S | re.M)
    return [text for language, text in blocks if not language]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_what_the_guide_writes_into_the_site_file_is_taken(guide: Path) -> None:
    keys = "|".join(SiteFile.model_fields)
    entries = [yaml.safe_load(block) for block in plain(guide) if re.match(f"({keys}):\n", block)]
    assert [[*entry] for entry in entries] == [["chat"], ["destinations"], ["music"]]
    for entry in entries:
        assert SiteFile.model_validate(entry)


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_a_caller_of_the_flow_that_calls_goes_as_the_guide_says(
    guide: Path, tmp_path: Path
) -> None:
    [called] = [each for each in examples(guide) if FILE.match(each)]
    (tmp_path / "identity.yaml").write_text(called, encoding="utf-8")
    [calls] = [each for each in examples(guide) if "do: flow" in each]
    flow = flow_of(calls, tmp_path)
    with Stage(Premises({"main": flow}, HOURS, frozenset(HOUSE.queues), {})) as stage:
        trail = stage.walk(Role("main", ["1234#", "1"])).trail
    assert f"[{', '.join(trail)}]" in guide.read_text(encoding="utf-8")


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_every_key_of_a_file_of_callers_is_explained(guide: Path) -> None:
    text = guide.read_text(encoding="utf-8")
    for keys in (CallersFile, Caller, Expected, MockedAnswer, MockedEnd):
        names = {field.alias or name for name, field in keys.model_fields.items()}
        for key in names - {"flow", "callers"}:
            assert f"`{key}`" in text
            assert f"`{key}`" in README


@pytest.mark.parametrize(("guide", "heading"), [*zip(GUIDES, ["Tuning", "调优"], strict=True)])
def test_what_the_guide_advises_to_tune_is_there_to_be_tuned(guide: Path, heading: str) -> None:
    section = guide.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| ")][2:]
    named = {word for row in rows for word in re.findall("`([a-z_]+)`", row)}
    steps = load(FLOWS / "good" / "every-kind.yaml", HOUSE).steps.values()
    fields = {field for kind in KINDS.values() for field in kind.model_fields}
    outcomes = {outcome for step in steps for outcome in step.outcomes()}
    assert {"seconds", "tries", "pause", "silence", "no_match"} <= named
    assert named <= fields | outcomes | KINDS.keys()


def test_both_languages_have_the_same_examples() -> None:
    assert examples(GUIDES[0]) == examples(GUIDES[1])


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_step_is_described_with_its_fields_and_outcomes(kind: str) -> None:
    row = next(line for line in README.splitlines() if line.startswith(f"| `{kind}` |"))
    for field in KINDS[kind].model_fields.keys() - {"do", "then", "at_most"}:
        assert f"`{field}`" in row
    steps = load(FLOWS / "good" / "every-kind.yaml", HOUSE).steps.values()
    example = next(step for step in steps if step.do == kind)
    named_by_the_author = set(example.cases) if isinstance(example, BranchStep) else set()
    named_by_the_author |= set(example.ends) if isinstance(example, RegisteredStep) else set()
    named_by_the_author |= {example.outcome} if isinstance(example, ReturnStep) else set()
    for outcome in example.outcomes() - KEYS - {TOO_MANY} - named_by_the_author:
        assert f"`{outcome}`" in row


def test_what_all_steps_share_is_described() -> None:
    shared = {"then", "at_most", *Announcement.model_fields, *MenuStep.model_fields}
    for field in shared - {"do"}:
        assert f"`{field}`" in README
    assert all(field in README for field in Words.model_fields)
