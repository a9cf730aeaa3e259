"""How long each class can be overtaken: what the order promises, computed from the rules alone.

A contact is overtaken only by contacts with a smaller key. One that enters s seconds later has a
smaller key only if its credit is more than s seconds larger. So nobody who enters later than the
largest credit minus one's own comes in between: from then on the contact only moves forward. The
key is `entered_at − credit`, in seconds; contacts of one credit never overtake each other.
"""

from __future__ import annotations

from dataclasses import dataclass

from acd.config import Centre
from acd.model import Seconds


@dataclass(frozen=True, slots=True)
class Bound:
    """What a class of contacts, with an urgency or none, can be sure of among live contacts."""

    class_: str
    urgency: str
    credit: Seconds
    """The head start, without what a repeated contact or a supervisor may add."""
    overtaken_for: Seconds
    """Nobody who enters later than this after the contact is served before it."""
    reserve: int
    """Agents of a queue that are free or with this class before others get the rest."""


def bounds(centre: Centre) -> list[Bound]:
    """A bound for every class and urgency, those with the largest head start first.

    They hold for contacts that the same agents may serve, and while supervisors regrade nobody.
    """
    repeat = max((class_.repeat for class_ in centre.classes.values()), default=0.0)
    pairs = [(name, urgency) for name in centre.classes for urgency in ("", *centre.urgency)]
    credits = {pair: centre.credit(*pair) for pair in pairs}
    largest = max(credits.values(), default=0.0) + repeat
    found = [
        Bound(name, urgency, credit, largest - credit, centre.classes[name].reserve)
        for (name, urgency), credit in credits.items()
    ]
    return sorted(found, key=lambda bound: (-bound.credit, bound.class_, bound.urgency))
