"""A mail server that takes, refuses, dawdles, lies or goes away, as it is told."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

SILENCE = "silence"
"""In place of an answer: none, and the line stays open."""
GONE = "gone"
"""In place of an answer: the line ends."""
ENDLESS = "endless"
"""In place of an answer: a line of it again and again, and no last one."""


@dataclass
class FakeSmtp:
    """Answers each command by its first word (`CONNECT` is the greeting, `TEXT` the end of a mail);
    what is not in `says` is taken."""

    says: dict[str, str] = field(default_factory=dict)
    offers: list[str] = field(default_factory=list)
    """What EHLO is answered with, beside the greeting."""
    trust: ssl.SSLContext | None = None
    """The certificate that it shows; needed for STARTTLS."""
    at_once: bool = False
    """Whether it is encrypted from the first byte."""
    heard: list[str] = field(default_factory=list)
    """Every command, as it came."""
    taken: list[bytes] = field(default_factory=list)
    """Every mail that it was handed whole."""
    visits: int = 0
    port: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def until(self, ready: Callable[[], object], seconds: float = 20.0) -> None:
        """Something is as it should be; looked at whenever something came."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(ready)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(one, policy=policy.default) for one in self.taken]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[FakeSmtp]:
        """It listens at `port` meanwhile, which stays the same when it comes back."""
        begun = self.trust if self.at_once else None
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=begun)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._talk(reader, writer)
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        await self._tell()
        going = await self._answer(writer, "CONNECT", "220 here")
        while going and (line := await reader.readline()):
            text = line.decode().rstrip("\r\n")
            self.heard.append(text)
            await self._tell()
            word = text.split(" ")[0].split(":")[0].upper()
            going = await self._answer(writer, word, self._usual(word))
            if word == "STARTTLS" and self.trust and word not in self.says:
                await writer.start_tls(self.trust)
            if word == "DATA" and word not in self.says:
                self.taken.append((await reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n"))
                going = await self._answer(writer, "TEXT", "250 taken")
                await self._tell()
            going = going and word != "QUIT"

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    def _usual(self, word: str) -> str:
        if word == "EHLO":
            lines = ["here", *self.offers]
            return "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])
        return {"DATA": "354 go on", "QUIT": "221 bye", "STARTTLS": "220 go on",
                "AUTH": "235 let in"}.get(word, "250 well")  # fmt: skip

    async def _answer(self, writer: asyncio.StreamWriter, word: str, usual: str) -> bool:
        """Whether the line goes on."""
        said = self.says.get(word, usual)
        if said == GONE:
            return False
        while said == ENDLESS:
            writer.write(b"250-and\r\n")
            await writer.drain()
            await asyncio.sleep(0.001)
        if said != SILENCE:
            writer.write(said.encode() + b"\r\n")
            await writer.drain()
        return True
