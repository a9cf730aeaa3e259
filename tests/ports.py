"""Ports for installations of the tests: each process of a test run has a range of its own.

Two processes that look for free ports at the same moment would find the same ones.
"""

from __future__ import annotations

import os
import socket
from itertools import count

from ivr.settings import DEFAULT_PORT_BASE

STEP = 1200
"""An installation takes 1140 ports."""
EACH = 6
"""So many installations may one process of the tests have, one after the other or at once."""
LOWEST, HIGHEST = 9_600, 31_200
"""Above, systems give ports to whoever asks for any."""
MOST_USED = (0, 1, 2, 3, 20, 21, 140)

ABOVE = 61_000
"""Where systems give ports to whoever asks for any, they end below this one."""
SINGLE = 300
"""So many single ports may one process of the tests have; there are places for 15."""

_turns, _singles = count(), count()


def free_base() -> int:
    """A port base in this process's range whose most important ports nobody holds now; another
    one each time, as far as there are some."""
    first, worker = _own_place()
    for _ in range(EACH):
        base = in_range(first, worker * EACH + next(_turns) % EACH)
        if all(_is_free(base + offset) for offset in MOST_USED):
            return base
    raise AssertionError(f"no free ports from {first} on: name others with HOTLINE_PORT_BASE")


def in_range(first: int, place: int) -> int:
    """The base at this place behind the first; where the numbers end, they begin again below."""
    return LOWEST + (first - LOWEST + place * STEP) % (HIGHEST - LOWEST)


def reserved_port(address: str = "127.0.0.1") -> int:
    """A single port, UDP and TCP, for what is there later: nobody holds it, and no system gives it
    away by itself, as the ports that one has by asking for any."""
    first, worker = _own_place()
    place = (first // STEP * 4 + worker) % 15
    for _ in range(SINGLE):
        port = ABOVE + place * SINGLE + next(_singles) % SINGLE
        if _is_free(port, address):
            return port
    raise AssertionError(f"no free port from {ABOVE + place * SINGLE} on")


def _own_place() -> tuple[int, int]:
    """The port base that was given to the run, and which of its processes this one is."""
    first = int(os.environ.get("HOTLINE_PORT_BASE") or DEFAULT_PORT_BASE)
    return first, int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _is_free(port: int, address: str = "127.0.0.1") -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, kind == socket.SOCK_STREAM)
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
