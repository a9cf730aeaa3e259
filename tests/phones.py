"""A SIP telephone in a few lines: registers, calls, rings, answers, presses keys, hears.

For tests alone: one UDP socket a phone for signalling, one for speech; no media is played, but
what comes in is kept with the kernel's time of arrival, so that gaps can be measured.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import quote

from adapters.sipp.ear import Heard, arrived, keep_times
from adapters.sipp.rtp import FRAME_SECONDS, MU_LAW, key_packets
from tests.sip import Message, authorization, branch_of, tag, tag_of, udp, uri_of

DEADLINE = 10.0
RESEND = 0.5
Address = tuple[str, int]


class NoAnswer(Exception):
    """The other side did not say what was waited for in time."""


@dataclass
class Call:
    """One side of a dialog, seen from the phone."""

    phone: Phone
    call_id: str
    local: str
    remote: str
    target: str
    invite: Message | None = None
    cseq: int = 0
    up: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    failed: int = 0
    told: list[str] = field(default_factory=list)
    """What was told of transfers that this phone has asked for: `SIP/2.0 200 OK` and the like."""
    speech: Address | None = None
    stamp: int = 0
    sequence: int = 0
    source: int = field(default_factory=lambda: random.getrandbits(32))

    def answer(self) -> None:
        """Say 200 at once (a ringing call)."""
        assert self.invite
        if not self.ended.is_set():
            self.phone.reply(self.invite, "200 OK", self.local, self.phone.sdp())
            self._hear(self.invite)
            self.up.set()

    def decline(self, status: str = "486 Busy Here") -> None:
        assert self.invite
        self.phone.reply(self.invite, status, self.local)
        self.ended.set()

    async def hang_up(self) -> None:
        """End it, ringing or talking; returns when the other side has agreed."""
        if self.ended.is_set():
            return
        self.ended.set()
        if self.invite is None or self.up.is_set():
            self.cseq += 1
            await self.phone.ask("BYE", self.target, self._headers(f"{self.cseq} BYE"))
        else:
            self.decline()

    async def press(self, key: str) -> None:
        """An RFC 4733 key press of 100 ms."""
        self.stamp += 8000
        for packet in key_packets(key, self.sequence, self.stamp, self.source):
            if self.speech:
                self.phone.speech.sendto(packet.encoded(), self.speech)
            self.sequence += 1
            await asyncio.sleep(FRAME_SECONDS)

    async def offer_again(self, direction: str) -> int:
        """A re-INVITE: `sendonly` holds the other side, `sendrecv` goes on. The answer's status."""
        self.cseq += 1
        sdp = f"{self.phone.sdp()}a={direction}\r\n"
        headers = self._headers(f"{self.cseq} INVITE")
        answer = await self.phone.ask("INVITE", self.target, headers, sdp)
        self.phone._send("ACK", self.target, self._headers(f"{self.cseq} ACK"))
        return answer.status

    async def refer(self, to: str, replaces: Call | None = None) -> int:
        """Ask the other side to call somebody else instead of us, or to take the place that we have
        in another call. The answer's status; what becomes of it is `told`."""
        self.cseq += 1
        host, port = self.phone.server
        named = f"?Replaces={quote(replaces.dialog, safe='')}" if replaces else ""
        refer_to = ("Refer-To", f"<sip:{to}@{host}:{port}{named}>")
        headers = [*self._headers(f"{self.cseq} REFER"), refer_to]
        return (await self.phone.ask("REFER", self.target, headers)).status

    @property
    def dialog(self) -> str:
        """This call as a `Replaces` header names it: seen from the other side."""
        return f"{self.call_id};to-tag={tag_of(self.remote)};from-tag={tag_of(self.local)}"

    def _headers(self, cseq: str) -> list[tuple[str, str]]:
        return [("From", self.local), ("To", self.remote), ("Call-ID", self.call_id),
                ("CSeq", cseq)]  # fmt: skip

    def _hear(self, message: Message) -> None:
        port = re.search(r"^m=audio (\d+)", message.body, re.MULTILINE)
        host = re.search(r"^c=IN IP4 (\S+)", message.body, re.MULTILINE)
        if port and host:
            self.speech = (host[1].strip(), int(port[1]))

    def take(self, message: Message) -> None:
        """What the other side sends within the dialog."""
        if message.method in ("BYE", "CANCEL"):
            self.phone.reply(message, "200 OK", self.local)
            if message.method == "CANCEL" and self.invite and not self.up.is_set():
                self.phone.reply(self.invite, "487 Request Terminated", self.local)
            self.ended.set()
        elif message.method in ("INVITE", "UPDATE"):
            self.phone.reply(message, "200 OK", self.local, self.phone.sdp())
        elif message.method == "NOTIFY":
            self.told.append(message.body.strip())
            self.phone.reply(message, "200 OK", self.local)


class Phone:
    """A telephone with a name. `ring` is told of each incoming call; by default it just rings.

    One that does not hear (`hears`) costs nothing for the speech that is sent to it.
    """

    def __init__(self, server: Address, name: str, secret: str = "", hears: bool = True) -> None:
        self.server, self.name, self.secret = server, name, secret
        self.calls: list[Call] = []
        self.heard: list[Heard] = []
        self.ring: Callable[[Call], None] = lambda call: None
        self.rung: asyncio.Queue[Call] = asyncio.Queue()
        self._waiting: dict[tuple[str, str], asyncio.Future[Message]] = {}
        self._signals = udp()
        self.speech = udp()
        keep_times(self.speech)
        loop = asyncio.get_running_loop()
        loop.add_reader(self._signals, self._read_signal)
        if hears:
            loop.add_reader(self.speech, self._read_speech)

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for sock in (self._signals, self.speech):
            loop.remove_reader(sock)
            sock.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends its calls first: Asterisk would go on ringing a phone that is not there."""
        for call in self.calls:
            await call.hang_up()
        self.close()

    @property
    def contact(self) -> str:
        return f"<sip:{self.name}@127.0.0.1:{self._signals.getsockname()[1]}>"

    def sdp(self) -> str:
        return (
            "v=0\r\no=t 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {self.speech.getsockname()[1]} RTP/AVP 0 101\r\n"
            "a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
        )

    async def register(self, expires: int = 3600) -> None:
        uri = f"sip:{self.server[0]}:{self.server[1]}"
        own = f"<sip:{self.name}@{self.server[0]}>"
        headers = [("From", f"{own};tag={tag()}"), ("To", own), ("Call-ID", tag()),
                   ("CSeq", "1 REGISTER"), ("Expires", str(expires))]  # fmt: skip
        answer = await self.ask("REGISTER", uri, headers)
        if answer.status == 401:
            headers[3] = ("CSeq", "2 REGISTER")
            sealed = authorization(answer, self.name, self.secret, "REGISTER", uri)
            answer = await self.ask("REGISTER", uri, [*headers, ("Authorization", sealed)])
        if answer.status != 200:
            raise NoAnswer(f"{self.name} could not register: {answer.first}")

    async def call(
        self, number: str, name: str = "", wait: float = DEADLINE, replaces: Call | None = None
    ) -> Call:
        """Dial; returns when answered (`up`) or refused (`failed`, `ended`). `replaces`: to take
        the other side's place in that call."""
        uri = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        local = f'"{name}" <sip:{self.name}@127.0.0.1>;tag={tag()}'
        call = Call(self, tag(), local, f"<{uri}>", uri)
        self.calls.append(call)
        more = [("Replaces", replaces.dialog)] if replaces else []
        answer = await self._invite(call, uri, wait, more)
        if answer.status == 401:
            sealed = ("Authorization", authorization(answer, self.name, self.secret, "INVITE", uri))
            answer = await self._invite(call, uri, wait, [*more, sealed])
        call.remote = answer["To"]
        if answer.status == 200:
            call.target = uri_of(answer["Contact"]) or uri
            call._hear(answer)
            self._send("ACK", call.target, call._headers(f"{call.cseq} ACK"))
            call.up.set()
        else:
            call.failed = answer.status
            call.ended.set()
        return call

    async def rings(self, wait: float = DEADLINE) -> Call:
        """The next call that comes in."""
        return await asyncio.wait_for(self.rung.get(), wait)

    async def _invite(
        self, call: Call, uri: str, wait: float, more: list[tuple[str, str]] | None = None
    ) -> Message:
        call.cseq += 1
        headers = call._headers(f"{call.cseq} INVITE") + (more or [])
        answer = await self.ask("INVITE", uri, headers, self.sdp(), wait)
        if answer.status >= 300:
            ack = [("From", call.local), ("To", answer["To"]), ("Call-ID", call.call_id),
                   ("CSeq", f"{call.cseq} ACK")]  # fmt: skip
            self._send("ACK", uri, ack, branch=branch_of(answer))
        return answer

    # ---- the wire

    async def ask(
        self, method: str, uri: str, headers: list[tuple[str, str]], body: str = "",
        wait: float = DEADLINE,
    ) -> Message:  # fmt: skip
        """Send a request until its final answer comes."""
        key = (dict(headers)["Call-ID"], dict(headers)["CSeq"])
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._waiting[key] = future
        branch = tag()
        try:
            async with asyncio.timeout(wait):
                while not future.done():
                    self._send(method, uri, headers, body, branch)
                    await asyncio.wait([future], timeout=RESEND if method != "INVITE" else wait)
            return future.result()
        except TimeoutError:
            raise NoAnswer(f"{self.name}: no answer to {method}") from None
        finally:
            self._waiting.pop(key, None)

    def _send(
        self, method: str, uri: str, headers: list[tuple[str, str]], body: str = "",
        branch: str = "",
    ) -> None:  # fmt: skip
        port = self._signals.getsockname()[1]
        via = ("Via", f"SIP/2.0/UDP 127.0.0.1:{port};rport;branch=z9hG4bK{branch or tag()}")
        more = [("Content-Type", "application/sdp")] if body else []
        full = [via, ("Max-Forwards", "70"), *headers, ("Contact", self.contact), *more]
        self._signals.sendto(Message(f"{method} {uri} SIP/2.0", full, body).encode(), self.server)

    def reply(self, to: Message, status: str, local: str, body: str = "") -> None:
        names = ("via", "record-route", "from", "call-id", "cseq")
        headers = [pair for pair in to.headers if pair[0].lower() in names]
        headers += [("To", local), ("Contact", self.contact)]
        headers += [("Content-Type", "application/sdp")] if body else []
        self._signals.sendto(Message(f"SIP/2.0 {status}", headers, body).encode(), self.server)

    def _read_signal(self) -> None:
        message = Message.parse(self._signals.recv(65536))
        if message.status:
            future = self._waiting.get((message["Call-ID"], message["CSeq"]))
            if message.status >= 200 and future and not future.done():
                future.set_result(message)
            return
        call = next((c for c in self.calls if c.call_id == message["Call-ID"]), None)
        if call:
            call.take(message)
        elif message.method == "INVITE":
            self._ring(message)
        elif message.method != "ACK":
            self.reply(message, "200 OK", message["To"])

    def _ring(self, message: Message) -> None:
        local = f"{message['To']};tag={tag()}"
        target = uri_of(message["Contact"])
        call = Call(self, message["Call-ID"], local, message["From"], target, message)
        self.calls.append(call)
        self.reply(message, "180 Ringing", local)
        self.ring(call)
        self.rung.put_nowait(call)

    def _read_speech(self) -> None:
        heard = arrived(self.speech)
        self.heard.extend(each for each in heard if each.packet.payload_type == MU_LAW)
