"""The gateway of the example, as a program of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATEWAY = Path(__file__).resolve().parent.parent / "examples" / "sms-gateway" / "gateway.py"


@contextmanager
def gateway(secret_file: Path, hotline: str, port: int = 0) -> Iterator[str]:
    """Its address, while it is open."""
    command = [sys.executable, str(GATEWAY), "--port", str(port), "--hotline", hotline,
               "--secret-file", str(secret_file)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().split()[-1]
        finally:
            process.kill()
