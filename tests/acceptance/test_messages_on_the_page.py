"""The agents' page in a real browser: a message is accepted, read, answered and closed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="no Selenium: it is no part of the tests' packages here")

from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.select import Select

from ivr.settings import load
from tests.desk_hands import HARM, Hands, browser, complaints
from tests.desk_stage import serving
from tests.fakes_desk import FakeDesk

SAID = {"name": "Li Lei", "number": "+8613800138000", "mail": "li@example.com",
        "words": "My card\nis lost"}  # fmt: skip


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    with browser() as made:
        yield made


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def hands(driver: WebDriver, desk: FakeDesk) -> Iterator[Hands]:
    """Hands at the page that set-up has built."""
    page = load().home / "desk"
    if not (page / "index.html").exists():
        pytest.skip(f"no page in {page}: run ./hotline setup desk")
    with serving(desk, Path(page)) as address:
        complaints(driver)  # those of the test before
        yield Hands(driver, address)
        driver.get("about:blank")  # or it would go on asking


def has(hands: Hands, desk: FakeDesk, **said: str) -> None:
    """Ann has accepted a message."""
    hands.come_to_work()
    desk.message_comes("message-1", time.time() + 3600, **{**SAID, **said})
    hands.press(".row[data-reference=message-1] [data-act=accept]")
    hands.see(".pane.message .message-words")


def test_a_message_stands_in_the_list_with_its_promise_and_says_nothing_before(
    hands: Hands, desk: FakeDesk
) -> None:
    hands.come_to_work()
    desk.message_comes("message-1", time.time() + 3600, **SAID)
    row = hands.see(".row[data-reference=message-1]", "promised by")
    assert "Message" in row.text and "Li Lei" not in row.text
    hands.see(".pane.message", "Accept the message to read it.")
    hands.press("[data-act=accept]")
    hands.see(".message-words", "My card\nis lost")
    hands.see(".pane.message .told", "li@example.com")
    hands.see(".row[data-reference=message-1]", "Li Lei")
    assert ("accept", {"offer": desk.messages["message-1"]["offer"]}) in desk.asked


def test_a_message_that_is_late_says_so(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work()
    desk.message_comes("message-1", time.time() - 60, **SAID)
    hands.see(".row .promised.warn", "late")


def test_it_is_answered_by_text_by_call_and_by_a_note_and_closed(
    hands: Hands, desk: FakeDesk
) -> None:
    has(hands, desk)
    hands.type(".reply textarea", "It is blocked.")
    hands.press("[data-act=answer]")
    hands.see(".answered", "Close the message")
    hands.press(".ways label", "otherwise")
    hands.type(".reply textarea", "And mailed the form")
    hands.press("[data-act=answer]", "Write down")
    hands.press("[data-act=call]")
    desk.needs_disposition = True
    hands.wait(lambda: "call" in desk.deeds(), "the call")
    hands.press("[data-act=close]")
    hands.see(".my-state", "Wrap-up")
    answers = [body for what, body in desk.asked if what == "answers"]
    assert [(one["how"], one["words"]) for one in answers] == [
        ("text", "It is blocked."), ("note", "And mailed the form"),
    ]  # fmt: skip
    assert len({one["id"] for one in answers}) == 2
    hands.press("[data-code=solved]")
    told = ("disposition", {"code": "solved", "contact": "message-1"})
    hands.wait(lambda: told in desk.asked, "what it came to")


def test_an_answer_that_is_refused_stays_in_the_box(hands: Hands, desk: FakeDesk) -> None:
    has(hands, desk)
    hands.type(".reply textarea", "It is blocked.")
    desk.refuses = "3 texts in an hour to one customer are all"
    hands.press("[data-act=answer]")
    hands.see("[data-trouble=refused]", "3 texts in an hour")
    box = hands.see(".reply textarea")
    hands.wait(lambda: box.get_property("value") == "It is blocked.", "the words are back")


def test_a_message_is_handed_on(hands: Hands, desk: FakeDesk) -> None:
    has(hands, desk)
    Select(hands.see("[data-act=transfer-to]")).select_by_value("sales")
    hands.press("[data-act=transfer]")
    hands.wait(lambda: ("transfer", {"agent": "ann", "queue": "sales"}) in desk.asked, "handed on")


@pytest.mark.parametrize("field", ["name", "number", "mail", "words"])
def test_what_means_harm_in_a_message_is_words(hands: Hands, desk: FakeDesk, field: str) -> None:
    has(hands, desk, **{field: "\n".join(HARM)})
    hands.see(".pane.message", HARM[0])
    assert hands.script("return window.harmed") is None
    assert hands.all(".pane.message :is(script, img, svg, iframe, a)") == []
    assert complaints(hands.driver) == []


def test_it_is_told_in_chinese(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work("zh")
    desk.message_comes("message-1", time.time() + 3600, **SAID)
    hands.see(".row[data-reference=message-1]", "承诺")
    hands.press("[data-act=accept]")
    hands.see(".pane.message", "完成并关闭")
