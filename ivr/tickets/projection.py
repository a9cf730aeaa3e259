"""The journal folded into contacts, tickets and timelines. Reads and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from acd.model import ContactId, Seconds
from ivr.ports import PersonId, Record
from ivr.tickets.chat_story import ChatLine, line_of
from ivr.tickets.life import Ticket, TicketId, TicketState, lasting_id, newest_open, to_join
from ivr.tickets.story import (
    ASKS_FOR_A_PERSON,
    HOTLINE,
    TEXTS,
    ContactStory,
    Entry,
    entry_of,
    learn,
    offer_of,
    snake,
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """What a batch of records needs to be told onto, and what the batch has added to it."""

    contacts: dict[ContactId, ContactStory] = field(default_factory=dict)
    tickets: dict[TicketId, Ticket] = field(default_factory=dict)
    """At least every open ticket of every person whom the batch names."""
    seen: dict[PersonId, Seconds] = field(default_factory=dict)
    """When the batch saw whom last."""
    entries: list[Entry] = field(default_factory=list)
    joined: dict[str, TicketId] = field(default_factory=dict)
    """Contacts (by `con_` id) whose earlier entries now belong to a ticket."""
    lines: list[ChatLine] = field(default_factory=list)
    """Of chats."""
    effects: set[tuple[str, str]] = field(default_factory=set)
    """What is told already of effects: kind of entry, and key. At least of every contact that a
    record with an effect names."""


def tell(known: Known, record: Record) -> None:
    """Apply one record of the journal. What comes twice of one effect is told once."""
    if effect := record.data.get("effect"):
        told = (snake(record.kind), str(effect))
        if told in known.effects:
            return
        known.effects.add(told)
    if line := line_of(record):
        known.lines.append(line)
    contact = _contact(known, record)
    if contact and contact.state and record.kind == "Arrived":
        record = replace(record, kind="Reached")  # told again, from the waiting loop
    if contact and contact.dialled and record.kind == "CallStarted":
        return  # told again, by a script that began again
    was_over = contact is not None and contact.ended_at is not None
    if contact is not None:
        learn(contact, record)
    _see(known, record)
    if contact is not None and record.kind in TEXTS and _is_for_another(known, contact, record):
        contact.ticket = None
    if entry := entry_of(record, contact):
        known.entries.append(entry)
    if contact is None:
        return
    _name_the_ticket(known, contact)
    if record.kind in ASKS_FOR_A_PERSON and contact.ticket is None:
        _take_up(known, contact, record)
    elif record.kind == "CallEnded" and contact.ticket is None and not was_over:
        _mention(known, contact, record)
    if contact.ticket in known.tickets:
        known.tickets[contact.ticket].changed_at = record.at


def _contact(known: Known, record: Record) -> ContactStory | None:
    reference = record.contact or record.data.get("contact")
    if not reference:
        offer = offer_of(record)
        return next((c for c in known.contacts.values() if offer and c.offer == offer), None)
    if reference not in known.contacts:
        own_id = lasting_id("con", record.at, reference)
        known.contacts[reference] = ContactStory(own_id, reference, record.at)
    return known.contacts[reference]


def _see(known: Known, record: Record) -> None:
    if person := record.data.get("person"):
        known.seen[person] = record.at


def _name_the_ticket(known: Known, contact: ContactStory) -> None:
    """A caller who is known only after the ticket was opened still gets it."""
    ticket = known.tickets.get(contact.ticket) if contact.ticket else None
    if ticket and ticket.person is None and ticket.contact == contact.reference:
        ticket.person = contact.person


def _is_for_another(known: Known, contact: ContactStory, record: Record) -> bool:
    """Texts of one day are one contact: what comes when its ticket is closed, or is written about
    another ticket, is for that one."""
    own = known.tickets.get(contact.ticket) if contact.ticket else None
    if own is None:
        return False
    named = record.data.get("ticket") or own.id
    return named != own.id or (own.state is TicketState.CLOSED and not record.data.get("ticket"))


def _take_up(known: Known, contact: ContactStory, record: Record) -> None:
    """Put the contact on the ticket that it joins, or open one; a text to a customer may name the
    ticket that it is about."""
    person = record.data.get("person") or contact.person
    ticket = known.tickets.get(record.data.get("ticket", "")) or to_join(
        known.tickets.values(), person, record.at
    )
    kind = "contact_joined" if ticket else "ticket_opened"
    if ticket is None:
        own_id = TicketId(lasting_id("tic", record.at, contact.reference))
        ticket = Ticket(own_id, record.at, contact.reference, person)
        known.tickets[ticket.id] = ticket
    contact.ticket = known.joined[contact.id] = ticket.id
    for entry in known.entries:
        if entry.contact == contact.id and entry.ticket is None:
            entry.ticket = ticket.id
    known.entries.append(_own(kind, contact, record, ticket))


def _mention(known: Known, contact: ContactStory, record: Record) -> None:
    """A call that asked for nobody: one line on its person's open ticket, if there is one."""
    if contact.person is None:
        return
    ticket = newest_open(t for t in known.tickets.values() if t.person == contact.person)
    if ticket:
        ticket.changed_at = record.at
        known.entries.append(_own("call_without_a_person", contact, record, ticket))


def _own(kind: str, contact: ContactStory, record: Record, ticket: Ticket) -> Entry:
    return Entry(kind, record.at, HOTLINE, contact.id, ticket.id, journal=record.seq)
