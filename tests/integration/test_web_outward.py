"""Calls that the house places over the API: agents' own calls, and the callbacks that are open."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.web_stage import CALLER, NUMBER, Stage, is_problem

CALLS, CALLBACKS = "/api/v1/agents/ann/calls", "/api/v1/callbacks"
STRANGER = "per_01KAKJ0RDT6B7C8D9E0F1G2H3K"
NO_TICKET = "tic_01KAKJ0RDT6B7C8D9E0F1G2H3K"
PLACED = {"reference": "call-1f", "agent": "ann", "queue": "support"}


# ---- an agent calls


async def test_an_agent_calls_a_number_and_gets_the_contact(stage: Stage) -> None:
    answer = await stage.client.post(CALLS, json={"number": NUMBER, "queue": "sales"})
    assert (answer.status_code, answer.json()) == (201, PLACED)
    asked = {"agent": "ann", "queue": "sales", "number": NUMBER}
    assert stage.core.asked == [("agent call", asked)]


async def test_a_customer_or_a_ticket_is_called_without_saying_the_number(stage: Stage) -> None:
    ticket = await stage.a_ticket()
    for body in ({"customer": CALLER}, {"ticket": ticket}):
        assert (await stage.client.post(CALLS, json=body)).json() == PLACED
    asked = {"agent": "ann", "queue": "", "person": CALLER}
    assert stage.core.asked == [("agent call", asked)] * 2


@pytest.mark.parametrize(
    "body",
    [{}, {"number": ""}, {"number": NUMBER, "customer": CALLER},
     {"customer": CALLER, "ticket": NO_TICKET}, {"number": NUMBER, "trunk": "main"},
     {"customer": NUMBER}, {"number": NUMBER, "queue": "a b"}, {"number": "1" * 33}],
)  # fmt: skip
async def test_a_call_has_exactly_one_target(stage: Stage, body: dict[str, str]) -> None:
    refused = await stage.client.post(CALLS, json=body)
    assert is_problem(refused, 422) and NUMBER not in refused.text
    assert stage.core.asked == []


async def test_customers_and_tickets_that_there_are_not_are_not_called(stage: Stage) -> None:
    for body in ({"customer": STRANGER}, {"ticket": NO_TICKET}):
        assert is_problem(await stage.client.post(CALLS, json=body), 404)
    assert is_problem(
        await stage.client.post("/api/v1/agents/a.b/calls", json={"number": "1"}), 422
    )
    assert stage.core.asked == []


async def test_a_ticket_whose_customer_nobody_knows_calls_nobody(stage: Stage) -> None:
    arrived = {"contact": "c-2", "queue": "support", "entered_at": 1000.0}
    await stage.tell((1000.0, "Arrived", "c-2", arrived))
    ticket = (await stage.client.get("/api/v1/tickets")).json()["items"][0]["id"]
    refused = await stage.client.post(CALLS, json={"ticket": ticket})
    assert is_problem(refused, 404) and "customer is not known" in refused.json()["detail"]
    assert stage.core.asked == []


@pytest.mark.parametrize(
    "why",
    ["there is no agent ann", "agent ann is paused and has no room for this contact",
     "not dialled: premium numbers are never dialled"],
)  # fmt: skip
async def test_a_call_that_the_core_refuses_says_why(stage: Stage, why: str) -> None:
    stage.core.refuses = why
    refused = await stage.client.post(CALLS, json={"number": NUMBER})
    assert is_problem(refused, 409) and refused.json()["detail"] == why


async def test_a_call_with_a_key_is_placed_once_and_answered_alike(stage: Stage) -> None:
    body, key = {"number": NUMBER}, {"Idempotency-Key": "call-once"}
    first, second = [await stage.client.post(CALLS, json=body, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, PLACED)
    assert len(stage.core.asked) == 1
    other = await stage.client.post(CALLS, json={"customer": CALLER}, headers=key)
    assert is_problem(other, 422) and len(stage.core.asked) == 1


async def test_a_call_that_was_refused_may_be_asked_for_again_with_its_key(stage: Stage) -> None:
    await stage.a_ticket()
    body, key = {"customer": CALLER}, {"Idempotency-Key": "call-again"}
    stage.core.refuses = "agent ann is paused and has no room for this contact"
    assert is_problem(await stage.client.post(CALLS, json=body, headers=key), 409)
    stage.core.refuses = ""
    assert (await stage.client.post(CALLS, json=body, headers=key)).json() == PLACED


async def test_the_number_that_is_called_is_in_no_log_and_in_no_answer(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    texts = [(await stage.client.post(CALLS, json={"number": NUMBER})).text]
    both = {"number": NUMBER, "customer": CALLER}
    texts.append((await stage.client.post(CALLS, json=both)).text)
    ours = [one for one in caplog.records if one.name.startswith(("adapters", "ivr", "acd"))]
    assert "agent calls" in [one.getMessage() for one in ours]
    assert NUMBER.lstrip("+") not in " ".join([*texts, *(str(one.__dict__) for one in ours)])


# ---- callbacks


async def test_open_callbacks_are_listed_with_what_has_come_of_them(stage: Stage) -> None:
    page = (await stage.client.get(CALLBACKS)).json()
    assert page["next"] is None
    assert page["items"] == [{
        "reference": "c-1", "queue": "support", "customer": CALLER, "state": "promised",
        "attempts": 3, "made": 1, "promised_at": "1970-01-01T00:16:40.000Z",
        "next_at": "1970-01-01T00:46:40.000Z", "until": "1970-01-02T00:16:40.000Z",
        "why": "no answer",
    }]  # fmt: skip
    assert stage.core.asked == [("callbacks", {})] and NUMBER not in str(page)


@pytest.mark.parametrize("deed", ["cancel", "now"])
async def test_a_callback_is_cancelled_or_tried_now(stage: Stage, deed: str) -> None:
    answer = await stage.client.post(f"{CALLBACKS}/c-1/{deed}")
    assert (answer.status_code, answer.json()) == (200, {"reference": "c-1"})
    asked: dict[str, Any] = {"contact": "c-1", "who": "operator"}
    assert stage.core.asked == [(f"callback {deed}", asked)]


@pytest.mark.parametrize("deed", ["cancel", "now"])
async def test_a_callback_that_there_is_not_is_refused_with_the_way_out(
    stage: Stage, deed: str
) -> None:
    stage.core.refuses = "c-9 is no callback: ./hotline callbacks lists them"
    refused = await stage.client.post(f"{CALLBACKS}/c-9/{deed}")
    assert is_problem(refused, 409) and "./hotline callbacks" in refused.json()["detail"]
    assert is_problem(await stage.client.post(f"{CALLBACKS}/{'c' * 201}/{deed}"), 422)
    assert is_problem(await stage.client.post(f"{CALLBACKS}/a%20b/{deed}"), 422)


async def test_a_core_that_is_away_places_no_call_and_knows_no_callback(stage: Stage) -> None:
    stage.core.away = True
    tried = [
        await stage.client.post(CALLS, json={"number": NUMBER}, headers={"Idempotency-Key": "k"}),
        await stage.client.get(CALLBACKS),
        await stage.client.post(f"{CALLBACKS}/c-1/cancel"),
        await stage.client.post(f"{CALLBACKS}/c-1/now"),
    ]
    assert all(is_problem(one, 503) and one.headers["retry-after"] == "1" for one in tried)
    stage.core.away = False
    again = await stage.client.post(
        CALLS, json={"number": NUMBER}, headers={"Idempotency-Key": "k"}
    )
    assert again.json() == PLACED, "what did not reach the core is not taken for done"


async def test_nobody_calls_or_cancels_without_the_token(stage: Stage) -> None:
    for path in (CALLS, f"{CALLBACKS}/c-1/cancel", f"{CALLBACKS}/c-1/now"):
        nobody = await stage.client.post(
            path, json={"number": NUMBER}, headers={"Authorization": "Bearer no"}
        )
        assert is_problem(nobody, 401)
    assert stage.core.asked == []


async def test_every_shape_of_the_description_has_a_name_of_its_own(stage: Stage) -> None:
    described = (await stage.client.get("/openapi.json")).json()["components"]["schemas"]
    assert [name for name in described if "__" in name] == []
