"""A call from ring to goodbye, with a scripted caller."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ivr import call, perform
from ivr.flow import Flow
from ivr.load import OWN_FLOWS, load
from ivr.ports import JournalFailed, LineFailed, StoreFailed
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import ANYBODY, HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.logged import carried

MAIN = load(OWN_FLOWS / "main.yaml", HOUSE)
SILENCE = ""


async def take(
    line: FakeLine, acceptance: FakeAcceptance | None = None, flow: Flow = MAIN
) -> list[str]:
    acceptance = acceptance or FakeAcceptance()
    return await call.take_call(line, flow, acceptance, StandingClock(), HOURS)


async def test_a_caller_chooses_a_language_and_a_service_and_waits() -> None:
    line, acceptance = FakeLine("2", "1"), FakeAcceptance()
    trail = await take(line, acceptance)
    assert trail == ["welcome:2", "english:done", "hours:open", "menu:1", "person:waiting"]
    assert acceptance.enqueued == [("support", "standard", "en", ANYBODY)]
    assert line.queued and line.queued[0] == "support" and line.language == "en"


async def test_the_greeting_is_spoken_in_both_languages_the_numbers_own_first() -> None:
    line = FakeLine(HANGS_UP)
    await take(line)
    assert [text.isascii() for text in line.heard] == [False, True]


async def test_after_the_choice_only_that_language_is_spoken() -> None:
    line = FakeLine("2", "0")
    await take(line)
    assert all(text.isascii() for text in line.heard[2:])


async def test_a_caller_who_never_presses_a_key_reaches_a_person() -> None:
    line = FakeLine(*[SILENCE] * 4)
    trail = await take(line)
    assert trail[-2:] == ["menu:silence", "person:waiting"]
    assert line.heard.count("没有听到您的按键。") == 1


async def test_a_caller_who_presses_wrong_keys_reaches_a_person() -> None:
    trail = await take(FakeLine("1", "7", "*", "#"))
    assert trail[-2:] == ["menu:no_match", "person:waiting"]


async def test_a_menu_that_leads_back_to_itself_ends_with_a_person() -> None:
    trail = await take(FakeLine("1", "2", "2", "2"))
    assert trail.count("about:done") == 3
    assert trail[-2:] == ["menu:too_many", "person:waiting"]


async def test_a_limit_counts_on_when_another_process_goes_on_with_the_call() -> None:
    first = FakeLine("1", "2", "2", HANGS_UP)
    await take(first)
    assert (first.step, first.visits) == ("menu", {"menu": 2})
    then = FakeLine("2", "2", facts=replace(A_CALL, step=first.step, visits=first.visits))
    assert (await take(then))[-2:] == ["menu:too_many", "person:waiting"]


@pytest.mark.parametrize("after", ["goodbye", "survey", "queue"])
async def test_a_queue_names_what_follows_the_talk(after: str, tmp_path: Path) -> None:
    named = f", after: {after}" if after != "goodbye" else ""
    line = FakeLine()
    await take(line, flow=flow_of(f"first: a\nsteps: {{a: {{do: queue{named}}}}}", tmp_path))
    assert line.after == after


@pytest.mark.parametrize("keys", [[], ["2"], ["2", "7"], ["2", "2"], [SILENCE, SILENCE]])
async def test_a_caller_who_hangs_up_reaches_no_queue(keys: list[str]) -> None:
    line, acceptance = FakeLine(*keys, HANGS_UP), FakeAcceptance()
    trail = await take(line, acceptance)
    assert acceptance.enqueued == [] and line.queued is None
    assert trail[-1].endswith(":caller gone")


async def test_every_step_is_noted_with_its_outcome() -> None:
    acceptance = FakeAcceptance()
    trail = await take(FakeLine("1", HANGS_UP), acceptance)
    assert [f"{step}:{outcome}" for step, outcome in acceptance.noted] == trail
    assert acceptance.noted[-1] == ("menu", "caller gone")


async def test_a_script_that_is_run_again_goes_on_in_the_step_it_died_in() -> None:
    line = FakeLine("1", facts=replace(A_CALL, step="menu", language="en"))
    assert await take(line) == ["menu:1", "person:waiting"]
    assert line.heard[0].startswith("For questions")


async def test_the_line_remembers_the_step_before_anything_is_said_in_it() -> None:
    line = FakeLine("1", HANGS_UP)
    await take(line)
    assert line.step == "menu"


async def test_a_remembered_step_that_is_no_more_starts_the_flow_anew() -> None:
    line = FakeLine(HANGS_UP, facts=replace(A_CALL, step="abolished"))
    assert await take(line) == ["welcome:caller gone"]


async def test_the_place_is_recorded_before_the_caller_hears_of_it() -> None:
    acceptance = FakeAcceptance(fails={"enqueue": JournalFailed("disk full")})
    line = FakeLine("1", "0")
    trail = await take(line, acceptance)
    assert trail[-1] == "person:broke off"
    assert line.heard[-1].startswith("咨询与服务")


async def test_a_distributor_that_is_away_leaves_the_caller_to_the_dialplan(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(perform, "ENQUEUE_SECONDS", 0.01)
    line = FakeLine("1", "0")
    trail = await take(line, FakeAcceptance(away=frozenset({"enqueue"})))
    assert trail[-1] == "person:broke off"
    assert line.queued is None and not line.gone and line.step == "person"


@pytest.mark.parametrize("what", ["begin", "note"])
async def test_a_slow_journal_or_vault_holds_no_caller_up(
    monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr(call, "BEGIN_SECONDS", 0.01)
    monkeypatch.setattr(call, "NOTE_SECONDS", 0.01)
    line = FakeLine("1", "0")
    await take(line, FakeAcceptance(away=frozenset({what})))
    assert line.queued


@pytest.mark.parametrize("what", ["begin", "note"])
async def test_a_failing_journal_or_vault_ends_no_call(what: str) -> None:
    line = FakeLine("1", "0")
    await take(line, FakeAcceptance(fails={what: StoreFailed("locked")}))
    assert line.queued


async def test_a_caller_who_could_not_be_looked_up_waits_like_any_other() -> None:
    acceptance = FakeAcceptance(fails={"begin": StoreFailed("locked")})
    await take(FakeLine("1", "0"), acceptance)
    assert acceptance.enqueued == [("support", "standard", "zh", None)]


async def test_a_line_that_fails_leaves_the_caller_to_the_dialplan(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Deaf(FakeLine):
        async def ask(self, *_: object, **__: object) -> str | None:
            raise LineFailed("no answer in time")

    line = Deaf()
    assert await take(line) == ["welcome:broke off"]
    assert not line.gone and line.queued is None
    assert "script broke off" in caplog.text


async def test_a_caller_who_is_gone_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    await take(FakeLine(HANGS_UP))
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")]


async def test_outside_opening_hours_the_caller_hears_so_and_goodbye(tmp_path: Path) -> None:
    text = (OWN_FLOWS / "main.yaml").read_text(encoding="utf-8")
    sunday = flow_of(text.replace("hours: always", "hours: weekdays"), tmp_path)
    line = FakeLine("2")
    trail = await take(line, flow=sunday)
    assert trail[-2:] == ["hours:closed", "closed:done"]
    assert line.gone and line.heard[-1].startswith("We are closed")


async def test_a_language_that_the_house_does_not_speak_becomes_its_first() -> None:
    line = FakeLine(HANGS_UP, facts=replace(A_CALL, language="xx", step="menu"))
    await take(line)
    assert line.heard[0].startswith("咨询与服务")


async def test_a_step_with_a_queue_of_its_own_goes_there(tmp_path: Path) -> None:
    sales = flow_of("first: a\nsteps:\n  a: {do: queue, queue: sales}", tmp_path)
    acceptance = FakeAcceptance()
    await take(FakeLine(), acceptance, sales)
    assert [queue for queue, *_ in acceptance.enqueued] == ["sales"]


async def test_a_service_that_stops_stops_its_scripts() -> None:
    task = asyncio.create_task(take(FakeLine("1"), FakeAcceptance(away=frozenset({"begin"}))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_no_log_line_holds_the_callers_number(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await take(FakeLine("1", "0"), FakeAcceptance(fails={"note": StoreFailed("locked")}))
    assert caplog.records
    assert "13800138000" not in carried(caplog.records)
