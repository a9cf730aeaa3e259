"""Telephones that speak in tones, and what is found again of a tone in what was recorded."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import numpy as np

from adapters.sipp.ear import Heard
from adapters.sipp.rtp import (
    FRAME,
    FRAME_SECONDS,
    MU_LAW,
    RATE,
    SILENCE,
    Packet,
    linear,
    mu_law,
)
from tests.phones import Call

LOUD = 6000.0
"""The amplitude of a tone, of 32767."""
HEARD, UNHEARD = 0.25, 0.05
"""Of `LOUD`: what counts as heard, and what does not: a packet that is lost in the middle of
another tone makes a click with a little of every tone in it."""
FADE = 0.06
"""Seconds in which a tone begins and ends, so that it makes no click itself."""
WINDOW = RATE // 10


def sine(hertz: float, frames: int) -> list[bytes]:
    """So many frames of 20 ms; the wave goes on from one to the next."""
    moments = np.arange(frames * FRAME) / RATE
    edge = np.clip(np.minimum(moments, moments[::-1]) / FADE, 0, 1)
    loud = LOUD * np.sin(edge * math.pi / 2) ** 2
    whole = mu_law((loud * np.sin(2 * math.pi * hertz * moments)).astype(np.int16))
    return [whole[at : at + FRAME] for at in range(0, len(whole), FRAME)]


def strength(samples: np.ndarray, hertz: float) -> float:
    """How strong this tone is where it is strongest, as a share of `LOUD`: the best tenth of a
    second, by correlation with sine and cosine."""
    count = len(samples) // WINDOW
    if not count:
        return 0.0
    pieces = samples[: count * WINDOW].astype(np.float64).reshape(count, WINDOW)
    turns = 2 * math.pi * hertz * np.arange(WINDOW) / RATE
    window = np.hanning(WINDOW)
    found = pieces @ (window * np.exp(-1j * turns))
    return float(np.abs(found).max() / (window.sum() / 2) / LOUD)


def of_sound(sound: bytes) -> np.ndarray:
    """A recording (16 bit) as samples."""
    return np.frombuffer(sound[: len(sound) // 2 * 2], np.int16)


def of_ear(heard: Sequence[Heard]) -> np.ndarray:
    """What a telephone heard as samples."""
    packets = (one.packet for one in heard)
    return linear(b"".join(one.payload for one in packets if one.payload_type == MU_LAW))


class Mouth:
    """Sends for one side of a call all the time: silence, or what it is told to."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._frames: list[bytes] = []
        self._said = asyncio.Event()
        self._said.set()

    async def say(self, hertz: float, seconds: float) -> None:
        """Returns when it has been said."""
        self._frames = sine(hertz, round(seconds / FRAME_SECONDS))
        self._said.clear()
        await self._said.wait()

    async def key(self, keys: str) -> None:
        """Press keys, each 160 ms and a pause of 100 ms: RFC 4733 events among the silence."""
        for key in keys:
            await self._call.press(key)
            await asyncio.sleep(0.1)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due, clock = loop.time(), 0
        while True:
            frame = self._frames.pop(0) if self._frames else SILENCE
            if not self._frames:
                self._said.set()
            call = self._call
            packet = Packet(call.sequence, clock, frame, source=call.source)
            call.sequence += 1
            if call.speech:
                with contextlib.suppress(BlockingIOError, ConnectionError, OSError):
                    call.phone.speech.sendto(packet.encoded(), call.speech)
            clock += FRAME
            due += FRAME_SECONDS
            await asyncio.sleep(max(due - loop.time(), 0))


@asynccontextmanager
async def mouth(call: Call) -> AsyncIterator[Mouth]:
    """A mouth that is shut afterwards."""
    found = Mouth(call)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.wait({task})
