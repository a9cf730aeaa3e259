"""One line of a `queue_log`: `time|call|queue|agent|event|data1|...`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from acd.model import Seconds

NOBODY = "NONE"
_ENDS = re.compile(r"[|\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `person` is whose number may stand as the caller's, in place of the id."""

    at: Seconds
    call: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...] = ()
    person: str = ""

    def __str__(self) -> str:
        parts = (self.call, self.queue, self.agent, self.event, *(self.data or ("",)))
        return "|".join((str(int(self.at)), *map(_plain, parts)))

    def by(self, number: str) -> Line:
        """The same line with the caller's number in place of the id."""
        return replace(self, data=tuple(number if d == self.person else d for d in self.data))


def _plain(text: str) -> str:
    """What is no end of a field or of the line."""
    return _ENDS.sub(" ", text)


@dataclass(frozen=True, slots=True)
class FromEventLog:
    """What Asterisk's own record says and the journal does not."""

    caller_ended: Mapping[str, bool] = field(default_factory=dict)
    """By offer: whether the caller ended the talk."""
    keys: Mapping[str, Sequence[tuple[Seconds, str]]] = field(default_factory=dict)
    """By contact: the keys pressed while waiting, and when."""
