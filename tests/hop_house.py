"""A whole core on memory stores, beside a telephone side that is the test's: callers, chats, an
app, callbacks, passes, kept places and recovery offers, with agents who differ in what they take.

`begin` it; `dies` is `kill -9` of ours, `crashes` that of the telephone side.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from acd import events
from acd.commands import Offer, Withdraw
from acd.engine import Engine
from acd.model import CALLED_BACK, CALLS, CHATS, ContactId, OfferId, QueueId
from acd.waits import Waits
from ivr.callback_book import ANEW
from ivr.callback_dialler import CallbackDialler
from ivr.callback_ledger import CallbackLedger
from ivr.callback_states import ANSWERED, CONFIRMED, NOBODY
from ivr.callbacks import CallbackDesk
from ivr.channel_settings import ChannelEntry
from ivr.chat_call_me import CallMe
from ivr.chat_parts import KnownTo, of_chats
from ivr.dialling import Route
from ivr.distributor import Distributor
from ivr.matter import Matter
from ivr.outbound import OutboundSettings
from ivr.outgoing_calls import OutgoingCalls
from ivr.outward import BothWays, Dialling, Told
from ivr.outward_offers import OutwardOffers
from ivr.pass_desk import PassDesk
from ivr.ports import CallFacts, EffectKey, Note, PersonId
from ivr.promises import Promise, Wish
from ivr.reconcile import CallerSeen, Seen, reconcile
from ivr.recovery import recover
from ivr.recovery_book import STOPPED
from ivr.recovery_desk import Means, RecoveryDesk
from ivr.recovery_settings import RecoverySettings
from ivr.returns import KeptPlaces
from ivr.text_desk import TextDesk
from ivr.text_ladder import CallbackLadder
from ivr.text_rules import TextRules
from ivr.texts import field_of_text
from ivr.whose import Whose
from tests.channel_hands import SMS
from tests.fakes_calls import HOURS, StandingClock
from tests.fakes_core_chats import NamingVault
from tests.fakes_files import MemoryFiles
from tests.fakes_passes import KEY, MemoryPasses
from tests.fakes_recovery import LINKED, FakeLink
from tests.fakes_rules import RulesBy
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryOutbox
from tests.hop_lines import APP, CENTRE, CHAT, INSTANT, PLAN, ROOM, Telephones


class HopHouse:
    """The core; what the telephone side and people do to it."""

    def __init__(self) -> None:
        self.journal, self.audit, self.clock = MemoryJournal(), MemoryAudit(), StandingClock()
        self.vault, self.outbox, self.book = NamingVault(), MemoryOutbox(), MemoryPasses()
        self.engine, self.lines, self.link = Engine(CENTRE), Telephones(), FakeLink()
        self.engine.waits = Waits(CENTRE)

    # ---------------------------------------------------------------- the core

    async def begin(self) -> None:
        """Put the core together, and let it see what is there. All desks are closed."""
        clock, vault, audit, journal = self.clock, self.vault, self.audit, self.journal
        phones = BothWays(self, self.engine.contacts, self.engine.offers)
        self.distributor = Distributor(self.engine, journal, phones, vault, clock)
        self.running = asyncio.create_task(self.distributor.run())
        self.passes = PassDesk(
            self.book, self.distributor, audit, clock, lambda: KEY, {CHATS: "no", APP: "pin"},
            Whose(journal),
        )  # fmt: skip
        known = KnownTo(
            self.distributor, vault, journal, clock, self.passes, MemoryFiles(clock.now)
        )
        self.chats = await of_chats(CHAT, ("en", "zh"), known)
        phones.chats = self.chats.offers
        self.callbacks = CallbackDesk(self.distributor, vault, clock, PLAN, lambda: dict(HOURS))
        await self.callbacks.remember(journal)
        self._begin_calls(phones)
        self.returns = KeptPlaces(journal, self.engine, clock, {"en": "again?"})
        self._begin_recovery()
        await self.tell(events.Started(self.engine.epoch + 1, desks=False))
        await self.passes.begin()
        await self.link_comes()

    def _begin_calls(self, phones: BothWays) -> None:
        rules = RulesBy(self._routes)
        ledger = CallbackLedger(self.distributor, self.journal, self.clock, PLAN, lambda: HOURS)
        self.dialler = CallbackDialler(
            ledger, self.engine, self.vault, self.clock, rules, self.lines
        )
        calls = OutgoingCalls(self.distributor, self.vault, rules, self.lines, "en")
        self.offers = OutwardOffers(self.distributor, self.lines, self.dialler, calls)
        phones.outward = self.offers
        self.call_me = CallMe(
            self.chats.lines.book, self.engine, self.callbacks, rules, self.vault,
            Whose(self.journal).of, OutboundSettings().is_emergency,
        )  # fmt: skip

    def _begin_recovery(self) -> None:
        ladder = CallbackLadder(self.callbacks, self.vault, "en")
        sms = ChannelEntry.model_validate({**SMS, "per_day": 10_000, "per_hour": 1000})
        self.texts = TextDesk(
            {"sms": sms}, TextRules(OutboundSettings(), self.vault), self.vault, self.audit,
            self.journal, self.distributor.record, self.outbox, self.clock, ladder,
        ).known  # fmt: skip
        means = Means(CHAT, self.texts, self.passes, self.callbacks, RulesBy(self._routes))
        self.recovery = RecoveryDesk(
            RecoverySettings(), means, self.distributor, self.journal, self.vault, self.audit,
            self.clock, self.link,
        )  # fmt: skip

    async def _routes(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        return (Route("main", f"{number}@trunk.main", "+861012345678"),)

    async def dies(self) -> None:
        """`kill -9`, wherever it is, and the next start: what was not written is gone."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.engine = (await recover(self.journal, CENTRE)).engine
        await self.begin()

    async def tell(self, *told: events.Event | Note) -> None:
        await self.distributor.record(*told)

    async def settle(self) -> None:
        """Until what was set off has been done, with everything that looks every second."""
        self.clock.at += INSTANT
        for look in (self._chats_look, self.dialler.look, self.recovery.look):
            await self._idle()
            await look()
        await self._idle()

    async def _chats_look(self) -> None:
        await self.chats.presence.look(self.clock.at)

    async def _idle(self) -> None:
        for _ in range(2):
            for _ in range(9):
                await asyncio.sleep(0)
            await self.tell(events.TimePassed())
            await self._end_told()

    async def _end_told(self) -> None:
        """Agents who have been told that nobody comes are hung up on."""
        told, self.lines.told = self.lines.told, []
        for offer, _how in told:
            if self.lines.legs.pop(offer, None):
                await self.tell(events.OfferEnded(offer, events.OfferEnd.RELEASED))

    # ---------------------------------------------------------------- telephones of agents

    async def offer(self, offer: Offer) -> None:
        self.lines.legs[offer.offer] = offer

    async def withdraw(self, offer: Withdraw) -> None:
        """The gate: who has answered is not taken away."""
        made = self.engine.offers.get(offer.offer)
        if made is None or made.answered_at is None:
            self.lines.legs.pop(offer.offer, None)
            self.distributor.post(events.OfferEnded(offer.offer, events.OfferEnd.RELEASED))

    def agent_waits(self, contact: ContactId, offer: OfferId) -> None:
        """The agent's leg says that it waits for the customer."""
        self.offers.hear({
            "UserEvent": "AcdDial", "Contact": contact, "Offer": offer, "Channel": f"PJSIP/{offer}",
        })  # fmt: skip

    # ---------------------------------------------------------------- lines of customers

    async def calls(
        self, contact: ContactId, number: str | None, queue: QueueId, class_: str, ask: bool
    ) -> ContactId | None:
        """Somebody calls and waits; whose place they took up, because they were asked and pressed
        1. Without `ask`, they press another key."""
        facts = CallFacts(contact, "4000", number, class_=class_, language="en")
        person = await self.distributor.begin(facts)
        resumes = await self.returns.find(facts, person, queue) if ask else None
        matter = Matter(resumes=resumes)
        entered = await self.distributor.enqueue(facts, queue, class_, "en", person, matter)
        self.on_line(contact, entered, queue, class_)
        await self.tell(events.Reached(contact))
        return resumes

    def on_line(self, contact: ContactId, entered: float, queue: QueueId, class_: str) -> None:
        seen = CallerSeen(contact, f"PJSIP/{contact}", True, entered, queue, class_, "en")
        self.lines.there[contact] = seen

    async def line_ends(self, contact: ContactId) -> None:
        """The caller hangs up, or the line is let go."""
        if self.lines.there.pop(contact, None):
            ended = Note(contact, "CallEnded", {"cause": "16"})
            await self.tell(events.CallerLeft(contact, channel=CALLS), ended)

    async def promise(self, contact: ContactId, number: str, visit: int) -> Promise:
        """A step of the flow promises a callback to a caller who waits; they hang up."""
        known = self.engine.contacts[contact]
        person = await self.vault.person_for_number(number)
        facts = CallFacts(contact, "4000", number, class_=known.class_, language="en")
        key = EffectKey(f"{contact}/ring_me/{visit}")
        wish = Wish(key, facts, known.queue, "en", number, person)
        await self.tell(events.Parked(contact, limit=86_400.0, channel=CALLS))
        return await self.callbacks.promise(wish)

    async def customer_says(self, dialling: Dialling, how: Told | None) -> None:
        """How a dialling ends: a person presses the key (None), or it comes to nothing."""
        lines, contact = self.lines, dialling.contact
        if how in (None, Told.MACHINE):
            lines.picked_up.add(dialling.id)
            if not lines.ends[dialling.id].done():
                lines.ends[dialling.id].set_result(None)
            await self.tell(Note(contact, ANSWERED, {"dialling": dialling.id}))
        if how is None:
            lines.alive.discard(dialling.id)
            known = self.engine.contacts[contact]
            self.on_line(contact, known.entered_at, known.queue, known.class_)
            confirmed = Note(contact, CONFIRMED, {"dialling": dialling.id})
            await self.tell(events.Moved(contact, CALLS), confirmed)
            if not dialling.variables["LEG"]:
                await self.tell(events.Reached(contact))
        else:
            if how is Told.MACHINE:
                await self.tell(Note(contact, NOBODY, {"dialling": dialling.id}))
            lines.end(dialling.id, how)
        await self._idle()

    # ---------------------------------------------------------------- the link, and Asterisk

    async def link_comes(self) -> None:
        """The next login: what is there is compared with what is believed."""
        seen = Seen(tuple(self.lines.there.values()), frozenset(self.lines.legs))
        difference = reconcile(self.engine, seen)
        for stray in difference.strays:
            self.lines.legs.pop(stray)
        phones = [events.PhoneChanged(agent, True) for agent in ROOM]
        if self.lines.are_anew:
            told = {"before": self.clock.now(), "there": list(self.lines.there)}
            await self.tell(Note(None, ANEW, told))
            self.lines.are_anew = False
        await self.tell(*difference.events, events.LinkChanged(True), *phones)

    async def crashes(self) -> None:
        """`kill -9` of Asterisk: every line and leg is gone, and then it is there again."""
        await self.tell(events.LinkChanged(False))
        self._lines_end()
        await self.tell(Note(None, STOPPED, {}))
        await self.tell(*reconcile(self.engine, Seen()).events)

    async def all_die(self) -> None:
        """`kill -9` of both at once: nobody of ours has seen that Asterisk ended."""
        self._lines_end()
        await self.dies()

    def _lines_end(self) -> None:
        for dialling in self.lines.ringing():
            self.lines.end(dialling.id, Told.UNKNOWN)
        self.lines.there.clear()
        self.lines.legs.clear()
        self.lines.are_anew = True

    # ---------------------------------------------------------------- what is there

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        """As pages and programs ask the core."""
        known = {**self.chats.known, **self.call_me.known}
        return await known[what](fields)

    async def text_of(self, lost: ContactId) -> tuple[str, str] | None:
        """The text that a lost caller is sent, if any: its id, and the pass in it."""
        key = EffectKey(f"{lost}/recovery/1")
        if (sent := self.outbox.entries.get(key)) is None:
            return None
        assert sent.to
        found = LINKED.search(await self.vault.open(PersonId(sent.to), field_of_text(key)) or "")
        assert found, "a text without a link"
        return str(sent.data["text"]), found[1]

    async def text_fails(self, text: str) -> None:
        told = {"channel": "sms", "text": text, "state": "failed", "why": "unreachable"}
        await self.texts["text told"](told)

    def promised(self, contact: ContactId) -> bool:
        """Whether this contact waits to be called."""
        known = self.engine.contacts.get(contact)
        return known is not None and known.channel == CALLED_BACK
