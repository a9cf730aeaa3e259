"""Files that people asked for: there with all of their lines, or as they were before."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from adapters.cli.output import fail


def write(path: Path, lines: Iterable[str]) -> None:
    """Write these lines in place of what is there; fails with a sentence."""
    try:
        if path.exists() and not path.is_file():
            _fill(path, lines)  # a pipe, or /dev/null
        else:
            _replace(path.resolve(), lines)
    except OSError as error:
        fail(f"{path}: {error.strerror}")


@contextmanager
def filling(path: Path) -> Iterator[TextIO]:
    """The same, for lines that come one by one: what is written is there in the end, or nothing."""
    plain = path.exists() and not path.is_file()  # a pipe, or /dev/null
    spare = path if plain else path.resolve().with_name(f".{path.name}.{os.getpid()}")
    try:
        try:
            with spare.open("w", encoding="utf-8") as file:
                yield file
            if not plain:
                spare.replace(path.resolve())
        finally:
            if not plain:
                spare.unlink(missing_ok=True)
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def _replace(path: Path, lines: Iterable[str]) -> None:
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        _fill(spare, lines)
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)


def _fill(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
