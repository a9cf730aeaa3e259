"""The ports behind which state lies: journal, vault, audit, and what waits to go out.

`ivr.ports` has them, too: whoever needs a port looks there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NewType, Protocol

from acd.model import ContactId, Seconds

PersonId = NewType("PersonId", str)
"""A person in the vault: `per_` and a ULID. The only trace of a person outside the vault."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the journal. `seq` is given by the journal; ids only, nothing personal."""

    at: Seconds
    kind: str
    data: Mapping[str, Any]
    contact: ContactId | None = None
    version: int = 1
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine's state after record `seq`."""

    seq: int
    at: Seconds
    state: Mapping[str, Any]
    version: int = 1


class StoreFailed(Exception):
    """A store did not take or give what was asked: disk full, locked, away. Safe to ask again."""


class JournalFailed(StoreFailed):
    """The journal did not confirm a batch. Append again, beginning with the same records: those
    that turn out to be written are not written twice."""


class StoreRefused(Exception):
    """A store cannot be used as it is (damaged, newer, in use, wrong key); says the way out."""


class Journal(Protocol):
    """Append-only record of what happened. What `append` has returned survives power loss."""

    async def append(self, records: Sequence[Record]) -> int:
        """Write all or nothing, in one commit; the `seq` of the last. Raises `JournalFailed`."""

    def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]: ...

    async def last(self) -> tuple[int, Seconds]:
        """The newest record's `seq` and time; (0, 0.0) when empty."""

    async def save_snapshot(self, snapshot: Snapshot) -> None: ...

    async def newest_snapshot(self) -> Snapshot | None: ...


class Vault(Protocol):
    """Where everything personal lies, sealed under one data key a person."""

    async def person_for_number(self, number: str) -> PersonId:
        """The person behind a number (E.164 where it can be told), made when unknown."""

    async def person_for_address(self, channel: str, address: str) -> PersonId:
        """The person behind an address of a channel that knows no numbers, made when unknown."""

    async def new_person(self) -> PersonId:
        """A person of whom nothing is known (a withheld number)."""

    async def seal(self, person: PersonId, field_name: str, text: str) -> None: ...

    async def open(self, person: PersonId, field_name: str) -> str | None: ...

    async def having(self, field_name: str) -> Sequence[PersonId]:
        """Everybody who has this field."""

    async def erase(self, person: PersonId) -> None:
        """Destroy the person's data key: every sealed field is gone for good."""


class Seals(Protocol):
    """As much of the vault as who keeps something personal needs."""

    async def seal(self, person: PersonId, field_name: str, text: str) -> None:
        """Keep a field, in place of what it held; LookupError for nobody or an erased person."""


@dataclass(frozen=True, slots=True)
class Audited:
    """Who did what to what, and why. Written before the deed."""

    at: Seconds
    who: str
    action: str
    subject: str
    reason: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Audit(Protocol):
    """Where it stands who did what, written before it is done."""

    async def write(self, entry: Audited) -> None: ...


EffectKey = NewType("EffectKey", str)
"""Names one effect for good, `contact/step/visit`: what comes twice under one key is done once."""


EMAIL = "email"
"""The kind of a notice that goes to an address of the house's own, by queue."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something that is to leave the house: an e-mail, a text message. Ids only, nothing personal:
    personal text lies in the vault under the person, and `data` says in which field."""

    key: EffectKey
    kind: str
    to: PersonId | None
    """The person whom it is for; None: whom it is for follows from `data`."""
    data: Mapping[str, Any]


RecordingId = NewType("RecordingId", str)
"""Something that a caller has said: `rec_` and a digest of the effect that it was said in."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that is kept."""

    id: RecordingId
    person: PersonId
    """Whose it is: it is gone for good when they are erased."""
    seconds: Seconds


class Recordings(Protocol):
    """Where it lies what callers have said, sealed under the data key of each."""

    async def find(self, key: EffectKey) -> Recording | None:
        """What was kept for this effect, if anything was."""

    async def keep(self, key: EffectKey, person: PersonId, sound: bytes) -> Recording:
        """Keep sound (16 bit, 8000 Hz, one channel, without a header), durably when this returns;
        once for a key: of two the first stays. Raises `StoreFailed`; LookupError for somebody who
        is not in the vault, or erased."""


class Outbox(Protocol):
    """Where it waits until it is sent."""

    async def put(self, outgoing: Outgoing) -> None:
        """Keep it, durably when this returns; once for a key: of two the first stays. Raises
        `StoreFailed`."""
