"""What the running core is asked about promised callbacks by whoever keeps them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ivr.callbacks import CallbackDesk
from ivr.ports import Audit, Audited, CoreRefused, StoreFailed, StoreRefused, Vault
from ivr.promises import Promise

Fields = Mapping[str, Any]


class CallbackRequests:
    """The open promises; with their numbers it stands in the audit who saw those."""

    def __init__(self, desk: CallbackDesk, vault: Vault, audit: Audit) -> None:
        self._desk = desk
        self._vault = vault
        self._audit = audit

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"callbacks": self._list}

    async def _list(self, fields: Fields) -> Fields:
        promises = self._desk.open()
        plain = [self._plain(promise) for promise in promises]
        if fields.get("numbers"):
            try:
                await self._show_numbers(plain, str(fields.get("who", "")))
            except (StoreFailed, StoreRefused) as fault:
                raise CoreRefused(f"the numbers cannot be shown: {fault}") from fault
        return {"callbacks": plain}

    async def _show_numbers(self, plain: list[dict[str, Any]], who: str) -> None:
        contacts = [one["contact"] for one in plain]
        deed = Audited(self._desk.now(), who, "callback numbers", "callbacks", "", {"of": contacts})
        await self._audit.write(deed)
        for one in plain:
            one["number"] = await self._vault.open(one["to"], "number")

    def _plain(self, promise: Promise) -> dict[str, Any]:
        return {
            "contact": promise.contact,
            "queue": promise.queue,
            "to": promise.to,
            "at": promise.at,
            "not_before": promise.not_before,
            "until": promise.until,
            "attempts": promise.attempts,
            "minutes_between": promise.minutes_between,
        }
