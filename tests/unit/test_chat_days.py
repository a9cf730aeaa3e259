"""Random days of chats: many at once, agents who come and go, kills. Nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import Any

import pytest

from acd import events
from acd.model import CHATS, AgentId, ContactId
from acd.states import ContactState, ForbiddenMove
from ivr.chats import ChatBook, ChatState
from ivr.ports import CoreRefused
from tests.fakes_core_chats import ANN, BEN, TWO_CHATS, ChatHouse, by_of

AGENTS = (ANN, BEN)
STEPS = 120
MOST = 9


class Day:
    """Customers and agents who do something at random, several in one instant."""

    def __init__(self, seed: int) -> None:
        self.dice, self.house = Random(seed), ChatHouse()
        self.came = 0
        self.written: Counter[str] = Counter()
        """Ids of lines that were answered as written, by contact and id."""

    # ---------------------------------------------------------------- what may happen

    async def somebody_comes(self) -> None:
        if len(self.house.chats.lines.book.open) < MOST:
            self.came += 1
            await self.house.begins(by_of(str(self.came)))

    async def a_caller_comes_by_pass(self) -> None:
        if len(self.house.chats.lines.book.open) < MOST:
            self.came += 1
            by = by_of(str(self.came))
            phone = await self.house.calls(f"ast-{self.came}")
            secret = await self.house.pass_for(phone)
            await self.house.ask("chat join", by=by, **{"pass": secret})

    async def a_customer_writes(self) -> None:
        by = self._customer()
        id_ = str(self.dice.randrange(40))
        said = await self.house.ask("chat write", by=by, id=id_, words=f"words {id_}")
        self.written[f"{said['contact']} customer {id_}"] += said["new"]

    async def an_agent_writes(self) -> None:
        agent, chat = await self._served()
        id_ = str(self.dice.randrange(40))
        asked = {"agent": agent, "contact": chat, "id": id_, "words": f"answer {id_}"}
        said = await self.house.ask("chat say", **asked)
        self.written[f"{chat} {agent} {id_}"] += said["new"]

    async def a_page_comes_or_goes(self) -> None:
        what = self.dice.choice(["chat here", "chat here", "chat away"])
        await self.house.ask(what, by=self._customer())

    async def a_customer_ends_it(self) -> None:
        await self.house.ask("chat end", by=self._customer())

    async def an_agent_is_asked_to_answer(self) -> None:
        agent = self.dice.choice(AGENTS)
        rings = (await self.house.ask("chat list", agent=agent))["offers"]
        for offer in rings:
            what = self.dice.choice(["chat accept"] * 4 + ["chat decline"])
            await self.house.ask(what, agent=agent, offer=offer["offer"])

    async def an_agent_closes(self) -> None:
        agent, chat = await self._served()
        await self.house.ask("chat close", agent=agent, contact=chat)

    async def an_agent_transfers(self) -> None:
        agent, chat = await self._served()
        queue = self.dice.choice(["sales", "support"])
        await self.house.ask("chat transfer", agent=agent, contact=chat, queue=queue)

    async def a_desk_opens_or_closes(self) -> None:
        agent, is_open = self.dice.choice(AGENTS), self.dice.random() < 0.8
        await self.house.ask("chat desk", agent=agent, open=is_open)

    async def an_agent_works(self) -> None:
        agent = self.dice.choice(AGENTS)
        asked = self.dice.choice([events.AgentReady, events.AgentReady, events.AgentPaused])
        await self.house.tell(asked(agent))

    async def the_link_changes(self) -> None:
        await self.house.link_up(self.dice.random() < 0.5)

    async def a_contact_goes_back_to_the_telephone(self) -> None:
        waiting = [c.id for c in self.house.engine.contacts.values() if c.channel == CHATS]
        if waiting and self.dice.random() < 0.3:
            await self.house.tell(events.Moved(self.dice.choice(waiting), "voice", waits=True))

    def _customer(self) -> str:
        return by_of(str(self.dice.randint(1, max(self.came, 1))))

    async def _served(self) -> tuple[AgentId, ContactId]:
        agent = self.dice.choice(AGENTS)
        chats = (await self.house.ask("chat list", agent=agent))["chats"]
        if not chats:
            raise CoreRefused("nobody to serve")
        return agent, ContactId(self.dice.choice(chats)["contact"])

    # ---------------------------------------------------------------- the day

    async def goes_by(self) -> None:
        await self.house.begin()
        for agent in AGENTS:
            await self.house.agent_comes(agent)
        deeds: list[Any] = [
            self.somebody_comes, self.a_caller_comes_by_pass, self.a_customer_writes,
            self.a_customer_writes, self.an_agent_writes, self.a_page_comes_or_goes,
            self.a_customer_ends_it, self.an_agent_is_asked_to_answer,
            self.an_agent_is_asked_to_answer, self.an_agent_closes, self.an_agent_transfers,
            self.a_desk_opens_or_closes, self.an_agent_works, self.the_link_changes,
            self.a_contact_goes_back_to_the_telephone,
        ]  # fmt: skip
        for _ in range(STEPS):
            chosen = self.dice.choices(deeds, k=self.dice.randint(1, 4))
            for refused in await asyncio.gather(*(d() for d in chosen), return_exceptions=True):
                if isinstance(refused, BaseException):
                    assert isinstance(refused, CoreRefused | ForbiddenMove), refused
            await self.house.passes_by(self.dice.choice([0.0, 0.5, 4.0, 16.0, 40.0]))
            self.look()
            if self.dice.random() < 0.04:
                await self.dies()
        await self.ends_well()

    async def dies(self) -> None:
        """Who waited waits, who was served is served, with every line: a start knows it all."""
        before = await self.states()
        await self.house.again()
        after = await self.states()
        rang = {ChatState.OFFERED: ChatState.WAITING}
        assert after == {by: rang.get(state, state) for by, state in before.items()}
        for agent in AGENTS:
            await self.house.ask("chat desk", agent=agent, open=self.dice.random() < 0.8)

    async def states(self) -> dict[str, ChatState]:
        pages = [by_of(str(number + 1)) for number in range(self.came)]
        return {by: ChatState(await self.house.state(by)) for by in pages}

    async def ends_well(self) -> None:
        """Everybody is there again: all who still chat are served."""
        for agent in AGENTS:
            await self.house.ask("chat desk", agent=agent, open=True)
        for _ in range(200):
            for number in range(self.came):
                await self.house.ask("chat here", by=by_of(str(number + 1)))
            await asyncio.gather(*(self._serves_all(agent) for agent in AGENTS))
            await self.house.passes_by(11.0)
            self.look()
            if not self.house.chats.lines.book.open:
                break
        assert set((await self.states()).values()) <= {ChatState.OVER}
        chats = [c for c in self.house.engine.contacts.values() if c.channel == CHATS]
        assert not chats, chats

    async def _serves_all(self, agent: AgentId) -> None:
        state = self.house.engine.agents[agent].state
        if state == "not ready":
            await self.house.tell(events.AgentReady(agent))
        for offer in (await self.house.ask("chat list", agent=agent))["offers"]:
            await self.house.ask("chat accept", agent=agent, offer=offer["offer"])
        for chat in (await self.house.ask("chat list", agent=agent))["chats"]:
            await self.house.ask("chat close", agent=agent, contact=chat["contact"])

    # ---------------------------------------------------------------- what must hold

    def look(self) -> None:
        engine, book = self.house.engine, self.house.chats.lines.book
        said = [one for one in self.house.journal.records if one.kind == "ChatSaid"]
        for chat in book.chats.values():
            numbers = [one.data["number"] for one in said if one.contact == chat.contact]
            assert numbers == list(range(1, len(numbers) + 1)), "a gap, or twice"
            assert chat.last == len(numbers)
        assert max(self.written.values(), default=0) <= 1, "written twice for one id"
        assert len(said) == len({one.data["effect"] for one in said})
        for chat in book.open.values():
            contact = engine.contacts.get(chat.contact)
            assert contact and contact.channel == CHATS, "open, and nowhere"
            if contact.state is ContactState.TALKING:
                assert contact.offer and engine.offers[contact.offer].answered_at is not None
        for agent in AGENTS:
            mine = [work for work in engine.agents[agent].works.values() if work.medium == CHATS]
            assert len(mine) <= TWO_CHATS.chat
        assert self.house.rung == [], "a telephone rang"
        rebuilt = ChatBook()
        for record in self.house.journal.records:
            rebuilt.learn(record)
        assert rebuilt.chats == book.chats and rebuilt.open == book.open


@pytest.mark.parametrize("seed", range(6))
async def test_a_day_of_chats_loses_nothing_and_doubles_nothing(seed: int) -> None:
    day = Day(seed)
    try:
        await asyncio.wait_for(day.goes_by(), 100)
    finally:
        day.house.running.cancel()
