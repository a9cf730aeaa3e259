"""A log line for what strangers can cause at will: at most one a second, with a count."""

from __future__ import annotations

import logging
import time

SECONDS_BETWEEN = 1.0


class RareLog:
    """Writes the first complaint at once; those of the next second are counted into the next."""

    def __init__(self, log: logging.Logger, message: str) -> None:
        self._log = log
        self._message = message
        self._last = float("-inf")
        self._count = 0

    def __call__(self, reason: str) -> None:
        self._count += 1
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN:
            self._log.warning(self._message, extra={"reason": reason, "count": self._count})
            self._last, self._count = now, 0
