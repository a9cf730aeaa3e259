"""A flood of deliveries, half of them forged, as a program of its own: it needs a processor, too.

    python -m tests.bench.webhook_flood --port P --key HEX --rate 2000 --seconds 30 --seed S

They come from many addresses, each below what one address may send, on connections that stay open.
The rate is that of sending: who does not answer in time has more and more to answer, up to a bound,
and then the flood waits. Each is signed as it goes. Ends by itself or on SIGTERM, and
prints what was answered, as JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import sys
import time
from collections import Counter, deque

from tests.channel_hands import STRANGE_KEY, envelope, sign

ADDRESSES, EACH = 25, 2
"""Connections: so many addresses, and from each so many."""
MOST_UNANSWERED = 20
"""On one connection."""
TICK = 0.01
BATCH = 200
"""Bodies that are told apart; each request has an id of its own."""
STATUS = re.compile(rb"HTTP/1\.1 (\d{3})")


def request(port: int, key: bytes, id_: str, body: bytes) -> bytes:
    """One signed delivery as it goes over the line."""
    at = str(int(time.time()))
    head = (
        f"POST /hooks/bench HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: {len(body)}\r\n"
        f"Content-Type: application/json\r\nwebhook-id: {id_}\r\nwebhook-timestamp: {at}\r\n"
        f"webhook-signature: {sign(key, id_, at, body)}\r\n\r\n"
    )
    return head.encode() + body


class Line(asyncio.Protocol):
    """One connection; answers come in the order of requests."""

    def __init__(self, tally: Counter[str]) -> None:
        self.tally = tally
        self.sent: deque[str] = deque()
        self.transport: asyncio.Transport | None = None
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.tally["lost"] += len(self.sent)
        self.sent.clear()
        self.transport = None

    def data_received(self, data: bytes) -> None:
        """A status line may be cut in two."""
        found = list(STATUS.finditer(read := self._rest + data))
        for status in found:
            kind = self.sent.popleft() if self.sent else "odd"
            self.tally[f"{kind} {status[1].decode()}"] += 1
        self._rest = read[found[-1].end() :][-11:] if found else read[-11:]

    def send(self, kind: str, made: bytes) -> bool:
        """Whether there was room for it."""
        if self.transport is None or len(self.sent) >= MOST_UNANSWERED:
            return False
        self.sent.append(kind)
        self.transport.write(made)
        return True


async def flood(port: int, key: bytes, rate: float, seconds: float, seed: int) -> Counter[str]:
    """What came of each kind, by status; `held back`: there was no room on any connection."""
    tally, told, loop = Counter[str](), asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    chance = random.Random(seed)
    lines = [
        await _open(port, f"127.0.1.{n + 1}", tally) for n in range(ADDRESSES) for _ in range(EACH)
    ]
    bodies = [envelope("text.received", **{"from": f"+86138001{chance.randrange(10**5):05}",
                                           "text": "x" * chance.randrange(1, 400)})
              for _ in range(BATCH)]  # fmt: skip
    began, made = time.monotonic(), 0
    while not told.is_set() and time.monotonic() - began < seconds:
        due = int((time.monotonic() - began) * rate)
        while made < due:
            made += 1
            kind, by = ("true", key) if chance.random() < 0.5 else ("forged", STRANGE_KEY)
            line, body = lines[made % len(lines)], bodies[made % BATCH]
            if not line.send(kind, request(port, by, f"m{seed}x{made}", body)):
                tally["held back"] += 1
        await asyncio.sleep(TICK)
    tally["seconds"] = round(time.monotonic() - began)
    tally["sent"] = made - tally["held back"]
    return tally


async def _open(port: int, source: str, tally: Counter[str]) -> Line:
    loop = asyncio.get_running_loop()
    _, line = await loop.create_connection(
        lambda: Line(tally), "127.0.0.1", port, local_addr=(source, 0)
    )
    return line


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--port", type=int, required=True)
    given.add_argument("--key", type=bytes.fromhex, required=True)
    given.add_argument("--rate", type=float, default=2000.0)
    given.add_argument("--seconds", type=float, default=30.0)
    given.add_argument("--seed", type=int, default=6)
    options = given.parse_args()
    told = asyncio.run(
        flood(options.port, options.key, options.rate, options.seconds, options.seed)
    )
    print(json.dumps(told))
    return 0


if __name__ == "__main__":
    sys.exit(main())
