"""Random days of passes: nobody is overtaken, lost or served twice, whatever the channels.

Sixty here; ten thousand by `python -m tests.campaign_passes --over days`.
"""

from __future__ import annotations

from tests.pass_day import PassDay

DAYS = 60


async def test_who_goes_from_channel_to_channel_is_served_as_in_one_ideal_queue() -> None:
    served, moves, too_late = 0, 0, 0
    for n in range(DAYS):
        day = PassDay(f"unit {n}")
        assert await day.play() == [], f"day {n}"
        served, moves, too_late = served + day.served, moves + day.moves, too_late + day.too_late
    assert served > 4 * DAYS and moves > 3 * DAYS and too_late > 3, "days in which things happen"
