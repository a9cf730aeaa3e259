"""SIP messages as far as the tests' telephones need them, and proof of a password (digest)."""

from __future__ import annotations

import hashlib
import re
import secrets
import socket
from dataclasses import dataclass


@dataclass
class Message:
    """One SIP message. Headers keep their order; names are compared without case."""

    first: str
    headers: list[tuple[str, str]]
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Message:
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(first, [(name.strip(), value.strip()) for name, _, value in pairs], body)

    def __getitem__(self, name: str) -> str:
        return next((v for n, v in self.headers if n.lower() == name.lower()), "")

    @property
    def status(self) -> int:
        return int(self.first.split()[1]) if self.first.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self["CSeq"].split()[-1] if self.status else self.first.split()[0]

    def encode(self) -> bytes:
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


def authorization(answer: Message, name: str, secret: str, method: str, uri: str) -> str:
    """The value of `Authorization` that answers this 401."""
    quoted = dict(re.findall(r'(\w+)="([^"]*)"', answer["WWW-Authenticate"]))
    nonce, realm, cnonce = quoted["nonce"], quoted["realm"], tag()
    sealed = _md5(f"{name}:{realm}:{secret}")
    proof = _md5(f"{sealed}:{nonce}:00000001:{cnonce}:auth:" + _md5(f"{method}:{uri}"))
    return (
        f'Digest username="{name}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{proof}", algorithm=MD5, qop=auth, nc=00000001, cnonce="{cnonce}"'
        + (f', opaque="{quoted["opaque"]}"' if "opaque" in quoted else "")
    )


def udp() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.setblocking(False)
    return sock


def tag() -> str:
    return secrets.token_hex(8)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def uri_of(header: str) -> str:
    match = re.search(r"sip:[^>;]+", header)
    return match[0] if match else ""


def tag_of(header: str) -> str:
    """The tag of a `From` or `To`."""
    match = re.search(r";tag=([^;>,\s]+)", header)
    return match[1] if match else ""


def branch_of(answer: Message) -> str:
    match = re.search(r"branch=z9hG4bK([^;,]+)", answer["Via"])
    return match[1] if match else ""
