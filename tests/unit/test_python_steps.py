"""Python functions as steps: what is registered, what is refused, and that callers go on."""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from adapters.python_steps.threads import PythonThreads
from ivr import settings
from ivr.call import take_call
from ivr.check import House
from ivr.faults import BadFlow
from ivr.load import house_of, load, load_for
from ivr.neighbours import Neighbours
from ivr.ports import EffectKey
from ivr.python_files import functions_in
from ivr.python_steps import (
    BadEnd,
    BadInput,
    BadRegistration,
    Ended,
    Input,
    PythonFailed,
    python_step,
)
from ivr.rehearsal import callers, trial
from ivr.rehearsal.mocks import MockedEnd
from ivr.rehearsal.stage import Premises, Role, Stage
from tests.documents import ROOT
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_python import FUNCTIONS, made

EXAMPLE = ROOT / "examples" / "python-steps"
BOOK = """
first: book
steps:
  book:
    do: python
    name: book
    inputs: {text: place}
    into: {ticket: ticket}
    then: {booked: told, failed: person}
  told: {do: say, say: {zh: "{ticket}", en: "{ticket}"}, then: person}
  person: {do: queue}
"""
FEE = """
first: fee
steps:
  fee:
    do: python
    name: fee_of
    inputs: {amount: "5000 CNY", day: "2026-03-05"}
    then: {given: person, free: again, failed: again, unknown: person}
  again:
    do: menu
    say: {zh: 请按一。, en: Press one.}
    tries: 1
    at_most: 2
    then: {"1": fee, silence: person, no_match: person, too_many: person}
  person: {do: queue}
"""


class Runs:
    """`ivr.ports.PythonSteps` that runs at once and takes note of the keys."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.keys: list[str] = []
        self.fault = fault

    async def run(self, name: str, inputs: Any, key: EffectKey) -> Ended:
        self.keys.append(key)
        if self.fault:
            raise self.fault
        return FUNCTIONS[name].run(inputs, key)


async def take(line: FakeLine, text: str, folder: Path, python: Runs | PythonThreads) -> list[str]:
    flow = flow_of(text, folder)
    around = Neighbours(python=python)
    return await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS, around)


# ---------------------------------------------------------------- in a call


async def test_a_function_ends_a_step_and_gives_it_values(tmp_path: Path) -> None:
    line, runs = FakeLine(), Runs()
    assert await take(line, BOOK, tmp_path, runs) == [
        "book:booked", "told:done", "person:waiting",
    ]  # fmt: skip
    assert runs.keys == [f"{A_CALL.contact}/book/1"]
    assert line.heard[-1] == f"place {A_CALL.contact}/book/1"


@pytest.mark.parametrize("fault", [PythonFailed("KeyError"), TimeoutError()])
async def test_a_function_that_fails_or_takes_too_long_ends_in_failed(
    fault: Exception, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trail = await take(FakeLine(), BOOK, tmp_path, Runs(fault))
    assert trail == ["book:failed", "person:waiting"]
    [record] = [each for each in caplog.records if each.message == "python step failed"]
    assert record.__dict__["why"] == (str(fault) or "not in time")


async def test_a_function_with_a_key_is_run_again_with_the_same_key(tmp_path: Path) -> None:
    facts = replace(A_CALL, step="book")
    runs = Runs()
    await take(FakeLine(facts=facts), BOOK, tmp_path, runs)
    assert runs.keys == [f"{A_CALL.contact}/book/1"]


async def test_a_function_with_an_effect_and_no_key_is_never_run_twice(tmp_path: Path) -> None:
    runs = Runs()
    line = FakeLine(facts=replace(A_CALL, step="fee"))
    assert await take(line, FEE, tmp_path, runs) == ["fee:unknown", "person:waiting"]
    assert runs.keys == []


async def test_a_function_that_follows_a_talk_has_not_begun_before(tmp_path: Path) -> None:
    runs = Runs()
    text = FEE.replace("first: fee", "first: talk").replace(
        "person: {do: queue}",
        "person: {do: goodbye, say: {zh: 再见, en: Bye}}\n  talk: {do: queue, then: {talked: fee}}",
    )
    line = FakeLine(facts=replace(A_CALL, step="talk", talked="7.1.1"))
    trail = await take(line, text, tmp_path, runs)
    assert trail == ["talk:talked", "fee:given", "person:done"]
    assert runs.keys == [f"{A_CALL.contact}/fee/1"]


async def test_only_the_step_that_was_begun_before_is_not_run_again(tmp_path: Path) -> None:
    runs = Runs(PythonFailed("no"))
    line = FakeLine("1", "1", facts=replace(A_CALL, step="again", visits={"fee": 1}))
    trail = await take(line, FEE, tmp_path, runs)
    assert trail[:3] == ["again:1", "fee:failed", "again:1"]
    assert runs.keys == [f"{A_CALL.contact}/fee/2", f"{A_CALL.contact}/fee/3"]


# ---------------------------------------------------------------- in threads


async def test_functions_run_beside_the_loop_so_many_at_once() -> None:
    here, let_go = threading.Barrier(3), threading.Event()

    @python_step(outcomes=["done_it"], seconds=10)
    def waits() -> str:
        here.wait(10)
        let_go.wait(10)
        return "done_it"

    threads = PythonThreads({"waits": made(waits)}, at_once=2)
    runs = [asyncio.create_task(threads.run("waits", {}, EffectKey("k"))) for _ in range(3)]
    await asyncio.to_thread(here.wait, 10)  # two of them and this test: the third waits
    assert not any(run.done() for run in runs)
    here.reset()
    let_go.set()
    last = asyncio.create_task(asyncio.to_thread(here.wait, 10))
    here_too = asyncio.create_task(asyncio.to_thread(here.wait, 10))
    assert [(await run).outcome for run in runs] == ["done_it"] * 3
    await asyncio.gather(last, here_too)


async def test_a_function_that_overruns_is_left_behind_and_what_it_returns_counts_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    let_go = threading.Event()

    @python_step(outcomes=["done_it"], seconds=0.05)
    def slow() -> str:
        let_go.wait(10)
        return "done_it"

    threads = PythonThreads({"slow": made(slow)}, at_once=1)
    for _ in range(2):  # the second finds no free place, and has its deadline all the same
        with pytest.raises(TimeoutError):
            await threads.run("slow", {}, EffectKey("k"))
    let_go.set()
    async with asyncio.timeout(10):
        ended = await _soon(lambda: threads.run("slow", {}, EffectKey("k")))
    assert ended.outcome == "done_it"
    assert "python step ended late" in [record.message for record in caplog.records]


async def _soon(run: Callable[[], Any]) -> Ended:
    """Until a place is free again."""
    while True:
        try:
            found: Ended = await run()
            return found
        except TimeoutError:
            continue


async def test_whatever_a_function_does_is_told_without_anything_personal() -> None:
    @python_step(outcomes=["fine"])
    def odd(number: int) -> object:
        return {1: "fine", 2: "odd", 3: None}[number]

    @python_step(outcomes=["fine"])
    def leaves() -> str:
        raise SystemExit

    threads = PythonThreads({"odd": made(odd), "leaves": made(leaves)})
    assert (await threads.run("odd", {"number": "1"}, EffectKey("k"))).outcome == "fine"
    for number, why in (("2", "none of its outcomes"), ("3", "none of its"), ("4", "^KeyError$"),
                        ("x", "no whole number")):  # fmt: skip
        with pytest.raises(PythonFailed, match=why):
            await threads.run("odd", {"number": number}, EffectKey("k"))
    with pytest.raises(PythonFailed, match=r"^SystemExit$"):
        await threads.run("leaves", {}, EffectKey("k"))
    with pytest.raises(PythonFailed, match="no such function"):
        await threads.run("gone", {}, EffectKey("k"))


async def test_a_system_without_a_thread_left_costs_one_step_and_no_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = PythonThreads(FUNCTIONS, at_once=1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(PythonFailed, match="new thread"):
            await threads.run("parity", {"number": "7"}, EffectKey("k"))
    assert (await threads.run("parity", {"number": "7"}, EffectKey("k"))).outcome == "odd"


# ---------------------------------------------------------------- inputs and ends


@pytest.mark.parametrize(
    ("kind", "text", "read"),
    [
        (str, "7", "7"), (int, "-7", -7), (Decimal, "12.50 CNY", Decimal("12.50")),
        (Decimal, "3", Decimal(3)), (date, "2026-03-05", date(2026, 3, 5)), (bool, "true", True),
        (bool, "false", False),
    ],
)  # fmt: skip
def test_an_input_is_read_as_what_the_function_takes(kind: type, text: str, read: object) -> None:
    assert Input(kind).read(text) == read and type(Input(kind).read(text)) is kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [(int, "1.5"), (int, "٣"), (int, "1_0"), (Decimal, "NaN"), (Decimal, "1e9"),
     (date, "2026-02-30"), (bool, "yes")],
)  # fmt: skip
def test_what_is_no_such_input_is_refused_without_saying_it(kind: type, text: str) -> None:
    with pytest.raises(BadInput) as refusal:
        Input(kind).read(text)
    assert text not in str(refusal.value)


@pytest.mark.parametrize(
    "ended",
    [Ended("booked"), Ended("booked", ticket=""), Ended("booked", ticket="x" * 201),
     Ended("booked", ticket="a\nb"), Ended("booked", ticket="1", seat="2"), Ended("gone"), 7],
)  # fmt: skip
def test_an_end_has_just_the_values_that_it_says(ended: object) -> None:
    with pytest.raises(BadEnd):
        FUNCTIONS["book"].checked(ended)
    assert FUNCTIONS["book"].checked(Ended("booked", ticket=7)).values == {"ticket": "7"}


# ---------------------------------------------------------------- registering


def untyped(number) -> str:  # type: ignore[no-untyped-def]
    return ""


def of_a_list(numbers: list[int]) -> str:
    return ""


def of_many(*numbers: int) -> str:
    return ""


def keyed(key: str) -> str:
    return ""


def Named() -> str:
    return ""


async def waiting() -> str:
    return ""


@pytest.mark.parametrize(
    ("function", "options", "why"),
    [
        (untyped, {}, "say what the input 'number' is: str, int, Decimal, date, bool"),
        (of_a_list, {}, "say what the input 'numbers' is"),
        (of_many, {}, "is no input: give each input a name"),
        (keyed, {}, "'key' is the key of an effect: say `has_effect=True`"),
        (Named, {}, "a step's name is small letters"),
        (waiting, {}, "only a plain function"),
        (keyed, {"has_effect": True, "outcomes": []}, "name at least one outcome"),
        (keyed, {"has_effect": True, "outcomes": ["failed"]}, "'failed' cannot be the name"),
        (keyed, {"has_effect": True, "outcomes": {"a": ["wait"]}}, "'wait' cannot be the name"),
        (keyed, {"has_effect": True, "pure": True}, "what has an effect is not pure"),
        (keyed, {"has_effect": True, "seconds": 11}, "more than 0, and 10 at most"),
    ],
)
def test_what_cannot_be_a_step_is_not_registered(
    function: Callable[..., Any], options: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadRegistration) as refusal:
        python_step(**{"outcomes": ["a"], **options})(function)
    assert why in str(refusal.value)


def test_a_file_that_cannot_be_read_is_told_with_its_line_and_all_at_once(tmp_path: Path) -> None:
    texts = {
        "a": "from ivr.python_steps import python_step\n\n@python_step(outcomes=['x'])\n"
        "def odd(n):\n    return 'x'\n",
        "b": "x = 1\nraise OSError('no disk')\n",
        "c": "def (:\n",
        "d": "import sys\nsys.exit()\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.py").write_text(text)
    with pytest.raises(BadFlow) as refusal:
        functions_in(tmp_path)
    told = [fault.removeprefix(f"{tmp_path}/") for fault in refusal.value.faults]
    assert told[0].startswith("a.py:3: odd: say what the input 'n' is")
    assert told[1] == "b.py:2: OSError: no disk"
    assert told[2].startswith("c.py:1: SyntaxError") and told[3].startswith("d.py:2: SystemExit")


def test_two_files_cannot_have_the_same_function_and_nobody_else_may_write_one(
    tmp_path: Path,
) -> None:
    text = "from ivr.python_steps import python_step\n\n@python_step(outcomes=['x'])\n" \
           "def one() -> str:\n    return 'x'\n"  # fmt: skip
    for name in ("a", "b", "open"):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "open.py").chmod(0o666)
    with pytest.raises(BadFlow) as refusal:
        functions_in(tmp_path)
    assert [fault.removeprefix(f"{tmp_path}/") for fault in refusal.value.faults] == [
        f"b.py: one is in {tmp_path}/a.py already",
        "open.py: everybody may write it; take that away: chmod o-w open.py",
    ]


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("steps: stepps\n")
    known = settings.load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path)})
    with pytest.raises(BadFlow, match=r"site.yaml: steps: there is no folder .*stepps"):
        load_for(known)


def test_without_a_folder_there_are_no_python_steps(tmp_path: Path) -> None:
    known = settings.load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path)})
    assert house_of(known).python == {}
    with pytest.raises(BadFlow, match="names the folder"):
        flow_of_house(BOOK, tmp_path, House(("zh", "en"), (), ()))


def flow_of_house(text: str, folder: Path, house: House) -> None:
    file = folder / "test.yaml"
    file.write_text(text, encoding="utf-8")
    load(file, house)


# ---------------------------------------------------------------- rehearsals


def rehearsed(text: str, folder: Path, **mocks: tuple[MockedEnd, ...]) -> Any:
    premises = Premises(
        {"main": flow_of(text, folder)}, HOURS, frozenset(HOUSE.queues), {}, python=FUNCTIONS
    )
    with Stage(premises) as stage:
        return stage.walk(Role("main", python=mocks))


def test_a_rehearsal_runs_nothing_but_pure_functions(tmp_path: Path) -> None:
    walk = rehearsed(BOOK, tmp_path)
    assert (walk.trail[0], walk.unmocked) == ("book:failed", ("book",))
    pure = "first: a\nsteps:\n  a: {do: python, name: parity, inputs: {number: '7'}, " \
           "then: {even: b, odd: c, failed: b}}\n  b: {do: queue}\n  c: {do: queue}\n"  # fmt: skip
    walk = rehearsed(pure, tmp_path)
    assert (walk.trail[0], walk.unmocked) == ("a:odd", ())
    assert rehearsed(pure, tmp_path, parity=(MockedEnd(ends="even"),)).trail[0] == "a:even"


def test_a_mocked_end_comes_in_order_after_its_time_and_counts_as_late(tmp_path: Path) -> None:
    ends = (MockedEnd(ends="booked", gives={"ticket": "A1"}), MockedEnd(ends="booked"))
    walk = rehearsed(BOOK, tmp_path, book=ends)
    assert walk.heard[0].text == "A1" and walk.unasked == ("book",)
    late = MockedEnd(ends="booked", gives={"ticket": "A1"}, after=3)
    assert rehearsed(BOOK, tmp_path, book=(late,)).trail[0] == "book:failed"
    unknown = MockedEnd(ends="unknown")
    assert rehearsed(FEE, tmp_path, fee_of=(unknown,)).trail[0] == "fee:unknown"


def test_a_caller_cannot_be_told_of_ends_that_a_function_does_not_have(tmp_path: Path) -> None:
    premises = Premises({"main": flow_of(BOOK, tmp_path)}, HOURS, frozenset(), {}, python=FUNCTIONS)
    file = tmp_path / "main.yaml"
    for python, why in (
        ("{bok: []}", "there is no Python step in the flow 'bok'; did you mean 'book'?"),
        ("{book: [{ends: bookd}]}", "there is no outcome of 'book' 'bookd'; did you mean"),
        ("{book: [{ends: unknown}]}", "there is no outcome of 'book' 'unknown'"),
        ("{book: [{ends: booked}]}", "with 'booked', 'book' gives ticket: write just that"),
        ("{book: [{end: booked}]}", "unknown key; did you mean 'ends'?"),
    ):
        file.write_text(f"flow: main\ncallers:\n  - {{name: a, python: {python}}}\n")
        with pytest.raises(BadFlow) as refusal:
            callers.load([file], premises)
        assert any(why in fault for fault in refusal.value.faults), refusal.value.faults


# ---------------------------------------------------------------- the guide and the example


@pytest.mark.parametrize("name", ["flows.md", "flows.zh.md"])
def test_the_functions_and_the_step_of_the_guide_go_together(name: str, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "guides" / name).read_text(encoding="utf-8")
    [functions] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    [step] = re.findall(r"```\n(  kept:\n.*?)```", text, re.DOTALL)
    (tmp_path / "meters.py").write_text(functions, encoding="utf-8")
    house = replace(HOUSE, python=functions_in(tmp_path))
    file = tmp_path / "meter.yaml"
    file.write_text(
        'first: a\nsteps:\n  a: {do: set, values: {meter: "1", reading: "2"}, then: kept}\n' + step
        + '  thanks: {do: say, say: {zh: "{told}", en: "{told}"}, then: person}\n'
        "  person: {do: queue}\n", encoding="utf-8",
    )  # fmt: skip
    assert load(file, house).steps["kept"].outcomes() == {"kept", "too_much", "failed"}
    assert house.python["meter_number"].run({"number": "14"}, "").outcome == "valid"


def test_the_callers_of_the_example_come_everywhere_in_its_flow() -> None:
    known = settings.load({"HOTLINE_DATA": str(EXAMPLE)})
    premises = Premises.of(known, load_for(known))
    scripted = callers.load([EXAMPLE / "flows" / "tests" / "meter.yaml"], premises)
    tried = trial.run(premises, ["meter"], scripted, 100, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == []
    assert tried.coverage["meter"].missing() == [] and tried.strays == []


async def test_the_example_keeps_a_reading_once_for_one_key(tmp_path: Path) -> None:
    steps = tmp_path / "steps"
    steps.mkdir()
    text = (EXAMPLE / "steps" / "meters.py").read_text(encoding="utf-8")
    (steps / "meters.py").write_text(text, encoding="utf-8")
    threads = PythonThreads(functions_in(steps))
    given = {"meter": "12345674", "reading": "42"}
    for key in ("c1/kept/1", "c1/kept/1", "c2/kept/1"):
        ended = await threads.run("keep_reading", given, EffectKey(key))
        assert (ended.outcome, ended.values) == ("kept", {"cubic": "42"})
    kept = list((tmp_path / "readings").iterdir())
    assert len(kept) == 2
    assert json.loads(kept[0].read_text()) == {"meter": "12345674", "reading": 42}
    assert (await threads.run("meter_number", {"number": "12345674"}, EffectKey("k"))).outcome == (
        "valid"
    )
