"""Keys that Asterisk read twice are told from keys that were pressed twice."""

from __future__ import annotations

import threading

import pytest

from adapters.asterisk import double_keys
from adapters.asterisk.double_keys import MOST_CALLS, DoubleKeys, KeyRecord

CALLER = "PJSIP/trunk-1"


def heard(story: str, channel: str = CALLER) -> DoubleKeys:
    """A key goes down: `1`; it comes up: `1.`; one comes up without having gone down: `(1)`."""
    keys = DoubleKeys()
    tell(keys, story, channel)
    return keys


def tell(keys: DoubleKeys, story: str, channel: str = CALLER) -> None:
    signs = story.replace("(", "").replace(")", ",")
    for n, key in enumerate(signs):
        after = signs[n + 1 : n + 2]
        if key in ".,":
            continue
        if after != ",":
            event(keys, "DTMFBegin", key, channel)
        if after in (".", ","):
            event(keys, "DTMFEnd", key, channel)


def event(keys: DoubleKeys, kind: str, key: str, channel: str = CALLER) -> None:
    keys.hear({"Event": kind, "Channel": channel, "Digit": key, "Direction": "Received"})


@pytest.mark.parametrize(
    ("story", "record", "pressed"),
    [
        ("0.#.(#)2.", "0##2", "0#2"),
        ("8.8.", "88", "88"),
        ("8.(8)8.", "888", "88"),
        ("5.(5)(5)", "555", "5"),
        ("1.2.3.", "123", "123"),
        ("", "", ""),
    ],
    ids=["read again", "pressed twice", "both", "read three times", "all different", "none"],
)
def test_each_key_counts_as_often_as_it_was_pressed(story: str, record: str, pressed: str) -> None:
    assert KeyRecord(CALLER, heard(story)).once(record) == pressed


def test_a_key_that_is_read_again_when_the_next_is_down_already_counts_once() -> None:
    keys = heard("8.")
    event(keys, "DTMFBegin", "9")
    event(keys, "DTMFEnd", "8")
    event(keys, "DTMFEnd", "9")
    assert KeyRecord(CALLER, keys).once("889") == "89"


def test_what_was_judged_once_stays_when_more_keys_come() -> None:
    keys = heard("0.#.(#)")
    record = KeyRecord(CALLER, keys)
    assert record.once("0##") == "0#"
    tell(keys, "2.2.")
    assert record.once("0##22") == "0#22"


def test_an_event_that_is_on_its_way_is_waited_for() -> None:
    keys = heard("7.")
    threading.Timer(0.01, tell, [keys, "(7)"]).start()
    assert KeyRecord(CALLER, keys).once("77") == "7"


def test_without_events_the_record_stands_and_nobody_waits_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(double_keys, "LATE", 0.01)
    keys = heard("")
    record = KeyRecord(CALLER, keys)
    assert record.once("77") == "77"
    tell(keys, "7.(7)5.(5)")
    assert record.once("7755") == "7755"
    assert KeyRecord("", None).once("11") == "11"


def test_calls_are_told_apart_and_forgotten_when_they_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(double_keys, "LATE", 0.01)
    keys = heard("7.(7)")
    tell(keys, "7.7.", "PJSIP/trunk-2")
    assert keys.among(CALLER, 2) == frozenset({1}) and keys.among("PJSIP/trunk-2", 2) == frozenset()
    keys.hear({"Event": "UserEvent", "UserEvent": "AcdGone", "Channel": CALLER})
    assert keys.among(CALLER, 1) is None


def test_calls_whose_end_was_never_told_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(double_keys, "LATE", 0.01)
    keys = heard("1.", "PJSIP/trunk-0")
    for n in range(1, MOST_CALLS + 1):
        tell(keys, "1.", f"PJSIP/trunk-{n}")
    assert keys.among("PJSIP/trunk-0", 1) is None
    assert keys.among(f"PJSIP/trunk-{MOST_CALLS}", 1) == frozenset()


def test_what_is_taken_off_the_record_is_gone_as_often_as_it_was_there() -> None:
    keys = heard("4.(4)7.#.")
    record = KeyRecord(CALLER, keys)
    assert record.once("447#") == "47#"
    assert record.forget("447#", 3) == ""
    tell(keys, "(#)5.5.(5)")
    assert record.once("#555") == "55", "a key may be read again when it is off the record"


def test_keys_behind_those_taken_off_the_record_stay() -> None:
    record = KeyRecord(CALLER, heard("1.2.(2)3.3."))
    assert record.once("12233") == "1233"
    assert record.forget("12233", 2) == "33"
    assert record.once("33") == "33"


def test_a_script_that_takes_over_hears_of_the_keys_from_there_on() -> None:
    keys = heard("1.2.(2)")
    taken_over = KeyRecord(CALLER, keys, left=0)
    tell(keys, "4.6.(6)8.8.")
    assert taken_over.once("46688") == "4688"


def test_keys_that_came_just_before_a_script_took_over_are_told_apart_too() -> None:
    keys = heard("1.2.3.(3)")
    taken_over = KeyRecord(CALLER, keys, left=2)
    assert taken_over.once("33") == "3"


def test_a_record_of_which_nobody_heard_is_left_as_it_is() -> None:
    taken_over = KeyRecord(CALLER, heard(""), left=4)
    assert taken_over.once("5577") == "5577"
