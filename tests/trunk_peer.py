"""The other end of a trunk, for tests: it takes calls and registrations, or is dead in some way.

One UDP socket at an address of this machine's own (127.0.0.2 and on), by which it is known.
"""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass, field

from adapters.asterisk import trunk_looks
from adapters.asterisk.instance import Instance
from adapters.asterisk.trunks import QUALIFY_WAIT
from tests.phones import DEADLINE
from tests.ports import reserved_port
from tests.sip import Message, tag

Address = tuple[str, int]
SDP = (
    "v=0\r\no=t 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
    "m=audio {port} RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
    "a=rtpmap:101 telephone-event/8000\r\n"
)


OLDER = 0.7
"""Seconds after which no question from before a far end was there is still open: sent again 0.5
and 1.5 s after the first time, it is answered now, or was given up after `QUALIFY_WAIT`."""


@dataclass(frozen=True)
class Heard:
    """One message as it came, and when (the loop's clock, seconds)."""

    message: Message
    at: float


@dataclass
class Peer:
    """Answers OPTIONS unless it is `dead`, INVITE with the status `invite` (none: not at all), and
    REGISTER once the password is proved, whatever it is."""

    place: Address
    invite: str = "200 OK"
    dead: bool = False
    heard: list[Heard] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    """What has registered."""

    async def __aenter__(self) -> Peer:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(self.place)
        self._socket.setblocking(False)
        self._news = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._socket, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def of(self, method: str) -> list[Heard]:
        """The requests of this method, each once however often it was sent."""
        found = [each for each in self.heard if each.message.first.startswith(f"{method} ")]
        return list({each.message["CSeq"] + each.message["Call-ID"]: each
                     for each in reversed(found)}.values())[::-1]  # fmt: skip

    async def first(self, method: str, wait: float = DEADLINE, of: str = "") -> Heard:
        """The first request of this method (in the dialog `of`), past or to come."""
        async with asyncio.timeout(wait):
            while True:
                for each in self.of(method):
                    if of in ("", each.message["Call-ID"]):
                        return each
                await self._more()

    async def dial(self, server: Address, user: str, to: str = "", more: str = "") -> Message:
        """Call `user` (the request's address, with parameters `more`) with `to` in the header `To`:
        the final answer."""
        host, port = self.place
        call = tag()
        uri = f"sip:{user}@{server[0]}:{server[1]}" + (f";{more}" if more else "")
        headers = [
            ("Via", f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{tag()}"),
            ("Max-Forwards", "70"), ("From", f"<sip:+8613800138000@{host}>;tag={tag()}"),
            ("To", f"<sip:{to or user}@{server[0]}>"), ("Call-ID", call), ("CSeq", "1 INVITE"),
            ("Contact", f"<sip:peer@{host}:{port}>"), ("Content-Type", "application/sdp"),
        ]  # fmt: skip
        self.send(Message(f"INVITE {uri} SIP/2.0", headers, self._sdp()).encode(), server)
        answer = await self._answer(call)
        ack = [*headers[:3], ("To", answer["To"]), ("Call-ID", call), ("CSeq", "1 ACK")]
        self.send(Message(f"ACK {uri} SIP/2.0", ack).encode(), server)
        return answer

    async def hang_up(self, answer: Message, server: Address) -> None:
        """End a call that was dialled and answered."""
        target = re.search(r"sip:[^>;]+", answer["Contact"])
        assert target
        host, port = self.place
        via = f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{tag()}"
        headers = [("Via", via), ("Max-Forwards", "70"), ("From", answer["From"]),
                   ("To", answer["To"]), ("Call-ID", answer["Call-ID"]),
                   ("CSeq", "2 BYE")]  # fmt: skip
        self.send(Message(f"BYE {target[0]} SIP/2.0", headers).encode(), server)
        await self._answer(answer["Call-ID"], "2 BYE")

    def send(self, data: bytes, to: Address) -> None:
        """Anything at all."""
        self._socket.sendto(data, to)

    # ---- what comes in

    async def _answer(self, call: str, cseq: str = "1 INVITE", wait: float = DEADLINE) -> Message:
        async with asyncio.timeout(wait):
            while True:
                for each in self.heard:
                    found = each.message
                    own = found["Call-ID"] == call and found["CSeq"] == cseq
                    if own and found.status >= 200:
                        return found
                await self._more()

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    def _read(self) -> None:
        data, sender = self._socket.recvfrom(65_536)
        message = Message.parse(data)
        self.heard.append(Heard(message, asyncio.get_running_loop().time()))
        self._news.set()
        if not message.status and not self.dead:
            self._take(message, sender)

    def _take(self, message: Message, sender: Address) -> None:
        if message.method == "REGISTER":
            self._register(message, sender)
        elif message.method == "INVITE":
            if self.invite:
                body = self._sdp() if self.invite.startswith("200") else ""
                self._reply(message, sender, self.invite, body=body)
        elif message.method != "ACK":
            self._reply(message, sender, "200 OK")

    def _register(self, message: Message, sender: Address) -> None:
        if not message["Authorization"]:
            asked = f'Digest realm="trunk", nonce="{tag()}", algorithm=MD5, qop="auth"'
            self._reply(message, sender, "401 Unauthorized", ("WWW-Authenticate", asked))
            return
        self.contacts.append(message["Contact"])
        self._reply(message, sender, "200 OK", ("Contact", message["Contact"]), ("Expires", "300"))

    def _sdp(self) -> str:
        host, port = self.place
        return SDP.format(host=host, port=port)

    def _reply(self, to: Message, sender: Address, status: str, *more: tuple[str, str],
               body: str = "") -> None:  # fmt: skip
        names = ("via", "record-route", "from", "call-id", "cseq")
        headers = [pair for pair in to.headers if pair[0].lower() in names]
        local = to["To"] if "tag=" in to["To"] else f"{to['To']};tag={to['Call-ID'][:8]}"
        headers += [("To", local), *more]
        if body:
            contact = f"<sip:peer@{self.place[0]}:{self.place[1]}>"
            headers += [("Contact", contact), ("Content-Type", "application/sdp")]
        self.send(Message(f"SIP/2.0 {status}", headers, body).encode(), sender)


def free_place(address: str) -> Address:
    """A port that nobody has, at an address of this machine."""
    return address, reserved_port(address)


async def believed(asterisk: Instance, trunk: str, answers: bool = True) -> None:
    """Have the trunk asked whether it is there, until Asterisk takes it for what it is.

    Asterisk believes the question that ends last: an old one that is given up would undo it.
    """

    def known() -> bool:
        found = {state.name: state.answers for state in trunk_looks.states(asterisk)}
        return found[trunk] == answers

    async with asyncio.timeout(15):
        await asyncio.sleep(OLDER if answers else 0)
        while not await asyncio.to_thread(known):
            await asyncio.to_thread(asterisk.command, f"pjsip qualify trunk.{trunk}")
            await asyncio.sleep(0.1 if answers else float(QUALIFY_WAIT) + 0.2)


async def registered(asterisk: Instance, trunk: str, peer: Peer) -> None:
    """Have the account registered anew, until this far end and Asterisk both know of it."""

    def known() -> bool:
        found = {state.name: state.registered for state in trunk_looks.states(asterisk)}
        return found[trunk] == "Registered"

    async with asyncio.timeout(15):
        await asyncio.to_thread(asterisk.command, f"pjsip send register trunk.{trunk}")
        while not peer.contacts or not await asyncio.to_thread(known):
            await asyncio.sleep(0.1)
