"""The web process's server on real sockets: slow, many and large requests, live events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from adapters.web import content
from adapters.web.connection import Crowd, Deadlines, connections
from tests.web_stage import OPERATOR, TOKEN, Stage, staged

SHORT = Deadlines(head=0.4, linger=0.3, unread=0.4)
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()
COMMENT = b"POST /api/v1/x HTTP/1.1\r\nHost: localhost\r\n" + BEARER
EVENTS = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n" + BEARER + b"\r\n"

Peer = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Served:
    """A stage that listens on a port of this machine."""

    stage: Stage
    port: int

    async def peer(self, said: bytes = b"") -> Peer:
        """A connection that has said this much."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(said)
        await writer.drain()
        return reader, writer

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", headers=OPERATOR)


@asynccontextmanager
async def serving(stage: Stage, crowd: Crowd | None = None) -> AsyncIterator[Served]:
    config = uvicorn.Config(
        stage.gate, port=0, http=connections(crowd, SHORT), ws="none", log_config=None
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(5):
        while not server.started:
            await asyncio.sleep(0.01)  # uvicorn offers nothing else to wait on
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield Served(stage, port)
    finally:
        stage.live.close()
        server.should_exit = True
        await asyncio.wait_for(task, 5)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with staged(tmp_path) as stage, serving(stage) as made:
        yield made


async def rest(peer: Peer) -> bytes:
    """Everything until the other side closes; it must, within its deadlines."""
    try:
        return await asyncio.wait_for(peer[0].read(), 3)
    except ConnectionResetError:
        return b""
    finally:
        peer[1].close()


async def answer(peer: Peer) -> tuple[int, dict[str, object]]:
    """Status and JSON of one answer."""
    head = await asyncio.wait_for(peer[0].readuntil(b"\r\n\r\n"), 3)
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return int(head.split()[1]), json.loads(await peer[0].readexactly(length))


@pytest.mark.parametrize(
    "said", [b"", b"GET /health HTTP/1.1\r\nHost: loc", b"\r\n", HEALTH + b"GET /hea"]
)
async def test_a_head_that_does_not_come_ends_the_connection(served: Served, said: bytes) -> None:
    got = await rest(await served.peer(said))
    assert got.count(b"200 OK") == said.count(HEALTH)


async def test_dripping_a_head_wins_no_time(served: Served) -> None:
    reader, writer = await served.peer()

    async def drip() -> None:
        for letter in HEALTH * 20:
            writer.write(bytes([letter]))
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    assert await rest((reader, writer)) == b""
    dripping.cancel()


async def test_dripping_a_body_wins_no_time(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "SECONDS", 0.3)
    peer = await served.peer(COMMENT + b"Content-Length: 1000\r\n\r\n{")
    status, said = await answer(peer)
    assert (status, said["title"]) == (408, "Request Timeout")
    assert await rest(peer) == b""


@pytest.mark.parametrize(
    "head", [b"Content-Length: 20971520\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"]
)
async def test_a_huge_body_is_refused_while_it_is_being_sent(served: Served, head: bytes) -> None:
    peer = await served.peer(COMMENT + head)
    chunked = b"Transfer" in head

    async def send() -> None:
        for _ in range(20):
            peer[1].write((b"100000\r\n" if chunked else b"") + b"x" * 0x100000)
            peer[1].write(b"\r\n" if chunked else b"")
            await peer[1].drain()

    sending = asyncio.create_task(send())
    assert (await answer(peer))[0] == 413
    await rest(peer)
    with suppress(ConnectionError):
        await asyncio.wait_for(sending, 3)


async def test_who_asks_for_nothing_gives_way_to_who_does(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, serving(stage, Crowd(per_address=5)) as served:
        silent = [await served.peer(b"GET /hea") for _ in range(20)]
        for _ in range(5):
            peer = await served.peer(HEALTH)
            assert (await answer(peer))[0] == 200
            peer[1].close()
        assert sum(peer[0].at_eof() or peer[0].exception() is not None for peer in silent) >= 15
        for peer in silent:
            peer[1].close()


async def test_an_address_holds_a_bounded_number_of_connections(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, serving(stage, Crowd(per_address=2)) as served:
        busy = [await served.peer(EVENTS) for _ in range(2)]
        for peer in busy:
            await asyncio.wait_for(peer[0].readuntil(b"retry: 1000\n\n"), 3)
        status, _ = await answer(await served.peer(HEALTH))
        assert status == 429
        for peer in busy:
            peer[1].close()


async def test_a_proxy_of_ours_holds_as_many_as_there_is_room_for(tmp_path: Path) -> None:
    crowd = Crowd(per_address=1, at_all=3, proxies=["127.0.0.1"])
    async with staged(tmp_path) as stage, serving(stage, crowd) as served:
        busy = [await served.peer(EVENTS) for _ in range(3)]
        for peer in busy:
            await asyncio.wait_for(peer[0].readuntil(b"retry: 1000\n\n"), 3)
        assert (await answer(await served.peer(HEALTH)))[0] == 429
        for peer in busy:
            peer[1].close()


@pytest.mark.parametrize(
    "said",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1_000_000,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_a_problem_and_the_door(served: Served, said: bytes) -> None:
    peer = await served.peer()
    peer[1].write(said)
    got = await rest(peer)
    assert got == b"" or (got.startswith(b"HTTP/1.1 400") and b"problem+json" in got)
    assert (await answer(await served.peer(HEALTH)))[0] == 200


async def test_who_does_not_read_their_answer_is_let_go(served: Served) -> None:
    await served.stage.a_ticket()
    _, writer = await served.peer()
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    docs = b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with pytest.raises((ConnectionError, TimeoutError)):
        async with asyncio.timeout(8):
            while True:
                writer.write(docs * 50)
                await writer.drain()
                await asyncio.sleep(0.01)
                if writer.transport.is_closing():
                    raise ConnectionResetError
    writer.transport.abort()


# ---- live events


async def events(response: httpx.Response) -> AsyncIterator[dict[str, object]]:
    async for line in response.aiter_lines():
        if line.startswith("data: "):
            yield json.loads(line[6:])


async def test_live_events_come_at_once_and_are_taken_up_where_they_broke_off(
    served: Served,
) -> None:
    stage, path = served.stage, "/api/v1/events"
    async with served.client() as client, asyncio.timeout(5):
        async with client.stream("GET", path) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            live = events(response)
            await stage.a_ticket()
            first = await anext(live)
        assert (first["v"], first["kind"], first["who"]) == (1, "call_started", "customer")
        await stage.a_ticket(2000.0)
        after = {"Last-Event-ID": str(first["seq"])}
        async with client.stream("GET", path, headers=after, params={"after": 0}) as response:
            missed = [event async for _, event in numbered(events(response), 5)]
        seen = [(event["seq"], event["kind"]) for event in missed]
        assert seen == [
            (2, "arrived"), (3, "ticket_opened"),
            (4, "call_started"), (5, "arrived"), (6, "contact_joined"),
        ]  # fmt: skip


async def numbered(
    live: AsyncIterator[dict[str, object]], most: int
) -> AsyncIterator[tuple[int, dict[str, object]]]:
    """The first so many."""
    for n in range(most):
        yield n, await anext(live)


async def test_a_listener_from_another_database_is_told_to_begin_anew(served: Served) -> None:
    async with served.client() as client:
        assert (await client.get("/api/v1/events", params={"after": 99})).status_code == 409


async def test_listeners_are_counted_out_again_and_end_with_the_process(served: Served) -> None:
    live = served.stage.live
    async with served.client() as client, asyncio.timeout(5):
        async with client.stream("GET", "/api/v1/events") as response:
            await anext(response.aiter_lines())
            assert live.listeners == 1
        while live.listeners:
            await asyncio.sleep(0.01)
        async with client.stream("GET", "/api/v1/events") as response:
            live.close()
            assert (await response.aread()).startswith(b"retry: 1000")
