"""Emergency closures: a queue, or the whole house, is closed now, whatever its opening hours say.

Set and lifted by command or by telephone with a PIN. Each has an end; what is closed stays so over
a restart. Whoever waits already is served.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from acd.model import ContactId, Seconds
from ivr.closure_pin import Pin
from ivr.faults import meant
from ivr.flow import Flow
from ivr.ports import Audit, Audited, Clock, CoreRefused, EffectKey, Note, StoreFailed

log = logging.getLogger(__name__)

ALL = "all"
"""In place of a queue: the whole house."""
CLOSURE_SET, CLOSURE_LIFTED = "ClosureSet", "ClosureLifted"
"""Journal kinds: a queue, or all, was closed, or is open again."""
BY_TELEPHONE = "telephone"
MOST_CHARACTERS = 500
MOST_WRONG = 10
WRONG_SECONDS: Seconds = 3600.0
"""After so many wrong PINs within so long no PIN is good, until the first of them is older."""
Fields = Mapping[str, Any]


class Locked(Exception):
    """Too many wrong PINs of late: none is looked at."""


@dataclass(frozen=True, slots=True)
class Closure:
    """One queue, or all of them, closed: why, by whom, since when and until when (UTC)."""

    queue: str
    why: str
    who: str
    since: Seconds
    until: Seconds


@dataclass(frozen=True, slots=True)
class Kept:
    """What outlives the process: closures, and when PINs were wrong."""

    closures: Sequence[Closure] = ()
    wrong: Sequence[Seconds] = ()


class ClosureStore(Protocol):
    """Where they are kept."""

    def read(self) -> Kept: ...

    def write(self, kept: Kept) -> None:
        """Durable when it returns. Blocks; raises `StoreFailed`."""


@dataclass(frozen=True, slots=True)
class ByTelephone:
    """The call in which a closure is set or lifted."""

    contact: ContactId
    effect: EffectKey
    person: str | None


@dataclass(slots=True)
class Closures:
    """What is closed now. Changes are in the audit before they are done, then in the journal."""

    store: ClosureStore
    audit: Audit
    clock: Clock
    pin: Callable[[], Pin | None]
    """The PIN as it is now; None: none is set, and nobody may do anything by telephone."""
    record: Callable[[Note], Awaitable[None]]
    queues: Callable[[], Collection[str]]
    flows: Callable[[], Iterable[Flow]]
    """Those that calls walk."""
    _closed: dict[str, Closure] = field(default_factory=dict)
    _wrong: list[Seconds] = field(default_factory=list)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def requests(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What the core is asked about closures, by name."""
        return {"closure on": self._on, "closure off": self._off, "closure list": self._list}

    def begin(self) -> None:
        """Take up what is kept. What cannot be read is told, and the house is open."""
        try:
            kept = self.store.read()
        except StoreFailed as fault:
            log.error("closures not read, nothing is closed by them", extra={"why": str(fault)})
            return
        self._closed = {closure.queue: closure for closure in kept.closures}
        self._wrong = list(kept.wrong)

    def in_force(self) -> list[Closure]:
        """Those that have not come to their end."""
        now = self.clock.now()
        return [closure for closure in self._closed.values() if now < closure.until]

    def is_closed(self, queue: str) -> bool:
        return any(closure.queue in (ALL, queue) for closure in self.in_force())

    # ---------------------------------------------------------------- deeds

    async def close(self, closure: Closure, call: ByTelephone | None = None) -> None:
        """Close from now on; in place of an earlier closure of the same queue."""
        async with self._one_at_a_time:
            details = {"until": closure.until, **_of_call(call)}
            await self._write_audit("closure on", closure.queue, closure.who, closure.why, details)
            after = {**{c.queue: c for c in self.in_force()}, closure.queue: closure}
            await self._keep(after)
        data = {"queue": closure.queue, "until": closure.until, "who": closure.who}
        await self._tell(CLOSURE_SET, data, call)

    async def lift(self, queue: str, who: str, call: ByTelephone | None = None) -> bool:
        """Open again from now on; with `ALL` every queue. Whether anything was closed."""
        async with self._one_at_a_time:
            now_closed = {closure.queue: closure for closure in self.in_force()}
            after = {q: c for q, c in now_closed.items() if queue not in (ALL, q)}
            if len(after) == len(now_closed):
                return False
            await self._write_audit("closure off", queue, who, "", _of_call(call))
            await self._keep(after)
        await self._tell(CLOSURE_LIFTED, {"queue": queue, "who": who}, call)
        return True

    async def is_pin(self, keys: str) -> bool:
        """Whether this is the PIN; raises `Locked`. Every try counts before it is looked at."""
        async with self._one_at_a_time:
            now = self.clock.now()
            self._wrong = [at for at in self._wrong if now - at < WRONG_SECONDS]
            if len(self._wrong) >= MOST_WRONG:
                log.warning("closure by telephone is locked", extra={"wrong": len(self._wrong)})
                raise Locked
            self._wrong.append(now)
            await self._keep(self._closed)
            pin = self.pin()
            if pin is None:
                log.warning("closure by telephone has no PIN: ./hotline closure pin sets one")
            if pin is None or not await asyncio.to_thread(pin.is_good, keys):
                return False
            self._wrong.pop()
            await self._keep(self._closed)
            return True

    # ---------------------------------------------------------------- requests

    async def _on(self, fields: Fields) -> Fields:
        queue, why = self._queue(fields), " ".join(str(fields.get("why", "")).split())
        now, until = self.clock.now(), fields.get("until")
        if not why or len(why) > MOST_CHARACTERS:
            raise CoreRefused(f"say why, in {MOST_CHARACTERS} characters at most")
        if not isinstance(until, int | float) or until <= now:
            raise CoreRefused("the end is over already: name a later one")
        await self._do(self.close(Closure(queue, why, str(fields.get("who", "")), now, until)))
        return {**await self._list({}), "untold": self._untold()}

    def _untold(self) -> list[str]:
        """Flows with a queue that look at no hours: their callers notice nothing of a closure."""
        found = [(flow, {step.do for step in flow.steps.values()}) for flow in self.flows()]
        return [
            f.version or f.name for f, kinds in found if kinds & {"queue", "hours"} == {"queue"}
        ]

    async def _off(self, fields: Fields) -> Fields:
        queue = self._queue(fields)
        if not await self._do(self.lift(queue, str(fields.get("who", "")))):
            raise CoreRefused(f"{queue} is not closed")
        return await self._list({})

    async def _list(self, fields: Fields) -> Fields:
        return {"closures": [asdict(closure) for closure in self.in_force()]}

    def _queue(self, fields: Fields) -> str:
        queue, known = str(fields.get("queue", "")), {ALL, *self.queues()}
        if queue not in known and queue not in self._closed:
            raise CoreRefused(f"there is no queue {queue!r}{meant(queue, known)}")
        return queue

    # ---------------------------------------------------------------- how

    async def _do(self, deed: Awaitable[Any]) -> Any:
        try:
            return await deed
        except StoreFailed as fault:
            raise CoreRefused(f"not changed: {fault}") from fault

    async def _write_audit(
        self, deed: str, queue: str, who: str, why: str, details: Mapping[str, Any]
    ) -> None:
        await self.audit.write(Audited(self.clock.now(), who, deed, queue, why, details))

    async def _keep(self, closed: Mapping[str, Closure]) -> None:
        kept = Kept(tuple(closed.values()), tuple(self._wrong))
        await asyncio.to_thread(self.store.write, kept)
        self._closed = dict(closed)

    async def _tell(self, kind: str, data: Mapping[str, Any], call: ByTelephone | None) -> None:
        log.info("closure changed", extra={"kind": kind, **data})
        effect = {"effect": call.effect} if call else {}
        await self.record(Note(call.contact if call else None, kind, {**data, **effect}))


def _of_call(call: ByTelephone | None) -> dict[str, Any]:
    """What the audit has of the call: ids only."""
    return {"contact": call.contact, "person": call.person} if call else {}
