"""Why a contact was offered to an agent, recomputed from the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from acd import events
from acd.commands import Offer
from acd.config import Centre
from acd.engine import Engine
from acd.model import ContactId, OfferId, Seconds
from acd.states import ForbiddenMove
from acd.waits import Waits
from acd.why import Why, explain
from ivr.distributor import RULES_CHANGED
from ivr.ports import Record
from ivr.recovery import rules_in


@dataclass(frozen=True, slots=True)
class Explained:
    """One offer of the contact. `why` None: the rules known would not have made it."""

    offer: OfferId
    agent: str
    at: Seconds
    why: Why | None


class Records(Protocol):
    """A journal that can be read."""

    def read(self, after: int = 0) -> AsyncIterator[Record]: ...


async def offers_of(journal: Records, centre: Centre, contact: ContactId) -> list[Explained]:
    """All offers that were made of this contact, with the reasons, under the rules of then.

    The journal is replayed from its beginning to the contact's end. `centre` stands in where it
    has no rules.
    """
    engine = Engine(centre)
    engine.waits = Waits(centre)
    why: dict[OfferId, Why] = {}
    found: list[Explained] = []
    async for record in journal.read(0):
        if record.kind == RULES_CHANGED and (rules := rules_in(record)):
            engine.use(rules, record.at)
        elif events.is_event_kind(record.kind):
            why |= _replayed(engine, record, contact)
        elif record.kind == "Offered" and record.contact == contact:
            offer, agent = OfferId(record.data["offer"]), str(record.data["agent"])
            made = why.get(offer)
            same = made if made and made.agent == agent else None
            found.append(Explained(offer, agent, record.at, same))
        elif record.kind == "ContactEnded" and record.contact == contact:
            break
    return found


def _replayed(engine: Engine, record: Record, contact: ContactId) -> dict[OfferId, Why]:
    event = events.from_plain(record.kind, record.version, dict(record.data))
    try:
        commands = engine.handle(event, record.at)
    except ForbiddenMove:
        return {}  # refused under these rules
    return {
        command.offer: explain(engine, command, record.at)
        for command in commands
        if isinstance(command, Offer) and command.contact == contact
    }
