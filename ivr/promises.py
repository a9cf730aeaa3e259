"""A promise to call somebody back: what it says, and who is asked to make one.

It keeps the place: the caller's contact stays in the line with its order key, in another channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from acd.model import CALLED_BACK, ContactId, Seconds
from ivr.ports import CallFacts, EffectKey, PersonId

CALLBACK = CALLED_BACK
PROMISED = "CallbackPromised"
"""Journal kind: what was promised, ids only."""
TAKEN = "LostCallTaken"
"""Journal kind, of a lost call: a callback is promised, which the contact `holds` keeps."""
MAKES_GOOD = "CallbackFor"
"""Journal kind, of that contact: which lost call it is for, and whose."""


class CannotPromise(Exception):
    """No callback can be promised; the message says why, without the number."""


class NotAllowed(CannotPromise):
    """This number is not called by this house."""


class TooMany(CannotPromise):
    """As many callbacks as the plan allows are open for this number, or asked for by the caller."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody asks to be called back."""

    key: EffectKey
    facts: CallFacts
    queue: str
    language: str
    number: str
    """Personal: it goes into the vault and nowhere else."""
    person: PersonId | None = None
    """Whose call it is; the number may be somebody else's."""
    urgency: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    """Of who has no place yet; who has one keeps what is asked for there."""
    lost: ContactId | None = None
    """The lost call that this is to make good: its place is taken up within the grace time."""
    by_house: bool = False
    """The house itself makes it good: it calls the number, so that the grace time is no limit."""


@dataclass(frozen=True, slots=True)
class Promise:
    """Somebody will be called back. What the journal keeps."""

    effect: EffectKey
    contact: ContactId
    """The contact that keeps the place: of a promise that was given again, the first one's."""
    queue: str
    to: PersonId
    """Whose number is called; it lies in the vault."""
    by: PersonId | None
    """Whose call asked for it."""
    at: Seconds
    not_before: Seconds
    """Outside the hours of the plan nobody is called."""
    until: Seconds
    """From then on it is too old to be kept."""
    attempts: int
    """How often it is tried."""
    minutes_between: float
    joins: bool = False
    """It was given before: the place of the first promise is kept, there is no second one."""


class Callbacks(Protocol):
    """Who keeps promises of callbacks."""

    def may_call(self, number: str) -> bool:
        """Whether this house calls such numbers."""

    async def kept(self, key: EffectKey) -> Promise | None:
        """What this effect has promised already."""

    async def promise(self, wish: Wish) -> Promise:
        """Promise it, durably when this returns, and once for a key. Raises `CannotPromise`, and
        `StoreFailed` and `StoreRefused`: nothing is promised then."""


class NoCallbacks:
    """`Callbacks` of a house that calls nobody."""

    def may_call(self, number: str) -> bool:
        return True

    async def kept(self, key: EffectKey) -> Promise | None:
        return None

    async def promise(self, wish: Wish) -> Promise:
        raise TooMany("nobody is called back here")
