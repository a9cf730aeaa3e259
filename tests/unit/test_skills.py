"""What a flow asks of agents reaches the contact, and goes with it wherever it waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from acd import events
from acd.commands import Offer, Withdraw
from acd.engine import Engine
from acd.model import CALLED_BACK, CALLS, AgentId, Contact, ContactId, QueueId
from ivr import check_skills
from ivr.call import take_call
from ivr.callback_plan import CallbackSettings
from ivr.callbacks import CallbackDesk
from ivr.centre_file import CentreFile
from ivr.distributor import Distributor
from ivr.flow import Flow
from ivr.flow_difference import difference
from ivr.matter import Matter
from ivr.neighbours import Neighbours
from ivr.recovery import recover
from ivr.rehearsal import callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, StandingClock, flow_of
from tests.fakes_stores import MemoryJournal, MemoryVault

CARDS = """
first: menu
steps:
  menu:
    do: menu
    say: {zh: 账单请按一，回拨请按二。, en: "Billing one, call back two."}
    tries: 1
    then: {1: billing, 2: ring_me, silence: person, no_match: person}
  billing: {do: queue, skills: {billing: 5}, say: {zh: 回拨请按九。, en: "To be called back, press nine."}, keys: {9: ring_me}}
  ring_me:
    do: callback
    skills: {billing: 4}
    say: {zh: "{number}。", en: "{number}."}
    another: {zh: 号码。, en: Number.}
    then: {promised: bye, declined: person, silence: person, no_match: person, full: person, failed: person}
  person: {do: queue}
  bye: {do: goodbye, say: {zh: 再见。, en: Goodbye.}}
"""  # noqa: E501
RULES = CentreFile.model_validate(
    yaml.safe_load(
        """
        queues: {support: {relax: [{after: 60, skills: {billing: 2}}]}, sales: {}}
        agents:
          ann: {queues: [support, sales]}
          ben: {queues: [support], skills: {billing: 8}}
          cat: {queues: [support], skills: {billing: 2}}
        """
    )
)
ANN, BEN, CAT, ONE = AgentId("ann"), AgentId("ben"), AgentId("cat"), A_CALL.contact
SUPPORT = QueueId("support")


@dataclass
class Telephones:
    """Who was rung."""

    rung: list[AgentId] = field(default_factory=list)

    async def offer(self, offer: Offer) -> None:
        self.rung.append(offer.agent)

    async def withdraw(self, offer: Withdraw) -> None:
        """Nobody looks at it."""


class Core:
    """A distributor on memory stores, whose agents are ready: `begin` it, and `again`."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.engine, self.journal = flow, Engine(RULES.centre()), MemoryJournal()
        self.clock, self.vault, self.phones = StandingClock(), MemoryVault(), Telephones()

    async def begin(self) -> None:
        told = self.journal, self.phones, self.vault, self.clock
        self.distributor = Distributor(self.engine, *told)
        self.running = asyncio.create_task(self.distributor.run())
        self.desk = CallbackDesk(
            self.distributor, self.vault, self.clock, CallbackSettings(), lambda: HOURS
        )
        await self.tell(events.Started(self.engine.epoch + 1), events.LinkChanged(True))

    async def open(self, *agents: AgentId) -> None:
        """These agents have come."""
        for agent in agents:
            await self.tell(events.PhoneChanged(agent, True), events.AgentLoggedIn(agent))

    async def reaches(self) -> list[AgentId]:
        """The caller is in the waiting loop; who was rung by then."""
        await self.tell(events.Reached(ONE), events.TimePassed())
        await asyncio.sleep(0)
        return self.phones.rung

    async def again(self, snapshot: bool) -> None:
        """The process dies, and another goes on."""
        if snapshot:
            last, now = await self.journal.last()
            await self.distributor.save_snapshot(last, now)
        self.running.cancel()
        self.engine = (await recover(self.journal, RULES.centre())).engine
        await self.begin()

    async def tell(self, *told: events.Event) -> None:
        await self.distributor.record(*told)

    async def call(self, *acts: str, left: str = "") -> Contact:
        facts = replace(A_CALL, left=left, step="billing" if left else "")
        neighbours = Neighbours(callbacks=self.desk)
        line = FakeLine(*acts, facts=facts)
        await take_call(line, self.flow, self.distributor, self.clock, HOURS, neighbours)
        return self.engine.contacts[ONE]


@pytest.fixture
async def core(tmp_path: Path) -> AsyncIterator[Core]:
    made = Core(flow_of(CARDS, tmp_path))
    await made.begin()
    yield made
    made.running.cancel()


@pytest.mark.parametrize(("key", "asked", "rung"), [("1", {"billing": 5}, BEN), ("", {}, ANN)])
async def test_the_way_through_the_flow_says_what_the_agent_must_be_able_to_do(
    core: Core, key: str, asked: dict[str, int], rung: AgentId
) -> None:
    await core.open(ANN, BEN)
    assert (await core.call(key)).skills == asked
    assert await core.reaches() == [rung]


async def test_who_asks_for_what_the_free_agent_cannot_do_waits_until_the_rules_relax(
    core: Core,
) -> None:
    await core.open(ANN, CAT)
    await core.call("1")
    core.clock.at += 59
    assert await core.reaches() == []
    core.clock.at += 1
    assert await core.reaches() == [CAT], "who has the lower level; ann has none"


@pytest.mark.parametrize("snapshot", [False, True], ids=["journal", "snapshot"])
async def test_a_restart_does_not_forget_what_was_asked_for(core: Core, snapshot: bool) -> None:
    await core.call("1")
    await core.again(snapshot)
    assert core.engine.contacts[ONE].skills == {"billing": 5}
    assert (await core.call("1")).skills == {"billing": 5}, "the script begins once more"


async def test_after_a_look_at_all_channels_it_still_asks_for_the_same(core: Core) -> None:
    waits = await core.call("1")
    seen = events.Arrived(ONE, SUPPORT, waits.entered_at, waits=True)
    await core.tell(seen)
    assert (waits.skills, await core.reaches()) == ({"billing": 5}, [])


async def test_a_promised_callback_asks_for_what_its_step_says(core: Core) -> None:
    promised = await core.call("2", "1")
    assert (promised.channel, promised.skills) == (CALLED_BACK, {"billing": 4})


async def test_a_callback_for_who_waited_keeps_what_they_asked_for(core: Core) -> None:
    await core.call("1")
    await core.reaches()
    await core.distributor.let_out(A_CALL)
    promised = await core.call("1", left="9")
    assert (promised.channel, promised.skills) == (CALLED_BACK, {"billing": 5})


async def test_another_queue_step_says_anew_what_is_asked_of_agents(core: Core) -> None:
    entered = (await core.call("1")).entered_at
    core.clock.at += 30
    await core.reaches()
    await core.distributor.let_out(A_CALL)
    waits = await core.call("")
    assert (waits.skills, waits.entered_at) == ({}, entered)


async def test_a_transfer_and_another_channel_change_nothing_of_it(core: Core) -> None:
    waits = await core.call("1")
    await core.reaches()
    await core.tell(events.Transferred(ONE, QueueId("sales")))
    await core.tell(events.Moved(ONE, CALLED_BACK), events.Moved(ONE, CALLS))
    assert (waits.queue, waits.skills) == ("sales", {"billing": 5})


async def test_who_takes_up_a_place_asks_for_what_their_own_step_says(core: Core) -> None:
    await core.call("1")
    await core.tell(events.CallerLeft(ONE, channel=CALLS))
    two = replace(A_CALL, contact=ContactId("two"))
    matter = Matter(skills={"billing": 7}, resumes=ONE)
    await core.distributor.enqueue(two, SUPPORT, "standard", "en", None, matter)
    assert core.engine.contacts[two.contact].skills == {"billing": 7}


# ---------------------------------------------------------------- what is checked, shown, rehearsed


def test_the_rules_say_who_can_do_what_in_each_queue() -> None:
    assert check_skills.able_in(RULES) == {
        "support": [{}, {"billing": 8}, {"billing": 2}],
        "sales": [{}],
    }


@pytest.mark.parametrize(
    ("asked", "queue", "faults"),
    [
        ({"billing": 8}, "support", []),
        ({"billing": 8}, None, []),
        ({}, "sales", []),
        ({"billing": 9}, None, [(("billing",), "no agent has more than 8")]),
        ({"billing": 1}, "sales", [
            (("billing",), "no agent of this queue has the skill 'billing'"),
        ]),
    ],
)  # fmt: skip
def test_what_no_agent_can_do_is_a_fault(
    asked: dict[str, int], queue: str | None, faults: list[Any]
) -> None:
    assert list(check_skills.faults_of(asked, queue, check_skills.able_in(RULES))) == faults


def test_a_new_version_of_a_flow_says_what_it_asks_for_now(tmp_path: Path) -> None:
    before = flow_of(CARDS, tmp_path)
    after = flow_of(CARDS.replace("skills: {billing: 5}, ", ""), tmp_path)
    assert difference(before, after) == ["billing: asks now for no skill (was billing 5)"]


def test_a_scripted_caller_expects_what_is_asked_of_the_agent(tmp_path: Path) -> None:
    premises = Premises(
        {"cards": replace(flow_of(CARDS, tmp_path), name="cards")}, HOURS,
        frozenset(HOUSE.queues), {"4000": NumberEntry(flow="cards")},
    )  # fmt: skip
    file = tmp_path / "cards.yaml"
    file.write_text(
        "callers:\n"
        '  - {name: billing, does: ["1"], expect: {skills: {billing: 5}}}\n'
        "  - {name: other, expect: {skills: {}}}\n"
        "  - {name: wrong, expect: {skills: {billing: 5}}}\n",
        encoding="utf-8",
    )
    tried = trial.run(premises, ["cards"], callers.load([file], premises), 0, 1)
    assert [(one.caller.name, one.differences) for one in tried.failed()] == [
        ("wrong", ["skills: expected {'billing': 5}, happened {}"])
    ]
