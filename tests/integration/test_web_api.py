"""The API behind its gate, asked in memory: what it gives, and what it refuses."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from adapters.tickets import desk, routes
from adapters.web.app import own
from adapters.web.gate import OPEN, Limits
from adapters.web.limits import Buckets
from tests.web_stage import CALLER, NUMBER, OPERATOR, TOKEN, Stage, staged

CANARY = "canary-7f3a"
NO_TICKET = "/api/v1/tickets/tic_00000000000000000000000000"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


def is_problem(response: httpx.Response, status: int) -> bool:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    said = response.json()
    return said["status"] == status and bool(said["title"]) and bool(said["detail"])


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
    assert (await stage.client.post(reveal, json={"reason": "call back"})).json()[
        "number"
    ] == NUMBER
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


# ---- who gets in


async def test_every_route_denies_who_has_no_token(stage: Stage) -> None:
    everything = [
        (prefix + route.path, method)
        for prefix, router in [("/api/v1", routes.router), ("/api/v1", desk.router), ("", own)]
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]
    assert len(everything) > 25
    for path, method in everything:
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            stage.gate.limits = Limits.usual()
            answer = await bare(stage, given).request(method, path)
            assert (answer.status_code == 401) != (path in OPEN), (method, path)
    assert is_problem(await bare(stage).get("/nowhere"), 401)
    assert is_problem(await bare(stage).post("/health"), 401)


def bare(stage: Stage, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
    """Somebody elsewhere, without a token."""
    transport = httpx.ASGITransport(app=stage.gate, client=("192.0.2.7", 5))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)


async def test_who_guesses_tokens_is_slowed_down(stage: Stage) -> None:
    guesser = bare(stage, {"Authorization": "Bearer guess"})
    answers = [await guesser.get("/api/v1/tickets") for _ in range(12)]
    assert [a.status_code for a in answers] == [401] * 10 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert (await bare(stage, OPERATOR).get("/api/v1/tickets")).status_code == 200


async def test_who_asks_too_often_is_told_when_to_come_back(stage: Stage) -> None:
    now = [0.0]
    usual = Limits.usual()
    few = Buckets(1.0, 3, lambda: now[0])
    stage.gate.limits = Limits(few, usual.failures, usual.reveals)
    answers = [await stage.client.get("/api/v1/flows") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "1"
    assert (await stage.client.get("/health")).status_code == 200  # probes are never refused
    now[0] = 1.0
    assert (await stage.client.get("/api/v1/flows")).status_code == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:35003", 200), ("localhost", 200), ("[::1]:80", 200), ("hotline.test", 200),
     ("evil.example", 421), ("", 421), ("127.0.0.1.evil.example", 421)],
)  # fmt: skip
async def test_only_names_of_this_server_are_answered(stage: Stage, host: str, status: int) -> None:
    answer = await stage.client.get("/health", headers={"Host": host})
    assert answer.status_code == status


# ---- what is refused


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", NO_TICKET, 404),
        ("GET", f"/api/v1/tickets/{CANARY}", 422),
        ("GET", f"/{CANARY}", 404),
        ("DELETE", "/api/v1/tickets", 405),
        ("GET", f"/api/v1/tickets?{CANARY}=1", 422),
        ("GET", f"/api/v1/contacts?reference={CANARY}%00", 422),
        ("GET", f"/api/v1/tickets?cursor={CANARY}", 422),
        ("GET", f"/api/v1/tickets?limit={CANARY}", 422),
        ("POST", f"/api/v1/agents/{CANARY}'--/login", 422),
        ("GET", "/api/v1/tickets?" + CANARY * 1000, 414),
        ("GET", "/api/v1/events?after=99999999999999999999", 422),
    ],
)
async def test_every_error_is_a_problem_that_repeats_nothing(
    stage: Stage, method: str, path: str, status: int
) -> None:
    answer = await stage.client.request(method, path)
    assert is_problem(answer, status) and CANARY not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"text": "' + CANARY.encode(), 422),
        (CANARY.encode(), 422),
        (b'{"text": "x", "%s": 1}' % CANARY.encode(), 422),
        (b'{"text": ["%s"]}' % CANARY.encode(), 422),
        (b'{"text": "%s\\u0000"}' % CANARY.encode(), 422),
        (b'{"text": "%s\\ud800"}' % CANARY.encode(), 422),
        (b'{"text": "\\u001b[31m%s"}' % CANARY.encode(), 422),
        (b'{"text": "%s\xff"}' % CANARY.encode(), 422),
        (b'{"text": ""}', 422),
        (b'{"text": "%s"}' % (CANARY.encode() * 1000), 422),
        (b'{"text": %s}' % (b"9" * 100_000), 422),
        (b'{"text": NaN}', 422),
        (b"[" * 100_000, 400),
        (b'{"a":' * 33 + b"1" + b"}" * 33, 400),
        (b"{" + b",".join(b'"%s%d":1' % (CANARY.encode(), n) for n in range(5000)) + b"}", 422),
        (b'{"text": "' + b"x" * 128 * 1024 + b'"}', 413),
        (b"", 422),
    ],
)
async def test_a_body_of_the_wrong_kind_is_refused_and_never_repeated(
    stage: Stage, body: bytes, status: int
) -> None:
    path = f"/api/v1/tickets/{await stage.a_ticket()}/comments"
    json = {"Content-Type": "application/json"}
    answer = await stage.client.post(path, content=body, headers=json)
    assert answer.status_code in (status, 400), answer.text
    assert is_problem(answer, answer.status_code)
    assert CANARY not in answer.text and len(answer.content) < 2000


async def test_what_goes_wrong_inside_stays_inside(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks(*_: object) -> None:
        raise RuntimeError(CANARY)

    monkeypatch.setattr(stage.core, "ask", breaks)
    answer = await stage.client.get("/api/v1/queues")
    assert is_problem(answer, 500) and CANARY not in answer.text
    (line,) = [record for record in caplog.records if record.message == "request failed"]
    assert line.__dict__["error"] == "RuntimeError" and CANARY not in str(line.__dict__)


# ---- description and figures


async def test_the_description_is_complete_and_its_page_needs_no_network(stage: Stage) -> None:
    made = (await stage.client.get("/openapi.json")).json()
    for path, methods in made["paths"].items():
        for operation in methods.values():
            assert operation["description"] and operation["tags"], path
            assert operation["security"] == [{"operator": []}]
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


async def test_figures_are_for_this_machine_or_the_token(stage: Stage) -> None:
    await stage.client.get(NO_TICKET)
    assert is_problem(await bare(stage).get("/metrics"), 401)
    assert (await bare(stage, OPERATOR).get("/metrics")).status_code == 200
    figures = (await stage.client.get("/metrics")).text
    assert 'route="/tickets/{ticket}",status="404"' in figures
    assert "tic_0000" not in figures
