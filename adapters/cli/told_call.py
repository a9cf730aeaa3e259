"""A call whose caller sits at a terminal: what is said is written, what they type is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from acd.model import ContactId
from ivr.flow import KEYS
from ivr.ports import Clock
from ivr.rehearsal.kept import Shelf
from ivr.rehearsal.line import HANGS_UP, SILENT, SPEAKS, TALKS, Desk
from ivr.rehearsal.stage import Role, Stage, Walk

HOW = (
    "keys (0 to 9, * and #), an empty line for silence, `speaks 5`, or `hang up` (Ctrl-D); "
    "where you wait, a key that leads on, or `talk` for a talk after which the agent hangs up"
)
HOW_WRITTEN = "words, an empty line for silence, or `hang up` to close the page (Ctrl-D)"
Tell = Callable[[str, bool], None]
"""Takes a line, and whether it is only about the call."""


def written() -> Iterator[str]:
    """What a customer writes, line by line; the end of the input closes the page."""
    while line := _line():
        yield line.strip() or SILENT
    yield HANGS_UP


def typed(tell: Tell) -> Iterator[str]:
    """What the caller does, line by line; the end of the input is a hang-up."""
    while line := _line():
        word = line.strip()
        keys = word.replace(" ", "")
        if not word or word == SILENT:
            yield SILENT
        elif set(keys) <= KEYS:
            yield keys
        elif word in (HANGS_UP, TALKS) or SPEAKS.fullmatch(word):
            yield word
        else:
            tell(f"Type {HOW}.", True)
    yield HANGS_UP


def _line() -> str:
    """The next line; empty at the end of the input."""
    if sys.stdin.isatty():
        print("> ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline()


def play(stage: Stage, role: Role, tell: Tell) -> Walk:
    """Play the call, telling what is heard and how each step ends while it happens."""
    line = stage.line(role)
    line.listener = lambda prompt: tell(prompt.text, False)
    clock = stage.clock(role)
    return stage.play(role, line, _Teller(clock, Shelf(role.broken), tell), clock)


class _Teller(Desk):
    """Tells how each step ended."""

    def __init__(self, clock: Clock, shelf: Shelf, tell: Tell) -> None:
        super().__init__(clock, shelf)
        self._tell = tell

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        if kind == "StepTaken":
            self._tell(f"[{data['step']}: {data['outcome']}]", True)
