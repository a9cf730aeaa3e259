"""Seals what was recorded of talks, as soon as a part is over, and watches the room on the disk.

Goes by what lies there, not by news: what a process that died has left is sealed by the next.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Protocol

from acd.model import ContactId, Seconds
from ivr.dialling_rules import CALLED
from ivr.ports import (
    EffectKey,
    Journal,
    Note,
    PersonId,
    PhonesFailed,
    Recording,
    Recordings,
    StoreFailed,
    StoreRefused,
    Vault,
)
from ivr.promises import MAKES_GOOD

log = logging.getLogger(__name__)

SWEEP_SECONDS: Seconds = 2.0
MOST_REMEMBERED = 50_000
"""Calls whose person is remembered."""
TALK_RECORDED = "TalkRecorded"
WHOSE = ("CallStarted", CALLED, MAKES_GOOD)
"""Journal kinds that say whose a contact is: of who calls, whom an agent calls, and who is called
back for a call that was lost."""
CUSTOMER, AGENT = "customer", "agent"
FAULTS = (PhonesFailed, StoreFailed, StoreRefused, OSError)


@dataclass(frozen=True, slots=True)
class TalkPart:
    """What was recorded of a call without a break in between; parts count from 1."""

    contact: ContactId
    number: int

    def key(self, side: str) -> EffectKey:
        """Under which one direction of it is kept, once."""
        return EffectKey(f"{self.contact}/talk-{side}/{self.number}")


@dataclass(frozen=True, slots=True)
class TalkSound:
    """Both directions of a part, apart: 16 bit, 8000 Hz, without a header. Personal."""

    customer: bytes = field(repr=False)
    agent: bytes = field(repr=False)


class TalkFiles(Protocol):
    """Where the telephone side records."""

    async def parts(self) -> list[TalkPart]:
        """Every part that lies there, over or not."""

    async def is_over(self, part: TalkPart) -> bool:
        """Whether nothing more is written to it. Raises `PhonesFailed` when nobody can tell."""

    async def read(self, part: TalkPart) -> TalkSound: ...

    async def remove(self, part: TalkPart) -> None: ...

    async def free(self) -> int:
        """Bytes that may still be written there."""

    async def tell_full(self, full: bool) -> None:
        """Whether talks must be recorded no more. Raises `PhonesFailed`."""


class Told(Protocol):
    """The distributor, as much of it as is needed here."""

    async def record(self, *entries: Note) -> None: ...


class RecordingKeeper:
    """One pair of eyes on the folder."""

    def __init__(
        self, files: TalkFiles, recordings: Recordings, vault: Vault, journal: Journal,
        told: Told, least_free: int,
    ) -> None:  # fmt: skip
        """`least_free`: with fewer bytes the disk counts as full; 0: nobody asks."""
        self._files = files
        self._recordings = recordings
        self._vault = vault
        self._journal = journal
        self._told = told
        self._least_free = least_free
        self._full = False
        self._over: set[TalkPart] = set()
        """Found over the last time: a channel on its way into a bridge is gone for an instant."""
        self._persons: dict[ContactId, PersonId] = {}
        self._read_to = 0
        self._faults: set[str] = set()
        self._complained: set[str] = set()
        """What went wrong in this round, and what did in the one before."""

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.watch_disk()
                await self.sweep()
            except PhonesFailed:
                log.debug("asterisk is away: nobody can tell which talks are over")
            except FAULTS as fault:
                self._faults.add(str(fault))
            self._complain()
            await asyncio.sleep(SWEEP_SECONDS)

    async def watch_disk(self) -> None:
        """Tell the telephone side each time: it forgets when it is started anew."""
        if not self._least_free:
            return
        full = await self._files.free() < self._least_free
        if full != self._full:
            level = logging.ERROR if full else logging.INFO
            log.log(level, "talks are not recorded" if full else "talks are recorded again",
                    extra={"why": "disk full" if full else "room again"})  # fmt: skip
        self._full = full
        await self._files.tell_full(full)

    async def sweep(self) -> None:
        """Seal every part that was over the last time, too. One that fails keeps no other."""
        over: set[TalkPart] = set()
        for part in await self._files.parts():
            if await self._files.is_over(part):
                over.add(part)
        for part in sorted(over & self._over, key=lambda one: (one.contact, one.number)):
            try:
                await self._seal(part)
                over.discard(part)
            except FAULTS as fault:
                self._faults.add(str(fault))
        self._over = over

    async def _seal(self, part: TalkPart) -> None:
        """Sealed, then journaled, then no longer in the clear: who dies in between does it again,
        and nothing is there twice."""
        sound = await self._files.read(part)
        if sound.customer or sound.agent:
            try:
                await self._keep(part, sound)
            except LookupError:
                log.warning("recording of an erased person removed", extra=_told_of(part))
        await self._files.remove(part)

    async def _keep(self, part: TalkPart, sound: TalkSound) -> None:
        person = await self._person(part.contact)
        kept: dict[str, Recording] = {}
        for side, one in ((CUSTOMER, sound.customer), (AGENT, sound.agent)):
            kept[side] = await self._recordings.keep(part.key(side), person, one)
        data = {
            "part": part.number,
            **{side: recording.id for side, recording in kept.items()},
            "seconds": max(recording.seconds for recording in kept.values()),
            "effect": f"{part.contact}/talk/{part.number}",
        }
        await self._told.record(Note(part.contact, TALK_RECORDED, data))
        log.info("talk sealed", extra=_told_of(part))

    async def _person(self, contact: ContactId) -> PersonId:
        """Whose call it is; a new person where it began and ended without us."""
        if contact not in self._persons:
            async for record in self._journal.read(self._read_to, WHOSE):
                self._read_to = record.seq
                if record.contact:
                    self._persons[record.contact] = PersonId(record.data["person"])
        while len(self._persons) > MOST_REMEMBERED and next(iter(self._persons)) != contact:
            del self._persons[next(iter(self._persons))]
        return self._persons.get(contact) or await self._vault.new_person()

    def _complain(self) -> None:
        """Once of each fault, for as long as it lasts."""
        for why in sorted(self._faults - self._complained):
            log.warning("talks cannot be sealed yet", extra={"why": why})
        self._complained, self._faults = self._faults, set()


def _told_of(part: TalkPart) -> dict[str, object]:
    return {"contact": part.contact, "part": part.number}
