"""What the running core is asked about promised callbacks by whoever looks after them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from acd.model import ContactId
from ivr.callback_book import CallbackBook
from ivr.callbacks import CallbackDesk
from ivr.ports import Audit, Audited, CoreRefused, StoreFailed, StoreRefused, Vault
from ivr.promises import Promise

Fields = Mapping[str, Any]


class Dials(Protocol):
    """Who dials callbacks; `ivr.callback_dialler` does."""

    @property
    def book(self) -> CallbackBook: ...

    async def cancel(self, id_: ContactId, who: str) -> bool: ...

    async def try_now(self, id_: ContactId, who: str) -> bool: ...


class CallbackRequests:
    """The open promises; with their numbers it stands in the audit who saw those."""

    def __init__(self, desk: CallbackDesk, vault: Vault, audit: Audit, dials: Dials) -> None:
        self._desk = desk
        self._vault = vault
        self._audit = audit
        self._dials = dials

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {
            "callbacks": self._list,
            "callback cancel": self._cancel,
            "callback now": self._try_now,
        }

    async def _list(self, fields: Fields) -> Fields:
        promises = self._desk.open()
        plain = [self._plain(promise) for promise in promises]
        if fields.get("numbers"):
            try:
                await self._show_numbers(plain, str(fields.get("who", "")))
            except (StoreFailed, StoreRefused) as fault:
                raise CoreRefused(f"the numbers cannot be shown: {fault}") from fault
        return {"callbacks": plain}

    async def _cancel(self, fields: Fields) -> Fields:
        contact = _contact(fields)
        if not await self._dials.cancel(contact, str(fields.get("who", ""))):
            raise CoreRefused(
                f"{contact} is no callback that could be cancelled: ./hotline callbacks lists "
                "them; one that was picked up is a call"
            )
        return {"contact": contact}

    async def _try_now(self, fields: Fields) -> Fields:
        contact = _contact(fields)
        if not await self._dials.try_now(contact, str(fields.get("who", ""))):
            raise CoreRefused(
                f"{contact} is no callback that waits for its time: ./hotline callbacks lists them"
            )
        return {"contact": contact}

    async def _show_numbers(self, plain: list[dict[str, Any]], who: str) -> None:
        contacts = [one["contact"] for one in plain]
        deed = Audited(self._desk.now(), who, "callback numbers", "callbacks", "", {"of": contacts})
        await self._audit.write(deed)
        for one in plain:
            one["number"] = await self._vault.open(one["to"], "number")

    def _plain(self, promise: Promise) -> dict[str, Any]:
        kept = self._dials.book.open.get(promise.contact)
        return {
            "contact": promise.contact,
            "queue": promise.queue,
            "to": promise.to,
            "at": promise.at,
            "not_before": promise.not_before,
            "until": promise.until,
            "attempts": promise.attempts,
            "minutes_between": promise.minutes_between,
            "state": kept.state if kept else "promised",
            "made": kept.attempts if kept else 0,
            "again": kept.again if kept else promise.not_before,
            "why": kept.why if kept else "",
        }


def _contact(fields: Fields) -> ContactId:
    if not isinstance(fields.get("contact"), str):
        raise CoreRefused("name the callback: contact=...")
    return ContactId(fields["contact"])
