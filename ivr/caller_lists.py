"""Callers who are blocked, and callers who are let through all the same: each with reason and end.

Kept in the vault as a field of the person, so that it is sealed, and erased with them; here by the
person's id, so that a call costs no look into a store. An allowance in force stands before a block.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, cast

from acd.model import Seconds
from ivr.masked_number import masked
from ivr.ports import Audit, Audited, Clock, CoreRefused, PersonId, StoreFailed, StoreRefused

log = logging.getLogger(__name__)

FIELD = "listed"
"""The vault's field that says on which lists a person is."""
MOST_CHARACTERS = 500
Fields = Mapping[str, Any]
Kind = Literal["blocked", "allowed"]
Listed = Literal["blocked", "allowed", "none"]
KINDS: tuple[Kind, ...] = ("allowed", "blocked")
"""The one that stands before the other comes first."""


class ListsVault(Protocol):
    """As much of the vault as is needed here."""

    async def person_for_number(self, number: str) -> PersonId: ...

    async def seal(self, person: PersonId, field_name: str, text: str) -> None: ...

    async def open(self, person: PersonId, field_name: str) -> str | None: ...

    async def having(self, field_name: str) -> Sequence[PersonId]: ...


@dataclass(frozen=True, slots=True)
class Listing:
    """Why a person is on a list, by whom, since when, and until when (None: until removed)."""

    reason: str
    who: str
    since: Seconds
    until: Seconds | None = None

    def holds(self, now: Seconds) -> bool:
        return self.until is None or now < self.until


Listings = dict[Kind, Listing]


class CallerLists:
    """Who is listed now. Changes are in the audit before they are done, and hold at once."""

    def __init__(
        self, vault: ListsVault, audit: Audit, clock: Clock, is_emergency: Callable[[str], bool]
    ) -> None:
        """`is_emergency`: whether a number is one that help comes from, like 110."""
        self._vault = vault
        self._audit = audit
        self._clock = clock
        self._is_emergency = is_emergency
        self._listed: dict[PersonId, Listings] = {}
        self._one_at_a_time = asyncio.Lock()
        self.requests = {
            "caller block": self._block,
            "caller allow": self._allow,
            "caller remove": self._remove,
            "caller list": self._list,
        }
        """What the core is asked about callers, by name."""

    async def begin(self) -> None:
        """Read the lists. What cannot be read is told, and nobody is blocked by it."""
        try:
            for person in await self._vault.having(FIELD):
                if found := read(await self._vault.open(person, FIELD)):
                    self._listed[person] = found
        except (StoreFailed, StoreRefused) as fault:
            log.error("lists of callers not read, all are taken", extra={"why": str(fault)})

    def listed(self, person: PersonId | None) -> Listed:
        """The list that a caller is on now. None, who withheld their number or could not be looked
        up, is on no list."""
        known: Listings = self._listed.get(person, {}) if person else {}
        now = self._clock.now()
        return next((kind for kind in KINDS if kind in known and known[kind].holds(now)), "none")

    # ---------------------------------------------------------------- requests

    async def _block(self, fields: Fields) -> Fields:
        if self._is_emergency(str(fields.get("number", ""))):
            raise CoreRefused("this is a number that help comes from: it is never blocked")
        return await self._put("blocked", fields)

    async def _allow(self, fields: Fields) -> Fields:
        return await self._put("allowed", fields)

    async def _put(self, kind: Kind, fields: Fields) -> Fields:
        listing = self._listing(fields)
        person = await self._person(fields)
        async with self._one_at_a_time:
            after: Listings = {**self._listed.get(person, {}), kind: listing}
            await self._change(person, after, f"caller {kind}", listing.who, listing.until)
        return self._told(person)

    async def _remove(self, fields: Fields) -> Fields:
        person = await self._person(fields)
        async with self._one_at_a_time:
            if person not in self._listed:
                raise CoreRefused("this caller is on no list")
            await self._change(person, {}, "caller removed", str(fields.get("who", "")), None)
        return self._told(person)

    async def _list(self, fields: Fields) -> Fields:
        return {"callers": [await self._row(person) for person in list(self._listed)]}

    # ---------------------------------------------------------------- how

    async def _change(
        self, person: PersonId, after: Listings, deed: str, who: str, until: Seconds | None
    ) -> None:
        """The reason is not in the audit: it may say more of a person than an id."""
        details = {} if until is None else {"until": until}
        try:
            entry = Audited(self._clock.now(), who, deed, person, details=details)
            await self._audit.write(entry)
            await self._vault.seal(person, FIELD, written(after))
        except (StoreFailed, StoreRefused, LookupError) as fault:
            raise CoreRefused(f"not changed: {fault}") from fault
        if after:
            self._listed[person] = after
        else:
            self._listed.pop(person, None)
        log.info(deed, extra={"caller": person})

    def _listing(self, fields: Fields) -> Listing:
        reason, until = " ".join(str(fields.get("reason", "")).split()), fields.get("until")
        now = self._clock.now()
        if not reason or len(reason) > MOST_CHARACTERS:
            raise CoreRefused(f"say why, in {MOST_CHARACTERS} characters at most")
        if until is not None and not (isinstance(until, int | float) and until > now):
            raise CoreRefused("the end is over already: name a later one")
        return Listing(reason, str(fields.get("who", "")), now, until)

    async def _person(self, fields: Fields) -> PersonId:
        """By id where one is listed under it, else by number."""
        number = str(fields.get("number", "")).strip()
        if number in self._listed:
            return PersonId(number)
        if not any(sign.isdigit() for sign in number) or number.startswith("per_"):
            raise CoreRefused("name a telephone number, or a listed caller's id")
        try:
            return await self._vault.person_for_number(number)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"not changed: {fault}") from fault

    def _told(self, person: PersonId) -> Fields:
        return {"caller": person, "listed": self.listed(person)}

    async def _row(self, person: PersonId) -> Fields:
        known = self._listed.get(person, {})
        rows: dict[str, Any] = {kind: asdict(listing) for kind, listing in known.items()}
        try:
            number = masked(await self._vault.open(person, "number"))
        except (StoreFailed, StoreRefused):
            number = None
        return {**self._told(person), "number": number, **rows}


def written(listings: Listings) -> str:
    """As the vault keeps it."""
    return json.dumps({kind: asdict(listing) for kind, listing in listings.items()})


def read(text: str | None) -> Listings:
    """What `written` has written; nothing when the field is erased."""
    plain: dict[str, Any] = json.loads(text) if text else {}
    return {cast(Kind, kind): Listing(**fields) for kind, fields in plain.items()}
