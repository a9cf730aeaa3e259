"""Telephone numbers as they may be shown: enough to be told apart, not enough to be dialled."""

from __future__ import annotations


def masked(number: str | None) -> str | None:
    """The number with its middle hidden, a short one whole: at least four digits never show."""
    if not number:
        return None
    if len(number) < 9:
        return "****"
    return f"{number[: min(6, len(number) - 8)]}****{number[-4:]}"
