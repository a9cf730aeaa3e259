"""What the running core is asked about passes by the web process, channels and operators."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from acd.model import CHATS, ContactId, Seconds
from ivr.distributor import Distributor
from ivr.pass_book import PassBook
from ivr.pass_desk import CannotIssue, Order, PassDesk
from ivr.pass_secrets import PASS_KEY, Secret
from ivr.passes import SENTENCES, Form, Pass, PassRefused, Refusal
from ivr.ports import (
    Audit,
    Audited,
    Clock,
    CoreRefused,
    Journal,
    PersonId,
    StoreFailed,
    StoreRefused,
)
from ivr.settings import Settings
from ivr.values import LEVELS, NOTHING_PROVED
from ivr.whose import Whose

log = logging.getLogger(__name__)

Fields = Mapping[str, Any]
TIDY_SECONDS: Seconds = 10.0


class PassRequests:
    """Issue, look, redeem. Making and redeeming is audited before it is done."""

    def __init__(self, desk: PassDesk, audit: Audit, whose: Whose | None = None) -> None:
        """`whose`: of the desk; it is kept up with, so that nobody waits for it."""
        self.desk = desk
        self._audit = audit
        self._whose = whose

    @property
    def known(self) -> dict[str, Callable[[Fields], Awaitable[Fields]]]:
        """What can be asked, by name."""
        return {
            "pass issue": self._issue,
            "pass look": self._look,
            "pass redeem": self._redeem,
            "pass channels": self._channels,
        }

    async def run(self) -> None:
        """Finish what was left half done, and tidy up, again and again until cancelled."""
        while True:
            try:
                await self.desk.begin()
                await self.desk.tidy()
                if self._whose:
                    await self._whose.keep_up()
            except (StoreFailed, StoreRefused) as fault:
                log.warning("passes not tidied up", extra={"why": str(fault)})
            await asyncio.sleep(TIDY_SECONDS)

    async def _channels(self, fields: Fields) -> Fields:
        return {"channels": dict(self.desk.channels)}

    async def _issue(self, fields: Fields) -> Fields:
        order = _order(fields)
        try:
            deed = {"channel": order.channel, "form": order.form}
            who, why = _text(fields, "who"), _text(fields, "why")
            entry = Audited(self.desk.now(), who, "pass issue", order.contact, why, deed)
            await self._audit.write(entry)
            made, secret = await self.desk.issue(order)
        except CannotIssue as refusal:
            raise CoreRefused(f"no pass is made: {refusal}") from refusal
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"no pass is made: {fault}") from fault
        return _issued(made, secret)

    async def _look(self, fields: Fields) -> Fields:
        try:
            known, why = await self.desk.look(_text(fields, "pass"))
        except PassRefused as refusal:
            return refused(refusal.why)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"passes cannot be looked at: {fault}") from fault
        return {**_plain(known), **(refused(why) if why else {})}

    async def _redeem(self, fields: Fields) -> Fields:
        typed, channel, by = (_text(fields, name) for name in ("pass", "channel", "by"))
        tries_as = ContactId(_text(fields, "tries_as")) or None
        try:
            done = await self.desk.redeem(typed, channel, by, tries_as)
        except PassRefused as refusal:
            log.info("pass refused", extra={"why": refusal.why, "channel": channel})
            return refused(refusal.why)
        except (StoreFailed, StoreRefused) as fault:
            raise CoreRefused(f"no pass is redeemed: {fault}") from fault
        return {
            **_plain(done.known), "contact": done.contact, "level": done.level,
            "channel": done.channel, "again": done.again, "answered": done.answered,
        }  # fmt: skip


def of_passes(
    settings: Settings, book: PassBook, distributor: Distributor, journal: Journal, audit: Audit,
    clock: Clock,
) -> PassRequests:  # fmt: skip
    """Those of an installation. They lead into chat, where there is chat: who comes there by a link
    has proved nothing but that they have it."""
    key, channels = settings.secret(PASS_KEY), {CHATS: NOTHING_PROVED} if settings.site.chat else {}
    whose = Whose(journal)
    desk = PassDesk(book, distributor, audit, clock, lambda: key, channels, whose)
    return PassRequests(desk, audit, whose)


def refused(why: Refusal) -> Fields:
    """A refusal as it is answered: in a word, and in one sentence for each language."""
    return {"refused": why, "say": dict(SENTENCES[why])}


def _order(fields: Fields) -> Order:
    contact, level = _text(fields, "contact"), _text(fields, "level") or None
    form = _text(fields, "form") or Form.LINK
    if not contact:
        raise CoreRefused("name the contact: contact=...")
    if form not in list(Form) or level not in (None, *LEVELS):
        raise CoreRefused(f"form is {' or '.join(Form)}, level {' or '.join(LEVELS)}")
    person = PersonId(_text(fields, "person")) or None
    return Order(ContactId(contact), _text(fields, "channel"), Form(form), level, person)


def _issued(made: Pass, secret: Secret) -> Fields:
    spoken = {"groups": secret.groups} if made.form is Form.CODE else {}
    return {**_plain(made), "contact": made.contact, "pass": secret.text, **spoken}


def _plain(known: Pass) -> dict[str, Any]:
    return {
        "id": known.id, "channel": known.channel, "form": known.form, "state": known.state,
        "made_at": known.made_at, "until": known.until,
    }  # fmt: skip


def _text(fields: Fields, name: str) -> str:
    return str(fields.get(name) or "").strip()[:200]
