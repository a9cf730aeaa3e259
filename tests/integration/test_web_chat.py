"""The customer's side of a chat over real sockets: what a page asks for, and what nobody may do."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from itertools import repeat

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from adapters.chat import conversation, peer
from adapters.chat.parts import Room, by_of
from adapters.web.connection import Deadlines
from adapters.web.sockets import MOST_FRAME_BYTES
from tests.chat_stage import SECONDS, SHOP, ChatStage, chat_staged
from tests.fakes_chat import CODE, LINK

CHAT_AWAY = "chat away"


async def until(stage: ChatStage, asked: str) -> None:
    async with asyncio.timeout(SECONDS):
        while asked not in stage.house.asked:
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- a chat from beginning to end


async def test_a_customer_begins_waits_is_served_and_says_how_it_was(chats: ChatStage) -> None:
    house = chats.house
    async with chats.page() as page:
        token = await page.begins(language="zh", queue="support", name="王小明")
        assert (house.chat.language, house.chat.queue, house.chat.name) == (
            "zh",
            "support",
            "王小明",
        )
        greeting = await page.hears("line", number=1)
        assert (greeting["phrase"], greeting["values"]) == ("waiting", {"wait": [60, 180]})
        state = await page.hears("state", state="waiting")
        assert state["wait"] == [60, 180] and "contact" not in state
        house.agent_takes("Ann")
        await page.hears("line", phrase="joined")
        await page.hears("state", state="served", agent="Ann")
        await page.say("write", id="1", words="我的卡丢了")
        assert (await page.hears("line", id="1"))["number"] == 3
        house.agent_says("Let me see")
        assert (await page.hears("line", who="agent"))["words"] == "Let me see"
        await page.say("end")
        await page.hears("state", state="over", how="served")
        await page.say("rate", value=4)
        await page.hears("state", rated=True)
        assert house.chat.rated == 4
    assert by_of(token) in house.chats and token not in str(house.chats)


async def test_typing_and_read_go_both_ways(chats: ChatStage) -> None:
    async with chats.page() as page:
        await page.begins()
        await page.hears("state")
        contact = chats.house.chat.contact
        chats.house.typing(contact, "agent", on=True)  # type: ignore[arg-type]
        await page.hears("typing", on=True)
        chats.house.typing(contact, "agent", on=False)  # type: ignore[arg-type]
        await page.hears("typing", on=False)
        await page.say("typing", on=True)
        await page.say("write", id="1", words="hello")
        await page.hears("line", id="1")
        assert chats.house.typing_of(contact) == []  # type: ignore[arg-type]
        chats.house.read(contact, "agent", 2)  # type: ignore[arg-type]
        await page.hears("read", number=2)
        await page.say("read", number=2)
        async with asyncio.timeout(SECONDS):
            while chats.house.read_by.get((contact, "customer")) != 2:
                await asyncio.sleep(0.01)


async def test_a_line_that_is_sent_again_is_there_once(chats: ChatStage) -> None:
    async with chats.page() as page:
        token = await page.begins()
        chats.house.loses = 1
        await page.say("write", id="1", words="only once")
        assert (await page.hears("refused"))["id"] == "1"
        await page.say("write", id="1", words="only once")
        first = await page.hears("line", id="1")
    async with chats.page() as page:
        await page.say("resume", token=token, after=first["number"])
        await page.say("write", id="1", words="only once")
        assert (await page.hears("line", id="1"))["number"] == first["number"]
    assert [line["words"] for line in chats.house.chat.lines] == [None, "only once"]


async def test_a_chat_that_is_begun_again_with_its_token_is_the_same(chats: ChatStage) -> None:
    chats.house.loses = 1
    async with chats.page() as page:
        await page.say("begin", language="en", queue="", name="", token=LINK)
        assert (await page.hears("refused"))["why"] == "away"
    async with chats.page() as page:
        assert await page.begins(token=LINK) == LINK
    assert len(chats.house.chats) == 1


async def test_who_comes_back_hears_what_is_missing_and_keeps_the_place(chats: ChatStage) -> None:
    async with chats.page() as page:
        token = await page.begins()
        await page.hears("state", skipped=False)
    await until(chats, CHAT_AWAY)
    assert chats.house.chat.skipped
    for n in range(7):
        chats.house.agent_says(f"line {n}")
    async with chats.page() as page:
        await page.say("resume", token=token, after=3)
        await page.hears("state", skipped=False)
        lines = [frame["number"] for frame in page.heard if frame["t"] == "line"]
        assert lines == [4, 5, 6, 7, 8]
    assert len(chats.house.chats) == 1


async def test_a_customer_with_two_pages_is_away_with_the_last(chats: ChatStage) -> None:
    async with chats.page() as first:
        token = await first.begins()
        async with chats.page() as second:
            await second.say("resume", token=token, after=0)
            await second.hears("state")
        assert chats.room.inside >= 1
        chats.house.agent_says("still there?")
        await first.hears("line", words="still there?")
        assert CHAT_AWAY not in chats.house.asked
    await until(chats, CHAT_AWAY)


async def test_while_the_core_is_away_the_page_is_told_and_goes_on_after(
    chats: ChatStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.chat.teller.AGAIN_SECONDS", 0.05)
    async with chats.page() as page:
        await page.begins()
        await page.hears("state", state="waiting")
        chats.house.away = True
        chats.house.told(chats.house.chat.contact)  # type: ignore[arg-type]
        await page.hears("state", away=True)
        await page.say("write", id="1", words="are you there?")
        await page.hears("refused", why="away", id="1")
        chats.house.away = False
        await page.hears("state", state="waiting")


async def test_who_asks_to_be_called_hears_yes_or_why_not(chats: ChatStage) -> None:
    async with chats.page() as page:
        await page.begins()
        await page.say("call me", number="+99 1")
        refused = await page.hears("refused", why="call me")
        assert refused["say"] == {"en": "this number cannot be called from here"}
        await page.say("call me", number="+86 138 0013 8000")
        await page.hears("state", promised=True)
    assert chats.house.chat.number == "+86 138 0013 8000"


async def test_a_chat_that_nobody_knows_is_said_to_be_gone(chats: ChatStage) -> None:
    async with chats.page() as page:
        await page.say("resume", token=LINK, after=0)
        assert (await page.hears("refused"))["why"] == "resume"
        await page.say("write", id="1", words="hello")
        assert (await page.hears("refused"))["why"] == "frame"


# ---------------------------------------------------------------- passes


@pytest.mark.parametrize("held", [LINK, CODE, "402 771 905"])
async def test_looking_changes_nothing_and_redeeming_brings_the_place(
    chats: ChatStage, held: str
) -> None:
    async with chats.page() as page:
        await page.say("look", **{"pass": held})
        seen = await page.hears("seen")
        assert seen["state"] == "open" and "id" not in seen and not chats.house.used_by
        await page.say("redeem", **{"pass": held})
        await page.hears("joined")
        assert (await page.hears("state"))["origin"] == "phone"
    assert chats.house.used_by


async def test_a_redemption_whose_answer_was_lost_is_answered_alike(chats: ChatStage) -> None:
    chats.house.loses = 1
    token = "a" * 22
    async with chats.page() as page:
        await page.say("redeem", **{"pass": LINK, "token": token})
        await page.hears("refused", why="away")
        await page.say("redeem", **{"pass": LINK, "token": token})
        assert (await page.hears("joined"))["token"] == token
        await page.say("redeem", **{"pass": LINK, "token": "b" * 22})
        refused = await page.hears("refused", why="pass")
        assert refused["say"]["zh"] == "这张凭证已经用过：每张凭证只能使用一次。"


async def test_what_is_no_pass_never_asks_the_core_and_guessing_ends(chats: ChatStage) -> None:
    async with chats.page() as page:
        for n in range(12):
            await page.say("look", **{"pass": f"{n:09}"})
            last = await page.hears("refused", why="pass")
        assert "输错的次数太多" in last["say"]["zh"]
        await page.say("look", **{"pass": LINK})
        assert "Too many" in (await page.hears("refused"))["say"]["en"]
    assert not [what for what in chats.house.asked if what.startswith("pass")]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_scanner_of_links_changes_nothing(chats: ChatStage, method: str) -> None:
    async with httpx.AsyncClient(base_url=chats.url, trust_env=False) as scanner:
        for _ in range(20):
            answer = await scanner.request(method, f"/chat#{LINK}")
            assert answer.status_code == 200 and LINK not in answer.text
    assert chats.house.asked == []


# ---------------------------------------------------------------- pages


async def test_pages_load_nothing_from_elsewhere_and_are_framed_by_named_pages(
    chats: ChatStage,
) -> None:
    async with httpx.AsyncClient(base_url=chats.url, trust_env=False) as browser:
        page = await browser.get("/chat")
        policy = page.headers.get_list("content-security-policy")
        assert len(policy) == 1 and "unsafe" not in policy[0]
        assert policy[0].endswith(f"frame-ancestors 'self' {SHOP}")
        assert "default-src 'none'" in policy[0] and "trusted-types 'none'" in policy[0]
        assert "style=" not in page.text and "onclick" not in page.text
        widget = await browser.get("/chat/widget.js")
        assert widget.headers["cross-origin-resource-policy"] == "cross-origin"
        assert widget.headers["content-type"].startswith("text/javascript")
        other = await browser.get("/chat/chat.js")
        assert other.headers["cross-origin-resource-policy"] == "same-origin"
        assert other.headers["content-security-policy"].startswith("default-src 'none'")
        assert (await browser.get("/chat/page.html")).status_code == 401
        assert (await browser.get("/chat/..%2f__init__.py")).status_code == 401
        assert (await browser.post("/chat")).status_code == 401


async def test_a_title_is_shown_as_it_is() -> None:
    async with chat_staged(title={"en": 'Say "hello" & more'}) as stage, httpx.AsyncClient() as web:
        text = (await web.get(stage.url + "/chat")).text
    assert 'data-title-en="Say &quot;hello&quot; &amp; more"' in text


# ---------------------------------------------------------------- who may come, and how much


@pytest.mark.parametrize("origin", [SHOP, "https://help.example.com", "HTTPS://www.example.com"])
async def test_pages_of_ours_may_open_a_socket(chats: ChatStage, origin: str) -> None:
    async with chats.page(origin) as page:
        await page.begins()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://www.example.com",
               "https://www.example.com.evil.example", "https://help.example.com:444"]
)  # fmt: skip
async def test_other_pages_may_not(chats: ChatStage, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with chats.page(origin):
            pass
    assert refused.value.response.status_code == 403
    assert chats.room.inside == 0 and chats.house.asked == []


async def test_no_socket_is_open_elsewhere_or_by_another_name(chats: ChatStage) -> None:
    head = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    for path, host, status in [
        ("/api/v1/events", "localhost", b"404"),
        ("/chat", "localhost", b"404"),
        ("/chat/socket", "evil.example", b"421"),
    ]:
        reader, writer = await asyncio.open_connection("127.0.0.1", chats.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{head}{key}".encode())
        assert (await asyncio.wait_for(reader.read(), SECONDS)).split()[1] == status
        writer.close()


async def test_an_address_has_a_bounded_number_of_sockets(chats: ChatStage) -> None:
    async with chat_staged(room=Room(at_all=3, per_address=2)) as stage, AsyncExitStack() as open_:
        pages = [await open_.enter_async_context(stage.page()) for _ in range(2)]
        with pytest.raises(InvalidStatus) as refused:
            await open_.enter_async_context(stage.page())
        assert refused.value.response.status_code == 429
        await pages[0].socket.close()
        async with asyncio.timeout(SECONDS):
            while stage.room.inside > 1:
                await asyncio.sleep(0.01)
        await (await open_.enter_async_context(stage.page())).begins()


async def test_customers_behind_a_proxy_of_ours_are_told_apart() -> None:
    async with (
        chat_staged(room=Room(per_address=1), proxies=["127.0.0.1"]) as stage,
        AsyncExitStack() as open_,
    ):
        for n in (7, 8):
            told = {"X-Forwarded-For": f"203.0.113.1, 192.0.2.{n}"}
            await open_.enter_async_context(stage.page(headers=told))
        with pytest.raises(InvalidStatus):
            again = {"X-Forwarded-For": "192.0.2.7"}
            await open_.enter_async_context(stage.page(headers=again))


async def test_whom_an_unknown_peer_says_it_asks_for_is_not_believed() -> None:
    async with chat_staged(room=Room(per_address=1)) as stage, AsyncExitStack() as open_:
        await open_.enter_async_context(stage.page(headers={"X-Forwarded-For": "192.0.2.7"}))
        with pytest.raises(InvalidStatus):
            other = {"X-Forwarded-For": "192.0.2.8"}
            await open_.enter_async_context(stage.page(headers=other))


async def test_an_address_begins_a_bounded_number_of_chats(chats: ChatStage) -> None:
    async with chats.page() as page:
        for _ in range(10):
            await page.begins()
        await page.say("begin", language="en", queue="", name="")
        assert (await page.hears("refused"))["why"] == "too many"
    assert len(chats.house.chats) == 10


async def closes(messages: AsyncIterator[str | bytes]) -> int:
    """The code that the house closes the socket with."""
    try:
        async with asyncio.timeout(SECONDS):
            async for _ in messages:
                pass
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 1006
    return 1000


async def test_a_frame_that_is_too_long_ends_the_socket(chats: ChatStage) -> None:
    async with chats.page() as page:
        await page.socket.send("x" * (MOST_FRAME_BYTES + 1))
        assert await closes(aiter(page.socket)) == 1009
    async with chats.page() as page:
        with pytest.raises(ConnectionClosed):
            await page.socket.send(repeat("x" * 1000, 10_000))
            await page.socket.wait_closed()
            await page.socket.send("more")


async def test_who_sends_what_is_no_frame_is_let_go(chats: ChatStage) -> None:
    async with chats.page() as page:
        junk: str | bytes
        for junk in ("{", b"\x00\xff", "[]", '{"t":"fly"}', "", "null", '{"t":1}'):
            await page.socket.send(junk)
        assert await closes(aiter(page.socket)) == 1008


async def test_a_flood_is_read_slowly_asks_the_core_little_and_ends(
    chats: ChatStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer, "MOST_SLOWED", 4)
    async with chats.page(close_timeout=0.2) as page:
        await page.begins()
        frame = json.dumps({"t": "write", "id": "1", "words": "x"})

        async def flood() -> None:
            with suppress(ConnectionClosed):
                while True:
                    await page.socket.send(frame)

        flooding = asyncio.create_task(flood())
        assert await closes(aiter(page.socket)) == 1008
        await flooding
        assert chats.house.asked.count("chat write") <= peer.BURST + 4
    async with chats.page() as other:
        await other.begins()


async def test_a_page_that_says_nothing_gives_its_socket_back(
    chats: ChatStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "UNKNOWN_SECONDS", 0.2)
    async with chats.page() as page:
        assert await closes(aiter(page.socket)) == 1000
    assert chats.room.inside == 0


async def test_who_does_not_read_is_let_go() -> None:
    async with (
        chat_staged(deadlines=Deadlines(unread=0.3)) as stage,
        stage.page(close_timeout=0.2) as page,
    ):
        await page.begins()
        page.socket.transport.pause_reading()
        line = "x" * 4000
        async with asyncio.timeout(SECONDS):
            while stage.room.inside:
                stage.house.agent_says(line)
                await asyncio.sleep(0)


async def test_a_house_that_stops_ends_its_sockets_in_time() -> None:
    async with chat_staged() as stage, stage.page() as page:
        await page.begins()
        stage.server.should_exit = True
        assert await closes(aiter(page.socket)) == 1012
