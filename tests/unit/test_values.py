"""What a call has collected: kept with the call, told to nobody else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.asterisk.call_facts import call_facts, values_text
from ivr.call import take_call
from ivr.flow import Flow
from ivr.ports import StoreFailed
from ivr.values import NAME
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of

SECRET = "4711-0815"
ASKS_LATER = f"""
first: tariff
steps:
  tariff: {{do: set, values: {{tariff: {SECRET}}}, then: menu}}
  menu:
    do: menu
    say: {{zh: 人工请按零。, en: For a person press zero.}}
    then: {{"0": person, silence: person, no_match: person}}
  person: {{do: queue}}
"""
HOSTILE = [
    "a,b=c",
    "\"quoted\" 'twice'",
    "two\nlines\r\n\0",
    "${SHELL(id)} $[1+1] ${CALLERID(num)}",
    "%41%zz=",
    " spaces  inside ",
    "名字😀",
    "",
    "x" * 500,
]


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(ASKS_LATER, tmp_path)


async def take(line: FakeLine, flow: Flow, acceptance: FakeAcceptance | None = None) -> list[str]:
    acceptance = acceptance or FakeAcceptance()
    return await take_call(line, flow, acceptance, StandingClock(), HOURS)


async def test_what_was_collected_is_on_the_line_before_the_next_step_speaks(flow: Flow) -> None:
    line = FakeLine(HANGS_UP)
    await take(line, flow)
    assert (line.step, line.values) == ("menu", {"tariff": SECRET})


async def test_another_process_goes_on_with_what_was_collected(flow: Flow) -> None:
    facts = replace(A_CALL, step="menu", values={"tariff": "from before"})
    line = FakeLine("0", facts=facts)
    assert await take(line, flow) == ["menu:0", "person:waiting"]
    assert line.values == {"tariff": "from before"}


@pytest.mark.parametrize("kept", [{}, {"another": "1"}])
async def test_a_step_whose_values_are_lost_is_not_gone_on_with(
    flow: Flow, kept: Mapping[str, str]
) -> None:
    line = FakeLine("0", facts=replace(A_CALL, step="menu", values=kept))
    trail = await take(line, flow)
    assert trail == ["tariff:done", "menu:0", "person:waiting"]
    assert line.values == {"tariff": SECRET}


async def test_no_value_reaches_the_journal_the_logs_or_the_trail(
    flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    acceptance = FakeAcceptance(fails={"enqueue": StoreFailed("locked")})
    line = FakeLine("0")
    trail = await take(line, flow, acceptance)
    told = [*trail, *map(str, acceptance.noted), *(str(vars(one)) for one in caplog.records)]
    assert line.values == {"tariff": SECRET} and "script broke off" in caplog.text
    assert not any(SECRET in text for text in told)
    assert SECRET not in repr(replace(A_CALL, values=line.values))


@pytest.mark.parametrize("value", HOSTILE)
def test_no_sign_of_a_value_means_anything_to_asterisk(value: str) -> None:
    kept = values_text({"one": value, "two": value})
    assert re.fullmatch(r"[\w.~%=-]+ [\w.~%=-]+", kept, re.ASCII)
    assert call_facts({}, kept).values == {"one": value, "two": value}


@given(st.dictionaries(st.from_regex(NAME, fullmatch=True), st.text(st.characters(codec="utf-8"))))
def test_every_value_comes_back_as_it_was(values: dict[str, str]) -> None:
    assert call_facts({}, values_text(values)).values == values


@pytest.mark.parametrize(
    "kept", ["one", "ONE=1", "o ne=%FF", "one=%F", "one=%ff", "one=${X}", "one=a,b", "=1"]
)
def test_what_cannot_be_read_is_no_value(kept: str) -> None:
    assert "one" not in call_facts({}, kept).values
    assert call_facts({}, f"{kept} fine=1").values["fine"] == "1"
