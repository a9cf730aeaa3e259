"""Hold music of our own: slow broken chords, soft, no words, no surprise. Needs numpy.

`python -m voice.music FOLDER` writes it there as hold.wav and hold.ulaw (sent as it is, so that a
line of waiting callers costs no coding). It ends where it begins, so that it can be looped
without a click, keeps to the telephone's band, and lies well below the level of speech.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from voice.audio import TELEPHONE_RATE, Samples, write_ulaw, write_wav

SECONDS = 48
LEVEL_DB = -28.0
CHORDS = (
    (57, 64, 69, 72, 76), (53, 60, 65, 69, 72), (60, 67, 72, 76, 79), (55, 62, 67, 71, 74),
    (57, 64, 69, 72, 76), (50, 57, 62, 65, 69), (52, 59, 64, 67, 71), (55, 62, 67, 71, 74),
)  # fmt: skip
"""As MIDI notes, six seconds each."""
PATTERN = (0, 1, 2, 3, 4, 3, 2, 1)
"""Which note of the chord comes next, every three quarters of a second."""
HARMONICS = (1.0, 0.35, 0.12, 0.05)


def hold_music() -> Samples:
    """The whole piece, 8 kHz."""
    piece = np.zeros(SECONDS * TELEPHONE_RATE)
    beat = len(piece) // (len(CHORDS) * len(PATTERN))
    for index, chord in enumerate(CHORDS):
        for turn, note in enumerate(PATTERN):
            start = (index * len(PATTERN) + turn) * beat
            loudness = 1.0 if turn == 0 else 0.7
            _add(piece, start, _tone(chord[note] + 12, loudness))
    level = np.sqrt(np.mean(piece**2))
    quiet: Samples = (piece * 10 ** (LEVEL_DB / 20) / level).astype(np.float32)
    return quiet


def _tone(note: int, loudness: float, seconds: float = 4.0) -> np.ndarray:
    """A plucked string: quick but soft start, long fading end."""
    time = np.arange(int(seconds * TELEPHONE_RATE)) / TELEPHONE_RATE
    pitch = 440 * 2 ** ((note - 69) / 12)
    sound = sum(
        share * np.sin(2 * np.pi * pitch * number * time) * np.exp(-time * (0.9 + 0.5 * number))
        for number, share in enumerate(HARMONICS, start=1)
        if pitch * number < 3300
    )
    start = np.minimum(1, time / 0.02)
    end = np.minimum(1, (seconds - time) / 0.2)
    tone: np.ndarray = loudness * sound * start * end
    return tone


def _add(piece: np.ndarray, start: int, tone: np.ndarray) -> None:
    """What rings beyond the end is heard at the beginning: the loop has no seam."""
    places = (start + np.arange(len(tone))) % len(piece)
    np.add.at(piece, places, tone)


if __name__ == "__main__":
    music, folder = hold_music(), Path(sys.argv[1])
    write_ulaw(music, folder / "hold.ulaw")
    write_wav(music, folder / "hold.wav")
