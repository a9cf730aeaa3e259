"""Customers chat in a real browser: what they see and do, and what nobody's words can do there."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser import Tab
from tests.chat_stage import ChatStage, chat_staged
from tests.fakes_chat import CODE, LINK, ChatHouse, FakeChat
from tests.ports import free_base
from tests.xss_corpus import CORPUS

WRITTEN = "#lines .line.customer p"
SAID = "#lines .line.agent p"


@pytest.fixture
async def house() -> AsyncIterator[ChatStage]:
    base = free_base()
    async with chat_staged(port=base, url=f"http://127.0.0.1:{base}", calls_back=True) as stage:
        yield stage


async def begins(tab: Tab, stage: ChatStage, language: str = "en", more: str = "") -> FakeChat:
    await tab.open(f"{stage.url}/chat?language={language}{more}")
    await tab.click("#begin button")
    await tab.shown("#chat")
    await tab.shown("#lines .line.house")
    return stage.house.chat


# ---------------------------------------------------------------- a chat


@pytest.mark.parametrize(
    ("language", "waits", "joined", "over"),
    [
        ("en", "about 1 to 3 minutes", "Ann is with you.", "This chat is over."),
        ("zh", "大约还要 1 到 3 分钟", "Ann正在为您服务。", "聊天已经结束。"),
    ],
)
async def test_a_customer_begins_writes_is_served_ends_and_is_asked(
    house: ChatStage, tab: Tab, language: str, waits: str, joined: str, over: str
) -> None:
    await tab.open(f"{house.url}/chat?language={language}&queue=support")
    await tab.type("#name", "王小明 & Co")
    await tab.click("#begin button")
    await tab.shown("#state", waits)
    await tab.shown("#lines .line.house", waits)
    chat = house.house.chat
    assert (chat.language, chat.queue, chat.name) == (language, "support", "王小明 & Co")
    await tab.type("#words", "first line")
    await tab.chord(Keys.SHIFT, Keys.ENTER)
    await tab.press("second 行")
    await tab.click("#write button")
    await tab.shown(WRITTEN, "first line\nsecond 行")
    house.house.agent_takes("Ann")
    await tab.shown("#state", joined)
    house.house.typing(chat.contact, "agent", on=True)  # type: ignore[arg-type]
    await tab.shown("#typing", "Ann")
    house.house.agent_says("Good day")
    house.house.read(chat.contact, "agent", 2)  # type: ignore[arg-type]
    await tab.shown(SAID, "Good day")
    await tab.shown(".line.customer .note", "已读" if language == "zh" else "Read")
    await tab.click("#end")
    await tab.click("#yes-end")
    await tab.shown("#state", over)
    await tab.gone("#write")
    await tab.click("#scale label:nth-child(5)")
    await tab.click("#rate button")
    await tab.shown("#thanks")
    assert chat.rated == 5
    await tab.click("#again")
    await tab.shown("#begin")
    assert await tab.run("return localStorage.length + sessionStorage.length") == 0


async def test_the_house_says_where_the_customer_stands_and_by_when(
    house: ChatStage, tab: Tab
) -> None:
    chat = await begins(tab, house, "en")
    by = 1_800_000_000  # 08:00 UTC; a quarter of an hour wherever the browser is
    house.house.house_says(chat, "waiting", wait=[60, 180], place=3, by=by)
    await tab.shown("#lines .line.house", "Ahead of you in line: 2.")
    [_, said] = await tab.texts("#lines .line.house")
    assert re.search(r"An agent will be with you by \d\d:(00|15|30|45)\. Write", said)
    await tab.click("#language")
    await tab.shown("#lines .line.house", "您前面还有 2 位。最迟")
    house.house.house_says(chat, "waiting", wait=None, place=1, by=None)
    await tab.shown("#lines .line.house", "您是下一位。请在这里")


async def test_the_language_can_be_changed_and_what_people_wrote_stays(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house, "en")
    await tab.type("#words", "hello\n")
    await tab.shown(WRITTEN, "hello")
    await tab.click("#language")
    await tab.shown("#state", "等待中")
    await tab.shown("#lines .line.house", "您好，我们已经收到")
    assert await tab.texts(WRITTEN) == ["hello"]
    assert await tab.run("return document.documentElement.lang") == "zh-CN"


async def test_a_reload_keeps_conversation_and_place(house: ChatStage, tab: Tab) -> None:
    chat = await begins(tab, house)
    await tab.type("#words", "one\n")
    await tab.type("#words", "two\n")
    await tab.until(lambda _: len(chat.lines) == 3, "delivered")
    await tab.do(lambda driver: driver.refresh())
    await tab.shown(WRITTEN, "two")
    assert await tab.texts(WRITTEN) == ["one", "two"]
    await tab.shown("#state", "You are in line")
    assert len(house.house.chats) == 1 and not chat.skipped


async def test_lines_written_while_the_line_is_lost_come_once_and_in_order(tab: Tab) -> None:
    base, known = free_base(), ChatHouse()
    url = f"http://127.0.0.1:{base}"
    async with chat_staged(port=base, house=known, url=url) as stage:
        chat = await begins(tab, stage)
        await tab.type("#words", "before\n")
        await tab.until(lambda _: len(chat.lines) == 2, "delivered")
    await tab.type("#words", "while away, 1\n")
    await tab.type("#words", "while away, 2\n")
    await tab.shown("#notice", "lost")
    await tab.shown(".line.customer .note", "Sending")
    async with chat_staged(port=base, house=known, url=url):
        known.loses = 1  # and the answer to the first is lost, too
        await tab.until(lambda _: len(chat.lines) == 4, "delivered")
        await tab.until(lambda d: "Sending" not in d.find_element(By.ID, "lines").text, "shown")
        known.agent_says("I am here")
        await tab.shown(SAID, "I am here")
    assert await tab.texts(WRITTEN) == ["before", "while away, 1", "while away, 2"]
    assert [line["words"] for line in chat.lines][1:4] == [
        "before", "while away, 1", "while away, 2",
    ]  # fmt: skip
    assert len(known.chats) == 1


async def test_lines_that_are_not_delivered_survive_a_reload_in_their_order(
    house: ChatStage, tab: Tab
) -> None:
    chat = await begins(tab, house)
    house.house.away = True
    await tab.type("#words", "do not lose me\n")
    await tab.type("#words", "nor my order\n")
    await tab.shown("#notice", "cannot be reached")
    await tab.do(lambda driver: driver.refresh())
    await tab.shown("#notice", "cannot be reached")
    house.house.away = False
    await tab.shown(WRITTEN, "do not lose me")
    expected = ["do not lose me", "nor my order"]
    await tab.until(lambda _: [line["words"] for line in chat.lines][1:] == expected)


async def test_a_chat_whose_beginning_was_not_answered_begins_once(
    house: ChatStage, tab: Tab
) -> None:
    house.house.loses = 2
    await tab.open(f"{house.url}/chat?language=en")
    await tab.click("#begin button")
    await tab.shown("#notice", "cannot be reached")
    await tab.do(lambda driver: driver.refresh())
    await tab.shown("#state", "You are in line")
    assert len(house.house.chats) == 1


async def test_who_would_rather_be_called_says_where(house: ChatStage, tab: Tab) -> None:
    chat = await begins(tab, house, "zh")
    await tab.click("#call")
    await tab.type("#number", "+99 1\n")
    await tab.shown("#chat-why", "现在无法给这个号码回电")
    await tab.do(lambda d: d.find_element(By.ID, "number").clear())
    await tab.type("#number", "13800138000\n")
    await tab.shown("#state", "我们会给您回电")
    assert chat.number == "13800138000"


# ---------------------------------------------------------------- passes


async def test_opening_a_link_changes_nothing_and_one_button_redeems_it(
    house: ChatStage, tab: Tab
) -> None:
    await tab.open(f"{house.url}/chat?language=zh#{LINK}")
    await tab.shown("#pass-about", "不用重新排队")
    assert not house.house.used_by and "chat join" not in house.house.asked
    await tab.click("#redeem")
    await tab.shown("#state", "您在电话上的位置已经带到这里")
    assert LINK not in await tab.run("return location.href")
    await tab.do(lambda driver: driver.refresh())
    await tab.shown("#state", "您在电话上的位置已经带到这里")
    assert house.house.asked.count("chat join") == 1


async def test_a_redemption_whose_answer_is_lost_costs_no_place(house: ChatStage, tab: Tab) -> None:
    await tab.open(f"{house.url}/chat?language=en#{LINK}")
    await tab.shown("#redeem")
    house.house.loses = 2
    await tab.click("#redeem")
    await tab.until(lambda _: house.house.used_by, "redeemed")
    await tab.do(lambda driver: driver.refresh())
    await tab.shown("#state", "Your place in the telephone line is here now.")
    assert list(house.house.chats) == [house.house.used_by]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("zh", "这张凭证已经用过"), ("en", "This pass has been used")],
)
async def test_a_used_pass_is_refused_in_one_sentence(
    house: ChatStage, tab: Tab, language: str, sentence: str
) -> None:
    house.house.used_by = "somebody else"
    await tab.open(f"{house.url}/chat?language={language}#{LINK}")
    await tab.shown("#pass-why", sentence)
    await tab.gone("#redeem")
    await tab.click("#no-pass")
    await tab.shown("#begin")


async def test_a_code_is_typed_in(house: ChatStage, tab: Tab) -> None:
    await tab.open(f"{house.url}/chat?language=en")
    await tab.click("summary")
    await tab.type("#code", "402 77\n")
    await tab.shown("#start-why", "nine digits")
    await tab.type("#code", "1905\n")
    await tab.click("#redeem")
    await tab.shown("#state", "telephone line")
    assert CODE == "402771905" and house.house.used_by


async def test_a_pass_that_is_none_is_said_to_be_none(house: ChatStage, tab: Tab) -> None:
    await tab.open(f"{house.url}/chat?language=en#{'x' * 22}")
    await tab.shown("#pass-why", "There is no such pass")


# ---------------------------------------------------------------- words that would be code


async def test_no_words_of_anybody_run_or_change_the_page(house: ChatStage, tab: Tab) -> None:
    chat = await begins(tab, house)
    house.house.agent_takes(CORPUS[0])
    for words in CORPUS:
        house.house.agent_says(words)
        house.house.house_says(chat, words, agent=words, how=words, wait=words)
    await tab.type("#words", CORPUS[4] + "\n")
    await tab.until(lambda _: chat.lines[-1]["who"] == "customer", "written")
    await tab.until(lambda d: len(d.find_elements(By.CSS_SELECTOR, ".line")) == len(chat.lines))
    assert await tab.texts(SAID) == list(CORPUS)
    assert (await tab.texts(WRITTEN))[-1] == CORPUS[4]
    await tab.shown("#state", CORPUS[0])
    inside = "return document.querySelectorAll('#lines :not(li, p, span)').length"
    assert await tab.run(inside) == 0
    assert await tab.run("return window.pwned === undefined")


async def test_no_address_makes_the_page_run_anything(house: ChatStage, tab: Tab) -> None:
    for words in CORPUS[:12]:
        told = quote(words)
        await tab.open(f"{house.url}/chat?language={told}&queue={told}#{told}")
        await tab.shown("#pass-why")
        assert await tab.run("return window.pwned === undefined")
    assert house.house.asked == []


# ---------------------------------------------------------------- everybody


async def test_everything_can_be_done_by_keyboard_alone(house: ChatStage, tab: Tab) -> None:
    await tab.open(f"{house.url}/chat?language=en")
    await tab.shown("#begin")
    await tab.press(Keys.TAB, "Li", Keys.TAB, Keys.ENTER)
    await tab.shown("#state", "You are in line")
    await tab.until(lambda d: d.switch_to.active_element.get_attribute("id") == "words", "focus")
    await tab.press("hello", Keys.ENTER)
    await tab.shown(WRITTEN, "hello")
    house.house.agent_takes()
    await tab.shown("#state", "Ann is with you")
    await tab.press(Keys.TAB, Keys.TAB, Keys.TAB, Keys.ENTER)  # send, send a file, end
    await tab.shown("#really")
    await tab.chord(Keys.SHIFT, Keys.TAB)  # from "go on" back to "end it"
    await tab.press(Keys.ENTER)
    await tab.shown("#rate")
    await tab.press(Keys.TAB, Keys.SPACE, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.TAB, Keys.ENTER)
    await tab.shown("#thanks")
    assert (house.house.chat.name, house.house.chat.rated) == ("Li", 3)


async def test_everything_has_a_name_and_new_lines_are_read_out(house: ChatStage, tab: Tab) -> None:
    await tab.open(f"{house.url}/chat?language=zh")
    await tab.click("summary")
    await named(tab)
    await begins(tab, house, "zh")
    await tab.click("#call")
    await tab.click("#end")
    await named(tab)
    log = await tab.shown("#lines")
    assert (log.aria_role, log.get_attribute("aria-live")) == ("log", "polite")
    assert (await tab.shown("#state")).aria_role == "status"


async def named(tab: Tab) -> None:
    """Everything that can be used tells what it is."""

    def unnamed(driver: Chrome) -> list[str]:
        found = driver.find_elements(By.CSS_SELECTOR, "button, input, textarea, summary")
        return [one.get_attribute("outerHTML") or "" for one in found
                if one.is_displayed() and not one.accessible_name]  # fmt: skip

    assert await tab.do(unnamed) == []


@pytest.mark.parametrize(("width", "height"), [(320, 640), (320, 256), (640, 360)])
async def test_it_fits_small_screens_and_enlarged_ones(
    house: ChatStage, tab: Tab, width: int, height: int
) -> None:
    wide = "return document.documentElement.scrollWidth <= window.innerWidth"
    for path in ("", f"#{LINK}"):
        await tab.open(f"{house.url}/chat?language=en{path}", width, height)
        await tab.shown("main section")
        assert await tab.run(wide)
    await tab.open(f"{house.url}/chat?language=en", width, height)
    await tab.click("#begin button")
    await tab.shown("#lines .line.house")
    house.house.agent_takes()
    house.house.agent_says("a" * 300)
    await tab.shown(SAID)
    await tab.click("#words")
    await tab.press("still reachable", Keys.ENTER)
    await tab.shown(WRITTEN, "still reachable")
    assert await tab.run(wide)
    await tab.click("#end")
    await tab.click("#yes-end")
    await tab.click("#scale label:nth-child(5)")
    await tab.click("#rate button")
    assert await tab.run(wide)


# ---------------------------------------------------------------- in a page of the house


WIDGET = "document.getElementById('hotline-chat')"
SHOP = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title>
<style>* { font-size: 40px !important; color: red !important } iframe { display: none }</style>
<body><h1>A shop</h1><p>%s</p>
<script src="%s/chat/widget.js" data-queue="sales" data-language="zh" async></script>"""


@asynccontextmanager
async def shop(chat: str, port: int) -> AsyncIterator[None]:
    """A page of the house, elsewhere."""
    page = (SHOP % ("Shoes and hats. " * 60, chat)).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + f"Content-Length: {len(page)}\r\n\r\n".encode() + page)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield


async def in_frame(tab: Tab) -> None:
    """What follows is seen and done in the widget's frame."""

    def enter(driver: Chrome) -> bool:
        driver.switch_to.default_content()
        frame = driver.execute_script(f"return {WIDGET}?.shadowRoot.querySelector('iframe')")
        if frame:
            driver.switch_to.frame(frame)
        return bool(frame)

    await tab.until(enter, "the widget's frame")


async def open_widget(tab: Tab, site: str) -> None:
    await tab.open(site, 1000, 720)
    await tab.until(lambda d: d.execute_script(f"return !!{WIDGET}"), "the widget's button")
    await tab.press(Keys.TAB, Keys.ENTER)
    await in_frame(tab)


async def test_the_widget_opens_in_a_page_of_the_house_and_stays_through_its_pages(
    tab: Tab,
) -> None:
    base = free_base()
    site, url = f"http://localhost:{base + 1}", f"http://127.0.0.1:{base}"
    async with chat_staged(port=base, url=url, origins=[site]) as stage, shop(url, base + 1):
        await open_widget(tab, site)
        await tab.click("#begin button")
        await tab.shown("#state", "等待中")
        chat = stage.house.chat
        assert (chat.queue, chat.language) == ("sales", "zh")
        assert await tab.run("return window.pwned === undefined && window.parent !== window")
        await tab.do(lambda d: d.switch_to.default_content())
        assert await tab.run("return Object.keys(localStorage).length") == 0
        await tab.do(lambda d: d.refresh())
        await in_frame(tab)
        await tab.shown("#state", "等待中")
        assert len(stage.house.chats) == 1
        await tab.press(Keys.ESCAPE)
        await tab.do(lambda d: d.switch_to.default_content())
        stage.house.agent_takes()
        stage.house.agent_says("are you there?")
        await tab.press(Keys.ENTER)  # the focus is on the button again
        await in_frame(tab)
        await tab.shown(SAID, "are you there?")


async def test_a_page_that_is_not_named_cannot_frame_the_chat(tab: Tab) -> None:
    base = free_base()
    site, url = f"http://localhost:{base + 1}", f"http://127.0.0.1:{base}"
    async with chat_staged(port=base, url=url) as stage, shop(url, base + 1):
        await open_widget(tab, site)
        assert await tab.run("return document.querySelector('#begin') === null")
        assert stage.house.asked == []
