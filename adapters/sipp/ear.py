"""What a phone heard: packets with their arrival, the gaps between them, and the sound as WAV."""

from __future__ import annotations

import contextlib
import socket
import struct
import time
import wave
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from adapters.sipp.rtp import MU_LAW, RATE, Packet, decoded, linear

SO_TIMESTAMPNS = 35
"""Linux: the kernel notes when a datagram arrived, however late we read it."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A packet and when it arrived (UTC seconds, by the kernel's clock)."""

    at: float
    packet: Packet


def keep_times(ear: socket.socket) -> None:
    """To be called once, before anything arrives that is to be read with `arrived`."""
    ear.setblocking(False)
    ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)


def arrived(ear: socket.socket) -> Iterator[Heard]:
    """What has come to this socket since the last time; what is no packet is left out."""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        while True:
            data, notes, _, _ = ear.recvmsg(2048, 64)
            if packet := decoded(data):
                yield Heard(_arrival(notes), packet)


def _arrival(notes: Sequence[tuple[int, int, bytes]]) -> float:
    for _, kind, data in notes:
        if kind == SO_TIMESTAMPNS:
            seconds, nanoseconds = struct.unpack("@qq", data[:16])
            return float(seconds) + float(nanoseconds) / 1e9
    return time.time()


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing arrived for `seconds` after `at`."""

    at: float
    seconds: float


def gaps(heard: Sequence[Heard], longer_than: float = 0.060) -> list[Gap]:
    """Where more than `longer_than` seconds passed between two packets of speech."""
    times = [entry.at for entry in heard if entry.packet.payload_type == MU_LAW]
    return [
        Gap(before, after - before)
        for before, after in pairwise(times)
        if after - before > longer_than
    ]


def sound(heard: Sequence[Heard]) -> np.ndarray:
    """The speech as 16-bit samples, every packet at the time of its arrival; silence between."""
    speech = [entry for entry in heard if entry.packet.payload_type == MU_LAW]
    if not speech:
        return np.zeros(0, np.int16)
    start = speech[0].at
    length = round((speech[-1].at - start) * RATE) + len(speech[-1].packet.payload)
    samples = np.zeros(length, np.int16)
    written = 0
    for entry in speech:
        piece = linear(entry.packet.payload)
        at = round((entry.at - start) * RATE)
        at = written if abs(at - written) < RATE // 20 else at  # jitter is not a gap
        piece = piece[: max(0, length - at)]
        samples[at : at + len(piece)] = piece
        written = at + len(piece)
    return samples


def save(heard: Sequence[Heard], path: Path) -> None:
    """The speech as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound(heard).tobytes())
