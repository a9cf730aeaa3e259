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
        left = self._now(address)
        if left < 1.0:
            return (1.0 - left) / self._per_second
        self._left[address] = (left - 1.0, self._monotonic())
        self._left.move_to_end(address)
        if len(self._left) > MOST_ADDRESSES:
            self._left.popitem(last=False)
        return 0.0

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
