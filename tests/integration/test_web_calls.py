"""The history of calls over the API: filters, pages, lost calls and their callbacks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web_stage import CALLER, NUMBER, Stage, is_problem

CALLS, LOST = "/api/v1/calls", "/api/v1/calls/lost"


async def gives_up(stage: Stage, contact: str, at: float = 1000.0, person: str = CALLER) -> str:
    """The id of a call that waited twenty seconds for nobody."""
    started = {"person": person, "dialled": "4000", "language": "en"}
    arrived = {"contact": contact, "queue": "support", "entered_at": at, "class_": "vip",
               "waits": True}  # fmt: skip
    await stage.tell(
        (at, "CallStarted", contact, started), (at, "Arrived", contact, arrived),
        (at + 20, "ContactEnded", contact, {"how": "abandoned"}),
        (at + 20, "CallEnded", contact, {"cause": "16"}),
    )  # fmt: skip
    return await named(stage, contact)


async def named(stage: Stage, reference: str) -> str:
    found = await stage.client.get(CALLS, params={"text": reference})
    own_id: str = found.json()["items"][0]["id"]
    return own_id


def answers_with_a_promise(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask(what: str, **fields: Any) -> dict[str, Any]:
        stage.core.asked.append((what, fields))
        return {"contact": f"{fields['contact']}-callback", "made": True}

    monkeypatch.setattr(stage.core, "ask", ask)


async def test_a_call_is_told_in_figures(stage: Stage) -> None:
    own_id = await gives_up(stage, "c-1")
    (call,) = (await stage.client.get(CALLS)).json()["items"]
    assert (call["id"], call["outcome"], call["waited"]) == (own_id, "abandoned", 20.0)
    assert (call["agents"], call["talked"], call["customer"]) == ([], 0.0, CALLER)
    assert NUMBER not in str(call)


async def test_filters_go_together_and_pages_follow_each_other(stage: Stage) -> None:
    for n in range(3):
        await gives_up(stage, f"c-{n}", at=1000.0 + 100 * n)
    fits = {"queue": "support", "outcome": "abandoned", "min_wait": "20", "limit": "2",
            "since": "1970-01-01T00:16:40Z"}  # fmt: skip
    page = (await stage.client.get(CALLS, params=fits)).json()
    rest = (await stage.client.get(CALLS, params={**fits, "cursor": page["next"]})).json()
    found = [call["reference"] for call in (*page["items"], *rest["items"])]
    assert (found, rest["next"]) == (["c-2", "c-1", "c-0"], None)
    assert (await stage.client.get(CALLS, params={**fits, "min_wait": "21"})).json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [{"outcome": "gone"}, {"since": "2026-11-21T09:30:00"}, {"min_wait": "-1"}, {"number": "1"},
     {"text": "a b"}],
)  # fmt: skip
async def test_what_is_no_filter_is_refused(stage: Stage, query: dict[str, str]) -> None:
    assert is_problem(await stage.client.get(CALLS, params=query), 422)


async def test_a_lost_call_is_promised_a_callback_in_one_step(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_id = await gives_up(stage, "c-1")
    (lost,) = (await stage.client.get(LOST)).json()["items"]
    assert (lost["id"], lost["since"]) == (own_id, "")
    answers_with_a_promise(stage, monkeypatch)
    path = f"{CALLS}/{own_id}/callback"
    promised = await stage.client.post(path, json={"reason": "waited long"})
    assert promised.json() == {"lost": own_id, "reference": "c-1-callback", "made": True}
    [(what, asked)] = stage.core.asked
    assert (what, asked["contact"], asked["person"], asked["queue"], asked["class"]) == (
        "callback lost", "c-1", CALLER, "support", "vip",
    )  # fmt: skip
    await stage.tell((1100.0, "LostCallTaken", "c-1", {"holds": "c-1-callback", "effect": "e"}))
    assert (await stage.client.get(LOST)).json()["items"] == []
    settled = (await stage.client.get(LOST, params={"settled": "true"})).json()["items"]
    assert [one["since"] for one in settled] == ["callback"]


async def test_a_callback_is_refused_with_the_reason(stage: Stage) -> None:
    own_id = await gives_up(stage, "c-1")
    path, body = f"{CALLS}/{own_id}/callback", {"reason": "waited long"}
    assert is_problem(await stage.client.post(path, json={}), 422)
    stage.core.refuses = "no number is known of this caller"
    refused = await stage.client.post(path, json=body)
    assert is_problem(refused, 409) and "no number" in refused.json()["detail"]
    stage.core.refuses, stage.core.away = "", True
    assert is_problem(await stage.client.post(path, json=body), 503)
    nobody = f"{CALLS}/con_00000000000000000000000000/callback"
    assert is_problem(await stage.client.post(nobody, json=body), 404)


async def test_who_was_served_since_is_not_called_back(stage: Stage) -> None:
    own_id = await gives_up(stage, "c-1")
    offer = {"offer": "1.1.1", "agent": "ann", "rule": "order"}
    await stage.tell(
        (2000.0, "CallStarted", "c-2", {"person": CALLER, "dialled": "4000", "language": "zh"}),
        (2000.0, "Arrived", "c-2", {"queue": "support", "entered_at": 2000.0, "waits": True}),
        (2001.0, "Offered", "c-2", offer), (2002.0, "OfferAnswered", "c-2", offer),
    )  # fmt: skip
    refused = await stage.client.post(f"{CALLS}/{own_id}/callback", json={"reason": "x"})
    assert is_problem(refused, 409) and "served" in refused.json()["detail"]
    assert stage.core.asked == []
    here = await named(stage, "c-2")
    refused = await stage.client.post(f"{CALLS}/{here}/callback", json={"reason": "x"})
    assert is_problem(refused, 409) and "going on" in refused.json()["detail"]


async def test_a_customer_is_found_by_number_and_the_audit_has_who_asked(stage: Stage) -> None:
    body = {"number": NUMBER, "reason": "asks about a call"}
    assert (await stage.client.post("/api/v1/customers/find", json=body)).json() == {"id": CALLER}
    other = {**body, "number": "+8613900139000"}
    assert (await stage.client.post("/api/v1/customers/find", json=other)).json() == {"id": None}
    assert [(entry.action, entry.subject) for entry in stage.audit.entries] == [
        ("find by number", CALLER), ("find by number", "nobody"),
    ]  # fmt: skip
    assert NUMBER not in str(stage.audit.entries)
    stage.audit.failing = "disk full"
    assert is_problem(await stage.client.post("/api/v1/customers/find", json=body), 503)
