"""Emergency closures and the PIN for them, each in a file of the data folder.

A file stands there whole or as it was before; nobody but its owner may read it.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from ivr import closure_pin as pin
from ivr.closure_pin import BadPin, Pin
from ivr.closures import Closure, Kept
from ivr.ports import StoreFailed

NAME, PIN_NAME = "closures.json", "closure-pin"


class ClosureFile:
    """`ivr.closures.ClosureStore` in `closures.json`."""

    def __init__(self, data: Path) -> None:
        self._path = data / NAME

    def read(self) -> Kept:
        """Nothing while there is no file; raises `StoreFailed`."""
        try:
            plain = json.loads(self._path.read_bytes())
            closures = tuple(Closure(**fields) for fields in plain["closures"])
            return Kept(closures, tuple(plain["wrong"]))
        except FileNotFoundError:
            return Kept()
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise StoreFailed(f"{NAME} cannot be read: {type(fault).__name__}") from fault

    def write(self, kept: Kept) -> None:
        plain = {"closures": [asdict(closure) for closure in kept.closures],
                 "wrong": list(kept.wrong)}  # fmt: skip
        put(self._path, json.dumps(plain, ensure_ascii=False).encode())


def pin_in(secrets: Path) -> Pin | None:
    """The PIN in the folder of secrets; None: none is set, or it cannot be read."""
    try:
        return pin.read((secrets / PIN_NAME).read_text(encoding="ascii"))
    except (OSError, UnicodeDecodeError, BadPin):
        return None


def put_pin(secrets: Path, made: Pin) -> None:
    """Keep this PIN from now on; raises `StoreFailed`."""
    put(secrets / PIN_NAME, made.written().encode())


def put(path: Path, content: bytes) -> None:
    """Write a file in place of what is there, durable when this returns. Blocks."""
    spare = path.with_name(f".{path.name}.{os.urandom(8).hex()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StoreFailed(f"{path.name}: {error.strerror}") from error
    finally:
        with suppress(OSError):
            spare.unlink(missing_ok=True)
