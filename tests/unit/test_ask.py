"""Yes-or-no questions: two keys, two outcomes, and how far a person is behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.call import take_call
from ivr.faults import BadFlow
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import NumberEntry
from tests.fakes import HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of

SURE = """
first: sure
steps:
  sure:
    do: ask
    say: {zh: 确定吗？, en: Are you sure?}
    after_silence: {zh: 没有听到。, en: We heard nothing.}
    after_no_match: {zh: 没有这个按键。, en: No such key.}
    tries: 2
    then: {"yes": person, "no": bye, silence: person, no_match: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""
SILENT = ""


async def trail(folder: Path, *acts: str, flow: str = SURE) -> tuple[list[str], list[str]]:
    line = FakeLine(*acts)
    walked = flow_of(flow, folder)
    return await take_call(line, walked, FakeAcceptance(), StandingClock(), HOURS), line.heard


@pytest.mark.parametrize(
    ("acts", "outcome"),
    [
        (["1"], "yes"),
        (["2"], "no"),
        ([SILENT, "2"], "no"),
        (["7", "1"], "yes"),
        ([SILENT, SILENT], "silence"),
        (["7", "#"], "no_match"),
        (["7", SILENT], "silence"),
        ([HANGS_UP], "caller gone"),
    ],
)
async def test_two_keys_answer_and_others_are_asked_again(
    tmp_path: Path, acts: list[str], outcome: str
) -> None:
    assert (await trail(tmp_path, *acts))[0][0] == f"sure:{outcome}"


async def test_what_is_said_before_asking_again_fits_what_was_pressed(tmp_path: Path) -> None:
    assert (await trail(tmp_path, SILENT, "7"))[1] == ["确定吗？", "没有听到。", "确定吗？"]
    assert (await trail(tmp_path, "7", "7"))[1] == ["确定吗？", "没有这个按键。", "确定吗？"]


async def test_the_keys_may_be_others_and_the_outcomes_stay(tmp_path: Path) -> None:
    flow = SURE.replace("tries: 2", 'key_for_yes: "9"\n    key_for_no: "*"')
    assert (await trail(tmp_path, "1", "9", flow=flow))[0][0] == "sure:yes"
    assert (await trail(tmp_path, "*", flow=flow))[0][0] == "sure:no"


async def test_a_limit_leads_out(tmp_path: Path) -> None:
    flow = (
        SURE.replace("tries: 2", "at_most: 2")
        .replace('"no": bye', '"no": sure, too_many: person')
        .replace("  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}\n", "")
    )
    assert (await trail(tmp_path, "2", "2", flow=flow))[0] == [
        "sure:no", "sure:no", "sure:too_many", "person:waiting",
    ]  # fmt: skip


def asks(number: int) -> str:
    """So many questions in a row; only who says yes to all of them gets to a person."""
    steps = [
        f'  q{n}: {{do: ask, say: {{zh: 继续吗？, en: Go on?}}, then: {{"yes": q{n + 1}, '
        '"no": bye, silence: bye, no_match: bye}}'
        for n in range(number)
    ]
    ends = f"  q{number}: {{do: queue}}\n  bye: {{do: goodbye, say: {{zh: 再见。, en: Bye.}}}}"
    return "\n".join(["first: q0", "steps:", *steps, ends])


def test_an_answer_is_a_key_on_the_way_to_a_person(tmp_path: Path) -> None:
    assert flow_of(asks(3), tmp_path)
    with pytest.raises(BadFlow, match="4 keys away"):
        flow_of(asks(4), tmp_path)


def test_an_ask_without_a_person_behind_it_is_refused(tmp_path: Path) -> None:
    nobody = SURE.replace("person", "bye").replace("  bye: {do: queue}\n", "")
    with pytest.raises(BadFlow, match="no person can be reached"):
        flow_of(nobody, tmp_path)


def test_an_outcome_of_a_branch_that_is_called_yes_is_no_key(tmp_path: Path) -> None:
    flow = """
first: a
steps:
  a: {do: branch, fact: caller, cases: {"yes": known}, then: {"yes": q0, else: q0}}
""" + asks(3).split("steps:\n")[1]
    assert flow_of(flow, tmp_path)


def test_a_rehearsed_caller_answers(tmp_path: Path) -> None:
    flow = flow_of(SURE, tmp_path)
    numbers = {"4000": NumberEntry(flow=flow.name)}
    with Stage(Premises({flow.name: flow}, HOURS, frozenset(HOUSE.queues), numbers)) as stage:
        assert stage.walk(Role(flow.name, ["2"])).trail == ("sure:no", "bye:done")
        assert stage.walk(Role(flow.name, ["1"])).ends == "waiting"
