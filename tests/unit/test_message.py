"""Messages that callers leave: what they say, confirm and throw away, and that it is kept once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from ivr import perform_leaving
from ivr.call import take_call
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.ports import EffectKey, JournalFailed, Outgoing, StoreFailed
from ivr.rehearsal.stage import Premises, Role, Stage, Walk
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import (
    ANYBODY,
    HOURS,
    HOUSE,
    NOON_ON_SUNDAY,
    FakeAcceptance,
    StandingClock,
    flow_of,
)
from tests.fakes_stores import MemoryOutbox, MemoryRecordings, MemoryVault

MAILBOX = """
first: mailbox
steps:
  mailbox:
    do: message
    say: {zh: 请留言。, en: Leave a message.}
    after_silence: {zh: 没有听到。, en: We heard nothing.}
    confirm: {zh: 发送按一，重录按二，取消按三。, en: "Keep: one, again: two, cancel: three."}
    seconds: 60
    then: {done: bye, silence: bye, cancelled: bye, failed: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""
KEY = EffectKey("c-1/mailbox/1")
SILENT = ""


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(MAILBOX, tmp_path)


class House:
    """Where what callers leave goes to; `support` reads e-mail."""

    def __init__(self) -> None:
        self.acceptance = FakeAcceptance()
        self.outbox = MemoryOutbox()
        self.recordings = MemoryRecordings()
        self.vault = MemoryVault({ANYBODY: {}})

    async def take(self, line: FakeLine, flow: Flow) -> list[str]:
        around = Neighbours(
            outbox=self.outbox, recordings=self.recordings, seals=self.vault,
            told_by_email={"support"},
        )  # fmt: skip
        return await take_call(line, flow, self.acceptance, StandingClock(), HOURS, around)

    @property
    def lengths(self) -> list[float]:
        """Seconds of each recording that is kept."""
        return [len(sound) / 16_000 for sound in self.recordings.sounds.values()]


@pytest.fixture
def house() -> House:
    return House()


async def test_a_message_is_kept_written_down_and_told_before_the_caller_hears_so(
    house: House, flow: Flow
) -> None:
    trail = await house.take(FakeLine("speaks 12", "1"), flow)
    assert trail == ["mailbox:done", "bye:done"]
    [(kind, data)] = house.acceptance.written
    kept = await house.recordings.find(KEY)
    assert kept and kept.person == ANYBODY
    found = {"queue": "support", "recording": kept.id, "seconds": 12.0}
    assert (kind, data) == ("MessageLeft", {"effect": KEY, "person": ANYBODY, **found})
    [notice] = house.outbox.entries.values()
    assert (notice.kind, notice.to) == ("email", None)
    assert notice.data == {"about": "message", "contact": "c-1", "at": NOON_ON_SUNDAY, **found}


@pytest.mark.parametrize(
    "acts",
    [
        ["speaks 12 and hangs up"],
        ["speaks 12", HANGS_UP],
        ["speaks 12", "9", HANGS_UP],
        [SILENT, "speaks 12 and hangs up"],
    ],
)
async def test_who_hangs_up_after_speaking_has_left_a_message(
    house: House, flow: Flow, acts: list[str]
) -> None:
    assert await house.take(FakeLine(*acts), flow) == ["mailbox:caller gone"]
    assert house.lengths == [12.0] and len(house.acceptance.written) == 1


@pytest.mark.parametrize("acts", [[HANGS_UP], [SILENT, HANGS_UP], ["speaks 5", "2", HANGS_UP]])
async def test_who_hangs_up_without_speaking_has_left_none(
    house: House, flow: Flow, acts: list[str]
) -> None:
    assert await house.take(FakeLine(*acts), flow) == ["mailbox:caller gone"]
    assert house.lengths == [] and house.acceptance.written == []


@pytest.mark.parametrize("keys", [["1"], [SILENT, SILENT], ["9", "1"], ["9", "9"]])
async def test_a_message_is_kept_unless_the_caller_says_otherwise(
    house: House, flow: Flow, keys: list[str]
) -> None:
    assert (await house.take(FakeLine("speaks 5", *keys), flow))[0] == "mailbox:done"


async def test_a_message_that_is_recorded_anew_stands_in_place_of_the_first(
    house: House, flow: Flow
) -> None:
    line = FakeLine("speaks 5", "2", "speaks 7", "1")
    assert (await house.take(line, flow))[0] == "mailbox:done"
    assert house.lengths == [7.0] and line.heard.count("请留言。") == 2


async def test_who_always_records_anew_is_heard_in_the_end(house: House, flow: Flow) -> None:
    acts = ["speaks 5", "2"] * perform_leaving.MOST_TAKES
    assert (await house.take(FakeLine(*acts), flow))[0] == "mailbox:done"
    assert house.lengths == [5.0]


async def test_a_message_that_is_cancelled_leaves_nothing(house: House, flow: Flow) -> None:
    assert (await house.take(FakeLine("speaks 5", "3"), flow))[0] == "mailbox:cancelled"
    assert house.lengths == [] and house.acceptance.written == []
    assert house.outbox.entries == {}


async def test_silence_is_asked_again_and_then_an_outcome(house: House, flow: Flow) -> None:
    line = FakeLine(SILENT, SILENT)
    assert (await house.take(line, flow))[0] == "mailbox:silence"
    assert line.heard[:3] == ["请留言。", "没有听到。", "请留言。"]
    assert house.lengths == []


async def test_a_word_that_is_too_short_is_silence(house: House, tmp_path: Path) -> None:
    flow = flow_of(MAILBOX.replace("seconds: 60", "least: 3"), tmp_path)
    assert (await house.take(FakeLine("speaks 2", "speaks 2"), flow))[0] == "mailbox:silence"


async def test_without_a_question_it_is_kept_at_once(house: House, tmp_path: Path) -> None:
    lines = [line for line in MAILBOX.splitlines() if "confirm" not in line]
    assert (await house.take(FakeLine("speaks 5"), flow_of("\n".join(lines), tmp_path))) == [
        "mailbox:done", "bye:done",
    ]  # fmt: skip


async def test_other_keys_may_be_named(house: House, tmp_path: Path) -> None:
    flow = flow_of(MAILBOX.replace("seconds: 60", 'cancel: "*"'), tmp_path)
    assert (await house.take(FakeLine("speaks 5", "*"), flow))[0] == "mailbox:cancelled"


async def test_a_queue_may_be_named_and_one_without_e_mail_is_not_told(
    house: House, tmp_path: Path
) -> None:
    await house.take(
        FakeLine("speaks 5"), flow_of(MAILBOX.replace("seconds: 60", "queue: sales"), tmp_path)
    )
    assert house.acceptance.written[0][1]["queue"] == "sales"
    assert house.outbox.entries == {}


async def test_who_could_not_be_looked_up_in_time_is_asked_for_again(
    house: House, flow: Flow
) -> None:
    house.acceptance.fails = {"begin": StoreFailed("locked")}
    line = FakeLine("speaks 5", "1")

    class Recovers(FakeLine):
        async def record(self, *args: object, **named: object) -> object:  # type: ignore[override]
            house.acceptance.fails = {}
            return await line.record(*args, **named)  # type: ignore[arg-type]

    assert (await house.take(Recovers("1"), flow))[0] == "mailbox:done"
    assert house.acceptance.written[0][1]["person"] == ANYBODY


# ---------------------------------------------------------------- exactly once


async def test_a_script_that_begins_again_does_what_is_missing_and_asks_nothing(
    house: House, flow: Flow
) -> None:
    house.acceptance.fails = {"write": JournalFailed("disk full")}
    first = FakeLine("speaks 5 and hangs up")
    await house.take(first, flow)
    assert house.lengths == [5.0] and house.acceptance.written == []
    house.acceptance.fails = {}
    again = FakeLine(facts=replace(A_CALL, step="mailbox", visits=first.visits))
    assert await house.take(again, flow) == ["mailbox:done", "bye:done"]
    assert again.heard == ["再见。"] and house.lengths == [5.0]
    assert [kind for kind, _ in house.acceptance.written] == ["MessageLeft"]
    assert len(house.outbox.entries) == 1


async def test_a_second_visit_is_a_second_message(house: House, tmp_path: Path) -> None:
    twice = MAILBOX.replace("seconds: 60", "at_most: 2").replace(
        "{done: bye,", "{too_many: bye, done: mailbox,"
    )
    await house.take(FakeLine("speaks 5", "1", "speaks 6", "1"), flow_of(twice, tmp_path))
    assert house.lengths == [5.0, 6.0] and len(house.outbox.entries) == 2


@pytest.mark.parametrize("what", ["recordings", "write"])
async def test_what_cannot_be_kept_is_an_outcome_and_not_promised(
    house: House, flow: Flow, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    if what == "write":
        house.acceptance.fails = {"write": JournalFailed("disk full")}
    else:
        house.recordings.failing = "disk full"
    trail = await house.take(FakeLine("speaks 5", "1"), flow)
    assert trail == ["mailbox:failed", "person:waiting"]
    [fault] = [one for one in caplog.records if one.message == "recording not kept"]
    assert fault.__dict__["why"] == "disk full"


async def test_a_message_stands_though_nobody_can_be_told_of_it(
    house: House, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    house.outbox.failing = "disk full"
    line = FakeLine("speaks 5", "1")
    assert await house.take(line, flow) == ["mailbox:done", "bye:done"]
    assert [kind for kind, _ in house.acceptance.written] == ["MessageLeft"]
    [fault] = [one for one in caplog.records if one.message == "notice not kept"]
    assert fault.__dict__["why"] == "disk full"


async def test_a_message_stands_though_the_outbox_hangs(
    house: House, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform_leaving, "NOTICE_SECONDS", 0.01)

    async def hangs(outgoing: Outgoing) -> None:
        await asyncio.Event().wait()

    house.outbox.put = hangs  # type: ignore[method-assign]
    assert (await house.take(FakeLine("speaks 5", "1"), flow))[0] == "mailbox:done"


async def test_a_slow_disk_holds_no_caller_up(
    house: House, flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform_leaving, "KEEP_SECONDS", 0.01)
    house.acceptance.away = frozenset({"write"})
    assert (await house.take(FakeLine("speaks 5", "1"), flow))[0] == "mailbox:failed"


async def test_no_log_line_holds_what_was_said(
    house: House, flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await house.take(FakeLine("speaks 5", "1"), flow)
    assert any(one.message == "recording kept" for one in caplog.records)
    assert not any("\\x00" in str(vars(one)) for one in caplog.records)


# ---------------------------------------------------------------- rehearsals


def walked(flow: Flow, *acts: str, broken: frozenset[str] = frozenset()) -> Walk:
    premises = Premises(
        {flow.name: flow}, HOURS, frozenset(HOUSE.queues), {"4000": NumberEntry(flow=flow.name)}
    )
    with Stage(premises) as stage:
        return stage.walk(Role(flow.name, acts, broken=broken))


@pytest.mark.parametrize(
    ("acts", "outcome"),
    [
        (["speaks 20", "1"], "done"),
        (["speaks 20", "3"], "cancelled"),
        (["speaks 20 and hangs up"], "caller gone"),
        (["speaks 20", "hang up"], "caller gone"),
        (["silence", "silence"], "silence"),
        (["#", "#"], "silence"),
        ([], "silence"),
    ],
)
def test_a_rehearsed_caller_speaks_confirms_and_hangs_up(
    flow: Flow, acts: list[str], outcome: str
) -> None:
    assert walked(flow, *acts).trail[0] == f"mailbox:{outcome}"


def test_a_step_can_be_broken_in_a_rehearsal(flow: Flow) -> None:
    walk = walked(flow, "speaks 20", "1", broken=frozenset({"mailbox"}))
    assert walk.trail == ("mailbox:failed", "person:waiting")


def test_who_speaks_where_keys_are_asked_for_presses_none(tmp_path: Path) -> None:
    menu = """
first: ask
steps:
  ask:
    do: menu
    say: {zh: 请按一。, en: Press one.}
    tries: 1
    then: {"1": person, silence: person, no_match: person}
  person: {do: queue}
"""
    assert walked(flow_of(menu, tmp_path), "speaks 3").trail[0] == "ask:silence"
    assert walked(flow_of(menu, tmp_path), "speaks 3 and hangs up").ends == "hang up"


def test_a_cancelled_task_keeps_nothing(flow: Flow) -> None:
    async def stopped() -> list[float]:
        house = House()
        house.acceptance.away = frozenset({"begin"})
        task = asyncio.create_task(house.take(FakeLine("speaks 5"), flow))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return house.lengths

    assert asyncio.run(stopped()) == []
