"""Files on the agents' page in a real browser: sent, saved, and never shown, whatever is in them.
The API behind it is a fake; gate and policy are the real ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium", reason="no Selenium: it is no part of the tests' packages here")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from ivr.settings import load
from tests.desk_hands import Hands, browser, complaints, served
from tests.desk_stage import serving
from tests.fakes_desk import FakeDesk
from tests.fakes_files import PDF, TEXT, png
from tests.xss_corpus import CORPUS

THEIRS, MINE = ".line.customer .file", ".line.mine .file"
DROP = """
const [target, name, text, kind] = arguments, data = new DataTransfer();
data.items.add(new File([text], name));
const place = document.querySelector(target), more = { bubbles: true, cancelable: true };
const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, ...more })
  : new DragEvent(kind, { dataTransfer: data, ...more });
return !place.dispatchEvent(event);
"""


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    with browser() as made:
        yield made


@pytest.fixture
def desk() -> FakeDesk:
    return FakeDesk()


@pytest.fixture
def hands(driver: WebDriver, desk: FakeDesk) -> Iterator[Hands]:
    """Hands at the page that set-up has built, with a chat that is served."""
    page = load().home / "desk"
    if not (page / "index.html").exists():
        pytest.skip(f"no page in {page}: run ./hotline setup desk")
    with serving(desk, Path(page)) as address:
        complaints(driver)  # those of the test before
        made = Hands(driver, address)
        served(made, desk)
        yield made
        driver.get("about:blank")  # or it would go on asking


@pytest.fixture
def saved(driver: WebDriver, tmp_path: Path) -> Path:
    """Where the browser keeps what it is given."""
    folder = tmp_path / "saved"
    folder.mkdir()
    told = {"behavior": "allow", "downloadPath": str(folder)}
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", told)
    return folder


def arrived(hands: Hands, folder: Path, content: bytes) -> Path:
    def whole() -> Path | None:
        return next((one for one in folder.iterdir() if one.read_bytes() == content), None)

    found: Path = hands.wait(whole, "nothing was saved")
    return found


def pick(hands: Hands, folder: Path, name: str, content: bytes) -> None:
    """As who has pressed the button, and chosen."""
    file = folder / name
    file.write_bytes(content)
    hands.driver.find_element(By.CSS_SELECTOR, ".reply input[type=file]").send_keys(str(file))


def nothing_ran(hands: Hands) -> bool:
    """One page, ours, in which nothing was shown or run."""
    assert len(hands.driver.window_handles) == 1
    assert hands.script("return location.pathname") == "/desk"
    assert hands.script("return window.pwned") is None
    assert hands.all(".lines :is(script, img, svg, iframe, object, embed, a)") == []
    return complaints(hands.driver) == []


def test_what_a_customer_sends_is_a_name_and_saved_by_one_press(
    hands: Hands, desk: FakeDesk, saved: Path
) -> None:
    desk.write_file("chat-1", "customer", "卡片.png", png())
    assert hands.see(THEIRS, "卡片.png").accessible_name == f"Save 卡片.png, {len(png())} B"
    hands.press(THEIRS)
    assert arrived(hands, saved, png()).name == "卡片.png"
    assert nothing_ran(hands)


def test_a_file_is_sent_by_button_by_drop_and_by_paste(
    hands: Hands, desk: FakeDesk, tmp_path: Path
) -> None:
    pick(hands, tmp_path, "form.pdf", PDF)
    hands.see(MINE, "form.pdf")
    assert hands.driver.execute_script(DROP, ".side", "dropped.txt", "one", "dragover")
    hands.see(".reply.over")
    assert hands.driver.execute_script(DROP, ".side", "dropped.txt", "one", "drop")
    hands.see(MINE, "dropped.txt")
    hands.see_no(".reply.over")
    assert hands.driver.execute_script(DROP, ".reply textarea", "pasted.txt", "two", "paste")
    hands.see(MINE, "pasted.txt")
    assert [content for _, content in desk.files.values()] == [PDF, b"one", b"two"]
    assert nothing_ran(hands)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [("logo.svg", b"<svg/>", "Only pictures"), ("large.png", png(filler=5 << 20), "5 MB at most")],
)  # fmt: skip
def test_what_is_not_taken_says_why_and_is_left_out_by_a_press(
    hands: Hands, desk: FakeDesk, tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    pick(hands, tmp_path, name, content)
    hands.see(".line.failed .meta", why)
    assert "Send again" not in hands.text
    hands.press(".line.failed button", "Leave it out")
    hands.see_no(".line.failed")
    assert desk.files == {}


def test_what_fails_is_sent_again_and_is_there_once(
    hands: Hands, desk: FakeDesk, tmp_path: Path
) -> None:
    desk.full = True
    pick(hands, tmp_path, "a.txt", TEXT)
    hands.see(".line.failed .meta", "there is no room")
    desk.full = False
    hands.press(".line.failed button", "Send again")
    hands.see(MINE, "a.txt")
    hands.see_no(".line.failed")
    assert len(desk.files) == 1 and len(hands.all(MINE)) == 1


def test_no_name_and_no_content_runs_or_opens_anything(
    hands: Hands, desk: FakeDesk, saved: Path
) -> None:
    for words in CORPUS:
        desk.write_file("chat-1", "customer", f"{words}.txt", f"a note: {words}".encode())
    hands.wait(lambda: len(hands.all(THEIRS)) == len(CORPUS), "not all are there")
    shown = [one.get_property("textContent") for one in hands.all(f"{THEIRS} bdi")]
    assert shown == [f"{words}.txt" for words in CORPUS]
    for number in range(0, len(CORPUS), 5):
        hands.script(f"document.querySelectorAll('{THEIRS}')[{number}].click()")
        arrived(hands, saved, f"a note: {CORPUS[number]}".encode())
    assert nothing_ran(hands)


def test_names_that_an_agent_sends_stay_words(hands: Hands, desk: FakeDesk) -> None:
    for words in CORPUS[:10]:
        hands.driver.execute_script(DROP, ".reply textarea", words, "a note", "drop")
    hands.wait(lambda: len(hands.all(MINE)) == 10, "not all are there")
    assert all(name.endswith(".txt") for name, _ in desk.files.values())
    assert nothing_ran(hands)


def test_a_file_that_is_erased_is_said_to_be(hands: Hands, desk: FakeDesk) -> None:
    desk.write_file("chat-1", "customer", "a.txt", TEXT)
    hands.see(THEIRS, "a.txt")
    desk.files.clear()
    hands.press(THEIRS)
    hands.see("body", "This file is erased.")
    desk.write("chat-1", "customer", None, file={"id": "fil_1", "name": None, "bytes": 1})
    hands.see(".line.customer .words", "This file is erased.")


def test_files_go_by_keyboard_alone_and_in_chinese(
    hands: Hands, desk: FakeDesk, saved: Path
) -> None:
    desk.write_file("chat-1", "customer", "a.txt", TEXT)
    hands.see(THEIRS)
    hands.script("document.querySelector('.lines').focus()")
    hands.keys(Keys.TAB)
    hands.keys(Keys.ENTER)
    arrived(hands, saved, TEXT)
    hands.script(
        "document.querySelector('.reply input').click = () => { window.asked = true; };"
        "document.querySelector('.reply textarea').focus()"
    )
    hands.keys(Keys.TAB)
    hands.keys(Keys.ENTER)
    assert hands.script("return window.asked") is True
    hands.script("localStorage.setItem('hotline.language', 'zh')")
    hands.driver.refresh()
    assert hands.see("[data-act=file]").text == "发送文件"
    assert hands.see(THEIRS).accessible_name.startswith("保存a.txt")


def test_a_house_that_takes_no_files_shows_no_button(hands: Hands, desk: FakeDesk) -> None:
    hands.see("[data-act=file]")
    desk.takes = None
    desk.tell("chat_said", "chat-1", number=0, who="customer")
    hands.see_no("[data-act=file]")
    assert hands.driver.execute_script(DROP, ".reply", "a.txt", "one", "drop")
    assert desk.files == {}
