"""Files that people asked for: there with all of their lines, or as they were before."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from adapters.cli.output import fail


def write(path: Path, lines: Iterable[str]) -> None:
    """Write these lines in place of what is there; fails with a sentence."""
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with spare.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in lines)
        spare.replace(path)
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    finally:
        spare.unlink(missing_ok=True)
