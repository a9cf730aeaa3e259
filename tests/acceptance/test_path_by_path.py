"""Every contact starts when, with whom, and ends as the contract of `./hotline simulate` says.

The reference was written from the contract alone. `python -m tests.reference.campaign` does the
same with long traces.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.reference import campaign, product, simulation
from tests.reference.by_hand import CASES, Case, together, written
from tests.reference.mutants import LEFT_OPEN, MUTANTS, mutant
from tests.reference.traces import SHAPES, configuration

SEED = 7
CONTACTS = 2_000
QUICK_TO_TELL = (2, 5, 9, 3, 1, 0, 4, 6, 7, 8)
"""The configurations, those first that most mutants go wrong on."""

Traced = tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]


@cache
def traced(number: int) -> Traced:
    """Centre, trace and what the reference makes of it."""
    centre, trace, _ = configuration(SEED, number, CONTACTS)
    return centre, trace, simulation.simulate(centre, trace)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_reference_comes_to_what_was_worked_out_by_hand(case: Case) -> None:
    assert [written(r) for r in simulation.simulate(case.centre, case.trace)] == case.results


@pytest.mark.parametrize("name", MUTANTS)
def test_the_traces_can_tell(name: str, tmp_path: Path) -> None:
    wrong = mutant(MUTANTS[name], tmp_path)
    assert any(wrong(*traced(k)[:2]) != traced(k)[2] for k in QUICK_TO_TELL)


@pytest.mark.parametrize("name", LEFT_OPEN)
def test_the_traces_demand_nothing_that_the_contract_leaves_open(name: str, tmp_path: Path) -> None:
    other = mutant(LEFT_OPEN[name], tmp_path)
    assert all(other(*traced(k)[:2]) == traced(k)[2] for k in range(len(SHAPES)))


def test_cases_side_by_side_come_to_the_same() -> None:
    centre, trace, expected = together()
    assert [written(result) for result in simulation.simulate(centre, trace)] == expected


def test_a_difference_is_a_millisecond_or_another_agent_or_outcome() -> None:
    served = {"id": "c", "outcome": "served", "agent": "1", "started": 5.0, "ended": 9.0}
    near = {**served, "started": 5.0009}
    later, other = {**served, "started": 5.0011}, {**served, "agent": "2"}
    gone = {**served, "outcome": "abandoned", "agent": None, "started": None}
    assert [len(list(product.differences([served], [r]))) for r in (near, later, other, gone)] == [
        0, 1, 1, 3,
    ]  # fmt: skip
    assert list(product.differences([served], [])) == [("all", "number of lines", 1, 0)]


def test_a_campaign_counts_mismatches_and_does_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wrong = mutant(MUTANTS["agents by id alone"], tmp_path)
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    monkeypatch.setattr(campaign, "code_now", lambda: "the same")
    monkeypatch.setattr(product, "simulate", lambda centre, trace, folder: wrong(centre, trace))
    first = campaign.run(SEED, 0, 100)
    assert 0 < len(first["examples"]) <= campaign.EXAMPLES < first["mismatches"]
    monkeypatch.setattr(product, "simulate", None)
    assert campaign.run(SEED, 0, 100)["mismatches"] == first["mismatches"]


def test_the_product_comes_to_what_was_worked_out_by_hand(tmp_path: Path) -> None:
    centre, trace, expected = together()
    found = zip(trace, product.simulate(centre, trace, tmp_path), strict=True)
    assert [(line["id"], written(result)) for line, result in found] == [
        (line["id"], result) for line, result in zip(trace, expected, strict=True)
    ]


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=lambda k: SHAPES[k].name)
def test_every_contact_of_the_product_goes_the_way_of_the_reference(
    number: int, tmp_path: Path
) -> None:
    centre, trace, expected = traced(number)
    found = product.simulate(centre, trace, tmp_path)
    assert list(product.differences(expected, found))[:5] == []
