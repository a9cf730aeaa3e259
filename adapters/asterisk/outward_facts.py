"""What Asterisk says of a customer whom we call, in the words of the house. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from acd import events
from acd.events import Event
from acd.model import CALLS, ContactId
from ivr.callback_states import ANSWERED, CONFIRMED, NOBODY
from ivr.outward import Told
from ivr.ports import Note

OUT_PREFIX = "out-"
"""The customer's channel of dialling X has the id `out-X`."""
FAR_HALF = ";2"
"""How the id of its other half ends, which dials: it knows the same, and nobody talks there."""

_KINDS = {"answered": ANSWERED, "confirmed": CONFIRMED, "nobody": NOBODY}
_CAUSES = {
    "0": Told.NO_ANSWER,
    "1": Told.WRONG_NUMBER,
    "16": Told.NO_ANSWER,
    "17": Told.BUSY,
    "19": Told.NO_ANSWER,
    "21": Told.BUSY,
    "22": Told.WRONG_NUMBER,
    "26": Told.NO_ANSWER,
    "28": Told.WRONG_NUMBER,
}
"""By hang-up cause (Q.850) of a line that was never picked up. Any other is the trunks'."""


def ended(cause: str) -> Told:
    """How a line ended that nobody picked up."""
    return _CAUSES.get(cause, Told.UNREACHABLE)


def confirmed(event: Mapping[str, str]) -> list[Event]:
    """They are on the line, as any caller."""
    return [events.Moved(ContactId(event["Contact"]), CALLS)]


def nothing(event: Mapping[str, str]) -> list[Event]:
    """No fact for the engine, but for whoever else listens: an agent waits, a phone asks."""
    return []


def told(contact: str, dialling: str, what: str, *_: str) -> list[Event | Note]:
    """A row of the event log."""
    of = ContactId(contact)
    note = Note(of, _KINDS[what], {"dialling": dialling})
    return [events.Moved(of, CALLS), note] if what == "confirmed" else [note]
