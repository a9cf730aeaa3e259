"""A house whose callers may go on in the chat: real passes and texts, and a loop that is a list."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acd import events
from acd.config import Capacity, Centre, Class, Condition, Member, Online, OverflowRule, Queue
from acd.engine import Engine
from acd.model import CALLED_BACK, CALLS, CHATS, AgentId, Contact, ContactId, QueueId, Seconds
from acd.waits import Waits
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.channel_settings import ChannelEntry
from ivr.dialling import NotDialled, Refusal, Route
from ivr.distributor import Distributor
from ivr.flow import Flow
from ivr.online_parts import GoingOnline, online_parts
from ivr.online_rungs import CallingBack
from ivr.pass_desk import PassDesk
from ivr.pass_requests import PassRequests
from ivr.ports import CallFacts, Origin, Record, StoreFailed
from ivr.recovery import recover
from ivr.site_file import SiteFile
from ivr.text_desk import TextDesk
from ivr.text_rules import TextRules
from ivr.whose import Whose
from tests.channel_hands import SMS
from tests.fakes_calls import HOURS, StandingClock, flow_of
from tests.fakes_passes import KEY, MemoryPasses
from tests.fakes_rules import RulesBy
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryOutbox, MemoryVault
from voice.ports import Prompt

SUPPORT, ANN, BOB = QueueId("support"), AgentId("ann"), AgentId("bob")
ONE, TWO, MOBILE, FIXED = ContactId("c-1"), ContactId("c-2"), "+8613800138000", "+861085551234"
ON_THE_PHONE = Capacity(voice=1, chat=0)
AT_THE_DESK = Capacity(voice=0, chat=3)
ALL_ASKED = Online(frozenset({"vip"}))
AFTER_A_MINUTE = OverflowRule(Condition(waited=60), CHATS)
WAITS = "first: person\nsteps: {person: {do: queue}}"
CHAT = {"url": "https://help.example.com", "text_by": "sms"}
OUTBOUND = {"allow": ["+86"]}


def centre(queue: Queue) -> Centre:
    """Ann talks, Bob chats."""
    staff = {
        name: Member(name, {SUPPORT: 0.0}, capacity=capacity)
        for name, capacity in ((ANN, ON_THE_PHONE), (BOB, AT_THE_DESK))
    }
    classes = {"standard": Class(), "vip": Class(credit=90.0)}
    return Centre(queues={SUPPORT: queue}, classes=classes, agents=staff)


@dataclass
class Loop:
    """`ivr.online_sayings.Voice`: what callers are to hear, until `says` plays it."""

    lines: dict[ContactId, Origin] = field(default_factory=dict)
    asked: dict[ContactId, tuple[str, Prompt, Seconds]] = field(default_factory=dict)
    led: list[tuple[ContactId, str]] = field(default_factory=list)
    told: Any = None
    most_keys: int = 0
    """Of the newest question."""

    def origin(self, contact: ContactId) -> Origin | None:
        return self.lines.get(contact)

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds,
        most_keys: int = 0,
    ) -> None:  # fmt: skip
        self.asked[contact] = (request, prompts[0], key_seconds)
        self.most_keys = most_keys

    async def lead_out(self, contact: ContactId, request: str, outcome: str) -> None:
        self.led.append((contact, outcome))


class OnlineHouse:
    """`begin` it, and `again` after it has died."""

    def __init__(self, folder: Path, queue: Queue, flow: str = WAITS, **chat: Any) -> None:
        self.centre = centre(queue)
        self.engine = Engine(self.centre)
        self.engine.waits = Waits(self.centre)
        self.flow: Flow | None = flow_of(flow, folder)
        self.site = SiteFile.model_validate({
            "chat": {**CHAT, **chat}, "outbound": OUTBOUND, "phones": {"a1": {"secret": "s1"}},
        })  # fmt: skip
        self.trunks = True
        """Whether anybody can be called back."""
        self.journal, self.vault, self.audit = MemoryJournal(), MemoryVault(), MemoryAudit()
        self.outbox, self.clock, self.book = MemoryOutbox(), StandingClock(), MemoryPasses()
        self.entry: Mapping[str, Any] = SMS
        self.loop = Loop()

    async def begin(self) -> None:
        self.distributor = Distributor(self.engine, self.journal, self, self.vault, self.clock)
        self.running = asyncio.create_task(self.distributor.run())
        await self.tell(events.Started(self.engine.epoch + 1), events.LinkChanged(True))
        self.passes = PassDesk(
            self.book, self.distributor, self.audit, self.clock, lambda: KEY, {CHATS: "no"},
            Whose(self.journal),
        )  # fmt: skip
        rules = TextRules(self.site.outbound, self.vault)
        plan = CallbackSettings(most_open=20)
        self.callbacks = CallbackDesk(
            self.distributor, self.vault, self.clock, plan, lambda: dict(HOURS)
        )  # fmt: skip
        await self.callbacks.remember(self.journal)
        self.texts = TextDesk(
            {"sms": ChannelEntry.model_validate(self.entry)}, rules, self.vault, self.audit,
            self.journal, self.distributor.record, self.outbox, self.clock, self,
        )  # fmt: skip
        self.questions = PassRequests(self.passes, self.audit).known | self.texts.known
        assert self.site.chat
        calling = CallingBack(self.callbacks, RulesBy(self._routing))
        self.online: GoingOnline = await online_parts(
            self.site, self.site.chat, self.distributor, self.loop, self.questions, calling,
            lambda _: self.flow, self.journal, self.vault, self.audit, self.clock,
        )  # fmt: skip

    async def _routing(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        if not self.trunks:
            raise NotDialled(Refusal.NO_TRUNK)
        return (Route("trunk", f"{number}@trunk", "+861000"),)

    async def again(self) -> None:
        """`kill -9`, and the next start."""
        self.running.cancel()
        self.engine = (await recover(self.journal, self.centre)).engine
        await self.begin()

    # ---- what stands around

    async def offer(self, offer: object) -> None:
        """Telephones ring for as long as the test likes."""

    async def withdraw(self, offer: Any) -> None:
        self.distributor.post(events.OfferEnded(offer.offer, events.OfferEnd.RELEASED))

    async def next_rung(self, text: object, entry: object) -> None:
        raise AssertionError("who waits on the telephone is promised nothing besides")

    # ---- what happens

    async def tell(self, *told: events.Event) -> None:
        await self.distributor.record(*told)

    async def agents(self, *names: AgentId) -> None:
        for name in names:
            await self.tell(events.AgentLoggedIn(name), events.PhoneChanged(name, True))

    async def comes(
        self, contact: ContactId = ONE, number: str | None = MOBILE, class_: str = "standard",
        language: str = "en",
    ) -> None:  # fmt: skip
        """Somebody calls, and waits."""
        facts = CallFacts(contact, "4000", number, language=language)
        await self.distributor.begin(facts)
        now = self.clock.now()
        await self.tell(events.Arrived(
            contact, SUPPORT, now, class_=class_, language=language, waits=True
        ))  # fmt: skip
        self.loop.lines[contact] = Origin("4000", "person")

    async def hangs_up(self, contact: ContactId = ONE) -> None:
        self.loop.lines.pop(contact, None)
        await self.tell(events.CallerLeft(contact, channel=CALLS))

    def many_talks(self, seconds: Seconds = 180.0) -> None:
        """Enough is known of handling times to tell waits by."""
        assert self.engine.waits
        for _ in range(40):
            self.engine.waits.estimates[SUPPORT].served(seconds, self.clock.now())

    async def look(self, seconds: Seconds = 0.0) -> None:
        """So much later; then everything that follows from it is done."""
        self.clock.at += seconds
        await self.online.look()
        with contextlib.suppress(StoreFailed):  # it looks again in a second
            await self.online.rungs.look()
        await self.settle()

    async def settle(self) -> None:
        async with asyncio.timeout(10):
            for _ in range(80):
                await asyncio.sleep(0)
            while any(self.online.desk.opens(one) for one in self.loop.lines):
                await asyncio.sleep(0.01)
            for _ in range(80):
                await asyncio.sleep(0)

    def hears(self, contact: ContactId = ONE) -> str:
        """What the caller is asked to listen to; empty: nothing."""
        return self.loop.asked[contact][1].text if contact in self.loop.asked else ""

    async def says(self, contact: ContactId = ONE, key: str = "") -> str:
        """The loop says it, and the caller presses this key."""
        request, prompt, _ = self.loop.asked.pop(contact)
        self.online.heard(contact, request, key)
        await self.settle()
        return prompt.text

    async def presses(self, key: str = "1", contact: ContactId = ONE) -> None:
        """In the music."""
        self.online.heard(contact, "", key)
        await self.settle()

    async def text_becomes(self, state: str) -> None:
        """The channel tells of the newest text."""
        text = self.records("TextQueued")[-1].data["effect"]
        told = {"channel": "sms", "text": text, "state": state, "why": "refused"}
        await self.texts.known["text told"](told)
        await self.settle()

    def called_back(self) -> list[Contact]:
        return [one for one in self.engine.contacts.values() if one.channel == CALLED_BACK]

    def records(self, kind: str) -> list[Record]:
        return [record for record in self.journal.records if record.kind == kind]

    async def text(self) -> str:
        """The words of the newest text."""
        queued = self.records("TextQueued")[-1].data
        return await self.vault.open(queued["person"], f"text {queued['effect']}") or ""

    async def opens(self, secret: str) -> Any:
        """The customer redeems a pass on the page."""
        return await self.passes.redeem(secret, CHATS, "browser")
