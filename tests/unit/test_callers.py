"""Callers written in YAML: what is refused, what is expected, and those of our own flows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from ivr import settings
from ivr.faults import BadFlow
from ivr.load import OWN_FLOWS, load_for
from ivr.load import load as load_flow
from ivr.rehearsal import callers, trial
from ivr.rehearsal.callers import Scripted
from ivr.rehearsal.stage import BROKE_OFF, Premises, Stage
from ivr.settings import NumberEntry
from tests.fakes_calls import HOURS, HOUSE

FLOW = load_flow(OWN_FLOWS / "main.yaml", HOUSE)
PREMISES = Premises({"main": FLOW}, HOURS, frozenset(HOUSE.queues), {"4000": NumberEntry()})
OWN_CALLERS = sorted((OWN_FLOWS / "tests").glob("*.yaml"))


def written(text: str, folder: Path) -> list[Scripted]:
    file = folder / "main.yaml"
    file.write_text(text, encoding="utf-8")
    return callers.load([file], PREMISES)


def faults(text: str, folder: Path) -> list[str]:
    """Without the file's name."""
    with pytest.raises(BadFlow) as refusal:
        written(text, folder)
    return [fault.removeprefix(f"{folder}/main.yaml:") for fault in refusal.value.faults]


def differences(expect: str, folder: Path, does: str = '["2", "0"]') -> Sequence[str]:
    """Of a caller who does this and of whom that is expected."""
    text = f"callers: [{{name: a, does: {does}, expect: {{{expect}}}}}]"
    [played] = trial.run(PREMISES, ["main"], written(text, folder), 0, 1).played
    return played.differences


# ---------------------------------------------------------------- our own


@pytest.mark.parametrize("file", OWN_CALLERS, ids=lambda file: file.stem)
@pytest.mark.parametrize("number", ["{}", "{language: en, queue: sales}"])
def test_our_own_callers_come_everywhere_in_their_flow_whatever_the_number_leads_to(
    file: Path, number: str, tmp_path: Path
) -> None:
    (tmp_path / "site.yaml").write_text(f"numbers: {{'4000': {number}}}")
    (tmp_path / "centre.yaml").write_text("queues: [support, sales]")
    installation = settings.load({"HOTLINE_DATA": str(tmp_path)})
    premises = Premises.of(installation, load_for(installation))
    tried = trial.run(premises, [file.stem], callers.load([file], premises), 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.coverage[file.stem].missing() == []


def test_files_of_callers_are_taken_for_no_flows(tmp_path: Path) -> None:
    theirs = tmp_path / "flows" / "tests"
    theirs.mkdir(parents=True)
    (theirs / "other.yaml").write_text("flow: main\ncallers: [{name: a}]")
    installation = settings.load({"HOTLINE_DATA": str(tmp_path)})
    assert load_for(installation).keys() == {file.stem for file in OWN_FLOWS.glob("*.yaml")}
    assert callers.files_for(installation) == [*OWN_CALLERS, theirs / "other.yaml"]


def test_our_callers_stay_away_where_the_installation_has_its_own_flow(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "main.yaml").write_text("first: a\nsteps: {a: {do: queue}}")
    installation = settings.load({"HOTLINE_DATA": str(tmp_path)})
    assert OWN_FLOWS / "tests" / "main.yaml" not in callers.files_for(installation)


# ---------------------------------------------------------------- what is refused

MANY_FAULTS = """\
zone: Nowhere/Land
color: red
callers:
  - name: ""
    at: tomorrow
    does: ["2", slience, "12x", "", hang up]
    dialled: "4711"
    language: xx
    class: vip
    caller_number: anonymous
    hours: {alway: closed, always: shut}
    expects: {}
  - name: b
    does: "2"
    expect:
      steps: [welcom:1, "menu:7", menu, "person:waiting", "menu:caller gone"]
      ends: queued
      queue: suport
      langauge: en
"""


ACTS = "is keys (0 to 9, * and #), `silence`, `speaks 5` (seconds), `talk` or `hang up`"


def test_all_faults_are_told_at_once_with_line_path_and_suggestion(tmp_path: Path) -> None:
    assert faults(MANY_FAULTS, tmp_path) == [
        "1: zone: there is no time zone 'Nowhere/Land'",
        "2: color: unknown key (there are: callers, flow, zone)",
        "4: callers[0].name: is missing",
        "5: callers[0].at: is a time like \"2026-03-02 10:00\", not 'tomorrow'",
        f"6: callers[0].does[1]: {ACTS}; did you mean 'silence'?",
        f"6: callers[0].does[2]: {ACTS}, not '12x'",
        f"6: callers[0].does[3]: {ACTS}, not ''",
        "7: callers[0].dialled: there is no number '4711' (there are: 4000)",
        "8: callers[0].language: there is no language 'xx' (there are: en, zh)",
        "9: callers[0].class: there is no class 'vip' (there are: standard)",
        "10: callers[0].caller_number: is a number like +8613800138000, not 'anonymous'",
        "11: callers[0].hours.alway: there is no entry in `hours` 'alway'; did you mean 'always'?",
        "11: callers[0].hours.always: must be 'open' or 'closed'",
        "12: callers[0].expects: unknown key; did you mean 'expect'?",
        "14: callers[1].does: must be a list",
        "16: callers[1].expect.steps[0]: there is no step 'welcom'; did you mean 'welcome'?",
        "16: callers[1].expect.steps[1]: '7' is no outcome of 'menu' "
        "(there are: 0, 1, 2, caller gone, no_match, silence, too_many)",
        "16: callers[1].expect.steps[2]: is a step and its outcome, like `menu:1`, not 'menu'",
        "17: callers[1].expect.ends: must be 'waiting', 'goodbye' or 'hang up'",
        "18: callers[1].expect.queue: there is no queue 'suport'; did you mean 'support'?",
        "19: callers[1].expect.langauge: unknown key; did you mean 'language'?",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1: callers: is missing"),
        ("[]", "1: must have keys of its own"),
        ("callers: []", "1: callers: is empty"),
        ("callers: [a]", "1: callers[0]: must have keys of its own"),
        ("flow: mian\ncallers: [{}]", "1: flow: there is no flow 'mian'; did you mean 'main'?"),
        ("callers: [{name: a, name: b}]", "1: callers[0].name: is there twice, in lines 1 and 1"),
        ("callers: [", "1: this is not YAML"),
    ],
)
def test_what_is_no_file_of_callers_is_refused(text: str, fault: str, tmp_path: Path) -> None:
    assert any(found.startswith(fault) for found in faults(text, tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFlow, match=r"gone\.yaml: No such file"):
        callers.load([tmp_path / "gone.yaml"], PREMISES)


def test_the_faults_of_all_files_are_told(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text("flow: main\ncallers: []")
    with pytest.raises(BadFlow) as refusal:
        callers.load([tmp_path / "a.yaml", tmp_path / "b.yaml"], PREMISES)
    assert len(refusal.value.faults) == 2


def test_times_are_those_of_the_zone_of_the_file(tmp_path: Path) -> None:
    text = 'zone: {}\ncallers: [{{name: a, at: "2026-07-01 12:00"}}]'
    [shanghai], [utc] = (written(text.format(z), tmp_path) for z in ("Asia/Shanghai", "UTC"))
    assert shanghai.role.at and utc.role.at
    assert utc.role.at - shanghai.role.at == 8 * 3600


# ---------------------------------------------------------------- what is expected


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("steps: ['welcome:2']", "steps: expected welcome:2"),
        ("steps: []", "steps: expected "),
        ("ends: goodbye", "ends: expected 'goodbye', happened 'waiting'"),
        ("queue: sales", "queue: expected 'sales', happened 'support'"),
        ("language: zh", "language: expected 'zh', happened 'en'"),
        ("hears: [closed]", "hears: expected 'closed', which is not said"),
        ("hears: ['press one', 'Welcome']", "hears: expected 'Welcome', which is not said"),
        ("hears: ['Welcome', 'Welcome']", "hears: expected 'Welcome', which is not said"),
    ],
)
def test_what_comes_otherwise_than_expected_is_told(
    expect: str, difference: str, tmp_path: Path
) -> None:
    [found] = differences(expect, tmp_path)
    assert found.startswith(difference)


@pytest.mark.parametrize(
    "expect",
    [
        "",
        "hears: [WELCOME, press two, press one]",
        "ends: waiting, queue: support, language: en",
        "steps: ['welcome:2', 'english:done', 'hours:open', 'menu:0', 'person:waiting']",
    ],
)
def test_what_comes_as_expected_is_no_difference(expect: str, tmp_path: Path) -> None:
    assert differences(expect, tmp_path) == []


def test_what_a_caller_had_no_chance_to_do_is_told(tmp_path: Path) -> None:
    found = differences("", tmp_path, '["2", "0", silence, hang up]')
    assert found == ["does: nothing was asked any more, left to do: silence, hang up"]


def test_a_call_that_breaks_off_is_never_as_expected(tmp_path: Path) -> None:
    [caller] = written("callers: [{name: a}]", tmp_path)
    with Stage(PREMISES) as stage:
        walk = replace(stage.walk(caller.role), ends=BROKE_OFF, fault="why")
    assert caller.differences(walk) == ["broke off: why"]
