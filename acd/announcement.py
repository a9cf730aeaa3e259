"""What a caller is told of the wait: no false precision, and never worse without saying so.

Numbers only; `voice.phrases` has the words. A range is widened to steps, so what is said holds at
least as often as the range.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from acd.estimate import Range
from acd.model import Seconds

STEPS = (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 60)
"""Minutes that are said."""


@dataclass(frozen=True, slots=True)
class Told:
    """ "About `low` to `high` minutes", said at `at`.

    `low` 0: "up to `high` minutes". `high` None: "more than `low` minutes". `later`: the wait may
    now end later than was told before, and this must be said with it.
    """

    low: int
    high: int | None
    at: Seconds
    later: bool = False


def wait_to_tell(wait: Range | None, now: Seconds, before: Told | None = None) -> Told | None:
    """What to say of the wait; None: nothing, for it is not known well enough."""
    if wait is None or wait.few:
        return None
    low = STEPS[bisect_right(STEPS, wait.low / 60) - 1]
    above = bisect_left(STEPS, wait.high / 60)
    high = max(1, STEPS[above]) if above < len(STEPS) else None
    ends_by = before.at + before.high * 60 if before and before.high else None
    return Told(low, high, now, later=ends_by is not None and now + wait.high > ends_by)


def place_to_tell(place: int, told: int | None, reason: bool = False) -> int | None:
    """The place to say, never a larger one than was said; None: nothing.

    With a `reason` that is spoken with it, a place that has risen is said as it is.
    """
    return place if told is None or place <= told or reason else None
