"""Nobody is there to chat: a customer leaves a message, in a real browser, and comes back to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser import Tab
from tests.chat_stage import ChatStage, chat_staged
from tests.fakes_chat import FakeChat
from tests.ports import free_base
from tests.xss_corpus import CORPUS

LEFT = {"name": "王小明", "number": "13800138000", "mail": "", "words": "My card\nis lost",
        "text": False}  # fmt: skip

PUT = """const [id, words] = arguments; const place = document.getElementById(id);
place.value = words; place.dispatchEvent(new Event("input", {bubbles: true}));"""
TYPED = """const typed = (one) => document.getElementById("leave-" + one).value;
return ["name", "number", "words"].map(typed);"""


@pytest.fixture
async def house() -> AsyncIterator[ChatStage]:
    base = free_base()
    async with chat_staged(port=base, url=f"http://127.0.0.1:{base}") as stage:
        stage.house.closed = True
        yield stage


async def begins(tab: Tab, stage: ChatStage, language: str = "en") -> FakeChat:
    await tab.open(f"{stage.url}/chat?language={language}")
    await tab.click("#begin button")
    await tab.shown("#leave")
    return stage.house.chat


async def fills_in(tab: Tab) -> None:
    await tab.type("#leave-name", "王小明")
    await tab.type("#leave-number", "13800138000")
    await tab.type("#leave-words", "My card")
    await tab.chord(Keys.SHIFT, Keys.ENTER)
    await tab.press("is lost")


@pytest.mark.parametrize(
    ("language", "nobody", "kept", "promise"),
    [
        ("en", "Nobody is here to chat", "We have your message", "We will answer your message by"),
        ("zh", "现在没有座席在线", "我们已收到您的留言", "之前答复您的留言"),
    ],
)
async def test_who_finds_nobody_leaves_a_message_and_is_told_until_when_it_is_answered(
    house: ChatStage, tab: Tab, language: str, nobody: str, kept: str, promise: str
) -> None:
    chat = await begins(tab, house, language)
    await tab.shown("#lines .line.house", nobody)
    await tab.gone("#write")
    await fills_in(tab)
    await tab.click("#leave-text")
    await tab.click("#leave button")
    await tab.shown("#lines .line.house:last-child", kept)
    await tab.shown("#kept", promise)
    await tab.gone("#leave")
    assert chat.left == [{**LEFT, "text": True}]
    assert await tab.run("return sessionStorage.length") == 0
    await tab.open(f"{house.url}/chat?language={language}")
    await tab.shown("#kept", promise)


async def test_what_was_typed_survives_a_reload_until_it_is_sent(
    house: ChatStage, tab: Tab
) -> None:
    chat = await begins(tab, house)
    await fills_in(tab)
    for _ in range(2):
        await tab.open(f"{house.url}/chat?language=en")
        await tab.shown("#leave")
    assert await tab.run(TYPED) == ["王小明", "13800138000", "My card\nis lost"]
    await tab.click("#leave button")
    await tab.shown("#kept", "We will answer")
    assert chat.left == [LEFT]


async def test_a_message_whose_answer_is_lost_is_sent_again_by_itself(
    house: ChatStage, tab: Tab
) -> None:
    """Also over a reload: it is asked for until it is known to be there."""
    chat = await begins(tab, house)
    await fills_in(tab)
    house.house.loses = 1
    await tab.click("#leave button")
    await tab.shown("#kept", "We will answer")
    assert chat.left[0] == LEFT
    assert [line["phrase"] for line in chat.lines] == ["absent", "kept"]


async def test_while_the_core_is_away_the_form_stays_and_goes_when_it_is_back(
    house: ChatStage, tab: Tab
) -> None:
    chat = await begins(tab, house)
    await fills_in(tab)
    house.house.away = True
    await tab.click("#leave button")
    await tab.shown("#notice", "cannot be reached")
    assert chat.left == []
    house.house.away = False
    await tab.shown("#kept", "We will answer")
    assert chat.left[-1] == LEFT


async def test_a_form_that_cannot_be_answered_says_what_is_missing_where_it_is(
    house: ChatStage, tab: Tab
) -> None:
    chat = await begins(tab, house)
    await tab.click("#leave button")
    await tab.shown("#leave-why", "what it is about")
    focus = "return document.activeElement.id"
    assert await tab.run(focus) == "leave-words"
    await tab.press("My card is lost")
    await tab.click("#leave button")
    await tab.shown("#leave-why", "a telephone number or an e-mail address")
    assert await tab.run(focus) == "leave-number"
    await tab.type("#leave-mail", "li.example.com")
    await tab.click("#leave button")
    await tab.shown("#leave-why", "no e-mail address")
    assert (await tab.shown("#leave-mail")).get_attribute("aria-invalid") == "true"
    await tab.type("#leave-mail", "\b" * 20 + "li@example.com")
    house.house.faults = ["number"]
    await tab.type("#leave-number", "+1 2345")
    await tab.click("#leave button")
    await tab.shown("#leave-why", "no telephone number")
    assert chat.left == []
    await tab.click("#leave button")
    await tab.shown("#kept")
    assert chat.left[0]["mail"] == "li@example.com"


async def test_who_would_rather_wait_does_and_what_they_wrote_is_in_the_form_later(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house)
    await tab.click("#message")
    await tab.gone("#leave")
    await tab.type("#words", "My card is lost\n")
    await tab.shown("#lines .line.customer p", "My card is lost")
    await tab.click("#message")
    await tab.shown("#leave")
    assert (await tab.shown("#leave-words")).get_property("value") == "My card is lost"
    await tab.click("#message")
    house.house.agent_takes()
    await tab.shown("#state", "Ann is with you.")
    await tab.gone("#message")
    await tab.shown("#write")


async def test_who_comes_back_while_agents_are_there_chats_at_once(
    house: ChatStage, tab: Tab
) -> None:
    chat = await begins(tab, house)
    await fills_in(tab)
    await tab.click("#leave button")
    await tab.shown("#kept")
    await tab.gone("#live")
    assert chat.message
    chat.message = {**chat.message, "live": True}
    house.house.told(chat.contact)  # type: ignore[arg-type]
    await tab.click("#live")  # closed again meanwhile
    await tab.shown("#chat-why", "You cannot chat just now")
    await tab.shown("#lines .line.house:last-child", "We have your message")
    house.house.closed = False
    await tab.click("#live")
    await tab.shown("#state", "about 1 to 3 minutes")
    await tab.gone("#kept:not(:empty)")
    assert await tab.texts("#lines .line.customer p") == []
    await tab.type("#words", "Here I am\n")
    await tab.shown("#lines .line.customer p", "Here I am")
    await tab.open(f"{house.url}/chat?language=en")
    await tab.shown("#lines .line.customer p", "Here I am")


async def test_words_that_mean_harm_are_kept_as_words(house: ChatStage, tab: Tab) -> None:
    chat = await begins(tab, house)
    for field in ("name", "number", "mail", "words"):
        await tab.run(PUT, f"leave-{field}", "\n".join(CORPUS)[:3000])
    await tab.open(f"{house.url}/chat?language=en")
    await tab.shown("#leave")
    assert await tab.run("return window.harmed ?? null") is None
    inside = "return document.querySelectorAll('#chat :is(script, img, svg, iframe, a)').length"
    assert await tab.run(inside) == 0
    assert chat.left == []


async def test_it_can_be_done_by_keyboard_and_everything_has_a_name(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house, "zh")

    def unnamed(driver: Chrome) -> list[str]:
        found = driver.find_elements(By.CSS_SELECTOR, "button, input, textarea")
        return [one.get_attribute("outerHTML") or "" for one in found
                if one.is_displayed() and not one.accessible_name]  # fmt: skip

    assert await tab.do(unnamed) == []
    await tab.run("document.getElementById('leave-name').focus()")
    await tab.press(
        "Li", Keys.TAB, "13800138000", Keys.TAB, Keys.TAB, "卡丢了", Keys.TAB, Keys.SPACE
    )
    await tab.press(Keys.TAB, Keys.ENTER)
    await tab.shown("#kept", "之前答复您的留言")
    [left] = house.house.chat.left
    assert (left["name"], left["words"], left["text"]) == ("Li", "卡丢了", True)


@pytest.mark.parametrize(("width", "height"), [(320, 640), (320, 256), (640, 360)])
async def test_the_form_fits_small_screens_and_enlarged_ones(
    house: ChatStage, tab: Tab, width: int, height: int
) -> None:
    wide = "return document.documentElement.scrollWidth <= window.innerWidth"
    await tab.open(f"{house.url}/chat?language=en", width, height)
    await tab.click("#begin button")
    await tab.shown("#leave")
    assert await tab.run(wide)
    await tab.type("#leave-mail", "li@example.com")
    await tab.type("#leave-words", "a" * 300)
    await tab.click("#leave button")
    await tab.shown("#kept")
    assert await tab.run(wide)
