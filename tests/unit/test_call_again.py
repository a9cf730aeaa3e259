"""A call from the number of somebody who waits online is a hint to agents, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.config import Queue
from acd.model import CHATS, ContactId
from ivr.ports import StoreFailed
from tests.fakes_online import FIXED, ONE, SUPPORT, TWO, OnlineHouse


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[OnlineHouse]:
    made = OnlineHouse(tmp_path, Queue(SUPPORT))
    await made.begin()
    await made.comes()
    issued = await made.questions["pass issue"]({"contact": ONE, "channel": CHATS})
    await made.opens(issued["pass"])
    made.loop.lines.clear()
    yield made
    made.running.cancel()


async def test_the_call_of_who_waits_online_names_that_contact_once(house: OnlineHouse) -> None:
    house.clock.at += 60.0
    await house.comes(TWO)
    before = [house.engine.contacts[id_].order_key for id_ in (ONE, TWO)]
    await house.look()
    await house.look(60.0)
    await house.again()
    await house.look()
    [told] = house.records("AlsoOnline")
    assert (told.contact, told.data) == (TWO, {"online": ONE})
    assert [house.engine.contacts[id_].order_key for id_ in (ONE, TWO)] == before
    assert house.engine.contacts[ONE].channel == CHATS


@pytest.mark.parametrize("number", [None, FIXED])
async def test_another_number_says_nothing(house: OnlineHouse, number: str | None) -> None:
    await house.comes(TWO, number)
    await house.look()
    assert house.records("AlsoOnline") == []


async def test_while_the_journal_cannot_be_read_nothing_is_said_and_nothing_breaks(
    house: OnlineHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> AsyncIterator[None]:
        raise StoreFailed("locked")
        yield

    await house.comes(TWO)
    monkeypatch.setattr(house.journal, "read", fails)
    await house.look()
    monkeypatch.undo()
    await house.look()
    assert len(house.records("AlsoOnline")) == 1


async def test_of_several_chats_with_the_number_each_is_named_once(house: OnlineHouse) -> None:
    """They called twice, and went online from both calls; then they call a third time."""
    await house.comes(TWO)
    issued = await house.questions["pass issue"]({"contact": TWO, "channel": CHATS})
    await house.passes.redeem(issued["pass"], CHATS, "another browser")
    house.loop.lines.clear()
    await house.look()
    third = ContactId("c-3")
    await house.comes(third)
    await house.look()
    await house.again()
    await house.look()
    told = house.records("AlsoOnline")
    assert {(one.contact, one.data["online"]) for one in told} == {(third, ONE), (third, TWO)}
    assert len(told) == 2


async def test_a_call_that_waits_already_is_told_of_a_chat_that_comes_later(
    house: OnlineHouse,
) -> None:
    third = ContactId("c-3")
    await house.comes(third)
    await house.look()
    await house.comes(TWO)
    issued = await house.questions["pass issue"]({"contact": TWO, "channel": CHATS})
    await house.passes.redeem(issued["pass"], CHATS, "another browser")
    await house.look()
    named = [one.data["online"] for one in house.records("AlsoOnline") if one.contact == third]
    assert named == [ONE, TWO]
