"""Nobody is asked to go on in the chat who would be served sooner on the telephone.

A few days here; hundreds by `python -m tests.online_days`.
"""

from __future__ import annotations

from collections import Counter

from tests.online_days import AT_LEAST, KINDS, Day

DAYS = 24


def test_whoever_is_offered_the_chat_is_really_served_sooner_there_by_the_same_key() -> None:
    days = [Day(f"unit {n}", KINDS[n % len(KINDS)], most=3).run() for n in range(DAYS)]
    followed = [one for day in days for one in day.followed]
    assert len(followed) > 2 * DAYS, "days on which callers are asked"
    assert min(Counter(one.kind for one in followed).values()) > 3, "in every kind of house"
    assert any(one.offer.online for one in followed), "also where nobody has room at once"
    sooner, kept = (sum(one.sooner for one in followed), sum(one.kept for one in followed))
    assert sooner >= AT_LEAST * len(followed), [one for one in followed if not one.sooner]
    assert kept >= 0.9 * len(followed), "and waits no longer than was said"
