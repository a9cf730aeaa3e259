"""A caller's mouth, fingers and ear: speech and keys out, everything heard kept with its time."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import deque
from collections.abc import Iterator, Sequence

from adapters.sipp.ear import Heard, arrived, keep_times
from adapters.sipp.rtp import FRAME, FRAME_SECONDS, SILENCE, Packet, key_packets

LATE = 0.2
"""Whoever is later than this skips what was missed instead of sending it in one burst."""
PAUSE_FRAMES = 4
"""Between two keys a finger takes 80 ms."""


class Voice:
    """The speech of one call, at one UDP port of this machine."""

    def __init__(self, port: int, speech: Sequence[bytes] = (), host: str = "127.0.0.1") -> None:
        """`speech`: frames of 20 ms, said again and again; none: silence is sent."""
        self.port = port
        self.heard: list[Heard] = []
        self._speech = speech or [SILENCE]
        self._keys: deque[str] = deque()
        self._talking: asyncio.Task[None] | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        keep_times(self._socket)
        self._socket.bind((host, port))
        asyncio.get_running_loop().add_reader(self._socket, self._hear)

    def begin(self, far: tuple[str, int]) -> None:
        """The call is answered: send to `far` every 20 ms from now on."""
        if self._talking is None:
            talk = self._talk(far)
            self._talking = asyncio.create_task(talk, name=f"voice at port {self.port}")

    def press(self, keys: str) -> None:
        """Press these keys one after the other."""
        self._keys.extend(keys)

    async def stop(self) -> None:
        """Fall silent and close the port; what was heard stays."""
        if self._talking is not None:
            self._talking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._talking
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _hear(self) -> None:
        self.heard.extend(arrived(self._socket))

    async def _talk(self, far: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for packet in self._packets():
            with contextlib.suppress(BlockingIOError, ConnectionError):
                self._socket.sendto(packet.encoded(), far)
            due = max(due + FRAME_SECONDS, loop.time() - LATE)
            await asyncio.sleep(due - loop.time())

    def _packets(self) -> Iterator[Packet]:
        """One every 20 ms: the next key to be pressed, else the next piece of speech."""
        source = random.getrandbits(32)
        sequence = clock = said = 0
        while True:
            if self._keys and said % PAUSE_FRAMES == 0:
                for packet in key_packets(self._keys.popleft(), sequence, clock, source):
                    yield packet
                    sequence, clock = sequence + 1, clock + FRAME
            frame = self._speech[said % len(self._speech)]
            yield Packet(sequence, clock, frame, marker=sequence == 0, source=source)
            said, sequence, clock = said + 1, sequence + 1, clock + FRAME
