"""PINs: how they are kept, how answers are counted, and when a person's PIN is locked.

A PIN is kept as a salted slow hash, sealed in the vault under its person together with the count of
wrong answers. An answer is counted before it is compared: whoever makes this process die in between
has lost a try, not won one. Whoever is locked out has two ways on: a person, or time.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import scrypt
from itertools import pairwise

from acd.model import ContactId, Seconds
from ivr.ports import Clock, PersonId, PinState, StoreFailed, StoreRefused, Vault

log = logging.getLogger(__name__)

FIELD = "pin"
"""Of the vault."""
LEAST_KEYS, MOST_KEYS = 4, 12
MOST_WRONG = 5
"""Wrong answers in a row, over all calls, that lock a PIN."""
LOCK_SECONDS: Seconds = 86_400.0
"""A locked PIN is open again so long after the last wrong answer."""
AT_ONCE = 2
"""Comparisons at a time: each takes a core for a while, and 16 MiB."""
_COST, _BLOCK = 2**14, 8
_SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class KeptPin:
    """A person's PIN as the vault has it, and what has been tried on it."""

    salt: str
    digest: str
    wrong: int = 0
    """Answers since the last right one; those still being compared count as wrong."""
    at: Seconds = 0.0
    """When the last of them was given."""
    calls: Mapping[str, int] = field(default_factory=dict)
    """How many of them each call gave."""

    def state(self, contact: ContactId, most: int, now: Seconds) -> PinState:
        """Whether this call may give one more answer, of so many at most."""
        if self._are_past(now):
            return PinState.OPEN
        if self.wrong >= MOST_WRONG:
            return PinState.LOCKED
        return PinState.REFUSED if self.calls.get(contact, 0) >= most else PinState.OPEN

    def counted(self, contact: ContactId, now: Seconds) -> KeptPin:
        """The same after one more answer."""
        before = self.forgiven() if self._are_past(now) else self
        calls = {**before.calls, contact: before.calls.get(contact, 0) + 1}
        return replace(before, wrong=before.wrong + 1, at=now, calls=calls)

    def forgiven(self) -> KeptPin:
        """The same without what was tried on it."""
        return KeptPin(self.salt, self.digest)

    def matches(self, pin: str) -> bool:
        """Whether it is this one; slow on purpose, and as slow for a wrong one."""
        return hmac.compare_digest(_digest(pin, bytes.fromhex(self.salt)), self.digest)

    def _are_past(self, now: Seconds) -> bool:
        return now - self.at >= LOCK_SECONDS


def kept(pin: str) -> KeptPin:
    """How this PIN is kept. ValueError, without the PIN, when it is none or easily guessed."""
    if not (pin.isascii() and pin.isdecimal() and LEAST_KEYS <= len(pin) <= MOST_KEYS):
        raise ValueError(f"a PIN has {LEAST_KEYS} to {MOST_KEYS} digits")
    steps = {int(after) - int(before) for before, after in pairwise(pin)}
    if steps in ({0}, {1}, {-1}):
        raise ValueError("this PIN is tried first by whoever guesses: take another")
    salt = secrets.token_bytes(_SALT_BYTES)
    return KeptPin(salt.hex(), _digest(pin, salt))


def _digest(pin: str, salt: bytes) -> str:
    return scrypt(pin.encode(), salt=salt, n=_COST, r=_BLOCK, p=1).hex()


class VaultPins:
    """`ivr.ports.Pins` over the vault. The core alone has one: it is the only one who counts."""

    def __init__(self, vault: Vault, clock: Clock) -> None:
        self._vault = vault
        self._clock = clock
        self._count = asyncio.Lock()
        self._compare = asyncio.Semaphore(AT_ONCE)

    async def state(self, person: PersonId, contact: ContactId, most: int) -> PinState:
        known = await self._read(person)
        return known.state(contact, most, self._clock.now()) if known else PinState.NONE

    async def answer(self, person: PersonId, contact: ContactId, most: int, pin: str) -> PinState:
        async with self._count:
            known = await self._read(person)
            if known is None:
                return PinState.NONE
            now = self._clock.now()
            state = known.state(contact, most, now)
            if state is not PinState.OPEN:
                return state
            counted = known.counted(contact, now)
            await self._write(person, counted)
        async with self._compare:
            right = await asyncio.to_thread(counted.matches, pin)
        if right:
            await self._forgive(person, counted)
            return PinState.VERIFIED
        if counted.wrong >= MOST_WRONG:
            log.warning("pin locked", extra={"contact": contact, "person": person})
            return PinState.LOCKED
        return PinState.REFUSED

    async def keep(self, person: PersonId, pin: KeptPin) -> None:
        """This is the person's PIN from now on; it is not locked."""
        async with self._count:
            await self._write(person, pin)

    async def remove(self, person: PersonId) -> bool:
        """Nobody is verified as this person any more; False: there was no PIN."""
        async with self._count:
            if await self._read(person) is None:
                return False
            await self._vault.seal(person, FIELD, "")
            return True

    async def unlock(self, person: PersonId) -> bool:
        """Forget what was tried; False: there is no PIN."""
        async with self._count:
            if known := await self._read(person):
                await self._write(person, known.forgiven())
            return known is not None

    async def _forgive(self, person: PersonId, answered: KeptPin) -> None:
        """The right answer was given: what was wrong before it counts no more."""
        try:
            async with self._count:
                known = await self._read(person)
                if known and known.digest == answered.digest:
                    await self._write(person, known.forgiven())
        except (StoreFailed, StoreRefused) as fault:
            log.warning("count of wrong PINs not cleared", extra={"why": str(fault)})

    async def _read(self, person: PersonId) -> KeptPin | None:
        text = await self._vault.open(person, FIELD)
        return KeptPin(**json.loads(text)) if text else None

    async def _write(self, person: PersonId, pin: KeptPin) -> None:
        await self._vault.seal(person, FIELD, json.dumps(asdict(pin)))


class NoPins:
    """`ivr.ports.Pins` of a house that knows no PIN of anybody."""

    async def state(self, person: PersonId, contact: ContactId, most: int) -> PinState:
        return PinState.NONE

    async def answer(self, person: PersonId, contact: ContactId, most: int, pin: str) -> PinState:
        return PinState.NONE
