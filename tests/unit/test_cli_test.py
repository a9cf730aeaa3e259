"""`./hotline test` tells pytest what pytest knows, and forgives nothing that fails again."""

from __future__ import annotations

import json
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


CALL, OTHER = "tests/integration/test_gate.py::test_a", "tests/acceptance/test_whole.py::test_b"
SUM = "tests/unit/test_order.py::test_c"


class Runs:
    """In place of pytest: each run fails with these tests, and they are noted where pytest does."""

    def __init__(self, cache: Path, *failures: tuple[str, ...]) -> None:
        self.noted = cache / "v" / "cache" / "lastfailed"
        self.failures = list(failures)
        self.asked: list[tuple[str, ...]] = []

    def __call__(self, *words: str) -> int:
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
