"""The API of supervisors who change the order, asked in memory."""

from __future__ import annotations

import pytest

from tests.web_stage import Stage, is_problem


async def _contact(stage: Stage) -> str:
    await stage.a_ticket()  # of call-1
    return str((await stage.client.get("/api/v1/contacts")).json()["items"][0]["id"])


async def test_a_contact_is_regraded_once_with_who_and_why(stage: Stage) -> None:
    path, key = f"/api/v1/contacts/{await _contact(stage)}/regrade", {"Idempotency-Key": "k-1"}
    body = {"credit": 90, "reason": "was cut off"}
    first, second = [await stage.client.post(path, json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json() == {
        "reference": "call-1", "queue": "support", "state": "waiting", "old": 0.0, "credit": 90.0,
    }  # fmt: skip
    asked = {"contact": "call-1", "credit": 90.0, "why": "was cut off", "who": "operator"}
    assert stage.core.asked == [("contact regrade", asked)]


async def test_a_contact_is_handed_to_an_agent(stage: Stage) -> None:
    path = f"/api/v1/contacts/{await _contact(stage)}/hand"
    answer = await stage.client.post(path, json={"agent": "ann", "reason": "knows her"})
    assert answer.json() == {"reference": "call-1", "queue": "support", "agent": "ann"}
    asked = {"contact": "call-1", "agent": "ann", "why": "knows her", "who": "operator"}
    assert stage.core.asked == [("contact hand", asked)]


@pytest.mark.parametrize(
    ("deed", "body"),
    [("regrade", {"credit": 90}), ("regrade", {"credit": -1, "reason": "x"}),
     ("regrade", {"credit": "much", "reason": "x"}), ("hand", {"agent": "ann"}),
     ("hand", {"agent": "a nn", "reason": "x"}),
     ("hand", {"agent": "ann", "reason": "x", "who": "me"})],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(stage: Stage, deed: str, body: object) -> None:
    answer = await stage.client.post(f"/api/v1/contacts/{await _contact(stage)}/{deed}", json=body)
    assert is_problem(answer, 422) and stage.core.asked == []


async def test_what_the_core_refuses_is_a_conflict_and_who_is_unknown_is_not_found(
    stage: Stage,
) -> None:
    stage.core.refuses = "agent ann is on a break: ./hotline agent ready ann"
    body = {"agent": "ann", "reason": "knows her"}
    answer = await stage.client.post(f"/api/v1/contacts/{await _contact(stage)}/hand", json=body)
    assert is_problem(answer, 409)
    nobody = "/api/v1/contacts/con_01KAKJ2B7C8D9E0F1G2H3J4K5M/hand"
    assert is_problem(await stage.client.post(nobody, json=body), 404)
