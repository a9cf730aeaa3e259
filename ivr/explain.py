"""Why a contact was offered to an agent, recomputed from the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from acd import events
from acd.commands import Offer
from acd.config import Centre
from acd.engine import Engine
from acd.floor import Floor
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
    why: dict[OfferId, Why] = {}
    found: list[Explained] = []

    def explains(floor: Floor, offer: Offer, now: Seconds) -> str:
        if offer.contact == contact:
            why[offer.offer] = explain(floor, offer, now)
        return ""

    engine = Engine(centre)
    engine.waits, engine.explains = Waits(centre), explains
    async for record in journal.read(0):
        if record.kind == RULES_CHANGED and (rules := rules_in(record)):
            engine.use(rules, record.at)
        elif events.is_event_kind(record.kind):
            _replay(engine, record)
        elif record.kind == "Offered" and record.contact == contact:
            offer, agent = OfferId(record.data["offer"]), str(record.data["agent"])
            made = why.get(offer)
            same = made if made and made.agent == agent else None
            found.append(Explained(offer, agent, record.at, same))
        elif record.kind == "ContactEnded" and record.contact == contact:
            break
    return found


def _replay(engine: Engine, record: Record) -> None:
    event = events.from_plain(record.kind, record.version, dict(record.data))
    with suppress(ForbiddenMove):  # refused under these rules
        engine.handle(event, record.at)
