"""New rules while everything runs: all of them or none, durable, and the same after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from acd import events, snapshot
from acd.commands import Offer, Withdraw
from acd.engine import Engine
from acd.model import AgentId, ContactId, QueueId
from acd.waits import Waits
from ivr import settings
from ivr.answers import Answers
from ivr.distributor import RULES_CHANGED, Distributor
from ivr.flow import Flow
from ivr.flow_requests import FlowRequests
from ivr.flows_in_force import load_in_force
from ivr.live_flows import LiveFlows
from ivr.load import load
from ivr.ports import CoreRefused
from ivr.recovery import recover
from ivr.rules import MOST_FAULTS, RulesInForce
from tests.fakes_calls import FLOWS, HOUSE, StandingClock
from tests.fakes_stores import MemoryAudit, MemoryJournal, MemoryVault

SUPPORT, ANN = QueueId("support"), AgentId("ann")
ONE, TWO = ContactId("one"), ContactId("two")
BEFORE = """
classes: {vip: {credit: 90}}
queues: [support, sales]
hours: {weekdays: {open: {mon-fri: "09:00-18:00"}}}
agents: {ann: {queues: [support], skills: {billing: 3}}}
"""
AFTER = BEFORE.replace("billing: 3", "billing: 8").replace("credit: 90", "credit: 0")


@dataclass
class Telephones:
    """`Phones` that remember whom they rang."""

    rang: list[ContactId] = field(default_factory=list)
    told: int = 0
    """How often of new rules."""

    async def rules_changed(self) -> None:
        self.told += 1

    async def offer(self, offer: Offer) -> None:
        self.rang.append(offer.contact)

    async def withdraw(self, offer: Withdraw) -> None: ...

    async def say(self, *_: object, **__: object) -> None: ...


@dataclass
class Cast:
    file: Path
    rules: RulesInForce
    distributor: Distributor
    journal: MemoryJournal
    phones: Telephones
    answers: Answers

    @property
    def versions(self) -> list[str]:
        """Of the rules that the journal knows, in order."""
        return [r.data["version"] for r in self.journal.records if r.kind == RULES_CHANGED]

    async def ask(self, text: str) -> Any:
        """What the core answers who has written this file and asks to apply it."""
        self.file.write_text(text, encoding="utf-8")
        return await self.answers.answer("rules apply", {})


@asynccontextmanager
async def at_work(folder: Path, *flows: Flow, known: str = "") -> AsyncIterator[Cast]:
    """A core with a ready agent, that began with the rules in BEFORE."""
    file = folder / "centre.yaml"
    file.write_text(BEFORE, encoding="utf-8")
    found = settings.load({"HOTLINE_DATA": str(folder), "HOTLINE_HOME": str(folder)})
    journal, phones, clock = MemoryJournal(), Telephones(), StandingClock(100.0)
    engine = Engine(found.centre)
    engine.waits = Waits(found.centre)
    distributor = Distributor(engine, journal, phones, MemoryVault(), clock)
    rules = RulesInForce(found, distributor, lambda: flows, phones.rules_changed)
    live = LiveFlows(found, load_in_force(found), lambda: rules.house)
    answers = Answers(distributor, clock, rules, FlowRequests(live, MemoryAudit(), clock))
    cast = Cast(file, rules, distributor, journal, phones, answers)
    running = asyncio.create_task(distributor.run())
    rules.begin(known)
    opening = (events.Started(1), events.LinkChanged(True), events.PhoneChanged(ANN, True))
    await distributor.record(*opening, events.AgentLoggedIn(ANN))
    try:
        yield cast
    finally:
        running.cancel()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


def arrived(contact: ContactId, **more: Any) -> events.Arrived:
    return events.Arrived(contact, SUPPORT, 100.0, waits=True, **more)


# ---------------------------------------------------------------- put into force


async def test_new_rules_are_durable_when_the_core_says_so(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        answer = await cast.ask(AFTER)
        assert answer["changed"] and (answer["queues"], answer["agents"]) == (2, 1)
        assert cast.versions[-1] == answer["version"] == cast.distributor.engine.centre.version
        assert cast.phones.told == 1
        assert (await cast.answers.answer("status", {}))["rules"] == answer["version"]


async def test_who_waited_in_vain_is_served_as_soon_as_the_rules_allow_it(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        await cast.distributor.record(arrived(ONE, skills={"billing": 5}))
        assert cast.phones.rang == []
        await cast.ask(AFTER)
        await until(lambda: cast.phones.rang == [ONE])


async def test_new_hours_hold_for_the_next_caller(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        noon_on_sunday = 1_700_366_400.0
        assert not cast.rules.hours["weekdays"].is_open(noon_on_sunday)
        await cast.ask(BEFORE.replace("mon-fri", "mon-sun"))
        assert cast.rules.hours["weekdays"].is_open(noon_on_sunday)


async def test_the_same_rules_again_change_nothing(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        records = len(cast.journal.records)
        assert not (await cast.ask(f"# only a remark\n{BEFORE}"))["changed"]
        assert (len(cast.journal.records), cast.phones.told) == (records, 0)


async def test_two_who_apply_at_once_come_one_after_the_other(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        cast.file.write_text(AFTER, encoding="utf-8")
        asking = (cast.answers.answer("rules apply", {}) for _ in range(2))
        answers = await asyncio.gather(*asking)
        assert sorted(answer["changed"] for answer in answers) == [False, True]


async def test_the_journal_begins_with_the_rules_and_does_not_repeat_them(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        assert cast.journal.records[0].kind == RULES_CHANGED
        version = cast.versions[0]
    async with at_work(tmp_path, known=version) as cast:
        assert cast.versions == []


# ---------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("queues: [support", ["not YAML"]),
        ("", ["centre.yaml says nothing"]),
        ("clases: {}\nqueues: {support: {grace: -1}}", ["did you mean 'classes'", "queues.suppo"]),
        ("queues: [sales]\nagents: {ann: {queues: [sales]}}", ["numbers.4000.queue: there is no"]),
    ],
)
async def test_a_bad_file_is_refused_with_all_its_faults_and_changes_nothing(
    text: str, faults: list[str], tmp_path: Path
) -> None:
    async with at_work(tmp_path) as cast:
        before, records = cast.distributor.engine.centre, len(cast.journal.records)
        with pytest.raises(CoreRefused) as refusal:
            await cast.ask(text)
        assert all(fault in str(refusal.value) for fault in faults)
        assert cast.distributor.engine.centre is before
        assert len(cast.journal.records) == records
        assert (await cast.ask(AFTER))["changed"]


async def test_a_flow_on_disk_that_needs_what_is_gone_is_a_reason_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "flows").mkdir()
    flow = "first: p\nsteps: {p: {do: queue, queue: sales}}"
    (tmp_path / "flows" / "main.yaml").write_text(flow)
    async with at_work(tmp_path) as cast:
        with pytest.raises(CoreRefused, match="there is no queue 'sales'"):
            await cast.ask(BEFORE.replace(", sales", ""))


async def test_a_flow_that_runs_keeps_agents_who_can_do_what_it_asks_for(tmp_path: Path) -> None:
    flow = load(FLOWS / "good" / "every-kind.yaml", HOUSE)
    async with at_work(tmp_path, flow) as cast:
        with pytest.raises(CoreRefused, match=r"steps\.person\.skills\.english: no agent of this"):
            await cast.ask(BEFORE)


async def test_a_flow_that_runs_keeps_its_queues_and_hours(tmp_path: Path) -> None:
    flow = load(FLOWS / "good" / "every-kind.yaml", HOUSE)
    async with at_work(tmp_path, flow) as cast:
        with pytest.raises(CoreRefused, match=r"flow every-kind, which is running: steps\."):
            await cast.ask(BEFORE.replace("weekdays", "workdays"))


async def test_a_queue_stays_while_contacts_are_in_it(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        await cast.distributor.record(events.Arrived(ONE, QueueId("sales"), 100.0, waits=True))
        without = BEFORE.replace(", sales", "")
        with pytest.raises(CoreRefused, match=r"queues\.sales: 1 of its contacts"):
            await cast.ask(without)
        await cast.distributor.record(events.CallerLeft(ONE))
        assert (await cast.ask(without))["changed"]


async def test_a_flood_of_faults_is_cut_short(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        with pytest.raises(CoreRefused) as refusal:
            await cast.ask("agents:\n" + "".join(f"  a{n}: 5\n" for n in range(1000)))
        lines = str(refusal.value).splitlines()
        assert len(lines) == MOST_FAULTS + 1 and lines[-1] == "and 800 more"


# ---------------------------------------------------------------- after a restart


@pytest.mark.parametrize("snapshot_after", [None, "one", "rules", "two"])
async def test_each_contact_keeps_the_key_of_the_rules_it_came_under(
    snapshot_after: str | None, tmp_path: Path
) -> None:
    async with at_work(tmp_path) as cast:

        async def step(name: str, doing: Any) -> None:
            await doing
            if name == snapshot_after:
                await cast.distributor.save_snapshot(len(cast.journal.records), 100.0)

        await step("one", cast.distributor.record(arrived(ONE, class_="vip", skills={"x": 1})))
        await step("rules", cast.ask(AFTER))
        await step("two", cast.distributor.record(arrived(TWO, class_="vip", skills={"x": 1})))
        live = cast.distributor.engine
        assert [live.contacts[id_].credit for id_ in (ONE, TWO)] == [90.0, 0.0]
        found = await recover(cast.journal, settings.load({"HOTLINE_DATA": "/nowhere"}).centre)
        assert snapshot.dump(found.engine) == snapshot.dump(live)
        assert found.rules == live.centre.version == found.engine.centre.version


async def test_rules_that_nobody_can_read_any_more_are_passed_over(tmp_path: Path) -> None:
    async with at_work(tmp_path) as cast:
        today = cast.distributor.engine.centre
        bad = replace(cast.journal.records[0], data={"version": "x", "rules": {"colours": 3}})
        cast.journal.records[0] = bad
        await cast.distributor.record(arrived(ONE))
        found = await recover(cast.journal, today)
        assert found.engine.centre is today and found.rules == ""
        assert ONE in found.engine.contacts
