"""Sound as the telephone wants it: WAV, 8 kHz, mono, 16 bit, at one level. Needs numpy and soxr.

Samples are float32 between -1 and 1.
"""

from __future__ import annotations

import contextlib
import os
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

Samples = npt.NDArray[np.float32]

TELEPHONE_RATE = 8000
SPEECH_LEVEL_DB = -18.0
"""Level of the voiced parts, against full scale; that of Asterisk's own recordings."""
PEAK_DB = -1.5
_PAUSE_BEFORE, _PAUSE_AFTER = 0.05, 0.25
"""Seconds of quiet kept around speech: prompts are played one after the other."""


def read_wav(path: Path) -> tuple[Samples, int]:
    """Samples (channels mixed) and rate; ValueError when it is not 16-bit PCM."""
    with wave.open(str(path)) as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path.name}: {8 * file.getsampwidth()} bits a sample, 16 needed")
        frames = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        mixed = frames.reshape(-1, file.getnchannels()).mean(axis=1) / 32768
        return mixed.astype(np.float32), file.getframerate()


def write_wav(samples: Samples, path: Path, rate: int = TELEPHONE_RATE) -> None:
    """Write all or nothing: readers see no file, or the whole of it."""
    with _whole(path) as spare, spare.open("wb") as raw, wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def write_ulaw(samples: Samples, path: Path) -> None:
    """The line's own coding (G.711 mu-law), without a header: Asterisk sends it as it is."""
    level = (np.abs(np.clip(samples, -1, 1)) * 32635).astype(int) + 132
    exponent = np.log2(level).astype(int) - 7
    mantissa = (level >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    with _whole(path) as spare:
        spare.write_bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8).tobytes())


@contextlib.contextmanager
def _whole(path: Path) -> Iterator[Path]:
    spare = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield spare
        spare.chmod(0o644)  # Asterisk may run as another user, whatever our umask
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)


def for_telephone(samples: Samples, rate: int) -> Samples:
    """Speech trimmed, at 8 kHz and at the common level; ValueError when nothing is heard in it."""
    if rate != TELEPHONE_RATE:
        samples = soxr.resample(samples, rate, TELEPHONE_RATE).astype(np.float32)
    trimmed = _trim(samples)
    loudest = float(np.abs(trimmed).max())
    gain = min(10 ** ((SPEECH_LEVEL_DB - level_db(trimmed)) / 20), 10 ** (PEAK_DB / 20) / loudest)
    return (trimmed * gain).astype(np.float32)


def level_db(samples: Samples) -> float:
    """Mean level of the parts where somebody speaks, in dB against full scale."""
    levels = _levels(samples)
    voiced = levels[levels > levels.max(initial=0.0) * 0.1]
    if not voiced.size:
        raise ValueError("nothing but silence")
    return float(20 * np.log10(np.sqrt(np.mean(voiced**2))))


def _trim(samples: Samples) -> Samples:
    levels = _levels(samples)
    heard = np.flatnonzero(levels > 0.003)
    if not heard.size:
        raise ValueError("nothing but silence")
    frame = TELEPHONE_RATE // 50
    start = max(0, int(heard[0] * frame - _PAUSE_BEFORE * TELEPHONE_RATE))
    end = int((heard[-1] + 1) * frame + _PAUSE_AFTER * TELEPHONE_RATE)
    return samples[start:end]


def _levels(samples: Samples) -> npt.NDArray[np.float64]:
    """Root mean square of each 20 ms at 8 kHz."""
    frame = TELEPHONE_RATE // 50
    padded = np.pad(samples, (0, -len(samples) % frame)).reshape(-1, frame)
    levels: npt.NDArray[np.float64] = np.sqrt(np.mean(padded.astype(np.float64) ** 2, axis=1))
    return levels
