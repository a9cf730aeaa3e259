"""Tones that stand in for prompts and music, and telling them apart in what was heard."""

from __future__ import annotations

import math
from array import array


def tone(hertz: int, seconds: float) -> bytes:
    """A sine as G.711 mu-law, 8 kHz."""
    samples = (
        round(8000 * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(int(8000 * seconds))
    )
    return bytes(_ulaw(sample) for sample in samples)


def _ulaw(sample: int) -> int:
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> (exponent + 3) & 15) & 0xFF


def loudest(sound: bytes) -> int:
    """Which of the stand-in tones this is: 440, 1000, or 0 for neither."""
    linear = array("i", (_linear(byte) for byte in sound))
    power = {hertz: _power(linear, hertz) for hertz in (440, 1000)}
    best = max(power, key=lambda hertz: power[hertz])
    return best if power[best] > 500 else 0


def _linear(byte: int) -> int:
    byte = ~byte & 0xFF
    value = (((byte & 15) << 3) + 132 << (byte >> 4 & 7)) - 132
    return -value if byte & 0x80 else value


def _power(samples: array[int], hertz: int) -> float:
    turns = [2 * math.pi * hertz * n / 8000 for n in range(len(samples))]
    real = sum(s * math.cos(t) for s, t in zip(samples, turns, strict=True))
    imaginary = sum(s * math.sin(t) for s, t in zip(samples, turns, strict=True))
    return math.hypot(real, imaginary) / max(1, len(samples))
