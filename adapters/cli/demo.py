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

import httpx

from adapters.asterisk.instance import AsteriskFailed, Instance
from adapters.asterisk.site_values import BadPlace
from adapters.cli.demo_api import Api
from adapters.cli.demo_cast import EXPECTED, SHOW_SECONDS, Cast
from adapters.cli.demo_report import Figures, account, report
from adapters.cli.demo_site import (
    AGENTS,
    WRAP_UP_SECONDS,
    disk_megabytes,
    loaded_megabytes,
    prepare,
)
from adapters.cli.demo_verdict import Verdict, judge
from adapters.cli.demo_words import Words, language_of
from adapters.cli.run import running, stop_asterisk
from adapters.cli.screen import Screen, screen_for
from adapters.cli.start import NotReady, supervisor_file
from adapters.cli.timeline import Scene
from adapters.sipp.process import SippFailed
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.faults import BadFlow
from ivr.ports import CoreAway, CoreRefused, Record, StoreFailed, StoreRefused
from ivr.settings import Settings

SETTLE_SECONDS = 10.0
KNOWN = (
    NotReady, AsteriskFailed, BadPlace, BadFlow, SippFailed, CoreAway, CoreRefused, StoreFailed,
    StoreRefused, httpx.HTTPError, TimeoutError,
)  # fmt: skip
"""Faults that one sentence explains."""


async def demo(
    settings: Settings, once: bool, listen: str | None, json: bool, language: str | None = None
) -> int:
    """Show all of it; the exit status. `listen`: the address that real telephones reach."""
    words = Words(language or language_of())
    screen = screen_for(Scene(words, WRAP_UP_SECONDS), EXPECTED.calls, AGENTS, json)
    if supervisor_file(settings.run).running() or Instance(settings).adopt():
        screen.fault(words("busy machine"))
        return 1
    show = Show(prepare(settings, words.language, listen), screen, stay=not once)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, show.stop)
    try:
        return await show.play()
    except (*KNOWN, BaseExceptionGroup) as error:
        screen.fault(_reason(error))
        return 1
    finally:
        await asyncio.to_thread(stop_asterisk, show.settings)


class Show:
    """One performance. `stay`: afterwards people are invited to dial in; else it ends at once."""

    def __init__(self, settings: Settings, screen: Screen, stay: bool) -> None:
        self.settings = settings
        self._screen = screen
        self._words = screen.scene.words
        self._stay = stay
        self._stopped = asyncio.Event()
        self._calls: asyncio.Task[Verdict] | None = None

    def stop(self) -> None:
        """End it now, in good order."""
        self._stopped.set()
        if self._calls:
            self._calls.cancel()

    async def play(self) -> int:
        """Start everything, let them call, judge, and stay if that is wanted; the exit status."""
        self._screen.say(self._words("starting"))
        async with running(self.settings, logs=self.settings.data / "logs"):
            cast = Cast(self.settings)
            self._calls = asyncio.create_task(self._performed(cast))
            try:
                verdict = await self._calls
                if self._stay:
                    self._screen.say(account(self._words, self.settings))
                    await self._stopped.wait()
            except asyncio.CancelledError:
                return 1
            finally:
                await cast.stop()
        return 0 if verdict.well else 1

    async def _performed(self, cast: Cast) -> Verdict:
        """The calls, shown while they go on, and the verdict on them."""
        await cast.take_places()
        fault = await self._calls_made(cast)
        tickets = await Api(self.settings).tickets()
        verdict = judge(await _journal(self.settings), tickets, EXPECTED, self._words)
        if fault:
            verdict = replace(verdict, faults=[*verdict.faults, fault])
        figures = await self._figures(cast)
        self._screen.end(
            report(self._words, verdict, figures), {**asdict(verdict), **figures.plain()}
        )
        return verdict

    async def _calls_made(self, cast: Cast) -> str:
        """Let everybody call and show it until all is over; what went wrong, if anything."""
        with self._screen:
            watching = asyncio.create_task(self._watch(cast))
            try:
                async with asyncio.timeout(SHOW_SECONDS):
                    await cast.call()
                    status = await cast.finished()
                await asyncio.wait_for(watching, SETTLE_SECONDS)
            except TimeoutError:
                return self._words("too late", s=f"{SHOW_SECONDS:.0f}")
            finally:
                watching.cancel()
        return self._words("sipp") if status else ""

    async def _watch(self, cast: Cast) -> None:
        """Follow the API's live events until every call is over."""
        scene = self._screen.scene
        async for event in Api(self.settings).events():
            self._screen.event(event, scene.take(event))
            for caller in scene.callers.values():
                if caller.state == "waiting":
                    cast.waits(caller.number - 1)
            if scene.over(EXPECTED.calls):
                return

    async def _figures(self, cast: Cast) -> Figures:
        ring, home = cast.first_ring(), self.settings.home
        return Figures(
            ring - _started() if ring else None,
            loaded_megabytes(home),
            await asyncio.to_thread(disk_megabytes, home),
        )


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


def _reason(error: BaseException) -> str:
    """What to tell people of a start that failed; anything unforeseen goes on upwards."""
    if not isinstance(error, BaseExceptionGroup):
        return str(error) or type(error).__name__
    _known, others = error.split(KNOWN)
    if others:
        raise error
    return "; ".join(_reason(inner) for inner in error.exceptions)
