"""Values in the words of a prompt: there on every way, said in words, kept by nobody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr import spoken_values
from ivr.call import take_call
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.prompts import spoken_by
from ivr.spoken_values import filled
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of
from tests.logged import carried
from voice.ports import Prompt

ASKS = """
first: amount
steps:
  amount:
    do: listen
    say: {zh: 请输入。, en: Enter it.}
    into: amount
    %s
    keys: {least: %s, most: 8}
    then: {done: told, silence: person, no_match: person}
  told:
    do: menu
    say: {zh: "%s，对吗？", en: "%s, right?"}
    every_language: true
    tries: 1
    then: {"1": person, silence: person, no_match: person}
  person: {do: queue}
"""


def in_words(value: str, kind: str, language: str) -> str:
    """How `voice.spoken` behaves."""
    if kind not in ("digits", "money", "date"):
        raise KeyError(kind)
    if language not in ("zh", "en") or (kind == "money" and not value.endswith(" CNY")):
        raise ValueError("not money: write 12.30 CNY")
    return f"<{kind} {value} {language}>"


@pytest.fixture
def speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_values, "_ways", lambda: in_words)


@pytest.fixture
def speechless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spoken_values, "_ways", lambda: None)


def flow(folder: Path, mark: str, form: str = "form: amount", least: int = 1) -> Flow:
    return flow_of(ASKS % (form, least, mark, mark), folder)


async def take(line: FakeLine, flow: Flow) -> list[str]:
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)


async def test_callers_hear_what_they_keyed_in_every_language(tmp_path: Path) -> None:
    line = FakeLine("47*5#", HANGS_UP)
    await take(line, flow(tmp_path, "{amount}"))
    assert line.heard[1:] == ["47.50，对吗？", "47.50, right?"]


@pytest.mark.usefixtures("speaks")
async def test_a_value_is_said_in_the_way_that_the_prompt_asks_for(tmp_path: Path) -> None:
    money = flow(tmp_path, "{amount:money} ({amount})", "form: amount\n    currency: CNY")
    line = FakeLine("12*5#", HANGS_UP)
    await take(line, money)
    assert line.heard[1] == "<money 12.50 CNY zh> (12.50 CNY)，对吗？"


@pytest.mark.usefixtures("speaks")
@pytest.mark.parametrize(
    ("form", "least", "mark", "why"),
    [
        ("form: amount", 1, "{amount:money}", "what is keyed as amount can be said as: number, p"),
        ("form: digits", 1, "{amount:date}", "what is keyed as digits can be said as: digits"),
        ("form: amount", 1, "{amount:number}", "there is no such way of saying"),
        ("form: date", 8, "{amount:digits}", "what is keyed as date can be said as: date, weekday"),
    ],
)
def test_a_way_that_does_not_fit_the_value_is_refused(
    tmp_path: Path, form: str, least: int, mark: str, why: str
) -> None:
    with pytest.raises(BadFlow) as refusal:
        flow(tmp_path, mark, form, least)
    assert len(refusal.value.faults) == 2
    assert f"told.say.zh: {mark} cannot be said: {why}" in str(refusal.value)


@pytest.mark.usefixtures("speaks")
def test_a_text_of_the_flow_that_cannot_be_said_so_is_refused(tmp_path: Path) -> None:
    text = """
first: price
steps:
  price: {do: set, values: {price: cheap}, then: bye}
  bye: {do: goodbye, say: {zh: "价格{price:money}。", en: Goodbye.}}
"""
    with pytest.raises(BadFlow, match=r"bye\.say\.zh: \{price:money\} cannot be said: not money"):
        flow_of(text, tmp_path)
    assert flow_of(text.replace("cheap", "12.30 CNY"), tmp_path)


@pytest.mark.usefixtures("speechless")
def test_without_ways_of_saying_a_flow_that_asks_for_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFlow, match="ways of saying values are not installed"):
        flow(tmp_path, "{amount:digits}", "form: digits")
    assert flow(tmp_path, "{amount}", "form: digits")


@pytest.mark.usefixtures("speaks")
def test_a_value_that_cannot_be_said_is_said_as_it_stands_and_not_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = filled(Prompt("It is {amount:money}.", "en"), {"amount": "47.11"})
    assert said.text == "It is 47.11."
    assert "value said as it stands" in caplog.text
    assert "47.11" not in carried(caplog.records)


def test_a_value_that_looks_like_a_placeholder_is_only_a_value() -> None:
    values = {"one": "{two}", "two": "secret"}
    assert filled(Prompt("{one} {wait}", "en"), values).text == "{two} {wait}"


@pytest.mark.parametrize("text", ["Hello.", "The wait is {wait}."])
def test_only_a_prompt_with_a_value_is_personal(text: str) -> None:
    assert filled(Prompt(text, "en"), {"name": "x"}) == Prompt(text, "en")
    said = filled(Prompt(text + "{name}", "en"), {"name": "{name}"})
    assert said.personal and said.text == text + "{name}"


async def test_what_holds_a_value_is_not_made_before_the_call(tmp_path: Path) -> None:
    texts = [prompt.text for prompt in spoken_by(flow(tmp_path, "{amount}"))]
    assert texts == ["请输入。", "Enter it."]


async def test_another_process_says_what_the_first_collected(tmp_path: Path) -> None:
    facts = replace(A_CALL, step="told", values={"amount": "12.50"})
    line = FakeLine(HANGS_UP, facts=facts)
    await take(line, flow(tmp_path, "{amount}"))
    assert line.heard[0] == "12.50，对吗？"


def test_the_real_ways_of_saying_are_asked_in_this_form() -> None:
    pytest.importorskip("voice.spoken")
    assert spoken_values.why_not("4711", "digits", "en") == ""
    assert spoken_values.why_not("2026-03-05", "date", "zh") == ""
    assert spoken_values.why_not("12.50 CNY", "money", "zh") == ""
    assert "4711" not in spoken_values.why_not("4711", "date", "en") != ""
    assert spoken_values.why_not("4711", "nonsense", "en") == "there is no such way of saying"
