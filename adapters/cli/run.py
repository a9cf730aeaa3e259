"""`./hotline run`: Asterisk, core and web together, each kept alive."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx

from acd.model import Seconds
from adapters.asterisk.instance import AsteriskFailed, Instance
from adapters.cli.processes import Kept, PidFile, all_ready
from adapters.cli.publish import publish_prompts
from adapters.control.client import CoreClient
from ivr.ports import CoreAway, CoreRefused
from ivr.settings import Settings

log = logging.getLogger(__name__)

READY_SECONDS: Seconds = 60.0
LOOK_SECONDS: Seconds = 0.5
LOOKS_PER_LOG_CHECK = 120
RESTART_PAUSE: Seconds = 5.0


class NotReady(Exception):
    """Something did not start in time; the message says what, and where its log is."""


def supervisor_file(settings: Settings) -> PidFile:
    """Who supervises this installation now."""
    return PidFile(settings.run / "supervisor.pid")


@asynccontextmanager
async def running(settings: Settings, logs: Path | None = None) -> AsyncIterator[None]:
    """Everything runs and is ready inside; afterwards our processes are stopped.

    Asterisk goes on: it carries calls. `stop_asterisk` ends it. With `logs` the processes' output
    goes to files in that folder.
    """
    mine = supervisor_file(settings)
    other = mine.running()
    if other and other != os.getpid():
        raise NotReady(f"Hotline runs already (process {other}); ./hotline stop ends it")
    mine.write(os.getpid())
    kept = processes(settings, logs)
    # Ours first: after a crash callers may be waiting in an Asterisk that runs already.
    tasks = [asyncio.create_task(one.keep(), name=one.name) for one in kept]
    try:
        await _start_asterisk(settings)
        tasks.append(asyncio.create_task(_keep_asterisk(settings), name="asterisk"))
        for task in tasks:
            task.add_done_callback(_no_longer_kept)
        late = await all_ready(kept, READY_SECONDS)
        if late:
            where = f"see {logs}" if logs else "see the log above"
            names = " and ".join(late)
            raise NotReady(f"{names} not ready in {READY_SECONDS:.0f} s; {where}")
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        mine.path.unlink(missing_ok=True)


def _no_longer_kept(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        log.error("not kept alive any more: " + task.get_name(), exc_info=task.exception())


async def _start_asterisk(settings: Settings) -> None:
    instance = Instance(settings)
    await asyncio.to_thread(instance.render)
    await publish_prompts(settings)
    if await asyncio.to_thread(instance.adopt):
        await asyncio.to_thread(instance.reload)
    else:
        await asyncio.to_thread(instance.start)


def stop_asterisk(settings: Settings) -> None:
    """End the private Asterisk, and with it every call."""
    Instance(settings).stop()


def processes(settings: Settings, logs: Path | None) -> list[Kept]:
    """Our processes by name. More parts, more rows."""
    if logs:
        logs.mkdir(parents=True, exist_ok=True)

    rows = (("core", "ivr", core_ready), ("web", "adapters.web", web_ready))
    return [
        Kept(
            name,
            module,
            PidFile(settings.run / f"{name}.pid"),
            logs / f"{name}.log" if logs else None,
            partial(ready, settings),
        )
        for name, module, ready in rows
    ]


async def core_ready(settings: Settings) -> bool:
    """Whether the core answers and can command Asterisk."""
    try:
        return bool((await CoreClient(settings.core_socket).ask("status"))["link"])
    except (CoreAway, CoreRefused):
        return False


async def web_ready(settings: Settings) -> bool:
    """Whether the web process answers."""
    address = settings.web_address if settings.web_address != "0.0.0.0" else "127.0.0.1"  # noqa: S104
    try:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            reply = await client.get(f"http://{address}:{settings.ports.web}/health")
        return reply.status_code == 200
    except httpx.HTTPError:
        return False


async def _keep_asterisk(settings: Settings) -> None:
    """Start Asterisk again if it dies, and keep its log within bounds."""
    instance = Instance(settings)
    looks = 0
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        looks += 1
        if looks % LOOKS_PER_LOG_CHECK == 0:
            await asyncio.to_thread(instance.bound_log)
        if instance.adopt() is None:
            log.error("asterisk is gone, starting it again")
            try:
                await asyncio.to_thread(instance.start)
            except AsteriskFailed as fault:
                log.error("asterisk does not start", extra={"why": str(fault)})
                await asyncio.sleep(RESTART_PAUSE)


async def run_until_told(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with running(settings):
        log.info("ready", extra={"sip": settings.ports.sip, "web": settings.ports.web})
        await told.wait()
