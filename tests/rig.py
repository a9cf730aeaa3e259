"""A real Asterisk of its own for a test, and a raw line to its manager interface."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.asterisk.config import prompt_texts
from adapters.asterisk.instance import Instance
from adapters.asterisk.switchboard import SURROGATE_RETRY
from ivr.settings import Settings, load
from tests.phones import Call, Phone
from tests.ports import free_base
from tests.tones import tone
from tests.watch import WATCH, let_watch

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
    """Settings of a throw-away installation on free ports: number 4000, phones a1, a2 ...

    More of the site file by its keys; `plan` replaces the phones, `centre` the centre file. Nobody
    is asked whether they have waited before: callers of tests share a number.
    """
    where = tools()
    root = Path(tempfile.mkdtemp(prefix="hotline-"))
    root.chmod(0o755)  # as root, Asterisk runs as somebody else and has to get in
    (root / "home").mkdir()
    (root / "data").mkdir()
    (root / "home" / "tools").symlink_to(where)
    accounts = {f"a{n}": {"secret": f"s{n}"} for n in range(1, phones + 1)}
    centre = site.pop("centre", {"classes": {"standard": {}, "vip": {"credit": 90}}})
    plan = {"phones": site.pop("plan", accounts), "recovery": {"resume": False}, **site}
    (root / "data" / "site.yaml").write_text(yaml.safe_dump(plan))
    (root / "data" / "centre.yaml").write_text(yaml.safe_dump(centre))
    environment = {
        "HOTLINE_HOME": str(root / "home"),
        "HOTLINE_DATA": str(root / "data"),
        "HOTLINE_PORT_BASE": str(free_base()),
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
        let_watch(settings)
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

    async def set(self, channel: str, name: str, value: str) -> None:
        """Like the core: a caller on the way into a bridge has another name for an instant."""
        where = {"Channel": channel} if channel else {}
        told = await self.do("Setvar", **where, Variable=name, Value=value)
        if told["Response"] != "Success":
            await asyncio.sleep(SURROGATE_RETRY)
            told = await self.do("Setvar", **where, Variable=name, Value=value)
        assert told["Response"] == "Success", f"{channel} {name}: {told}"

    async def get(self, channel: str, name: str) -> str:
        where = {"Channel": channel} if channel else {}
        return (await self.do("Getvar", **where, Variable=name)).get("Value", "")

    async def becomes(self, channel: str, name: str, value: str) -> None:
        """Wait until this variable has this value."""
        async with asyncio.timeout(DEADLINE):
            while await self.get(channel, name) != value:
                await asyncio.sleep(0.1)

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
    """Logged in with the rights of the core, and told everything."""
    line = await login(instance)
    try:
        yield line
    finally:
        await line.close()


async def login(instance: Instance, user: str = WATCH) -> Ami:
    ports, secret = instance.settings.ports, instance.settings.secret("ami")
    line = Ami(*await asyncio.open_connection("127.0.0.1", ports.ami))
    reply = await line.do("Login", Username=user, Secret=secret)
    assert reply["Response"] == "Success", reply
    await line.event("FullyBooted")
    return line


def phone(instance: Instance, name: str, hears: bool = True) -> Phone:
    """The phone of this name; a1 has the secret s1, and so on. Any other name is a caller."""
    secret = f"s{name[1:]}" if name in instance.settings.site.accounts else ""
    return Phone(("127.0.0.1", instance.settings.ports.sip), name, secret, hears)


def cel(instance: Instance, contact: str = "") -> list[tuple[str, str, str]]:
    """The record so far: kind, channel's unique id, text; of one contact, or of all."""
    with contextlib.closing(sqlite3.connect(instance.folders.cel, timeout=5)) as database:
        rows = database.execute("SELECT eventtype, uniqueid, extra FROM cel ORDER BY AcctId")
        told = [
            (kind, unique, json.loads(extra or "{}").get("extra", ""))
            for kind, unique, extra in rows
        ]
    return [row for row in told if contact in (row[1], row[2].partition("|")[0]) or not contact]


async def until(condition: Callable[[], Any], wait: float = DEADLINE) -> Any:
    """What the condition says once it says something true."""
    end = time.monotonic() + wait
    while not (result := condition()):
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)
    return result


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


async def in_queue(
    instance: Instance, ami: Ami, phone: Phone, number: str = "4000", name: str = ""
) -> tuple[Call, Event]:
    """The phone dials and is sent on to the waiting loop: its call, and what was told of it."""
    await ami.set("", "GLOBAL(AGI_NEXT)", "0")
    seen = len(ami.events)
    async with short_script(instance):
        call = await phone.call(number, name)
        return call, await ami.event("AcdWaiting", since=seen)
