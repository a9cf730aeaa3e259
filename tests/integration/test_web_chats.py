"""Chats over HTTP as agents serve them, in front of a core that has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acd.model import ContactId
from adapters.tickets.chat_rows import ChatRows
from adapters.tickets.queries import TicketQueries
from ivr.ports import CoreRefused, PersonId
from tests.fakes_core_chats import ANN, BEN, LI, WU, ChatHouse
from tests.web_stage import Stage, is_problem, staged


@dataclass
class ChatCore:
    """Answers what is asked of chats, as the core does."""

    house: ChatHouse

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        if not what.startswith("chat"):
            raise CoreRefused("not a question of chats")
        return await self.house.ask(what, **fields)


class ChatStage:
    """The web process before a core with chats; its journal and vault are the core's."""

    def __init__(self, web: Stage, house: ChatHouse) -> None:
        self.web, self.house = web, house
        self._read = 0

    async def project(self) -> None:
        """The web process follows the core's journal."""
        fresh = self.house.journal.records[self._read :]
        self._read += len(fresh)
        await self.web.journal.append(fresh)
        self.web.vault.fields |= self.house.vault.fields
        await self.web.projector.catch_up()

    async def get(self, path: str) -> Any:
        answer = await self.web.client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        answer = await self.web.client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def lines(self, contact: str, after: int = 0) -> list[dict[str, Any]]:
        await self.project()
        page: dict[str, Any] = await self.get(f"chats/{contact}/lines?after={after}")
        items: list[dict[str, Any]] = page["items"]
        return items


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[ChatStage]:
    house = ChatHouse()
    await house.begin()
    async with staged(tmp_path, core=ChatCore(house), files=house.shelf) as web:
        yield ChatStage(web, house)
    house.running.cancel()


async def served(stage: ChatStage) -> ContactId:
    """Ann serves a chat."""
    await stage.house.agent_comes(desk=False)
    await stage.post("agents/ann/desk", {"open": True})
    contact = await stage.house.begins(name="Li Lei")
    [offer] = (await stage.get("agents/ann/chats"))["offers"]
    assert await stage.post(f"agents/ann/chats/{offer['offer']}/accept") == {"contact": contact}
    return contact


async def test_an_agent_serves_a_chat_from_offer_to_close(stage: ChatStage) -> None:
    contact = await served(stage)
    shown = await stage.get("agents/ann/chats")
    assert (shown["open"], shown["offers"]) == (True, [])
    [chat] = shown["chats"]
    assert (chat["contact"], chat["name"], chat["state"], chat["last"]) == (
        contact, "Li Lei", "served", 2,
    )  # fmt: skip
    await stage.house.ask("chat write", by=LI, id="1", words="你好 <script>")
    said = await stage.post(
        f"chats/{contact}/lines", {"agent": "ann", "id": "1", "words": "Good day"}
    )
    assert (said["number"], said["new"]) == (4, True)
    lines = await stage.lines(contact)
    told = ("number", "who", "agent", "words", "phrase")
    assert [tuple(one[name] for name in told) for one in lines] == [
        (1, "house", "", None, "waiting"), (2, "house", "ann", None, "joined"),
        (3, "customer", "", "你好 <script>", None), (4, "agent", "ann", "Good day", None),
    ]  # fmt: skip
    assert lines[1]["values"] == {"agent": "ann"}
    assert [one["number"] for one in await stage.lines(contact, after=3)] == [4]
    closed = await stage.post(f"chats/{contact}/close", {"agent": "ann"})
    assert closed == {"contact": contact, "state": "over"}
    assert (await stage.get("agents/ann/chats"))["chats"] == []


async def test_a_chat_is_on_the_ticket_and_the_timeline_of_its_customer(stage: ChatStage) -> None:
    contact = await served(stage)
    await stage.house.ask("chat write", by=LI, id="1", words="my order")
    await stage.house.ask("chat close", agent=ANN, contact=contact)
    await stage.house.ask("chat rate", by=LI, value=5)
    await stage.project()
    [shown] = (await stage.get(f"contacts?reference={contact}"))["items"]
    assert (shown["channel"], shown["state"], shown["how"], shown["agent"]) == (
        "chat", "ended", "served", "ann",
    )  # fmt: skip
    timeline = (await stage.get(f"tickets/{shown['ticket']}/timeline"))["items"]
    kinds = [event["kind"] for event in timeline]
    assert [k for k in kinds if k.startswith("chat")] == [
        "chat_begun", "chat_said", "chat_said", "chat_said", "chat_ended", "chat_rated",
    ]  # fmt: skip
    said = [(e["who"], e["text"]) for e in timeline if e["kind"] == "chat_said"]
    assert said == [("hotline", None), ("hotline", None), ("customer", "my order")]
    assert "my order" not in str([event["data"] for event in timeline])
    assert next(e["who"] for e in timeline if e["kind"] == "chat_ended") == "ann"


async def test_words_are_gone_once_their_customer_is_erased(stage: ChatStage) -> None:
    contact = await served(stage)
    await stage.house.ask("chat write", by=LI, id="1", words="forget me")
    await stage.project()
    [chat] = (await stage.get("agents/ann/chats"))["chats"]
    await stage.web.vault.erase(PersonId(chat["customer"]))
    [line] = (await stage.get(f"chats/{contact}/lines?after=2"))["items"]
    assert (line["who"], line["words"]) == ("customer", None)


async def test_what_the_journal_tells_twice_is_one_line(stage: ChatStage) -> None:
    contact = await served(stage)
    await stage.project()
    said = [one for one in stage.house.journal.records if one.kind == "ChatSaid"]
    await stage.web.journal.append(said)
    await stage.web.projector.catch_up()
    assert len(await stage.lines(contact)) == 2


async def test_long_chats_come_in_pages(stage: ChatStage) -> None:
    contact = await stage.house.begins()
    for number in range(230):
        await stage.house.ask("chat write", by=LI, id=str(number), words=f"line {number}")
    await stage.project()
    first = await stage.get(f"chats/{contact}/lines")
    rest = await stage.get(f"chats/{contact}/lines?after={first['next']}")
    numbers = [line["number"] for line in first["items"] + rest["items"]]
    assert numbers == list(range(1, 232)) and rest["next"] is None


async def test_a_chat_is_declined_and_transferred_over_http(stage: ChatStage) -> None:
    await stage.house.agent_comes()
    contact = await stage.house.begins()
    [offer] = (await stage.get("agents/ann/chats"))["offers"]
    declined = await stage.post(f"agents/ann/chats/{offer['offer']}/decline")
    assert declined == {"contact": contact}
    await stage.house.agent_comes(BEN)
    await stage.house.accepts(BEN)
    sent = await stage.post(f"chats/{contact}/transfer", {"agent": "ben", "queue": "sales"})
    assert sent == {"contact": contact, "state": "waiting"}
    [row] = (await stage.get("chats"))["items"]
    assert (row["contact"], row["queue"], row["state"]) == (contact, "sales", "waiting")


async def test_a_colleague_is_asked_by_name_over_http(stage: ChatStage) -> None:
    await stage.house.agent_comes()
    contact = await stage.house.begins()
    await stage.house.accepts()
    await stage.house.agent_comes(BEN)
    asked = await stage.post(f"chats/{contact}/transfer", {"agent": "ann", "to_agent": "ben"})
    assert asked == {"contact": contact, "state": "served"}
    [mine] = (await stage.get("agents/ann/chats"))["chats"]
    assert mine["asked"] == "ben"
    [offer] = (await stage.get("agents/ben/chats"))["offers"]
    assert (offer["contact"], offer["why"]) == (contact, "consult")
    await stage.post(f"agents/ben/chats/{offer['offer']}/accept")
    [mine] = (await stage.get("agents/ben/chats"))["chats"]
    assert (mine["contact"], mine["asked"]) == (contact, "")
    assert (await stage.get("agents/ann/chats"))["chats"] == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("agents/nobody/desk", {"open": True}, 409),
        ("agents/ann/desk", {"open": "perhaps"}, 422),
        ("chats/chat-9/transfer", {"agent": "ann"}, 422),
        ("chats/chat-9/transfer", {"agent": "ann", "queue": "sales", "to_agent": "ben"}, 422),
        ("agents/ann/chats/9.9.9/accept", None, 409),
        ("chats/chat-9/close", {"agent": "ann"}, 409),
        ("chats/chat-9/lines", {"agent": "ann", "id": "1", "words": "x"}, 409),
        ("chats/chat-9/lines", {"agent": "ann", "id": "1", "words": "x" * 4001}, 422),
        ("chats/chat-9/lines", {"agent": "ann", "id": "1", "words": "bell \x07"}, 422),
        ("chats/chat-9/lines", {"agent": "ann", "id": "", "words": "x"}, 422),
    ],
)
async def test_what_cannot_be_is_a_problem(
    stage: ChatStage, path: str, body: Mapping[str, Any] | None, status: int
) -> None:
    answer = await stage.web.client.post(f"/api/v1/{path}", json=body)
    assert is_problem(answer, status)


async def test_who_types_and_what_was_read_is_told_to_the_other_side_alone(
    stage: ChatStage,
) -> None:
    contact, hub = ContactId("chat-1"), stage.web.hub
    news = hub.listen(contact)
    await stage.post(f"chats/{contact}/typing", {"agent": "ann", "on": True})
    assert news.is_set() and list(hub.typing_of(contact)) == ["agent"]
    await stage.post(f"chats/{contact}/typing", {"agent": "ann", "on": False})
    assert list(hub.typing_of(contact)) == []
    await stage.post(f"chats/{contact}/read", {"agent": "ann", "number": 7})
    assert hub.read_of(contact, "agent") == 7
    hub.typing(contact, "customer", on=True)
    hub.read(contact, "customer", 3)
    shown = await stage.get(f"chats/{contact}/lines")
    assert (shown["typing"], shown["read"]) == (["customer"], 3)
    assert stage.house.journal.records[1:] == []


async def test_the_hub_wakes_with_what_the_journal_tells_of_this_contact_alone(
    stage: ChatStage,
) -> None:
    first, second = await stage.house.begins(), await stage.house.begins(WU)
    await stage.project()
    mine, other = stage.web.hub.listen(first), stage.web.hub.listen(second)
    await stage.house.ask("chat write", by=LI, id="1", words="hello")
    await stage.project()
    assert mine.is_set() and not other.is_set()


async def test_who_looks_sees_a_line_that_an_agent_writes_at_once(stage: ChatStage) -> None:
    """The projector does not wait for its next turn when something was done here."""
    contact = await served(stage)
    await stage.project()
    running = asyncio.create_task(stage.web.projector.run())
    try:
        async with asyncio.timeout(5):
            news = stage.web.hub.listen(contact)
            await stage.house.ask(
                "chat say", agent=ANN, contact=contact, id="1", words="are you there?"
            )
            await stage.web.journal.append(stage.house.journal.records[-1:])
            stage.web.hub.told(contact)
            rows = ChatRows(TicketQueries(stage.web.projector._store._database), stage.web.vault)
            while not await rows.told(contact, 2):
                await news.wait()
                news = stage.web.hub.listen(contact)
    finally:
        running.cancel()
