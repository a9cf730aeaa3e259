"""Random days of passes: nobody is overtaken, lost or served twice, whatever the channels.

Twenty here; ten thousand by `python -m tests.campaign_passes --over days`.
"""

from __future__ import annotations

from collections import Counter

from tests.pass_day import DEEDS, PassDay

DAYS = 20


async def test_who_goes_from_channel_to_channel_is_served_as_in_one_ideal_queue() -> None:
    did, hops, offers = Counter[str](), 0, 0
    for n in range(DAYS):
        day = PassDay(f"unit {n}")
        assert await day.play() == [], f"day {n}"
        did, hops, offers = did + day.did, hops + day.hops, offers + day.ideal.offers
    assert did["served"] > 8 * DAYS and hops > 8 * DAYS and offers > 20 * DAYS
    never = {deed for deed in DEEDS if not did[deed]}
    assert never <= {"calls in", "stays"}, "days in which nearly everything happens"
