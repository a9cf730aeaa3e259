"""The addresses of this machine at which we listen, and by which they are reached."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Annotated

from pydantic import AfterValidator

FAR: dict[int, str] = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Of documentation: nobody has them, and nothing is sent to them."""


def listen_address(text: str) -> str:
    """The address; `ValueError` for anything else, also for a name: it may mean several."""
    return _address(
        text,
        "write 127.0.0.1 for this machine alone, one of its own addresses,"
        " or 0.0.0.0 for all of them",
    )


def _own_address(text: str) -> str:
    return _address(text, "write the one under which others see this machine")


def _address(text: str, remedy: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise ValueError(f"{text!r} is no address; {remedy}") from None


ListenAddress = Annotated[str, AfterValidator(listen_address)]
OwnAddress = Annotated[str, AfterValidator(_own_address)]


def near(listen: str) -> str:
    """Where programs on this machine reach what listens there."""
    address = ip_address(listen)
    return _loopback(address) if address.is_unspecified else listen


def dialled_at(listen: str) -> str:
    """What a telephone dials that is to reach it; of all addresses the one by which this machine
    goes out, or loopback where it has no network."""
    address = ip_address(listen)
    if not address.is_unspecified:
        return listen
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    return _towards(family, FAR[address.version]) or _loopback(address)


def _loopback(address: IPv4Address | IPv6Address) -> str:
    return "::1" if address.version == 6 else "127.0.0.1"


def _towards(family: socket.AddressFamily, far: str) -> str | None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((far, 9))  # of a datagram socket: chooses the way, sends nothing
        except OSError:
            return None
        return str(sock.getsockname()[0])


def in_url(address: str) -> str:
    """As it stands before a port."""
    return f"[{address}]" if ":" in address else address
