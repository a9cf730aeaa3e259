"""`./hotline test` tells pytest what pytest knows, and forgives nothing that fails again."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

import pytest

from adapters.cli.suite import FAST, WHOLE, looked_at_twice
from ivr.settings import ROOT


def test_the_quick_run_names_folders_and_markers_that_there_are(
    pytestconfig: pytest.Config,
) -> None:
    options = FAST.index("-m")
    places, expression = FAST[:options], FAST[options + 1]
    assert [place for place in places if not (ROOT / place).exists()] == []
    known = {marker.partition(":")[0] for marker in pytestconfig.getini("markers")}
    assert set(expression.split()) - {"not", "and"} <= known


CALL, OTHER = "tests/integration/test_talks.py::test_a", "tests/acceptance/test_whole.py::test_b"
SUM = "tests/unit/test_order.py::test_c"


class Runs:
    """In place of pytest: each run fails with these tests, and they are noted where pytest does."""

    def __init__(self, cache: Path, *failures: tuple[str, ...], once: Collection[str] = ()) -> None:
        """`once`: the tests that are marked so."""
        self.noted = cache / "v" / "cache" / "lastfailed"
        self.failures = list(failures)
        self.asked: list[tuple[str, ...]] = []
        self.once = once

    def __call__(self, *words: str) -> int:
        if words[:3] == ("--collect-only", "-m", "once"):
            return 0 if set(words[3:]) & set(self.once) else 5
        self.asked.append(words)
        failures = self.failures.pop(0)
        self.noted.parent.mkdir(parents=True, exist_ok=True)
        self.noted.write_text(json.dumps(dict.fromkeys(failures, True)), encoding="utf-8")
        return 1 if failures else 0


def test_what_failed_among_telephones_and_passes_alone_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = Runs(tmp_path, (CALL, OTHER), ())
    assert looked_at_twice(runs, WHOLE, tmp_path) == 0
    assert runs.asked == [WHOLE, ("-m", "", OTHER, CALL)]
    told = capsys.readouterr().out
    assert "FAILED BESIDE THE OTHERS" in told and CALL in told and OTHER in told


@pytest.mark.parametrize(
    ("failures", "runs_in_all"),
    [
        pytest.param(((CALL,), (CALL,)), 2, id="fails alone, too"),
        pytest.param(((SUM,),), 1, id="no telephone in it"),
        pytest.param(((CALL, SUM),), 1, id="one with a telephone, one without"),
        pytest.param((tuple(f"{CALL}{n}" for n in range(4)),), 1, id="too many"),
    ],
)
def test_a_failure_that_is_no_chance_of_the_hour_stays_one(
    tmp_path: Path, failures: tuple[tuple[str, ...], ...], runs_in_all: int
) -> None:
    runs = Runs(tmp_path, *failures)
    assert looked_at_twice(runs, WHOLE, tmp_path) == 1
    assert len(runs.asked) == runs_in_all


def test_what_is_rare_by_nature_is_never_looked_at_twice(tmp_path: Path) -> None:
    runs = Runs(tmp_path, (CALL, OTHER), (), once=[CALL])
    assert looked_at_twice(runs, WHOLE, tmp_path) == 1
    assert runs.asked == [WHOLE]


RARE = (
    "tests/acceptance/test_kill.py", "tests/integration/test_*gate.py",
    "tests/integration/test_*_kills.py", "tests/contract/test_journal.py",
    "tests/contract/test_vault.py", "tests/contract/test_pass_book.py",
    "tests/integration/test_stores_vault.py", "tests/integration/test_stores_doubt.py",
    "tests/integration/test_stores_faults.py",
)  # fmt: skip
OTHER_GATES = ("test_before_the_gate.py", "test_web_gate.py")
"""Of announcements to agents, and of the web service."""


@pytest.mark.parametrize("pattern", RARE)
def test_gate_kills_vault_and_journal_are_marked_as_rare(pattern: str) -> None:
    found = [path for path in ROOT.glob(pattern) if path.name not in OTHER_GATES]
    assert found
    assert [path for path in found if "pytest.mark.once" not in path.read_text()] == []


def test_failures_of_an_earlier_run_are_not_looked_at_again(tmp_path: Path) -> None:
    runs = Runs(tmp_path, (), ())
    runs.noted.parent.mkdir(parents=True)
    runs.noted.write_text(json.dumps({SUM: True}), encoding="utf-8")
    runs.failures[0] = (CALL,)
    assert looked_at_twice(runs, WHOLE, tmp_path) == 0


def test_a_run_that_could_not_start_is_no_test_that_failed(tmp_path: Path) -> None:
    asked: list[tuple[str, ...]] = []

    def no_start(*words: str) -> int:
        asked.append(words)
        return 4

    assert looked_at_twice(no_start, WHOLE, tmp_path) == 4
    assert asked == [WHOLE]
