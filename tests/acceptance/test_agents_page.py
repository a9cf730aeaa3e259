"""The agents' page in a real browser: from signing in to wrap-up, with lines that break and
customers who mean harm. The API behind it is a fake; gate and policy are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="no Selenium: it is no part of the tests' packages here")

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.select import Select

from ivr.settings import load
from tests.desk_hands import HARM, Hands, browser, complaints, served
from tests.desk_stage import serving
from tests.fakes_desk import FakeDesk

BOX = ".reply textarea"


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


# ---- who sits here


def test_a_wrong_token_is_said_kindly_and_the_right_one_stays_in_the_tab(hands: Hands) -> None:
    hands.open()
    hands.sign_in("wrong")
    hands.see("[role=alert]", "not the right one")
    hands.see("#token").clear()
    hands.sign_in()
    hands.press("[data-agent=ann]")
    hands.see(".my-state", "Logged off")
    assert len(hands.script("return Object.keys(sessionStorage)")) == 2
    assert hands.script("return Object.keys(localStorage)") == ["hotline.language"]
    hands.press("[data-act=leave]")
    hands.see("#token")
    assert hands.script("return sessionStorage.length") == 0


def test_the_day_begins_with_the_queues_that_are_wanted(hands: Hands, desk: FakeDesk) -> None:
    hands.open()
    hands.sign_in()
    hands.press("[data-agent=ann]")
    hands.press("input[value=sales]")
    hands.press("[data-act=login]")
    hands.see(".my-state", "Ready")
    assert desk.asked == [("login", {"queues": ["support"], "ready": True})]
    hands.wait(lambda: desk.page_open, "the page never said that it is open")
    hands.press("[data-act=pause]")
    hands.press(".why-break button", "Lunch")
    hands.see(".my-state", "Not ready")
    assert desk.asked[-1] == ("pause", {"reason": "Lunch"})
    hands.press("[data-act=ready]")
    hands.press("[data-act=logout]")
    hands.see(".log-in")
    hands.press("[data-act=leave]")
    hands.wait(lambda: not desk.page_open, "the page never said that it is closed")


# ---- contacts


def test_a_chat_that_rings_says_why_and_is_accepted(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work()
    desk.write("chat-1", "customer", "My card is gone.")
    desk.chat_comes("chat-1")
    row = hands.see(".row.rings")
    told = (
        "Chat",
        "Li Lei",
        "support",
        "vip",
        "left",
        "first in order",
        "waited 3:12",
        "start 1:30",
    )
    for words in told:
        assert words in row.text
    hands.wait(lambda: hands.driver.title.startswith("● (1)"), "the title says nothing")
    spoken = "return document.querySelector('[aria-live=assertive]').textContent"
    assert "A new chat in support" in hands.script(spoken)
    hands.press("[data-act=accept]")
    hands.see(".line.customer .words", "My card is gone.")
    hands.wait(lambda: "●" not in hands.driver.title, "the title rings on")
    hands.see(".my-state", "Serving")
    assert desk.deeds()[:2] == ["login", "accept"]


def test_a_chat_that_is_declined_is_gone(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work()
    desk.chat_comes("chat-1")
    hands.press("[data-act=decline]")
    hands.see_no(".row")
    assert desk.deeds() == ["login", "decline"]


def test_a_call_is_taken_on_the_telephone(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work()
    desk.call_comes("ast-1")
    assert "Pick it up on your phone" in hands.see(".row.rings").text
    hands.see(".call-sheet", "Pick it up on your phone")
    assert hands.all("[data-act=accept]") == []


def test_all_channels_stand_in_one_list_what_rings_first(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    desk.call_comes("ast-1")
    hands.see(".row.rings")
    assert [row.get_dom_attribute("data-reference") for row in hands.all(".row")] == [
        "ast-1",
        "chat-1",
    ]


def test_what_was_said_on_the_telephone_is_there(hands: Hands, desk: FakeDesk) -> None:
    desk.was("chat-1", "call_started", dialled="4000")
    desk.was("chat-1", "step_taken", step="menu", outcome="1")
    desk.was("chat-1", "values_told", "order: 20771\ncard: 4411", values=["order", "card"])
    desk.was("chat-1", "pass_redeemed", channel="chat")
    served(hands, desk)
    side = hands.see(".side", "20771")
    for words in ("order", "4411", "Called 4000", "menu: 1", "Went on in chat"):
        assert words in side.text


def test_a_pass_that_was_redeemed_after_the_call_brings_the_call_along(
    hands: Hands, desk: FakeDesk
) -> None:
    """The caller hung up, wrote, lost the page, and came by another pass: three contacts."""
    desk.was("c-1", "call_started", dialled="4000")
    desk.was("c-1", "values_told", "order: 20771\ncard: 1", values=["order", "card"])
    desk.was("c-1", "caller_proved", level="pin")
    desk.was("c-2", "pass_redeemed", channel="chat", level="no", of="c-1")
    desk.was("c-2", "chat_said", "It was <b>blue</b>.", number=1, who="customer")
    desk.was("c-2", "values_told", "card: 4411", values=["card"])
    desk.was("chat-1", "pass_redeemed", channel="chat", level="no", of="c-2")
    desk.before |= {"chat-1": "c-2", "c-2": "c-1", "c-1": "c-2"}  # nobody reads in circles
    served(hands, desk)
    assert hands.see(".told").text.split() == ["order", "20771", "card", "4411"]
    story = hands.see(".story").text
    for words in ("Called 4000", "Customer: It was <b>blue</b>.", "Proved who they are: pin"):
        assert words in story
    assert story.index("Called 4000") < story.index("It was") < story.rindex("Went on in chat")
    assert hands.all(".story .written b") == []
    assert "Nothing here proves" in hands.see(".proved.warn[data-level=no]").text


def test_of_who_is_erased_nothing_that_they_said_is_there(hands: Hands, desk: FakeDesk) -> None:
    desk.was("c-1", "call_started", dialled="4000")
    desk.was("c-1", "values_told", None, values=["order"])
    desk.was("c-1", "chat_said", None, number=1, who="customer")
    desk.was("chat-1", "pass_redeemed", channel="chat", level="no", of="c-1")
    desk.before["chat-1"] = "c-1"
    served(hands, desk)
    assert hands.see(".story", "Called 4000").text.count("\n") <= 3
    assert hands.all(".told") == [] and hands.all(".story .written") == []


def test_what_was_written_before_the_call_is_there_for_who_talks(
    hands: Hands, desk: FakeDesk
) -> None:
    desk.was("c-1", "chat_said", "Please call me.", number=1, who="customer")
    desk.was("c-1", "caller_proved", level="pin")
    hands.come_to_work()
    desk.call_comes("c-1")
    hands.see(".story .written", "Please call me.")
    assert "by a PIN" in hands.see(".proved[data-level=pin]").text


def test_a_caller_who_waits_in_the_chat_as_well_is_suggested(hands: Hands, desk: FakeDesk) -> None:
    desk.was("c-1", "call_started", dialled="4000")
    hands.come_to_work()
    desk.call_comes("c-1")
    hands.see(".story", "Called 4000")
    assert hands.all(".also") == []
    desk.tell("also_online", "c-1", online="c-0")
    assert "may be the same customer" in hands.see(".also").text
    hands.see(".story", "also waits in the chat")


# ---- the chat


def test_what_both_write_arrives_once_and_in_order(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    hands.type(BOX, "Good day." + Keys.ENTER)
    hands.see(".line.mine[data-number='2'] .words", "Good day.")
    desk.types, desk.seen = True, 2
    hands.see(".typing")
    hands.see(".line.mine .meta", "seen")
    desk.write("chat-1", "house", None, phrase="joined", values={"agent": "ann"})
    desk.write("chat-1", "customer", "Thank you!\nIt was stolen.")
    hands.see(".line.customer[data-number='4'] .words", "It was stolen.")
    hands.see(".line.house", "ann has joined.")
    hands.type(BOX, "One" + Keys.SHIFT + Keys.ENTER + Keys.NULL + "two" + Keys.ENTER)
    hands.see(".line.mine[data-number='5'] .words", "One\ntwo")
    assert [line["number"] for line in desk.lines["chat-1"]] == [1, 2, 3, 4, 5]
    numbers = [line.get_dom_attribute("data-number") for line in hands.all(".line")]
    assert numbers == ["1", "2", "3", "4", "5"]
    assert "typing" in desk.deeds()


def test_a_quick_reply_goes_into_the_box_to_be_changed(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    hands.press(".quick button", "One moment")
    hands.keys(" Really.", Keys.ENTER)
    hands.see(".line.mine .words", "One moment, please. Really.")


def test_words_that_mean_harm_are_words(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    for words in HARM:
        number = desk.write("chat-1", "customer", words)
        assert hands.see(f".line[data-number='{number}'] .words").text == words
    assert hands.script("return window.harmed") is None
    assert hands.all(".lines :is(script, img, svg, iframe, a)") == []
    assert complaints(hands.driver) == []


def test_a_chat_is_handed_on(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    Select(hands.see("[data-act=transfer-to]")).select_by_value("sales")
    assert "transfer" not in desk.deeds()
    hands.press("[data-act=transfer]")
    hands.see_no(".row")
    assert ("transfer", {"agent": "ann", "queue": "sales"}) in desk.asked


def test_a_colleague_is_asked_by_name_and_until_they_accept_it_is_mine(
    hands: Hands, desk: FakeDesk
) -> None:
    served(hands, desk)
    Select(hands.see("[data-act=transfer-to]")).select_by_visible_text("bob")
    hands.press("[data-act=transfer]")
    hands.see(".asked", "bob is asked")
    assert ("transfer", {"agent": "ann", "to_agent": "bob"}) in desk.asked
    hands.type(BOX, "One moment." + Keys.ENTER)
    hands.see(".line.mine[data-number='2'] .words", "One moment.")
    assert hands.all("[data-act=transfer-to]") == []


def test_the_end_is_asked_twice_and_then_comes_the_result(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    desk.needs_disposition = True
    hands.press("[data-act=close]")
    assert "close" not in desk.deeds()
    hands.press("[data-act=close-yes]")
    assert "left" in hands.see(".my-state", "Wrap-up").text
    hands.see(".pane-head", "Li Lei")
    hands.see(".side", "needed")
    hands.press("[data-code=solved]")
    hands.see_no("[data-code=solved]")
    assert ("disposition", {"code": "solved", "contact": "chat-1"}) in desk.asked
    hands.press("[data-act=ready]")
    hands.see(".my-state", "Ready")
    hands.see_no(".row")


# ---- trouble


def test_a_refusal_is_shown_in_the_words_of_the_house(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work()
    desk.refuses = "the log-out comes after the talk"
    hands.press("[data-act=logout]")
    hands.see("[data-trouble=refused]", "the log-out comes after the talk")


def test_a_core_that_is_away_is_said_and_what_was_written_goes_later(
    hands: Hands, desk: FakeDesk
) -> None:
    served(hands, desk)
    desk.away = True
    hands.type(BOX, "Are you there?" + Keys.ENTER)
    hands.see("[data-trouble=coreDown]", "core does not answer")
    hands.see(".line.failed", "not sent")
    desk.away = False
    hands.see(".line.mine[data-number='2'] .words", "Are you there?")
    hands.see_no("[data-trouble]")
    hands.see_no(".line.failed")
    assert [line["words"] for line in desk.lines["chat-1"]] == [
        "My card is gone.",
        "Are you there?",
    ]


def test_a_line_that_breaks_is_said_and_nothing_is_missed(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    desk.cut = True
    hands.see("[data-trouble=lineDown]", "No line to Hotline")
    desk.write("chat-1", "customer", "Still here.")
    desk.cut = False
    hands.see(".line[data-number='2'] .words", "Still here.")
    hands.see_no("[data-trouble]")
    assert desk.page_open


def test_the_page_opened_anew_shows_the_same(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    hands.type(BOX, "Good day." + Keys.ENTER)
    hands.see(".line.mine[data-number='2']")
    hands.driver.refresh()
    hands.see(".line.mine[data-number='2'] .words", "Good day.")
    hands.see(".my-state", "Serving")
    assert hands.all(".row .unread") == []


# ---- for everybody


def test_a_chat_can_be_served_by_the_keyboard_alone(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work()
    desk.chat_comes("chat-1")
    hands.see(".row.rings")
    for _ in range(20):
        hands.keys(Keys.TAB)
        if hands.driver.switch_to.active_element.get_dom_attribute("data-act") == "accept":
            break
    hands.keys(Keys.ENTER)
    hands.see(BOX)
    hands.wait(lambda: hands.driver.switch_to.active_element.tag_name == "textarea", "no focus")
    hands.keys("Good day.", Keys.ENTER)
    hands.see(".line.mine[data-number='1'] .words", "Good day.")


def test_the_page_speaks_chinese(hands: Hands, desk: FakeDesk) -> None:
    hands.come_to_work("zh")
    assert hands.script("return document.documentElement.lang") == "zh"
    desk.chat_comes("chat-1")
    row = hands.see(".row.rings")
    for words in ("聊天", "排在最前", "已等 3:12", "提前量 1:30", "接受", "拒接"):
        assert words in row.text


def test_the_browser_has_nothing_to_complain_of(hands: Hands, desk: FakeDesk) -> None:
    served(hands, desk)
    hands.press("[aria-pressed]")  # the sound
    desk.chat_comes("chat-2")
    hands.press("[data-act=accept]")
    assert complaints(hands.driver) == []
