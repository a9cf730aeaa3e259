"""Signed bodies over HTTP: to the address of the site file alone, by its deadline, no further.

No redirect is followed, no proxy of the environment is used, no answer is read beyond its head.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

from acd.model import Seconds
from ivr.channel_ports import NotNow

if TYPE_CHECKING:
    import httpx

SECONDS: Seconds = 10.0
"""Until the head of the answer is there."""
MOST_CONNECTIONS = 20
LIBRARIES = ("httpx", "httpcore")
"""They would log addresses."""


class HttpPost:
    """`adapters.channels.webhook.Post`; a context manager, to be used inside it."""

    def __init__(self, seconds: Seconds = SECONDS) -> None:
        self._seconds = seconds
        self._client: asyncio.Task[httpx.AsyncClient] | None = None

    async def __aenter__(self) -> HttpPost:
        self._client = asyncio.create_task(asyncio.to_thread(_client))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client:
            await (await self._client).aclose()

    async def __call__(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str]]:
        if self._client is None:
            raise NotNow("not open")
        from httpx import HTTPError, InvalidURL

        told = {"Content-Type": "application/json", **headers}
        try:
            async with asyncio.timeout(self._seconds):
                client = await asyncio.shield(self._client)
                async with client.stream("POST", url, headers=told, content=body) as answer:
                    return answer.status_code, answer.headers
        except TimeoutError:
            raise NotNow("no answer in time") from None
        except (HTTPError, InvalidURL) as fault:  # its words may have the address in them
            raise NotNow(type(fault).__name__) from None


def _client() -> httpx.AsyncClient:
    """In a thread: loading the library and the system's certificates takes time."""
    library = importlib.import_module("httpx")
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    client: httpx.AsyncClient = library.AsyncClient(
        verify=ssl.create_default_context(),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # one deadline for everything stands around each request
        limits=library.Limits(max_connections=MOST_CONNECTIONS),
        headers={"Accept-Encoding": "identity", "User-Agent": "hotline"},
    )
    return client
