"""Ways that part by what is known of a call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.call import take_call
from ivr.cases import Case
from ivr.flow import BranchStep
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of

ASKS = """
first: amount
steps:
  amount:
    do: listen
    say: {zh: 请输入金额。, en: Enter the amount.}
    into: amount
    form: amount
    currency: CNY
    keys: {most: 9}
    tries: 1
    then: {done: size, silence: size, no_match: size}
  size:
    do: branch
    value: amount
    cases:
      none: {missing: true}
      free: "0 CNY"
      fixed: ["5 CNY", "10 CNY"]
      small: {most: 99.99}
      large: {least: 1000}
    then: {none: support, free: support, fixed: support, small: sales, large: sales, else: sales}
  support: {do: queue, queue: support}
  sales: {do: queue, queue: sales}
"""
FACT = """
first: fact
steps:
  fact: {do: branch, fact: %s, cases: {found: ["%s"]}, then: {found: sales, else: support}}
  support: {do: queue, queue: support}
  sales: {do: queue, queue: sales}
"""


async def trail(text: str, folder: Path, line: FakeLine) -> list[str]:
    flow = flow_of(text, folder)
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)


@pytest.mark.parametrize(
    ("keys", "outcome"),
    [
        ("", "none"), ("*#", "none"), ("0#", "free"), ("5#", "fixed"), ("10*00#", "small"),
        ("99*99#", "small"), ("100#", "else"), ("999*99#", "else"), ("1000#", "large"),
    ],
)  # fmt: skip
async def test_the_first_case_that_holds_is_the_way(
    keys: str, outcome: str, tmp_path: Path
) -> None:
    steps = await trail(ASKS, tmp_path, FakeLine(keys))
    assert steps[1] == f"size:{outcome}"
    assert steps[2] in ("support:waiting", "sales:waiting")


@pytest.mark.parametrize(
    ("fact", "text", "found"),
    [
        ("dialled", "4000", True), ("dialled", "4001", False),
        ("class", "standard", True), ("class", "vip", False),
        ("language", "zh", True), ("language", "en", False),
        ("queue", "support", True), ("queue", "sales", False),
        ("caller", "known", True), ("caller", "withheld", False),
    ],
)  # fmt: skip
async def test_facts_of_the_call_part_the_ways(
    fact: str, text: str, found: bool, tmp_path: Path
) -> None:
    steps = await trail(FACT % (fact, text), tmp_path, FakeLine())
    assert steps[0] == ("fact:found" if found else "fact:else")


async def test_a_withheld_number_is_a_fact_too(tmp_path: Path) -> None:
    line = FakeLine(facts=replace(A_CALL, caller_number=None))
    assert (await trail(FACT % ("caller", "withheld"), tmp_path, line))[0] == "fact:found"


async def test_another_process_branches_by_what_the_first_collected(tmp_path: Path) -> None:
    line = FakeLine(facts=replace(A_CALL, step="size", values={"amount": "1000 CNY"}))
    assert await trail(ASKS, tmp_path, line) == ["size:large", "sales:waiting"]


@pytest.mark.parametrize("text", ["7a", "", "seven", "1e3", "NaN", "2026-03-05", "7 yuan", "٧"])
def test_what_is_no_number_is_in_no_range(text: str) -> None:
    assert not Case(least=-(10**20), most=10**20).holds(text)


def test_a_missing_value_is_in_no_case_but_its_own() -> None:
    assert Case(missing=True).holds(None)
    cases = [Case(equal="x"), Case(one_of=("x",)), Case(least=0), Case(most=0)]
    assert not any(case.holds(None) for case in cases)
    assert not Case(missing=True).holds("")


@pytest.mark.parametrize(
    ("cases", "sure"),
    [
        ({"gold": "1"}, {"gold"}),
        ({"gold": "1", "none": {"missing": True}}, {"gold", "else"}),
    ],
)
def test_whoever_leaves_by_a_case_has_the_value(cases: dict[str, object], sure: set[str]) -> None:
    step = BranchStep.model_validate({"do": "branch", "value": "v", "cases": cases, "at_most": 2})
    assert {outcome for outcome in step.outcomes() if step.gives(outcome)} == sure
