"""Where an installation lies. Imports nothing that takes time: for who is in a hurry, too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def home_of(environment: Mapping[str, str] = os.environ) -> Path:
    """`HOTLINE_HOME`: what can be rebuilt, and who runs."""
    return Path(environment.get("HOTLINE_HOME") or ROOT / ".hotline").resolve()
