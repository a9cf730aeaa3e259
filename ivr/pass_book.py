"""Where passes are kept: the port of the store behind `ivr.pass_desk`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from acd.model import ContactId, Seconds
from ivr.passes import Pass, PassId


class TooManyOpen(Exception):
    """The contact has as many open passes as one may have."""


class SecretTaken(Exception):
    """Another pass has this secret: draw again."""


class PassBook(Protocol):
    """All passes, by the digest of their secret. What returns is durable; raises `StoreFailed`.

    What is asked at the same time, by however many processes, is done one after the other.
    """

    async def keep(self, made: Pass, digest: str) -> None:
        """Keep a new pass. A new code takes the place of the contact's earlier ones. Raises
        `TooManyOpen`, `SecretTaken`."""

    async def find(self, digest: str) -> Pass | None: ...

    async def redeem(self, id_: PassId, by: str, now: Seconds) -> bool:
        """Close an open pass as redeemed and not yet told, and every other open pass of its
        contact as void, in one step; False, and nothing is changed, when it is no longer open."""

    async def told(self, id_: PassId, into: ContactId) -> None:
        """The redemption stands in the journal, with the contact that went on by it."""

    async def untold(self) -> Sequence[Pass]:
        """Redemptions that do not stand in the journal yet, the oldest first."""

    async def open(self) -> Sequence[Pass]:
        """Every open pass, the oldest first."""

    async def expire(self, ids: Iterable[PassId], now: Seconds) -> None:
        """Close those of them that are open."""

    async def forget(self, before: Seconds) -> Sequence[Pass]:
        """Passes that were closed before then, which are gone now, and wrong codes of then."""

    async def of(self, contact: ContactId) -> Sequence[Pass]:
        """The passes of a contact, the oldest first."""

    async def tries(self, who: ContactId, now: Seconds) -> int:
        """Count one more code that this contact keys in; how many there are now."""

    async def forgive(self, who: ContactId) -> None:
        """The contact keyed in a right one: it has tried nothing."""
