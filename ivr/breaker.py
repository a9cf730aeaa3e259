"""A circuit breaker: a service that fails again and again is left alone for a while. No clock.

Closed: everybody may ask. Open: nobody may, until the rest is over. Then one trial question goes
out: if it is answered the breaker closes, if not it rests again.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.model import Seconds


@dataclass(slots=True)
class Breaker:
    """Of one service. Times are of any clock that only goes forward."""

    failures: int
    """So many in a row open it."""
    rest: Seconds
    _in_a_row: int = 0
    _until: Seconds | None = None
    """The end of the rest, while it is open."""
    _trying: bool = False
    """Whether the trial question is out."""

    @property
    def is_open(self) -> bool:
        return self._until is not None

    def may_ask(self, now: Seconds) -> bool:
        """Whether a question may go out now; whoever asks tells how it ended."""
        if self._until is None:
            return True
        if self._trying or now < self._until:
            return False
        self._trying = True
        return True

    def answered(self) -> bool:
        """The service works; whether that closes the breaker."""
        closes = self.is_open
        self._in_a_row, self._until, self._trying = 0, None, False
        return closes

    def failed(self, now: Seconds) -> bool:
        """The service does not work; whether that opens the breaker."""
        if self._until is not None:
            if self._trying:  # others began to ask before it opened
                self._until, self._trying = now + self.rest, False
            return False
        self._in_a_row += 1
        if self._in_a_row >= self.failures:
            self._until = now + self.rest
        return self.is_open

    def broken_off(self) -> None:
        """Nobody waits for the answer any more: it says nothing of the service."""
        self._trying = False
