"""When a contact should go elsewhere, by its queue's rules. The engine says so; others do it."""

from __future__ import annotations

from acd.floor import Floor
from acd.model import Contact, Seconds


def look_for_overflow(floor: Floor, contact: Contact, now: Seconds) -> None:
    """Say where the contact should go, if a rule that has not spoken for it yet holds now."""
