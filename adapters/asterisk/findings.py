"""How a look at the installation is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is: nothing to do, worth a thought, must be mended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `remedy` is empty when all is well."""

    level: Level
    what: str
    remedy: str = ""


Faults = Iterator[tuple[Level, str, str]]
"""Level, what is wrong, and the way out in one sentence."""
