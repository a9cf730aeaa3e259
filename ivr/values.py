"""The values of a call: what its steps have collected, by name.

They are personal (an account number, a date of birth). They live with the call and end with it:
in the session, and on the line so that another process can go on. The journal, the logs and the
trail never have them.
"""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
LEVEL = "verified"
"""What a call has proved of who its caller is, one of `LEVELS`. It is kept with the values, and is
none that a flow could set or say."""
NOTHING_PROVED, BY_PIN = "no", "pin"
LEVELS = (NOTHING_PROVED, BY_PIN)
RESERVED = frozenset({"wait", LEVEL})
"""Words that stand for something else."""
LONGEST_TEXT = 500
"""Characters of a value that a flow sets."""
MOST_VALUES = 20
MOST_KEPT = 6_000
"""Bytes that all values of a flow may take on the line together, each sign written as `%XX`."""


def _name(given: str) -> str:
    if not NAME.fullmatch(given):
        raise ValueError("a value's name is small letters, digits and _, at most 32")
    if given in RESERVED:
        raise ValueError(f"{given!r} means something else: choose another name")
    return given


ValueName = Annotated[
    str,
    AfterValidator(_name),
    WithJsonSchema(
        {"type": "string", "pattern": f"^{NAME.pattern}$", "not": {"enum": sorted(RESERVED)}}
    ),
]
"""What a value is called: in a flow, and on the line."""


def room(name: str, most_bytes: int) -> int:
    """The most bytes that a value takes on the line."""
    return len(name) + len("= ") + 3 * most_bytes
