"""The life of a ticket: its states as a table, and which one a contact joins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NewType

from ulid import ULID

from acd.model import ContactId, Seconds
from acd.states import ForbiddenMove
from ivr.ports import PersonId

TicketId = NewType("TicketId", str)
"""`tic_` and a ULID."""

JOIN_SECONDS = 24 * 3600.0
"""How long after its opening an open ticket takes up further contacts of its person."""


class NoSuch(Exception):
    """There is no such ticket, contact or customer."""


class TicketState(StrEnum):
    """Where a ticket stands; exactly one at a time."""

    OPEN = "open"
    CLOSED = "closed"


TICKET_MOVES: dict[tuple[TicketState, str], TicketState] = {
    (TicketState.OPEN, "close"): TicketState.CLOSED,
    (TicketState.CLOSED, "reopen"): TicketState.OPEN,  # by an operator; a call opens a new one
}


@dataclass(slots=True)
class Ticket:
    """One piece of work for one person. A ticket without a person is never joined."""

    id: TicketId
    opened_at: Seconds
    contact: ContactId
    """The contact that opened it."""
    person: PersonId | None = None
    state: TicketState = TicketState.OPEN
    changed_at: Seconds = 0.0
    closed_at: Seconds | None = None


def after_ticket(state: TicketState, move: str) -> TicketState:
    """The ticket's next state, or `ForbiddenMove` naming move and state."""
    try:
        return TICKET_MOVES[state, move]
    except KeyError:
        raise ForbiddenMove(f"a ticket that is {state} cannot {move}") from None


def to_join(tickets: Iterable[Ticket], person: PersonId | None, now: Seconds) -> Ticket | None:
    """The newest open ticket of this person, if it was opened in the last 24 hours."""
    if person is None:
        return None
    return newest_open(
        t for t in tickets if t.person == person and now - t.opened_at <= JOIN_SECONDS
    )


def newest_open(tickets: Iterable[Ticket]) -> Ticket | None:
    """The open ticket that was opened last; ties go by id."""
    opened = [ticket for ticket in tickets if ticket.state is TicketState.OPEN]
    return max(opened, key=lambda ticket: (ticket.opened_at, ticket.id), default=None)


def lasting_id(prefix: str, at: Seconds, reference: str) -> str:
    """`prefix_` and a ULID that follows from its arguments: a rebuilt table has the same ids."""
    stamp = round(at * 1000).to_bytes(6, "big")
    return f"{prefix}_{ULID(stamp + sha256(f'{prefix}:{reference}'.encode()).digest()[:10])}"
