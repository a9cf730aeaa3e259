"""A whole installation with a carrier for its texts, whose Asterisk is killed under its callers.

Everything is real but the carrier, which is the gateway of the example. Who waits goes on in two
ways: by the link of the text, redeemed at the core's desk, or by calling again and pressing 1.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from adapters.cli.run import core_ready
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.voice import Voice
from ivr.ports import Record
from tests.channel_hands import OLD_KEY, secret
from tests.house import House
from tests.sms_gateway import gateway

FICTION = "+447700900"
GATEWAY_PORT = 15
"""Behind the base: a port that an installation leaves free."""
LINKED = re.compile(r"/chat#(\S+)")
VOICE_PORTS, MOST_VOICES = 80, 40
"""Behind the base: above the ports of callers and phones, among the demo's."""
PRESSES = (0.8, 2.0, 4.0)
"""Seconds after the answer at which who calls again presses 1: it is asked at once, and means
nothing afterwards."""


@dataclass
class RecoveryStage:
    """The house and the texts of its carrier."""

    here: House
    texts_at: str

    async def texts(self) -> list[Mapping[str, Any]]:
        """What the carrier has."""

        def fetch() -> list[Mapping[str, Any]]:
            address = f"{self.texts_at}/texts.json"
            with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  # ours
                found: list[Mapping[str, Any]] = json.load(answer)
                return found

        return await asyncio.to_thread(fetch)

    async def until_texts(self, count: int, seconds: float) -> float:
        """Seconds until the carrier has so many."""
        began = time.monotonic()

        async def there() -> bool:
            return len(await self.texts()) >= count

        await self.here.until(there, seconds)
        return time.monotonic() - began

    def kill_asterisk(self, how: signal.Signals = signal.SIGKILL) -> None:
        """`kill -9` of the Asterisk of this installation; by SIGTERM it stops in order."""
        running = self.here.asterisk.adopt()
        assert running, "Asterisk does not run"
        os.kill(running.pid, how)

    async def until_back(self, seconds: float = 60.0) -> None:
        """Until the supervisor has started it again, and the core can command it."""
        await self.here.until(lambda: core_ready(self.here.settings), seconds)

    async def line(self) -> list[Mapping[str, Any]]:
        """Who waits, by order key."""
        contacts = (await self.here.core.ask("contacts"))["contacts"]
        return sorted(contacts, key=lambda contact: tuple(contact["key"]))

    async def redeem(self, number: str) -> Mapping[str, Any]:
        """The customer with this number opens the link of their text, and goes on in chat."""
        [words] = [text["text"] for text in await self.texts() if text["to"] == number]
        found = LINKED.search(words)
        assert found, words
        return await self.here.core.ask("pass redeem", **{
            "pass": found[1], "channel": "chat", "by": number[-3:]})  # fmt: skip

    async def call_again(self, numbers: Sequence[str], rate: float = 5.0) -> Callers:
        """These call again, one after the other, and press 1 when they are asked."""
        first = self.here.settings.ports.base + VOICE_PORTS
        voices = {n: Voice(first + n) for n in range(len(numbers))}
        pressing: list[asyncio.Task[None]] = []

        async def press(n: int) -> None:
            waited = 0.0
            for at in PRESSES:
                await asyncio.sleep(at - waited)
                waited = at
                voices[n].press("1")

        callers = Callers(
            self.here.settings.tools, [Person(number) for number in numbers], voices=voices,
            on_answer=lambda n: pressing.append(asyncio.create_task(press(n))),
        )  # fmt: skip
        self.here.keep(callers)
        target = ("127.0.0.1", self.here.settings.ports.sip)
        await callers.start(target, "4000", self.here.next_port(4), rate)
        await callers.answered(seconds=len(numbers) / rate + 30)
        await asyncio.gather(*pressing)
        for voice in voices.values():
            await voice.stop()
        return callers

    async def offers(self) -> list[Record]:
        return await self.here.records("RecoveryOffered")


def settings_of_texts(port: int) -> Mapping[str, Any]:
    """What a site needs to send links by this gateway."""
    return {
        "recovery": {"resume": True},
        "outbound": {"new_ranges": [FICTION]},
        "channels": {"sms": {
            "kind": "sms", "secrets": [secret(OLD_KEY)], "url": f"http://127.0.0.1:{port}/texts",
            "allow": ["+44"], "per_day": 10_000, "per_hour": 100,
        }},
        "chat": {"url": "http://127.0.0.1:8099", "text_by": "sms"},
    }  # fmt: skip


@asynccontextmanager
async def recovery_stage(agents: int = 1, **site: Any) -> AsyncIterator[RecoveryStage]:
    """A running installation whose agents take calls alone, with its carrier."""
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder, ExitStack() as stack:
        (Path(folder) / "carrier").write_text(secret(OLD_KEY))
        here = House(Path(folder), agents, site={**settings_of_texts(1), **site})
        port = here.settings.ports.base + GATEWAY_PORT
        _change(here, "site.yaml", settings_of_texts(port))
        calls_alone = {name: {"queues": ["support"], "capacity": {"voice": 1, "chat": 0}}
                       for name in here.agents}  # fmt: skip
        _change(here, "centre.yaml", {"agents": calls_alone})
        hook = f"http://127.0.0.1:{here.settings.ports.web}/hooks/sms"
        address = stack.enter_context(gateway(Path(folder) / "carrier", hook, port))
        try:
            await here.start()
            yield RecoveryStage(here, address)
        except BaseException:
            print(here.log[-6000:])
            raise
        finally:
            await here.stop()


def _change(here: House, name: str, values: Mapping[str, Any]) -> None:
    path = here.settings.data / name
    content = yaml.safe_load(path.read_text())
    path.write_text(yaml.safe_dump({**content, **values}))


def numbers(count: int, first: int = 0) -> list[str]:
    return fictional_numbers(count, first)
