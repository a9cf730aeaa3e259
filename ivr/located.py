"""Faults and where they are: path, line, file. For settings, from a file or from a mapping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ivr import marked_yaml
from ivr.faults import BadSettings
from ivr.marked_yaml import DEEPEST, TOO_DEEP, Marked, Value

KeyPath = tuple[str | int, ...]
"""Keys, and the places in lists."""

LARGEST = 2_000_000
"""Bytes. A centre with ten thousand agents is half as large."""
PLAIN = re.compile(r"[\w.,+-]{1,64}")
LONGEST_KEY = 40


@dataclass(slots=True)
class Located:
    """What a source says, and the faults found in it: the first of each path stands."""

    name: str
    document: Marked
    numbered: bool
    """Whether the source has lines."""
    faults: dict[str, tuple[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for path, text in self.document.faults:
            self.add(path, text)

    @property
    def value(self) -> Value:
        return self.document.value

    def add(self, path: KeyPath, text: str) -> None:
        shown = ""
        keys: list[str] = []
        for key, words in _steps(self.value, path):
            shown += words if words.startswith("[") or not shown else f".{words}"
            keys.append(key)
        self.faults.setdefault(shown, (self.document.line(tuple(keys)), text))

    def report(self) -> list[str]:
        """A line each: `file:line: path: what is wrong`, in the order of the file."""
        found = [(line, path, text) for path, (line, text) in self.faults.items()]
        return [
            ": ".join(
                [
                    f"{self.name}:{line}" if self.numbered else self.name,
                    *([path] if path else []),
                    text,
                ]
            )
            for line, path, text in sorted(found, key=lambda fault: fault[0])
        ]


def _steps(value: Value | None, path: KeyPath) -> Iterator[tuple[str, str]]:
    """Each step of a path as a key of `lines` and in words, as the source itself writes it.

    A list may be short for a mapping (`[support]`), a single value for a list of one.
    """
    for part in path:
        if isinstance(value, list):
            place = part if isinstance(part, int) else _place(value, part)
            if place is None or place >= len(value):
                return
            yield str(place), f"[{place}]"
            value = value[place]
        elif isinstance(part, str):
            yield part, part if PLAIN.fullmatch(part) else repr(part[:LONGEST_KEY])
            value = value.get(part) if isinstance(value, dict) else None


def _place(values: list[Value], part: str) -> int | None:
    if part.isdecimal() and part.isascii():
        return int(part)
    return values.index(part) if part in values else None


def document_of(source: Path | Mapping[str, Any]) -> tuple[str, Marked, bool]:
    """What the source says, as texts; its name; whether it has lines. Raises `BadSettings`."""
    if isinstance(source, Mapping):
        document = Marked()
        document.value = _texts(source, (), document)
        return "centre", document, False
    return str(source), marked_yaml.read(_text_of(source)), True


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise BadSettings([f"{path}: is larger than {LARGEST:,} bytes"])
        return content.decode()
    except OSError as error:
        raise BadSettings([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise BadSettings([f"{path}: is not text in UTF-8 (byte {error.start})"]) from error


def _texts(value: object, path: tuple[str, ...], document: Marked) -> Value:
    """The same as a file would say it: `1001` and `"1001"` are one key, `true` is no number."""
    if len(path) > DEEPEST:
        document.faults.append((path[:1], TOO_DEEP))
        return ""
    if isinstance(value, Mapping):
        plain: dict[str, Value] = {}
        for key, inner in value.items():
            here = (*path, str(key))
            if str(key) in plain:
                document.faults.append((here, "is there twice"))
            plain[str(key)] = _texts(inner, here, document)
        return plain
    if isinstance(value, list | tuple):
        return [_texts(inner, (*path, str(n)), document) for n, inner in enumerate(value)]
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
