"""Customers send and save files in a real browser; whatever is in a file or a name stays there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from ivr.ports import CoreAway
from tests.browser import Tab
from tests.chat_stage import ChatStage, chat_staged
from tests.fakes_files import GIF, JPEG, PDF, TEXT, png, webp
from tests.integration.test_chat_in_browser import begins, named
from tests.ports import free_base
from tests.xss_corpus import CORPUS

MINE, THEIRS = "#lines .customer .file", "#lines .agent .file"
DROP = """
const [target, name, text, kind] = arguments, data = new DataTransfer();
data.items.add(new File([text], name));
const place = document.querySelector(target), more = { bubbles: true, cancelable: true };
const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, ...more })
  : new DragEvent(kind, { dataTransfer: data, ...more });
return !place.dispatchEvent(event);
"""


@pytest.fixture
async def house() -> AsyncIterator[ChatStage]:
    base = free_base()
    async with chat_staged(port=base, url=f"http://127.0.0.1:{base}") as stage:
        yield stage


@pytest.fixture
async def saved(tab: Tab, tmp_path: Path) -> Path:
    """Where the browser keeps what it is given."""
    folder = tmp_path / "saved"
    folder.mkdir()
    told = {"behavior": "allow", "downloadPath": str(folder)}
    await tab.do(lambda d: d.execute_cdp_cmd("Browser.setDownloadBehavior", told))
    return folder


async def picks(tab: Tab, *files: Path) -> None:
    """As who has pressed the button, and chosen."""
    names = "\n".join(map(str, files))
    await tab.do(lambda d: d.find_element(By.ID, "pick").send_keys(names))


def written(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.write_bytes(content)
    return file


async def arrived(tab: Tab, folder: Path, content: bytes) -> Path:
    """The file that the browser has saved last, when it is whole."""

    def whole(_: Any) -> Path | None:
        return next((one for one in folder.iterdir() if one.read_bytes() == content), None)

    found: Path = await tab.until(whole, "saved")
    return found


async def unmoved(tab: Tab, house: ChatStage) -> None:
    """One page, ours, in which nothing ran."""
    assert len(await tab.do(lambda d: d.window_handles)) == 1
    assert await tab.run("return location.origin + location.pathname") == f"{house.url}/chat"
    assert await tab.run("return window.pwned === undefined")
    shown = "img, iframe, object, embed, video, audio, svg, script:not([src])"
    assert await tab.run("return document.querySelectorAll(arguments[0]).length", shown) == 0


# ---------------------------------------------------------------- both ways


@pytest.mark.parametrize(
    ("name", "content", "size"),
    [
        ("卡片.png", png(filler=3000), "3 KB"), ("a.jpg", JPEG, f"{len(JPEG)} B"),
        ("a.gif", GIF, f"{len(GIF)} B"), ("a.webp", webp(), f"{len(webp())} B"),
        ("a.pdf", PDF, f"{len(PDF)} B"), ("a.txt", TEXT, f"{len(TEXT)} B"),
    ],
)  # fmt: skip
async def test_a_file_is_sent_shown_by_name_and_saved_as_it_was(
    house: ChatStage, tab: Tab, saved: Path, tmp_path: Path, name: str, content: bytes, size: str
) -> None:
    await begins(tab, house)
    await picks(tab, written(tmp_path, name, content))
    await tab.shown(MINE, name)
    assert size in (await tab.texts(MINE))[0]
    assert list(house.house.files.contents.values()) == [content]
    await tab.click(MINE)
    assert (await arrived(tab, saved, content)).name == name
    await unmoved(tab, house)


async def test_what_an_agent_sends_is_saved_by_one_press(
    house: ChatStage, tab: Tab, saved: Path
) -> None:
    await begins(tab, house, "zh")
    house.house.agent_takes()
    await house.house.agent_sends("表格.pdf", PDF, "application/pdf")
    button = await tab.shown(THEIRS, "表格.pdf")
    assert button.accessible_name.startswith("保存表格.pdf")
    await tab.click(THEIRS)
    assert (await arrived(tab, saved, PDF)).name == "表格.pdf"
    await unmoved(tab, house)


async def test_files_are_there_again_after_a_reload_and_in_the_other_language(
    house: ChatStage, tab: Tab, tmp_path: Path
) -> None:
    await begins(tab, house)
    files = [written(tmp_path, f"{n}.txt", TEXT + bytes([48 + n])) for n in range(3)]
    await picks(tab, *files)
    await tab.until(lambda d: len(d.find_elements(By.CSS_SELECTOR, MINE)) == 3, "three")
    names = [line["file"]["name"] for line in house.house.chat.lines[1:]]
    assert names == ["0.txt", "1.txt", "2.txt"]
    await tab.open(f"{house.url}/chat")
    await tab.until(lambda d: len(d.find_elements(By.CSS_SELECTOR, MINE)) == 3, "three again")
    await tab.click("#language")
    await tab.until(
        lambda d: d.find_element(By.CSS_SELECTOR, MINE).accessible_name.startswith("保存0.txt"),
        "in Chinese",
    )
    house.house.chat.lines[1]["file"]["name"] = None  # as once it is erased
    await tab.open(f"{house.url}/chat")
    gone = await tab.shown(MINE, "(file erased)")
    assert not gone.is_enabled()


async def test_files_are_dropped_and_pasted(house: ChatStage, tab: Tab) -> None:
    chat = await begins(tab, house)
    assert await tab.run(DROP, "#lines", "dropped.txt", "one", "dragover")
    assert await tab.run("return document.getElementById('chat').classList.contains('drop')")
    assert await tab.run(DROP, "#lines", "dropped.txt", "one", "drop")
    await tab.shown(MINE, "dropped.txt")
    assert not await tab.run("return document.getElementById('chat').classList.contains('drop')")
    assert await tab.run(DROP, "#words", "pasted.txt", "two", "paste")
    await tab.shown(MINE, "pasted.txt")
    house.house.chat.state, house.house.chat.how = "over", "agent"
    house.house.told(chat.contact)  # type: ignore[arg-type]
    await tab.gone("#tools")
    assert await tab.run(DROP, "body", "late.txt", "three", "drop")  # and it is not opened
    assert len(house.house.files.contents) == 2
    await unmoved(tab, house)


# ---------------------------------------------------------------- what does not get through


@pytest.mark.parametrize(
    ("language", "why"), [("en", "Only pictures (PNG"), ("zh", "只能发送图片")]
)
async def test_what_is_refused_says_why_and_can_be_left_out(
    house: ChatStage, tab: Tab, tmp_path: Path, language: str, why: str
) -> None:
    await begins(tab, house, language)
    await picks(tab, written(tmp_path, "logo.png", b"<svg onload='window.pwned=1'/>"))
    await tab.shown("#lines .line.trouble .note", why)
    assert len(await tab.texts("#lines .choices button")) == 1  # to try again would help nobody
    await tab.click("#lines .choices button")
    await tab.gone("#lines .line.trouble")
    assert not house.house.files.contents
    await unmoved(tab, house)


async def test_a_file_that_is_too_large_is_not_sent_at_all(
    house: ChatStage, tab: Tab, tmp_path: Path
) -> None:
    await begins(tab, house)
    await picks(tab, written(tmp_path, "large.png", png(filler=5 << 20)))
    await tab.shown("#lines .line.trouble .note", "5 MB at most")
    assert "chat file look" not in house.house.asked


async def test_what_fails_is_tried_again_by_a_press_and_is_there_once(
    house: ChatStage, tab: Tab, tmp_path: Path
) -> None:
    chat = await begins(tab, house)
    house.house.files.full = True
    await picks(tab, written(tmp_path, "a.txt", TEXT))
    await tab.shown("#lines .line.trouble .note", "there is no room")
    house.house.files.full = False
    await tab.click("#lines .choices button")
    await tab.shown(MINE, "a.txt")
    await tab.gone("#lines .line.trouble")
    assert len(chat.lines) == 2 and len(await tab.texts("#lines .line")) == 2


@pytest.mark.parametrize("name", ["a.txt", "a.html"])
async def test_a_file_whose_answer_is_lost_is_there_once(
    house: ChatStage, tab: Tab, tmp_path: Path, name: str
) -> None:
    chat, ask, lost = await begins(tab, house), house.house.ask, list[str]()

    async def loses(what: str, **fields: Any) -> Mapping[str, Any]:
        answer = await ask(what, **fields)
        if what == "chat file send" and not lost:
            await tab.shown(MINE)  # by the socket
            lost.append(what)
            raise CoreAway("killed")
        return answer

    house.house.ask = loses  # type: ignore[method-assign]
    await picks(tab, written(tmp_path, name, TEXT))
    await tab.until(lambda _: lost, "lost")
    await tab.gone("#lines progress")
    if name == "a.html":  # by a name that it was not given, it was not known again
        await tab.click("#lines .choices button")
    await tab.gone("#lines .choices")
    assert len(chat.lines) == 2 and len(await tab.texts("#lines .line")) == 2


async def test_how_far_it_is_is_shown_and_a_page_that_goes_sends_nothing(
    house: ChatStage, tab: Tab, tmp_path: Path
) -> None:
    await begins(tab, house)
    ask, go_on = house.house.ask, asyncio.Event()

    async def slow(what: str, **fields: Any) -> Mapping[str, Any]:
        if what == "chat file look":
            await go_on.wait()
        return await ask(what, **fields)

    house.house.ask = slow  # type: ignore[method-assign]
    await picks(tab, written(tmp_path, "a.txt", TEXT))
    bar = await tab.shown("#lines progress")
    assert (bar.aria_role, bar.accessible_name) == ("progressbar", "Sending a.txt")
    await named(tab)
    await tab.open("about:blank")
    go_on.set()
    await tab.open(f"{house.url}/chat")
    await tab.shown("#lines .line.house")
    await tab.click("#language")
    assert await tab.texts(MINE) == [] and not house.house.files.contents
    assert "chat file send" not in house.house.asked


# ---------------------------------------------------------------- harm


async def test_no_name_and_no_content_runs_or_opens_anything(
    house: ChatStage, tab: Tab, saved: Path
) -> None:
    await begins(tab, house)
    house.house.agent_takes()
    texts = [f"a note: {words}".encode() for words in CORPUS]
    for words, text in zip(CORPUS, texts, strict=True):
        await house.house.agent_sends(f"{words}.txt", text)
    await tab.until(
        lambda d: len(d.find_elements(By.CSS_SELECTOR, THEIRS)) == len(CORPUS), "all of them"
    )
    shown = await tab.texts(f"{THEIRS} bdi")
    assert shown == [f"{words}.txt" for words in CORPUS]
    for number in range(0, len(CORPUS), 5):
        await tab.run(f"document.querySelectorAll('{THEIRS}')[{number}].click()")
        await arrived(tab, saved, texts[number])
    await unmoved(tab, house)


async def test_harm_that_a_customer_sends_stays_words(house: ChatStage, tab: Tab) -> None:
    chat = await begins(tab, house)
    for number, words in enumerate(CORPUS[:18]):
        await tab.run(DROP, "#lines", words, f"{number} {words}", "drop")
    await tab.until(
        lambda d: len(d.find_elements(By.CSS_SELECTOR, f"{MINE}, .line.trouble .note")) >= 18,
        "sent or refused",
    )
    sent = [line["file"] for line in chat.lines if line.get("file")]
    assert all(file["name"].endswith(".txt") and file["type"] == "text/plain" for file in sent)
    await unmoved(tab, house)


async def test_the_address_of_a_file_opens_nothing_in_a_browser(
    house: ChatStage, tab: Tab, saved: Path
) -> None:
    await begins(tab, house)
    house.house.agent_takes()
    id_ = await house.house.agent_sends("a.txt", b"hello <script>window.pwned=1</script>")
    await tab.shown(THEIRS)
    await tab.do(lambda d: d.get(f"{house.url}/chat/files/{id_}"))
    body = await tab.texts("body")
    assert "window.pwned" not in "".join(body) and not list(saved.iterdir())


# ---------------------------------------------------------------- everybody


async def test_files_are_sent_and_saved_by_keyboard_alone(
    house: ChatStage, tab: Tab, saved: Path, tmp_path: Path
) -> None:
    await begins(tab, house)
    house.house.agent_takes()
    await house.house.agent_sends("a.txt", TEXT)
    await tab.shown(THEIRS)
    await tab.run("document.getElementById('pick').click = () => { window.asked = true; }")
    await tab.click("#words")
    await tab.press(Keys.TAB, Keys.TAB, Keys.ENTER)  # send, send a file
    assert await tab.run("return window.asked === true")
    await picks(tab, written(tmp_path, "mine.txt", TEXT + b"mine"))
    await tab.shown(MINE, "mine.txt")
    await tab.click("#lines")
    await tab.press(Keys.TAB, Keys.ENTER)
    await arrived(tab, saved, TEXT)


@pytest.mark.parametrize("width", [320, 360])
async def test_long_names_and_refusals_fit_small_screens(
    house: ChatStage, tab: Tab, tmp_path: Path, width: int
) -> None:
    await begins(tab, house)
    await tab.open(f"{house.url}/chat", width, 640)
    await picks(tab, written(tmp_path, "a" * 110 + ".txt", TEXT))
    await tab.shown(MINE)
    await picks(tab, written(tmp_path, "b" * 110 + ".png", b"MZ\x90\0"))
    await tab.shown("#lines .trouble")
    await named(tab)
    assert await tab.run("return document.documentElement.scrollWidth <= window.innerWidth")
    folder = tmp_path / "pictures"
    folder.mkdir()
    await tab.picture(folder / "files.png")


async def test_a_house_that_takes_no_files_shows_no_button(tab: Tab) -> None:
    base = free_base()
    url = f"http://127.0.0.1:{base}"
    async with chat_staged(port=base, url=url, files={"a_chat": 0}) as stage:
        await begins(tab, stage)
        await tab.gone("#file")
        assert await tab.run(DROP, "#lines", "a.txt", "one", "drop")
        assert stage.house.files.contents == {}
