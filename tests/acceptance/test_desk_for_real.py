"""The agents' page in a real browser, on a real core with a real Asterisk: who came by telephone is
served in the page, which shows what they keyed and what was said on the telephone; and nothing that
anybody writes runs in it.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

pytest.importorskip("selenium", reason="no Selenium: it is no part of the tests' packages here")

from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webdriver import WebDriver

from acd.model import ContactId
from adapters.chat.parts import by_of
from ivr.chat_files import safe_name
from ivr.chats import LONGEST_NAME, plain
from ivr.file_kinds import FileKind
from ivr.settings import load
from ivr.steps_outside import LONGEST_ANSWER
from tests.desk_hands import Hands, browser, complaints
from tests.way_stage import WayStage, way_stage
from tests.xss_corpus import CORPUS

pytestmark = [
    pytest.mark.asterisk, pytest.mark.timeout(300), pytest.mark.asyncio(loop_scope="module"),
]  # fmt: skip

AGENT = "agent-1001"
TOKEN = "of-a-customers-browser"
AT_ONCE = 15
"""Chats, or files from one address."""
EACH = 9
"""Values that a neighbour of the house gives a call, which has no room for more."""
PRINTED = [words for words in CORPUS if words.isprintable()]
"""Nothing else is taken for a value, or a disposition."""
HARM = [words for words in PRINTED if len(words.encode()) <= LONGEST_ANSWER]
ANSWERS = {
    f"{4710 + n}": [HARM[(n * EACH + k) % len(HARM)] for k in range(EACH)]
    for n in range(math.ceil(len(HARM) / EACH))
}
"""What the neighbour, who means harm, says of an order, by its number."""
VALUES = [f"w{n}" for n in range(EACH)]
LABELS = [words for words in PRINTED if len(words) <= 80]
CODES = {f"d{n:02}": {"en": words, "zh": words} for n, words in enumerate(LABELS)}
REPLIES = list(dict.fromkeys(CORPUS))[:50]
CENTRE = {
    "queues": {"support": {"wrap_up_seconds": 0, "ring_seconds": 250, "dispositions": CODES}},
    "agents": {AGENT: {"queues": ["support"], "capacity": {"voice": 0, "chat": 20}}},
}
FLOW = {
    "first": "order",
    "steps": {
        "order": {
            "do": "listen", "into": "order", "keys": {"least": 4, "most": 4}, "ends_with": "",
            "say": {"zh": "订单号？", "en": "Your order?"}, "tries": 3,
            "then": {"done": "harm", "silence": "person", "no_match": "person"},
        },
        "harm": {
            "do": "python", "name": "harm", "inputs": {"order": "{order}"},
            "into": {name: name for name in VALUES},
            "then": {"done": "person", "failed": "person"},
        },
        "person": {"do": "queue", "tell": ["order", *VALUES]},
    },
}  # fmt: skip
STEPS = f"""
from ivr.python_steps import Ended, python_step

@python_step(outcomes={{"done": {VALUES!r}}}, pure=True)
def harm(order: str) -> Ended:
    return Ended("done", **dict(zip({VALUES!r}, {ANSWERS!r}[order], strict=True)))
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[WayStage]:
    page = load().home / "desk"
    if not (page / "index.html").exists():
        pytest.skip(f"no page in {page}: run ./hotline setup desk")
    more: dict[str, Any] = {
        "replies": {"support": {"en": REPLIES}}, "steps": "steps",
        "chat": {"url": "http://127.0.0.1:8080", "files": {"a_chat": 100}},
    }  # fmt: skip
    async with way_stage(CENTRE, FLOW, {"steps/harm.py": STEPS}, **more) as made:
        yield made


@pytest.fixture(scope="module")
def driver() -> Iterator[WebDriver]:
    with browser() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def hands(stage: WayStage, driver: WebDriver) -> Hands:
    """The agent at work, with the page open."""
    made = Hands(driver, stage.web)

    def comes() -> None:
        made.open()
        made.sign_in(stage.token)
        made.press(f"[data-agent='{AGENT}']")
        made.see(".my-state")
        if made.all("[data-act=login]"):
            made.press("[data-act=login]")
        made.see(".my-state [data-state=ready]")

    await asyncio.to_thread(comes)
    return made


async def do(deed: Callable[..., Any], *given: Any) -> Any:
    """Beside the loop, which serves the telephones."""
    return await asyncio.to_thread(deed, *given)


# ---------------------------------------------------------------- from the telephone


async def goes_online(stage: WayStage, number: str, order: str) -> tuple[ContactId, str]:
    """Somebody calls, keys their order number, waits, and goes on in the chat: their browser."""
    phone, by = await stage.phone(number), by_of(number)
    told = len(await stage.house.records("ValuesTold"))
    call = await phone.call("4000")
    await asyncio.wait_for(call.up.wait(), 30)
    for key in order:
        await call.press(key)

    async def are_told() -> bool:
        return len(await stage.house.records("ValuesTold")) > told

    await stage.house.until(are_told, 30)
    contact = await stage.waits_alone()
    made = await stage.house.core.ask("pass issue", contact=contact, channel="chat")
    joined = await stage.house.core.ask("chat join", **{"pass": made["pass"], "by": by})
    assert joined["contact"] == contact
    await asyncio.wait_for(call.ended.wait(), 60)
    return contact, by


@pytest.mark.parametrize("order", ANSWERS)
async def test_who_came_by_telephone_is_served_in_the_page_with_what_they_keyed(
    stage: WayStage, hands: Hands, order: str
) -> None:
    contact, by = await goes_online(stage, f"+861380013{order}", order)
    row = await do(hands.see, f".row.rings[data-reference='{contact}']")
    for words in ("Chat", "support", "came from the phone", "first in order", "waited"):
        assert words in row.text, row.text
    await do(hands.press, f".row[data-reference='{contact}'] [data-act=accept]")
    side = await do(hands.see, ".side", order)
    for words in ("order", "Called 4000", "Went on in chat"):
        assert words in side.text, side.text
    told = await do(lambda: hands.script(texts_of(".side dl.told dd")))
    assert told == [order, *ANSWERS[order]]
    write = {"by": by, "id": "1", "words": "It has not come."}
    await stage.house.core.ask("chat write", **write)
    await do(hands.see, ".line.customer .words", "It has not come.")
    await do(hands.type, ".reply textarea", "I am looking." + Keys.ENTER)
    await do(hands.see, ".line.mine[data-number] .words", "I am looking.")
    assert (await stage.house.core.ask("chat state", by=by))["agent"] == AGENT
    await no_harm(hands)
    await do(hands.press, "[data-act=close]")
    await do(hands.press, "[data-act=close-yes]")
    await do(hands.see_no, ".row")

    async def is_told() -> bool:
        return "chat_ended" in (await stage.story(contact))[1]

    await stage.house.until(is_told, 20)
    shown, kinds = await stage.story(contact)
    assert shown["ticket"] and {"call_started", "pass_redeemed"} <= set(kinds)
    assert kinds.count("ticket_opened") == 1, "telephone and chat are one contact"


# ---------------------------------------------------------------- customers who mean harm


@pytest.mark.parametrize("first", range(0, len(CORPUS), AT_ONCE))
async def test_no_name_runs_in_the_page(stage: WayStage, hands: Hands, first: int) -> None:
    some = enumerate(CORPUS[first : first + AT_ONCE], first)
    named = {by_of(f"browser {n}"): words for n, words in some}
    for by, words in named.items():
        await begins(stage, by, words)
    await do(hands.wait, lambda: len(hands.all(".row.rings")) == len(named), "not all ring")
    shown = await do(hands.script, texts_of(".row .queue"))
    assert sorted(shown) == sorted(plain(words)[:LONGEST_NAME] for words in named.values())
    await no_harm(hands)
    for by in named:
        await stage.house.core.ask("chat end", by=by)
    await do(hands.see_no, ".row")


async def test_nothing_that_is_written_or_sent_in_a_chat_runs_in_the_page(
    stage: WayStage, hands: Hands
) -> None:
    by = by_of(TOKEN)
    await begins(stage, by, "Li Lei")
    await do(hands.press, "[data-act=accept]")
    await do(hands.see, ".reply textarea")
    for number, words in enumerate(CORPUS):
        await stage.house.core.ask("chat write", by=by, id=f"{number}", words=words)
    await do(hands.wait, lambda: len(hands.all(".line.customer .words")) == len(CORPUS), "lines")
    assert await do(hands.script, texts_of(".line.customer .words")) == list(CORPUS)
    names = [safe_name(words, FileKind.TEXT) for words in CORPUS]
    for first in range(0, len(CORPUS), AT_ONCE):
        await send(stage, range(first, min(first + AT_ONCE, len(CORPUS))), f"127.0.1.{first + 1}")
    await do(hands.wait, lambda: len(hands.all(".line.customer .file")) == len(names), "files")
    assert await do(hands.script, texts_of(".line.customer .file bdi")) == names
    await no_harm(hands)
    assert await do(hands.script, texts_of(".codes button")) == LABELS
    await do(hands.press, "[data-code=d00]")
    await do(hands.see, "[data-code=d00][aria-pressed=true]")
    assert await do(hands.script, texts_of(".quick button")) == REPLIES
    await do(hands.press, ".quick button")
    await do(hands.press, ".reply [type=submit]")
    await do(hands.see, ".line.mine[data-number] .words", REPLIES[0])
    await no_harm(hands)
    await stage.house.core.ask("chat end", by=by)
    await do(hands.see_no, ".row")


async def begins(stage: WayStage, by: str, name: str) -> None:
    """A customer who calls themselves so, by their browser."""
    asked = {"by": by, "language": "en", "queue": "support", "name": name}
    await stage.house.core.ask("chat begin", **asked)


async def send(stage: WayStage, numbers: Iterable[int], address: str) -> None:
    """Files that are called as these of the corpus, from the customer's browser at this address."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=30) as browsing:
        for n in numbers:
            answer = await browsing.post(
                f"{stage.web}/chat/files",
                params={"id": f"file-{n}"}, content=b"Good day",
                headers={"Authorization": f"Bearer {TOKEN}", "File-Name": quote(CORPUS[n])},
            )  # fmt: skip
            assert answer.status_code == 201, answer.text


def texts_of(css: str) -> str:
    return f"return [...document.querySelectorAll({css!r})].map((one) => one.textContent.trim())"


async def no_harm(hands: Hands) -> None:
    """Nothing has run, and the browser has refused nothing: it was never more than text."""
    assert await do(hands.script, "return window.pwned") is None
    inside = ".list, .side, .lines, .reply, .pane-head"
    harm = f":is({inside}) :is(script, img, svg, iframe, object, embed, a, style, meta, base, link)"
    assert await do(hands.all, harm) == []
    assert await do(complaints, hands.driver) == []
