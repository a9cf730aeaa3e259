"""What was before: who last answered a customer in a queue, and whether they asked for it lately.

Learned from the journal, behind the calls: nobody waits for it. What is not learned by then, as
after a start or while the store fails, was not. Customers are told apart by the person for whom
their number stands, which is a claim and no proof: it decides about the order alone.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any, Protocol

from acd.config import Class, Queue
from acd.engine import Engine
from acd.model import AgentId, ContactId, OfferId, QueueId, Rule, Seconds
from ivr.ports import Clock, Journal, PersonId, Record, StoreFailed, StoreRefused
from ivr.promises import MAKES_GOOD
from ivr.since import first_since
from ivr.tickets.life import JOIN_SECONDS

REMEMBERED: Seconds = 7 * 86_400.0
"""For so long an agent counts as the one who knows a customer."""
LOOK_SECONDS: Seconds = 1.0
MOST = 50_000
"""So many contacts, and so many customers, are remembered: the newest."""
WHOSE = ("CallStarted", MAKES_GOOD, "PassRedeemed")
"""Journal kinds that say whose a contact is."""
KINDS = (
    *WHOSE, "Arrived", "Transferred", "Offered", "OfferAnswered", "TransferCompleted",
    "ContactEnded", "CallEnded",
)  # fmt: skip

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Before:
    """What counts of it for a new contact."""

    preferred: AgentId | None = None
    """Who knows this customer, where the queue holds contacts for such agents."""
    repeat: bool = False
    """Whether they asked for the queue a short while ago, where their class brings a credit for
    that."""


NEW = Before()
"""Of whom nothing is known."""


class Earlier(Protocol):
    """Who knows of earlier contacts."""

    def of(self, person: PersonId | None, queue: str, class_: str) -> Before:
        """What was with this customer in this queue."""


class NoEarlier:
    """`Earlier` of a house that remembers nobody."""

    def of(self, person: PersonId | None, queue: str, class_: str) -> Before:
        return NEW


@dataclass(slots=True)
class _Customer:
    """Of one person, in one queue."""

    asked_at: Seconds = 0.0
    agent: AgentId | None = None
    answered_at: Seconds = 0.0


@dataclass(slots=True)
class _Contact:
    """One that goes on."""

    person: PersonId
    queue: str = ""
    offers: dict[OfferId, AgentId] = field(default_factory=dict)
    asked: set[OfferId] = field(default_factory=set)
    """Offers to colleagues who are only asked for advice."""


@dataclass(slots=True)
class EarlierContacts:
    """`Earlier` of the core. Where the rules ask for nothing of it, nothing is read."""

    journal: Journal
    engine: Engine
    clock: Clock
    _read: int | None = None
    _contacts: dict[ContactId, _Contact] = field(default_factory=dict)
    _customers: dict[tuple[PersonId, str], _Customer] = field(default_factory=dict)

    async def run(self) -> None:
        """Keep up with the journal until cancelled."""
        while True:
            try:
                await self.learn()
            except (StoreFailed, StoreRefused) as fault:
                log.warning("earlier contacts not read", extra={"why": str(fault)})
            await asyncio.sleep(LOOK_SECONDS)

    async def learn(self) -> None:
        """Take in what has been written since. Raises `StoreFailed`."""
        if not self._is_asked():
            return
        if self._read is None:
            self._read = await first_since(self.journal, self.clock.now() - REMEMBERED)
        newest, _ = await self.journal.last()
        async for record in self.journal.read(self._read, KINDS):
            if record.contact:
                self._tell(record, record.contact)
            self._read = record.seq
        self._read = max(self._read, newest)
        _forget(self._contacts)
        _forget(self._customers)

    def of(self, person: PersonId | None, queue: str, class_: str) -> Before:
        known = self._customers.get((person, queue)) if person else None
        if known is None:
            return NEW
        rules, now = self.engine.centre, self.clock.now()
        holds = rules.queues.get(QueueId(queue), Queue(QueueId(queue))).hold_for_preferred
        counts = rules.classes.get(class_, Class()).repeat
        return Before(
            known.agent if holds and now - known.answered_at <= REMEMBERED else None,
            bool(counts) and now - known.asked_at <= JOIN_SECONDS,
        )

    def _is_asked(self) -> bool:
        rules = self.engine.centre
        holds = any(queue.hold_for_preferred for queue in rules.queues.values())
        return holds or any(class_.repeat for class_ in rules.classes.values())

    def _tell(self, record: Record, id_: ContactId) -> None:
        data, known = record.data, self._contacts.get(id_)
        if record.kind in WHOSE:
            if person := data.get("person"):
                self._contacts.setdefault(id_, _Contact(PersonId(person)))
        elif known is None:
            return
        elif record.kind in ("Arrived", "Transferred"):
            known.queue = data["queue"]
            if record.kind == "Arrived":
                self._customer(known).asked_at = record.at
        elif record.kind == "Offered":
            known.offers[data["offer"]] = data["agent"]
            if data.get("rule") == Rule.CONSULT:
                known.asked.add(data["offer"])
        elif record.kind in ("OfferAnswered", "TransferCompleted"):
            self._talks(record, known)
        elif record.kind == "ContactEnded" or not known.queue:
            del self._contacts[id_]

    def _talks(self, record: Record, known: _Contact) -> None:
        """An agent has the customer from now on; who is asked for advice has not, yet."""
        offer = record.data["offer"]
        if agent := known.offers.get(offer):
            if record.kind == "OfferAnswered" and offer in known.asked:
                return
            customer = self._customer(known)
            customer.agent, customer.answered_at = agent, record.at

    def _customer(self, known: _Contact) -> _Customer:
        """Put at the end: the oldest are forgotten first."""
        key = known.person, known.queue
        customer = self._customers.pop(key, None) or _Customer()
        self._customers[key] = customer
        return customer


def _forget(kept: dict[Any, Any]) -> None:
    while len(kept) > MOST:
        del kept[next(iter(kept))]
