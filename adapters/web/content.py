"""A request's body, taken in whole and checked before anything reads it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from starlette.types import Message, Receive

from adapters.web.problems import Refused

MOST_BYTES = 128 * 1024
"""Room for the longest comment in its longest spelling. Files come another way."""
MOST_DEPTH = 32
SECONDS = 10.0
"""How long the whole body may take to come."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")


async def taken_in(
    receive: Receive, headers: Mapping[bytes, bytes], *, parsed: bool = True
) -> Receive:
    """A `receive` that has the whole body already; raises `Refused` (400, 408, 413). `parsed`:
    whether it is parsed before anybody knows who sent it."""
    declared = headers.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise _too_long()
    check_form(headers)
    try:
        async with asyncio.timeout(SECONDS):
            body = await _whole(receive)
    except TimeoutError:
        raise Refused(408, f"the body did not come within {SECONDS:.0f} s") from None
    if parsed and too_deep(body):
        raise Refused(400, f"the body is nested deeper than {MOST_DEPTH} levels")
    return _replay(body, receive)


def check_form(headers: Mapping[bytes, bytes]) -> None:
    """Refuse a body that is more than it seems."""
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Refused(415, "compressed bodies are not taken")


async def _whole(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the body is not complete")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise _too_long()
        if not message.get("more_body", False):
            return bytes(body)


def too_deep(body: bytes) -> bool:
    """Whether JSON in it is nested too deep. What is not JSON may answer either way."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > MOST_DEPTH:
            return True
    return False


def _too_long() -> Refused:
    return Refused(413, f"a body may have {MOST_BYTES} bytes at most")


def _replay(body: bytes, receive: Receive) -> Receive:
    first: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return first.pop() if first else await receive()

    return again
