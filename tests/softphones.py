"""Telephones of another maker: baresip, one process a telephone, commanded over its control port.

Nothing of it is ours, so what it makes of Hotline is a second opinion. It needs no sound hardware:
it speaks a tone of a pitch of your choice, and writes what it hears into a file. Set-up brings it
with `./hotline test`; where it is not, tests that need it are skipped with the reason.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
import wave
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.sipp.rtp import linear
from ivr.settings import Settings, load
from tests.tones import tone

READY_SECONDS = 20.0
DEADLINE = 10.0
TONE_SECONDS = 120
"""What a telephone has to say in one call."""
MODULES = ("g711", "aufile", "aubridge")
APPS = ("account", "menu", "ctrl_tcp")


class SoftphoneFailed(Exception):
    """The telephone could not do its part; the message has its own words."""


@dataclass
class SoftCall:
    """One call of a telephone, as it tells of it."""

    name: str
    peer: str
    incoming: bool
    state: str = "rings"
    """rings, talks, over"""
    reason: str = ""
    """Why it is over."""


def baresip() -> Path:
    """The program; skips the test where set-up has not brought it."""
    found = load().home / "phones"
    if not (found / "bin" / "baresip").exists():
        pytest.skip(f"no baresip in {found}: run ./hotline setup test")
    return found.resolve()


class Softphone:
    """One telephone. `calls` are kept in the order in which they began, those that are over too."""

    def __init__(self, where: Path, folder: Path, ports: tuple[int, int]) -> None:
        """`where`: what `baresip` has found; `folder`: for its files; SIP port and control port."""
        self.calls: list[SoftCall] = []
        self.events: list[Mapping[str, Any]] = []
        self.folder = folder
        self._where = where
        self._sip, self._control = ports
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._replies: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self._news = asyncio.Condition()
        self._count = 0

    async def start(
        self, name: str, secret: str, server: tuple[str, int], own: str = "127.0.0.1",
        pitch: int = 440,
    ) -> None:  # fmt: skip
        """Run, and register `name` at the server from the address `own`."""
        host, port = server
        account = (
            f"<sip:{name}@{host}:{port};transport=udp>;auth_user={name};auth_pass={secret};"
            "regint=60;answermode=manual;audio_codecs=PCMU;ptime=20\n"
        )
        (self.folder / "accounts").write_text(account)
        (self.folder / "contacts").write_text("")
        (self.folder / "config").write_text(self._config(own))
        with wave.open(str(self.folder / "says.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(linear(tone(pitch, TONE_SECONDS)).tobytes())
        with (self.folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                self._where / "bin" / "baresip", "-f", str(self.folder),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(READY_SECONDS):
            await self._connect()
            while not await self._registered():
                await asyncio.sleep(0.05)

    async def _registered(self) -> bool:
        try:
            return "OK" in await self.tell("reginfo", seconds=1.0)
        except SoftphoneFailed:  # now and then the first line to a starting telephone is deaf
            await self._connect()
            return False

    async def stop(self) -> None:
        """Hang up, and end the process."""
        if self._reading:
            with contextlib.suppress(SoftphoneFailed, TimeoutError, ConnectionError):
                await self.tell("quit")
            self._reading.cancel()
        if self._process and self._process.returncode is None:
            try:
                await asyncio.wait_for(self._process.wait(), 5)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    # ---- what a person does

    async def dial(self, number: str, server: tuple[str, int]) -> SoftCall:
        """Call; returns as soon as the telephone tells of the call."""
        seen = len(self.calls)
        await self.tell("dial", f"sip:{number}@{server[0]}:{server[1]}")
        await self.until(lambda: len(self.calls) > seen)
        return self.calls[seen]

    async def rings(self, seconds: float = DEADLINE) -> SoftCall:
        """The call that rings."""
        await self.until(
            lambda: any(c.incoming and c.state == "rings" for c in self.calls), seconds
        )
        return next(c for c in self.calls if c.incoming and c.state == "rings")

    async def answer(self, call: SoftCall) -> None:
        await self.tell("accept")
        await self.until(lambda: call.state == "talks")

    async def hold(self) -> None:
        """The current call, by re-INVITE; returns when the other side has agreed."""
        agreed = self._count_of("CALL_ANSWERED")
        await self.tell("hold")
        await self.until(lambda: self._count_of("CALL_ANSWERED") > agreed)

    async def resume(self) -> None:
        """The call that is held; returns when the other side has agreed."""
        agreed = self._count_of("CALL_ANSWERED")
        # 1.1.0 does it, and says "Invalid argument" when there is no other call to hold.
        with contextlib.suppress(SoftphoneFailed):
            await self.tell("resume")
        await self.until(lambda: self._count_of("CALL_ANSWERED") > agreed)

    async def hang_up(self, call: SoftCall) -> None:
        await self.tell("hangup")
        await self.until(lambda: call.state == "over")

    async def transfer(self, to: str) -> None:
        """Send the other side of the current call on (REFER), without words."""
        await self.tell("transfer", to)

    # ---- how it is told

    async def tell(self, command: str, words: str = "", seconds: float = DEADLINE) -> str:
        """Run a command of the telephone's menu; what it says to it."""
        if self._writer is None:
            raise SoftphoneFailed("the telephone does not run")
        self._count += 1
        token = str(self._count)
        self._replies[token] = asyncio.get_running_loop().create_future()
        body = json.dumps({"command": command, "params": words, "token": token}).encode()
        self._writer.write(b"%d:%s," % (len(body), body))
        try:
            reply = await asyncio.wait_for(self._replies[token], seconds)
        except TimeoutError:
            raise SoftphoneFailed(f"{command} {words}: not a word for {seconds:.0f} s") from None
        if not reply["ok"]:
            raise SoftphoneFailed(f"{command} {words}: {reply['data']}")
        return str(reply["data"])

    async def until(self, holds: Callable[[], Any], seconds: float = DEADLINE) -> None:
        """Until what the telephone has told makes it so."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(holds), seconds)

    def _count_of(self, kind: str) -> int:
        return sum(event.get("type") == kind for event in self.events)

    async def _connect(self) -> None:
        if self._reading and self._writer:
            self._reading.cancel()
            self._writer.close()
        while True:
            assert self._process is not None
            if self._process.returncode is not None:
                raise SoftphoneFailed((self.folder / "log").read_text()[-2000:])
            try:
                reader, self._writer = await asyncio.open_connection("127.0.0.1", self._control)
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            self._reading = asyncio.create_task(self._read(reader))
            return

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while size := await reader.readuntil(b":"):
            message = json.loads((await reader.readexactly(int(size[:-1]) + 1))[:-1])
            if message.get("response"):
                self._replies.pop(message.get("token", ""), asyncio.Future()).set_result(message)
                continue
            async with self._news:
                self.events.append(message)
                self._note(message)
                self._news.notify_all()

    def _note(self, event: Mapping[str, Any]) -> None:
        if event.get("class") != "call" or "id" not in event:
            return
        call = next((one for one in self.calls if one.name == event["id"]), None)
        if call is None:
            call = SoftCall(event["id"], event.get("peeruri", ""), event["direction"] == "incoming")
            self.calls.append(call)
        if event["type"] == "CALL_ESTABLISHED":
            call.state = "talks"
        elif event["type"] == "CALL_CLOSED":
            call.state, call.reason = "over", str(event.get("param", ""))

    @property
    def heard(self) -> Path:
        """What it has heard in the last call (8 kHz, 16 bit); whole once the call is over."""
        return self.folder / "heard.wav"

    def _config(self, own: str) -> str:
        modules = next(self._where.glob("usr/lib/**/baresip/modules"))
        lines = [
            "poll_method epoll", f"sip_listen {own}:{self._sip}", "call_max_calls 8",
            f"audio_source aufile,{self.folder}/says.wav", f"audio_player aufile,{self.heard}",
            "audio_alert aubridge,bell",
            "audio_channels 1-1", "audio_level no", "ausrc_srate 8000", "auplay_srate 8000",
            f"ctrl_tcp_listen 127.0.0.1:{self._control}",
            f"net_interface {own}", f"module_path {modules}", "statmode_default off",
            *(f"module {name}.so" for name in MODULES),
            *(f"module_app {name}.so" for name in APPS),
        ]  # fmt: skip
        return "\n".join([*lines, ""])


@asynccontextmanager
async def softphone(
    settings: Settings, name: str, ports: tuple[int, int], pitch: int = 440
) -> AsyncIterator[Softphone]:
    """The telephone of this name at an installation of this machine; gone afterwards."""
    where = baresip()
    folder = Path(tempfile.mkdtemp(prefix="hotline-phone-"))
    phone = Softphone(where, folder, ports)
    server = ("127.0.0.1", settings.ports.sip)
    try:
        await phone.start(name, settings.phone_secret(name), server, pitch=pitch)
        yield phone
    except BaseException:
        print((folder / "log").read_text()[-3000:])
        raise
    finally:
        await phone.stop()
        shutil.rmtree(folder)
