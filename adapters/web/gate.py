"""What every request passes before the application sees it. Nothing is open but what is listed.

In this order: host, length of the address, rate, operator's token, body. Every answer carries the
security headers and is a problem+json when it is an error. The right token is never locked out.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import math
import time
import traceback
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from acd.model import Seconds
from adapters.web import figures
from adapters.web.content import check_form, taken_in
from adapters.web.limits import Buckets, neighbourhood
from adapters.web.problems import Refused

log = logging.getLogger(__name__)

PROBES = ("/health", "/ready")
OPEN = (*PROBES, "/docs", "/docs.css", "/openapi.json")
"""What anybody may read. `/metrics` is open on this machine alone."""
PASSES = "/api/v1/passes/"
"""Below it anybody may look at a pass, and redeem it, who has one."""
CHATS = "/api/v1/chats/"
PAGES = "/desk"
"""The agents' page and its parts; what it shows it asks for with a token."""
READING = ("GET", "HEAD")
"""Methods that change nothing; what comes with them as a body is not looked at."""
MOST_TARGET_BYTES = 8192

HEADERS = (
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one address may do."""

    requests: Buckets
    failures: Buckets
    """Wrong tokens."""
    reveals: Buckets
    guesses: Buckets = field(default_factory=lambda: Limits.of_guesses())
    """Passes that are none."""

    @staticmethod
    def of_guesses(monotonic: Callable[[], Seconds] = time.monotonic) -> Buckets:
        return Buckets(1 / 6, 10, monotonic)

    @staticmethod
    def usual(monotonic: Callable[[], Seconds] = time.monotonic) -> Limits:
        return Limits(
            requests=Buckets(100.0, 300, monotonic),
            failures=Buckets(1 / 6, 10, monotonic),
            reveals=Buckets(0.5, 30, monotonic),
            guesses=Limits.of_guesses(monotonic),
        )


@dataclass(slots=True)
class Gate:
    """The outermost layer of the application."""

    app: ASGIApp
    token: str
    hosts: Iterable[str] = ()
    """Names that this server may be called by; addresses and `localhost` always are."""
    limits: Limits = field(default_factory=Limits.usual)
    signed: ASGIApp | None = None
    """Takes POST below `place`, for which no token is needed: it checks a signature."""
    place: str = "/hooks/"
    pages: Collection[str] = ()
    """What anybody may read besides `OPEN`."""
    sockets: Collection[str] = ()
    """Where anybody may open a WebSocket; what comes by it is checked there."""
    proxies: Collection[str] = ()
    """Addresses that tell by X-Forwarded-For for whom they ask."""
    files: str = ""
    """Where anybody may send a file, and fetch one below it; whose it is is checked there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope["client"] = self._peer(scope)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._check_peer(scope, dict(scope["headers"]))
            if scope["path"] not in self.sockets:
                raise Refused(404, "there is no socket here")
            await self.app(scope, receive, send)
        except Refused as refusal:
            await refusal.response()(scope, receive, send)
        except Exception as error:  # the top of the socket: nothing of it may get out
            log.error("socket failed", extra={"error": type(error).__name__, "at": place(error)})

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(scope, send)
        app = self.signed if self.signed and self._is_signed(scope) else self.app
        try:
            await app(scope, await self._checked(scope, receive), answer)
        except Refused as refusal:
            await refusal.response()(scope, receive, answer)
        except Exception as error:  # the top of the request: nothing of it may get out
            log.error("request failed", extra={"error": type(error).__name__, "at": place(error)})
            if not answer.begun:
                await Refused(500, "this should not have happened").response()(
                    scope, receive, answer
                )
        if answer.status == 404 and scope["path"].startswith(PASSES):
            self.limits.guesses.charge(neighbourhood(scope["client"][0]))

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        headers = dict(scope["headers"])
        given = headers.get(b"authorization", b"")
        known = self._is_operator(given)
        who = self._check_peer(scope, headers, " operator" if known else "")
        address = scope["client"][0]
        is_open = self._is_signed(scope) or self._is_open(scope["path"], scope["method"], address)
        if not known and not is_open:
            self._deny(who, given)
        if not known and scope["path"].startswith(PASSES):
            _wait(self.limits.guesses.look(who))
        if scope["path"].endswith("/reveal"):
            _wait(self.limits.reveals.take(who))
        if scope["method"] in READING:
            return receive
        if self._is_file(scope):
            check_form(headers)
            return receive
        return await taken_in(receive, headers, parsed=not self._is_signed(scope))

    def _check_peer(self, scope: Scope, headers: Mapping[bytes, bytes], also: str = "") -> str:
        """Whom limits count them as. `also`: so that a stranger at the same address takes nothing
        from the operator."""
        self._check_host(headers.get(b"host", b"").decode("latin-1"))
        if len(scope["raw_path"]) + len(scope["query_string"]) > MOST_TARGET_BYTES:
            raise Refused(414, f"an address may have {MOST_TARGET_BYTES} bytes at most")
        who = neighbourhood(scope["client"][0]) + also
        if scope["path"] not in PROBES:
            _wait(self.limits.requests.take(who))
        return who

    def _peer(self, scope: Scope) -> tuple[str, int]:
        """Who asks: the other side, or for whom it says it asks if it is a proxy of ours."""
        address, port = scope["client"] or ("", 0)
        if address not in self.proxies:
            return address, port
        said = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        last = b",".join(said).rpartition(b",")[2].strip().decode("latin-1")
        return (last if _is_address(last) else address), port

    def _check_host(self, host: str) -> None:
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        if name.lower() in ("localhost", *self.hosts) or _is_address(name.strip("[]")):
            return
        raise Refused(421, "this server does not go by that name")

    def _is_open(self, path: str, method: str, address: str) -> bool:
        if method not in READING:
            if method == "POST" and path == self.files:
                return True
            return method == "POST" and path.startswith(PASSES) and path.endswith("/redeem")
        if self.files and path.startswith(f"{self.files}/"):
            return True
        is_open = path in (*OPEN, PAGES, *self.pages) or path.startswith((PASSES, f"{PAGES}/"))
        return is_open or (path == "/metrics" and is_loopback(address))

    def _is_signed(self, scope: Scope) -> bool:
        path: str = scope["path"]
        return bool(self.signed) and scope["method"] == "POST" and path.startswith(self.place)

    def _is_file(self, scope: Scope) -> bool:
        """Bodies that are too large to be taken in here: who takes them bounds them."""
        path: str = scope["path"]
        is_ours = path == self.files or (path.startswith(CHATS) and path.endswith("/files"))
        return scope["method"] == "POST" and is_ours

    def _is_operator(self, given: bytes) -> bool:
        scheme, _, token = given.partition(b" ")
        return scheme.lower() == b"bearer" and _same(token.strip(), self.token.encode())

    def _deny(self, who: str, given: bytes) -> None:
        if given:
            _wait(self.limits.failures.take(who))
            log.warning("wrong token", extra={"address": who})
        raise Refused(401, "give the operator's token", {"WWW-Authenticate": "Bearer"})


class _Answer:
    """A `send` that adds the headers and counts."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._began = time.perf_counter()
        self.begun = False
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
            own = list(message.get("headers", []))
            said = {name for name, _ in own}  # a page of ours says itself what it may load
            message["headers"] = [*own, *(pair for pair in HEADERS if pair[0] not in said)]
            route = getattr(self._scope.get("route"), "path", "none")
            method = self._scope["method"] if route != "none" else "any"
            figures.count(method, route, message["status"], self._began)
        await self._send(message)


def place(error: BaseException) -> str:
    """Where it happened, without what it was about."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))


def is_loopback(address: str) -> bool:
    return _is_address(address) and ipaddress.ip_address(address).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _same(given: bytes, token: bytes) -> bool:
    return hmac.compare_digest(sha256(given).digest(), sha256(token).digest())


def _wait(seconds: Seconds) -> None:
    if seconds > 0:
        raise Refused(429, "too many requests", {"Retry-After": str(math.ceil(seconds))})
