"""Figures of the channels for Prometheus, and log lines that a flood does not multiply."""

from __future__ import annotations

import logging
import time
from collections import Counter as Tally
from collections.abc import Callable

from prometheus_client import Counter, Gauge

from acd.model import Seconds

deliveries = Counter("hotline_channel_deliveries", "What came in", ["channel", "outcome"])
texts = Counter("hotline_channel_texts", "Texts handed to a channel", ["channel", "outcome"])
notices = Counter("hotline_notices", "Notices by e-mail", ["outcome"])
waiting = Gauge("hotline_channel_waiting", "Texts that wait to be sent", ["channel"])

AGAIN: Seconds = 10.0


class RareLog:
    """One line for the same thing in ten seconds, with how often it was."""

    def __init__(
        self, log: logging.Logger, monotonic: Callable[[], Seconds] = time.monotonic
    ) -> None:
        self._log = log
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], Seconds] = {}
        self._times: Tally[tuple[str, str]] = Tally()

    def warn(self, what: str, channel: str, why: str = "") -> None:
        """`why` is one of few words: nothing that a sender may choose."""
        key, now = (what, f"{channel} {why}"), self._monotonic()
        self._times[key] += 1
        if now - self._said.get(key, float("-inf")) < AGAIN:
            return
        self._said[key] = now
        told = {"channel": channel, "why": why, "times": self._times.pop(key)}
        self._log.warning(what, extra=told)
