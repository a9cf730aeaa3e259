"""Tickets, contacts and customers under `/api/v1`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query

from adapters.tickets.parts import (
    OPERATOR,
    CannotSeal,
    Listed,
    ListQuery,
    MaybeKeyed,
    Parts,
    Timeline,
    TimelineQuery,
    Use,
    place_of,
    shown,
)  # fmt: skip
from adapters.tickets.shapes import (
    CommentRequest,
    ContactName,
    ContactShape,
    CustomerName,
    CustomerShape,
    EventShape,
    Page,
    RevealedShape,
    RevealRequest,
    StoryPage,
    TicketName,
    TicketShape,
    contact_shape,
    moment,
    ticket_shape,
)  # fmt: skip
from adapters.tickets.store import Numbered
from ivr.masked_number import masked
from ivr.ports import Audited, PersonId
from ivr.tickets.life import TicketId, TicketState
from ivr.tickets.story import Entry

log = logging.getLogger(__name__)

router = APIRouter()

S = TypeVar("S", TicketShape, ContactShape, CustomerShape)


class TicketsQuery(ListQuery):
    state: TicketState | None = None
    customer: CustomerName | None = None


class ContactsQuery(ListQuery):
    customer: CustomerName | None = None
    ticket: TicketName | None = None
    reference: Annotated[str | None, Query(max_length=200, pattern=r"^[\x21-\x7e]+$")] = None


@router.get("/tickets", tags=["tickets"])
async def list_tickets(use: Use, query: Annotated[TicketsQuery, Query()]) -> Page[TicketShape]:
    """Tickets, newest first."""
    found = await use.queries.tickets(
        query.limit + 1, query.cursor, state=query.state, person=query.customer
    )
    return _page([ticket_shape(ticket) for ticket in found], query.limit)


@router.get("/tickets/{ticket}", tags=["tickets"])
async def read_ticket(use: Use, ticket: TicketName) -> TicketShape:
    """One ticket."""
    return ticket_shape(await use.queries.ticket(ticket))


@router.get("/tickets/{ticket}/timeline", tags=["tickets"])
async def read_timeline(use: Use, ticket: TicketName, query: Timeline) -> Page[EventShape]:
    """What happened, oldest first: the ticket's contacts, and what operators did."""
    await use.queries.ticket(ticket)
    return await _timeline(use, query, ticket=ticket)


@router.post("/tickets/{ticket}/comments", status_code=201, tags=["tickets"])
async def comment(
    use: Use, ticket: TicketName, body: CommentRequest, keyed: MaybeKeyed
) -> EventShape:
    """Write on the timeline. Give an Idempotency-Key: then a repeat writes nothing new."""
    person = (await use.queries.ticket(ticket)).person
    try:
        sealed = await use.vault.seal_text(person or PersonId(""), place_of(ticket), body.text)
    except LookupError:
        raise CannotSeal("the ticket's customer is unknown or erased: nothing is kept") from None
    entry = Entry(
        "comment", use.now(), OPERATOR, ticket=TicketId(ticket), person=person, sealed=sealed
    )
    return await _done(use, "comment written", await use.store.comment(entry, keyed))


@router.post("/tickets/{ticket}/close", status_code=201, tags=["tickets"])
async def close(use: Use, ticket: TicketName, keyed: MaybeKeyed) -> EventShape:
    """Close an open ticket. The customer's next call opens a new one."""
    entry = await use.store.move(ticket, "close", OPERATOR, use.now(), keyed)
    return await _done(use, "ticket closed", entry)


@router.post("/tickets/{ticket}/reopen", status_code=201, tags=["tickets"])
async def reopen(use: Use, ticket: TicketName, keyed: MaybeKeyed) -> EventShape:
    """Open a closed ticket again."""
    entry = await use.store.move(ticket, "reopen", OPERATOR, use.now(), keyed)
    return await _done(use, "ticket reopened", entry)


@router.get("/contacts", tags=["contacts"])
async def list_contacts(use: Use, query: Annotated[ContactsQuery, Query()]) -> Page[ContactShape]:
    """Contacts, newest first; `reference` finds one by its own id."""
    found = await use.queries.contacts(
        query.limit + 1,
        query.cursor,
        person=query.customer,
        ticket=query.ticket,
        reference=query.reference,
    )
    return _page([contact_shape(contact) for contact in found], query.limit)


@router.get("/contacts/{contact}", tags=["contacts"])
async def read_contact(use: Use, contact: ContactName) -> ContactShape:
    """One contact."""
    return contact_shape(await use.queries.contact(contact))


@router.get("/contacts/{contact}/timeline", tags=["contacts"])
async def read_story(use: Use, contact: ContactName, query: Timeline) -> StoryPage:
    """What happened to one contact, oldest first, and from which one it goes on."""
    before = await use.queries.before(await use.queries.contact(contact))
    page = await _timeline(use, query, contact=contact)
    return StoryPage(items=page.items, next=page.next, before=before)


@router.get("/customers", tags=["customers"])
async def list_customers(use: Use, query: Listed) -> Page[CustomerShape]:
    """Everyone who has called, newest first."""
    found = await use.queries.customers(query.limit + 1, query.cursor)
    shapes = [await _customer(use, row["id"], row["seen_at"]) for row in found]
    return _page(shapes, query.limit)


@router.get("/customers/{customer}", tags=["customers"])
async def read_customer(use: Use, customer: CustomerName) -> CustomerShape:
    """One customer; the number is masked."""
    row = await use.queries.customer(customer)
    return await _customer(use, row["id"], row["seen_at"])


@router.post("/customers/{customer}/reveal", tags=["customers"])
async def reveal(use: Use, customer: CustomerName, body: RevealRequest) -> RevealedShape:
    """Show the whole number. Who asked and why is in the audit before it is shown."""
    await use.queries.customer(customer)
    await use.audit.write(Audited(use.now(), OPERATOR, "reveal number", customer, body.reason))
    number = await use.vault.open(PersonId(customer), "number")
    log.info("number revealed", extra={"customer": customer})
    return RevealedShape(id=customer, number=number)


async def _customer(use: Parts, customer: str, seen_at: float) -> CustomerShape:
    number = masked(await use.vault.open(PersonId(customer), "number"))
    return CustomerShape(id=customer, number=number, seen_at=moment(seen_at))


async def _timeline(
    use: Parts, query: TimelineQuery, ticket: str | None = None, contact: str | None = None
) -> Page[EventShape]:
    found = await use.queries.entries(query.cursor, query.limit + 1, ticket, contact)
    items = [await shown(use.vault, entry) for entry in found[: query.limit]]
    more = str(items[-1].seq) if len(found) > query.limit else None
    return Page(items=items, next=more)


def _page(found: Sequence[S], limit: int) -> Page[S]:
    """One more than the limit was asked for, to know whether there is more."""
    items = list(found[:limit])
    return Page(items=items, next=items[-1].id if len(found) > limit else None)


async def _done(use: Parts, what: str, entry: Numbered) -> EventShape:
    log.info(what, extra={"ticket": entry.entry.ticket, "seq": entry.seq})
    return await shown(use.vault, entry)
