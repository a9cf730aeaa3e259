"""A core whose telephone side can fail, with everything that its callers are offered then."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from acd import events
from acd.config import Queue
from acd.engine import Engine
from acd.model import CALLED_BACK, CHATS, AgentId, ContactId, QueueId
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.channel_settings import ChannelEntry
from ivr.chat_settings import ChatSettings
from ivr.dialling import NotDialled, Refusal, Route
from ivr.distributor import Distributor
from ivr.matter import Matter
from ivr.outbound import OutboundSettings
from ivr.pass_desk import PassDesk
from ivr.ports import CallFacts, Note, PersonId, Record
from ivr.reconcile import CallerSeen, Seen, reconcile
from ivr.recovery import recover
from ivr.recovery_book import OFFERED, STOPPED
from ivr.recovery_desk import Means, RecoveryDesk
from ivr.recovery_settings import RecoverySettings
from ivr.returns import KeptPlaces
from ivr.text_desk import TextDesk
from ivr.text_ladder import CallbackLadder
from ivr.text_rules import TextRules
from ivr.texts import field_of_text
from ivr.whose import Whose
from tests.centres import centre
from tests.channel_hands import SMS
from tests.fakes_calls import HOURS, StandingClock
from tests.fakes_passes import KEY, MemoryPasses
from tests.fakes_rules import RulesBy
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryOutbox, MemoryVault

SUPPORT, ANN = QueueId("support"), AgentId("ann")
CENTRE = centre({SUPPORT: Queue(SUPPORT)}, {"standard": 0.0, "vip": 90.0}, {ANN: (SUPPORT,)})
CHAT = ChatSettings.model_validate({"url": "http://127.0.0.1:8099", "text_by": "sms"})
LINKED = re.compile(r"/chat#(\S+)")


class NobodyRings:
    """`ivr.ports.Phones` of agents who are not there."""

    async def offer(self, offer: object) -> None:
        raise AssertionError("nobody is logged in")

    async def withdraw(self, offer: object) -> None:
        """Nothing rings."""


@dataclass
class FakeLink:
    """`ivr.recovery_desk.Link`."""

    blind: bool = False

    def unseen(self) -> bool:
        return self.blind


@dataclass
class RecoveryHouse:
    """`begin` it; `fails` and `comes_back` are the telephone side's, `dies` is ours."""

    settings: dict[str, Any] = field(default_factory=dict)
    sms: dict[str, Any] = field(default_factory=dict)
    chat: ChatSettings | None = CHAT
    trunks: bool = True
    """Whether anybody can be called back."""

    def __post_init__(self) -> None:
        self.journal, self.audit, self.clock = MemoryJournal(), MemoryAudit(), StandingClock()
        self.vault, self.outbox, self.book = MemoryVault(), MemoryOutbox(), MemoryPasses()
        self.engine, self.link = Engine(CENTRE), FakeLink()
        self.there: dict[ContactId, CallerSeen] = {}
        """Who is in Asterisk's waiting loop."""

    async def begin(self) -> None:
        clock, vault, audit, journal = self.clock, self.vault, self.audit, self.journal
        self.distributor = Distributor(self.engine, journal, NobodyRings(), vault, clock)
        self.running = asyncio.create_task(self.distributor.run())
        plan = CallbackSettings(most_open=20)
        self.callbacks = CallbackDesk(self.distributor, vault, clock, plan, lambda: dict(HOURS))
        await self.callbacks.remember(journal)
        self.passes = PassDesk(
            self.book, self.distributor, audit, clock, lambda: KEY, {CHATS: "no"}, Whose(journal)
        )
        self.desk = self._desk()
        self.returns = KeptPlaces(journal, self.engine, clock, {"en": "again?", "zh": "?"})
        await self.tell(events.Started(self.engine.epoch + 1))
        await self.passes.begin()

    def _desk(self) -> RecoveryDesk:
        ladder = CallbackLadder(self.callbacks, self.vault, "en")
        channels = {"sms": ChannelEntry.model_validate({**SMS, "per_day": 1000, **self.sms})}
        rules = TextRules(OutboundSettings(), self.vault)
        self.texts = TextDesk(
            channels, rules, self.vault, self.audit, self.journal, self.distributor.record,
            self.outbox, self.clock, ladder,
        ).known  # fmt: skip
        means = Means(self.chat, self.texts, self.passes, self.callbacks, RulesBy(self._routing))
        return RecoveryDesk(
            RecoverySettings.model_validate(self.settings), means, self.distributor, self.journal,
            self.vault, self.audit, self.clock, self.link,
        )  # fmt: skip

    async def _routing(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        if not self.trunks:
            raise NotDialled(Refusal.NO_TRUNK)
        return (Route("trunk", f"{number}@trunk", "+861000"),)

    async def dies(self) -> None:
        """`kill -9` of the core, and the next start: what was not written is gone."""
        self.running.cancel()
        self.engine = (await recover(self.journal, CENTRE)).engine
        await self.begin()

    async def tell(self, *told: events.Event | Note) -> None:
        await self.distributor.record(*told)

    # ---------------------------------------------------------------- callers

    async def calls(
        self, contact: str, number: str | None = None, class_: str = "standard", resume: bool = True
    ) -> None:
        """Somebody calls, and waits; who may take up a place does so."""
        id_ = ContactId(contact)
        facts = CallFacts(id_, "4000", number, class_=class_, language="en")
        person = await self.distributor.begin(facts)
        resumes = await self.returns.find(facts, person, SUPPORT) if resume else None
        entered = await self.distributor.enqueue(
            facts, SUPPORT, class_, "en", person, Matter(resumes=resumes)
        )
        await self.tell(events.Reached(id_))
        self.there[id_] = CallerSeen(id_, f"PJSIP/{id_}", True, entered, SUPPORT, class_, "en")
        self.clock.at += 1.0

    async def in_the_menu(self, contact: str, number: str) -> None:
        await self.distributor.begin(CallFacts(ContactId(contact), "4000", number))
        await self.tell()

    async def hangs_up(self, contact: str) -> None:
        id_ = ContactId(contact)
        del self.there[id_]
        ended = Note(id_, "CallEnded", {"cause": "16"})
        await self.tell(events.CallerLeft(id_, channel="voice"), ended)

    # ---------------------------------------------------------------- the telephone side

    async def link_lost(self) -> None:
        await self.tell(events.LinkChanged(up=False))

    async def fails(self) -> None:
        """Asterisk's process ends, and that is seen."""
        await self.link_lost()
        await self.all_gone()

    async def stops(self) -> None:
        """An orderly stop: every call is ended, then the process. Of some of the calls the log
        tells only afterwards by whom."""
        gone = list(self.there)
        self.there.clear()
        await self.tell(*(events.CallerLeft(contact, channel="voice") for contact in gone))
        ended = [Note(contact, "CallEnded", {"cause": "0"}) for contact in gone]
        await self.tell(*ended[::2])
        await self.link_lost()
        await self.tell(Note(None, STOPPED, {}), *ended[1::2])

    async def all_gone(self) -> None:
        self.there.clear()
        await self.tell(*reconcile(self.engine, Seen()).events)

    async def comes_back(self) -> None:
        """The next login, with whoever is there."""
        await self.tell(*reconcile(self.engine, Seen(tuple(self.there.values()))).events)
        await self.tell(events.LinkChanged(up=True))

    # ---------------------------------------------------------------- what became of it

    def offered(self) -> list[tuple[str, str]]:
        """Contact and way of each offer, as written down."""
        return [(str(one.contact), one.data["way"]) for one in self.records(OFFERED)]

    def records(self, kind: str) -> list[Record]:
        return [record for record in self.journal.records if record.kind == kind]

    async def messages(self) -> list[str]:
        """What is written in the texts that are on their way."""
        found = []
        for key, one in self.outbox.entries.items():
            assert one.to
            found.append(await self.vault.open(PersonId(one.to), field_of_text(key)) or "")
        return found

    async def secrets(self) -> list[str]:
        """Of the passes in these texts."""
        found = [LINKED.search(words) for words in await self.messages()]
        return [match[1] for match in found if match]

    async def text_fails(self, text: str) -> None:
        told = {"channel": "sms", "text": text, "state": "failed", "why": "unreachable"}
        await self.texts["text told"](told)

    def line(self) -> list[str]:
        """Who waits, in the order in which they will be served, each with its channel."""
        return [f"{contact.id} {contact.channel}" for contact in self.engine.waiting()]

    def called_back(self) -> list[str]:
        return [c.id for c in self.engine.contacts.values() if c.channel == CALLED_BACK]


def number(n: int) -> str:
    """Of the n-th caller."""
    return f"+86138001{n:05d}"
