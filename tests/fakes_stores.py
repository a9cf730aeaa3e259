"""The stores in memory, for tests that are about something else. They keep what they are given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from acd.model import Seconds
from ivr.ports import (
    Audited,
    EffectKey,
    JournalFailed,
    Outgoing,
    PersonId,
    Record,
    Recording,
    RecordingId,
    Snapshot,
    StoreFailed,
)


@dataclass
class MemoryJournal:
    """A `Journal`; while `failing` it takes nothing, while `unreadable` it gives nothing."""

    records: list[Record] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    failing: str = ""
    unreadable: str = ""

    async def append(self, records: Sequence[Record]) -> int:
        if self.failing:
            raise JournalFailed(self.failing)
        start = len(self.records) + 1
        self.records += [replace(record, seq=seq) for seq, record in enumerate(records, start)]
        return len(self.records)

    async def read(self, after: int = 0, kinds: Sequence[str] = ()) -> AsyncIterator[Record]:
        if self.unreadable:
            raise JournalFailed(self.unreadable)
        while after < len(self.records):
            record = self.records[after]
            after += 1
            if not kinds or record.kind in kinds:
                yield record

    async def last(self) -> tuple[int, Seconds]:
        return (len(self.records), self.records[-1].at) if self.records else (0, 0.0)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        others = [old for old in self.snapshots if old.seq != snapshot.seq]
        self.snapshots = sorted([*others, snapshot], key=lambda made: made.seq)[-3:]

    async def newest_snapshot(self) -> Snapshot | None:
        return self.snapshots[-1] if self.snapshots else None


@dataclass
class MemoryVault:
    """A `Vault` that seals nothing and knows numbers as they are written."""

    fields: dict[PersonId, dict[str, str]] = field(default_factory=dict)
    _ids: count[int] = field(default_factory=lambda: count(1))

    async def person_for_number(self, number: str) -> PersonId:
        for person, fields in self.fields.items():
            if number and fields.get("number") == number:
                return person
        person = await self.new_person()
        if number:
            self.fields[person]["number"] = number
        return person

    async def person_for_address(self, channel: str, address: str) -> PersonId:
        place = f"address {channel}"
        for person, fields in self.fields.items():
            if fields.get(place) == address:
                return person
        person = await self.new_person()
        self.fields[person][place] = address
        return person

    async def find(self, number: str) -> PersonId | None:
        known = (one for one, fields in self.fields.items() if fields.get("number") == number)
        return next(known, None)

    async def new_person(self) -> PersonId:
        person = PersonId(f"per_{next(self._ids)}")
        self.fields[person] = {}
        return person

    async def seal(self, person: PersonId, field_name: str, text: str) -> None:
        if person not in self.fields:
            raise LookupError(f"{person} is not in the vault, or erased")
        self.fields[person][field_name] = text

    async def open(self, person: PersonId, field_name: str) -> str | None:
        return self.fields.get(person, {}).get(field_name)

    async def having(self, field_name: str) -> Sequence[PersonId]:
        return sorted(person for person, fields in self.fields.items() if field_name in fields)

    async def erase(self, person: PersonId) -> None:
        self.fields.pop(person, None)


@dataclass
class MemoryAudit:
    """An `Audit`; while `failing` is set, it takes nothing."""

    entries: list[Audited] = field(default_factory=list)
    failing: str = ""

    async def write(self, entry: Audited) -> None:
        if self.failing:
            raise StoreFailed(self.failing)
        self.entries.append(entry)


@dataclass
class MemoryOutbox:
    """An `Outbox`; while `failing` is set, it takes nothing."""

    entries: dict[EffectKey, Outgoing] = field(default_factory=dict)
    failing: str = ""

    async def put(self, outgoing: Outgoing) -> None:
        if self.failing:
            raise StoreFailed(self.failing)
        self.entries.setdefault(outgoing.key, outgoing)


@dataclass
class MemoryRecordings:
    """`Recordings` that seal nothing; while `failing` is set, they take nothing."""

    sounds: dict[EffectKey, bytes] = field(default_factory=dict)
    persons: dict[EffectKey, PersonId] = field(default_factory=dict)
    failing: str = ""

    async def find(self, key: EffectKey) -> Recording | None:
        if key not in self.sounds:
            return None
        seconds = len(self.sounds[key]) / 16_000
        return Recording(RecordingId(f"rec_{key}"), self.persons[key], seconds)

    async def keep(self, key: EffectKey, person: PersonId, sound: bytes) -> Recording:
        if self.failing:
            raise StoreFailed(self.failing)
        self.sounds.setdefault(key, sound)
        self.persons.setdefault(key, person)
        kept = await self.find(key)
        assert kept
        return kept
