"""Asterisk's two sockets without Asterisk: a manager interface, and a call that runs AGI."""

from __future__ import annotations

import asyncio
import re
import shlex
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from adapters.asterisk.call_facts import ARGUMENTS

Answer = bytes | None
DEADLINE = 5.0
WORD = "sesame"


class FakeAmi:
    """A manager interface that does as it is told; every action it has read is in `actions`."""

    def __init__(self) -> None:
        self.actions: list[dict[str, str]] = []
        self.logins = 0
        self.lets_in = True
        self.booted = True
        self.frozen = False
        """Reads, and says nothing."""
        self.answers: dict[str, Callable[[str], Answer]] = {}
        """Action name to what is said to it, given its id; None: nothing."""
        self.port = 0
        self._writer: asyncio.StreamWriter | None = None
        self._news = asyncio.Condition()

    async def __aenter__(self) -> FakeAmi:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: object, trace: TracebackType | None
    ) -> None:
        await self.vanish()

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Connections are cut and new ones refused, until `listen`."""
        self._server.close()
        self.cut()

    def cut(self) -> None:
        if self._writer:
            self._writer.transport.abort()

    def say(self, data: bytes) -> None:
        assert self._writer
        self._writer.write(data)

    def event(self, name: str, *headers: str) -> None:
        self.say("\r\n".join([f"Event: {name}", *headers, "", ""]).encode())

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until something has come true after an action was read."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(holds), DEADLINE)

    def names(self) -> list[str]:
        return [action["Action"] for action in self.actions]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        if not self.frozen:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with suppress(OSError, asyncio.IncompleteReadError):
            while True:
                block = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in block.strip().split("\r\n"))
                self.actions.append(action)
                if not self.frozen:
                    self._answer(action)
                async with self._news:
                    self._news.notify_all()

    def _answer(self, action: dict[str, str]) -> None:
        name, of = action["Action"], f"ActionID: {action['ActionID']}\r\n"
        if name in self.answers:
            said = self.answers[name](of)
            if said is not None:
                self.say(said)
        elif name == "Login" and not self.lets_in:
            self.logins += 1
            self.say(f"Response: Error\r\n{of}Message: Authentication failed\r\n\r\n".encode())
        else:
            self.say(f"Response: Success\r\n{of}Message: {name} done\r\n\r\n".encode())
            if name == "Login":
                self.logins += 1
                if self.booted:
                    self.event("FullyBooted", "Status: Fully Booted")


class FakeCall:
    """A call in Asterisk that runs an AGI script: connects, sends its header, obeys commands."""

    HEADER = (
        "agi_network: yes\nagi_request: agi://x\nagi_arg_1: {secret}\n{told}"
        "agi_channel: PJSIP/trunk-00000001\nagi_language: zh\nagi_uniqueid: 17.1\n"
        "agi_callerid: 13800138000\nagi_calleridname: unknown\nagi_callingpres: 0\n"
        "agi_extension: 4000\n\n"
    )

    def __init__(self, port: int, secret: str = WORD, header: bytes | None = None) -> None:
        self.variables = {"CONTACT": "c-1", "DIALLED": "4000", "QUEUE": "support"}
        self.commands: list[str] = []
        self.applications: dict[str, Callable[[str], Awaitable[str]]] = {}
        """What they are given, and the result; subroutines of the dialplan, too."""
        self.records: Callable[[Path], str] | None = None
        """Is to write what the caller says into this file, and gives the answer."""
        self.closes: Callable[[], None] | None = None
        """The caller has hung up: done after the answer, before the connection is closed."""
        self._port = port
        self._secret, self._header = secret, header

    async def run(self) -> None:
        """Play the call until the script closes the connection."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(self._header or self._told().encode())
            while line := await asyncio.wait_for(reader.readline(), DEADLINE):
                self.commands.append(line.decode().rstrip("\n"))
                writer.write(f"200 result={await self._obey(self.commands[-1])}\n".encode())
                if self.closes:
                    await writer.drain()
                    self.closes()
                    return
        finally:
            writer.close()

    def _told(self) -> str:
        """The header, with the variables of the call that the dialplan hands to the script."""
        told = [f"agi_arg_{at}: {self._value(name)}\n"
                for at, name in enumerate(ARGUMENTS[1:], start=2)]  # fmt: skip
        return self.HEADER.format(secret=self._secret, told="".join(told))

    def _value(self, expression: str) -> str:
        """What the dialplan has for `${expression}`: a variable, or the length of one."""
        if match := re.fullmatch(r"LEN\(\$\{(\w+)\}\)", expression):
            return str(len(self.variables.get(match[1], "")))
        return self.variables.get(expression, "")

    async def _obey(self, command: str) -> str:
        if match := re.fullmatch(r"SET VARIABLE (.*)", command):
            name, value = shlex.split(match[1])
            self.variables[name] = value
            return "1"
        if match := re.fullmatch(r'GET VARIABLE "(.*)"', command):
            value = self.variables.get(match[1], "")
            return f"1 ({value})" if value else "0"
        if (match := re.fullmatch(r'EXEC Record "(.*?),.*"', command)) and self.records:
            return self.records(Path(match[1]))
        if match := re.fullmatch(r"WAIT FOR DIGIT (\d+)", command):
            await asyncio.sleep(int(match[1]) / 1000)
            return "0"
        if match := re.fullmatch(r'EXEC MSet "(.*)"', command):
            self.variables |= dict(pair.split("=", 1) for pair in match[1].split(","))
            return "0"
        if match := re.fullmatch(r'GOSUB (\S+) s 1 "(.*)"', command):
            run = self.applications.get(match[1])
            return await run(match[2]) if run else "-1"
        if match := re.fullmatch(r'EXEC (\w+) "(.*)"', command):
            run = self.applications.get(match[1])
            return await run(match[2]) if run else "0"
        return "0"
