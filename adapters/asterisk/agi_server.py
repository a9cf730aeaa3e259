"""FastAGI: Asterisk connects here once a call and runs its script over the connection.

Accepting and reading the header block is asyncio's, with limits, because anybody on the machine
can connect; the commands that follow run in threads, of which there are enough for every call. Only
who knows the secret, the first argument of the script, gets that far.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from adapters.asterisk.agi import CallAgi
from adapters.asterisk.bound import refused
from adapters.asterisk.double_keys import DoubleKeys
from adapters.asterisk.line import AgiLine
from adapters.asterisk.rare_log import RareLog
from ivr.ports import CallerGone, Line, LineFailed
from voice.ports import PromptStore

log = logging.getLogger(__name__)

BACKLOG = 512
FIRST_LINE = b"agi_network: yes\n"
ACCEPT_PAUSE = 0.1
"""Seconds without accepting when the process has run out of file handles."""
END_SECONDS = 1.0


class PortTaken(Exception):
    """Our port cannot be had, mostly as another program has it; the message says what to do."""


class _Refused(Exception):
    """The connection is not a call's; the message says why."""


@dataclass(frozen=True, slots=True)
class AgiLimits:
    """What a connection may take before it has shown the secret. Times are seconds."""

    connections: int = 1_000
    """In all, calls included."""
    header_bytes: int = 100_000
    header_lines: int = 200
    first_line_seconds: float = 2.0
    header_seconds: float = 5.0


class AgiServer:
    """Runs `take_call` for each call. What it raises ends the call's script, nothing else."""

    def __init__(
        self,
        host: str,
        port: int,
        secret: str,
        take_call: Callable[[Line], Awaitable[None]],
        prompts: PromptStore,
        limits: AgiLimits = AgiLimits(),
        takes: Path | None = None,
        keys: DoubleKeys | None = None,
    ) -> None:
        """`keys`: what the manager interface tells of keys; None: nothing."""
        self._address = (host, port)
        self._secret = secret.encode()
        self._take_call = take_call
        self._prompts = prompts
        self._limits = limits
        self._takes = takes
        self._keys = keys
        self._threads = ThreadPoolExecutor(limits.connections, thread_name_prefix="call")
        self._refused = RareLog(log, "agi connection refused")
        self._calls: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen from now on; `PortTaken` when that cannot be."""
        try:
            listener = socket.create_server(self._address, backlog=BACKLOG)
        except OSError as error:
            what, remedy = refused(f"port {self._address[1]} for calls (AGI)", error)
            raise PortTaken(f"{what}. {remedy}") from error
        listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(listener), name="agi accept")

    async def stop(self, drain_seconds: float) -> None:
        """Take no more calls; give those in their scripts this long, then end the scripts."""
        if self._accepting:
            self._accepting.cancel()
            await asyncio.wait({self._accepting})
        if self._calls:
            await asyncio.wait(self._calls, timeout=drain_seconds)
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls, timeout=END_SECONDS)
        self._threads.shutdown(wait=False)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with listener:
            while True:
                try:
                    sock, _ = await loop.sock_accept(listener)
                except OSError as error:
                    self._refused(error.strerror or "the connection broke")
                    await asyncio.sleep(ACCEPT_PAUSE)
                    continue
                if len(self._calls) >= self._limits.connections:
                    self._refused("too many connections")
                    sock.close()
                    continue
                call = asyncio.create_task(self._serve(sock), name="agi call")
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _serve(self, sock: socket.socket) -> None:
        with ExitStack() as stack:
            stack.callback(sock.close)
            try:
                sock.setblocking(False)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                env, received = await self._admit(sock)
            except (_Refused, OSError) as refused:
                self._refused(str(refused))
                return
            stack.pop_all()  # from here on the socket belongs to the line
        agi = CallAgi(sock, env, received)
        line = AgiLine(agi, self._prompts, self._threads, self._takes, self._keys)
        await self._run(line)

    async def _run(self, line: AgiLine) -> None:
        try:
            await line.begin()
            await self._take_call(line)
        except CallerGone:
            log.debug("caller gone")
        except LineFailed as failed:
            log.warning("script of a call broke off", extra={"reason": str(failed)})
        except Exception:  # the dialplan runs the script again, with back-off
            log.exception("script of a call failed")
        finally:
            line.close()

    async def _admit(self, sock: socket.socket) -> tuple[Mapping[str, str], bytes]:
        """The header block of a call that knows the secret, and what came behind it."""
        limits = self._limits
        received = bytearray()
        try:
            async with asyncio.timeout(limits.header_seconds):
                async with asyncio.timeout(limits.first_line_seconds):
                    await self._receive(sock, received, until=b"\n")
                if not received.startswith(FIRST_LINE):
                    raise _Refused("not a call")
                await self._receive(sock, received, until=b"\n\n")
        except TimeoutError:
            raise _Refused("the header did not come in time") from None
        header, _, rest = bytes(received).partition(b"\n\n")
        env = parse_header(header)
        secret = env.get("agi_arg_1", "").encode()
        if not hmac.compare_digest(secret, self._secret):
            raise _Refused("wrong secret")
        return env, rest

    async def _receive(self, sock: socket.socket, received: bytearray, until: bytes) -> None:
        loop = asyncio.get_running_loop()
        while until not in received:
            data = await loop.sock_recv(sock, 4096)
            if not data:
                raise _Refused("closed before the header ended")
            received += data
            if len(received) > self._limits.header_bytes:
                raise _Refused("the header is too long")
            if received.count(b"\n") > self._limits.header_lines:
                raise _Refused("the header has too many lines")


def parse_header(header: bytes) -> dict[str, str]:
    """`agi_name: value` a line. The first of a name counts; lines of another form do not."""
    env: dict[str, str] = {}
    for line in header.split(b"\n"):
        name, colon, value = _text(line).partition(":")
        if colon:
            env.setdefault(name.strip(), value.strip())
    return env


def _text(line: bytes) -> str:
    """UTF-8, or else latin-1, as old exchanges send names."""
    with suppress(UnicodeDecodeError):
        return line.decode()
    return line.decode("latin-1")
