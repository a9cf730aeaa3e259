"""When too many codes are wrong, whoever tries them: nobody redeems by a code for a while.

A code has nine digits. What an address, and a contact, may try is limited elsewhere; this is for
those who have many addresses. Links go on: they cannot be guessed. Pure; time is an argument.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from acd.model import Seconds

MOST_WRONG = 300
"""At a hundred open codes, somebody who guesses day and night finds one in about 230 days."""
WITHIN_SECONDS: Seconds = 600.0


class TooManyWrong(Exception):
    """Codes are refused for a while."""


@dataclass(slots=True)
class Guesses:
    """The wrong codes of the last minutes, of the whole house."""

    most: int = MOST_WRONG
    within: Seconds = WITHIN_SECONDS
    _wrong: deque[Seconds] = field(default_factory=deque)

    def wrong(self, now: Seconds) -> bool:
        """One more; whether it is the one that is too many."""
        was = self.are_too_many(now)
        self._wrong.append(now)
        if len(self._wrong) > self.most:
            self._wrong.popleft()
        return not was and self.are_too_many(now)

    def are_too_many(self, now: Seconds) -> bool:
        """Whether codes are refused just now."""
        while self._wrong and self._wrong[0] <= now - self.within:
            self._wrong.popleft()
        return len(self._wrong) >= self.most
