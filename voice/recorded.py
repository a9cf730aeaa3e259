"""What callers have said: how long somebody speaks in it, and as a file. Needs numpy.

Sound is 16 bit, 8000 Hz, one channel, without a header, little endian.
"""

from __future__ import annotations

import io
import wave

import numpy as np

RATE = 8000
BYTES_PER_SECOND = 2 * RATE
FRAME = RATE // 50
SPEECH = 330.0
"""Root mean square of 20 ms in which somebody speaks, of 32768: some 40 dB below full scale."""
SHORTEST = 3
"""So many loud frames in a row are speech; fewer are a click."""
TONE_HERTZ, TONE_SECONDS, TONE_LEVEL = 1000, 0.4, 0.2


def spoken(sound: bytes) -> float:
    """Seconds from the first word to the last; 0 when nobody speaks."""
    samples = np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2").astype(np.float64)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    loud = np.sqrt(np.mean(frames**2, axis=1)) > SPEECH
    begins = np.flatnonzero(loud[:-2] & loud[1:-1] & loud[2:])
    if not begins.size:
        return 0.0
    return float(begins[-1] + SHORTEST - begins[0]) * FRAME / RATE


def as_wav(sound: bytes) -> bytes:
    """A WAV file that any player knows."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound)
    return written.getvalue()


def tone() -> bytes:
    """The tone after which one speaks, soft at both ends."""
    at = np.arange(int(TONE_SECONDS * RATE)) / RATE
    edge = np.clip(np.minimum(at, TONE_SECONDS - at) / 0.02, 0, 1)
    samples = np.sin(2 * np.pi * TONE_HERTZ * at) * edge * TONE_LEVEL * 32767
    return samples.astype("<i2").tobytes()
