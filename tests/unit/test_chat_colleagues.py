"""A chat is handed on to an agent by name: until they accept nothing changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from acd import events
from acd.model import ContactId
from acd.states import AgentState
from ivr.ports import CoreRefused
from tests.fakes_core_chats import ANN, BEN, LI, ChatHouse


@pytest.fixture
async def house() -> AsyncIterator[ChatHouse]:
    """Ann serves a chat; Ben is ready, with his page open."""
    made = ChatHouse()
    await made.begin()
    await made.agent_comes()
    await made.begins()
    await made.accepts()
    await made.agent_comes(BEN)
    yield made
    made.running.cancel()


def chat_of(house: ChatHouse) -> ContactId:
    [contact] = house.engine.contacts
    return contact


async def asks(house: ChatHouse, to: str = BEN) -> ContactId:
    contact = chat_of(house)
    told = await house.ask("chat transfer", agent=ANN, contact=contact, to_agent=to)
    assert told["state"] == "served"
    return contact


async def served_by(house: ChatHouse) -> str:
    return str((await house.ask("chat state", by=LI))["agent"])


async def test_who_was_asked_has_the_chat_once_they_accept(house: ChatHouse) -> None:
    key = house.contact(chat_of(house)).order_key
    contact = await asks(house)
    [mine] = (await house.ask("chat list", agent=ANN))["chats"]
    assert mine["asked"] == BEN
    await house.ask("chat say", agent=ANN, contact=contact, id="1", words="Ben will see to it.")
    assert await served_by(house) == ANN
    assert await house.accepts(BEN) == contact
    assert await served_by(house) == BEN and house.contact(contact).order_key == key
    assert house.engine.agents[ANN].state is AgentState.WRAP_UP
    assert (await house.ask("chat list", agent=ANN))["chats"] == []
    await house.ask("chat say", agent=BEN, contact=contact, id="1", words="Good day.")
    with pytest.raises(CoreRefused, match="does not serve"):
        await house.ask("chat say", agent=ANN, contact=contact, id="2", words="Bye.")
    said = [line.split(" ", 1)[1] for line in house.lines(contact)]
    assert said[1:] == [
        "house joined", "agent Ben will see to it.", "house joined", "agent Good day.",
    ]  # fmt: skip
    await house.ask("chat close", agent=BEN, contact=contact)
    ended = house.of(contact, "ContactEnded")
    assert [one.data["how"] for one in ended] == ["served"]


@pytest.mark.parametrize("how", ["declines", "rings out", "page gone"])
async def test_whoever_does_not_take_it_leaves_it_where_it_is(house: ChatHouse, how: str) -> None:
    contact = await asks(house)
    [offer] = (await house.ask("chat list", agent=BEN))["offers"]
    if how == "declines":
        await house.ask("chat decline", agent=BEN, offer=offer["offer"])
    elif how == "rings out":
        await house.passes_by(16.0)
    else:
        await house.ask("chat desk", agent=BEN, open=False)
    await house.settled()
    assert (await house.ask("chat list", agent=BEN))["offers"] == []
    [mine] = (await house.ask("chat list", agent=ANN))["chats"]
    assert (mine["contact"], mine["asked"]) == (contact, "")
    assert await served_by(house) == ANN
    if how == "declines":
        await asks(house)  # and may be asked again


async def test_nobody_is_asked_who_cannot_take_it(house: ChatHouse) -> None:
    contact = chat_of(house)
    asked = {"agent": ANN, "contact": contact}
    for to, why in ((ANN, "you serve this chat"), ("zoe", "no agent zoe")):
        with pytest.raises(CoreRefused, match=why):
            await house.ask("chat transfer", **asked, to_agent=to)
    await asks(house)
    for more in ({"to_agent": BEN}, {"queue": "sales"}):
        with pytest.raises(CoreRefused, match="ben is being asked"):
            await house.ask("chat transfer", **asked, **more)
    [offer] = (await house.ask("chat list", agent=BEN))["offers"]
    await house.ask("chat decline", agent=BEN, offer=offer["offer"])
    await house.tell(events.AgentPaused(BEN, "lunch"))
    with pytest.raises(CoreRefused, match="no room"):
        await house.ask("chat transfer", **asked, to_agent=BEN)
    assert await served_by(house) == ANN


@pytest.mark.parametrize("who", ["agent", "customer"])
async def test_a_chat_that_ends_meanwhile_rings_no_longer(house: ChatHouse, who: str) -> None:
    contact = await asks(house)
    [offer] = (await house.ask("chat list", agent=BEN))["offers"]
    if who == "agent":
        await house.ask("chat close", agent=ANN, contact=contact)
    else:
        await house.ask("chat end", by=LI)
    await house.settled()
    with pytest.raises(CoreRefused, match="rings no longer"):
        await house.ask("chat accept", agent=BEN, offer=offer["offer"])
    assert house.engine.agents[BEN].state is AgentState.READY
    assert contact not in house.engine.contacts


async def test_whoever_had_accepted_has_it_after_a_kill_and_whoever_had_not_does_not(
    house: ChatHouse,
) -> None:
    await asks(house)
    await house.again()
    for agent in (ANN, BEN):
        await house.ask("chat desk", agent=agent, open=True)
    assert await served_by(house) == ANN
    contact = await asks(house)
    assert await house.accepts(BEN) == contact
    await house.again()
    assert await served_by(house) == BEN
