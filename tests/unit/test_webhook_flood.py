"""The flood of the benchmark: what it says was answered is what was answered."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from adapters.channels import signature
from ivr.channel_ports import Delivery, NotBelieved
from tests.bench.webhook_flood import Line, flood, request
from tests.channel_hands import KEY, STRANGE_KEY


def test_a_status_that_comes_in_pieces_counts_once_and_for_the_right_request() -> None:
    line = Line(Counter())
    line.sent.extend(["true", "forged", "true"])
    answers = b"".join(
        b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\n{}" % status for status in (202, 401, 429)
    )
    for at in range(len(answers)):
        line.data_received(answers[at : at + 1])
    assert line.tally == {"true 202": 1, "forged 401": 1, "true 429": 1}


async def test_half_of_what_it_sends_is_signed_by_the_channel_and_half_by_a_stranger() -> None:
    believed: Counter[bool] = Counter()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                told = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2]]
                named = {name.lower(): value for name, value in told}
                body = await reader.readexactly(int(named["content-length"]))
                given = Delivery(list(named.items()), body)
                try:
                    signature.checked([KEY], given, float(named["webhook-timestamp"]))
                    believed[True] += 1
                except NotBelieved:
                    believed[False] += 1
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    told = await flood(port, KEY, rate=500, seconds=1.0, seed=6)
    server.close()
    assert believed[True] > 50 and believed[False] > 50
    assert told["true 202"] <= believed[True] and told["forged 202"] <= believed[False]
    assert told["sent"] >= told["true 202"] + told["forged 202"]


@pytest.mark.parametrize("key", [KEY, STRANGE_KEY])
def test_a_request_is_whole(key: bytes) -> None:
    head, _, body = request(1, key, "m1", b"{}").partition(b"\r\n\r\n")
    assert body == b"{}" and b"Content-Length: 2" in head and b"webhook-id: m1" in head
