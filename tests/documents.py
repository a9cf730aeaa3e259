"""The documents of the repository, read as its readers meet them: text, links, commands, tables."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ELSEWHERE = ("data", "node_modules")
"""Folders that are not part of the source, besides hidden ones."""

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s`$(])\./hotline((?: +[-\w./=:,]+)*)", re.ASCII)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PLACEHOLDER = re.compile(r"[A-Z][A-Z_.]*|\.\.\.")


@dataclass(frozen=True, slots=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def name(self) -> str:
        inside = self.path.is_relative_to(ROOT)
        return str(self.path.relative_to(ROOT)) if inside else self.path.name

    def prose(self) -> str:
        """The text without its fenced blocks."""
        return FENCE.sub("", self.text)

    def headings(self) -> list[str]:
        return re.findall(r"^#+ .*$", self.prose(), re.MULTILINE)

    def anchors(self) -> set[str]:
        """What `#...` may name, as hosting platforms make it from headings."""
        return {_anchor(heading.lstrip("# ")) for heading in self.headings()}

    def rows(self) -> list[str]:
        """The rows of all tables, heads and rules included."""
        return [line for line in self.text.splitlines() if line.startswith("|")]

    def keys(self) -> set[str]:
        """What stands in code marks in the first column of a table, each word of it."""
        cells = (row.split("|")[1] for row in self.rows())
        return {word for cell in cells for word in re.findall(r"`([^`]+)`", cell)}

    def broken_links(self) -> Iterator[str]:
        for target in LINK.findall(self.prose()):
            if "://" in target or target.startswith("mailto:"):
                continue
            file, _, anchor = target.partition("#")
            found = (self.path.parent / file).resolve() if file else self.path
            if not found.exists():
                yield f"{self.name}: {target} is not there"
            elif anchor and anchor not in Document(found).anchors():
                yield f"{self.name}: {target}: there is no such heading"

    def commands(self) -> Iterator[list[str]]:
        """The words after each `./hotline`, up to a comment or the end of the code."""
        for line in self.text.splitlines():
            for found in COMMAND.findall(line):
                yield shlex.split(found)


def documents() -> list[Document]:
    """Every Markdown file of the repository."""
    found: list[Path] = []
    for folder, inner, names in os.walk(ROOT):
        inner[:] = [name for name in inner if name not in ELSEWHERE and not name.startswith(".")]
        found += [Path(folder, name) for name in names if name.endswith(".md")]
    return [Document(path) for path in sorted(found)]


def pairs() -> list[tuple[Document, Document]]:
    """English documents with their Chinese twins."""
    return [
        (Document(path.with_name(path.name.replace(".zh.", "."))), Document(path))
        for path in (document.path for document in documents())
        if ".zh." in path.name
    ]


def words_until_placeholder(words: Sequence[str]) -> list[str]:
    """The words that are meant literally: `agent login NAME` is `agent login`."""
    literal: list[str] = []
    for word in words:
        if PLACEHOLDER.fullmatch(word):
            break
        literal.append(word)
    return literal


def _anchor(heading: str) -> str:
    plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
