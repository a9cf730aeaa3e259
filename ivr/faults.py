"""Faults of the files that people write: where, what, and what was perhaps meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ivr.marked_yaml import Marked, YamlPath

MOST_NAMES = 12
"""So many names are shown where an unknown one is like none of them."""


class BadSettings(Exception):
    """Faults in a settings file: all of them, each with file and path."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


class BadFlow(Exception):
    """Faults in flows: all of them, each with file, line, path and, where it can be, a remedy."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Inside:
    """The file of a flow that is called."""

    file: Path
    document: Marked
    clean: bool
    """Nothing is wrong with it alone; else that is told, and nothing of it where it is called."""


@dataclass(slots=True)
class Faults:
    """Those of a flow. Collects; `report` gives one line a fault, in the order of the file."""

    file: Path
    document: Marked
    found: list[tuple[YamlPath, str]] = field(default_factory=list)
    inside: dict[str, Inside] = field(default_factory=dict)
    """By the name of the step that calls, the flow that its inner steps (`step/inner`) are of."""

    def add(self, path: YamlPath, text: str) -> None:
        self.found.append((path, text))

    def report(self) -> list[str]:
        own, called = set(), set()
        for path, text in self.found:
            step, inside = self._inside(path)
            if inside is None:
                own.add((self.document.line(path), ".".join(path), text))
            elif inside.clean:
                path = ("steps", step.rpartition("/")[2], *path[2:])
                where = f"{text} (where step {step.rpartition('/')[0]} of {self.file.name} calls)"
                called.add((str(inside.file), inside.document.line(path), ".".join(path), where))
        lines = [(str(self.file), *each) for each in sorted(own)] + sorted(called)
        return [
            f"{file}:{line}: {path}: {text}" if path else f"{file}:{line}: {text}"
            for file, line, path, text in lines
        ]

    def folder(self, step: str) -> Path:
        """The folder of the file that this step stands in."""
        _, inside = self._inside(("steps", step))
        return (inside.file if inside else self.file).parent

    def _inside(self, path: YamlPath) -> tuple[str, Inside | None]:
        """The step of a path, and the called flow that it is a step of."""
        step = path[1] if len(path) > 1 and path[0] == "steps" else ""
        return step, self.inside.get(step.rpartition("/")[0])


def meant(name: str, among: Iterable[str]) -> str:
    """What to add to a sentence about an unknown name."""
    known = sorted(among)
    if near := difflib.get_close_matches(name, known, 1):
        return f"; did you mean {near[0]!r}?"
    more = ", ..." if len(known) > MOST_NAMES else ""
    return f" (there are: {', '.join(known[:MOST_NAMES])}{more})" if known else ""
