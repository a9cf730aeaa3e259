"""What a waiting caller hears, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.flow import Announcement, Words
from ivr.load import load
from ivr.waiting import LATE, Waiting, announcements
from tests.fakes_calls import FLOWS, HOUSE, flow_of

SINCE = 1_790_000_000.123
TWO_STEPS = """
first: menu
steps:
  menu:
    do: menu
    say: {zh: 一, en: one}
    then: {"1": east, silence: west, no_match: west}
  east: {do: queue, queue: support, while_waiting: [{every: 10, say: {zh: 东, en: east}}]}
  west: {do: queue, queue: support, while_waiting: [{every: 20, say: {zh: 西, en: west}}]}
"""


def said(en: str, **times: float) -> Announcement:
    return Announcement(say={"zh": Words(text="好"), "en": Words(text=en)}, **times)


def story(waiting: Waiting, until: float) -> list[tuple[float, str, list[str]]]:
    """Everything said when somebody comes back at each deadline: seconds, id, texts."""
    heard = []
    while (at := waiting.next_deadline()) is not None and at <= SINCE + until:
        if request := waiting.due(at):
            texts = [prompt.text for prompt in request.prompts]
            heard.append((round(at - SINCE, 3), request.id, texts))
    return heard


def test_once_after_a_time_and_again_every_so_often() -> None:
    waiting = Waiting([said("thanks", after=5), said("stay", every=30)], "en", SINCE)
    assert story(waiting, 70) == [
        (5.0, "w5000", ["thanks"]),
        (30.0, "w30000", ["stay"]),
        (60.0, "w60000", ["stay"]),
    ]


def test_what_is_due_at_one_time_is_one_request() -> None:
    waiting = Waiting([said("stay", every=30), said("thanks", after=30)], "en", SINCE)
    assert story(waiting, 40) == [(30.0, "w30000", ["stay", "thanks"])]


def test_at_once_is_said_at_once_and_only_once() -> None:
    waiting = Waiting([said("hello", after=0)], "en", SINCE)
    assert story(waiting, 10) == [(0.0, "w0", ["hello"])]
    assert waiting.next_deadline() is None


def test_without_rules_there_is_nothing_to_wait_for() -> None:
    assert Waiting([], "en", SINCE).next_deadline() is None


def test_after_a_gap_nothing_is_made_up_for() -> None:
    waiting = Waiting([said("stay", every=30)], "en", SINCE)
    request = waiting.due(SINCE + 600)
    assert request and len(request.prompts) == 1
    assert waiting.due(SINCE + 600.5) is None
    assert waiting.next_deadline() == SINCE + 630


def test_after_a_restart_nothing_is_said_twice_and_ids_go_on() -> None:
    rules = [said("thanks", after=5), said("stay", every=30)]
    restarted = Waiting(rules, "en", SINCE, said=SINCE + 40)
    assert story(restarted, 60) == [(60.0, "w60000", ["stay"])]


def test_looking_early_says_nothing_and_loses_nothing() -> None:
    waiting = Waiting([said("thanks", after=5)], "en", SINCE)
    assert waiting.due(SINCE + 4.999) is None
    assert waiting.due(SINCE + 5.001) is not None


@pytest.mark.parametrize("every", [10, 10.1, 17.3, 33.333, 45, 3600])
def test_a_deadline_once_reached_is_over(every: float) -> None:
    waiting = Waiting([said("stay", every=every)], "en", SINCE)
    for _ in range(1000):
        deadline = waiting.next_deadline()
        assert deadline is not None
        assert waiting.due(deadline) is not None
        following = waiting.next_deadline()
        assert following is not None and following > deadline


def test_the_wait_is_told_in_words_and_not_before_it_is_known() -> None:
    waiting = Waiting([said("Your wait is {wait}.", every=30)], "en", SINCE)
    assert waiting.due(SINCE + 30) is None
    request = waiting.due(SINCE + 60, lambda: 100)
    assert request and request.prompts[0].text == "Your wait is about two minutes."


def test_a_wait_that_ends_later_than_was_told_is_told_so() -> None:
    waiting = Waiting([said("Your wait is {wait}.", every=30)], "en", SINCE)
    told, waits = [], iter((100.0, 85.0, 61.0, 100.0))
    for after in (30, 60, 90, 120):
        request = waiting.due(SINCE + after, lambda: next(waits))
        assert request
        told.append([prompt.text for prompt in request.prompts])
    two = "Your wait is about two minutes."
    assert told == [[two], [two], [two], ["It takes longer than we told you.", two]]


def test_an_hour_and_more_has_no_end_that_could_be_passed() -> None:
    waiting = Waiting([said("Your wait is {wait}.", every=30)], "zh", SINCE)
    for after in (30, 60, 90):
        request = waiting.due(SINCE + after, lambda: 9000.0)
        assert request and len(request.prompts) == 1


def test_nobody_works_out_a_wait_that_is_not_told() -> None:
    def expected() -> float:
        raise AssertionError("asked for")

    assert Waiting([said("stay", every=30)], "en", SINCE).due(SINCE + 30, expected)


def test_the_callers_language_is_spoken() -> None:
    request = Waiting([said("thanks", after=0)], "zh", SINCE).due(SINCE)
    assert request and request.prompts[0].text == "好"


def test_what_was_due_long_ago_stays_unsaid() -> None:
    rules = [said("hello", after=0), said("thanks", after=5), said("stay", every=30)]
    assert Waiting(rules, "en", SINCE).due(SINCE + 29) is None
    late = Waiting(rules, "en", SINCE).due(SINCE + 30 + LATE - 0.1)
    assert late and [prompt.text for prompt in late.prompts] == ["stay"]


def test_what_a_process_before_this_one_may_have_said_has_the_same_id() -> None:
    rules = [said("hello", after=0), said("stay", every=30)]
    again = [Waiting(rules, "en", SINCE).due(SINCE + at) for at in (30.1, 31.0, 33.0)]
    assert [request.id for request in again if request] == ["w30000"] * 3


def test_a_queue_has_the_announcements_of_its_step() -> None:
    flow = load(FLOWS / "good" / "every-kind.yaml", HOUSE)
    [support] = [name for name, step in flow.steps.items() if step.do == "queue"]
    assert [rule.every for rule in announcements(flow, support, "support")] == [None, 30]
    assert [rule.every for rule in announcements(flow, "", "support")] == [None, 30]
    assert announcements(flow, "", "sales") == ()


def test_of_two_steps_for_one_queue_each_has_its_own_announcements(tmp_path: Path) -> None:
    flow = flow_of(TWO_STEPS, tmp_path)
    wanted = {"east": 10.0, "west": 20.0, "": 10.0}
    assert {step: announcements(flow, step, "support")[0].every for step in wanted} == wanted
