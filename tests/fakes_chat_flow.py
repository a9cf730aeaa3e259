"""Chats on memory stores that a flow asks first, and the systems that this flow asks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acd.model import ContactId, Seconds
from ivr.chat_flow import Walks
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.ports import CallFacts, EffectKey, NotThere
from tests.fakes_calls import HOURS, flow_of
from tests.fakes_core_chats import LI, ChatHouse

TURNS = 200
"""So many turns of the loop nothing that is settled takes."""


@dataclass
class Shop:
    """`ivr.ports.Lookups` that knows orders. `holds`: it answers when that is set."""

    orders: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    asked: list[tuple[str, EffectKey]] = field(default_factory=list)
    holds: asyncio.Event | None = None

    async def get(self, service: str, question: str, seconds: Seconds, key: EffectKey) -> Any:
        self.asked.append((question, key))
        if self.holds:
            await self.holds.wait()
        number = question.rpartition("/")[2]
        if number not in self.orders:
            raise NotThere
        return dict(self.orders[number])


class OneFlow:
    """`ivr.chat_flow.Walked` with one flow in force; `fails` is raised in its place."""

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.fails: Exception | None = None

    @asynccontextmanager
    async def walking(self, facts: CallFacts) -> AsyncIterator[Flow]:
        if self.fails:
            raise self.fails
        yield self.flow


class AskedHouse(ChatHouse):
    """A core whose chats a flow asks first; `begin` it."""

    def __init__(self, text: str, folder: Path, **orders: Mapping[str, str]) -> None:
        super().__init__()
        self.shop = Shop({name.removeprefix("o"): values for name, values in orders.items()})
        self.flows = OneFlow(flow_of(text, folder))
        neighbours = Neighbours(lookups=self.shop, seals=self.vault)
        self.walks = Walks(self.flows, lambda: HOURS, neighbours)
        self.settings = self.settings.model_copy(update={"flow": "test", "answer_seconds": 60.0})
        self._ids = 0

    def stop(self) -> None:
        self.chats.flow.stop()
        self.running.cancel()

    async def says(self, contact: ContactId, *lines: str) -> None:
        """Wait until the conversation ends with these lines of the house's."""
        for _ in range(TURNS):
            if self.told(contact)[-len(lines) :] == [*lines]:
                return
            await asyncio.sleep(0)
        raise AssertionError(self.told(contact))

    async def comes_to(self, state: str, by: str = LI) -> None:
        """Wait until the chat stands so, and nothing more happens by itself."""
        for _ in range(TURNS):
            if await self.state(by) == state:
                await self.settled()
                return
            await asyncio.sleep(0)
        raise AssertionError(await self.state(by))

    async def writes(self, words: str, by: str = LI, **more: str) -> Mapping[str, Any]:
        self._ids += 1
        asked = {"by": by, "id": f"line {self._ids}", "words": words, **more}
        return await self.ask("chat write", **asked)

    async def is_silent(self, seconds: float) -> None:
        """Time passes for somebody whose page is there."""
        self.chats.flow.look(self.clock.at)
        self.clock.at += seconds
        self.chats.flow.look(self.clock.at)

    async def asked_now(self, by: str = LI) -> Mapping[str, Any]:
        """What the page shows of the question that is open."""
        found: Mapping[str, Any] = (await self.ask("chat state", by=by))["asked"]
        return found

    def told(self, contact: ContactId) -> list[str]:
        """What the house has said, in order: words, or the phrase in brackets."""
        said = [one.data for one in self.of(contact, "ChatSaid") if one.data["who"] == "house"]
        return [
            f"({data['phrase']})"
            if data.get("phrase")
            else self.vault.fields[data["person"]][f"chat {data['effect']}"]
            for data in said
        ]

    def written(self, contact: ContactId) -> list[str]:
        """The customer's words, as they are kept."""
        said = [one.data for one in self.of(contact, "ChatSaid") if one.data["who"] == "customer"]
        return [self.vault.fields[data["person"]][f"chat {data['effect']}"] for data in said]

    def trail(self, contact: ContactId) -> list[str]:
        """The steps that were taken, with their outcomes."""
        taken = [one.data for one in self.of(contact, "StepTaken")]
        return [f"{data['step']}:{data['outcome']}" for data in taken]

    def collected(self, contact: ContactId) -> list[str]:
        """What the agent is told of values."""
        told = [one.data for one in self.of(contact, "ValuesTold")]
        fields = [self.vault.fields[data["person"]][f"values {data['effect']}"] for data in told]
        return [line for field in fields for line in field.splitlines()]
