"""The survey after the talk: who is asked, what is kept of it, and that nobody is held up by it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acd import events
from acd.model import ContactId, Seconds
from adapters.cli.commands import app
from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from ivr import perform_survey
from ivr.call import take_call
from ivr.flow import Flow
from ivr.flow_sketch import sketch
from ivr.load import load
from ivr.ports import PersonId, Record, StoreFailed
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.stage import Premises, Role, Stage, Walk
from ivr.settings import NumberEntry
from ivr.surveys import Answer, figures, read
from ivr.tickets.projection import Known, tell
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import FLOWS, HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.unit.test_distributor import ANN, FACTS, ONE, at_work, until

SILENCE = ""
OFFER = "7.1.1"
SURVEY = """
first: person
steps:
  person: {do: queue, after: survey, then: {talked: rate}}
  rate:
    do: survey
    say: {zh: 请打分。, en: Rate us.}
    second: {zh: 解决了吗？, en: Was it solved?}
    after_no_match: {zh: 请按一到五。, en: One to five.}
    thanks: {zh: 谢谢。, en: Thanks.}
    then: {done: bye, silence: bye}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return replace(flow_of(SURVEY, tmp_path), version="main/3")


async def after_the_talk(
    flow: Flow, *acts: str, step: str = "person", acceptance: FakeAcceptance | None = None
) -> tuple[list[str], FakeLine, FakeAcceptance]:
    """The script as the dialplan runs it when the agent has hung up."""
    acceptance = acceptance or FakeAcceptance()
    line = FakeLine(*acts, facts=replace(A_CALL, step=step, talked=OFFER, language="en"))
    trail = await take_call(line, flow, acceptance, StandingClock(), HOURS)
    return trail, line, acceptance


def kept(acceptance: FakeAcceptance) -> list[Mapping[str, Any]]:
    return [data for kind, data in acceptance.written if kind == "SurveyAnswered"]


# ---------------------------------------------------------------- the call


async def test_who_waits_is_told_to_the_line_as_one_whose_flow_goes_on(flow: Flow) -> None:
    line = FakeLine()
    await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)
    assert (line.after, line.goes_on) == ("survey", True)


async def test_a_caller_is_asked_after_the_talk_and_thanked(flow: Flow) -> None:
    trail, line, acceptance = await after_the_talk(flow, "5", "2")
    assert trail == ["person:talked", "rate:done", "bye:done"]
    assert line.heard == ["Rate us.", "Was it solved?", "Thanks.", "Bye."] and line.gone
    assert kept(acceptance) == [
        {"effect": "c-1/rate/1", "step": "rate", "flow": "main/3", "of": 5, "score": 5, "second": 2}
    ]


async def test_after_a_talk_nobody_is_queued_again(flow: Flow) -> None:
    _, line, acceptance = await after_the_talk(flow, "5", "2")
    assert acceptance.enqueued == [] and line.queued is None


async def test_a_call_that_goes_on_after_its_talk_does_not_start_a_second_time() -> None:
    async with at_work() as cast:
        person = await cast.distributor.begin(FACTS)
        assert await cast.distributor.begin(replace(FACTS, talked=OFFER)) == person
        await cast.distributor.write(ONE, "SurveyAnswered", {})
    assert cast.kinds.count("CallStarted") == 1


@pytest.mark.parametrize("acts", [[SILENCE, SILENCE], ["7", "*"], [SILENCE, "0"]])
async def test_silence_and_wrong_keys_end_in_a_goodbye_and_count_as_asked(
    flow: Flow, acts: list[str]
) -> None:
    trail, line, acceptance = await after_the_talk(flow, *acts)
    assert trail == ["person:talked", "rate:silence", "bye:done"] and line.gone
    assert [data.get("score") for data in kept(acceptance)] == [None]
    assert "Thanks." not in line.heard


async def test_a_wrong_key_is_told_and_the_question_asked_again(flow: Flow) -> None:
    _, line, acceptance = await after_the_talk(flow, "9", "4", SILENCE, SILENCE)
    assert line.heard[:3] == ["Rate us.", "One to five.", "Rate us."]
    assert [(data["score"], data.get("second")) for data in kept(acceptance)] == [(4, None)]


async def test_what_was_said_before_a_hang_up_is_kept(flow: Flow) -> None:
    trail, _, acceptance = await after_the_talk(flow, "3", HANGS_UP)
    assert trail[-1] == "rate:caller gone"
    assert [data["score"] for data in kept(acceptance)] == [3]


async def test_a_script_that_begins_again_keeps_the_scores_under_the_same_key(flow: Flow) -> None:
    first = await after_the_talk(flow, "3", SILENCE, SILENCE)
    again = await after_the_talk(flow, "3", SILENCE, SILENCE, step="rate")
    assert again[0] == ["rate:done", "bye:done"]
    assert kept(first[2])[0]["effect"] == kept(again[2])[0]["effect"]


@pytest.mark.parametrize("fault", ["away", "fails"])
async def test_a_journal_that_is_away_keeps_nobody_on_the_line(
    flow: Flow, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(perform_survey, "KEEP_SECONDS", 0.01)
    acceptance = FakeAcceptance(away=frozenset({"write"}))
    if fault == "fails":
        acceptance = FakeAcceptance(fails={"write": StoreFailed("locked")})
    trail, line, _ = await after_the_talk(flow, "5", "5", acceptance=acceptance)
    assert trail[-1] == "bye:done" and line.gone


async def test_who_was_served_by_a_flow_that_is_gone_never_hears_the_welcome(
    tmp_path: Path,
) -> None:
    other = flow_of("first: a\nsteps: {a: {do: goodbye, say: {zh: 一。, en: One.}}}", tmp_path)
    trail, line, _ = await after_the_talk(other, "5")
    assert (trail, line.heard, line.gone) == ([], [], False)


async def test_a_queue_without_talked_runs_no_script_after_the_talk(tmp_path: Path) -> None:
    line = FakeLine()
    plain = flow_of("first: a\nsteps: {a: {do: queue, after: survey}}", tmp_path)
    await take_call(line, plain, FakeAcceptance(), StandingClock(), HOURS)
    assert (line.after, line.goes_on) == ("survey", False)


# ---------------------------------------------------------------- the journal


async def test_a_survey_names_agent_queue_and_rules_of_its_talk() -> None:
    async with at_work() as cast:
        await cast.distributor.enqueue(FACTS, "support", "standard", "zh", None)
        cast.distributor.post(events.Reached(ONE))
        await until(lambda: bool(cast.phones.told))
        offer = cast.phones.told[0].offer
        await cast.distributor.record(events.OfferAnswered(ONE, offer))
        await cast.distributor.record(events.LegEnded(ONE, offer))
        await cast.distributor.write(ONE, "SurveyAnswered", {"score": 4})
        record = cast.journal.records[-1]
        rules = cast.distributor.engine.centre.version
    assert (record.kind, record.contact) == ("SurveyAnswered", ONE)
    talk = {"offer": offer, "agent": ANN, "queue": "support", "rules": rules}
    assert record.data == {**talk, "score": 4}


async def test_of_a_contact_that_is_gone_the_scores_are_kept_alone() -> None:
    async with at_work() as cast:
        await cast.distributor.write(ContactId("gone"), "SurveyAnswered", {"score": 4})
        assert cast.journal.records[-1].data == {"score": 4}


# ---------------------------------------------------------------- the figures


class Told:
    """A journal of these records, a second apart, the first at 1000."""

    def __init__(self, *records: tuple[str, str, dict[str, Any]]) -> None:
        self.records = [
            Record(1000.0 + seq, kind, data, ContactId(contact), seq=seq)
            for seq, (contact, kind, data) in enumerate(records, 1)
        ]

    async def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]:
        for record in self.records[after:]:
            if not kinds or record.kind in kinds:
                yield record

    async def last(self) -> tuple[int, Seconds]:
        return len(self.records), self.records[-1].at


def talk(contact: str, agent: str) -> list[tuple[str, str, dict[str, Any]]]:
    offer = f"1.{contact}.1"
    return [
        (contact, "Arrived", {"queue": "support"}),
        (contact, "Offered", {"offer": offer, "agent": agent}),
        (contact, "OfferAnswered", {"offer": offer}),
    ]


def answer(score: int | None, agent: str = "ann", highest: int = 5) -> Answer:
    return Answer(1.0, "c", agent, "support", "r1", "main/3", "rate", highest, score, None)


async def test_an_answer_that_was_written_twice_is_one() -> None:
    data = {"effect": "c1/rate/1", "score": 4, "of": 5, "agent": "ann", "queue": "support"}
    found = await read(Told(*[("c1", "SurveyAnswered", data)] * 2), 0, 9999)
    assert [each.score for each in found] == [4]


async def test_the_plain_question_of_the_dialplan_is_told_of_its_agent() -> None:
    told = Told(*talk("c1", "ann"), ("c1", "SurveyAnswered", {"key": "5"}),
                *talk("c2", "bob"), ("c2", "SurveyAnswered", {"key": ""}))  # fmt: skip
    found = await read(told, 0, 9999)
    assert [(one.agent, one.queue, one.score) for one in found] == [
        ("ann", "support", 5),
        ("bob", "support", None),
    ]


async def test_a_chat_is_one_survey_whether_it_is_answered_or_not() -> None:
    ends, rated = {"how": "agent"}, {"value": 4, "agent": "bob"}
    told = Told(
        *talk("c1", "ann"), ("c1", "ChatEnded", ends), ("c1", "ChatRated", rated),
        *talk("c2", "ann"), ("c2", "ChatEnded", {"how": "customer"}),
        ("c3", "Arrived", {"queue": "sales"}), ("c3", "ChatEnded", {"how": "customer"}),
        *talk("c4", "ann"), ("c4", "ChatEnded", {"how": "silent"}),
        *talk("c5", "ann"), ("c5", "ChatEnded", {"how": "phone"}),
    )  # fmt: skip
    found = await read(told, 0, 9999)
    assert [(one.contact, one.agent, one.queue, one.score) for one in found] == [
        ("c1", "bob", "support", 4), ("c2", "ann", "support", None),
    ], "nobody is asked who was not served, or had gone"  # fmt: skip
    [chat] = figures(found, "flow")
    assert (chat.name, chat.highest, chat.asked, chat.answered) == ("chat", 5, 2, 1)


async def test_a_chat_that_was_rated_later_counts_when_it_was_rated() -> None:
    told = Told(*talk("c1", "ann"), ("c1", "ChatEnded", {"how": "agent"}),
                ("c2", "Arrived", {"queue": "sales"}),
                ("c1", "ChatRated", {"value": 5, "agent": "ann"}))  # fmt: skip
    assert [one.score for one in await read(told, 1005.5, 9999)] == [5]
    assert await read(told, 0, 1003.5) == []
    assert [one.score for one in await read(told, 0, 1005.5)] == [None]


async def test_only_the_period_counts() -> None:
    told = Told(*[(f"c{n}", "SurveyAnswered", {"score": n, "of": 5}) for n in range(1, 6)])
    found = await read(told, 1002.0, 1004.0)
    assert [one.score for one in found] == [2, 3]


def test_mean_and_share_are_told_with_how_many_there_were() -> None:
    [ann, bob] = figures([answer(5), answer(4), answer(None), answer(1, "bob")], "agent")
    assert (ann.name, ann.asked, ann.answered, ann.mean) == ("ann", 3, 2, 4.5)
    assert ann.share == pytest.approx(2 / 3)
    assert (bob.asked, bob.mean) == (1, 1.0)


def test_scores_of_different_scales_are_never_mixed() -> None:
    found = figures([answer(5), answer(9, highest=9)], "queue")
    assert [(one.highest, one.mean) for one in found] == [(5, 5.0), (9, 9.0)]


def test_nobody_who_answered_is_no_mean() -> None:
    [found] = figures([answer(None)], "queue")
    assert (found.mean, found.share) == (None, 0.0)


def test_who_talked_came_to_the_queue_once_and_went_on_by_the_arrow(flow: Flow) -> None:
    counts = {("person", "waiting"): 3, ("person", "talked"): 2, ("rate", "done"): 2}
    drawn = sketch(flow, counts)
    assert {box.name: box.came for box in drawn.boxes} == {"person": 3, "rate": 2, "bye": 0}
    [talked] = [arrow for arrow in drawn.arrows if arrow.source == "person"]
    assert (talked.target, talked.each) == ("rate", (2,)) and drawn.no_longer == ()


def test_a_survey_stands_on_the_ticket_of_its_call() -> None:
    known, person = Known(), PersonId("per_1")
    data = {"score": 4, "of": 5, "agent": "ann", "queue": "support", "effect": "c1/rate/1",
            "rules": "r1", "flow": "main/3", "offer": "1.1.1"}  # fmt: skip
    story: list[tuple[str, dict[str, Any]]] = [
        ("CallStarted", {"person": person}),
        ("Arrived", {"queue": "support", "entered_at": 1.0}),
        ("SurveyAnswered", data),
    ]
    for seq, (kind, told) in enumerate(story, 1):
        tell(known, Record(float(seq), kind, told, ContactId("c1"), seq=seq))
    (ticket,) = known.tickets
    [entry] = [entry for entry in known.entries if entry.kind == "survey_answered"]
    assert (entry.ticket, entry.who) == (ticket, "customer")
    shown = {name: data[name] for name in ("score", "of", "agent", "queue", "effect")}
    assert entry.data == shown


@pytest.fixture
def surveyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation whose journal has three surveys of an hour ago; its data folder."""
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    told = [("ann", 5), ("ann", None), ("bob", 2)]

    async def fill() -> None:
        database = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
        async with SqlJournal(database) as journal:
            await journal.append([
                Record(time.time() - 3600, "SurveyAnswered",
                       {"agent": agent, "queue": "support", "of": 5, "effect": f"c{n}/rate/1"}
                       | ({"score": score} if score else {}), ContactId(f"c{n}"))
                for n, (agent, score) in enumerate(told)
            ])  # fmt: skip
        await database.close()

    asyncio.run(fill())
    return tmp_path


def test_the_command_tells_how_many_were_asked_and_what_they_answered(surveyed: Path) -> None:
    out = surveyed / "surveys.jsonl"
    told = CliRunner().invoke(
        app, ["surveys", "--by", "agent", "--since", "2h", "--json", "--out", str(out)]
    )
    [ann, bob] = json.loads(told.stdout)["figures"]
    assert (ann["agent"], ann["asked"], ann["answered"], ann["share"], ann["mean"]) == (
        "ann", 2, 1, 0.5, 5.0,
    )  # fmt: skip
    assert (bob["agent"], bob["mean"], bob["of"]) == ("bob", 2.0, 5)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["score"] for line in lines] == [5, None, 2]


def test_people_are_told_shares_and_means_in_a_table(surveyed: Path) -> None:
    told = CliRunner().invoke(app, ["surveys", "--since", "2h"]).stdout
    assert told.startswith("3 surveys from ")
    assert "67%" in told and "3.50" in told


def test_a_period_without_surveys_has_no_figures(surveyed: Path) -> None:
    told = CliRunner().invoke(app, ["surveys", "--since", "10m", "--json"])
    assert json.loads(told.stdout)["figures"] == []


# ---------------------------------------------------------------- rehearsed


def walked(*acts: str) -> tuple[Walk, Coverage]:
    flow = replace(load(FLOWS / "good/survey-after-the-talk.yaml", HOUSE), name="main")
    premises = Premises({"main": flow}, HOURS, frozenset(HOUSE.queues), {"4000": NumberEntry()})
    with Stage(premises) as stage:
        walk = stage.walk(Role("main", acts))
    coverage = Coverage(flow)
    coverage.add(walk.trail)
    return walk, coverage


def test_a_rehearsed_caller_talks_and_is_asked() -> None:
    walk, coverage = walked("talk", "5")
    assert walk.trail == ("person:waiting", "person:talked", "rate:done", "bye:done")
    assert (walk.ends, walk.queue, walk.done) == ("goodbye", "support", ("talk", "5"))
    assert coverage.missing() == ["rate:silence"]


def test_a_rehearsed_caller_who_does_not_talk_waits() -> None:
    walk, coverage = walked()
    assert (walk.trail, walk.ends) == (("person:waiting",), "waiting")
    assert "person:talked" in coverage.missing()


def test_a_talk_where_nobody_waits_is_a_mistake_of_the_script() -> None:
    walk, _ = walked("talk", "talk")
    assert walk.ends == "broke off" and "talks only where they wait" in walk.fault
