"""The API of talks, asked in memory: recording and listening go to the core, with who asks."""

from __future__ import annotations

import pytest

from tests.web_stage import Stage, is_problem


@pytest.mark.parametrize("deed", ["pause", "resume", "stop"])
async def test_the_recording_of_an_agents_talk_is_the_cores_business(
    stage: Stage, deed: str
) -> None:
    answer = await stage.client.post(f"/api/v1/agents/ann/recording/{deed}")
    assert answer.status_code == 200
    assert set(answer.json()) == {"reference", "recording"}
    assert stage.core.asked == [(f"recording {deed}", {"of": "ann", "who": "operator"})]


async def test_a_contact_is_named_by_its_id_outside_and_asked_for_by_its_own(stage: Stage) -> None:
    await stage.a_ticket()
    listed = (await stage.client.get("/api/v1/contacts")).json()["items"]
    path = f"/api/v1/contacts/{listed[0]['id']}/recording/pause"
    assert (await stage.client.post(path)).status_code == 200
    assert stage.core.asked[-1][1]["of"] == listed[0]["reference"]
    gone = "/api/v1/contacts/con_00000000000000000000000000/recording/pause"
    assert is_problem(await stage.client.post(gone), 404)


async def test_a_supervisor_listens_and_a_repeat_rings_nobody_twice(stage: Stage) -> None:
    path, key = "/api/v1/agents/ann/listen", {"Idempotency-Key": "k-1"}
    body = {"phone": "boss", "how": "whisper"}
    first, second = [await stage.client.post(path, json=body, headers=key) for _ in range(2)]
    assert first.json() == second.json() and first.status_code == 200
    asked = {"of": "ann", "phone": "boss", "how": "whisper", "who": "operator"}
    assert stage.core.asked == [("listen", asked)]


@pytest.mark.parametrize(
    ("path", "body"),
    [("agents/ann/listen", {"phone": "b oss"}), ("agents/ann/listen", {"how": "shout"}),
     ("agents/ann/recording/erase", None)],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(stage: Stage, path: str, body: object) -> None:
    assert is_problem(await stage.client.post(f"/api/v1/{path}", json=body), 422)
    assert stage.core.asked == []


async def test_what_the_core_refuses_is_a_conflict(stage: Stage) -> None:
    stage.core.refuses = "ann has no talk"
    assert is_problem(await stage.client.post("/api/v1/agents/ann/recording/pause"), 409)


async def test_what_a_talk_came_to_is_asked_of_the_core_and_said_once(stage: Stage) -> None:
    choice = (await stage.client.get("/api/v1/agents/ann/talk/dispositions")).json()
    assert choice["dispositions"]["solved"]["en"] == "Solved"
    assert choice["needed_until"] == "1970-01-01T00:16:40.000Z"
    path, key = "/api/v1/agents/ann/talk/disposition", {"Idempotency-Key": "d-1"}
    for _ in range(2):
        answer = await stage.client.post(path, json={"code": "solved"}, headers=key)
        assert (answer.status_code, answer.json()["code"]) == (200, "solved")
    asked = [one for one in stage.core.asked if one[0] == "talk disposition"]
    assert asked == [("talk disposition", {"agent": "ann", "code": "solved"})]


async def test_a_talk_that_is_over_is_corrected_by_who_talked_with_a_reason(stage: Stage) -> None:
    await stage.a_ticket()
    listed = (await stage.client.get("/api/v1/contacts")).json()["items"]
    path = f"/api/v1/calls/{listed[0]['id']}/disposition"
    body = {"agent": "ann", "code": "solved", "reason": "mistaken"}
    refused = await stage.client.post(path, json=body)
    assert is_problem(refused, 409) and "did not talk" in refused.text
    assert is_problem(await stage.client.post(path, json=body | {"reason": ""}), 422)
    assert not [one for one in stage.core.asked if one[0] == "disposition correct"]
