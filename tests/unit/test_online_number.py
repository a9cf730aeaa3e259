"""Who waits and has no mobile number keys one in, or hears a code: they choose."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acd.config import Queue
from acd.events import OfferAnswered
from acd.states import ContactState
from ivr.online_number import (
    ANSWERS,
    FITS,
    FITS_NOT,
    KEYS,
    LONGEST,
    MOST_TRIES,
    SECONDS,
    Ask,
    End,
    then,
)
from tests.fakes_online import ALL_ASKED, ANN, BOB, FIXED, MOBILE, ONE, SUPPORT, OnlineHouse
from tests.logged import carried

KEYED = MOBILE.removeprefix("+86")
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ENGLISH = re.compile(r"[a-z]+")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[OnlineHouse]:
    made = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED))
    await made.begin()
    yield made
    made.running.cancel()


async def asked(house: OnlineHouse, number: str | None = None, language: str = "en") -> None:
    """A caller without a mobile number has accepted, and is asked how."""
    await house.agents(BOB)
    await house.comes(number=number, language=language)
    await house.look()
    await house.says(key="1")


async def keys_in(house: OnlineHouse, keys: str = KEYED) -> None:
    await asked(house)
    await house.says(key="1")
    await house.says(key=keys)


# ---------------------------------------------------------------- the questions, as a table


@pytest.mark.parametrize("ask", Ask)
@pytest.mark.parametrize("answer", ["", "0", "1", "2", "9", "*", FITS, FITS_NOT])
def test_whatever_is_no_answer_leads_to_the_code_and_nothing_goes_round_for_ever(
    ask: Ask, answer: str
) -> None:
    found = then(ask, answer, tries=0)
    assert found == ANSWERS.get((ask, answer), End.CODE)
    if not answer:
        assert found is End.CODE
    assert then(ask, answer, tries=MOST_TRIES) is not Ask.NUMBER


def test_every_question_waits_for_a_while_and_for_as_many_keys_as_its_answer_has() -> None:
    assert KEYS.keys() == SECONDS.keys() == set(Ask)
    assert KEYS[Ask.NUMBER] == 15, "the longest that E.164 knows"


# ---------------------------------------------------------------- the caller


@pytest.mark.parametrize("number", [None, FIXED])
@pytest.mark.parametrize("key", ["", "2", "7"])
async def test_who_has_no_mobile_number_and_does_not_key_one_in_hears_a_code_twice_and_where(
    house: OnlineHouse, number: str | None, key: str
) -> None:
    await asked(house, number)
    assert "To hear a code instead, press two, or just wait" in await house.says(key=key)
    prompt = house.loop.asked[ONE][1]
    assert prompt.personal, "its recording is not kept"
    assert prompt.text.count("help dot example dot com slash chat") == 2
    spoken = re.findall(r"code: ([a-z ,]+)\. Once more: ([a-z ,]+)\.", prompt.text)
    assert spoken and spoken[0][0] == spoken[0][1]
    code = "".join(str(DIGITS.index(word)) for word in ENGLISH.findall(spoken[0][0]))
    assert len(code) == 9
    assert (await house.opens(code)).contact == ONE
    assert code not in f"{house.journal.records}{house.audit.entries}"


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_number_is_read_back_and_who_says_yes_gets_the_link_there(
    house: OnlineHouse, language: str
) -> None:
    await asked(house, FIXED, language)
    key = house.engine.contacts[ONE].order_key
    question = await house.says(key="1")
    assert {"en": "press one, and then enter", "zh": "请按一，然后输入您的手机号码"}[
        language
    ] in question
    assert house.loop.most_keys == 15
    assert {"en": "pound key", "zh": "井号键"}[language] in await house.says(key=KEYED)
    prompt = house.loop.asked[ONE][1]
    read = {"en": "one three eight, zero zero one three", "zh": "幺三八，零零幺三"}[language]
    assert prompt.personal and read in prompt.text
    await house.says(key="1")
    [text] = house.records("TextQueued")
    assert await house.vault.open(text.data["person"], "number") == MOBILE
    assert {"en": "is on its way", "zh": "正在发往"}[language] in house.hears()
    contact = house.engine.contacts[ONE]
    assert (contact.state, contact.order_key) == (ContactState.WAITING, key)


async def test_a_number_that_was_not_understood_is_keyed_in_again(house: OnlineHouse) -> None:
    await keys_in(house, "13900139000")
    assert "one three nine" in await house.says(key="2")
    assert "enter the number" in house.hears().lower()
    await house.says(key=KEYED)
    await house.says(key="1")
    [text] = house.records("TextQueued")
    assert await house.vault.open(text.data["person"], "number") == MOBILE


@pytest.mark.parametrize("keys", ["123", "1085551234", "01085551234", "00447911123456"])
async def test_a_number_that_gets_no_texts_here_is_asked_for_again_three_times_in_all(
    house: OnlineHouse, keys: str
) -> None:
    await asked(house)
    await house.says(key="1")
    for _ in range(MOST_TRIES - 1):
        await house.says(key=keys)
        assert "cannot send a text message to this number" in house.hears()
    await house.says(key=keys)
    assert "enter this code" in house.hears()
    assert house.records("TextQueued") == []


@pytest.mark.parametrize("answers", [(), ("1",), ("1", KEYED)])
async def test_silence_at_any_question_is_a_code_and_no_text(
    house: OnlineHouse, answers: tuple[str, ...]
) -> None:
    await asked(house)
    for keys in answers:
        await house.says(key=keys)
    await house.says(key="")
    assert "enter this code" in house.hears() and house.records("TextQueued") == []


async def test_a_text_beyond_the_limits_is_made_up_for_by_a_code(house: OnlineHouse) -> None:
    await keys_in(house)
    for n in range(3):
        await house.texts.known["text send"](
            {"channel": "sms", "number": MOBILE, "words": "x", "key": str(n)}
        )
    await house.says(key="1")
    assert "has not reached you. Go to" in house.hears() and "enter this code" in house.hears()
    assert len(house.records("TextQueued")) == 3


async def test_an_answer_that_never_comes_is_silence_in_the_end(house: OnlineHouse) -> None:
    await asked(house)
    house.loop.asked.clear()
    await house.look(LONGEST)
    assert "enter this code" in house.hears()


async def test_a_key_in_the_music_asks_once_more_what_was_asked_and_not_answered(
    house: OnlineHouse,
) -> None:
    await asked(house)
    await house.presses()
    assert "press one" in house.hears(), "it was to come anyway"
    request = house.loop.asked[ONE][0]
    await house.presses()
    assert house.loop.asked[ONE][0] == request


async def test_who_is_answered_meanwhile_is_asked_nothing_any_more(house: OnlineHouse) -> None:
    await keys_in(house)
    house.loop.asked.clear()
    await house.agents(ANN)
    offer = house.engine.contacts[ONE].offer
    assert offer
    await house.tell(OfferAnswered(ONE, offer))
    for _ in range(3):
        await house.look(LONGEST)
    assert house.loop.asked == {} and house.book.kept == {}


async def test_a_process_that_dies_meanwhile_asks_again_from_the_beginning(
    house: OnlineHouse,
) -> None:
    await keys_in(house)
    house.loop.asked.clear()
    await house.again()
    await house.look(1.0)
    assert "press one, and then enter" in house.hears()
    await house.says(key="")
    await house.look(1.0)
    assert "enter this code" in house.hears(), "and once only"


async def test_the_number_stands_in_no_journal_audit_outbox_or_log(
    house: OnlineHouse, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    await keys_in(house)
    await house.says(key="1")
    written = f"{house.journal.records}{house.audit.entries}{house.outbox.entries}"
    logged = carried(caplog.records)
    assert house.records("TextQueued")
    for place in (written, logged):
        assert KEYED not in place


async def test_where_no_texts_are_sent_nobody_is_asked_for_a_number(tmp_path: Path) -> None:
    house = OnlineHouse(tmp_path, Queue(SUPPORT, online=ALL_ASKED), text_by=None)
    await house.begin()
    await asked(house)
    assert "enter this code" in house.hears()
    house.running.cancel()
