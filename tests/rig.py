"""A real Asterisk of its own for a test, and a raw line to its manager interface."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import socket
import tempfile
import time
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.asterisk.config import prompt_texts
from adapters.asterisk.instance import Instance
from ivr.settings import DEFAULT_PORT_BASE, Settings, load
from tests.phones import Phone

Event = dict[str, str]
DEADLINE = 10.0


def tools() -> Path:
    """The private Asterisk and SIPp of this checkout; skips the test when they are not there."""
    found = load().tools
    if not (found / "bin" / "asterisk").exists():
        pytest.skip(f"no Asterisk below {found}: run ./hotline setup")
    return found.resolve()


@contextmanager
def installation(phones: int = 4, **site: Any) -> Iterator[Settings]:
    """Settings of a throw-away installation on free ports: number 4000, phones a1, a2 ..."""
    where = tools()
    root = Path(tempfile.mkdtemp(prefix="hotline-"))
    root.chmod(0o755)  # as root, Asterisk runs as somebody else and has to get in
    (root / "home").mkdir()
    (root / "data").mkdir()
    (root / "home" / "tools").symlink_to(where)
    plan = {"phones": {f"a{n}": {"secret": f"s{n}"} for n in range(1, phones + 1)}, **site}
    (root / "data" / "site.yaml").write_text(yaml.safe_dump(plan))
    (root / "data" / "centre.yaml").write_text("classes: {standard: {}, vip: {credit: 90}}\n")
    environment = {
        "HOTLINE_HOME": str(root / "home"),
        "HOTLINE_DATA": str(root / "data"),
        "HOTLINE_PORT_BASE": str(_free_base()),
    }
    try:
        yield load(environment)
    finally:
        shutil.rmtree(root)


@contextmanager
def asterisk(phones: int = 4, **site: Any) -> Iterator[Instance]:
    """A running Asterisk with stand-in prompts and hold music, ended afterwards."""
    with installation(phones, **site) as settings:
        instance = Instance(settings)
        instance.render()
        stand_ins(instance)
        instance.start()
        try:
            yield instance
        finally:
            instance.stop()


def stand_ins(instance: Instance) -> None:
    """Tones for what is spoken and played in service: 440 Hz music, 1000 Hz prompts of 1 s."""
    (instance.folders.music / "hold.ulaw").write_bytes(tone(440, 20))
    for name, texts in prompt_texts().items():
        for language in texts:
            path = instance.folders.sounds / language / f"{name}.ulaw"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(tone(1000, 1))


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


class Ami:
    """A raw manager connection: actions answered, events kept in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.events: list[Event] = []
        self.hears: Callable[[Event], None] = self.events.append
        self._replies: dict[str, asyncio.Future[Event]] = {}
        self._news = asyncio.Condition()
        self._count = 0
        self._task = asyncio.create_task(self._read())

    async def do(self, action: str, *variables: tuple[str, str], **fields: str) -> Event:
        """Run an action; its first reply."""
        self._count += 1
        key = str(self._count)
        self._replies[key] = asyncio.get_running_loop().create_future()
        lines = [f"Action: {action}", f"ActionID: {key}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        lines += [f"Variable: {name}={value}" for name, value in variables]
        self.writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        return await asyncio.wait_for(self._replies[key], DEADLINE)

    async def set(self, channel: str, name: str, value: str) -> Event:
        where = {"Channel": channel} if channel else {}
        return await self.do("Setvar", **where, Variable=name, Value=value)

    async def get(self, channel: str, name: str) -> str:
        where = {"Channel": channel} if channel else {}
        return (await self.do("Getvar", **where, Variable=name)).get("Value", "")

    async def originate(
        self, phone: str, offer: str, caller: str, contact: str, leg: str = ""
    ) -> Event:
        """Ring an agent for a contact, as the core does."""
        variables = (("CALLER", caller), ("CONTACT", contact), ("OFFER", offer))
        return await self.do(
            "Originate", *variables, Channel=f"PJSIP/{phone}", Context="acd-agent", Exten="s",
            Priority="1", Timeout="15000", Async="true", ChannelId=leg or f"acd-{offer}",
        )  # fmt: skip

    async def event(
        self, kind: str, wait: float = DEADLINE, since: int = 0, **fields: str
    ) -> Event:
        """The first event of this kind with these fields, past (from `since`) or to come."""

        def found() -> Event | None:
            return next((e for e in self.events[since:] if _matches(e, kind, fields)), None)

        async with self._news:
            try:
                await asyncio.wait_for(self._news.wait_for(lambda: found() is not None), wait)
            except TimeoutError:
                raise AssertionError(f"no event {kind} {fields} in {wait} s") from None
        result = found()
        assert result is not None
        return result

    def count(self, kind: str, **fields: str) -> int:
        return sum(1 for event in self.events if _matches(event, kind, fields))

    async def close(self) -> None:
        self.writer.transport.abort()
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _read(self) -> None:
        await self._reader.readline()
        while block := await self._block():
            future = self._replies.get(block.get("ActionID", ""))
            if "Response" in block and future and not future.done():
                future.set_result(block)
            elif "Event" in block:
                async with self._news:
                    self.hears(block)
                    self._news.notify_all()

    async def _block(self) -> Event:
        block: Event = {}
        while line := (await self._reader.readline()).decode(errors="replace").rstrip("\r\n"):
            name, _, value = line.partition(": ")
            block[name.rstrip(":")] = value
        return block


def _matches(event: Event, kind: str, fields: dict[str, str]) -> bool:
    if kind not in (event["Event"], event.get("UserEvent")):
        return False
    return all(event.get(name) == value for name, value in fields.items())


@asynccontextmanager
async def ami(instance: Instance) -> AsyncIterator[Ami]:
    """Logged in as the core would be."""
    line = await login(instance)
    try:
        yield line
    finally:
        await line.close()


async def login(instance: Instance) -> Ami:
    ports, secret = instance.settings.ports, instance.settings.secret("ami")
    line = Ami(*await asyncio.open_connection("127.0.0.1", ports.ami))
    reply = await line.do("Login", Username="acd", Secret=secret)
    assert reply["Response"] == "Success", reply
    await line.event("FullyBooted")
    return line


def phone(instance: Instance, name: str, hears: bool = True) -> Phone:
    """The phone of this name; a1 has the secret s1, and so on. Any other name is a caller."""
    secret = f"s{name[1:]}" if name in instance.settings.site.phones else ""
    return Phone(("127.0.0.1", instance.settings.ports.sip), name, secret, hears)


async def until(condition: Callable[[], Any], wait: float = DEADLINE) -> Any:
    """What the condition says once it says something true."""
    end = time.monotonic() + wait
    while not (result := condition()):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)
    return result


def _free_base() -> int:
    first = int(os.environ.get("HOTLINE_PORT_BASE") or DEFAULT_PORT_BASE)
    for base in range(first, 64_000, 1200):
        if _free(base, socket.SOCK_DGRAM) and _free(base + 1, socket.SOCK_STREAM):
            return base
    raise AssertionError("no free ports")


def _free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@asynccontextmanager
async def short_script(instance: Instance) -> AsyncIterator[None]:
    """A script in the core's place that sends every caller to the waiting loop at once."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        for line in ("SET VARIABLE TIMEOUT(absolute) 0", "SET VARIABLE ACD_DONE 1"):
            writer.write(f"{line}\n".encode())
            await reader.readline()
        writer.close()

    server = await asyncio.start_server(script, "127.0.0.1", instance.settings.ports.agi)
    async with server:
        yield
