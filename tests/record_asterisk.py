"""Record what a real Asterisk says, for the tests of the wire: `python -m tests.record_asterisk`.

Writes `tests/recorded/{ami,agi}/asterisk-VERSION-CASE.txt`. Lines of AGI files begin with `>` for
what our script told Asterisk and `<` for what it was told; AMI files are Asterisk's bytes alone.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ivr.ports import CallerGone, Line
from tests.bare_asterisk import BareAsterisk, bare_asterisk
from tests.relay import Relay
from tests.telephony_stage import Stage, staged
from voice.ports import Prompt

FOLDER = Path(__file__).parent / "recorded"
SHORT, LONG = [Prompt("0.1", "zh")], [Prompt("60", "zh")]
CASES = {
    "menu": {"caller": "presses", "KEYS": "1"},
    "gone": {"caller": "leaves", "SECONDS": "1"},
}
CASES["gone-without-end"] = CASES["gone"] | {"exits": ""}


def as_recorded() -> Iterator[None]:
    """What would be another thing each time is one: the process has one name, and a script that
    thinks for a moment does not wait for keys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adapters.asterisk.line.THIS_PROCESS", "recorded")
        patch.setattr("adapters.asterisk.attention.UNATTENDED", 60.0)
        yield


async def menu(line: Line) -> str | None:
    """The script of a recorded call; replayed, it must say and hear the same."""
    await line.answer()
    await line.remember("menu", {})
    await line.set_language("en")
    await line.say(SHORT, interruptible=False)
    key = await line.ask(LONG, most_keys=1, seconds=0.1)
    await line.join_queue("support", "vip", 1_795_304_360.4377)
    return key


async def gone(line: Line) -> str | None:
    """The caller leaves in the middle of the question."""
    return await line.ask(LONG, most_keys=1, seconds=1)


async def record_agi(stage: Stage, case: str, settings: dict[str, str]) -> bytes:
    async with Relay(stage.agi_port) as relay:
        with suppress(CallerGone):
            script = menu if case == "menu" else gone
            await stage.call(script, port=str(relay.port), **settings)
    # The relay stands before our server: what it was told is what Asterisk said.
    ways = {">": b"< ", "<": b"> "}
    lines = [ways[way] + line for way, data in relay.passed for line in data.split(b"\n")[:-1]]
    return b"\n".join(lines) + b"\n"


async def record_ami(stage: Stage, relay: Relay) -> bytes:
    """A session: login, lists, a refusal, and a call from Originate to Hangup."""
    stage.script = menu
    await stage.ring(**CASES["menu"], NAME="José 张三", NUMBER="13800138000")
    await stage.over()
    await stage.ami.ask_list({"Action": "Status", "Variables": "CONTACT,QUEUE"})
    await stage.ami.ask_list({"Action": "DeviceStateList"})
    await stage.until(lambda: any(event["Event"] == "Hangup" for event in stage.events))
    return b"".join(data for way, data in relay.passed if way == "<")


async def record(asterisk: BareAsterisk, folder: Path) -> None:
    found = re.search(r"Asterisk (\d+\.\d+\.\d+)", asterisk.command("core show version"))
    assert found
    async with Relay(asterisk.ami_port) as relay, staged(asterisk, folder, relay.port) as stage:
        recorded = {f"ami/asterisk-{found[1]}-session": await record_ami(stage, relay)}
        for case, settings in CASES.items():
            recorded[f"agi/asterisk-{found[1]}-{case}"] = await record_agi(stage, case, settings)
    for name, data in recorded.items():
        path = FOLDER / f"{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(str(folder).encode(), b"/prompts"))


if __name__ == "__main__":
    alike = contextmanager(as_recorded)()
    with tempfile.TemporaryDirectory() as name, bare_asterisk(Path(name)) as running, alike:
        asyncio.run(record(running, Path(name)))
