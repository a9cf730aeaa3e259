"""How the kinds of step look in pictures: what a step is for decides its shape and colour."""

from __future__ import annotations

from typing import Literal

Look = Literal["says", "asks", "decides", "does", "person", "ends", "other"]
LOOKS: dict[Look, tuple[str, ...]] = {
    "says": ("say",),
    "asks": ("menu", "ask", "listen", "record", "verify", "survey"),
    "decides": ("hours", "branch", "overflow"),
    "does": ("set", "lookup", "python", "ticket", "flow", "return", "closure"),
    "person": ("queue", "callback", "message", "transfer"),
    "ends": ("goodbye",),
}
"""`other` is whatever a house adds."""
COLOURS: dict[Look, str] = {
    "says": "#6e7781", "asks": "#2f81f7", "decides": "#bf8700", "does": "#8250df",
    "person": "#2da44e", "ends": "#cf222e", "other": "#57606a",
}  # fmt: skip
"""Strokes that can be seen on a light and on a dark page; surfaces are a thin coat of them."""


def look_of(kind: str) -> Look:
    """The look of a kind of step."""
    return next((look for look, kinds in LOOKS.items() if kind in kinds), "other")
