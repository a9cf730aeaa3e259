"""Asterisk's event log as it is shown: a period of it, and nothing personal."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from adapters.asterisk.cel_export import (
    PAGE,
    SLACK,
    NoEventLog,
    calls_logged,
    rows,
    talks_logged,
)

NUMBER = "8613800138000"


def log_of(folder: Path, *told: tuple[float, str, str, str], channel: str = "PJSIP/x-1") -> Path:
    """A log with rows (at, kind, channel id, extra), as Asterisk's module makes it."""
    path = folder / "master.db"
    with sqlite3.connect(path) as log:
        log.execute("CREATE TABLE cel (AcctId INTEGER PRIMARY KEY, eventtype, eventtime, channame,"
                    " uniqueid, linkedid, peer, context, extra)")  # fmt: skip
        log.executemany(
            "INSERT INTO cel (eventtime, eventtype, uniqueid, extra, channame, linkedid, peer,"
            " context) VALUES (?, ?, ?, ?, ?, 'l', '', 'from-trunk')",
            [(f"{at:.6f}", kind, unique, extra, channel) for at, kind, unique, extra in told],
        )
    log.close()
    return path


def test_a_period_is_found_in_a_long_log(tmp_path: Path) -> None:
    path = log_of(tmp_path, *((1000.0 + n, "ANSWER", f"c-{n}", "") for n in range(3 * PAGE)))
    found = [event.uniqueid for event in rows(path, 1000.0 + PAGE, 1000.0 + 2 * PAGE)]
    assert found == [f"c-{n}" for n in range(PAGE, 2 * PAGE)]


def test_rows_a_little_out_of_order_are_in_the_period_all_the_same(tmp_path: Path) -> None:
    path = log_of(tmp_path, (100.0 + SLACK / 2, "ANSWER", "later", ""), (99.0, "ANSWER", "c", ""))
    assert [event.uniqueid for event in rows(path, 90.0, 100.0)] == ["c"]


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("ACD_NUMBER", f"c-1|1|support|vip|zh|{NUMBER}"),
        ("ACD_SOMETHING_NEW", NUMBER),
        ("BLINDTRANSFER", json.dumps({"extension": NUMBER, "context": "x", "bridge_id": "b"})),
        ("HANGUP", f"{{{NUMBER}"),
    ],
)
def test_no_number_comes_out(tmp_path: Path, kind: str, extra: str) -> None:
    path = log_of(tmp_path, (5.0, kind, "c-1", extra), channel=f"Local/{NUMBER}@out-1;1")
    (event,) = rows(path, 0.0, 10.0)
    assert NUMBER not in str(event) and event.kind == kind


def test_what_is_known_to_be_ids_is_told(tmp_path: Path) -> None:
    hung_up = json.dumps({"hangupcause": 16, "hangupsource": "PJSIP/x-1"})
    path = log_of(tmp_path, (5.0, "ACD_CLAIM", "l", '{"extra":"c-1|1.1.1"}'),
                  (6.0, "HANGUP", "c-1", hung_up))  # fmt: skip
    claim, hangup = rows(path, 0.0, 10.0)
    assert claim.told == "c-1|1.1.1" and json.loads(hangup.told)["hangupcause"] == 16


def test_the_times_of_a_call_are_those_of_the_callers_own_channel(tmp_path: Path) -> None:
    path = log_of(
        tmp_path, (1.0, "CHAN_START", "c-1", ""), (2.0, "ANSWER", "c-1", ""),
        (3.0, "CHAN_START", "acd-1.1.1", ""), (9.0, "HANGUP", "c-1", '{"hangupcause": 16}'),
    )  # fmt: skip
    found = calls_logged(path, 0.0, 10.0)
    assert list(found) == ["c-1"]
    call = found["c-1"]
    assert (call.began, call.answered, call.ended, call.cause) == (1.0, 2.0, 9.0, "16")


def test_who_ended_a_talk_and_which_keys_were_pressed_is_read(tmp_path: Path) -> None:
    path = log_of(
        tmp_path, (1.0, "ACD_LEGEND", "l", "c-1|1.1.1~16~callerend~SUCCESS"),
        (2.0, "ACD_LEGEND", "l", "c-1|1.1.2~16~talk~"),
        (2.0, "ACD_LEGEND", "l", "c-1|1.1.3~16~stale~"),
        (3.0, "ACD_KEY", "c-1", "c-1|2"), (4.0, "ACD_SAID", "c-1", "c-1|r1|9|OK"),
        (5.0, "ACD_SAID", "c-1", "c-1|r2||TIMEOUT"),
    )  # fmt: skip
    found = talks_logged(path, 0.0, 10.0)
    assert found.caller_ended == {"1.1.1": True, "1.1.2": False}
    assert found.keys == {"c-1": [(3.0, "2"), (4.0, "9")]}


def test_a_log_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NoEventLog, match="not there"):
        list(rows(tmp_path / "none.db", 0.0, 1.0))
