"""What of the keys that a caller has typed answers a question. Pure."""

from __future__ import annotations


def answer_in(typed: str, most_keys: int, ends_with: str) -> tuple[str, int] | None:
    """A complete answer at the beginning of what was typed, and how many keys it took."""
    for count, key in enumerate(typed[:most_keys], start=1):
        if ends_with and key in ends_with:
            return typed[: count - 1], count
    return (typed[:most_keys], most_keys) if len(typed) >= most_keys else None
