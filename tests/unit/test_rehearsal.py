"""Calls without a telephone: time that passes at once, and callers who play a part."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ivr import perform
from ivr.flow import Flow
from ivr.load import OWN_FLOWS, load
from ivr.rehearsal import at_random
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.line import MOST_QUESTIONS
from ivr.rehearsal.simulated_time import NobodyWillAnswer, SimulatedTime
from ivr.rehearsal.stage import Premises, Role, Stage, Walk
from ivr.session import Session
from ivr.settings import NumberEntry
from tests.fakes_calls import HOURS, HOUSE, flow_of

FLOW = load(OWN_FLOWS / "main.yaml", HOUSE)
NUMBERS = {
    "4000": NumberEntry(),
    "4001": NumberEntry(flow="main", queue="sales", language="en"),
    "4002": NumberEntry(flow="test", queue="sales"),
}
MONDAY, SUNDAY = (datetime(2026, 3, day, 10, tzinfo=UTC).timestamp() for day in (2, 1))


def premises(*flows: Flow) -> Premises:
    return Premises({flow.name: flow for flow in flows}, HOURS, frozenset(HOUSE.queues), NUMBERS)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage(premises(FLOW)) as stage:
        yield stage


def walked(flow: Flow, *acts: str, role: Role | None = None) -> Walk:
    with Stage(premises(flow)) as stage:
        return stage.walk(role or Role(flow.name, acts))


# ---------------------------------------------------------------- simulated time


@pytest.fixture
def loop() -> Iterator[SimulatedTime]:
    loop = SimulatedTime()
    yield loop
    loop.close()


def test_a_year_of_waiting_is_over_at_once_and_has_passed(loop: SimulatedTime) -> None:
    began = time.perf_counter()
    loop.run_until_complete(asyncio.sleep(365 * 86_400))
    assert loop.time() == pytest.approx(365 * 86_400)
    assert time.perf_counter() - began < 5


def test_a_deadline_strikes_before_what_takes_longer(loop: SimulatedTime) -> None:
    async def impatient() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3):
                await asyncio.sleep(3.1)
        async with asyncio.timeout(3):
            await asyncio.sleep(2.9)
        return loop.time()

    assert loop.run_until_complete(impatient()) == pytest.approx(5.9)


def test_who_waits_for_nobody_is_told_so(loop: SimulatedTime) -> None:
    with pytest.raises(NobodyWillAnswer):
        loop.run_until_complete(asyncio.Event().wait())


# ---------------------------------------------------------------- callers


def test_a_caller_hears_what_is_said_and_comes_to_a_queue(stage: Stage) -> None:
    walk = stage.walk(Role("main", ["2", "0"]))
    assert walk.trail[-1] == "person:waiting"
    assert (walk.ends, walk.queue, walk.language) == ("waiting", "support", "en")
    assert [prompt.language for prompt in walk.heard] == ["zh", "en", "en", "en"]


def test_keys_pressed_in_a_row_answer_the_next_questions_unspoken(stage: Stage) -> None:
    walk = stage.walk(Role("main", ["20"]))
    assert walk.trail == ("welcome:2", "english:done", "hours:open", "menu:0", "person:waiting")
    assert not any("press one" in prompt.text for prompt in walk.heard)


def test_who_has_nothing_more_to_do_is_silent(stage: Stage) -> None:
    walk = stage.walk(Role("main", ["2"]))
    assert walk.trail[-2:] == ("menu:silence", "person:waiting")
    assert walk.done == ("2", "silence", "silence")


def test_who_hangs_up_is_gone(stage: Stage) -> None:
    walk = stage.walk(Role("main", ["2", "hang up", "0"]))
    assert walk.trail[-1] == "menu:caller gone"
    assert (walk.ends, walk.queue) == ("hang up", "")


def test_the_number_gives_queue_and_language_unless_the_role_does(stage: Stage) -> None:
    role = Role("main", dialled="4001")
    assert [stage.walk(role).queue, stage.walk(role).language] == ["sales", "en"]
    assert stage.walk(replace(role, language="zh")).language == "zh"


def test_class_and_own_number_are_those_of_the_role_else_the_numbers_and_withheld(
    stage: Stage,
) -> None:
    plain, vip = Role("main"), Role("main", class_="vip", caller_number="+12025550123")
    facts = [(known.class_, known.caller_number) for known in map(stage.facts, (plain, vip))]
    assert facts == [("standard", None), ("vip", "+12025550123")]


def test_without_a_number_it_is_one_that_leads_to_the_flow(tmp_path: Path) -> None:
    flow = flow_of("first: a\nsteps: {a: {do: queue}}", tmp_path)
    assert walked(flow).queue == "sales"


def test_the_clock_shows_the_time_of_the_call(tmp_path: Path) -> None:
    text = (OWN_FLOWS / "main.yaml").read_text(encoding="utf-8")
    flow = flow_of(text.replace("hours: always", "hours: weekdays"), tmp_path)
    ends = [walked(flow, role=Role("test", at=at)).ends for at in (MONDAY, SUNDAY, None)]
    assert ends == ["waiting", "goodbye", "waiting"]


def test_silence_takes_its_time_on_the_clock(tmp_path: Path) -> None:
    text = (OWN_FLOWS / "main.yaml").read_text(encoding="utf-8")
    flow = flow_of(text.replace("hours: always", "hours: weekdays"), tmp_path)
    before_six = datetime(2026, 3, 2, 17, 59, 58, tzinfo=UTC).timestamp()
    assert walked(flow, role=Role("test", at=before_six)).ends == "goodbye"
    assert walked(flow, role=Role("test", ["1"], before_six)).ends == "waiting"


def test_hours_can_be_closed_whatever_the_clock_shows(stage: Stage) -> None:
    assert stage.walk(Role("main", open={"always": False})).ends == "goodbye"
    assert stage.walk(Role("main")).ends == "waiting"


def test_calls_on_one_stage_know_nothing_of_each_other(stage: Stage) -> None:
    first = stage.walk(Role("main", ["2", "2", "2"]))
    stage.walk(Role("main", ["hang up"]))
    assert stage.walk(first.role) == first


# ---------------------------------------------------------------- what goes wrong


def test_a_script_that_breaks_off_says_why_and_logs_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(*_: object) -> str:
        raise ValueError("no such thing")

    with Stage(premises(FLOW)) as stage:
        monkeypatch.setitem(perform.PERFORMERS, "hours", fails)
        walk = stage.walk(Role("main", ["1"]))
        assert (walk.ends, walk.fault) == ("broke off", "ValueError: no such thing")
        assert walk.trail[-1] == "hours:broke off"
        monkeypatch.undo()
        assert stage.walk(Role("main", ["1"])).fault == ""
    assert caplog.text == ""


def test_the_log_is_as_it_was_when_the_stage_is_closed() -> None:
    log = logging.getLogger("ivr")
    before = (log.level, log.propagate, list(log.handlers))
    walked(FLOW)
    assert (log.level, log.propagate, list(log.handlers)) == before


def test_a_walk_without_end_is_ended() -> None:
    menu = FLOW.steps["menu"].model_copy(update={"at_most": None})
    walk = walked(replace(FLOW, steps={**FLOW.steps, "menu": menu}), "1", *["2"] * 99)
    assert walk.ends == "broke off" and "the walk goes on" in walk.fault


def test_a_step_that_asks_without_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    async def insists(step: object, session: Session) -> str:
        while not await session.line.ask([], most_keys=1, seconds=5):
            pass
        return "1"

    monkeypatch.setitem(perform.PERFORMERS, "menu", insists)
    walk = walked(FLOW)
    assert walk.ends == "broke off" and f"asked {MOST_QUESTIONS} times" in walk.fault


# ---------------------------------------------------------------- at random, and coverage


def test_the_same_seed_brings_the_same_callers() -> None:
    def all_walks(seed: int) -> list[Walk]:
        house = premises(FLOW)
        with Stage(house) as stage:
            walks = [stage.walk(role) for role in at_random.callers(house, "main", 50, seed)]
        return [replace(walk, role=replace(walk.role, acts=())) for walk in walks]

    assert all_walks(1) == all_walks(1)
    assert all_walks(1) != all_walks(2)


def test_callers_at_random_all_come_to_an_end_and_everywhere() -> None:
    house, coverage = premises(FLOW), Coverage(FLOW)
    with Stage(house) as stage:
        walks = [stage.walk(role) for role in at_random.callers(house, "main", 500)]
    assert {walk.ends for walk in walks} == {"waiting", "goodbye", "hang up"}
    for walk in walks:
        coverage.add(walk.trail)
    assert coverage.missing() == []


def test_coverage_counts_outcomes_and_ends_but_no_hang_up() -> None:
    coverage = Coverage(FLOW)
    assert coverage.share() == 0 and len(coverage.missing()) == 17
    coverage.add(["welcome:2", "english:done", "hours:closed", "closed:done"])
    coverage.add(["welcome:2", "english:done", "hours:open", "menu:caller gone"])
    coverage.add(["welcome:caller gone"])
    coverage.add(["person:broke off"])
    assert coverage.share() == pytest.approx(5 / 17)
    assert coverage.hang_ups == {"menu": 1, "welcome": 1}
    assert {"menu:too_many", "welcome:1", "person"} <= set(coverage.missing())
    assert not {"hours:closed", "closed"} & set(coverage.missing())
