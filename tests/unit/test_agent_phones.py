"""What is planned for the leg of an offer, and which telephones outside can be rung."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from acd import events
from acd.commands import Offer, Withdraw
from acd.config import Queue
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId, Rule
from ivr.agent_phones import AgentPhones, LegPlan
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.distributor import Distributor
from ivr.seats import Seats
from ivr.settings import BadSettings, load
from ivr.site_file import SiteFile
from tests.centres import centre
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryJournal, MemoryVault
from voice.ports import Prompt, SpeechFailed

SUPPORT, SALES = QueueId("support"), QueueId("sales")
ANN, BOB, CID = AgentId("ann"), AgentId("bob"), AgentId("cid")
ONE, MOBILE = ContactId("one"), "+8613800138000"
SITE = {
    "phones": {"ann": {}, "bob": {"auto_answer": True}, "cid": {"number": MOBILE}},
    "announcements": {"support": "Support."},
}
WAY = Route("carrier", f"{MOBILE}@trunk.carrier", "+861012345678")


class Rules(Routing):
    """The dialling rules, as they are told to be."""

    def __init__(self) -> None:
        self.refusal: Refusal | None = None
        self.asked: list[tuple[str, str, str]] = []

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        self.asked.append((number, queue, agent))
        if self.refusal:
            raise NotDialled(self.refusal)
        return (WAY,)


class Prompts:
    """Everything has been made, unless it is told otherwise."""

    def __init__(self) -> None:
        self.made = True
        self.wanted: list[str] = []

    def find(self, prompt: Prompt) -> Path | None:
        return Path(f"/p/{prompt.language}/{prompt.text}wav") if self.made else None

    async def make(self, prompt: Prompt) -> Path:
        self.wanted.append(prompt.text)
        raise SpeechFailed("no voice")


class NoPhones:
    """Nobody is rung here."""

    async def offer(self, offer: Offer) -> None: ...

    async def withdraw(self, offer: Withdraw) -> None: ...


class Stage:
    """An engine whose agents are ready, and what rings them."""

    def __init__(self) -> None:
        queues = (SUPPORT, SALES)
        rules = centre(
            {id_: Queue(id_) for id_ in queues}, {}, dict.fromkeys((ANN, BOB, CID), queues)
        )
        self.journal, self.engine = MemoryJournal(), Engine(rules)
        self.distributor = Distributor(
            self.engine, self.journal, NoPhones(), MemoryVault(), StandingClock()
        )
        self.rules, self.prompts = Rules(), Prompts()
        site = SiteFile.model_validate(SITE)
        self.phones = AgentPhones(site, self.distributor, self.rules, self.prompts, Seats())

    def tell(self, *entries: events.Event) -> list[Offer]:
        found = [command for entry in entries for command in self.engine.handle(entry, 0.0)]
        return [command for command in found if isinstance(command, Offer)]

    def offer(self, agent: AgentId, queue: QueueId) -> Offer:
        """The offer of a caller of this queue to this agent, who is the only one there."""
        [offer] = self.tell(
            events.LinkChanged(up=True), events.AgentLoggedIn(agent),
            events.PhoneChanged(agent, reachable=True),
            events.Arrived(ONE, queue, 0.0, waits=True),
        )  # fmt: skip
        return offer

    async def plan(self, offer: Offer, of_a_caller: bool = True) -> LegPlan:
        work = asyncio.create_task(self.distributor.run())
        try:
            return await self.phones.plan(offer, of_a_caller)
        finally:
            work.cancel()


@pytest.mark.parametrize(("queue", "hears"), [(SUPPORT, Path("/p/zh/Support.wav")), (SALES, None)])
async def test_an_agent_hears_the_words_of_the_callers_queue(
    queue: QueueId, hears: Path | None
) -> None:
    stage = Stage()
    assert await stage.plan(stage.offer(ANN, queue)) == LegPlan("ann", hears=hears)


async def test_nobody_waits_for_an_announcement_that_has_not_been_made() -> None:
    stage = Stage()
    stage.prompts.made = False
    assert await stage.plan(stage.offer(ANN, SUPPORT)) == LegPlan("ann")


async def test_who_is_consulted_or_called_for_hears_no_announcement() -> None:
    stage = Stage()
    offer = stage.offer(ANN, SUPPORT)
    assert await stage.plan(offer._replace(rule=Rule.CONSULT)) == LegPlan("ann")
    assert await stage.plan(offer, of_a_caller=False) == LegPlan("ann")


async def test_a_phone_picks_up_by_itself_where_the_site_says_so() -> None:
    stage = Stage()
    assert (await stage.plan(stage.offer(BOB, SALES))).answers_itself


async def test_an_agent_is_rung_where_they_sit_as_that_telephone_is() -> None:
    stage = Stage()
    stage.phones.seats.sit(CID, "bob")
    plan = await stage.plan(stage.offer(CID, SALES))
    assert plan == LegPlan("bob", answers_itself=True) and stage.rules.asked == []


async def test_a_number_outside_is_on_the_record_before_it_rings_and_without_the_number() -> None:
    stage = Stage()
    offer = stage.offer(CID, SALES)
    plan = await stage.plan(offer)
    assert plan == LegPlan(routes=(WAY,), accept_seconds=15.0)
    assert stage.rules.asked == [(MOBILE, "sales", "cid")]
    [record] = [r for r in stage.journal.records if r.kind == "AgentRungOutside"]
    assert record.contact == ONE
    data = {"agent": "cid", "trunk": "carrier", "effect": f"leg-{offer.offer}"}
    assert record.data == data


async def test_a_number_that_the_rules_refuse_puts_the_agent_out_of_reach() -> None:
    stage = Stage()
    offer = stage.offer(CID, SALES)
    stage.rules.refusal = Refusal.AGENT_CAP
    work = asyncio.create_task(stage.distributor.run())
    with pytest.raises(NotDialled):
        await stage.phones.plan(offer, of_a_caller=True)
    async with asyncio.timeout(5):
        while stage.engine.agents[CID].reachable:
            await asyncio.sleep(0)
    work.cancel()
    assert [r.kind for r in stage.journal.records if r.kind == "AgentRungOutside"] == []


async def test_numbers_outside_can_be_rung_while_the_rules_let_them_out() -> None:
    stage = Stage()
    tasks = [asyncio.create_task(run) for run in (stage.distributor.run(), stage.phones.run())]
    async with asyncio.timeout(5):
        while not stage.engine.agents[CID].reachable or not stage.prompts.wanted:
            await asyncio.sleep(0)
    assert not stage.engine.agents[ANN].reachable, "phones of the house tell of themselves"
    assert stage.prompts.wanted == ["Support."], "what cannot be said keeps nobody from work"
    for task in tasks:
        task.cancel()


# ---------------------------------------------------------------- the site file

TRUNKS = {
    "trunks": {"carrier": {"address": "192.0.2.10", "caller_ids": ["+861012345678"]}},
    "outbound": {"allow": ["+86"]},
}


def faults(folder: Path, **site: object) -> Sequence[str]:
    (folder / "site.yaml").write_text(yaml.safe_dump({**TRUNKS, **site}))
    (folder / "centre.yaml").write_text("{}")
    try:
        load({"HOTLINE_DATA": str(folder), "HOTLINE_HOME": str(folder)})
    except BadSettings as bad:
        return [fault.partition("site.yaml: ")[2] for fault in bad.faults]
    return []


def test_a_number_outside_needs_no_account(tmp_path: Path) -> None:
    assert faults(tmp_path, phones={"ann": {}, "cid": {"number": MOBILE}}) == []
    site = SiteFile.model_validate(SITE)
    assert set(site.accounts) == {"ann", "bob"}


@pytest.mark.parametrize(
    ("site", "fault"),
    [
        ({"phones": {"cid": {"number": MOBILE, "secret": "x"}}},
         "phones.cid: `secret` is for a telephone of the house; a number has no account"),
        ({"phones": {"cid": {"number": MOBILE, "auto_answer": True}}},
         "phones.cid: `auto_answer` is for a telephone of the house: nobody can tell one outside "
         "to pick up"),
        ({"phones": {"cid": {"number": "+447400123456"}}},
         "phones.cid.number: numbers that begin so are not dialled here (`outbound.allow`)"),
        ({"phones": {"cid": {"number": MOBILE}, "dan": {"number": MOBILE}}},
         "phones.dan.number: 'cid' has this number already; one telephone is one agent's"),
        ({"phones": {"cid": {"number": MOBILE}}, "numbers": {MOBILE: {}}},
         "phones.cid.number: this is a number that callers dial; they would be led to themselves"),
        ({"phones": {"cid": {"number": MOBILE}}, "fallback": ["cid"]},
         "fallback: 'cid' is a number outside; name telephones of the house"),
        ({"phones": {"cid": {"number": MOBILE}}, "listeners": ["cid"]},
         "listeners: 'cid' is a number outside; name telephones of the house"),
        ({"announcements": {"suport": "Hi."}},
         "announcements.suport: there is no queue 'suport'; did you mean 'support'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_agents_phones_is_told_with_the_place(
    tmp_path: Path, site: dict[str, object], fault: str
) -> None:
    assert list(faults(tmp_path, **site)) == [fault]


@pytest.mark.parametrize("text", ["", "   ", "two\nlines", "x" * 121])
def test_an_announcement_is_a_line_of_a_few_words(text: str) -> None:
    with pytest.raises(ValueError, match="announcements"):
        SiteFile.model_validate({"announcements": {"support": text or " "}})
