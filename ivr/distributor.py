"""Keeps one routing engine running: the single writer of engine and journal.

Everybody else posts entries. The loop takes what has come, lets the engine decide, writes events
and decisions in one commit, and only then has the commands carried out. Commands that fail come
back as events.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from acd import events, snapshot
from acd.commands import Close, Command, Offer, Overflow, Undisposed, Withdraw
from acd.config import Centre
from acd.engine import Engine
from acd.events import Event
from acd.model import CALLED_BACK, CALLS, CHATS, ContactId, QueueId, Seconds
from acd.overflow import way_out
from acd.states import ForbiddenMove
from acd.why import line_for
from ivr import out_of_line
from ivr.decided import record_of
from ivr.matter import ANY, Matter
from ivr.ports import (
    CallFacts,
    Clock,
    Journal,
    JournalFailed,
    Note,
    PersonId,
    Phones,
    Record,
    Snapshot,
    StoreFailed,
    StoreRefused,
    Vault,
)
from ivr.returns import taken_up
from ivr.survey_record import SURVEY_ANSWERED, talk_of

log = logging.getLogger(__name__)

RECORDS_PER_SNAPSHOT = 2000
"""At least so many, and as many as there are contacts: what a snapshot costs grows with these."""
CEL_APPLIED = "CelApplied"
"""Journal kind: the telephone side's own record was applied up to and including row `row`."""
RULES_CHANGED = "RulesChanged"
"""Journal kind: from here on the engine goes by the rules of this `version`, with these `rules`."""
JOURNAL_RETRY_SECONDS = 0.5
INTRODUCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class NewRules:
    """Rules to go by from now on, and what the centre file says of them."""

    centre: Centre
    content: Mapping[str, Any]


Entry = Event | Note | NewRules


@dataclass(slots=True)
class _Posted:
    """Entries that belong together, and who waits until they are durable."""

    entries: tuple[Entry, ...]
    durable: asyncio.Future[None] | None = None


class Distributor:
    """One engine, one journal, one loop."""

    def __init__(
        self, engine: Engine, journal: Journal, phones: Phones, vault: Vault, clock: Clock,
        cel_row: int = 0,
    ) -> None:  # fmt: skip
        self.engine = engine
        engine.explains = line_for
        self._journal = journal
        self._phones = phones
        self._vault = vault
        self.clock = clock
        self._inbox: deque[_Posted] = deque()
        self._wake = asyncio.Event()
        self.writes = True
        """Whether the journal takes what is decided; while it does not, nobody is offered."""
        self._since_snapshot = 0
        self._last = 0
        """The journal's newest record."""
        self.cel_row = cel_row
        """Up to which row the telephone side's own record has been applied."""
        self.overflows: Callable[[Overflow], Coroutine[Any, Any, None]] | None = None
        """Who carries out what overflow rules say; None: nobody, it is only written down."""
        self._effects: set[asyncio.Task[None]] = set()

    # ---------------------------------------------------------------- what others may do

    def post(self, *entries: Entry) -> None:
        """Tell what happened. Entries of one call are written in one commit."""
        self._put(_Posted(entries))

    async def record(self, *entries: Entry) -> None:
        """Tell what happened, or ask for something, and wait until it is durable.

        Raises `ForbiddenMove` when the engine refuses the request.
        """
        durable = asyncio.get_running_loop().create_future()
        self._put(_Posted(entries, durable))
        await durable

    async def begin(self, facts: CallFacts) -> PersonId:
        """A call has begun: whose number it is goes into the vault, only an id into the journal."""
        number, vault = facts.caller_number, self._vault
        person = await (vault.person_for_number(number) if number else vault.new_person())
        if not (facts.talked or facts.left):
            data = {"person": person, "dialled": facts.dialled, "language": facts.language}
            self.post(Note(facts.contact, "CallStarted", data))
        return person

    async def enqueue(
        self, facts: CallFacts, queue: str, class_: str, language: str,
        person: PersonId | None, matter: Matter = ANY,
    ) -> Seconds:  # fmt: skip
        """Record the contact durably; the time at which it entered. Who has waited before has that
        place; who was promised a callback and waits nevertheless is not called back."""
        now, known = self.clock.now(), self.engine.contacts.get(facts.contact)
        if known:
            await self.record(*out_of_line.waits_again(known, queue, matter.skills))
        else:
            arrived = events.Arrived(
                facts.contact, QueueId(queue), now, class_=class_, language=language,
                skills=dict(matter.skills), urgency=matter.urgency, resumes=matter.resumes,
                preferred=matter.preferred, repeat=matter.repeat,
            )  # fmt: skip
            await self.record(*taken_up(self.engine, matter.resumes), arrived)
        known = self.engine.contacts.get(facts.contact)
        return known.entered_at if known else now

    async def let_out(self, facts: CallFacts) -> None:
        """The caller came out of the waiting loop: skipped from now on, with the place kept."""
        await self.record(out_of_line.let_out(facts.contact))

    async def way_out(self, queue: str, class_: str) -> str:
        """Where the queue's overflow rules send a caller who comes now; empty: to wait."""
        return way_out(self.engine, QueueId(queue), class_, self.clock.now())

    def meet(self, facts: CallFacts, *entries: Entry) -> None:
        """News of a caller who may have come to the waiting loop without our script."""
        known = self.engine.contacts.get(facts.contact)
        if known and known.channel == CHATS:
            return  # a line that is about to end: it says nothing of where they wait now
        if known and known.channel == CALLED_BACK:  # the plain menu: they wait after all
            entries = (events.Moved(facts.contact, CALLS), *entries)
        if known or facts.contact in self.engine.ended:
            self.post(*entries)
        else:
            self._start(self._introduce(facts, entries))

    async def _introduce(self, facts: CallFacts, entries: tuple[Entry, ...]) -> None:
        await self.introduce(facts)
        self.post(*entries)

    async def introduce(self, facts: CallFacts) -> None:
        """`begin` for a caller who is there already; a vault that fails keeps nobody out."""
        try:
            async with asyncio.timeout(INTRODUCE_SECONDS):
                await self.begin(facts)
        except (TimeoutError, StoreFailed, StoreRefused) as fault:
            log.warning("caller not looked up", extra={"contact": facts.contact, "why": str(fault)})

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """Write a line of the call's story."""
        self.post(Note(contact, kind, data))

    async def write(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """The same, durable when it returns."""
        await self.record(Note(contact, kind, data))

    # ---------------------------------------------------------------- the loop

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await self._wait_for_work()
            await self._work()

    async def _wait_for_work(self) -> None:
        deadline = self.engine.next_deadline()
        timeout = None if deadline is None else max(deadline - self.clock.now(), 0.0)
        try:
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        except TimeoutError:
            self._inbox.append(_Posted((events.TimePassed(),)))
        self._wake.clear()

    async def _work(self) -> None:
        now = self.clock.now()
        batch, self._inbox = self._inbox, deque()
        records: list[Record] = []
        commands: list[Command] = []
        for posted in batch:
            try:
                for entry in posted.entries:
                    self._decide(entry, now, records, commands)
            except ForbiddenMove as refusal:
                if posted.durable and not posted.durable.done():
                    posted.durable.set_exception(refusal)
                else:
                    log.warning("request refused", extra={"why": str(refusal)})
        if records:
            await self._write(records, now)
        for posted in batch:
            if posted.durable and not posted.durable.done():
                posted.durable.set_result(None)
        for command in commands:
            self._carry_out(command)
        if self._since_snapshot >= max(RECORDS_PER_SNAPSHOT, len(self.engine.contacts)):
            await self.save_snapshot(self._last, now)

    def _decide(
        self, entry: Entry, now: Seconds, records: list[Record], commands: list[Command]
    ) -> None:
        if isinstance(entry, Note):
            if entry.kind == CEL_APPLIED:
                self.cel_row = entry.data["row"]
            data = entry.data
            if entry.kind == SURVEY_ANSWERED and entry.contact:
                data = {**talk_of(self.engine, entry.contact), **data}
            records.append(Record(now, entry.kind, data, entry.contact))
            return
        if isinstance(entry, NewRules):
            self.engine.use(entry.centre, now)
            rules = {"version": entry.centre.version, "rules": entry.content}
            records.append(Record(now, RULES_CHANGED, rules))
            return
        decided = self.engine.handle(entry, now)
        if not self.engine.changed:
            return
        kind, version, data = events.to_plain(entry)
        records.append(Record(now, kind, data, data.get("contact"), version))
        for command in decided:
            records.append(record_of(self.engine, command, now))
        commands += decided

    async def _write(self, records: list[Record], now: Seconds) -> None:
        """Durable before any effect. While the journal fails nothing is decided; nobody is lost."""
        while True:
            try:
                self._last, self.writes = await self._journal.append(records), True
                break
            except JournalFailed as failure:
                self.writes = False
                log.error("journal failed, trying again", extra={"why": str(failure)})
                await asyncio.sleep(JOURNAL_RETRY_SECONDS)
        self._since_snapshot += len(records)

    async def save_snapshot(self, seq: int, now: Seconds) -> None:
        """Keep the engine's state as of record `seq`."""
        self._since_snapshot = 0
        try:
            state = {"engine": snapshot.dump(self.engine), "cel_row": self.cel_row}
            await self._journal.save_snapshot(Snapshot(seq, now, state))
        except JournalFailed as failure:
            log.error("snapshot failed", extra={"why": str(failure)})

    # ---------------------------------------------------------------- effects

    def _carry_out(self, command: Command) -> None:
        if isinstance(command, Offer):
            self._start(self._phones.offer(command))
        elif isinstance(command, Withdraw):
            self._start(self._phones.withdraw(command))
        elif isinstance(command, Close):
            log.info("contact ended", extra={"contact": command.contact, "how": command.how})
        elif isinstance(command, Undisposed):
            log.info("talk without a disposition", extra={"agent": command.agent})
        elif self.overflows:
            self._start(self.overflows(command))

    def _start(self, effect: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(effect)
        self._effects.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._effects.discard(task)
        if not task.cancelled() and task.exception():
            log.error("a command was not carried out", exc_info=task.exception())

    def _put(self, posted: _Posted) -> None:
        self._inbox.append(posted)
        self._wake.set()
