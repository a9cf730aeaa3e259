"""Keys that are on a call's record twice: told apart from keys pressed twice by Asterisk's events.

A key that Asterisk has put back and read again (`attention`) comes up twice and goes down once. Of
the keys themselves only the last one of a call is remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from acd.model import Seconds

LATE: Seconds = 1.0
"""Events come on another way than the record: so long one is waited for."""
MOST_CALLS = 4_000
"""Whose end nobody has told of by then is forgotten."""
RECEIVED = "Received"


@dataclass(slots=True)
class _Call:
    down: str = ""
    """The key that has gone down, and not come up yet."""
    last: str = ""
    ended: int = 0
    """How often a key has come up."""
    twice: set[int] = field(default_factory=set)
    """Which of these were the one before once more."""


class DoubleKeys:
    """Follows the keys of all calls. Heard in the event loop, asked from the threads of calls."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._news = threading.Condition()

    def hear(self, event: Mapping[str, str]) -> None:
        """One event of the manager interface. Never raises; waits for no one for long."""
        kind, channel = event.get("Event", ""), event.get("Channel", "")
        with self._news:
            if event.get("UserEvent") == "AcdGone":
                self._calls.pop(channel, None)
            elif kind in ("DTMFBegin", "DTMFEnd") and event.get("Direction") == RECEIVED:
                self._take(self._call(channel), kind, event.get("Digit", ""))
                self._news.notify_all()

    def among(self, channel: str, count: int) -> frozenset[int] | None:
        """Which of the first `count` keys on the record of a call are there once more; None when
        the events of so many do not come."""
        with self._news:
            known = self._news.wait_for(lambda: self._ended(channel) >= count, LATE)
            return frozenset(self._calls.get(channel, _Call()).twice) if known else None

    def heard(self, channel: str) -> int:
        """How many keys of a call have come up so far, as far as we were there."""
        with self._news:
            return self._ended(channel)

    def _ended(self, channel: str) -> int:
        call = self._calls.get(channel)
        return call.ended if call else 0

    def _call(self, channel: str) -> _Call:
        if channel not in self._calls:
            if len(self._calls) >= MOST_CALLS:
                del self._calls[next(iter(self._calls))]
            self._calls[channel] = _Call()
        return self._calls[channel]

    def _take(self, call: _Call, kind: str, key: str) -> None:
        if kind == "DTMFBegin":
            call.down = key
            return
        if call.down == key:
            call.down = ""
        elif key == call.last:
            call.twice.add(call.ended)
        call.last = key
        call.ended += 1


class KeyRecord:
    """The record of one call's keys as it should be."""

    def __init__(self, channel: str, keys: DoubleKeys | None, left: int | None = None) -> None:
        """`left`: so many keys of another script's time are still on the record (None: it is
        ours from the beginning); as we heard of the last of them, they are counted from there."""
        self._channel, self._keys = channel, keys
        self._gone = keys.heard(channel) - left if keys and left is not None else 0
        """How many keys we heard of that are not on the record any more; below 0: so many are there
        of which we did not hear."""
        self._last = ""
        """The last key that was taken off the record."""
        self._judged = 0
        self._twice: set[int] = set()

    def once(self, record: str) -> str:
        """Each key as often as it was pressed. In a thread; waits only where it matters, and never
        again once the events did not come."""
        before = [self._last, *record]  # of each key the one before it
        same = {n for n in range(self._judged, len(record)) if record[n] == before[n]}
        if same and self._keys:
            known = self._keys.among(self._channel, self._gone + max(same) + 1)
            self._twice |= {n for n in same if self._gone + n in (known or ())}
            self._keys = self._keys if known is not None else None
        self._judged = max(self._judged, len(record))
        return "".join(key for n, key in enumerate(record) if n not in self._twice)

    def forget(self, record: str, keys: int) -> str:
        """What is left of the record without the first so many keys, each as often as it is
        there."""
        cut = 0
        while cut < len(record) and (keys or cut in self._twice):
            keys -= cut not in self._twice
            cut += 1
        self._gone, self._last = self._gone + cut, (self._last + record[:cut])[-1:]
        self._judged = max(self._judged - cut, 0)
        self._twice = {n - cut for n in self._twice if n >= cut}
        return record[cut:]
