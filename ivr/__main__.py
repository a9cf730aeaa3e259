"""The core process: answers calls (AGI), routes them (engine), commands Asterisk (AMI).

`python -m ivr`. Builds every part, hands each what it needs, runs until SIGTERM. When it dies, no
call does: callers wait in the dialplan, and the next start takes up where the journal ends.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from acd import events
from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.ami import Ami
from adapters.asterisk.cel import CelLog
from adapters.asterisk.config import Folders
from adapters.asterisk.double_keys import DoubleKeys
from adapters.asterisk.resync import Resync
from adapters.asterisk.switchboard import Switchboard
from adapters.control.server import ControlServer
from adapters.lookups.http import HttpLookups
from adapters.stores.audit import SqlAudit
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr import logs
from ivr.announcer import Announcer
from ivr.answers import Answers
from ivr.call import take_call
from ivr.clock import CentreClock
from ivr.distributor import Distributor
from ivr.faults import BadFlow
from ivr.flow_requests import FlowRequests
from ivr.flows_in_force import load_in_force
from ivr.live_flows import LiveFlows
from ivr.ports import Line, StoreFailed, StoreRefused
from ivr.recovery import recover
from ivr.rules import RulesInForce
from ivr.settings import BadSettings, Settings, load
from voice.prompts import PromptFolder

log = logging.getLogger(__name__)

DRAIN_SECONDS = 2.0
AMI_USER = "acd"
SWITCH_SECONDS = 0.0005
"""How long a busy thread may keep the others waiting. Python's own 5 ms, met several times on the
way of one commit, made an agent wait for the next call."""


async def serve(settings: Settings) -> None:
    """Run the core until SIGTERM or SIGINT."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    async with AsyncExitStack() as stack:
        tasks = await build(settings, stack)
        gc.freeze()  # what is there now stays: looking through it would hold calls up, 40 ms a time
        stopped = asyncio.create_task(told.wait())
        done, _ = await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task is not stopped:
                task.result()  # a part ended by itself: its error ends the process


async def build(settings: Settings, stack: AsyncExitStack) -> list[asyncio.Task[None]]:
    """Every part of the core, wired and running; `stack` stops them in reverse order."""
    flows = LiveFlows(settings, load_in_force(settings), lambda: rules.house)
    database = await open_database(settings.database_url("core"), "core")
    stack.push_async_callback(database.close)
    journal = await stack.enter_async_context(SqlJournal(database))
    vault = SqlVault(database, KeyRing(settings.secrets))
    await vault.check()

    found = await recover(journal, settings.centre)
    clock = CentreClock(found.at)
    prompts, keys = _prompts(settings), DoubleKeys()
    ami = Ami(
        "127.0.0.1", settings.ports.ami, AMI_USER, settings.secret("ami"),
        on_event=lambda event: _hear(event, keys, switchboard),
        on_link=lambda up: resync.link_changed(up),
    )  # fmt: skip
    switchboard = Switchboard(ami, prompts)
    distributor = Distributor(found.engine, journal, switchboard, vault, clock, found.cel_row)
    switchboard.tell(distributor)
    resync = Resync(ami, CelLog(Folders.of(settings).cel), switchboard, distributor, vault)
    announcer = Announcer(distributor.engine, flows.of_waiting, switchboard, clock)
    rules = RulesInForce(settings, distributor, flows.walked, resync.rules_changed)
    rules.begin(found.rules)
    epoch = found.engine.epoch + 1
    distributor.post(events.Started(epoch))

    lookups = await stack.enter_async_context(HttpLookups(settings.site.services))

    async def take(line: Line) -> None:
        async with flows.walking(line.facts) as flow:
            await take_call(line, flow, distributor, clock, rules.hours, lookups)

    agi = _agi_server(settings, take, prompts, keys)
    answers = Answers(distributor, clock, rules, FlowRequests(flows, SqlAudit(database), clock))
    control = ControlServer(settings.core_socket, answers.answer)
    parts = (distributor.run(), ami.run(), resync.follow(), resync.keep_alive(), announcer.run())
    tasks = _running(parts, stack)
    await agi.start()
    stack.push_async_callback(agi.stop, DRAIN_SECONDS)
    await control.start()
    stack.push_async_callback(control.stop)
    await flows.catch_up()
    log.info("core is up", extra={"replayed": found.records, "epoch": epoch})
    return tasks


def _hear(event: Mapping[str, str], keys: DoubleKeys, switchboard: Switchboard) -> None:
    """One event of Asterisk's, told to those who want it."""
    keys.hear(event)
    switchboard.hear(event)


def _agi_server(
    settings: Settings,
    take: Callable[[Line], Awaitable[None]],
    prompts: PromptFolder,
    keys: DoubleKeys,
) -> AgiServer:
    secret = settings.secret("agi")
    return AgiServer("127.0.0.1", settings.ports.agi, secret, take, prompts, keys=keys)


def _running(
    parts: Iterable[Coroutine[Any, Any, None]], stack: AsyncExitStack
) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(part) for part in parts]
    for task in tasks:
        stack.callback(task.cancel)
    return tasks


def _prompts(settings: Settings) -> PromptFolder:
    """The recordings; those of an earlier run that said something personal are gone."""
    prompts = PromptFolder(settings.prompts)
    prompts.forget_personal()
    return prompts


def main() -> int:
    """Exit status 0 when told to stop, 1 with the reason when something is wrong."""
    try:
        settings = load()
    except BadSettings as bad:
        print("\n".join(bad.faults), file=sys.stderr)
        return 1
    logs.configure(settings.log_level, "core")
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(serve(settings))
    except (BadFlow, StoreFailed, StoreRefused) as fault:
        log.error("core cannot start", extra={"why": str(fault)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
