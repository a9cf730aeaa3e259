"""Why offers are made, kept as an engine makes them."""

from __future__ import annotations

from acd.commands import Offer
from acd.engine import Engine
from acd.floor import Floor
from acd.model import Seconds
from acd.why import Why, explain


def whys(engine: Engine) -> list[Why]:
    """One more for each offer from now on."""
    found: list[Why] = []

    def explains(floor: Floor, offer: Offer, now: Seconds) -> str:
        found.append(explain(floor, offer, now))
        return found[-1].line()

    engine.explains = explains
    return found
