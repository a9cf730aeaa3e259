"""Asking a system outside in the middle of a call: what is asked, what is kept, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import settings
from ivr.call import take_call
from ivr.faults import BadFlow
from ivr.flow import Flow, LookupStep
from ivr.flow_difference import difference
from ivr.load import load_for
from ivr.neighbours import Neighbours
from ivr.ports import EffectKey, LookupFailed, NotThere
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.steps_outside import BadAnswer, BadQuestion
from tests.fake_shop import EXAMPLE
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock, flow_of

ASKS = """
first: order
steps:
  order:
    do: listen
    say: {zh: 订单号？, en: Your order number?}
    into: order
    keys: {least: 4, most: 4}
    then: {done: status, silence: person, no_match: person}
  status:
    do: lookup
    service: orders
    path: /orders/{order}
    query: {lang: en, for: "no {order}"}
    into: {status: state.now, total: total}
    then: {done: told, not_found: person, failed: person, timeout: person}
  told: {do: say, say: {zh: "{status}，{total}", en: "{status}, {total}"}, then: person}
  person: {do: queue}
"""
STEP = LookupStep.model_validate(
    {"do": "lookup", "service": "orders", "path": "/a/{one}/b-{two}", "query": {"q": "{one}"},
     "into": {"status": "orders.0.status"}}
)  # fmt: skip
SECRET = "4711"


class Killed(BaseException):
    """`kill -9`: nothing of the script goes on."""


@dataclass(slots=True)
class FakeLookups:
    """`ivr.ports.Lookups` that answers, or raises what it is told to."""

    answer: Any = None
    fails: Exception | None = None
    asked: list[tuple[str, str, float]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    dies: bool = False
    """Whether the process is killed while the question is out."""

    async def get(self, service: str, question: str, seconds: float, key: EffectKey) -> Any:
        self.asked.append((service, question, seconds))
        self.keys.append(key)
        if self.dies:
            raise Killed
        if self.fails:
            raise self.fails
        return self.answer


SHIPPED = {"state": {"now": "shipped"}, "total": "12.50"}


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(ASKS, tmp_path)


async def take(line: FakeLine, flow: Flow, lookups: FakeLookups | None) -> list[str]:
    around = Neighbours(lookups=lookups) if lookups else Neighbours()
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS, around)


# ---------------------------------------------------------------- in a call


async def test_what_is_answered_is_kept_and_can_be_said(flow: Flow) -> None:
    line, lookups = FakeLine(SECRET), FakeLookups(SHIPPED)
    trail = await take(line, flow, lookups)
    assert trail == ["order:done", "status:done", "told:done", "person:waiting"]
    assert line.heard[-1] == "shipped，12.50"
    assert lookups.asked == [("orders", "/orders/4711?lang=en&for=no%204711", 3.0)]


@pytest.mark.parametrize(
    ("fails", "outcome"),
    [
        (NotThere(), "not_found"),
        (TimeoutError(), "timeout"),
        (LookupFailed("status 500"), "failed"),
    ],
)
async def test_whatever_the_service_does_the_call_goes_on(
    flow: Flow, fails: Exception, outcome: str
) -> None:
    line = FakeLine(SECRET)
    trail = await take(line, flow, FakeLookups(fails=fails))
    assert trail == ["order:done", f"status:{outcome}", "person:waiting"]
    assert line.values == {"order": SECRET}


@pytest.mark.parametrize("answer", [{}, [], None, "shipped", {"state": {"now": "shipped"}}])
async def test_an_answer_that_lacks_a_value_gives_none(flow: Flow, answer: Any) -> None:
    line = FakeLine(SECRET)
    assert (await take(line, flow, FakeLookups(answer)))[1] == "status:failed"
    assert line.values == {"order": SECRET}


async def test_a_house_without_services_fails_and_goes_on(flow: Flow) -> None:
    assert (await take(FakeLine(SECRET), flow, None))[1] == "status:failed"


async def test_a_script_that_begins_again_asks_again(flow: Flow) -> None:
    lookups = FakeLookups(SHIPPED)
    facts = replace(A_CALL, step="status", values={"order": SECRET})
    assert (await take(FakeLine(facts=facts), flow, lookups))[0] == "status:done"
    assert len(lookups.asked) == 1


async def test_a_question_that_is_asked_again_after_a_kill_has_the_key_of_the_first(
    flow: Flow,
) -> None:
    line, lookups = FakeLine(SECRET), FakeLookups(SHIPPED, dies=True)
    with pytest.raises(Killed):
        await take(line, flow, lookups)
    lookups.dies = False
    facts = replace(A_CALL, step=line.step, visits=line.visits, values=line.values)
    assert (await take(FakeLine(facts=facts), flow, lookups))[0] == "status:done"
    assert lookups.keys == [f"{A_CALL.contact}/status/1"] * 2


async def test_the_same_question_at_another_visit_has_another_key(tmp_path: Path) -> None:
    again = ASKS.replace("timeout: person}", "timeout: person, too_many: person}\n    at_most: 2")
    again = again.replace("told: {do: say,", "told: {do: menu,").replace(
        "then: person}\n  person",
        'then: {"1": status, silence: person, no_match: person}}\n  person',
    )
    lookups = FakeLookups(SHIPPED)
    await take(FakeLine(SECRET, "1", "1"), flow_of(again, tmp_path), lookups)
    assert lookups.keys == [f"{A_CALL.contact}/status/{visit}" for visit in (1, 2)]


async def test_keys_pressed_before_a_lookup_answer_the_question_behind_it(tmp_path: Path) -> None:
    asks = ASKS.replace("told: {do: say,", "told: {do: menu,").replace(
        "then: person}\n  person", 'then: {"0": person, silence: bye, no_match: bye}}\n  person'
    )
    bye = "  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}\n"
    line = FakeLine(f"{SECRET}0")
    trail = await take(line, flow_of(asks + bye, tmp_path), FakeLookups(SHIPPED))
    assert trail[-2:] == ["told:0", "person:waiting"]


async def test_no_value_reaches_the_logs(flow: Flow, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    answer = {"state": {"now": "x" * 300}, "total": SECRET}
    trail = await take(FakeLine(SECRET), flow, FakeLookups(answer))
    [told] = [vars(one) for one in caplog.records if one.message == "lookup failed"]
    assert (told["service"], told["contact"]) == ("orders", A_CALL.contact)
    assert "state.now is empty, longer" in told["why"]
    assert not any(word in f"{told['why']} {trail}" for word in (SECRET, "xxx"))


# ---------------------------------------------------------------- questions


def test_values_are_encoded() -> None:
    assert STEP.question({"one": "a b&c=ü", "two": "x?#"}) == (
        "/a/a%20b%26c%3D%C3%BC/b-x%3F%23?q=a%20b%26c%3D%C3%BC"
    )


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "/", "..\\x", "a\nb", "\x00", "%2e/"])
def test_a_value_that_would_change_the_path_is_not_asked_with(value: str) -> None:
    with pytest.raises(BadQuestion) as refusal:
        STEP.question({"one": value, "two": "x"})
    assert not value.strip("./") or value not in str(refusal.value)


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_no_value_adds_a_part_to_the_path_or_a_name_to_the_query(one: str, two: str) -> None:
    try:
        path, _, query = STEP.question({"one": one, "two": two}).partition("?")
    except BadQuestion:
        return
    parts = path.split("/")
    assert [len(parts), parts[0], parts[1]] == [4, "", "a"]
    assert not {"", ".", ".."} & set(parts[1:])
    assert path.isascii() and not set(path) & set(" \\#?;@:")
    assert query.startswith("q=") and not set(query[2:]) & set("&=#?/ ")


# ---------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("given", "kept"),
    [("shipped", "shipped"), (7, "7"), (1.5, "1.5"), (True, "true"), (False, "false"),
     (" 已发货 ", "已发货")],
)  # fmt: skip
def test_texts_numbers_and_booleans_become_values(given: Any, kept: str) -> None:
    assert STEP.found({"orders": [{"status": given}, {}]}) == {"status": kept}


@pytest.mark.parametrize("given", [None, {}, [], "", "  ", "a\nb", "\ud800", "订" * 67, "x" * 201])
def test_anything_else_does_not(given: Any) -> None:
    with pytest.raises(BadAnswer):
        STEP.found({"orders": [{"status": given}]})


# ---------------------------------------------------------------- versions


def test_another_deadline_is_told_as_such(flow: Flow, tmp_path: Path) -> None:
    longer = ASKS.replace("    into: {status", "    seconds: 5\n    into: {status")
    changed = flow_of(longer, tmp_path)
    assert difference(flow, changed) == ["status: waits 5 s for the answer (was 3)"]


# ---------------------------------------------------------------- rehearsals


@pytest.fixture(scope="module")
def premises() -> Premises:
    known = settings.load({"HOTLINE_DATA": str(EXAMPLE)})
    return Premises.of(known, load_for(known))


def test_the_callers_of_the_example_come_everywhere_in_its_flow(premises: Premises) -> None:
    scripted = callers.load([EXAMPLE / "flows" / "tests" / "orders.yaml"], premises)
    tried = trial.run(premises, ["orders"], scripted, 50, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert (tried.strays, tried.coverage["orders"].missing()) == ([], [])


def _differences(caller: str, premises: Premises, folder: Path) -> Sequence[str]:
    file = folder / "orders.yaml"
    file.write_text(f"callers: [{{name: a, {caller}}}]", encoding="utf-8")
    [played] = trial.run(premises, ["orders"], callers.load([file], premises), 0, 1).played
    return played.differences


def test_a_mock_that_is_missing_or_left_over_is_told(premises: Premises, tmp_path: Path) -> None:
    assert _differences('does: ["1001"]', premises, tmp_path) == [
        "mocks: orders was asked and had no answer left (1 missing)"
    ]
    left = 'does: ["1001"], mocks: {orders: [{fails: 503}, {fails: 503}]}'
    assert _differences(left, premises, tmp_path) == [
        "mocks: orders was not asked for all of its answers"
    ]


@pytest.mark.parametrize(
    ("mocks", "fault"),
    [
        ("{ordrs: []}", "there is no service that the flow asks 'ordrs'; did you mean 'orders'?"),
        ("{orders: [{}]}", "give one of `answer`, `fails`, `not_found: true`, or `after` alone"),
        ("{orders: [{fails: 500, answer: {a: b}}]}", "give one of `answer`, `fails`"),
        ("{orders: [{fals: 500}]}", "unknown key; did you mean 'fails'?"),
    ],
)
def test_a_mock_that_cannot_be_is_refused(
    mocks: str, fault: str, premises: Premises, tmp_path: Path
) -> None:
    with pytest.raises(BadFlow) as refusal:
        _differences(f"mocks: {mocks}", premises, tmp_path)
    assert fault in str(refusal.value)


def test_an_answer_that_takes_too_long_is_a_time_out_and_the_line_may_break(
    premises: Premises, tmp_path: Path
) -> None:
    for after, outcome in ((3.1, "timeout"), (2.9, "failed")):
        steps = f"welcome:done, order:done, moment:done, status:{outcome}, sorry:done"
        mocks = f"{{orders: [{{after: {after}}}]}}"
        expect = f"{{steps: [{steps}, person:waiting]}}"
        caller = f'does: ["1001"], mocks: {mocks}, expect: {expect}'
        assert _differences(caller, premises, tmp_path) == []


def test_whoever_walks_without_mocks_is_told_which_are_missing(premises: Premises) -> None:
    with Stage(premises) as stage:
        walk = stage.walk(Role("orders", ["1001"]))
    assert (walk.unmocked, walk.ends) == (("orders",), "waiting")
