"""Answers of several keys: what they mean, and what callers hear who give none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ivr.call import take_call
from ivr.flow import Flow
from ivr.grammar import Form, Grammar, Keys
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of

ASKS = """
first: account
steps:
  account:
    do: listen
    say: {zh: 请输入账号。, en: Enter your number.}
    after_silence: {zh: 没有听到。, en: Nothing was heard.}
    after_no_match: {zh: 号码不对。, en: That is no number.}
    into: account
    keys: {least: 4, most: 8}
    tries: 2
    at_most: 2
    then: {done: menu, silence: person, no_match: person, too_many: person}
  menu:
    do: menu
    say: {zh: 重输请按一。, en: To enter it again press one.}
    then: {"1": account, silence: person, no_match: person}
  person: {do: queue}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(ASKS, tmp_path)


async def take(line: FakeLine, flow: Flow) -> list[str]:
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)


async def test_the_keys_become_the_value(flow: Flow) -> None:
    line = FakeLine("4711#", HANGS_UP)
    assert (await take(line, flow))[0] == "account:done"
    assert line.values == {"account": "4711"}


async def test_the_most_keys_need_no_end_key(flow: Flow) -> None:
    line = FakeLine("12345678", HANGS_UP)
    await take(line, flow)
    assert line.values == {"account": "12345678"}


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_who_gives_no_answer_is_told_so_in_their_language_and_asked_again(
    flow: Flow, language: str
) -> None:
    line = FakeLine("", "12#", facts=replace(A_CALL, language=language))
    assert await take(line, flow) == ["account:no_match", "person:waiting"]
    texts = {"zh": ["请输入账号。", "没有听到。", "请输入账号。"],
             "en": ["Enter your number.", "Nothing was heard.", "Enter your number."]}  # fmt: skip
    assert line.heard == texts[language]
    assert line.values == {}


async def test_an_end_key_alone_is_no_answer_but_no_silence_either(flow: Flow) -> None:
    assert (await take(FakeLine("#", "#"), flow))[0] == "account:no_match"
    assert (await take(FakeLine("", ""), flow))[0] == "account:silence"


async def test_a_caller_who_hangs_up_while_keying_leaves_no_value(flow: Flow) -> None:
    line = FakeLine(HANGS_UP)
    assert await take(line, flow) == ["account:caller gone"]
    assert line.values == {}


async def test_keys_typed_ahead_answer_the_next_step_too(flow: Flow) -> None:
    line = FakeLine("4711#14712#", HANGS_UP)
    assert await take(line, flow) == [
        "account:done", "menu:1", "account:done", "menu:caller gone",
    ]  # fmt: skip
    assert line.values == {"account": "4712"}


async def test_a_limited_question_ends_and_keeps_what_was_given(flow: Flow) -> None:
    line = FakeLine("4711#", "1", "4712#", "1")
    assert (await take(line, flow))[-2:] == ["account:too_many", "person:waiting"]
    assert line.values == {"account": "4712"}


async def test_a_process_that_dies_while_a_caller_keys_asks_again(flow: Flow) -> None:
    before = FakeLine(HANGS_UP)
    await take(before, flow)
    facts = replace(A_CALL, step=before.step, visits=before.visits, values=before.values)
    line = FakeLine("4711#", HANGS_UP, facts=facts)
    assert (await take(line, flow))[0] == "account:done"
    assert line.heard[0] == "请输入账号。" and line.values == {"account": "4711"}


@pytest.mark.parametrize(
    ("form", "keys", "value"),
    [
        ("digits", "0815", "0815"),
        ("digits", "08*5", None),
        ("digits", "1", None),
        ("digits", "1" * 16, None),
        ("digits", "１２３４", None),
        ("date", "20260305", "2026-03-05"),
        ("date", "20240229", "2024-02-29"),
        ("date", "20260229", None),
        ("date", "20261301", None),
        ("date", "00010101", None),
        ("date", "2026030", None),
        ("date", "2026*305", None),
        ("amount", "12", "12 CNY"),
        ("amount", "12*5", "12.50 CNY"),
        ("amount", "12*05", "12.05 CNY"),
        ("amount", "*50", "0.50 CNY"),
        ("amount", "0012", "12 CNY"),
        ("amount", "00", "0 CNY"),
        ("amount", "12*", None),
        ("amount", "1*2*3", None),
        ("amount", "1*234", None),
        ("amount", "**", None),
    ],
)
def test_keys_mean_one_value_in_their_form_or_none(
    form: Form, keys: str, value: str | None
) -> None:
    grammar = Grammar(form, Keys(least=2, most=15), "CNY" if form == "amount" else None)
    assert grammar.value(keys) == value
    assert value is None or len(value) <= grammar.most_bytes
