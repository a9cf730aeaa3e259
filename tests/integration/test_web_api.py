"""The API asked in memory: tickets, customers, agents, and its own description."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from adapters.web.gate import PASSES
from tests.web_stage import CALLER, NUMBER, TOKEN, Stage, is_problem

CANARY = "canary-7f3a"


async def kinds(stage: Stage, ticket: str) -> list[str]:
    timeline = (await stage.client.get(f"/api/v1/tickets/{ticket}/timeline")).json()
    return [event["kind"] for event in timeline["items"]]


# ---- tickets


async def test_a_call_becomes_a_ticket_that_is_read_commented_closed_and_reopened(
    stage: Stage,
) -> None:
    ticket = await stage.a_ticket()
    shown = (await stage.client.get(f"/api/v1/tickets/{ticket}")).json()
    assert shown["opened_at"] == "1970-01-01T00:16:40.250Z" and shown["customer"] == CALLER
    said = await stage.client.post(f"/api/v1/tickets/{ticket}/comments", json={"text": "好的\nok"})
    assert (said.status_code, said.json()["text"], said.json()["who"]) == (
        201,
        "好的\nok",
        "operator",
    )
    for move, state in [("close", "closed"), ("reopen", "open")]:
        assert (await stage.client.post(f"/api/v1/tickets/{ticket}/{move}")).status_code == 201
        assert (await stage.client.get(f"/api/v1/tickets/{ticket}")).json()["state"] == state
    assert await kinds(stage, ticket) == [
        "call_started", "arrived", "ticket_opened", "comment", "ticket_closed", "ticket_reopened",
    ]  # fmt: skip


async def test_a_move_that_the_table_lacks_is_a_conflict(stage: Stage) -> None:
    ticket = await stage.a_ticket()
    assert is_problem(await stage.client.post(f"/api/v1/tickets/{ticket}/reopen"), 409)


async def test_a_post_with_a_key_is_done_once_and_answered_alike(stage: Stage) -> None:
    ticket, key = await stage.a_ticket(), {"Idempotency-Key": "k-1"}
    path, words = f"/api/v1/tickets/{ticket}/comments", {"text": "called back"}
    first, second = [await stage.client.post(path, json=words, headers=key) for _ in range(2)]
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert (await kinds(stage, ticket)).count("comment") == 1
    assert is_problem(await stage.client.post(path, json={"text": "x"}, headers=key), 422)
    login = "/api/v1/agents/ann/login"
    for _ in range(2):
        await stage.client.post(login, headers={"Idempotency-Key": "k-2"})
    assert [what for what, _ in stage.core.asked] == ["agent login"]


async def test_lists_come_in_pages_up_to_a_cap(stage: Stage) -> None:
    made = [await stage.a_ticket(1000.0 * n, f"per_{n:026d}") for n in range(1, 6)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while query.get("cursor", "") is not None:
        page = (await stage.client.get("/api/v1/tickets", params=query)).json()
        seen += [ticket["id"] for ticket in page["items"]]
        query["cursor"] = page["next"]
    assert seen == made[::-1]
    assert is_problem(await stage.client.get("/api/v1/tickets?limit=201"), 422)


# ---- customers


async def test_a_number_is_masked_until_it_is_revealed_with_a_reason_on_record(
    stage: Stage,
) -> None:
    await stage.a_ticket()
    shown = await stage.client.get(f"/api/v1/customers/{CALLER}")
    assert shown.json()["number"] == "+86138****8000"
    reveal = f"/api/v1/customers/{CALLER}/reveal"
    assert is_problem(await stage.client.post(reveal, json={}), 422)
    answer = await stage.client.post(reveal, json={"reason": "call back"})
    assert answer.json()["number"] == NUMBER
    (entry,) = stage.audit.entries
    assert (entry.who, entry.subject, entry.reason) == ("operator", CALLER, "call back")


async def test_without_an_audit_nothing_is_revealed(stage: Stage) -> None:
    await stage.a_ticket()
    stage.audit.failing = "the disk is full"
    answer = await stage.client.post(f"/api/v1/customers/{CALLER}/reveal", json={"reason": "x"})
    assert is_problem(answer, 503) and "13800138000" not in answer.text


async def test_neither_number_nor_token_nor_words_get_into_the_log(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    ours = ("adapters", "ivr", "acd", "uvicorn", "fastapi")
    caplog.set_level(logging.DEBUG)
    ticket = await stage.a_ticket()
    await stage.client.post(f"/api/v1/tickets/{ticket}/comments", json={"text": CANARY})
    await stage.client.post(f"/api/v1/customers/{CALLER}/reveal", json={"reason": CANARY})
    await stage.client.get("/api/v1/tickets", headers={"Authorization": f"Bearer {CANARY}"})
    lines = " ".join(
        str(record.__dict__) for record in caplog.records if record.name.startswith(ours)
    )
    assert "number revealed" in lines and "wrong token" in lines
    assert not [secret for secret in (CANARY, TOKEN, "13800138000") if secret in lines]


# ---- the desk


async def test_agents_and_queues_come_from_the_core(stage: Stage) -> None:
    agents = (await stage.client.get("/api/v1/agents")).json()["items"]
    assert (agents[0]["id"], agents[0]["since"]) == ("ann", "1970-01-01T00:16:40.500Z")
    queues = (await stage.client.get("/api/v1/queues")).json()["items"]
    assert (queues[0]["id"], queues[0]["longest_wait"]) == ("support", 12.5)
    assert (await stage.client.get("/api/v1/flows")).json()["items"][0]["id"] == "main"
    assert is_problem(await stage.client.get("/api/v1/agents/bob"), 404)


@pytest.mark.parametrize(
    ("deed", "body", "fields"),
    [
        ("login", {"queues": ["sales"]}, {"queues": ["sales"], "ready": True}),
        ("pause", {"reason": "lunch"}, {"reason": "lunch"}),
        ("ready", None, {}),
        ("logout", None, {}),
    ],
)
async def test_what_agents_do_is_asked_of_the_core(
    stage: Stage, deed: str, body: dict[str, Any] | None, fields: dict[str, Any]
) -> None:
    answer = await stage.client.post(f"/api/v1/agents/ann/{deed}", json=body)
    assert answer.json()["id"] == "ann"
    assert stage.core.asked == [(f"agent {deed}", {"agent": "ann", **fields})]


@pytest.mark.parametrize(
    ("deed", "body"),
    [("hold", None), ("resume", None), ("swap", None), ("conference", None), ("complete", None),
     ("cancel", None), ("consult", {"to_agent": "bob"}), ("transfer", {"to_queue": "sales"})],
)  # fmt: skip
async def test_what_agents_do_with_a_talk_is_asked_of_the_core_once(
    stage: Stage, deed: str, body: dict[str, str] | None
) -> None:
    headers = {"Idempotency-Key": f"once-and-only-once-{deed}"}
    for _ in range(2):
        answer = await stage.client.post(
            f"/api/v1/agents/ann/talk/{deed}", json=body, headers=headers
        )
        assert (answer.status_code, answer.json()["state"]) == (200, "held")
    assert stage.core.asked == [(f"talk {deed}", {"agent": "ann", **(body or {})})]


@pytest.mark.parametrize("body", [{}, {"to_agent": "bob", "to_queue": "sales"}, {"to_number": "x"}])
async def test_a_transfer_to_nowhere_or_to_two_places_is_not_asked(
    stage: Stage, body: dict[str, str]
) -> None:
    refused = await stage.client.post("/api/v1/agents/ann/talk/transfer", json=body)
    assert is_problem(refused, 422)
    assert stage.core.asked == []


async def test_a_core_that_is_away_or_refuses_is_named_as_such(stage: Stage) -> None:
    stage.core.refuses = "an agent who is talking cannot log in"
    refused = await stage.client.post("/api/v1/agents/ann/login")
    assert is_problem(refused, 409) and refused.json()["detail"] == stage.core.refuses
    stage.core.away = True
    away = await stage.client.get("/api/v1/queues")
    assert is_problem(away, 503) and away.headers["retry-after"] == "1"
    ready = await stage.client.get("/ready")
    assert (ready.status_code, ready.json()["links"]["core"]) == (503, "the core does not answer")
    assert (await stage.client.get("/health")).status_code == 200


# ---- description and figures


async def test_the_description_is_complete_and_its_page_needs_no_network(stage: Stage) -> None:
    made = (await stage.client.get("/openapi.json")).json()
    for path, methods in made["paths"].items():
        for operation in methods.values():
            assert operation["description"] and operation["tags"], path
            is_open = path.startswith(PASSES)
            assert operation.get("security", []) == ([] if is_open else [{"operator": []}]), path
            assert {"401", "422", "429", "500"} <= set(operation["responses"])
    page = (await stage.client.get("/docs")).text
    assert all(path in page for path in made["paths"])
    assert "<script" not in page and "http" not in page and "//" not in page


async def test_every_answer_has_the_security_headers(stage: Stage) -> None:
    for path in ("/docs", "/api/v1/flows", "/nowhere"):
        headers = (await stage.client.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store" and "server" not in headers
