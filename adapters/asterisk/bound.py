"""Which process has which port, as the kernel tells it (Linux), and which can be had."""

from __future__ import annotations

import errno
import ipaddress
import re
import socket
from collections.abc import Iterator
from pathlib import Path

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
TAKEN = "is taken by another program"
END_IT = "End that program, or set HOTLINE_PORT_BASE to another number."
OTHERWISE = "Mend that, or set HOTLINE_PORT_BASE to another number (above 1023)."
BOUND_UDP, LISTENING_TCP = "07", "0A"


def sockets_of(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    found = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue  # closed meanwhile
        if match := re.fullmatch(r"socket:\[(\d+)\]", target):
            found.add(match[1])
    return found


def inodes_on(kind: str, port: int) -> set[str]:
    """The inodes of sockets that are bound to this port (`tcp`: that listen)."""
    return {inode for _, inode in _bound(kind, port)}


def bound_addresses(port: int) -> set[Address]:
    """The addresses at which somebody listens on this TCP port."""
    return {address for address, _ in _bound("tcp", port)}


def why_not_ours(
    name: str, address: str, port: int, kind: socket.SocketKind
) -> tuple[str, str] | None:
    """What keeps us from listening there, and the way out; None: nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, kind) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
        try:
            sock.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                what = f"{address} is no address of this machine"
                return what, "Set `listen` (or `listen_web`) in site.yaml to one that is."
            return refused(f"port {port} for {name} at {address}", error)
    return None


def refused(port: str, error: OSError) -> tuple[str, str]:
    """Why this port is not ours, and the way out: only one of the reasons is another program."""
    if error.errno == errno.EADDRINUSE:
        return f"{port} {TAKEN}", END_IT
    return f"{port} cannot be had: {error.strerror or error}", OTHERWISE


def _bound(kind: str, port: int) -> Iterator[tuple[Address, str]]:
    for table in (kind, f"{kind}6"):
        path = Path(f"/proc/net/{table}")
        for fields in map(str.split, path.read_text().splitlines()[1:] if path.exists() else ()):
            address, _, in_hex = fields[1].rpartition(":")
            if int(in_hex, 16) == port and fields[3] in (BOUND_UDP, LISTENING_TCP):
                yield _address(address), fields[9]


def _address(in_hex: str) -> Address:
    """The kernel writes each 32-bit word in the machine's order (little-endian on ours)."""
    words = [bytes.fromhex(in_hex[n : n + 8])[::-1] for n in range(0, len(in_hex), 8)]
    address = ipaddress.ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
