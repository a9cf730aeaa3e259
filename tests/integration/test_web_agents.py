"""What an agent's own page asks of the API, in memory: work, and quick replies."""

from __future__ import annotations

import pytest

from tests.web_stage import Stage, is_problem


async def test_an_agent_sees_each_contact_with_why_it_came(stage: Stage) -> None:
    await stage.a_ticket()  # of call-1
    answer = await stage.client.get("/api/v1/agents/ann/work")
    told = answer.json()
    assert stage.core.asked == [("agent work", {"agent": "ann"})]
    assert (told["agent"]["id"], told["then"], told["own_queues"]) == (
        "ann", "break", ["sales", "support"],
    )  # fmt: skip
    rings, wrapped = told["items"]
    assert rings["id"].startswith("con_") and rings["reference"] == "call-1"
    assert (rings["class"], rings["waited"], rings["credit"], rings["rule"]) == (
        "vip", 12.5, 90.0, "order",
    )  # fmt: skip
    assert rings["why"] == "first in order: waited 0:12; ann was free, idle 0:03"
    assert rings["rings_until"] == "1970-01-01T00:16:55.000Z"
    assert (wrapped["state"], wrapped["owes"], wrapped["id"]) == ("wrap-up", True, None)
    assert wrapped["until"] == told["until"] == "1970-01-01T00:17:10.000Z"


async def test_an_agent_who_is_not_there_has_no_work(stage: Stage) -> None:
    stage.core.refuses = "name one of the agents: agent=..."
    assert is_problem(await stage.client.get("/api/v1/agents/eve/work"), 409)


async def test_quick_replies_are_those_of_the_queue_then_those_of_all(stage: Stage) -> None:
    async def asked(queue: str, language: str) -> list[str]:
        query = {"queue": queue, "language": language}
        items: list[str] = (await stage.client.get("/api/v1/replies", params=query)).json()["items"]
        return items

    assert await asked("support", "en") == ["One moment, please.", "Good day, how can I help?"]
    assert await asked("sales", "en") == ["Good day, how can I help?"]
    assert await asked("sales", "zh") == []


@pytest.mark.parametrize("query", [{}, {"queue": "support"}, {"queue": "a b", "language": "en"}])
async def test_replies_are_asked_for_by_queue_and_language(
    stage: Stage, query: dict[str, str]
) -> None:
    assert is_problem(await stage.client.get("/api/v1/replies", params=query), 422)
