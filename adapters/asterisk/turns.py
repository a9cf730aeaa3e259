"""Who speaks next to one waiting caller: offers and answers before announcements, none lost or cut.

The waiting loop takes one request at a time and tells which it has said. What it has begun is never
cut by the next; what it has not begun yet can be put off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ivr.online_sayings import REQUEST


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to the loop."""

    request: str
    said: str = field(repr=False)
    """As the loop reads it: the request, files and seconds."""
    own: tuple[Path, ...] = field(default=(), repr=False)
    """Recordings for this caller alone."""

    @property
    def first(self) -> bool:
        """Whether it goes before announcements: the caller is asked, or answered."""
        return self.request.startswith(REQUEST)

    def over(self) -> None:
        """It was said, or never will be."""
        for file in self.own:
            file.unlink(missing_ok=True)


class Turns:
    """Of one caller. `ask` and `said` give what the loop is to be asked now."""

    def __init__(self) -> None:
        self.now: Asked | None = None
        """What the loop was asked for, and is not known to have said."""
        self.later: Asked | None = None
        """An announcement whose turn comes after that: the newest."""

    def find(self, request: str) -> Asked | None:
        """What was asked for under this id."""
        return next((one for one in (self.now, self.later) if one and one.request == request), None)

    def ask(self, asked: Asked) -> Asked | None:
        """Something new, or the same again; None: its turn comes later."""
        before = self.now
        if before and before.first and not asked.first:
            self.later = asked
            return None
        if before and before.request != asked.request:
            if asked.first and not before.first:
                self.later = self.later or before
            else:
                before.over()
        self.now = asked
        return asked

    def said(self, request: str) -> Asked | None:
        """The loop has said this; what it is asked for next, if anything waits."""
        if self.later and self.later.request == request:
            self.later = None
        if self.now is None or self.now.request != request:
            return None
        self.now.over()
        self.now, self.later = self.later, None
        return self.now

    def forget(self) -> None:
        """The caller is out of the loop."""
        for one in (self.now, self.later):
            if one:
                one.over()
        self.now = self.later = None
