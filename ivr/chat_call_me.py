"""A customer who waits in the chat asks to be called: the contact goes on as a promised callback.

It keeps its order key, as every contact that goes from one channel into another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from acd.engine import Engine
from acd.model import CHATS, Contact, ContactId
from acd.states import ContactState
from ivr.dialling import NotDialled, Routing
from ivr.ports import CallFacts, CoreRefused, EffectKey, PersonId, StoreFailed, StoreRefused, Vault
from ivr.promises import CannotPromise, Promise, Wish

Fields = Mapping[str, Any]
WITH_AN_AGENT = (ContactState.TALKING, ContactState.HELD, ContactState.AFTER)


class Chats(Protocol):
    """Who knows the chats."""

    def contact_of(self, by: str) -> ContactId | None:
        """The contact that this customer's browser has; None: it has none."""


class Promises(Protocol):
    """Who promises callbacks; `ivr.callbacks` does."""

    def may_call(self, number: str) -> bool: ...

    def open(self) -> list[Promise]: ...

    async def promise(self, wish: Wish) -> Promise: ...


class CallMe:
    """Answers `chat call me`. Refusals are sentences, without the number."""

    def __init__(
        self, chats: Chats, engine: Engine, promises: Promises, routing: Routing, vault: Vault,
        whose: Callable[[ContactId], Awaitable[PersonId | None]],
        is_emergency: Callable[[str], bool],
    ) -> None:  # fmt: skip
        """`whose`: the person behind a contact. `is_emergency`: whether help comes from there."""
        self._chats = chats
        self._engine = engine
        self._promises = promises
        self._routing = routing
        self._vault = vault
        self._whose = whose
        self._is_emergency = is_emergency

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {"chat call me": self._call_me}

    async def _call_me(self, fields: Fields) -> Fields:
        number = str(fields.get("number") or "").strip()
        contact = self._waiting(str(fields.get("by") or ""))
        try:
            await self._check(contact, number)
            promise = await self._promises.promise(await self._wish(contact, number))
        except (CannotPromise, NotDialled) as refusal:
            raise CoreRefused(f"we cannot call: {refusal}") from refusal
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused("nothing was promised: ask again") from fault
        return {"promised": True, "not_before": promise.not_before, "until": promise.until}

    def _waiting(self, by: str) -> Contact:
        id_ = self._chats.contact_of(by) if by else None
        contact = self._engine.contacts.get(id_) if id_ else None
        if contact is None or contact.channel != CHATS:
            raise CoreRefused("there is no chat that waits")
        if contact.state in WITH_AN_AGENT:
            raise CoreRefused("an agent is in this chat: ask them")
        return contact

    async def _check(self, contact: Contact, number: str) -> None:
        """By the rules of callbacks and of dialling; nobody is promised two calls."""
        if not number or self._is_emergency(number):
            raise CoreRefused("we cannot call: this is no telephone number of yours")
        if not self._promises.may_call(number):
            raise CoreRefused("we cannot call: this house does not call such numbers")
        await self._routing(number, queue=contact.queue)
        to = await self._vault.person_for_number(number)
        if any((one.to, one.queue) == (to, contact.queue) for one in self._promises.open()):
            raise CoreRefused("this number is to be called already, in its own order")

    async def _wish(self, contact: Contact, number: str) -> Wish:
        facts = CallFacts(
            contact.id, "", None, queue=contact.queue, class_=contact.class_,
            language=contact.language,
        )  # fmt: skip
        return Wish(
            EffectKey(f"{contact.id}/call-me"), facts, contact.queue, contact.language, number,
            await self._whose(contact.id), contact.urgency, contact.skills,
        )  # fmt: skip
