"""What the running core is asked about PINs by who administers them. Each deed is audited before.

The PIN itself never comes here: who sets one sends its salted hash.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ivr.pins import KeptPin, VaultPins
from ivr.ports import Audit, Audited, Clock, CoreRefused, PersonId, StoreFailed, StoreRefused, Vault

Fields = Mapping[str, Any]
_HEX = re.compile(r"[0-9a-f]{32,128}")
_AGENT = re.compile(r"[A-Za-z0-9_-]{1,32}")
NO_PIN = "there is no such PIN"


class PinRequests:
    """Set, remove and unlock the PIN of the person behind a number, or of an agent."""

    def __init__(self, pins: VaultPins, vault: Vault, audit: Audit, clock: Clock) -> None:
        self._pins = pins
        self._vault = vault
        self._audit = audit
        self._clock = clock

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"pin set": self._set, "pin remove": self._remove, "pin unlock": self._unlock}

    async def _set(self, fields: Fields) -> Fields:
        pin = KeptPin(_hex(fields, "salt"), _hex(fields, "digest"))
        return await self._do("pin set", fields, lambda person: self._pins.keep(person, pin))

    async def _remove(self, fields: Fields) -> Fields:
        return await self._do("pin remove", fields, self._pins.remove)

    async def _unlock(self, fields: Fields) -> Fields:
        return await self._do("pin unlock", fields, self._pins.unlock)

    async def _do(
        self, what: str, fields: Fields, deed: Callable[[PersonId], Awaitable[bool | None]]
    ) -> Fields:
        try:
            person = await self._person(fields)
            who, why = str(fields.get("who", "")), str(fields.get("why", ""))
            await self._audit.write(Audited(self._clock.now(), who, what, person, why))
            done = await deed(person)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"nothing was changed: {fault}") from fault
        if done is False:
            raise CoreRefused(NO_PIN)
        return {"person": person}

    async def _person(self, fields: Fields) -> PersonId:
        if agent := str(fields.get("agent", "")):
            if not _AGENT.fullmatch(agent):
                raise CoreRefused("name the agent by their id")
            return await person_of_agent(self._vault, agent)
        return await self._vault.person_for_number(_number(fields))


async def person_of_agent(vault: Vault, agent: str) -> PersonId:
    """An agent as the vault knows them. No number of a caller has such signs."""
    return await vault.person_for_number(f"agent:{agent}")


def _number(fields: Fields) -> str:
    number = str(fields.get("number", ""))
    if not re.fullmatch(r"\+?[0-9]{3,15}", number):
        raise CoreRefused("give the number as digits, like +8613800138000")
    return number


def _hex(fields: Fields, name: str) -> str:
    text = str(fields.get(name, ""))
    if not _HEX.fullmatch(text):
        raise CoreRefused(f"{name} is no hash")
    return text
