"""The states of a promised callback, as a table, and how the journal's records move it. Pure.

`docs/states.md` is drawn from the table; what is not in it changes nothing. From `kept` on there is
a call like any other, and the states of contacts hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from acd.model import ContactId, Seconds
from ivr.ports import PersonId, Record
from ivr.promises import Promise

DIALLED = "CallbackDialled"
"""Journal kind: from here on the customer's telephone may ring. Durable before it does."""
FAILED = "CallbackFailed"
"""Journal kind: an attempt is over, nobody was reached."""
PUT_OFF = "CallbackPutOff"
"""Journal kind: it is tried at another time (`again`), and no attempt is counted."""
CLOSED = "CallbackClosed"
"""Journal kind: nothing is dialled for this promise any more; `how` says why."""
ANSWERED, CONFIRMED, NOBODY = "OutwardAnswered", "OutwardConfirmed", "OutwardNobody"
"""Journal kinds, by the telephone side's own record: the line was picked up; a person said so by a
key; no key came."""


class CallbackState(StrEnum):
    """Where a callback stands; exactly one at a time."""

    PROMISED = "promised"
    DUE = "due"
    DIALLING = "dialling"
    ASKED = "asked"
    KEPT = "kept"
    GIVEN_UP = "given up"
    CANCELLED = "cancelled"


class ClosedBy(StrEnum):
    """Why nothing is dialled any more."""

    ATTEMPTS = "attempts"
    """As often as the plan says, and nobody was reached."""
    TOO_OLD = "too old"
    CANCELLED = "cancelled"
    CALLED_IN = "called in"
    """The customer was quicker, and has been talked to."""


S = CallbackState
OVER = (S.KEPT, S.GIVEN_UP, S.CANCELLED)
ON_THE_WAY = (S.DIALLING, S.ASKED)
"""The customer's telephone rings, or has been picked up."""

CALLBACK_MOVES: dict[tuple[CallbackState, str], CallbackState] = {
    (S.PROMISED, "come due"): S.DUE,
    (S.DUE, "put off"): S.PROMISED,
    (S.PROMISED, "put off"): S.PROMISED,
    (S.PROMISED, "dial"): S.DIALLING,
    (S.DUE, "dial"): S.DIALLING,
    (S.DIALLING, "answer"): S.ASKED,
    (S.DIALLING, "confirm"): S.KEPT,  # learned late
    (S.ASKED, "confirm"): S.KEPT,
    (S.DIALLING, "fail"): S.PROMISED,
    (S.ASKED, "fail"): S.PROMISED,
    (S.PROMISED, "give up"): S.GIVEN_UP,
    (S.DUE, "give up"): S.GIVEN_UP,
    (S.PROMISED, "call in"): S.KEPT,
    (S.DUE, "call in"): S.KEPT,
    (S.PROMISED, "cancel"): S.CANCELLED,
    (S.DUE, "cancel"): S.CANCELLED,
    (S.DIALLING, "cancel"): S.CANCELLED,
}

_CLOSES = {
    ClosedBy.ATTEMPTS: "give up",
    ClosedBy.TOO_OLD: "give up",
    ClosedBy.CANCELLED: "cancel",
    ClosedBy.CALLED_IN: "call in",
}
_MOVES = {
    "Reached": "come due",
    "Parked": "put off",
    PUT_OFF: "put off",
    DIALLED: "dial",
    ANSWERED: "answer",
    CONFIRMED: "confirm",
    FAILED: "fail",
}
TOLD_OF = (*_MOVES, CLOSED, NOBODY)
"""The kinds of records that say something of a callback."""


@dataclass(slots=True)
class Callback:
    """A promise, and how far it is kept."""

    promise: Promise
    again: Seconds
    """Not dialled before this time."""
    state: CallbackState = S.PROMISED
    attempts: int = 0
    """How often it was dialled."""
    dialling: str = ""
    """The id of the last dialling; its channel has it for an id."""
    leg: str = ""
    """The offer whose agent listens to the last dialling; none: the customer is asked to wait."""
    why: str = ""
    """How the last attempt ended, or why it was put off."""
    parts: int = 0
    """How many parts of the contact's talks have been recorded so far."""
    consent: str = ""
    """What they answered then to being recorded: yes or no; nothing: nobody asked."""
    nobody: bool = False
    """Somebody or something picked up, and pressed no key."""
    closed: str = ""

    @property
    def contact(self) -> ContactId:
        return self.promise.contact

    @property
    def to(self) -> PersonId:
        return self.promise.to

    @property
    def last(self) -> bool:
        """Whether no attempt is left."""
        return self.attempts >= self.promise.attempts


def begun(promise: Promise) -> Callback:
    """A promise that was just given."""
    return Callback(promise, again=promise.not_before)


def can(callback: Callback, move: str) -> bool:
    """Whether the table allows this move now."""
    return (callback.state, move) in CALLBACK_MOVES


def tell(callback: Callback, record: Record) -> None:
    """Apply what a record says. What is told twice, or late, changes nothing."""
    data = record.data
    if record.kind in (ANSWERED, CONFIRMED, NOBODY) and data["dialling"] != callback.dialling:
        return
    if record.kind == NOBODY:
        callback.nobody = callback.state in ON_THE_WAY
        return
    move = _CLOSES[ClosedBy(data["how"])] if record.kind == CLOSED else _MOVES.get(record.kind, "")
    if record.kind == DIALLED and data["attempt"] <= callback.attempts:
        return  # told before
    if not can(callback, move):
        return
    callback.state = CALLBACK_MOVES[callback.state, move]
    if record.kind == DIALLED:
        callback.attempts, callback.dialling = data["attempt"], data["dialling"]
        callback.leg, callback.nobody, callback.why = data["leg"], False, ""
    elif record.kind in (FAILED, PUT_OFF):
        callback.why, callback.again = data["why"], data["again"]
    elif record.kind == CLOSED:
        callback.closed = data["how"]
