"""`bench gaps`: how long nothing at all reaches a caller's telephone.

Each caller goes through everything that a caller can hear, with a real Asterisk: a flow's prompts
and key waits (AGI), the way into the queue, hold music under keys and announcements, and the plain
menu that is there when Python is not. A phone is sent a packet every 20 ms; a line on which nothing
comes for much longer sounds dead. Told for each part: the longest gap of each call, in ms.
"""

from __future__ import annotations

import asyncio
import os
import time
import wave
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.instance import Instance
from adapters.sipp.ear import Heard, gaps
from ivr.ports import Line
from ivr.settings import load
from tests import rig
from tests.bench.command import JsonFile, hand_out, run
from tests.bench.figures import percentile
from tests.bench.machine import machine, versions
from tests.phones import Call, Phone
from voice.ports import Prompt

GOAL = 60.0
"""Milliseconds."""
WORD = Prompt("word", "zh")
EDGE = 0.1
"""Seconds that a part is counted beyond its end, for the gap that its end makes."""


class Words:
    """Every prompt is the same second of sound, as WAV."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "word.wav"
        with wave.open(str(self._path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(b"\x00\x10" * 8000)

    def find(self, prompt: Prompt) -> Path:
        return self._path

    async def make(self, prompt: Prompt) -> Path:
        return self._path


class Ear:
    """What one caller heard, cut into named parts."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.parts: list[tuple[str, float, float]] = []

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.time()
        yield
        self.parts.append((name, began, time.time() + EDGE))

    def longest(self) -> dict[str, float]:
        """Milliseconds, by part."""
        return {name: _longest(self.phone.heard, a, b) for name, a, b in self.parts}


def _longest(heard: list[Heard], began: float, ended: float) -> float:
    meant = [each for each in heard if began <= each.at <= ended]
    return round(1000 * max((gap.seconds for gap in gaps(meant, 0)), default=ended - began), 1)


async def measure(calls: int) -> dict[str, Any]:
    """One call after the other, in pairs: by script, and without one."""
    found: dict[str, list[float]] = {}
    with rig.asterisk(phones=1) as instance:
        async with rig.ami(instance) as ami:
            for n in range(calls):
                for way in (by_script, without_script):
                    async with rig.phone(instance, f"1555{n:04d}") as phone:
                        ear = Ear(phone)
                        await way(instance, ami, phone, ear)
                        for name, longest in ear.longest().items():
                            found.setdefault(name, []).append(longest)
    return {
        "n": calls,
        "goal_ms": GOAL,
        "longest_gap_ms": {
            name: {
                "min": min(each), "p50": percentile(each, 50), "p95": percentile(each, 95),
                "max": max(each),
            }
            for name, each in found.items()
        },
        "load": os.getloadavg()[0],
        "machine": machine(),
        "versions": versions(load().tools),
    }  # fmt: skip


@asynccontextmanager
async def serving(
    instance: Instance, script: Callable[[Line], Awaitable[None]]
) -> AsyncIterator[None]:
    """Callers get this script in the core's place."""
    settings = instance.settings
    settings.prompts.mkdir(parents=True, exist_ok=True)
    settings.prompts.chmod(0o755)
    server = AgiServer(
        "127.0.0.1", settings.ports.agi, settings.secret("agi"), script, Words(settings.prompts)
    )
    await server.start()
    try:
        yield
    finally:
        await server.stop(0)


async def by_script(instance: Instance, ami: rig.Ami, phone: Phone, ear: Ear) -> None:
    """Prompts, thinking, questions with and without a key; then the queue."""
    over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def script(line: Line) -> None:
        call = phone.calls[0]
        with ear.part("script: two prompts"):
            await line.say([WORD, WORD])
        with ear.part("script: thinks"):
            await asyncio.sleep(0.5)
        with ear.part("script: prompt nobody may interrupt"):
            await line.say([WORD], interruptible=False)
        with ear.part("script: question, no key"):
            await line.ask([WORD], most_keys=1, seconds=1.5)
        with ear.part("script: question, a key while it is spoken"):
            await _pressing(call, 0.5, "1", line.ask([WORD, WORD], most_keys=1, seconds=5))
        with ear.part("script: question, a key after it"):
            await _pressing(call, 1.8, "2", line.ask([WORD], most_keys=1, seconds=5))
        with ear.part("script: question, four keys"):
            await _pressing(call, 1.5, "3456", line.ask([WORD], most_keys=4, seconds=5))
        over.set_result(None)
        await line.join_queue("support", "standard", time.time(), [WORD])

    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    seen = len(ami.events)
    async with serving(instance, script):
        call = await phone.call("4000")
        await asyncio.wait_for(over, 60)
        with ear.part("queue: what the flow says"):
            told = await ami.event("AcdSaid", since=seen)
    with ear.part("queue: music"):
        await asyncio.sleep(6.0)
    with ear.part("queue: keys"):
        for key in "19":
            await call.press(key)
            await ami.event("AcdKey", since=seen, Key=key)
            await asyncio.sleep(0.5)
    await _asked(ami, told["Channel"], "a", 0, ear, "queue: announcement")
    await _asked(ami, told["Channel"], "q", 2, ear, "queue: question, no key")
    await call.hang_up()


async def _pressing(call: Call, after: float, keys: str, asking: Awaitable[object]) -> None:
    async def press() -> None:
        await asyncio.sleep(after)
        for key in keys:
            await call.press(key)
            await asyncio.sleep(0.1)

    await asyncio.gather(asking, press())


async def _asked(
    ami: rig.Ami, channel: str, request: str, seconds: int, ear: Ear, name: str
) -> None:
    with ear.part(name):
        await ami.set(channel, "REQ", f"{request}~hotline/zh/survey&hotline/zh/menu~{seconds}")
        await ami.event("AcdSaid", Channel=channel, Req=request)
        await asyncio.sleep(0.5)


async def without_script(instance: Instance, ami: rig.Ami, phone: Phone, ear: Ear) -> None:
    """Refused at once: music for a moment, the plain menu, a number left."""
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    await ami.set("", "GLOBAL(TRY_FOR)", "2")
    call = await phone.call("4000")
    with ear.part("no script: music while it is tried"):
        await asyncio.sleep(2.5)
    with ear.part("no script: menu, a key while it is spoken"):
        await asyncio.sleep(0.7)
        await call.press("3")
    with ear.part("no script: menu, a key after it"):
        await asyncio.sleep(2.0)
        await call.press("2")
    with ear.part("no script: number"):
        await asyncio.sleep(1.5)
        for key in "13800138000#":
            await call.press(key)
            await asyncio.sleep(0.1)
    await asyncio.wait_for(call.ended.wait(), 10)
    await ami.set("", "GLOBAL(TRY_FOR)", "10")


def main(
    json: JsonFile = None,
    calls: Annotated[int, typer.Option(min=1, max=100, help="How many dial in.")] = 20,
) -> None:
    """How long nothing at all reaches a caller's telephone, in everything they can hear."""
    hand_out(asyncio.run(measure(calls)), json)


if __name__ == "__main__":
    run(main)
