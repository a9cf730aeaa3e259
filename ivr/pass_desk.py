"""Issues and redeems passes in the core: the one place where a contact goes into another channel.

A redemption is first made durable in the book, then told to the engine and the journal. What a
process that dies leaves between the two is told by the next (`begin`): it was done once, and is
told once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from ulid import ULID

from acd import events
from acd.model import ContactId, Lane, Seconds
from acd.states import ContactState
from ivr.distributor import Distributor, Entry
from ivr.pass_book import PassBook, SecretTaken, TooManyOpen
from ivr.pass_secrets import Secret, new_secret, read
from ivr.passes import (
    CODE_SECONDS,
    MOST_TRIES,
    Form,
    Pass,
    PassId,
    PassRefused,
    PassState,
    Refusal,
    Standing,
    Stands,
    is_too_old,
    level_in,
    refusal_of,
)
from ivr.ports import Audit, Audited, Clock, Note, PersonId
from ivr.values import NOTHING_PROVED
from ivr.whose import Whose

log = logging.getLogger(__name__)

ISSUED, REDEEMED = "PassIssued", "PassRedeemed"
"""Journal kinds: a pass was made for the contact; the contact goes on in another channel by one."""
DRAWS = 5
"""Secrets that are drawn before we give up: one in a thousand million is taken by another pass."""
FORGET_SECONDS: Seconds = 7 * 86_400.0
"""So long we can say of a closed pass why it is closed."""
CUSTOMER = "customer"
"""Who redeems, in the audit."""
TALKS = (ContactState.TALKING, ContactState.HELD, ContactState.AFTER)


class CannotIssue(Exception):
    """No pass is made; the message says why."""


@dataclass(frozen=True, slots=True)
class Order:
    """Somebody asks for a pass for a contact."""

    contact: ContactId
    channel: str
    form: Form = Form.LINK
    level: str | None = None
    """What the contact has proved so far, one of `LEVELS`; None: as the journal has it."""
    person: PersonId | None = None
    """Whose it is; None: as the journal has it."""
    away: bool = False
    """Also for a contact that has left, while its place is kept."""


@dataclass(frozen=True, slots=True)
class Redeemed:
    """A contact that goes on in another channel."""

    contact: ContactId
    """The same one; a new one, with the place of the old, where that had left already."""
    channel: str
    level: str
    """What counts as proved there."""
    known: Pass
    again: bool = False
    """Whether this redemption was asked for, and answered, before."""
    answered: bool = False
    """An agent was quicker on the telephone: the answer wins."""


class PassDesk:
    """Issues and redeems. Somebody calls `begin` at the start and now and then, and `tidy`."""

    def __init__(
        self,
        book: PassBook,
        distributor: Distributor,
        audit: Audit,
        clock: Clock,
        key: Callable[[], str],
        channels: Mapping[str, str],
        whose: Whose | None = None,
    ) -> None:
        """`key`: of the hash that is kept of secrets. `channels`: into which a pass may lead, and
        the most that each can prove. `whose`: who knows whose a contact is, and what it has
        proved; None: orders say it."""
        self._book = book
        self._distributor = distributor
        self._audit = audit
        self._clock = clock
        self._key = key
        self._whose = whose
        self.channels = dict(channels)
        """Whoever serves a channel names it here; without any, no pass is made."""
        self._one = asyncio.Lock()

    async def begin(self) -> None:
        """Tell what was redeemed by somebody who died, or gave up, before it was told."""
        async with self._one:
            for known in await self._book.untold():
                log.info("redemption told late", extra={"pass": known.id, "contact": known.contact})
                await self._tell(known)

    def now(self) -> Seconds:
        """Centre time."""
        return self._clock.now()

    # ---------------------------------------------------------------- issuing

    async def issue(self, order: Order) -> tuple[Pass, Secret]:
        """A new pass and its secret, which is never seen again. Raises `CannotIssue`,
        `StoreFailed`."""
        if order.channel not in self.channels:
            raise CannotIssue(f"no pass leads into {order.channel!r}{self._served()}")
        may_stand = (Stands.WAITS, Stands.AWAY) if order.away else (Stands.WAITS,)
        if self._standing(order.contact).where not in may_stand:
            raise CannotIssue(f"{order.contact} does not wait: there is no place to carry")
        now = self._clock.now()
        until = now + CODE_SECONDS if order.form is Form.CODE else None
        person, level = await self._known_of(order)
        made = Pass(
            PassId(f"pas_{ULID()}"), order.contact, order.channel, order.form, now, until, level,
            person,
        )  # fmt: skip
        secret = await self._keep(made)
        told = {"pass": made.id, "channel": made.channel, "form": made.form, "until": until}
        await self._distributor.write(made.contact, ISSUED, told)
        log.info("pass issued", extra={"contact": made.contact, **told})
        return made, secret

    async def _known_of(self, order: Order) -> tuple[PersonId | None, str]:
        person, level, whose = order.person, order.level, self._whose
        if whose:
            person = person or await whose.of(order.contact)
            level = level or await whose.level(order.contact)
        return person, level or NOTHING_PROVED

    def _served(self) -> str:
        open_ = ", ".join(sorted(self.channels))
        return f": passes lead into {open_}" if open_ else ": no channel is open for passes"

    async def _keep(self, made: Pass) -> Secret:
        for _ in range(DRAWS):
            secret = new_secret(made.form)
            try:
                await self._book.keep(made, secret.digest(self._key()))
                return secret
            except SecretTaken:
                continue
            except TooManyOpen as many:
                raise CannotIssue("the contact has too many open passes: use one of them") from many
        raise CannotIssue("no code is free just now: ask again")

    # ---------------------------------------------------------------- looking and redeeming

    async def look(self, typed: str) -> tuple[Pass, Refusal | None]:
        """How it stands with a pass, and what redeeming it would be refused for. Changes nothing.
        Raises `PassRefused` for one that is not known, `StoreFailed`."""
        known = await self._find(read(typed))
        now, standing = self._clock.now(), self._standing(known.contact)
        return known, refusal_of(known, standing, known.channel, now)

    async def redeem(
        self, typed: str, channel: str, by: str = "", tries_as: ContactId | None = None
    ) -> Redeemed:
        """Go on with the contact of this pass in this channel. Raises `PassRefused`, `StoreFailed`.

        `by`: who asks, in words of their own; in the same words they may ask again. `tries_as`: the
        contact in which a code is keyed in; it has `MOST_TRIES`.
        """
        secret = read(typed)
        counts = tries_as is not None and (secret is None or secret.form is Form.CODE)
        if tries_as and counts and await self._book.tries(tries_as, self.now()) > MOST_TRIES:
            raise PassRefused(Refusal.TRIES)
        async with self._one:
            known = await self._find(secret)
            if tries_as and counts:
                await self._book.forgive(tries_as)
            return await self._redeem(known, channel, by)

    async def _redeem(self, known: Pass, channel: str, by: str) -> Redeemed:
        if by and known.state is PassState.REDEEMED and (known.by, known.channel) == (by, channel):
            return await self._again(known)
        now = self._clock.now()
        if why := refusal_of(known, self._standing(known.contact), channel, now):
            raise PassRefused(why)
        deed = {"pass": known.id, "channel": channel}
        await self._audit.write(Audited(now, CUSTOMER, "pass redeem", known.contact, "", deed))
        if not await self._book.redeem(known.id, by, now):
            raise PassRefused(Refusal.USED)  # another process was quicker
        return await self._tell(replace(known.moved("redeem", now), by=by))

    async def _find(self, secret: Secret | None) -> Pass:
        known = await self._book.find(secret.digest(self._key())) if secret else None
        if known is None:
            raise PassRefused(Refusal.UNKNOWN)
        return known

    async def _again(self, known: Pass) -> Redeemed:
        redeemed = self._redeemed(known) if known.told else await self._tell(known)
        return replace(redeemed, again=True)

    async def _tell(self, known: Pass) -> Redeemed:
        """Engine and journal learn of it, in one commit; then the book learns that they did."""
        redeemed = self._redeemed(known)
        effect = f"{known.contact}/{known.id}"
        note = Note(redeemed.contact, REDEEMED, {
            "pass": known.id, "of": known.contact, "channel": known.channel,
            "level": redeemed.level, "person": known.person, "effect": effect,
        })  # fmt: skip
        await self._distributor.record(note, *self._entries(known, redeemed.contact))
        await self._book.told(known.id, redeemed.contact)
        log.info("pass redeemed", extra={"pass": known.id, "contact": redeemed.contact})
        there = self._distributor.engine.contacts.get(redeemed.contact)
        return replace(redeemed, answered=there is not None and there.state in TALKS)

    def _redeemed(self, known: Pass) -> Redeemed:
        here = known.contact in self._distributor.engine.contacts
        contact = known.into or (known.contact if here else contact_after(known))
        level = level_in(known.level, self.channels.get(known.channel, NOTHING_PROVED))
        return Redeemed(contact, known.channel, level, known)

    def _entries(self, known: Pass, into: ContactId) -> Sequence[Entry]:
        """What brings the contact there, however often it is told; nothing where it is over."""
        engine = self._distributor.engine
        if contact := engine.contacts.get(known.contact):
            if contact.state in TALKS:
                return []  # an agent was quicker: the answer wins
            live = [events.BecameLive(contact.id)] if contact.lane is Lane.DEFERRED else []
            moved = events.Moved(contact.id, known.channel, waits=True)
            return [moved, *live, events.Reached(contact.id)]
        place = engine.places.get(known.contact)
        if place is None:
            return []
        return [events.Arrived(
            into, place.queue, place.entered_at, known.channel, place.class_, place.language,
            dict(place.skills), waits=True, urgency=place.urgency, preferred=place.preferred,
            resumes=known.contact, by_pass=True,
        )]  # fmt: skip

    # ---------------------------------------------------------------- what becomes of the rest

    async def tidy(self) -> None:
        """Close what has become too old, and forget what was closed long ago."""
        now = self._clock.now()
        old = [known for known in await self._book.open() if self._is_done(known, now)]
        if old:
            await self._book.expire([known.id for known in old], now)
        await self._book.forget(now - FORGET_SECONDS)

    def _is_done(self, known: Pass, now: Seconds) -> bool:
        standing = self._standing(known.contact)
        return standing.where is Stands.OVER or is_too_old(known, standing, now)

    def _standing(self, contact: ContactId) -> Standing:
        engine = self._distributor.engine
        if known := engine.contacts.get(contact):
            return Standing(Stands.TALKS if known.state in TALKS else Stands.WAITS)
        if place := engine.places.get(contact):
            return Standing(Stands.AWAY, place.left_at)
        return Standing(Stands.OVER)


def contact_after(known: Pass) -> ContactId:
    """The contact that takes up the place of one that has left: always the same for a pass."""
    return ContactId(f"{known.contact}~{known.id[-8:].lower()}")
