"""What a flow has collected, taken along when its contact goes on in another channel.

It is personal: it lies sealed in the vault under its person, and is gone when they are erased, or a
week after the pass was closed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from acd.model import ContactId
from ivr.passes import Pass
from ivr.ports import PersonId, Vault
from ivr.values import LEVEL


def field_of(contact: ContactId) -> str:
    """Where in the vault the values of this contact lie, under its person."""
    return f"collected/{contact}"


async def pack(
    vault: Vault, person: PersonId | None, contact: ContactId, values: Mapping[str, str]
) -> PersonId | None:
    """Seal the values, in place of those of an earlier pass; under whom. What a level says is none
    of them: it stands on the pass. Nobody (None) of whom nothing is known, or who is erased."""
    taken = {name: text for name, text in values.items() if name != LEVEL}
    if person is None or not taken:
        return person
    try:
        await vault.seal(person, field_of(contact), json.dumps(taken, ensure_ascii=False))
    except LookupError:
        return None
    return person


async def unpack(vault: Vault, known: Pass) -> Mapping[str, str]:
    """The values that the contact of a pass has brought along."""
    text = await vault.open(known.person, field_of(known.contact)) if known.person else None
    values: Mapping[str, str] = json.loads(text) if text else {}
    return values


async def unpack_for_good(vault: Vault, known: Pass) -> None:
    """Throw the values away."""
    if await unpack(vault, known) and known.person:
        await vault.seal(known.person, field_of(known.contact), "")
