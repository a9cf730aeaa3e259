"""Long paths come to what queueing theory says, the reference first: that checks the check.

Limits are those of 99.9 % for the mean of a path of 20,500 contacts; seeds are fixed.
"""

from __future__ import annotations

from functools import cache
from heapq import heapreplace
from pathlib import Path
from typing import Any

import pytest

from tests.reference import product
from tests.reference.formulas import (
    erlang_a,
    erlang_b,
    erlang_c,
    full_queue,
    halfin_whitt,
    pollaczek_khinchine,
    strict_order,
)
from tests.reference.identities import faults
from tests.reference.models import MODELS, Model, limits, served_wait
from tests.reference.mutants import MUTANTS, mutant
from tests.reference.simulation import simulate
from tests.reference.skill_chains import Chain
from tests.reference.traces import SHAPES, configuration

SEED = 1
CONTACTS = 20_500

close = pytest.approx


@cache
def traced(name: str) -> tuple[Model, list[dict[str, Any]]]:
    model = MODELS[name]()
    return model, model.trace(SEED, CONTACTS)


# --- the formulas agree with each other and with what is printed in tables ------------------------


def test_the_erlang_formulas_give_the_figures_of_the_tables() -> None:
    assert erlang_b(10, 5) == close(0.0184, abs=5e-5)
    assert erlang_b(100, 84.064) == close(0.01, abs=5e-6)
    assert erlang_c(1, 0.7, 1).delayed == close(0.7)
    assert erlang_c(10, 8 / 240, 240).wait == close(49.1, abs=0.05)
    assert erlang_c(5, 4 / 240, 240).wait == close(133.0, abs=0.05)


def test_limits_of_one_formula_are_another() -> None:
    calm = erlang_c(10, 8 / 240, 240)
    patient = erlang_a(10, 8 / 240, 240, 1e9, 20)
    assert (patient.wait, patient.level) == close((calm.wait, 1 - calm.longer_than(20)), rel=1e-5)
    assert full_queue(10, 10, 8 / 240, 240)[0] == close(erlang_b(10, 8))
    assert full_queue(10, 500, 8 / 240, 240) == close((0, calm.wait))
    assert pollaczek_khinchine(0.7, 1, 1) == close(erlang_c(1, 0.7, 1).wait)
    assert strict_order(10, [8 / 240], 240) == close([calm.wait])
    assert halfin_whitt(400, 380) == close(erlang_c(400, 380, 1).delayed, rel=0.02)


def test_what_one_class_gains_the_others_lose() -> None:
    rates = [0.01, 0.005, 0.02]
    waits = strict_order(6, rates, 150)
    weighted = sum(rate * wait for rate, wait in zip(rates, waits, strict=True))
    assert weighted == close(sum(rates) * erlang_c(6, sum(rates), 150).wait)


def test_agents_who_can_do_everything_are_one_group() -> None:
    chain = Chain({"a": 0.012, "b": 0.009}, {"1": "ab", "2": "ab"}, 100, 60, 8).solved()
    known = erlang_a(2, 0.021, 100, 60, 20)
    for kind in "ab":
        assert chain.wait(kind) == close(known.wait, rel=1e-4)
        assert chain.abandoned(kind) == close(known.abandoned, rel=1e-4)
        assert chain.delayed(kind) == close(known.delayed, rel=1e-4)


# --- the reference -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_the_reference_comes_to_the_formulas(name: str) -> None:
    model, trace = traced(name)
    assert model.misses(trace, simulate(model.centre, trace)) == {}


def test_the_reference_starts_talks_as_the_recursion_of_kiefer_and_wolfowitz() -> None:
    centre, trace, _ = configuration(SEED, 0, 5_000)
    free = [0.0] * len(centre["agents"])
    expected = []
    for line in trace:
        expected.append(max(line["at"], free[0]))
        wrap_up = centre["queues"][line["queue"]]["wrap_up_seconds"]
        heapreplace(free, expected[-1] + line["handle"] + wrap_up)
    assert [result["started"] for result in simulate(centre, trace)] == expected


@pytest.mark.parametrize("number", range(len(SHAPES)), ids=lambda k: SHAPES[k].name)
def test_the_paths_of_the_reference_are_possible(number: int) -> None:
    centre, trace, _ = configuration(SEED, number, 2_000)
    assert list(faults(centre, trace, simulate(centre, trace))) == []


# --- what the figures can tell, and what only the order itself can -------------------------------


def missed(name: str, wrong: str, folder: Path) -> set[str]:
    """The figures of a model that a mutant of the reference misses."""
    model, trace = traced(name)
    return set(model.misses(trace, mutant(MUTANTS[wrong], folder)(model.centre, trace)))


def test_last_come_first_served_shows_in_the_service_level_and_not_in_the_mean(
    tmp_path: Path,
) -> None:
    assert missed("waiting", "last come, first served", tmp_path) == {
        "within 20 s", "longer than 2 P95",
    }  # fmt: skip


def test_a_forgotten_head_start_shows_in_the_classes_and_not_in_the_whole(tmp_path: Path) -> None:
    figures = missed("strict order", "head start forgotten", tmp_path)
    assert {"wait of gold", "wait of others"} <= figures
    assert "wait of all" not in figures


def test_a_wrong_agent_shows_in_the_shares_of_agents(tmp_path: Path) -> None:
    assert "share of 3" in missed("N", "agents by id alone", tmp_path)


def test_the_wait_of_the_served_is_not_the_wait_of_all() -> None:
    model, trace = traced("giving up")
    results = simulate(model.centre, trace)
    values = [served_wait(line, result) for line, result in zip(trace, results, strict=True)]
    middle, half = limits(values)
    assert middle + half < model.figures["wait"][0]


def test_impossible_paths_are_noticed() -> None:
    centre, trace, _ = configuration(SEED, 0, 200)
    results = simulate(centre, trace)
    busy = next(r for r in results if r["agent"] == "1")
    early = [{**r, "started": r["started"] - 500} if r is busy else r for r in results]
    shared = [{**r, "agent": "1"} for r in results]
    assert all(list(faults(centre, trace, wrong)) for wrong in (early, shared, results[::-1]))


# --- the product ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_the_product_comes_to_the_formulas(name: str, tmp_path: Path) -> None:
    model, trace = traced(name)
    results = product.simulate(model.centre, trace, tmp_path)
    assert list(faults(model.centre, trace, results))[:5] == []
    assert model.misses(trace, results) == {}
