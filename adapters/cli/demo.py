"""`./hotline demo`: real callers dial in, wait, talk with agents; then dial in yourself.

With `once` it ends with 0 only if every call ended as it should, and ends all that it started.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from dataclasses import asdict, replace
from pathlib import Path

from adapters.asterisk.instance import AsteriskFailed, Instance
from adapters.cli.demo_api import Api
from adapters.cli.demo_cast import EXPECTED, SHOW_SECONDS, Cast
from adapters.cli.demo_report import Figures, account, report
from adapters.cli.demo_site import (
    AGENTS,
    WRAP_UP_SECONDS,
    disk_megabytes,
    loaded_megabytes,
    prepare,
)  # fmt: skip
from adapters.cli.demo_verdict import Verdict, judge
from adapters.cli.demo_words import Words, language_of
from adapters.cli.run import NotReady, running, stop_asterisk, supervisor_file
from adapters.cli.screen import Screen, screen_for
from adapters.cli.timeline import Scene
from adapters.sipp.process import SippFailed
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.ports import CoreAway, CoreRefused, Record
from ivr.settings import Settings

SETTLE_SECONDS = 10.0


async def demo(
    settings: Settings, once: bool, listen: str | None, json: bool, language: str | None = None
) -> int:
    """Show all of it; the exit status. `listen`: the address that real telephones reach."""
    words = Words(language or language_of())
    screen = screen_for(Scene(words, WRAP_UP_SECONDS), EXPECTED.calls, AGENTS, json)
    if supervisor_file(settings).running() or Instance(settings).adopt():
        screen.fault(words("busy machine"))
        return 1
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    stage = prepare(settings, words.language, listen)
    screen.say(words("starting"))
    played = asyncio.create_task(_play(stage, screen, words, told, None if once else listen or ""))
    stopped = asyncio.create_task(told.wait())
    await asyncio.wait([played, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not played.done():
        played.cancel()
    try:
        return await played
    except asyncio.CancelledError:
        return 1 if once else 0
    except BaseExceptionGroup as group:
        screen.fault(_reason(group))
        return 1
    finally:
        await asyncio.to_thread(stop_asterisk, stage)


async def _play(
    stage: Settings, screen: Screen, words: Words, told: asyncio.Event, stay: str | None
) -> int:
    """The whole performance; `stay`: afterwards go on until told to stop."""
    async with running(stage, logs=stage.data / "logs"):
        cast = Cast(stage)
        try:
            await cast.take_places()
            fault = await _watch_calls(stage, screen, cast)
            verdict = await _verdict(stage, words, fault)
            ring = cast.first_ring()
            figures = Figures(
                ring - _started() if ring else None,
                loaded_megabytes(stage.home),
                await asyncio.to_thread(disk_megabytes, stage.home),
            )
            screen.end(report(words, verdict, figures), {**asdict(verdict), **figures.plain()})
            if stay is not None:
                screen.say(account(words, stage, stay or "127.0.0.1", bool(stay)))
                await told.wait()
        finally:
            await cast.stop()
    return 0 if verdict.well else 1


async def _watch_calls(stage: Settings, screen: Screen, cast: Cast) -> str:
    """Let everybody call, and show it until all is over; what went wrong, if anything."""
    scene, api = screen.scene, Api(stage)

    async def watch() -> None:
        async for event in api.events():
            line = scene.take(event)
            screen.event(event, line)
            for caller in scene.callers.values():
                if caller.state == "waiting":
                    cast.waits(caller.number - 1)
            if scene.over(EXPECTED.calls):
                return

    with screen:
        watching = asyncio.create_task(watch())
        try:
            async with asyncio.timeout(SHOW_SECONDS):
                await cast.call()
                status = await cast.finished()
            await asyncio.wait_for(watching, SETTLE_SECONDS)
        except TimeoutError:
            return scene.words("too late", s=f"{SHOW_SECONDS:.0f}")
        finally:
            watching.cancel()
    return scene.words("sipp") if status else ""


async def _verdict(stage: Settings, words: Words, fault: str) -> Verdict:
    tickets = await Api(stage).tickets()
    verdict = judge(await _journal(stage), tickets, EXPECTED, words)
    return replace(verdict, faults=[*verdict.faults, fault]) if fault else verdict


async def _journal(stage: Settings) -> list[Record]:
    database = await open_database(stage.database_url("core"), "core", read_only=True)
    try:
        return [record async for record in JournalReader(database).read()]
    finally:
        await database.close()


def _started() -> float:
    """When `./hotline` was started (UTC seconds): by the shell, or this process itself."""
    if given := os.environ.get("HOTLINE_STARTED"):
        return float(given)
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    since_boot = float(Path("/proc/uptime").read_text().split()[0])
    age = since_boot - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - age


def _reason(group: BaseExceptionGroup[BaseException]) -> str:
    """What to tell people of a start that failed; anything unforeseen goes on upwards."""
    known = (NotReady, AsteriskFailed, SippFailed, CoreAway, CoreRefused, TimeoutError)
    expected, others = group.split(known)
    if others or expected is None:
        raise group
    return "; ".join(str(error) or type(error).__name__ for error in expected.exceptions)
