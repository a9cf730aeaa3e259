"""The tones that Asterisk plays from files, in the lines' own coding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

LAST_MINUTE = ((880, 0.2), (0, 0.2), (880, 0.2))
"""Both sides of a talk, a minute before its end: two short tones."""
PICKED_UP = ((660, 0.15), (990, 0.15))
"""An agent whose telephone has picked up by itself, a moment before the talk."""


def write_tones(path: Path, tones: Sequence[tuple[float, float]]) -> None:
    """Tones one after the other, each with its pitch (Hz; 0: silence) and its length (s)."""
    import numpy as np

    from voice.audio import TELEPHONE_RATE, write_ulaw

    parts = [
        0.25 * np.sin(2 * np.pi * pitch * np.arange(round(TELEPHONE_RATE * s)) / TELEPHONE_RATE)
        for pitch, s in tones
    ]
    write_ulaw(np.concatenate(parts).astype(np.float32), path)
