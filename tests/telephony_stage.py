"""A real Asterisk with our AMI link and AGI server on it, and callers who press keys."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.ami import Ami
from ivr.ports import Line
from tests.bare_asterisk import SECRET, USER, BareAsterisk, free_port
from voice.ports import Prompt, SpeechFailed

WORD = "sesame"
T = TypeVar("T")
DEADLINE, KEY_DEADLINE = 20.0, 5.0
FINGER_SECONDS = 0.06
"""Between two keys; Asterisk takes what comes within 45 ms for an echo."""


class Recordings:
    """Prompts of silence: the text is their length in seconds; every other text cannot be said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, prompt: Prompt) -> Path | None:
        return None

    async def make(self, prompt: Prompt) -> Path:
        try:
            samples = b"\0\0" * round(float(prompt.text) * 8000)
        except ValueError:
            raise SpeechFailed("not a length") from None
        path = self.folder / f"{prompt.text}.wav"
        if not path.exists():
            size = len(samples)
            path.write_bytes(
                b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
                b"\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data" + size.to_bytes(4, "little") + samples
            )
        return path


class Stage:
    """One link, one AGI server, and the events that came."""

    def __init__(self, asterisk: BareAsterisk, ami_port: int, folder: Path) -> None:
        self.asterisk = asterisk
        self.events: list[Mapping[str, str]] = []
        self.links: list[bool] = []
        self.agi_port = free_port()
        self.script: Callable[[Line], Awaitable[object]] | None = None
        self.failed: list[BaseException] = []
        self._news = asyncio.Event()
        self.ami = Ami(
            "127.0.0.1", ami_port, USER, SECRET, on_event=self._on_event, on_link=self._on_link
        )
        self.server = AgiServer(
            "127.0.0.1", self.agi_port, WORD, self._take_call, Recordings(folder)
        )

    async def until(self, holds: Callable[[], object], deadline: float = DEADLINE) -> None:
        async with asyncio.timeout(deadline):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def ring(
        self,
        caller: str = "waits",
        entry: str = "call",
        port: str = "",
        exits: str = "yes",
        **variables: str,
    ) -> None:
        """A caller rings; `caller` and `entry` are extensions of contexts `caller`, `script`."""
        address = f"agi://127.0.0.1:{port or self.agi_port}"
        settings = {
            "ADDRESS": address,
            "WORD": WORD,
            "EXITS": exits,
            "AFTERWARDS": "0.1",
        } | variables
        await self.ami.send({
            "Action": "Originate", "Channel": f"Local/{entry}@script/n", "Context": "caller",
            "Exten": caller, "Priority": "1",
            "Variable": [f"__{name}={value}" for name, value in settings.items()],
        })  # fmt: skip

    async def call(
        self, script: Callable[[Line], Awaitable[T]], caller: str = "waits", **variables: str
    ) -> T:
        """What the script of one call came to; its exception, when it failed."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        async def kept(line: Line) -> None:
            try:
                done.set_result(await script(line))
            except BaseException as error:
                done.set_exception(error)
                raise

        self.script = kept
        await self.ring(caller, **variables)
        return await asyncio.wait_for(done, DEADLINE)

    async def over(self) -> Mapping[str, str]:
        """What the call's channel had when its script was over and the dialplan went on."""
        await self.until(self._scripts_over)
        return self._scripts_over()[-1]

    async def press(self, line: Line, keys: str) -> None:
        """The caller presses keys; returns when the last has reached the other end of the call."""
        channel = line.facts.channel
        before = len(await self._typed(channel))
        for key in keys:
            await asyncio.sleep(FINGER_SECONDS)
            await self.ami.send({
                "Action": "PlayDTMF", "Channel": channel.replace(";2", ";1"), "Digit": key,
                "Duration": "80",
            })  # fmt: skip
            before += 1
            async with asyncio.timeout(KEY_DEADLINE):
                while len(await self._typed(channel)) < before:
                    await asyncio.sleep(0.01)

    async def variable(self, channel: str, name: str) -> str:
        """What the call has under this name."""
        asked = {"Action": "Getvar", "Channel": channel, "Variable": name}
        return (await self.ami.send(asked)).get("Value", "")

    async def _typed(self, channel: str) -> str:
        return await self.variable(channel, "HOTLINE_TYPED")

    def _scripts_over(self) -> list[Mapping[str, str]]:
        return [event for event in self.events if event.get("UserEvent") == "ScriptOver"]

    async def _take_call(self, line: Line) -> None:
        assert self.script
        await self.script(line)

    def _on_event(self, event: Mapping[str, str]) -> None:
        self.events.append(event)
        self._news.set()

    def _on_link(self, up: bool) -> None:
        self.links.append(up)
        self._news.set()


@asynccontextmanager
async def staged(
    asterisk: BareAsterisk, folder: Path, ami_port: int | None = None
) -> AsyncIterator[Stage]:
    """Up and connected; everything is ended afterwards. `ami_port`: of a relay in between."""
    stage = Stage(asterisk, ami_port or asterisk.ami_port, folder)
    link = asyncio.create_task(stage.ami.run())
    try:
        await stage.until(lambda: stage.ami.up)
        await stage.server.start()
        yield stage
    finally:
        await stage.server.stop(0)
        link.cancel()
        await asyncio.wait({link})
