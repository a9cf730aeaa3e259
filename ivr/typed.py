"""What of the keys that a caller has typed answers a question. Pure."""

from __future__ import annotations

import math

from acd.model import Seconds


def answer_in(typed: str, most_keys: int, ends_with: str) -> tuple[str, int] | None:
    """A complete answer at the beginning of what was typed, and how many keys it took."""
    for count, key in enumerate(typed[:most_keys], start=1):
        if ends_with and key in ends_with:
            return typed[: count - 1], count
    return (typed[:most_keys], most_keys) if len(typed) >= most_keys else None


class EndKey:
    """The end key behind an answer that had all its keys already: it answers no question.

    Callers are told "then press the hash key", and press it behind the last possible key, too. It
    is the very first key behind such an answer, pressed while nobody listens, or by `until`. Also
    where the next question has a choice of that key: nobody is to choose, by doing as they were
    told, what they have not heard. Who means the choice presses the key again; behind a question
    without an end key every key is meant.
    """

    def __init__(self) -> None:
        self._keys = ""
        self._until = math.inf

    def may_follow(
        self, answer: str, most_keys: int, ends_with: str, until: Seconds = math.inf
    ) -> None:
        """A question has got this answer."""
        self._keys, self._until = (ends_with if len(answer) == most_keys else ""), until

    @property
    def may_come(self) -> bool:
        """Whether it has neither come nor is too late."""
        return bool(self._keys)

    def without(self, typed: str) -> str:
        """These keys, pressed since that answer, without one at the beginning."""
        if not typed:
            return typed
        keys, self._keys = self._keys, ""
        return typed[1:] if typed[0] in keys else typed

    def listened(self, now: Seconds) -> None:
        """Somebody has waited for a key, and has just had one or none: is it too late?"""
        if now > self._until:
            self._keys = ""
