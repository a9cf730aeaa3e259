"""`kill -9` while a flow asks in a chat: it goes on in its step, nothing is said or done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acd.states import ContactState
from ivr import chat_flow
from tests.fakes_chat_flow import AskedHouse
from tests.fakes_core_chats import LI
from tests.unit.test_chat_flow import CARD, NUMBER, ORDER, ORDERS

LINES = ("1", "what?", "4711", "yes")
TOLD = [
    "Welcome.", "What is it about?", "Your order number?",
    "An order number has four digits.\nYour order number?",
    "It comes on 5 March 2026, CNY 12.50.", "Do you need a person?",
]  # fmt: skip
MOMENTS = 160
"""More turns of the loop than the whole conversation takes, begin to end."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_flow, "AGAIN_SECONDS", 0.0)


async def customer(house: AskedHouse) -> None:
    """Begins, and writes each line once the one before is delivered; asked again, the same."""
    await house.begins()
    for number, words in enumerate(LINES):
        await house.ask("chat write", by=LI, id=f"line {number}", words=words)


@pytest.mark.parametrize("turns", range(0, MOMENTS, 3))
async def test_a_walk_that_was_killed_at_any_moment_comes_to_the_same_end(
    tmp_path: Path, turns: int
) -> None:
    house = AskedHouse(ORDERS, tmp_path, o4711=ORDER)
    await house.begin()
    page = asyncio.create_task(customer(house))
    for _ in range(turns):
        await asyncio.sleep(0)
    page.cancel()
    await house.again()
    await customer(house)  # the page asks for the same once more
    await house.comes_to("waiting")
    [contact] = house.chats.lines.book.chats
    assert [line for line in house.told(contact) if not line.startswith("(")] == TOLD
    assert house.written(contact) == [*LINES]
    assert house.contact(contact).queue == "sales"
    assert len({key for _, key in house.shop.asked}) == 1
    assert len(house.of(contact, "Arrived")) == len(house.of(contact, "ChatHandedOver")) == 1
    assert house.collected(contact)[:1] == ["order: 4711"]
    house.stop()


async def test_a_lookup_that_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    house = AskedHouse(ORDERS, tmp_path, o4711=ORDER)
    await house.begin()
    contact = await house.begins()
    await house.writes("1")
    await house.writes("4711")
    await house.says(contact, "Do you need a person?")
    for _ in range(3):
        await house.again()
        assert (await house.asked_now())["options"] != []
    await house.writes("yes")
    await house.comes_to("waiting")
    assert len(house.shop.asked) == 1
    assert house.collected(contact) == ["order: 4711", "day: 2026-03-05", "price: 12.50 CNY"]
    assert len(house.told(contact)) == len(set(house.told(contact)))
    house.stop()


async def test_a_lookup_that_was_under_way_is_asked_again_under_the_same_key(
    tmp_path: Path,
) -> None:
    house = AskedHouse(ORDERS, tmp_path, o4711=ORDER)
    house.shop.holds = asyncio.Event()
    await house.begin()
    contact = await house.begins()
    await house.writes("1")
    await house.writes("4711")
    await house.says(contact, "Your order number?")
    await house.settled()
    await house.again()
    house.shop.holds.set()
    await house.says(contact, "Do you need a person?")
    [first, second] = house.shop.asked
    assert first == second
    house.stop()


async def test_silence_that_was_told_counts_once(tmp_path: Path) -> None:
    house = AskedHouse(ORDERS, tmp_path)
    await house.begin()
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    await house.is_silent(61)
    await house.says(contact, "(unanswered)", "What is it about?")
    before = house.told(contact)
    await house.again()
    await house.ask("chat here", by=LI)
    assert house.told(contact) == before
    await house.is_silent(61)
    await house.comes_to("waiting")
    assert house.told(contact)[len(before) :] == ["(unanswered)", "One moment.", "(waiting)"]
    house.stop()


async def test_a_secret_that_died_with_the_process_is_asked_for_once_more(tmp_path: Path) -> None:
    house = AskedHouse(CARD, tmp_path)
    await house.begin()
    contact = await house.begins()
    await house.says(contact, "Your card number?")
    line = next(iter(house.chats.flow._asked.values()))
    line.heard = lambda number, words: None  # type: ignore[method-assign]
    await house.writes(NUMBER)
    await house.again()
    await house.says(contact, "Your card number?", "(again)")
    assert (await house.asked_now())["secret"] is True
    await house.writes(NUMBER)
    await house.says(contact, "Which branch?")
    house.stop()


async def test_a_flow_that_is_gone_from_the_settings_leaves_its_chats_in_line(
    tmp_path: Path,
) -> None:
    house = AskedHouse(ORDERS, tmp_path)
    await house.begin()
    contact = await house.begins()
    await house.says(contact, "What is it about?")
    house.settings = house.settings.model_copy(update={"flow": None})
    await house.again()
    await house.comes_to("waiting")
    assert house.contact(contact).state is ContactState.WAITING
    house.stop()
