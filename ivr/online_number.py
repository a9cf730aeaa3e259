"""A caller who has no mobile number to write to: to key one in, or to hear a code. Pure.

Three short questions, each answered by keys in the waiting loop. To say nothing, and whatever else
is no answer, leads to the code: nobody is caught here.
"""

from __future__ import annotations

from enum import StrEnum

from acd.model import Seconds

MOST_DIGITS = 15
MOST_TRIES = 3
"""So often a number may be keyed in."""
YES, AGAIN = "1", "2"
FITS, FITS_NOT = "fits", "fits not"
"""What is made of keys that should be a number."""


class Ask(StrEnum):
    """What a caller is being asked."""

    HOW = "how"
    """A text to a mobile telephone whose number they key in, or a code."""
    NUMBER = "number"
    RIGHT = "right"
    """Whether it was understood: it is read back."""


class End(StrEnum):
    """What the questions lead to."""

    TEXT = "text"
    CODE = "code"


ANSWERS: dict[tuple[Ask, str], Ask | End] = {
    (Ask.HOW, YES): Ask.NUMBER,
    (Ask.NUMBER, FITS): Ask.RIGHT,
    (Ask.NUMBER, FITS_NOT): Ask.NUMBER,  # texts cannot be sent there
    (Ask.RIGHT, YES): End.TEXT,
    (Ask.RIGHT, AGAIN): Ask.NUMBER,
}
"""Everything else, and silence, ends with the code."""
KEYS: dict[Ask, int] = {Ask.HOW: 1, Ask.NUMBER: MOST_DIGITS, Ask.RIGHT: 1}
"""How many keys an answer has at most."""
SECONDS: dict[Ask, Seconds] = {Ask.HOW: 5.0, Ask.NUMBER: 8.0, Ask.RIGHT: 5.0}
"""To wait for a key."""
LONGEST: Seconds = 180.0
"""An answer that never comes (the line was talked on, the link was away) is silence after that."""


def then(ask: Ask, answer: str, tries: int) -> Ask | End:
    """What follows this answer; `tries`: how often a number was asked for so far."""
    found = ANSWERS.get((ask, answer), End.CODE)
    return End.CODE if found is Ask.NUMBER and tries >= MOST_TRIES else found
