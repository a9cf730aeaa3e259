"""The API of agents among themselves, asked in memory: the directory and pick-up."""

from __future__ import annotations

import pytest

from tests.web_stage import Stage, is_problem


async def test_the_directory_has_numbers_and_presence(stage: Stage) -> None:
    listed = (await stage.client.get("/api/v1/directory")).json()["items"]
    told = [(one["kind"], one["name"], one["numbers"], one["presence"]) for one in listed]
    assert told == [
        ("agent", "ann", ["801"], "ready"), ("queue", "support", [], "staffed"),
        ("destination", "reception", ["803"], "in use"),
    ]  # fmt: skip
    assert (listed[0]["phone"], listed[0]["reachable"], listed[1]["waiting"]) == ("desk-7", True, 2)
    assert listed[2]["phone"] is None


async def test_what_rings_at_a_colleague_is_taken_once_with_who_asks(stage: Stage) -> None:
    path, key = "/api/v1/agents/bob/pickup", {"Idempotency-Key": "k-1"}
    body = {"colleague": "ann"}
    first, second = [await stage.client.post(path, json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json()
    assert first.json() == {"reference": "call-1", "agent": "bob", "colleague": "ann"}
    asked = {"agent": "bob", "colleague": "ann", "who": "operator"}
    assert stage.core.asked == [("agent pickup", asked)]


@pytest.mark.parametrize("body", [{}, {"colleague": "a nn"}, {"colleague": "ann", "who": "me"}])
async def test_what_does_not_fit_is_refused(stage: Stage, body: object) -> None:
    answer = await stage.client.post("/api/v1/agents/bob/pickup", json=body)
    assert is_problem(answer, 422) and stage.core.asked == []


async def test_what_the_engine_refuses_is_a_conflict(stage: Stage) -> None:
    stage.core.refuses = "nothing rings at ann"
    answer = await stage.client.post("/api/v1/agents/bob/pickup", json={"colleague": "ann"})
    assert is_problem(answer, 409)
