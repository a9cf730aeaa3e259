"""Text that lies in another table or database, sealed under its person's key.

What is destroyed with the key is gone there too: nobody has to know where it lies.
"""

from __future__ import annotations

from sqlalchemy import select

from adapters.stores.database import Database
from adapters.stores.keys import KeyRing, open_sealed, seal
from adapters.stores.tables import vault_person
from adapters.stores.vault import unwrapped
from ivr.ports import PersonId


class TextSeals:
    """Needs the vault's database for reading only."""

    def __init__(self, database: Database, keys: KeyRing) -> None:
        self._database = database
        self._keys = keys

    async def seal_text(self, person: PersonId, place: str, text: str) -> bytes:
        """The text, sealed for this place; `LookupError` for nobody or an erased person."""
        key = await self._key(person)
        if key is None:
            raise LookupError(f"{person} is not in the vault, or erased")
        return seal(key, text.encode(), f"{person} {place}")

    async def open_text(self, person: PersonId, place: str, sealed: bytes) -> str | None:
        """The text; None when the person is erased. Raises `StoreRefused` when it is damaged."""
        key = await self._key(person)
        return open_sealed(key, sealed, f"{person} {place}").decode() if key else None

    async def _key(self, person: PersonId) -> bytes | None:
        query = select(vault_person).where(vault_person.c.id == person)
        row = await self._database.read(lambda db: db.execute(query).one_or_none())
        return unwrapped(self._keys, row) if row else None
