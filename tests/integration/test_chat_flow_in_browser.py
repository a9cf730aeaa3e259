"""What customers see and do in a real browser while a flow asks: buttons, secrets, a person."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser import Tab
from tests.chat_stage import ChatStage, chat_staged
from tests.ports import free_base
from tests.xss_corpus import CORPUS

WRITTEN = "#lines .line.customer p"
BOT = "#lines .line.bot p"


@pytest.fixture
async def house() -> AsyncIterator[ChatStage]:
    base = free_base()
    async with chat_staged(port=base, url=f"http://127.0.0.1:{base}") as stage:
        yield stage


async def begins(tab: Tab, stage: ChatStage, language: str = "en", width: int = 360) -> None:
    await tab.open(f"{stage.url}/chat?language={language}", width)
    await tab.click("#begin button")
    await tab.shown("#lines .line.house")


async def test_a_press_answers_once_and_the_next_question_has_its_own_buttons(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house)
    house.house.flow_asks("What is it about?", "1.1", "My order", "Something else")
    await tab.shown("#state", "automatic assistant")
    await tab.shown(BOT, "What is it about?")
    assert await tab.texts("#choices button") == ["My order", "Something else"]
    assert await tab.texts("#lines .line.bot .by") == ["Automatic assistant"]
    double = "const b = document.querySelector('#choices button'); b.click(); b.click();"
    await tab.run(double)
    await tab.shown(WRITTEN, "My order")
    await tab.gone("#choices")
    house.house.flow_asks("Is that right?", "2.1", "Yes", "No")
    await tab.until(lambda _: house.house.chat.lines[-1]["words"] == "Is that right?", "asked")
    await tab.shown("#choices button", "Yes")
    await tab.do(lambda driver: driver.refresh())
    await tab.shown("#choices button", "No")
    assert house.house.chat.answers[0] == ("1.1", "My order")
    assert {words for _, words in house.house.chat.answers} == {"My order"}
    house.house.flow_asks("Thank you.", "")
    await tab.gone("#choices")


async def test_a_typed_answer_does_as_well_as_a_press(house: ChatStage, tab: Tab) -> None:
    await begins(tab, house)
    house.house.flow_asks("What is it about?", "1.1", "My order", "Something else")
    await tab.shown("#choices button")
    await tab.type("#words", "my order\n")
    await tab.shown(WRITTEN, "my order")
    await tab.gone("#choices")
    assert house.house.chat.answers == [("", "my order")]


async def test_a_person_is_one_press_away_and_the_words_are_known_to_the_house(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house, "zh")
    house.house.flow_asks("请选择。", "1.1", "订单")
    await tab.click("#person")
    await tab.shown(WRITTEN, "转人工")
    house.house.agent_takes()
    await tab.gone("#person")
    await tab.gone("#choices")


async def test_a_secret_is_dots_on_the_page_and_kept_nowhere_in_the_browser(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house)
    house.house.flow_asks("Your card number?", "1.1", secret=True)
    await tab.shown("#secret")
    await tab.type("#secret-words", "4111111111111111")
    await tab.press(Keys.ENTER)
    await tab.shown(WRITTEN, "••••••")
    assert house.house.chat.answers == [("1.1", "4111111111111111")]
    everywhere = """return document.body.textContent + JSON.stringify(sessionStorage)
        + JSON.stringify(localStorage) + document.querySelector('#secret-words').value"""
    assert "4111" not in await tab.run(everywhere)
    house.house.flow_asks("Once more?", "2.1", secret=True)
    await tab.shown("#secret")
    await tab.type("#words", "4111111111111111\n")  # in the usual place
    await tab.until(lambda _: len(house.house.chat.answers) == 2, "delivered")
    await tab.until(lambda _: "4111" not in str(house.house.chat.lines), "kept as dots")
    assert "4111" not in await tab.run(everywhere)


async def test_choices_can_be_reached_by_keyboard_and_are_read_out(
    house: ChatStage, tab: Tab
) -> None:
    await begins(tab, house)
    house.house.flow_asks("What is it about?", "1.1", "My order", "Something else")
    group = await tab.shown("#choices")
    assert (group.aria_role, group.accessible_name) == ("group", "Answers to choose from")
    [said] = await tab.texts("#choices-said")
    assert said == "Choose: My order, Something else"
    await tab.until(lambda d: d.switch_to.active_element.get_attribute("id") == "words", "focus")
    await tab.chord(Keys.SHIFT, Keys.TAB)
    await tab.press(Keys.ENTER)
    await tab.shown(WRITTEN, "Something else")
    await tab.until(lambda d: d.switch_to.active_element.get_attribute("id") == "words", "focus")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_many_and_long_choices_fit_a_small_screen(
    house: ChatStage, tab: Tab, language: str
) -> None:
    await begins(tab, house, language, 320)
    labels = [f"{'very ' * 6}long {number}" for number in range(9)]
    house.house.flow_asks("?" * 200, "1.1", *labels)
    await tab.shown("#choices button")
    wide = "return document.documentElement.scrollWidth <= window.innerWidth"
    assert await tab.run(wide)
    await tab.type("#words", "still reachable\n")
    await tab.shown(WRITTEN, "still reachable")
    house.house.flow_asks("?", "2.1", secret=True)
    await tab.shown("#secret")
    assert await tab.run(wide)


async def test_nothing_that_stands_in_a_flow_runs_on_the_page(house: ChatStage, tab: Tab) -> None:
    await begins(tab, house)
    labels = [harm[:200] for harm in CORPUS]
    house.house.flow_asks("\n".join(labels), "1.1", *labels)
    await tab.shown("#choices button")
    assert await tab.texts("#choices button") == labels
    assert await tab.run("return window.pwned === undefined")
