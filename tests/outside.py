"""Customers behind a trunk, for tests: telephones at a port that the site file can name before."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.phones import Call, Phone
from tests.sip import Message


class Outside(Phone):
    """The far end of a trunk: whoever is called by it rings here, and it says that it is there."""

    def __init__(self, server: tuple[str, int], port: int) -> None:
        super().__init__(server, "outside", hears=True)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._signals)
        self._signals.close()
        self._signals = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._signals.bind(("127.0.0.1", port))
        self._signals.setblocking(False)
        loop.add_reader(self._signals, self._read_signal)


class Deaf(Outside):
    """The far end of a trunk that says it is there, and then says nothing to any call."""

    def _ring(self, message: Message) -> None:
        """Nothing."""


def dialled(call: Call) -> str:
    """Whom the other side wanted, as it dialled them."""
    assert call.invite
    return call.invite.first.split()[1].removeprefix("sip:").partition("@")[0]


@contextmanager
def silent(port: int) -> Iterator[None]:
    """The far end of a trunk that hears everything and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", port))
        yield
