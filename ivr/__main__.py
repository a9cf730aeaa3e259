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
from collections.abc import Awaitable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any

from acd import events
from adapters.asterisk.agi_server import AgiServer, PortTaken
from adapters.asterisk.config import prompt_texts
from adapters.asterisk.double_keys import DoubleKeys
from adapters.asterisk.inside import inside
from adapters.asterisk.recorded import recorded
from adapters.asterisk.talk_desk import TalkDesk
from adapters.asterisk.telephony import Telephony, call_server, telephony
from adapters.control.server import ControlServer
from adapters.lookups.http import HttpLookups
from adapters.python_steps.threads import PythonThreads
from adapters.stores.chat_files import FolderShelf
from adapters.stores.closure_file import ClosureFile, pin_in
from adapters.stores.keys import KeyRing
from adapters.stores.opened import Stores, opened
from adapters.stores.outbox import TEXTS, FileOutbox
from adapters.stores.passes import SqlPasses
from adapters.stores.recordings import SealedRecordings
from ivr import logs
from ivr.agent_phones import AgentPhones
from ivr.announcer import Announcer
from ivr.answers import Answer, Answers
from ivr.call import take_call
from ivr.caller_lists import CallerLists
from ivr.chat_call_me import CallMe
from ivr.chat_flow import Walks
from ivr.chat_parts import begin_chats
from ivr.clock import CentreClock
from ivr.closures import Closures
from ivr.contact_requests import ContactRequests
from ivr.dialling import Routing
from ivr.dispositions import DispositionRequests
from ivr.distributor import Distributor
from ivr.earlier import EarlierContacts
from ivr.faults import BadFlow
from ivr.flow_requests import FlowRequests
from ivr.flows_in_force import load_in_force
from ivr.gate import Gate
from ivr.live_flows import LiveFlows, live_flows
from ivr.neighbours import Neighbours
from ivr.online_parts import going_online
from ivr.outward_parts import OutwardParts, outward_parts
from ivr.pass_requests import of_passes
from ivr.pin_requests import PinRequests
from ivr.pins import VaultPins
from ivr.ports import Audit, Clock, Line, StoreFailed, StoreRefused
from ivr.python_files import python_functions
from ivr.record_requests import of_records
from ivr.recovery import recover
from ivr.recovery_parts import of_texts_and_recovery
from ivr.returns import KeptPlaces, asked_of
from ivr.rules import RulesInForce
from ivr.seats import Seats
from ivr.settings import BadSettings, Settings, load
from ivr.talk import TalkRequests
from ivr.ways_out import carry_out
from ivr.whose import Whose
from voice.prompts import PromptFolder

gc.freeze()  # and no later look needs to go through it either
gc.enable()

log = logging.getLogger(__name__)

DRAIN_SECONDS = 2.0
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
    flows = live_flows(settings, load_in_force(settings), lambda: rules, lambda: clock)
    kept = await opened(settings, stack)
    journal, vault, audit = kept.journal, kept.vault, kept.audit
    found = await recover(journal, settings.centre)
    clock, prompts, keys = CentreClock(found.at), _prompts(settings), DoubleKeys()
    side = telephony(settings, found, journal, vault, clock, prompts, keys)
    distributor, switchboard, resync = side.distributor, side.switchboard, side.resync
    announcer = Announcer(distributor.engine, flows.of_waiting, side.voice, clock)
    await carry_out(distributor, flows.of_waiting, switchboard, journal, settings.site.offered)
    rules = RulesInForce(settings, distributor, flows.walked, resync.rules_changed)
    rules.begin(found.rules)
    distributor.post(events.Started(epoch := found.engine.epoch + 1, settings.site.chat is None))

    pins = VaultPins(vault, clock)
    outward, phones = await _outward(settings, side, kept, clock, rules, prompts)
    lists = CallerLists(vault, audit, clock, settings.site.outbound.is_emergency)
    closures = _closures(settings, audit, distributor, clock, flows)
    gate = _gate(settings, lists, closures)
    again = asked_of(settings.site, prompt_texts())
    returns = KeptPlaces(journal, distributor.engine, clock, *again)
    earlier = EarlierContacts(journal, distributor.engine, clock)
    neighbours = await _neighbours(settings, stack, kept, gate, pins, outward, returns, earlier)

    async def take(line: Line) -> None:
        async with flows.walking(line.facts) as flow:
            await take_call(line, flow, distributor, clock, rules.hours, neighbours)

    agi = call_server(settings, take, prompts, keys)
    more = lists.requests | closures.requests | PinRequests(pins, vault, audit, clock).known
    walks = Walks(flows, lambda: rules.hours, neighbours)
    asked, work = await _asked(settings, side, kept, outward, phones, pins, clock, walks)
    work += await going_online(
        settings.site, distributor, side.voice, asked, outward.calling, flows.of_waiting, journal,
        vault, audit, clock,
    )  # fmt: skip
    answers = Answers(distributor, clock, rules, FlowRequests(flows, audit, clock), more | asked)
    parts = distributor.run(), side.ami.run(), resync.follow(), resync.keep_alive(), side.gone.run()
    behind = announcer.run(), outward.dialler.run(), returns.run(), earlier.run(), side.trunks.run()
    tasks = _running((*parts, *behind, *work), stack)
    await _listen(agi, ControlServer(settings.core_socket, answers.answer), stack)
    await flows.catch_up()
    log.info("core is up", extra={"replayed": found.records, "epoch": epoch})
    return tasks


async def _outward(
    settings: Settings, side: Telephony, kept: Stores, clock: Clock, rules: RulesInForce,
    prompts: PromptFolder,
) -> tuple[OutwardParts, AgentPhones]:  # fmt: skip
    """Everything that calls somebody, and how agents are rung; from now on it is done so."""
    site, distributor = settings.site, side.distributor
    outward = await outward_parts(
        site, distributor, kept.journal, kept.vault, clock, rules, side.line
    )
    side.phones.outward = outward.offers
    side.ears.append(outward.offers.hear)
    phones = AgentPhones(site, distributor, outward.routing, prompts, Seats())
    await phones.seats.remember(kept.journal)
    side.lines.plans, side.second.routing = phones, outward.routing
    return outward, phones


async def _asked(
    settings: Settings, side: Telephony, kept: Stores, outward: OutwardParts, phones: AgentPhones,
    pins: VaultPins, clock: Clock, walks: Walks,
) -> tuple[dict[str, Answer], list[Coroutine[Any, Any, None]]]:  # fmt: skip
    """What the core can be asked of contacts, talks and agents, by name; and the work of it that
    never ends."""
    site, distributor = settings.site, side.distributor
    journal, vault, audit = kept.journal, kept.vault, kept.audit
    among, seats = inside(site, side, vault, audit, pins, clock, phones.seats)
    shown, sealing = recorded(
        settings, side, _recordings(settings, kept), vault, journal, audit, clock
    )
    passes = of_passes(settings, SqlPasses(kept.database), distributor, journal, audit, clock)
    shelf = FileOutbox(settings.data, TEXTS)
    known = outward.requests(vault, audit) | among | shown
    known |= _talks(settings, side, outward.routing, audit, clock)
    known |= of_records(
        outward.desk, vault, audit, journal, clock, distributor.engine, site.languages
    )
    texts, recovery = of_texts_and_recovery(
        site, distributor, vault, audit, journal, shelf, clock, outward, passes.desk, side.gone
    )
    known |= texts | passes.known
    begun = side.phones, distributor, vault, journal, clock, passes, FolderShelf(settings.data)
    known |= (chats := await begin_chats(site, *begun, known, walks)).known
    if site.chat:
        promised = outward.desk, outward.routing, vault, Whose(journal).of
        known |= CallMe(chats.book, distributor.engine, *promised, site.outbound.is_emergency).known
    return known, [phones.run(), seats, sealing, passes.run(), recovery.run(), *chats.work]


def _talks(
    settings: Settings, side: Telephony, routing: Routing, audit: Audit, clock: Clock
) -> dict[str, Answer]:
    """What agents may ask of a talk, and say of it; what supervisors may of who waits."""
    desk = TalkDesk(side.ami, side.switchboard, side.holds)
    destinations = settings.site.destinations
    said = DispositionRequests(side.distributor, audit, clock)
    ordered = ContactRequests(side.distributor, audit, clock)
    asked = TalkRequests(side.distributor, desk, destinations, routing)
    return {**asked.known, **said.known, **ordered.known}


async def _neighbours(
    settings: Settings, stack: AsyncExitStack, kept: Stores, gate: Awaitable[Gate],
    pins: VaultPins, outward: OutwardParts, returns: KeptPlaces, earlier: EarlierContacts,
) -> Neighbours:  # fmt: skip
    """Everything that steps of flows may turn to."""
    return Neighbours(
        gate=await gate,
        lookups=await stack.enter_async_context(HttpLookups(settings.site.services)),
        outbox=FileOutbox(settings.data), destinations=settings.site.destinations,
        python=PythonThreads(python_functions(settings)), pins=pins, callbacks=outward.desk,
        recordings=_recordings(settings, kept), seals=kept.vault, told_by_email=settings.site.email,
        routing=outward.routing, returns=returns, earlier=earlier,
    )  # fmt: skip


async def _listen(agi: AgiServer, control: ControlServer, stack: AsyncExitStack) -> None:
    """Calls and questions may come from now on."""
    await agi.start()
    stack.push_async_callback(agi.stop, DRAIN_SECONDS)
    await control.start()
    stack.push_async_callback(control.stop)


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
    refusal = _spoken("refused", settings)
    return Gate(lists, settings.site.blocked_callers, refusal, closures)


def _spoken(name: str, settings: Settings) -> dict[str, str]:
    words, spoken = prompt_texts()[name], settings.site.languages
    return {language: words[language] for language in spoken if language in words}


def _running(
    parts: Iterable[Coroutine[Any, Any, None]], stack: AsyncExitStack
) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(part) for part in parts]
    for task in tasks:
        stack.callback(task.cancel)
    return tasks


def _recordings(settings: Settings, kept: Stores) -> SealedRecordings:
    return SealedRecordings(kept.database, KeyRing(settings.secrets), settings.data)


def _prompts(settings: Settings) -> PromptFolder:
    """The recordings; those of an earlier run that said something personal are gone."""
    prompts = PromptFolder(settings.prompts)
    prompts.forget_personal()
    return prompts


def main() -> int:
    """Exit status 0 when told to stop, 1 with the reason when something is wrong."""
    if sys.argv[1:]:
        print("this is the core process and takes no arguments; commands: ./hotline --help")
        return 2
    try:
        settings = load()
    except BadSettings as bad:
        print("\n".join(bad.faults), file=sys.stderr)
        return 1
    logs.configure(settings.log_level, "core")
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        asyncio.run(serve(settings))
    except (BadFlow, PortTaken, StoreFailed, StoreRefused) as fault:
        log.error("core cannot start", extra={"why": str(fault)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
