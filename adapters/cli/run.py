"""`./hotline run`: Asterisk, core and web together, each kept alive."""

from __future__ import annotations

import asyncio
import logging
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

from acd.model import Seconds
from adapters.asterisk.instance import AsteriskFailed, Instance
from adapters.asterisk.site_values import BadPlace
from adapters.cli.pid_file import PidFile
from adapters.cli.processes import Kept, all_ready
from adapters.cli.prompts import make_online_prompts, make_prompts
from adapters.cli.start import CALLS_FIRST_SECONDS, NotReady, claim, supervisor_file
from adapters.control.client import CoreClient
from ivr.addresses import in_url, near
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flows_in_force import load_in_force
from ivr.logs import configure
from ivr.ports import CoreAway, CoreRefused
from ivr.settings import BadSettings, Settings, load

log = logging.getLogger(__name__)

READY_SECONDS: Seconds = 60.0
LOOK_SECONDS: Seconds = 0.5
LOOKS_PER_LOG_CHECK = 120
RESTART_PAUSE: Seconds = 5.0


def supervise(core: subprocess.Popen[bytes] | None) -> None:
    """`./hotline run`, with the core that was started already if there is one."""
    try:
        settings = load()
    except BadSettings as bad:
        if core and core.poll() is not None:
            sys.exit(1)  # the core has named the faults
        if core:
            core.terminate()
        sys.exit("hotline: " + "\n".join(bad.faults))
    configure(settings.log_level, "supervisor")
    try:
        asyncio.run(run_until_told(settings, core))
    except (AsteriskFailed, BadFlow, BadPlace, NotReady) as fault:
        sys.exit(f"hotline: {fault}")


@asynccontextmanager
async def running(
    settings: Settings, logs: Path | None = None, first: subprocess.Popen[bytes] | None = None
) -> AsyncIterator[None]:
    """Everything runs and is ready inside; afterwards our processes are stopped.

    Asterisk goes on: it carries calls. `stop_asterisk` ends it. With `logs` the processes' output
    goes to files in that folder. `first`: a core that was started already.
    """
    mine = supervisor_file(settings.run)
    claim(mine)
    core, web = processes(settings, logs)
    core.process = first
    tasks: list[asyncio.Task[None]] = []
    try:
        _begin(tasks, "core", core.keep())
        instance = Instance(settings)
        await asyncio.to_thread(instance.render)
        flows = load_in_force(settings)
        if instance.adopt():
            await all_ready([core], CALLS_FIRST_SECONDS)
        _begin(tasks, "web", web.keep())
        await _start_asterisk(instance, flows.values())
        _begin(tasks, "asterisk", _keep_asterisk(instance))
        await _wait_until_ready([core, web], logs)
        _begin(tasks, "prompts", make_online_prompts(settings))
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        mine.path.unlink(missing_ok=True)


def _begin(
    tasks: list[asyncio.Task[None]], name: str, work: Coroutine[object, object, None]
) -> None:
    task = asyncio.create_task(work, name=name)
    task.add_done_callback(_no_longer_kept)
    tasks.append(task)


async def _wait_until_ready(kept: list[Kept], logs: Path | None) -> None:
    late = await all_ready(kept, READY_SECONDS)
    if late:
        where = f"see {logs}" if logs else "see the log above"
        raise NotReady(f"{' and '.join(late)} not ready in {READY_SECONDS:.0f} s; {where}")


def _no_longer_kept(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception():
        log.error("not kept alive any more: " + task.get_name(), exc_info=task.exception())


async def _start_asterisk(instance: Instance, flows: Iterable[Flow]) -> None:
    await make_prompts(instance.settings, flows)
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
    import httpx  # takes time that callers would wait for

    address = in_url(near(settings.web_address))
    try:
        async with httpx.AsyncClient(timeout=2.0, trust_env=False) as client:
            reply = await client.get(f"http://{address}:{settings.ports.web}/health")
        return reply.status_code == 200
    except httpx.HTTPError:
        return False


async def _keep_asterisk(instance: Instance) -> None:
    """Start Asterisk again if it dies, and keep its log within bounds."""
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


async def run_until_told(settings: Settings, first: subprocess.Popen[bytes] | None = None) -> None:
    """Run until SIGTERM or SIGINT, which count from the start on; `first`: a core that was started
    already."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    running_now = asyncio.create_task(_run(settings, first))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    ending = asyncio.create_task(told.wait())
    await asyncio.wait((running_now, ending), return_when=asyncio.FIRST_COMPLETED)
    ending.cancel()
    running_now.cancel()
    with suppress(asyncio.CancelledError):
        await running_now


async def _run(settings: Settings, first: subprocess.Popen[bytes] | None) -> None:
    async with running(settings, first=first):
        log.info("ready", extra={"sip": settings.ports.sip, "web": settings.ports.web})
        await asyncio.Event().wait()
