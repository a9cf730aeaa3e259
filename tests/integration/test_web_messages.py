"""Messages over HTTP as agents answer them, in front of a core that has them; and on tickets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acd.config import Capacity, Centre, Class, Member, Queue
from tests.fakes_core_chats import ANN, LI, SALES, SUPPORT, ChatHouse
from tests.web_stage import Stage, is_problem, staged

CENTRE = Centre(
    queues={SUPPORT: Queue(SUPPORT, answer_within=3600.0), SALES: Queue(SALES)},
    classes={"standard": Class()},
    agents={ANN: Member(ANN, {SUPPORT: 0.0}, capacity=Capacity(chat=2))},
)
FORM = {"name": "Li Lei", "number": "13800138000", "mail": "", "words": "My card is lost"}


@dataclass
class Core:
    """Answers what is asked of chats and messages, as the core does."""

    house: ChatHouse

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        return await self.house.ask(what, **fields)


@dataclass
class MessageStage:
    """The web process before a core with chats; its journal and vault are the core's."""

    web: Stage
    house: ChatHouse
    seen: int = 0

    async def project(self) -> None:
        """The web process follows the core's journal."""
        fresh = self.house.journal.records[self.seen :]
        self.seen += len(fresh)
        await self.web.journal.append(fresh)
        self.web.vault.fields |= self.house.vault.fields
        await self.web.projector.catch_up()

    async def get(self, path: str) -> Any:
        answer = await self.web.client.get(f"/api/v1/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.web.client.post(f"/api/v1/{path}", json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def left(self) -> str:
        """A message, for which Ann's page rings."""
        chat = await self.house.begins()
        await self.house.ask("chat leave", by=LI, **FORM)
        await self.house.agent_comes()
        await self.project()
        return chat

    async def taken(self) -> str:
        await self.left()
        [message] = (await self.get("agents/ann/chats"))["messages"]
        await self.post(f"agents/ann/chats/{message['offer']}/accept")
        return str(message["contact"])


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[MessageStage]:
    house = ChatHouse(CENTRE)
    await house.begin()
    async with staged(tmp_path, core=Core(house)) as web:
        yield MessageStage(web, house)
    house.running.cancel()


async def test_what_a_message_says_is_shown_to_who_has_accepted_it(stage: MessageStage) -> None:
    await stage.left()
    page = await stage.get("agents/ann/chats")
    [message] = page["messages"]
    assert (page["offers"], page["chats"]) == ([], [])
    assert (message["rings"], message["words"], message["number"]) == (True, None, None)
    assert message["promised_by"] == (await stage.get("messages"))["items"][0]["promised_by"]
    await stage.post(f"agents/ann/chats/{message['offer']}/accept")
    [message] = (await stage.get("agents/ann/chats"))["messages"]
    assert (message["words"], message["name"]) == ("My card is lost", "Li Lei")
    assert (message["number"], message["ways"]) == ("+8613800138000", ["note"])
    [item] = (await stage.get("messages"))["items"]
    assert (item["state"], item["agent"], item["answered"]) == ("served", "ann", False)


async def test_an_answer_is_on_the_ticket_of_the_chat_with_what_was_asked(
    stage: MessageStage,
) -> None:
    contact = await stage.taken()
    body = {"agent": "ann", "id": "1", "how": "note", "words": "Mailed the form"}
    found = [await stage.post(f"messages/{contact}/answers", **body) for _ in range(2)]
    assert [one["new"] for one in found] == [True, False]
    await stage.post(f"messages/{contact}/close", agent="ann")
    await stage.project()
    [ticket] = (await stage.get("tickets"))["items"]
    timeline = (await stage.get(f"tickets/{ticket['id']}/timeline"))["items"]
    told = {event["kind"]: event for event in timeline}
    assert told["message_left"]["text"] == "My card is lost"
    assert (told["message_answered"]["text"], told["message_answered"]["who"]) == (
        "Mailed the form",
        "ann",
    )
    assert told["answer_promised"]["data"]["queue"] == "support"
    kinds = [event["kind"] for event in timeline]
    assert kinds.count("message_left") == kinds.count("message_answered") == 1
    contacts = (await stage.get(f"contacts?ticket={ticket['id']}"))["items"]
    assert {one["channel"] for one in contacts} == {"chat", "message"}


async def test_the_ticket_of_a_message_goes_along_with_a_text(stage: MessageStage) -> None:
    sent: list[Mapping[str, Any]] = []

    async def send(fields: Mapping[str, Any]) -> Mapping[str, Any]:
        sent.append(fields)
        return {"text": "txt_1"}

    stage.house.settings = stage.house.settings.model_copy(update={"text_by": "sms"})
    stage.house.asked["text send"] = send
    await stage.house.again()
    contact = await stage.taken()
    await stage.post(
        f"messages/{contact}/answers", agent="ann", id="1", how="text", words="It is blocked"
    )
    [ticket] = (await stage.get("tickets"))["items"]
    assert sent[0]["ticket"] == ticket["id"]


async def test_who_does_not_have_the_message_is_refused_in_a_sentence(stage: MessageStage) -> None:
    contact = await stage.taken()
    deeds = {"answers": {"id": "1", "how": "note", "words": "x"}, "call": {}, "close": {},
             "transfer": {"queue": "sales"}}  # fmt: skip
    for deed, more in deeds.items():
        asked = {"agent": "ben", **more}
        answer = await stage.web.client.post(f"/api/v1/messages/{contact}/{deed}", json=asked)
        assert is_problem(answer, 409) and "not have this message" in answer.json()["detail"]
    answer = await stage.web.client.post(
        f"/api/v1/messages/{contact}/answers",
        json={"agent": "ann", "id": "1", "how": "pigeon", "words": "x"},
    )
    assert answer.status_code == 422
    assert (await stage.post(f"messages/{contact}/transfer", agent="ann", queue="sales")) == {
        "contact": contact, "state": "waiting",
    }  # fmt: skip
