"""How much one address may ask for: token buckets, bounded in number."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from collections.abc import Callable

from acd.model import Seconds

MOST_ADDRESSES = 10_000


class Buckets:
    """A bucket of `burst` permits for each address, refilled at `per_second`."""

    def __init__(self, per_second: float, burst: int, monotonic: Callable[[], Seconds]) -> None:
        self._per_second = per_second
        self._burst = burst
        self._monotonic = monotonic
        self._left: OrderedDict[str, tuple[float, Seconds]] = OrderedDict()

    def take(self, address: str) -> Seconds:
        """Take a permit, and 0; or how long to wait for one."""
        if wait := self.look(address):
            return wait
        self.charge(address)
        return 0.0

    def look(self, address: str) -> Seconds:
        """How long to wait for a permit; 0: there is one. Takes none."""
        left = self._now(address)
        return (1.0 - left) / self._per_second if left < 1.0 else 0.0

    def charge(self, address: str) -> None:
        """Take a permit, whether there is one or not: it is waited for afterwards."""
        self._left[address] = (self._now(address) - 1.0, self._monotonic())
        self._left.move_to_end(address)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)

    def _now(self, address: str) -> float:
        left, since = self._left.get(address, (float(self._burst), 0.0))
        return min(self._burst, left + (self._monotonic() - since) * self._per_second)


def neighbourhood(address: str) -> str:
    """Whom limits count as one: an IPv4 address, or the /64 of an IPv6 address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)
