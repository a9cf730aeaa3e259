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


@dataclass(slots=True)
class Faults:
    """Those of a flow. Collects; `report` gives one line a fault, in the order of the file."""

    file: Path
    document: Marked
    found: list[tuple[YamlPath, str]] = field(default_factory=list)

    def add(self, path: YamlPath, text: str) -> None:
        self.found.append((path, text))

    def report(self) -> list[str]:
        lines = sorted(
            {(self.document.line(path), ".".join(path), text) for path, text in self.found}
        )
        return [
            f"{self.file}:{line}: {path}: {text}" if path else f"{self.file}:{line}: {text}"
            for line, path, text in lines
        ]


def meant(name: str, among: Iterable[str]) -> str:
    """What to add to a sentence about an unknown name."""
    known = sorted(among)
    if near := difflib.get_close_matches(name, known, 1):
        return f"; did you mean {near[0]!r}?"
    more = ", ..." if len(known) > MOST_NAMES else ""
    return f" (there are: {', '.join(known[:MOST_NAMES])}{more})" if known else ""
