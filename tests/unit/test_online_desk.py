"""Waiting callers are offered the chat where it is better, and by the key they get a way there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.config import Queue
from acd.events import OfferAnswered, TimePassed
from acd.model import CALLS, CHATS
from acd.states import ContactState
from ivr.online_desk import AGAIN_SECONDS
from ivr.passes import Form
from ivr.ports import Origin
from tests.fakes_online import (
    AFTER_A_MINUTE,
    ALL_ASKED,
    ANN,
    BOB,
    MOBILE,
    ONE,
    SUPPORT,
    TWO,
    OnlineHouse,
)
from tests.logged import carried

LINK = re.compile(r"https://help\.example\.com/chat#([A-Za-z0-9_-]{22})$")
KEYED = """
first: person
steps:
  person: {do: queue, say: {zh: 按1。, en: Press 1.}, keys: {"1": note}}
  note: {do: say, say: {zh: 好。, en: Well.}, then: other}
  other: {do: queue}
"""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[OnlineHouse]:
    made = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED))
    await made.begin()
    yield made
    made.running.cancel()


async def offered(house: OnlineHouse, number: str | None = MOBILE) -> None:
    """Nobody talks, Bob chats, a caller is asked."""
    await house.agents(BOB)
    await house.comes(number=number)
    await house.look()
    assert "press 1" in house.hears()


async def accepted(house: OnlineHouse) -> None:
    """A text is on its way."""
    await offered(house)
    await house.says()
    await house.presses()
    assert "is on its way" in await house.says()


# ---------------------------------------------------------------- the offer


async def test_a_caller_whom_nobody_can_talk_with_is_offered_the_chat_once(
    house: OnlineHouse,
) -> None:
    await offered(house)
    said = await house.says()
    assert "cannot serve you on the phone" in said and "in our chat" in said
    for _ in range(5):
        await house.look(200.0)
    assert house.hears() == ""
    [told] = house.records("OnlineOffered")
    assert told.data == {"phone": None, "online": 0.0, "times": 1}


async def test_both_waits_are_said_where_the_chat_is_really_faster(house: OnlineHouse) -> None:
    house.many_talks()
    await house.agents(ANN, BOB)
    for number in range(5):
        await house.comes(type(ONE)(f"c-0{number}"), number=None)
    await house.comes(language="zh")
    await house.look()
    assert re.match("电话等待大约.*分钟，网上聊天等待大约一分钟", house.hears())


async def test_nobody_is_offered_a_chat_that_nobody_serves(house: OnlineHouse) -> None:
    await house.comes()
    await house.look()
    await house.look(60.0)
    assert house.hears() == ""


async def test_a_class_that_is_never_asked_is_asked_only_when_the_phone_cannot_serve(
    house: OnlineHouse,
) -> None:
    house.many_talks()
    await house.agents(ANN, BOB)
    for number in range(5):
        await house.comes(type(ONE)(f"c-0{number}"), number=None, class_="vip")
    await house.comes(class_="vip")
    await house.look()
    assert house.hears() == ""


async def test_an_overflow_rule_to_chat_offers_when_it_holds_and_moves_nobody(
    tmp_path: Path,
) -> None:
    house = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED, overflow=(AFTER_A_MINUTE,)))
    await house.begin()
    await house.agents(BOB)
    await house.comes()
    await house.look()
    assert house.hears() == ""
    house.clock.at += 60.0
    await house.tell(TimePassed())
    await house.look()
    assert "press 1" in house.hears()
    assert house.engine.contacts[ONE].channel == CALLS
    house.running.cancel()


async def test_a_queue_that_says_nothing_of_it_offers_nothing(tmp_path: Path) -> None:
    house = OnlineHouse(tmp_path, Queue(SUPPORT))
    await house.begin()
    await house.agents(BOB)
    await house.comes()
    await house.look()
    await house.look(60.0)
    await house.presses()
    assert house.hears() == "" and house.book.kept == {}
    house.running.cancel()


async def test_where_the_key_leads_elsewhere_nothing_is_offered(tmp_path: Path) -> None:
    house = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED), flow=KEYED)
    await house.begin()
    await house.agents(BOB)
    await house.comes()
    await house.look()
    await house.look(60.0)
    assert house.hears() == ""
    house.running.cancel()


async def test_who_came_by_the_plain_menu_is_asked_like_anybody(house: OnlineHouse) -> None:
    await house.agents(BOB)
    await house.comes()
    house.loop.lines[ONE] = Origin("4000", "")
    await house.look()
    assert "press 1" in house.hears()


async def test_an_offer_that_an_announcement_has_displaced_is_asked_for_again(
    house: OnlineHouse,
) -> None:
    await offered(house)
    lost = house.loop.asked.pop(ONE)
    await house.look(10.0)
    assert house.loop.asked[ONE] == lost, "under the same id: nobody hears it twice"


async def test_what_was_offered_is_known_after_a_restart(house: OnlineHouse) -> None:
    await offered(house)
    await house.says()
    await house.again()
    await house.look(60.0)
    assert house.hears() == ""
    await house.presses()
    assert "text message" in house.hears()


# ---------------------------------------------------------------- the key


async def test_the_key_sends_a_link_in_the_callers_words_and_keeps_the_place(
    house: OnlineHouse,
) -> None:
    await offered(house)
    key = house.engine.contacts[ONE].order_key
    await house.says(key="1")
    await house.presses("5")
    await house.look()
    assert "text message with a link is on its way" in house.hears()
    assert "stay on the line" in house.hears()
    words = await house.text()
    assert "your place in line is kept" in words and LINK.search(words)
    contact = house.engine.contacts[ONE]
    assert (contact.state, contact.order_key) == (ContactState.WAITING, key)
    secret = LINK.search(words)
    assert secret and (await house.opens(secret[1])).contact == ONE
    assert house.engine.contacts[ONE].channel == CHATS


async def test_the_secret_and_the_number_stand_in_no_journal_audit_or_log(
    house: OnlineHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await offered(house)
    await house.says(key="1")
    await house.presses()
    secret = LINK.search(await house.text())
    assert secret
    written = f"{house.journal.records}{house.audit.entries}{house.outbox.entries}{caplog.records}"
    assert secret[1] not in written and MOBILE not in written
    logged = carried(caplog.records)
    assert secret[1] not in logged and MOBILE not in logged


async def test_who_presses_again_hears_how_it_stands_and_never_gets_a_second_text(
    house: OnlineHouse,
) -> None:
    await accepted(house)
    await house.presses()
    assert "is on its way" in await house.says()
    await house.text_becomes("sent")
    await house.look(1.0)
    await house.presses()
    assert "We have sent you a text message" in await house.says()
    house.clock.at += AGAIN_SECONDS
    await house.presses()
    assert "enter this code" in await house.says()
    assert len(house.records("TextQueued")) == 1


async def test_a_code_is_repeated_as_it_was_and_after_a_while_there_is_a_new_one(
    house: OnlineHouse,
) -> None:
    await offered(house, number=None)
    await house.says()
    await house.presses()
    await house.says(key="2")
    first = await house.says()
    await house.presses()
    assert await house.says() == first and len(house.records("PassIssued")) == 1
    house.clock.at += AGAIN_SECONDS
    await house.presses()
    assert await house.says() != first and len(house.records("PassIssued")) == 2


@pytest.mark.parametrize("more", [{"allow": ["+44"]}, {"per_day": 1}])
async def test_a_number_that_gets_no_text_hears_a_code(
    house: OnlineHouse, more: dict[str, object]
) -> None:
    house.entry = {**house.entry, **more}
    await house.begin()
    if "per_day" in more:
        await house.texts.known["text send"]({"channel": "sms", "number": MOBILE, "words": "x"})
    await offered(house)
    await house.says()
    await house.presses()
    assert "enter this code" in house.hears()


async def test_without_a_channel_for_texts_a_code_is_spoken(tmp_path: Path) -> None:
    house = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED), text_by=None)
    await house.begin()
    await offered(house)
    await house.says()
    await house.presses()
    assert "enter this code" in house.hears()
    house.running.cancel()


async def test_where_no_pass_can_be_made_the_caller_hears_so_and_waits_on(
    house: OnlineHouse,
) -> None:
    await offered(house)
    await house.says()
    house.book.failing = "disk full"
    await house.presses()
    assert "not possible just now" in house.hears()
    house.book.failing = ""
    await house.says()
    await house.presses()
    assert "text message" in house.hears()


async def test_a_key_of_somebody_who_was_offered_nothing_does_nothing(house: OnlineHouse) -> None:
    await house.agents(ANN, BOB)
    await house.comes()
    await house.comes(TWO)
    await house.look(60.0)
    await house.presses(contact=TWO)
    await house.presses()
    assert house.book.kept == {} and house.loop.asked == {}


async def test_a_caller_who_hangs_up_before_redeeming_keeps_the_place_for_the_pass(
    house: OnlineHouse,
) -> None:
    await offered(house)
    entered = house.engine.contacts[ONE].entered_at
    await house.says()
    await house.presses()
    secret = LINK.search(await house.text())
    await house.text_becomes("sent")
    await house.hangs_up()
    await house.look(800.0)
    assert secret
    done = await house.opens(secret[1])
    kept = house.engine.contacts[done.contact]
    assert (kept.channel, kept.entered_at) == (CHATS, entered)


async def test_the_pass_of_a_text_is_a_link_and_its_deed_is_in_the_audit(
    house: OnlineHouse,
) -> None:
    await offered(house)
    await house.says()
    await house.presses()
    assert [one.form for one in house.book.kept.values()] == [Form.LINK]
    assert {"pass issue", "send text"} == {deed.action for deed in house.audit.entries}
    [told] = house.records("OnlineAccepted")
    [text] = house.records("TextQueued")
    assert told.data == {"by": "text", "text": text.data["effect"], "to": text.data["person"]}
    assert house.journal.records.index(told) < house.journal.records.index(text)


async def test_who_was_answered_before_the_offer_was_said_hears_none_after_the_talk(
    house: OnlineHouse,
) -> None:
    await offered(house)
    house.loop.asked.clear()
    await house.agents(ANN)
    offer = house.engine.contacts[ONE].offer
    assert offer
    await house.tell(OfferAnswered(ONE, offer))
    await house.presses()
    for _ in range(3):
        await house.look(10.0)
    assert house.loop.asked == {} and house.book.kept == {}
