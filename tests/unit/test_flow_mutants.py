"""That `flow check` finds the mistakes people make, where they are, and sees none in clean flows.

A small campaign; `tests/campaign_flow_mutants.py` is the long one.
"""

from __future__ import annotations

from random import Random

import pytest

from ivr.flow import KINDS
from tests.campaign_flow_mutants import ELSEWHERE, FOUND, MISSED, Outcome, campaign, verdict
from tests.reference.clean_flows import random_flow
from tests.reference.flow_documents import RECORDING, examples, read, written
from tests.reference.flow_mutants import MISTAKES, variants

SEED, CLEAN = 4, 40


@pytest.fixture(scope="module")
def small() -> Outcome:
    return campaign(SEED, len(MISTAKES), CLEAN)


def test_every_mistake_is_found_where_it_is(small: Outcome) -> None:
    assert [found for found in small.findings if not found[0].startswith("REFUSED")] == []
    assert small.of(FOUND) == len(MISTAKES) >= 50
    assert {kind for kind, _ in small.counts} == MISTAKES.keys()


def test_no_clean_flow_is_refused(small: Outcome) -> None:
    assert [found for found in small.findings if found[0].startswith("REFUSED")] == []
    assert small.clean == CLEAN + len(examples())


def test_random_clean_flows_have_every_kind_of_step() -> None:
    steps = [step for n in range(CLEAN) for step in random_flow(Random(n))["steps"].values()]
    assert {step["do"] for step in steps} == KINDS.keys() - {"return", "closure"}
    assert sum("too_many" in step.get("then", {}) for step in steps) > CLEAN / 2
    waiting = {field for step in steps if step["do"] == "queue" for field in step}
    assert {"keys", "overflow", "urgency", "skills", "tell"} <= waiting
    assert sum("{value_" in str(step.get("say")) for step in steps) > CLEAN / 4


def test_a_fault_told_nowhere_or_elsewhere_is_no_find() -> None:
    variant = next(v for v in variants(SEED, 1))
    step = min(variant.steps)
    line = next(n for n, line in enumerate(variant.text.splitlines(), 1) if f"  {step}:" in line)
    folder = RECORDING.parent
    file = folder / "flow.yaml"
    assert verdict(variant, [f"{file}:{line}: steps.{step}.then: bad"], folder) == FOUND
    assert verdict(variant, [f"{file}:1: steps.{step}.then: bad"], folder) == ELSEWHERE
    assert verdict(variant, [f"{file}:{line}: steps.{step}x.then: bad"], folder) == ELSEWHERE
    assert (
        verdict(variant, [f"{folder / 'other.yaml'}:{line}: steps.{step}: b"], folder) == ELSEWHERE
    )
    assert verdict(variant, [], folder) == MISSED


def test_what_is_written_is_read_back() -> None:
    for document in examples().values():
        assert read(written(document)) == document
