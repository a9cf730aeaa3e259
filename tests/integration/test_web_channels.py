"""Channels at the web service: deliveries by their signature alone, texts by the API."""

from __future__ import annotations

import logging
import time
from typing import Any

import httpx
import pytest

from adapters.web.gate import Limits
from adapters.web.limits import Buckets
from tests.channel_hands import STRANGE_KEY, delivery, envelope, written
from tests.web_stage import CALLER, OPERATOR, Stage, is_problem

HOOK, CANARY = "/hooks/sms", "canary-8e2b"


async def deliver(
    stage: Stage, body: bytes, headers: dict[str, str] | None = None, **made: Any
) -> httpx.Response:
    """From elsewhere, without the operator's token."""
    told = delivery(body, **{"at": time.time(), **made})
    transport = httpx.ASGITransport(app=stage.gate, client=("192.0.2.7", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        signed = dict(told.headers) | (headers or {})
        return await client.post(HOOK, content=told.body, headers=signed)


async def test_a_signature_opens_what_is_closed_to_everybody_else(stage: Stage) -> None:
    answer = await deliver(stage, written("hello"))
    assert (answer.status_code, answer.json()) == (202, {"taken": "taken"})
    assert [what for what, _ in stage.core.asked] == ["text receive"]
    transport = httpx.ASGITransport(app=stage.gate, client=("192.0.2.7", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as stranger:
        for method, path in (("GET", HOOK), ("PUT", HOOK), ("DELETE", HOOK), ("GET", "/hooks/"),
                             ("POST", "/hooksx"), ("POST", "/api/v1/texts")):  # fmt: skip
            assert is_problem(await stranger.request(method, path), 401), (method, path)
        assert is_problem(await stranger.post("/hooks/sms/more"), 404)
        assert is_problem(await stranger.post("/hooks/gone"), 404)


async def test_the_operators_token_is_no_signature(stage: Stage) -> None:
    refused = await deliver(stage, written(), OPERATOR, key=STRANGE_KEY)
    assert is_problem(refused, 401) and stage.core.asked == []


@pytest.mark.parametrize(
    ("body", "made", "status"),
    [(written(), {"key": STRANGE_KEY}, 401), (written(), {"signature": ""}, 401),
     (written(), {"at": 1.0}, 400), (written("x" * 70_000), {}, 413),
     (b"x" * 140_000, {}, 413), (b"[" * 60_000, {}, 422), (envelope("odd"), {}, 422)],
)  # fmt: skip
async def test_what_is_refused_says_why_and_repeats_nothing(
    stage: Stage, body: bytes, made: dict[str, Any], status: int
) -> None:
    refused = await deliver(stage, body, **made)
    assert is_problem(refused, status) and len(refused.content) < 400
    assert stage.core.asked == []


async def test_a_replay_is_refused_and_a_retry_that_is_signed_anew_is_not_done_twice(
    stage: Stage,
) -> None:
    now = time.time()
    statuses = [(await deliver(stage, written(), at=at)).status_code for at in (now, now, now + 2)]
    assert statuses == [202, 409, 200] and len(stage.core.asked) == 1


async def test_while_the_core_is_away_the_sender_is_asked_to_come_again(stage: Stage) -> None:
    stage.core.away = True
    refused = await deliver(stage, written())
    assert is_problem(refused, 503) and refused.headers["retry-after"] == "2"
    stage.core.away = False
    assert (await deliver(stage, written())).status_code == 202


async def test_deliveries_count_against_their_address_as_all_requests_do(stage: Stage) -> None:
    usual = Limits.usual()
    stage.gate.limits = Limits(Buckets(1.0, 2, lambda: 0.0), usual.failures, usual.reveals)
    answers = [await deliver(stage, written(), key=STRANGE_KEY) for _ in range(3)]
    assert [each.status_code for each in answers] == [401, 401, 429]


async def test_neither_words_nor_numbers_of_deliveries_stand_in_a_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for made in ({}, {"key": STRANGE_KEY, "id_": CANARY}, {"at": 1.0}):
        await deliver(stage, written(CANARY), **made)
    ours = [one for one in caplog.records if one.name.startswith(("adapters", "ivr"))]
    assert "delivery refused" in [one.getMessage() for one in ours]
    kept = " ".join(str(one.__dict__) for one in ours)
    assert CANARY not in kept and "13800138000" not in kept


# ---------------------------------------------------------------- texts to customers


async def test_the_tickets_customer_is_written_to_by_the_channel_that_is_named(
    stage: Stage,
) -> None:
    ticket = await stage.a_ticket()
    body = {"channel": "sms", "text": "Your card is on its way."}
    answer = await stage.client.post(f"/api/v1/tickets/{ticket}/texts", json=body)
    assert answer.status_code == 201 and answer.json() == {
        "id": "txt_1", "channel": "sms", "customer": CALLER, "reference": "sms-1",
        "state": "queued", "why": "", "at": "1970-01-01T00:16:40.000Z",
    }  # fmt: skip
    assert stage.core.asked == [("text send", {
        "channel": "sms", "person": CALLER, "words": body["text"], "ticket": ticket,
        "who": "operator",
    })]  # fmt: skip
    assert (await stage.client.get("/api/v1/texts")).json()["items"] == [answer.json()]


async def test_a_text_with_a_key_is_sent_once_and_the_core_is_told_the_key(stage: Stage) -> None:
    path = f"/api/v1/tickets/{await stage.a_ticket()}/texts"
    body, key = {"channel": "sms", "text": "once"}, {"Idempotency-Key": "k"}
    answers = [await stage.client.post(path, json=body, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [201, 201]
    [(_, asked)] = stage.core.asked
    assert asked["key"].endswith(" k")


@pytest.mark.parametrize("body", [{}, {"channel": "sms"}, {"channel": "sms", "text": ""},
                                  {"channel": "sms", "text": "x" * 4001},
                                  {"channel": "a b", "text": "x"},
                                  {"channel": "sms", "text": "a\x00b"},
                                  {"channel": "sms", "text": "x", "to": "y"}])  # fmt: skip
async def test_a_text_that_is_not_one_is_refused(stage: Stage, body: dict[str, str]) -> None:
    path = f"/api/v1/tickets/{await stage.a_ticket()}/texts"
    assert is_problem(await stage.client.post(path, json=body), 422)
    assert stage.core.asked == []


async def test_a_limit_says_so_and_a_ticket_that_there_is_not_is_not_written_to(
    stage: Stage,
) -> None:
    path = f"/api/v1/tickets/{await stage.a_ticket()}/texts"
    stage.core.refuses = "3 texts in an hour to one customer are all (`per_hour`)"
    body = {"channel": "sms", "text": "hello"}
    refused = await stage.client.post(path, json=body)
    assert is_problem(refused, 409) and "per_hour" in refused.json()["detail"]
    gone = "/api/v1/tickets/tic_01KAKJ0RDT6B7C8D9E0F1G2H3K/texts"
    assert is_problem(await stage.client.post(gone, json=body), 404)
