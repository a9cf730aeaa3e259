"""The shop of the example, as a program of its own: what is asked of it goes over real sockets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "order-status"
TOKEN = "let-me-in"


@contextmanager
def shop() -> Iterator[str]:
    """Its address, while it is open."""
    command = [sys.executable, str(EXAMPLE / "backend.py"), "--port", "0", "--token", TOKEN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()
