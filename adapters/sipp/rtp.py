"""RTP as a plain G.711 telephone speaks it: packets, speech in mu-law, keys as RFC 4733 events."""

from __future__ import annotations

import struct
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATE = 8000
FRAME = 160
"""Samples (and mu-law bytes) in a packet of 20 ms."""
FRAME_SECONDS = 0.020
MU_LAW, EVENTS = 0, 101
"""Payload types."""
SILENCE = b"\xff" * FRAME

KEYS = "0123456789*#ABCD"
KEY_FRAMES = 5
KEY_ENDS = 3
"""A key lasts 100 ms; its end is sent three times."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One RTP packet."""

    sequence: int
    timestamp: int
    payload: bytes
    payload_type: int = MU_LAW
    marker: bool = False
    source: int = 1

    def encoded(self) -> bytes:
        second = self.payload_type | (0x80 if self.marker else 0)
        head = struct.pack(
            "!BBHII", 0x80, second, self.sequence % 65_536, self.timestamp % 2**32, self.source
        )
        return head + self.payload


def decoded(data: bytes) -> Packet | None:
    """The packet in a datagram; None if it is none."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, sequence, timestamp, source = struct.unpack("!BBHII", data[:12])
    start = 12 + 4 * (first & 0x0F)
    return Packet(sequence, timestamp, data[start:], second & 0x7F, second > 0x7F, source)


def key_packets(key: str, sequence: int, timestamp: int, source: int) -> Iterator[Packet]:
    """The packets of one key, 20 ms apart; all bear the time at which the key went down."""
    number = KEYS.index(key.upper())
    for n in range(KEY_FRAMES + KEY_ENDS):
        ended = n >= KEY_FRAMES
        length = FRAME * min(n + 1, KEY_FRAMES)
        payload = struct.pack("!BBH", number, 0x80 | 10 if ended else 10, length)
        yield Packet(sequence + n, timestamp, payload, EVENTS, marker=n == 0, source=source)


def mu_law(samples: np.ndarray) -> bytes:
    """16-bit samples as G.711 mu-law."""
    biased = np.minimum(np.abs(samples.astype(np.int32)), 32_635) + 132
    exponent = np.maximum(np.floor(np.log2(biased)).astype(np.int32) - 7, 0)
    mantissa = (biased >> (exponent + 3)) & 0x0F
    sign = np.where(samples < 0, 0x80, 0)
    return bytes((~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8))


def linear(data: bytes) -> np.ndarray:
    """G.711 mu-law as 16-bit samples."""
    code = ~np.frombuffer(data, np.uint8).astype(np.int32) & 0xFF
    size = (((code & 0x0F) << 3) + 132 << ((code & 0x70) >> 4)) - 132
    return np.where(code & 0x80, -size, size).astype(np.int16)


def speech(recordings: Sequence[Path]) -> list[bytes]:
    """Telephone recordings (8 kHz, 16 bit, mono WAV) one after the other, as frames of 20 ms."""
    data = b""
    for path in recordings:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getsampwidth(), file.getnchannels()) != (RATE, 2, 1):
                raise ValueError(f"{path} is not 8 kHz, 16 bit, mono")
            data += mu_law(np.frombuffer(file.readframes(file.getnframes()), np.int16))
    return [data[i : i + FRAME].ljust(FRAME, b"\xff") for i in range(0, len(data), FRAME)]
