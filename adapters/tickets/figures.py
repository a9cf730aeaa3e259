"""Figures of what the journal tells, for Prometheus: since this process began."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import Counter

from ivr.ports import Record
from ivr.recovery_book import OFFERED

recovered = Counter(
    "hotline_recovery_offers", "Callers cut off by the telephone side, and offered a way", ["way"]
)


def count(records: Iterable[Record]) -> None:
    """Records that have just been applied, each once."""
    for record in records:
        if record.kind == OFFERED:
            recovered.labels(str(record.data["way"])).inc()
