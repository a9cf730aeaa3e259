"""Commands that explain the order: `why` one contact was offered, and what the rules promise."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from acd.bounds import bounds as bounds_of
from acd.chosen import Able
from acd.model import ContactId
from acd.why import Candidate, Why, clock, long_clock
from adapters.cli.output import fail, say, show, table
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.callbacks import promise_of
from ivr.explain import Explained, offers_of
from ivr.ports import StoreFailed, StoreRefused
from ivr.promises import PROMISED, Promise
from ivr.settings import Settings


def why(settings: Settings, contact: str, as_json: bool) -> None:
    """Each offer of the contact, recomputed from the journal."""
    try:
        offers, promised = asyncio.run(_offers(settings, ContactId(contact)))
    except (StoreFailed, StoreRefused) as fault:
        fail(str(fault))
    if promised and not offers:
        if as_json:
            show({"callback": asdict(promised)}, as_json=True)
        else:
            say(_promise(promised))
        return
    if not offers:
        fail(f"there was no offer of {contact}; ./hotline status shows the contacts")
    if as_json:
        table((), [_plain(offer) for offer in offers], as_json=True)
        return
    for offer in offers:
        say(f"[bold]{offer.offer}[/] to {offer.agent}: {_line(offer)}")
        if offer.why:
            _show(offer.why)


CONTACTS = ("contact", "class", "waited", "head start", "note")
AGENTS = ("agent", "idle", "has", "note")


def _show(why: Why) -> None:
    """By which rules, and who was looked at: contacts by their order, agents by their rank."""
    say(f"rules {why.version or '-'}, strategy {why.strategy}")
    table(CONTACTS, [_contact(why, one) for one in why.contacts], as_json=False)
    if why.agents:
        table(AGENTS, [_agent(why, one) for one in why.agents], as_json=False)


async def _offers(settings: Settings, contact: ContactId) -> tuple[list[Explained], Promise | None]:
    """The contact's offers, and the callback that it was promised."""
    database = await open_database(settings.database_url("core"), "core", read_only=True)
    journal = JournalReader(database)
    try:
        promised = [
            promise_of(record)
            async for record in journal.read(0, (PROMISED,))
            if record.contact == contact
        ]
        offers = await offers_of(journal, settings.centre, contact)
        return offers, promised[-1] if promised else None
    finally:
        await database.close()


def _promise(promise: Promise) -> str:
    began, until = (
        datetime.fromtimestamp(at, UTC).isoformat(timespec="minutes")
        for at in (promise.not_before, promise.until)
    )
    with_whom = f" (with {promise.contact})" if promise.joins else ""
    return (
        f"callback promised to {promise.to}{with_whom}: the place is kept, not before {began}, "
        f"not after {until}, {promise.attempts} attempts."
    )


def _line(offer: Explained) -> str:
    return offer.why.line() if offer.why else "made under rules that are no longer in force"


def _contact(why: Why, one: Candidate) -> dict[str, Any]:
    return {
        "contact": one.contact,
        "class": one.class_,
        "waited": clock(one.waited) if one.due_in is None else _promised(one.due_in),
        "head start": clock(one.credit),
        "note": "this one" if one.contact == why.contact else one.kept_by,
    }


def _promised(due_in: float) -> str:
    """Of deferred work what counts is until when it was promised."""
    return f"due in {long_clock(due_in)}" if due_in >= 0 else f"late by {long_clock(-due_in)}"


def _agent(why: Why, one: Able) -> dict[str, Any]:
    note = one.kept_by or ("" if one.open else "not free")
    return {
        "agent": one.agent,
        "idle": clock(one.idle),
        "has": str(one.works),
        "note": "this one" if one.agent == why.agent else note,
    }


def _plain(offer: Explained) -> dict[str, Any]:
    plain = asdict(offer)
    return plain | {"line": _line(offer)}


def bounds(settings: Settings, as_json: bool) -> None:
    """What each class can be sure of."""
    rows = [
        {
            "class": bound.class_,
            "urgency": bound.urgency or "-",
            "head start": clock(bound.credit),
            "overtaken for at most": clock(bound.overtaken_for),
            "reserve": bound.reserve,
        }
        for bound in bounds_of(settings.centre)
    ]
    columns = ("class", "urgency", "head start", "overtaken for at most", "reserve")
    table(columns, rows, as_json=as_json)
