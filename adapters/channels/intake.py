"""What becomes of a delivery: believed or not, known or new, and told to the core.

The cheapest refusals come first, and nothing is parsed before its signature is. Who has the secret
may still send too much: so many a second reach the core, the rest is asked to come again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from acd.model import Seconds
from adapters.channels.figures import RareLog, deliveries
from adapters.channels.taken import Taken
from ivr.channel_ports import (
    Channel,
    Checked,
    Delivery,
    NotBelieved,
    NotUnderstood,
    Received,
    State,
    Why,
)
from ivr.ports import Core, CoreAway, CoreRefused, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

MOST_AT_ONCE = 4
"""Deliveries that wait for the core's answer: calls, agents and operators need it, too."""
UNKNOWN = ""
"""Stands for channels that there are not."""

SENTENCES: Mapping[Why, tuple[int, str]] = {
    Why.UNSIGNED: (401, "give webhook-id, webhook-timestamp and webhook-signature, once each"),
    Why.FORGED: (401, "no secret of this channel makes this signature"),
    Why.LATE: (400, "signed more than five minutes ago, or for later: look at your clock"),
    Why.REPLAYED: (409, "this delivery was taken already; to send it again, sign it anew"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a delivery is answered."""

    status: int
    detail: str = ""
    wait: Seconds = 0.0
    """When it may come again."""


class Pace:
    """So many a second, with room for two seconds' worth at once."""

    def __init__(self, per_second: float, monotonic: Callable[[], Seconds]) -> None:
        self._per_second = per_second
        self._most = max(1.0, 2 * per_second)
        self._left, self._since = self._most, monotonic()
        self._monotonic = monotonic

    def take(self) -> Seconds:
        """Take a place, and 0; or how long to wait for one."""
        now = self._monotonic()
        self._left = min(self._most, self._left + (now - self._since) * self._per_second)
        self._since = now
        if self._left < 1.0:
            return (1.0 - self._left) / self._per_second
        self._left -= 1.0
        return 0.0


class Intake:
    """The deliveries of every channel."""

    def __init__(
        self, channels: Mapping[str, Channel], per_second: Mapping[str, float], taken: Taken,
        core: Core, utc: Callable[[], Seconds] = time.time,
        monotonic: Callable[[], Seconds] = time.monotonic,
    ) -> None:  # fmt: skip
        self._channels = channels
        self._paces = {name: Pace(pace, monotonic) for name, pace in per_second.items()}
        self._taken = taken
        self._core = core
        self._utc = utc
        self._under_way: set[tuple[str, str]] = set()
        self._rare = RareLog(log, monotonic)

    async def take(self, name: str, delivery: Delivery) -> Verdict:
        """What to answer; only with a status of 200 or 202 anything has come of it."""
        channel = self._channels.get(name)
        if channel is None:
            deliveries.labels(UNKNOWN, "404").inc()
            return Verdict(404, "there is no such channel")
        verdict = await self._judge(channel, delivery)
        deliveries.labels(name, str(verdict.status)).inc()
        if verdict.status >= 400:
            self._rare.warn("delivery refused", name, str(verdict.status))
        return verdict

    async def _judge(self, channel: Channel, delivery: Delivery) -> Verdict:
        if len(delivery.body) > channel.capabilities.most_bytes:
            return Verdict(413, f"{channel.capabilities.most_bytes} bytes at most")
        try:
            checked = channel.check(delivery, self._utc())
            if self._taken.is_known(channel.name, checked):
                return Verdict(200, "known")
        except NotBelieved as refusal:
            return Verdict(*SENTENCES[refusal.why])
        key = (channel.name, checked.id)
        if key in self._under_way:
            return Verdict(409, "this delivery is being taken", 1.0)
        if len(self._under_way) >= MOST_AT_ONCE:
            return Verdict(503, "too much at once", 1.0)
        if wait := self._paces[channel.name].take():
            return Verdict(429, "more than this channel takes in a second (`per_second`)", wait)
        self._under_way.add(key)
        try:
            return await self._hand_over(channel, checked)
        finally:
            self._under_way.discard(key)

    async def _hand_over(self, channel: Channel, checked: Checked) -> Verdict:
        """To the core, then into the list of what was taken: in between a repeat is told once."""
        try:
            what, fields = asked(checked, channel.read(checked))
            await self._core.ask(what, channel=channel.name, **fields)
            await self._taken.keep(channel.name, checked, self._utc())
        except NotUnderstood as fault:
            return Verdict(422, str(fault))
        except (CoreAway, CoreRefused, StoreFailed, StoreRefused) as fault:
            self._rare.warn("delivery not taken", channel.name, type(fault).__name__)
            return Verdict(503, "not now: send it again", 2.0)
        return Verdict(202, "taken")


def asked(checked: Checked, read: Received | State) -> tuple[str, dict[str, Any]]:
    """What the core is asked for it."""
    if isinstance(read, State):
        return "text told", {"text": read.text, "state": read.became, "why": read.why}
    return "text receive", {"delivery": checked.id, "sender": read.sender, "words": read.words}
