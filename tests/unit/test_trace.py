"""Traces: every fault at once, each with line and path; what is written can be read again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acd.config import Centre, Class, Member, Queue
from acd.model import AgentId, ContactId, QueueId
from acd.simulation import Outcome, Result, Traced
from ivr import trace
from ivr.trace import MOST_SHOWN, BadTrace

ONE = {"id": "c1", "at": 12.5, "queue": "support", "channel": "voice", "class": "vip",
       "skills": {"billing": 5}, "handle": 180.0, "patience": 60.0}  # fmt: skip
SUPPORT = QueueId("support")
CENTRE = Centre(
    {SUPPORT: Queue(SUPPORT)},
    {AgentId("1001"): Member(AgentId("1001"), {SUPPORT: 0.0}, {"billing": 8})},
    {"standard": Class(), "vip": Class(credit=90)},
)


def read(folder: Path, *lines: dict[str, Any] | str | bytes) -> trace.Trace:
    path = folder / "day.jsonl"
    texts = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    raw = [text if isinstance(text, bytes) else text.encode() for text in texts]
    path.write_bytes(b"\n".join([*raw, b""]))
    return trace.read(path, CENTRE)


def faults(folder: Path, *lines: dict[str, Any] | str | bytes) -> list[str]:
    with pytest.raises(BadTrace) as bad:
        read(folder, *lines)
    return [fault.removeprefix(f"{folder}/") for fault in bad.value.faults]


def test_a_line_is_a_contact(tmp_path: Path) -> None:
    found = read(tmp_path, ONE, "", {"id": "c2", "at": 12.5, "queue": "support", "handle": 7})
    assert found.contacts == [
        Traced(ContactId("c1"), 12.5, SUPPORT, 180.0, 60.0, "voice", "vip", {"billing": 5}),
        Traced(ContactId("c2"), 12.5, SUPPORT, 7.0),
    ]
    assert found.warnings == []


def test_null_is_as_if_the_key_was_missing(tmp_path: Path) -> None:
    optional = dict.fromkeys(("channel", "class", "skills", "patience", "answer_after"))
    [contact] = read(tmp_path, {**ONE, **optional}).contacts
    assert contact == Traced(ContactId("c1"), 12.5, SUPPORT, 180.0)


def test_all_faults_of_all_lines_are_told_at_once(tmp_path: Path) -> None:
    bad = {"at": -1, "queue": "suport", "class": "VIP", "handel": 3, "patience": "60"}
    assert faults(tmp_path, ONE, bad, {**ONE, "at": 12.4, "skills": {"billing": 11}}) == [
        "day.jsonl:2: handel: unknown key; did you mean 'handle'?",
        "day.jsonl:2: id: is missing",
        "day.jsonl:2: handle: is missing",
        "day.jsonl:2: at: must be at least 0",
        "day.jsonl:2: queue: there is no queue 'suport'; did you mean 'support'?",
        "day.jsonl:2: class: there is no class 'VIP' (there are: standard, vip)",
        "day.jsonl:2: patience: must be a number",
        "day.jsonl:3: id: 'c1' is there twice, in lines 1 and 3",
        "day.jsonl:3: at: 12.4 is before 12.5 in line 1: sort the lines by it",
        "day.jsonl:3: skills.billing: must be a whole number from 1 to 10",
    ]


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("at", float("nan"), "at: must be a finite number"),
        ("at", float("inf"), "at: must be a finite number"),
        ("at", 1_790_000_000_000, "at: must be at most 100000000000 (times are seconds)"),
        ("at", 10**400, "at: must be at most 100000000000 (times are seconds)"),
        ("at", None, "at: is missing"),
        ("handle", True, "handle: must be a number"),
        ("handle", [], "handle: must be a number"),
        ("answer_after", -0.1, "answer_after: must be at least 0"),
        ("id", 7, "id: must be a text that is not empty"),
        ("id", "", "id: must be a text that is not empty"),
        ("queue", 7, "queue: must be a text"),
        ("channel", "", "channel: must be a text that is not empty"),
        ("skills", ["billing"], 'skills: must be levels by skill: {"billing": 5}'),
        ("skills", {"billing": 5.5}, "skills.billing: must be a whole number from 1 to 10"),
        ("skills", {"a b": 0}, "skills.'a b': must be a whole number from 1 to 10"),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_fault(
    key: str, value: object, said: str, tmp_path: Path
) -> None:
    assert faults(tmp_path, {**ONE, key: value}) == [f"day.jsonl:1: {said}"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "c1"', "this is not JSON: Expecting ',' delimiter (character 12)"),
        ("[]", 'must be an object: {"id": "c1", ...}'),
        (b'{"id": "\xff"}', "is not text in UTF-8"),
        ('{"id": "c1", "at": 1, "at": 2}', "the key 'at' is there twice"),
        ("[" * 100_000, "cannot be read: too deep or too long"),
        ('{"at": ' + "9" * 5000 + "}", "cannot be read: too deep or too long"),
    ],
)
def test_a_line_that_cannot_be_read_does_not_hide_the_next(
    line: str | bytes, said: str, tmp_path: Path
) -> None:
    assert faults(tmp_path, line, {**ONE, "at": -1}) == [
        f"day.jsonl:1: {said}", "day.jsonl:2: at: must be at least 0",
    ]  # fmt: skip


def test_one_late_line_is_one_fault(tmp_path: Path) -> None:
    lines = [{**ONE, "id": f"c{n}", "at": at} for n, at in enumerate((1, 900, 3, 4, 5))]
    assert len(faults(tmp_path, *lines)) == 1


def test_the_first_of_very_many_faults_are_shown_and_the_others_counted(tmp_path: Path) -> None:
    found = faults(tmp_path, *(["{}"] * 100))
    assert len(found) == MOST_SHOWN + 1
    assert found[-1] == "day.jsonl: and 350 more faults"


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadTrace, match="No such file"):
        trace.read(tmp_path / "nothing.jsonl", CENTRE)


def test_what_works_but_is_hardly_meant_is_said_once(tmp_path: Path) -> None:
    lines = [{**ONE, "id": i, "channel": "vioce", "skills": {"biling": 1}} for i in "ab"]
    assert read(tmp_path, *lines).warnings == [
        "channel 'vioce' is taken as a chat; did you mean 'voice'?",
        "no agent has the skill 'biling'; did you mean 'billing'?",
    ]


def test_what_is_written_is_read_as_it_was(tmp_path: Path) -> None:
    contacts = [
        Traced(ContactId("\ud800 好"), 1_790_000_000.123, SUPPORT, 3.0),
        Traced(ContactId("d"), 1_790_000_001.0, SUPPORT, 3.0, 0.0, "chat", "vip", {"a": 1}, 2.5),
    ]
    assert read(tmp_path, *map(trace.line_of, contacts)).contacts == contacts


def test_a_result_has_just_the_keys_of_the_contract() -> None:
    contact = Traced(ContactId("c1"), 1.0, SUPPORT, 3.0)
    assert json.loads(trace.line_of_result(Result(contact, Outcome.ABANDONED, ended=4.5))) == {
        "id": "c1", "outcome": "abandoned", "agent": None, "started": None, "ended": 4.5,
    }  # fmt: skip
