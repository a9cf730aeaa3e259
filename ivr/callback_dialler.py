"""Keeps promised callbacks: looks which are due, and dials.

Every second it compares three things: the callback's state (`ivr.callback_states`, from the
journal), the contact's state (the engine's), and what the telephone side knows of a dialling. What
has to be done follows from them alone, so a process that begins anew goes on where the last one
ended, and nobody is dialled twice: a dialling is written down before it begins, and one that cannot
be found any more counts as an attempt.
"""

from __future__ import annotations

import asyncio
import logging

from acd.engine import Engine
from acd.model import CALLED_BACK, Contact, ContactId, OfferId
from acd.states import ContactState
from ivr import callback_states as states
from ivr.callback_book import CallbackBook
from ivr.callback_ledger import CallbackLedger
from ivr.callback_states import Callback, CallbackState, ClosedBy
from ivr.callback_turn import its_turn
from ivr.dialling import NotDialled, Refusal, Routing
from ivr.outward import Dialling, Outward, Told, on_the_line
from ivr.ports import Clock, StoreFailed, StoreRefused, Vault

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
MISSED = 3
"""So many looks in a row must miss a dialling before it counts as gone: the telephone side's own
record is written a little behind."""
AGENT, CUSTOMER = "agent", "customer"
IN_LINE = (ContactState.WAITING, ContactState.RINGING)
WITH_AGENT = (ContactState.TALKING, ContactState.AFTER)


class CallbackDialler:
    """`run` it once. `agent_waits` tells it of agents who are to talk."""

    def __init__(
        self, ledger: CallbackLedger, engine: Engine, vault: Vault, clock: Clock,
        routing: Routing, outward: Outward,
    ) -> None:  # fmt: skip
        self.ledger = ledger
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._routing = routing
        self._outward = outward
        self._tasks: dict[ContactId, asyncio.Task[None]] = {}
        """Diallings that this process carries out, until somebody picks up or nobody does."""
        self._missed: dict[ContactId, int] = {}
        self._one = asyncio.Lock()
        """Whoever decides about a callback has read all that was written of it."""

    @property
    def book(self) -> CallbackBook:
        """Every open callback, with its state."""
        return self.ledger.book

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except (StoreFailed, StoreRefused) as fault:
                log.error("callbacks not looked at", extra={"why": str(fault)})
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Do for every open callback what is to be done now."""
        async with self._one:
            await self.ledger.read()
            if self._engine.link_up:
                for callback in list(self.book.open.values()):
                    await self._look_at(callback)

    async def _look_at(self, callback: Callback) -> None:
        contact = self.ledger.contact(callback)
        if callback.state in states.ON_THE_WAY:
            await self._watch(callback)
        elif contact is None:
            await self.ledger.close(callback, ClosedBy.TOO_OLD)
        elif contact.channel != CALLED_BACK or self.book.was_talked_to(callback):
            await self.ledger.close(callback, ClosedBy.CALLED_IN)
        elif self._clock.now() >= callback.promise.until:
            await self.ledger.close(callback, ClosedBy.TOO_OLD)
        else:
            await self._take_turn(callback, contact)

    async def _take_turn(self, callback: Callback, contact: Contact) -> None:
        """It waits for its time, or comes to the line, or is dialled, or goes out of the line."""
        may = self.ledger.may_begin(callback)
        has_hung_up = contact.state in WITH_AGENT and contact.offer not in self._engine.offers
        if has_hung_up or (contact.state in IN_LINE and not may):
            await self.ledger.park(callback)
        elif contact.state is ContactState.PARKED and may:
            if not await self._would_go(callback):
                return
            if self.ledger.plan(callback).first == AGENT:
                await self.ledger.in_line(callback)
            elif its_turn(self._engine, contact, self._dialled_for(contact), self._clock.now()):
                await self._dial(callback, contact)

    def _dialled_for(self, contact: Contact) -> int:
        """How many of its queue are being dialled just now."""
        return sum(
            one.promise.queue == contact.queue and one.state in states.ON_THE_WAY
            for one in self.book.open.values()
        )

    # ---------------------------------------------------------------- an agent is to talk

    def takes(self, id_: ContactId) -> bool:
        """Whether an agent may be rung for this callback now."""
        callback = self.book.open.get(id_)
        if callback is None or callback.state in states.ON_THE_WAY:
            return False
        return self.ledger.may_begin(callback)

    async def takes_now(self, id_: ContactId) -> bool:
        """The same, by all that was written: also in a process that has not looked yet. False, too,
        while that cannot be read."""
        try:
            async with self._one:
                await self.ledger.read()
                return self.takes(id_)
        except (StoreFailed, StoreRefused) as fault:
            log.error("a callback is not offered", extra={"contact": id_, "why": str(fault)})
            return False

    async def agent_waits(self, id_: ContactId, offer: OfferId, leg: str) -> None:
        """An agent has accepted and waits on the channel `leg`: now the customer is dialled. Told
        again and again while they wait."""
        async with self._one:
            await self.ledger.read()
            callback, contact = self.book.open.get(id_), self._engine.contacts.get(id_)
            if callback and callback.leg == offer and callback.state in states.ON_THE_WAY:
                return
            if callback and contact and self.takes(id_):
                await self._dial(callback, contact, offer, leg)
            else:
                await self._outward.tell_agent(offer, Told.NOT_DIALLED)

    async def _dial(
        self, callback: Callback, contact: Contact, offer: str = "", leg: str = ""
    ) -> None:
        """Write down that it is dialled, then dial. The dialling rules refuse: it is put off."""
        try:
            number, queue = await self._number(callback), callback.promise.queue
            async with self._routing.counted(number, queue=queue) as routes:
                id_ = await self.ledger.dialled(callback, offer, contact.seq)
        except NotDialled as refusal:
            await self.ledger.put_off(callback, str(refusal))
            if offer:
                await self._outward.tell_agent(OfferId(offer), Told.NOT_DIALLED)
            return
        plan = self.ledger.plan(callback)
        variables = on_the_line(contact, id_, leg) | {
            "CONFIRM": "1", "FAREWELL": "1" if plan.machine_message else "",
            "RECORD_N": callback.parts, "CONSENT": callback.consent,
        }  # fmt: skip
        dialling = Dialling(id_, contact.id, routes, plan.ring_seconds, variables)
        task = self._tasks[contact.id] = asyncio.create_task(self._carry_out(callback, dialling))
        task.add_done_callback(lambda _: self._tasks.pop(contact.id, None))

    async def _would_go(self, callback: Callback) -> bool:
        """Whether the dialling rules let it out as things are; else it is put off."""
        try:
            await self._routing(await self._number(callback), queue=callback.promise.queue)
        except NotDialled as refusal:
            await self.ledger.put_off(callback, str(refusal))
            return False
        return True

    async def _number(self, callback: Callback) -> str:
        number = await self._vault.open(callback.to, "number")
        if not number:  # erased since
            raise NotDialled(Refusal.NO_NUMBER)
        return number

    async def _carry_out(self, callback: Callback, dialling: Dialling) -> None:
        how = await self._outward.dial(dialling)
        if how in (None, Told.UNKNOWN):
            return  # picked up: the dialplan has it; unknown: `_watch` finds out
        async with self._one:
            await self.ledger.read()
            is_this = callback.dialling == dialling.id and callback.state in states.ON_THE_WAY
            if is_this:
                await self._failed(callback, how)

    # ---------------------------------------------------------------- what becomes of a dialling

    async def _watch(self, callback: Callback) -> None:
        """One that is in the dialplan's hands, or was begun by another process of ours."""
        if callback.nobody:
            await self._failed(callback, Told.MACHINE)
        elif callback.contact in self._tasks:
            if callback.leg and OfferId(callback.leg) not in self._engine.offers:
                await self._outward.hang_up(callback.dialling)
        elif await self._is_gone(callback):
            asked = callback.state is CallbackState.ASKED
            await self._failed(callback, Told.HUNG_UP if asked else Told.UNKNOWN)

    async def _is_gone(self, callback: Callback) -> bool:
        lives = await self._outward.lives(callback.dialling)
        missed = 0 if lives is not False else self._missed.pop(callback.contact, 0) + 1
        if 0 < missed < MISSED:
            self._missed[callback.contact] = missed
        return missed >= MISSED

    async def _failed(self, callback: Callback, how: Told) -> None:
        leg = OfferId(callback.leg)
        gone = leg and leg not in self._engine.offers
        no_answer = how in (Told.NO_ANSWER, Told.UNKNOWN)
        await self.ledger.failed(callback, Told.AGENT_GONE if gone and no_answer else how)
        if leg:
            await self._outward.tell_agent(leg, how)

    # ---------------------------------------------------------------- what people ask for

    async def cancel(self, id_: ContactId, who: str) -> bool:
        """No call any more; False: there is no such callback, or somebody has picked up."""
        async with self._one:
            await self.ledger.read()
            callback = self.book.open.get(id_)
            if callback is None or not states.can(callback, "cancel"):
                return False
            rings = callback.state is CallbackState.DIALLING
            if rings and not await self._outward.hang_up(callback.dialling):
                return False
            leg = OfferId(callback.leg if rings else "")
            await self.ledger.close(callback, ClosedBy.CANCELLED, who)
            if leg:
                await self._outward.tell_agent(leg, Told.NOT_DIALLED)
            return True

    async def try_now(self, id_: ContactId, who: str) -> bool:
        """Not later than now, within the hours of the plan; False: there is no such callback that
        waits for its time."""
        async with self._one:
            await self.ledger.read()
            callback = self.book.open.get(id_)
            if callback is None or callback.state is not CallbackState.PROMISED:
                return False
            await self.ledger.hasten(callback, who)
        await self.look()
        return True
