"""The core process: answers calls (AGI), routes them (engine), commands Asterisk (AMI).

`python -m ivr`. Builds every part, hands each what it needs, runs until SIGTERM. When it dies, no
call does: callers wait in the dialplan, and the next start takes up where the journal ends.
"""

from __future__ import annotations

import gc

gc.disable()  # what imports make stays: to look through it again and again is a tenth of a start

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any

from acd import events
from adapters.asterisk import takes
from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.ami import Ami
from adapters.asterisk.cel import CelLog
from adapters.asterisk.config import Folders, prompt_texts
from adapters.asterisk.double_keys import DoubleKeys
from adapters.asterisk.resync import Resync
from adapters.asterisk.switchboard import Switchboard
from adapters.control.server import ControlServer
from adapters.lookups.http import HttpLookups
from adapters.python_steps.threads import PythonThreads
from adapters.stores.audit import SqlAudit
from adapters.stores.closure_file import ClosureFile, pin_in
from adapters.stores.database import Database
from adapters.stores.journal import SqlJournal
from adapters.stores.keys import KeyRing
from adapters.stores.numbers import is_emergency
from adapters.stores.outbox import FileOutbox
from adapters.stores.recordings import SealedRecordings
from adapters.stores.schema import open_database
from adapters.stores.vault import SqlVault
from ivr import logs
from ivr.announcer import Announcer
from ivr.answers import Answers
from ivr.call import take_call
from ivr.callback_requests import CallbackRequests
from ivr.callbacks import CallbackDesk
from ivr.caller_lists import CallerLists
from ivr.clock import CentreClock
from ivr.closures import Closures
from ivr.distributor import Distributor
from ivr.faults import BadFlow
from ivr.flow_requests import FlowRequests
from ivr.flows_in_force import load_in_force
from ivr.gate import Gate
from ivr.live_flows import LiveFlows
from ivr.neighbours import Neighbours
from ivr.pin_requests import PinRequests
from ivr.pins import VaultPins
from ivr.ports import Audit, Clock, Line, StoreFailed, StoreRefused
from ivr.python_files import python_functions
from ivr.recording_requests import RecordingRequests
from ivr.recovery import recover
from ivr.rules import RulesInForce
from ivr.settings import BadSettings, Settings, load
from ivr.ways_out import WaysOut
from voice.prompts import PromptFolder

gc.freeze()  # and no later look needs to go through it either
gc.enable()

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
    database, journal, vault = await _stores(settings, stack)
    found = await recover(journal, settings.centre)
    clock, prompts, keys = CentreClock(found.at), _prompts(settings), DoubleKeys()
    ami = _ami(settings, keys, lambda e: switchboard.hear(e), lambda up: resync.link_changed(up))
    switchboard = Switchboard(ami, prompts)
    distributor = Distributor(found.engine, journal, switchboard, vault, clock, found.cel_row)
    switchboard.tell(distributor)
    resync = Resync(ami, CelLog(Folders.of(settings).cel), switchboard, distributor, vault)
    announcer = Announcer(distributor.engine, flows.of_waiting, switchboard, clock)
    await _lead_out(distributor, flows, switchboard, journal)
    rules = RulesInForce(settings, distributor, flows.walked, resync.rules_changed)
    rules.begin(found.rules)
    epoch = found.engine.epoch + 1
    distributor.post(events.Started(epoch))

    audit, pins = SqlAudit(database), VaultPins(vault, clock)
    desk = CallbackDesk(distributor, vault, clock, settings.site.callbacks, lambda: rules.hours)
    await desk.remember(journal)
    lists = CallerLists(vault, audit, clock, is_emergency)
    closures = _closures(settings, audit, distributor, clock, flows)
    neighbours = Neighbours(
        gate=await _gate(settings, lists, closures),
        lookups=await stack.enter_async_context(HttpLookups(settings.site.services)),
        outbox=FileOutbox(settings.data), destinations=settings.site.destinations,
        python=PythonThreads(python_functions(settings)), pins=pins, callbacks=desk,
        recordings=_recordings(settings, database), seals=vault, told_by_email=settings.site.email,
    )  # fmt: skip

    async def take(line: Line) -> None:
        async with flows.walking(line.facts) as flow:
            await take_call(line, flow, distributor, clock, rules.hours, neighbours)

    agi = _agi_server(settings, take, prompts, keys)
    more = CallbackRequests(desk, vault, audit).known | RecordingRequests(audit, clock).known
    more |= lists.requests | closures.requests | PinRequests(pins, vault, audit, clock).known
    answers = Answers(distributor, clock, rules, FlowRequests(flows, audit, clock), more)
    parts = (distributor.run(), ami.run(), resync.follow(), resync.keep_alive(), announcer.run())
    tasks = _running(parts, stack)
    await _listen(agi, ControlServer(settings.core_socket, answers.answer), stack)
    await flows.catch_up()
    log.info("core is up", extra={"replayed": found.records, "epoch": epoch})
    return tasks


async def _lead_out(
    distributor: Distributor, flows: LiveFlows, switchboard: Switchboard, journal: SqlJournal
) -> None:
    """What overflow rules say of waiting callers is carried out from now on."""
    ways = WaysOut(distributor.engine, distributor.record, flows.of_waiting, switchboard)
    await ways.remember(journal)
    distributor.overflows = ways.carry_out


def _ami(
    settings: Settings,
    keys: DoubleKeys,
    on_event: Callable[[Mapping[str, str]], None],
    on_link: Callable[[bool], None],
) -> Ami:
    """The link to Asterisk, not yet up."""

    def hear(event: Mapping[str, str]) -> None:
        keys.hear(event)
        on_event(event)

    port, secret = settings.ports.ami, settings.secret("ami")
    return Ami("127.0.0.1", port, AMI_USER, secret, on_event=hear, on_link=on_link)


async def _listen(agi: AgiServer, control: ControlServer, stack: AsyncExitStack) -> None:
    """Calls and questions may come from now on."""
    await agi.start()
    stack.push_async_callback(agi.stop, DRAIN_SECONDS)
    await control.start()
    stack.push_async_callback(control.stop)


async def _stores(
    settings: Settings, stack: AsyncExitStack
) -> tuple[Database, SqlJournal, SqlVault]:
    """The core's database, and what it keeps in it."""
    database = await open_database(settings.database_url("core"), "core")
    stack.push_async_callback(database.close)
    journal = await stack.enter_async_context(SqlJournal(database))
    vault = SqlVault(database, KeyRing(settings.secrets), data=settings.data)
    await vault.check()
    return database, journal, vault


def _closures(
    settings: Settings, audit: Audit, distributor: Distributor, clock: Clock, flows: LiveFlows
) -> Closures:
    return Closures(
        ClosureFile(settings.data), audit, clock, lambda: pin_in(settings.secrets),
        distributor.record, lambda: distributor.engine.centre.queues, flows.walked,
    )  # fmt: skip


async def _gate(settings: Settings, lists: CallerLists, closures: Closures) -> Gate:
    """What becomes of callers who are on a list, and what is closed."""
    await lists.begin()
    await asyncio.to_thread(closures.begin)
    words, spoken = prompt_texts()["refused"], settings.site.languages
    refusal = {language: words[language] for language in spoken if language in words}
    return Gate(lists, settings.site.blocked_callers, refusal, closures)


def _running(
    parts: Iterable[Coroutine[Any, Any, None]], stack: AsyncExitStack
) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(part) for part in parts]
    for task in tasks:
        stack.callback(task.cancel)
    return tasks


def _recordings(settings: Settings, database: Database) -> SealedRecordings:
    return SealedRecordings(database, KeyRing(settings.secrets), settings.data)


def _agi_server(
    settings: Settings,
    take: Callable[[Line], Awaitable[None]],
    prompts: PromptFolder,
    keys: DoubleKeys,
) -> AgiServer:
    """For calls; what an earlier run has left of recordings is gone."""
    folder, secret = Folders.of(settings).takes, settings.secret("agi")
    takes.forget(folder)
    port = settings.ports.agi
    return AgiServer("127.0.0.1", port, secret, take, prompts, takes=folder, keys=keys)


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
