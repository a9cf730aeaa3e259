"""Who gets into the API, and what is refused: never a route left open, never a word repeated."""

from __future__ import annotations

import httpx
import pytest
from fastapi.routing import APIRoute

from adapters.tickets import (
    agents,
    calls,
    chats,
    desk,
    outward,
    passes,
    recorded_talks,
    routes,
    talks,
    texts,
)
from adapters.web.app import own
from adapters.web.gate import OPEN, PASSES, Limits
from adapters.web.limits import Buckets
from tests.web_stage import OPERATOR, TOKEN, Stage, is_problem

CANARY = "canary-7f3a"
SERVED = (calls, routes, desk, agents, talks, recorded_talks, outward, passes, texts, chats)
NO_TICKET = "/api/v1/tickets/tic_00000000000000000000000000"


# ---- who gets in


async def test_every_route_denies_who_has_no_token(stage: Stage) -> None:
    everything = [
        (prefix + route.path, method)
        for prefix, router in [
            *(
                ("/api/v1", one.router)
                for one in SERVED
            ),
            ("", own),
        ]
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    ]  # fmt: skip
    assert len(everything) > 25
    for path, method in everything:
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            stage.gate.limits = Limits.usual()
            answer = await bare(stage, given).request(method, path)
            is_open = path in OPEN or path.startswith(PASSES)
            assert (answer.status_code == 401) != is_open, (method, path)
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


# ---- figures


async def test_figures_are_for_this_machine_or_the_token(stage: Stage) -> None:
    await stage.client.get(NO_TICKET)
    assert is_problem(await bare(stage).get("/metrics"), 401)
    assert (await bare(stage, OPERATOR).get("/metrics")).status_code == 200
    figures = (await stage.client.get("/metrics")).text
    assert 'route="/tickets/{ticket}",status="404"' in figures
    assert "tic_0000" not in figures
