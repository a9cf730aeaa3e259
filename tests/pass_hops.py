"""What customers do on a random day: come, go from channel to channel, leave, and come back."""

from __future__ import annotations

import asyncio
import math
from hashlib import sha256

from acd.model import CHATS, ContactId
from acd.requests import Regraded
from ivr.online_legs import back_to_the_phone
from ivr.pass_desk import CannotIssue, Order
from ivr.passes import AFTER_SECONDS, Form, PassRefused
from tests.hop_lines import APP, CENTRE, SALES, SUPPORT
from tests.pass_ideal import PRESENT, Customer, Deeds, Where

MOST_HOPS = 5
GRACE = 300.0
LANDLINE, MOBILE = "+861062680", "+86138001"
BURST = 12


def browser(name: str) -> str:
    return sha256(name.encode()).hexdigest()


class HopDeeds(Deeds):
    """Each deed says whether there was anybody to do it."""

    # ---------------------------------------------------------------- coming

    async def _comes(self) -> bool:
        number, queue = len(self.ideal.customers) + 1, self.dice.choice((SUPPORT, SALES))
        class_ = self.dice.choice(("standard", "standard", "vip"))
        phone = self.dice.choice((*[f"{MOBILE}{number:05d}"] * 8, f"{LANDLINE}{number:03d}", None))
        contact = ContactId(f"k{number}")
        await self.house.calls(contact, phone, queue, class_, ask=True)
        made = Customer(number, phone, queue, class_, contact, 0.0, 0, 0.0, Where.PHONE, 0.0)
        self.ideal.customers.append(made)
        self._begins(made, contact)
        return True

    def _begins(self, one: Customer, contact: ContactId) -> None:
        """They have a place of their own from now on."""
        now, known = self.house.clock.now(), self.house.engine.contacts[contact]
        one.contact, one.entered_at, one.began = contact, now, now
        one.seq, one.credit = known.seq, CENTRE.credit(one.class_)
        one.secret = None
        others = [each.seq for each in self.ideal.customers if each is not one]
        if known.order_key != one.key or known.seq <= max(others, default=0):
            self.fault(f"{one.number} begins with the key {known.order_key}")

    async def _comes_to_the_page(self) -> bool:
        number = len(self.ideal.customers) + 1
        by = browser(f"web {number}")
        asked = {"by": by, "language": "en", "queue": SUPPORT, "name": "Li"}
        contact = ContactId((await self.house.ask("chat begin", **asked))["contact"])
        phone, now = f"{MOBILE}{number:05d}", self.house.clock.now()
        made = Customer(
            number, phone, SUPPORT, "standard", contact, now, 0, 0.0, Where.CHAT, now, by
        )
        self.ideal.customers.append(made)
        self._begins(made, contact)
        return True

    async def _burst(self) -> bool:
        """Ten times as many as usual, within seconds."""
        for _ in range(BURST):
            self.house.clock.at += self.dice.choice((0.0, 0.1, 1.0))
            await self._comes()
        return True

    # ---------------------------------------------------------------- by a pass

    async def _issue(self, one: Customer, channel: str = "") -> tuple[str, str] | None:
        rung = self.is_rung(one)  # who is being rung on the telephone has not hung up for an app
        channel = channel or self.dice.choice((CHATS, CHATS, CHATS if rung else APP))
        order = Order(one.contact, channel, self.dice.choice(list(Form)))
        try:
            _made, secret = await self.house.passes.issue(order)
        except CannotIssue:
            return None
        return secret.text, channel

    async def redeem(self, secret: str, channel: str, by: str) -> ContactId | None:
        """The contact that goes on there; None: refused."""
        try:
            if channel != CHATS:
                return (await self.house.passes.redeem(secret, channel, by)).contact
        except PassRefused:
            return None
        told = await self.house.ask("chat join", **{"pass": secret, "by": by})
        return None if "refused" in told else ContactId(told["contact"])

    async def _goes_online(self) -> bool:
        one = self.one(Where.PHONE, Where.PHONE, Where.APP, Where.CHAT)
        made = await self._issue(one) if one and one.hops < MOST_HOPS else None
        if one is None or made is None:
            return False
        secret, channel = made
        names = self.dice.sample(("kitchen", "mobile", "work"), self.dice.choice((1, 1, 2)))
        bys = [browser(f"{one.number} {name}") for name in names]
        if self.dice.random() < 0.2:  # into the wrong one first: it stays good
            wrong = APP if channel == CHATS else CHATS
            if await self.redeem(secret, wrong, bys[0]):
                self.fault(f"{one.number}: a pass for {channel} was good for {wrong}")
        done = await asyncio.gather(*(self.redeem(secret, channel, by) for by in bys))
        if [contact for contact in done if contact] != [one.contact]:
            self.fault(f"{one.number}: {done} of a pass that {len(bys)} redeem")
        by = bys[next((n for n, contact in enumerate(done) if contact), 0)]
        await self._is_online(one, secret, channel, by)
        return True

    async def _is_online(self, one: Customer, secret: str, channel: str, by: str) -> None:
        """And asks again in the same words. The line of the telephone lets them go in its time; of
        an app, which is no part of the house, it knows nothing: they hang up."""
        for _ in range(self.dice.randint(0, 2)):
            if await self.redeem(secret, channel, by) != one.contact:
                self.fault(f"{one.number}: asked again, and was told something else")
        one.hops += 1
        one.spent.append((secret, channel))
        one.secret = None
        if one.where is Where.CHAT and channel == APP and one.by:
            await self.house.ask("chat away", by=one.by)
        one.where, one.by = (Where.CHAT, by) if channel == CHATS else (Where.APP, one.by)
        if one.where is Where.CHAT:  # as a page does that has joined
            await self.house.ask("chat state", by=by)
        if channel == APP or (not self.is_rung(one) and self.dice.random() < 0.7):
            await self.house.line_ends(one.contact)

    def is_rung(self, one: Customer) -> bool:
        """Whether an agent's telephone rings for them: the answer will win."""
        contact = self.house.engine.contacts.get(one.contact)
        return contact is not None and contact.offer in self.house.lines.legs

    async def _stays(self) -> bool:
        """They hear that they are online, and press a key: back to the telephone."""
        found = [one for one in self.ideal.live() if one.where is Where.CHAT
                 and one.contact in self.house.lines.there and not self.is_rung(one)]  # fmt: skip
        for one in found[:1]:
            await self.house.tell(*back_to_the_phone(one.contact))
            one.where, one.hops = Where.PHONE, one.hops + 1
        return bool(found)

    async def _spent(self) -> bool:
        """Old passes are shown again, by somebody else."""
        one = self.one(*PRESENT)
        for secret, channel in one.spent[-3:] if one else ():
            if await self.redeem(secret, channel, browser("a stranger")):
                self.fault(f"{one.number if one else ''}: a pass was good twice")
        return bool(one and one.spent)

    # ---------------------------------------------------------------- by a callback

    async def _asks_to_be_called(self) -> bool:
        """In the chat: call me."""
        one = self.one(Where.CHAT)
        if one is None or one.hops >= MOST_HOPS or one.phone is None or self.is_rung(one):
            return False
        if one.contact in self.house.lines.there:
            return False  # they are on the telephone still
        await self.house.ask("chat call me", by=one.by, number=one.phone)
        one.where, one.hops = Where.CALLBACK, one.hops + 1
        return True

    async def _calls_back(self) -> bool:
        """On the telephone: the flow promises a callback, and they hang up."""
        one = await self.promised()
        if one:
            await self.house.line_ends(one.contact)
        return one is not None

    async def promised(self) -> Customer | None:
        """Somebody on the telephone is promised a callback, and on the line still."""
        one = self.one(Where.PHONE)
        if one is None or one.hops >= MOST_HOPS or one.phone is None or self.is_rung(one):
            return None
        await self.house.promise(one.contact, one.phone, one.hops)
        one.where, one.hops = Where.CALLBACK, one.hops + 1
        return one

    async def _calls_in(self) -> bool:
        """Who is to be called calls themselves, within the grace time: back to the telephone."""
        for one in (each for each in self.ideal.live() if each.where is Where.CALLBACK):
            contact = self.house.engine.contacts[one.contact]
            rings = [each.contact for each in self.house.lines.ringing()]
            late = self.house.clock.now() - one.began > GRACE
            if contact.state != "parked" or late or one.contact in rings or one.hops >= MOST_HOPS:
                continue
            if contact.id.startswith("chat-"):
                continue  # begun on the page: nobody knows them by their number
            await self._calls_again(one, expects=True)
            return True
        return False

    # ---------------------------------------------------------------- leaving, and coming back

    async def _hangs_up(self) -> bool:
        """With a pass, or with nothing but the number that they call from."""
        one = self.one(Where.PHONE)
        if one is None:
            return False
        one.secret = await self._issue(one) if self.dice.random() < 0.7 else None
        self._left(one)
        await self.house.line_ends(one.contact)
        return True

    def _left(self, one: Customer) -> None:
        """Gone, with a place that is kept; for good, where nothing leads back."""
        one.left_at = self.house.clock.now()
        back = one.secret or one.phone
        one.where = Where.AWAY if back else Where.GONE

    async def _gives_up(self) -> bool:
        one = self.one(Where.PHONE, Where.CHAT)
        if one is None or (one.contact in self.house.lines.there and one.where is Where.CHAT):
            return False
        if one.where is Where.CHAT:
            await self.house.ask("chat end", by=one.by)
        else:
            await self.house.line_ends(one.contact)
        one.where = Where.GONE
        return True

    async def _page_goes(self) -> bool:
        one = self.one(Where.CHAT)
        if one is None or one.contact in self.house.lines.there:
            return False
        await self.house.ask("chat away", by=one.by)
        one.where = Where.UNSEEN
        one.left_at = self.house.clock.now()
        return True

    async def _page_comes(self) -> bool:
        one = self.one(Where.UNSEEN)
        if one is None:
            return False
        await self.house.ask("chat here", by=one.by)
        one.where = Where.CHAT
        return True

    async def _returns(self) -> bool:
        one = self.one(Where.AWAY)
        if one is None:
            return False
        self.house.clock.at += self.dice.choice((0.0, 0.0, 20.0, 400.0, 700.0, AFTER_SECONDS))
        if one.secret and (not one.phone or self.dice.random() < 0.7):
            await self._returns_by_pass(one, *one.secret)
        elif one.phone:
            late = self.house.clock.now() - one.left_at > GRACE
            await self._calls_again(one, expects=not late)
        else:
            one.where = Where.GONE
        return True

    async def _returns_by_pass(self, one: Customer, secret: str, channel: str) -> None:
        known, why = await self.house.passes.look(secret)
        now = self.house.clock.now()
        late = now >= min(one.left_at + AFTER_SECONDS, known.until or math.inf)
        by = browser(f"{one.number} back {one.hops}")
        contact = await self.redeem(secret, channel, by)
        if bool(contact) is late:
            self.fault(f"{one.number} comes back, late: {late}, and is told {contact}, {why}")
        one.secret = None
        if contact:
            one.contact = contact
            one.where = Where.PHONE  # not any more; where they go follows
            await self._is_online(one, secret, channel, by)
        elif not one.phone:
            one.where = Where.GONE

    async def _calls_again(self, one: Customer, *, expects: bool) -> None:
        """`expects`: whether their place must be offered; they press 1 then."""
        contact = ContactId(f"k{one.number}-{one.hops}-{self.house.clock.now():.0f}")
        taken = await self.house.calls(contact, one.phone, one.queue, one.class_, ask=True)
        if bool(taken) is not expects or (taken and taken != one.contact):
            self.fault(f"{one.number} calls again, is to have {one.contact}, and gets {taken}")
        one.where, one.secret = Where.PHONE, None
        if taken:
            one.contact, one.began = contact, self.house.clock.now()
            one.hops += 1
        else:
            self._begins(one, contact)

    async def _regraded(self) -> bool:
        one = self.one(*PRESENT)
        if one:
            one.credit += 30.0
            await self.house.tell(Regraded(one.contact, one.credit, "boss", "promised"))
        return bool(one)
