"""Texts over real HTTP: to one address, by a deadline, and no further."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from adapters.channels.post import HttpPost
from adapters.channels.webhook import WebhookChannel
from ivr.channel_ports import NotNow, Refused, Text, TextId
from ivr.channel_settings import ChannelEntry
from tests.channel_hands import NOW, WEBHOOK

CANARY = "canary-0c4d"
TEXT = Text(TextId("txt_1"), "u-1", CANARY)

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def far_end(answer: Answer) -> AsyncIterator[tuple[str, list[bytes]]]:
    """An address that answers so, and the heads of what has come there."""
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        with suppress(OSError):  # whoever asked does not wait any more
            await answer(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/texts", heads
    finally:
        server.close()


def says(head: bytes, body: bytes = b"") -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 " + head + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def send(url: str, seconds: float = 30.0) -> None:
    entry = ChannelEntry.model_validate({**WEBHOOK, "url": url})
    async with HttpPost(seconds) as post:
        await WebhookChannel("far", entry, post, lambda: NOW).send(TEXT)


@pytest.mark.parametrize("status", [b"200 OK", b"202 Accepted", b"204 No Content", b"409 Known"])
async def test_what_is_taken_is_taken_whatever_else_is_said(status: bytes) -> None:
    async with far_end(says(status, b"x" * 10_000)) as (url, heads):
        await send(url)
    [head] = heads
    assert head.startswith(b"POST /texts ") and b"webhook-signature: v1," in head


@pytest.mark.parametrize("status", [b"400 No", b"413 No", b"415 No", b"422 No"])
async def test_a_refusal_of_the_text_is_final(status: bytes) -> None:
    async with far_end(says(status)) as (url, _):
        with pytest.raises(Refused):
            await send(url)


@pytest.mark.parametrize(
    ("head", "wait"),
    [(b"429 No\r\nRetry-After: 7", 7), (b"503 No\r\nRetry-After: 999999", 3600),
     (b"503 No\r\nRetry-After: Sat, 01 Jan 2028 00:00:00 GMT", 0), (b"500 No", 0),
     (b"401 No", 0), (b"404 No", 0), (b"302 Found\r\nLocation: /elsewhere", 0),
     (b"100 Go\r\n\r\nHTTP/1.1 500 No", 0), (b"no status", 0)],
)  # fmt: skip
async def test_whatever_else_is_answered_is_tried_again_and_no_redirect_is_followed(
    head: bytes, wait: float
) -> None:
    async with far_end(says(head)) as (url, heads):
        with pytest.raises(NotNow) as refused:
            await send(url)
    assert refused.value.wait == wait and len(heads) == 1


async def test_who_does_not_answer_is_not_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    never = asyncio.Event()

    async def silent(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 20")
        await never.wait()

    async with far_end(silent) as (url, _):
        async with HttpPost(0.2) as post:
            await post._client  # type: ignore[misc]  # loading the library is not what is timed
            with pytest.raises(NotNow, match="in time"):
                await post(url, {}, b"{}")
        never.set()
    with pytest.raises(NotNow, match="ConnectError"):
        await send(url)
    assert CANARY not in caplog.text
