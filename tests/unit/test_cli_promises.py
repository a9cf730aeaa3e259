"""`./hotline pin` and `callbacks`: what is asked of the core, and what people are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from adapters.cli import callbacks, pins
from adapters.cli.commands import app
from ivr.pins import KeptPin

PIN, NUMBER = "471108", "+8613800138000"
PROMISE = {
    "contact": "c-1", "queue": "support", "to": "per_1", "at": 1_700_395_200.0,
    "not_before": 1_700_470_800.0, "until": 1_700_557_200.0, "attempts": 3, "minutes_between": 30,
    "state": "due", "made": 1, "again": 1_700_470_800.0, "why": "busy",
}  # fmt: skip


class Core:
    """A core that answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.promises: list[dict[str, Any]] = []

    def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.asked.append((what, fields))
        if what == "callbacks":
            return {"callbacks": self.promises}
        return {"person": "per_1"}


@pytest.fixture
def core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Core:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    made = Core()
    for command in (pins, callbacks):
        monkeypatch.setattr(command, "ask", made.ask)
    return made


def hotline(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, [*words], input=typed)


def test_a_pin_is_typed_twice_and_only_its_hash_leaves_the_terminal(core: Core) -> None:
    words = ("pin", "set", NUMBER, "--why", "lost it", "--who", "me")
    shown = hotline(*words, typed=f"{PIN}\n{PIN}\n")
    assert (shown.exit_code, shown.stdout.splitlines()[-1]) == (0, "done: pin set")
    [(what, fields)] = core.asked
    assert what == "pin set" and fields["who"] == "me" and fields["why"] == "lost it"
    assert KeptPin(fields["salt"], fields["digest"]).matches(PIN)
    assert PIN not in f"{core.asked}{shown.output}"


def test_a_pin_that_is_tried_first_goes_nowhere(core: Core) -> None:
    shown = hotline("pin", "set", NUMBER, "--why", "x", typed="1234\n1234\n")
    assert shown.exit_code == 1 and core.asked == []
    assert "tried first" in shown.stderr and "1234" not in shown.stderr


@pytest.mark.parametrize("deed", ["set", "remove", "unlock"])
def test_nothing_is_done_to_a_pin_without_a_reason(core: Core, deed: str) -> None:
    assert hotline("pin", deed, NUMBER).exit_code == 2
    shown = hotline("pin", deed, NUMBER, "--why", " ", typed=f"{PIN}\n{PIN}\n")
    assert shown.exit_code == 1 and core.asked == []


@pytest.mark.parametrize("deed", ["remove", "unlock"])
def test_the_core_is_told_whose_pin_it_is(core: Core, deed: str) -> None:
    assert hotline("pin", deed, NUMBER, "--why", "asked for", "--json").exit_code == 0
    [(what, fields)] = core.asked
    assert (what, fields["number"]) == (f"pin {deed}", NUMBER) and fields["who"]


def test_a_core_that_does_not_run_is_said_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    for words in (("pin", "remove", NUMBER, "--why", "x"), ("callbacks",)):
        shown = hotline(*words)
        assert shown.exit_code == 1 and "the core is not running" in shown.stderr


def test_promises_are_shown_with_their_state_and_how_often_they_were_tried(core: Core) -> None:
    assert hotline("callbacks").stdout == "nobody is to be called back\n"
    core.promises = [PROMISE]
    shown = " ".join(hotline("callbacks").stdout.split())
    assert "c-1 support due 1 of 3 11-20 09:00Z 11-21 09:00Z busy" in shown
    assert json.loads(hotline("callbacks", "--json").stdout) == [PROMISE]
    assert [fields["numbers"] for _, fields in core.asked] == [False] * 3


def test_numbers_are_asked_for_in_the_name_of_who_looks(core: Core) -> None:
    core.promises = [PROMISE | {"number": NUMBER}]
    assert NUMBER in hotline("callbacks", "--numbers", "--json").stdout
    [(_, fields)] = core.asked
    assert fields["numbers"] is True and fields["who"]


@pytest.mark.parametrize(
    ("option", "what"), [("--cancel", "callback cancel"), ("--now", "callback now")]
)
def test_one_is_cancelled_or_tried_in_the_name_of_who_asks(
    core: Core, option: str, what: str
) -> None:
    assert hotline("callbacks", option, "c-1").exit_code == 0
    [(asked, fields)] = core.asked
    assert (asked, fields["contact"]) == (what, "c-1") and fields["who"]


# ---------------------------------------------------------------- PINs of agents


def test_an_agents_pin_is_asked_for_here_and_goes_out_as_a_hash(core: Core) -> None:
    done = hotline("agent", "pin", "ann", "--why", "new", "--who", "boss", typed=f"{PIN}\n{PIN}\n")
    assert done.exit_code == 0 and PIN not in done.output
    [(what, fields)] = core.asked
    assert what == "pin set" and set(fields) == {"agent", "who", "why", "salt", "digest"}
    assert (fields["agent"], fields["who"]) == ("ann", "boss") and PIN not in str(fields)
    assert KeptPin(fields["salt"], fields["digest"]).matches(PIN)


@pytest.mark.parametrize("deed", ["remove", "unlock"])
def test_an_agents_pin_is_removed_or_unlocked(core: Core, deed: str) -> None:
    done = hotline("agent", "pin", "ann", "--why", "forgot", "--who", "boss", f"--{deed}")
    assert done.exit_code == 0
    assert core.asked == [(f"pin {deed}", {"agent": "ann", "who": "boss", "why": "forgot"})]


def test_a_pin_is_not_removed_and_unlocked_at_once(core: Core) -> None:
    done = hotline("agent", "pin", "ann", "--why", "x", "--remove", "--unlock")
    assert done.exit_code == 1 and core.asked == []
