"""What a log says, for tests that look for what must not stand in it."""

from __future__ import annotations

import logging
from collections.abc import Iterable

NUMBERS = {"created", "msecs", "relativeCreated", "thread", "process", "lineno"}
"""Clocks and counters of a record: any few digits come up in them one day."""


def carried(records: Iterable[logging.LogRecord]) -> str:
    """All that the records carry, arguments and tracebacks too, but for clocks and counters."""
    return "\n".join(
        str({name: value for name, value in vars(record).items() if name not in NUMBERS})
        for record in records
    )
