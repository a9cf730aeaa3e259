"""`ivr.ports.Lookups` over HTTP: GET, JSON, a deadline and a circuit breaker for each service.

The services are the allow-list: the host comes from the settings alone, no redirect is followed,
no proxy of the environment is used. What was asked and answered stands in no log.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from acd.model import Seconds
from ivr.breaker import Breaker
from ivr.ports import EffectKey, LookupFailed, NotThere
from ivr.services import ServiceEntry

if TYPE_CHECKING:
    import httpx

log = logging.getLogger(__name__)

LARGEST_ANSWER = 64 * 1024
"""Bytes."""
MOST_CONNECTIONS = 50
"""To all services together; who finds none free waits within their deadline."""
NOT_NOW = frozenset({408, 429})
"""Refusals that say something of the service, not of the question."""
LIBRARIES = ("httpx", "httpcore")
"""They would log addresses, with what callers keyed in."""


class ServiceBroken(LookupFailed):
    """The service itself does not work as it should."""


class HttpLookups:
    """The services of the site file; a context manager, to be used inside it."""

    def __init__(
        self, services: Mapping[str, ServiceEntry], clock: Callable[[], Seconds] = time.monotonic
    ) -> None:
        self._services = services
        self._clock = clock
        self._breakers = {
            name: Breaker(entry.failures, entry.rest) for name, entry in services.items()
        }
        self._client: asyncio.Task[httpx.AsyncClient] | None = None

    async def __aenter__(self) -> HttpLookups:
        """Begin to load the library, in a thread: it takes most of a second, for which no call
        waits. Without services nothing is loaded."""
        if self._services:
            self._client = asyncio.create_task(asyncio.to_thread(_client))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client:
            await (await self._client).aclose()

    async def get(self, service: str, question: str, seconds: Seconds, key: EffectKey) -> Any:
        entry, breaker = self._services.get(service), self._breakers.get(service)
        if entry is None or breaker is None or self._client is None:
            raise LookupFailed("there is no such service")
        if not breaker.may_ask(self._clock()):
            raise LookupFailed("left alone after failures")
        try:
            async with asyncio.timeout(seconds):
                client = await asyncio.shield(self._client)
                answer = await _ask(client, entry, question, key)
        except (TimeoutError, ServiceBroken) as fault:
            self._failed(service, breaker, str(fault) or "no answer in time")
            raise
        except (NotThere, LookupFailed):
            self._answered(service, breaker)
            raise
        except BaseException:
            breaker.broken_off()
            raise
        self._answered(service, breaker)
        return answer

    def _failed(self, service: str, breaker: Breaker, why: str) -> None:
        if breaker.failed(self._clock()):
            told = {"service": service, "seconds": breaker.rest, "why": why}
            log.error("service left alone", extra=told)

    def _answered(self, service: str, breaker: Breaker) -> None:
        if breaker.answered():
            log.info("service asked again", extra={"service": service})


def _client() -> httpx.AsyncClient:
    """In a thread: loading the library and the system's certificates takes time."""
    library = importlib.import_module("httpx")
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # one caller is not another
    client: httpx.AsyncClient = library.AsyncClient(
        cookies=no_cookies,
        verify=ssl.create_default_context(),
        trust_env=False,
        follow_redirects=False,
        timeout=None,  # one deadline for everything stands around each question
        limits=library.Limits(max_connections=MOST_CONNECTIONS),
        headers={"Accept": "application/json", "Accept-Encoding": "identity",
                 "User-Agent": "hotline"},
    )  # fmt: skip
    return client


async def _ask(
    client: httpx.AsyncClient, entry: ServiceEntry, question: str, key: EffectKey
) -> Any:
    """The answer. Raises `ServiceBroken` where the service is to blame, else as `Lookups.get`."""
    from httpx import HTTPError, InvalidURL  # loaded by now

    headers = {**entry.headers, "Idempotency-Key": key}
    try:
        async with client.stream("GET", entry.url + question, headers=headers) as response:
            _refuse(response)
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > LARGEST_ANSWER:
                    raise ServiceBroken(f"an answer of more than {LARGEST_ANSWER} bytes")
    except InvalidURL as fault:
        raise LookupFailed("the question makes no address") from fault
    except HTTPError as fault:  # its words may have the address in them
        raise ServiceBroken(type(fault).__name__) from None
    return _json(bytes(content))


def _refuse(response: httpx.Response) -> None:
    status = response.status_code
    if status == 404:
        raise NotThere
    if status != 200:
        is_to_blame = status < 400 or status >= 500 or status in NOT_NOW
        raise (ServiceBroken if is_to_blame else LookupFailed)(f"status {status}")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ServiceBroken("an answer that is not JSON")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ServiceBroken("an answer that is packed")


def _json(content: bytes) -> Any:
    """Numbers stay as they are written."""
    try:
        return json.loads(content, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        raise ServiceBroken("an answer that is not JSON") from None
