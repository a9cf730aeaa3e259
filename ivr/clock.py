"""Centre time: what all orders, deadlines and records go by."""

from __future__ import annotations

import logging
import time

from acd.model import Seconds

log = logging.getLogger(__name__)

STEP_WORTH_A_WORD: Seconds = 2.0


class CentreClock:
    """UTC at the start plus monotonic time since; never behind the journal.

    A step of the machine's wall clock is logged and changes nothing here.
    """

    def __init__(self, journal_at: Seconds = 0.0) -> None:
        self._offset = max(time.time(), journal_at) - time.monotonic()
        self._wall_off_by = 0.0

    def now(self) -> Seconds:
        """UTC seconds in whole milliseconds."""
        now = round((time.monotonic() + self._offset) * 1000) / 1000
        self._notice_a_step(now)
        return now

    def _notice_a_step(self, now: Seconds) -> None:
        off_by = time.time() - now
        if abs(off_by - self._wall_off_by) > STEP_WORTH_A_WORD:
            log.warning("wall clock stepped", extra={"seconds": round(off_by, 3)})
            self._wall_off_by = off_by
