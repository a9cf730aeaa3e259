"""A day of the journal as a trace: replayed under its own rules it comes to what it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from acd.commands import Command
from acd.config import Centre, Queue
from acd.engine import Engine
from acd.events import Event
from acd.model import AgentId, ContactId, QueueId, Seconds
from acd.simulation import Outcome, Simulation, Traced
from adapters.cli.commands import app
from adapters.cli.exports import bounds
from adapters.stores.journal import SqlJournal
from adapters.stores.schema import open_database
from ivr import centre_file, recorded_day, trace
from ivr.distributor import Distributor
from ivr.ports import Journal, Record
from ivr.recorded_day import RecordedDay
from tests.centres import centre
from tests.fakes_stores import MemoryJournal, MemoryVault
from tests.reference.traces import configuration

DAY, ZONE = "2026-11-20", "Asia/Shanghai"
START, END = bounds(DAY, ZONE)
WHOLE_SECONDS = 5
"""A configuration with queues, classes, skills and patience, in whole seconds."""
SUPPORT, ONE = QueueId("support"), ContactId("c1")
RULES = centre({SUPPORT: Queue(SUPPORT, ring_seconds=15)}, {}, {AgentId("1"): [SUPPORT]})


class Recording(Engine):
    """Keeps what it was told."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre)
        self.told: list[tuple[list[Event], Seconds]] = []

    def handle_all(self, events: Iterable[Event], now: Seconds) -> list[Command]:
        self.told.append((list(events), now))
        return super().handle_all(self.told[-1][0], now)


@dataclass
class ManualClock:
    at: Seconds = 0.0

    def now(self) -> Seconds:
        return self.at


class SilentPhones:
    async def offer(self, offer: object) -> None: ...

    async def withdraw(self, offer: object) -> None: ...


async def live(told: list[tuple[list[Event], Seconds]], rules: Centre, journal: Journal) -> None:
    """The same once more in the service, which keeps a journal."""
    clock = ManualClock()
    service = Distributor(Engine(rules), journal, SilentPhones(), MemoryVault(), clock)
    running = asyncio.create_task(service.run())
    for events, clock.at in told:
        await service.record(*events)
    running.cancel()


def day() -> tuple[dict[str, Any], Centre, list[Traced]]:
    plain, lines, _ = configuration(4, WHOLE_SECONDS, 150)
    contacts = [trace.traced({**line, "at": START + line["at"]}) for line in lines]
    return plain, centre_file.read(plain).centre, contacts


async def test_a_day_replayed_under_its_own_rules_comes_to_what_it_was() -> None:
    _, rules, contacts = day()
    engine, journal = Recording(rules), MemoryJournal()
    was = Simulation(engine).run(contacts)
    await live(engine.told, rules, journal)
    found = await recorded_day.read(journal, START, END, rules)
    again = Simulation(Engine(rules)).run(found.contacts)
    over = [result for result in was if result.outcome is not Outcome.WAITING]
    assert [trace.line_of_result(r) for r in again] == [trace.line_of_result(r) for r in over]
    assert len({result.outcome for result in over}) == 2
    assert sum(found.left_out.values()) == len(was) - len(over)
    assert found.supposed == sum(result.outcome is Outcome.ABANDONED for result in over)


# ---------------------------------------------------------------- what is said of a contact


def arrived(at: Seconds = 100.0, contact: ContactId = ONE, **more: Any) -> Record:
    data = {"contact": contact, "queue": SUPPORT, "entered_at": START + at, "class_": "standard"}
    return Record(START + at, "Arrived", {**data, **more}, contact)


def then(at: Seconds, kind: str, contact: ContactId = ONE, **data: Any) -> Record:
    return Record(START + at, kind, {"contact": contact, **data}, contact)


def talk(at: Seconds, end: Seconds, offer: str = "1.1.1", rule: str = "order") -> list[Record]:
    return [
        then(at - 4, "Offered", offer=offer, rule=rule),
        then(at, "OfferAnswered", offer=offer),
        then(end, "LegEnded", offer=offer),
    ]


def ended(at: Seconds, how: str = "served", contact: ContactId = ONE) -> Record:
    return then(at, "ContactEnded", contact, how=how)


async def told(*records: Record, rules: Centre = RULES) -> RecordedDay:
    journal = MemoryJournal()
    await journal.append(sorted(records, key=lambda record: record.at))
    return await recorded_day.read(journal, START, END, rules)


async def test_a_talk_lasts_from_the_answer_to_the_end_of_the_agents_leg() -> None:
    [contact] = (await told(arrived(), *talk(110, 150), ended(149))).contacts
    assert (contact.at, contact.handle, contact.patience) == (START + 100, 40, None)
    assert (contact.answer_after, contact.class_) == (4, "standard")


async def test_who_left_had_the_patience_to_wait_so_long_and_a_talk_of_the_mean() -> None:
    two = ContactId("c2")
    left = [arrived(120, two), ended(130.5, "abandoned", two)]
    found = await told(arrived(), *talk(110, 150), ended(150), *left)
    assert found.contacts[1] == Traced(two, START + 120, SUPPORT, 40, 10.5, class_="standard")
    assert found.supposed == 1


async def test_all_talks_of_a_contact_count_but_not_those_of_who_was_only_asked() -> None:
    asked = talk(120, 130, "1.1.2", "consult")
    later = talk(160, 165, "1.1.3")
    [contact] = (await told(arrived(), *talk(110, 150), *asked, *later, ended(170))).contacts
    assert (contact.handle, contact.answer_after) == (45, 4)


async def test_a_contact_that_was_handed_over_talks_until_the_second_agents_end() -> None:
    both = [*talk(110, 150), *talk(140, 180, "1.1.2", "consult")]
    handed = then(150, "TransferCompleted", offer="1.1.2")
    found = await told(arrived(), *both, handed, ended(180))
    assert (found.contacts[0].handle, found.simplified) == (70, 1)


async def test_an_answer_that_won_against_the_end_of_ringing_rings_less_long_in_a_replay() -> None:
    rules = replace(RULES, queues={SUPPORT: Queue(SUPPORT, ring_seconds=4)})
    [contact] = (await told(arrived(), *talk(110, 150), ended(150), rules=rules)).contacts
    assert contact.answer_after == 3.999


async def test_who_was_sent_to_a_channel_is_not_one_who_gave_up() -> None:
    sent = then(110, "Overflowed", to="chat", why="full")
    [contact] = (await told(arrived(), sent, ended(110, "abandoned"))).contacts
    assert contact.patience is None


UNENDED = "not over yet, or no record of how it ended"
DEFERRED = "not live: e-mails, messages, tickets"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([arrived()], UNENDED),
        ([arrived(), *talk(110, 150)[:2], ended(140)], UNENDED),
        ([arrived(), ended(101, "left")], "left before they waited"),
        ([arrived(), ended(140, "lost")], "ended as lost"),
        ([arrived(), ended(140)], "answered by phones that ring without us"),
        ([arrived(due_at=START), *talk(110, 150), ended(150)], DEFERRED),
    ],
)  # fmt: skip
async def test_what_a_trace_cannot_say_is_left_out_and_counted(
    records: list[Record], why: str
) -> None:
    found = await told(*records)
    assert (found.contacts, found.left_out) == ([], {why: 1})


async def test_a_day_has_those_who_entered_on_it_whenever_they_left() -> None:
    at = {"a": -0.001, "b": 0.0, "c": END - START - 0.001, "d": END - START}
    names = {name: ContactId(name) for name in at}
    came = [arrived(when, names[name]) for name, when in at.items()]
    left = [ended(when + 7200, "abandoned", names[name]) for name, when in at.items()]
    assert [contact.id for contact in (await told(*came, *left)).contacts] == ["b", "c"]


def test_a_day_is_as_long_as_the_clocks_of_its_zone_say() -> None:
    assert [end - start for start, end in (
        bounds("2026-03-29", "Europe/Berlin"), bounds("2026-11-20", "UTC"),
    )] == [23 * 3600, 24 * 3600]  # fmt: skip


# ---------------------------------------------------------------- the command


@pytest.fixture
async def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with the journal of a day."""
    for name in ("HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    plain, rules, contacts = day()
    (tmp_path / "centre.yaml").write_text(json.dumps(plain))
    (tmp_path / "site.yaml").write_text('numbers: {"4000": {queue: q0}}')
    engine, memory = Recording(rules), MemoryJournal()
    Simulation(engine).run(contacts)
    await live(engine.told, rules, memory)
    database = await open_database(f"sqlite:///{tmp_path / 'core.db'}", "core")
    async with SqlJournal(database) as journal:
        await journal.append(memory.records)
    await database.close()
    return tmp_path


async def export(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, app, ["export", "trace", *words])


async def test_the_command_writes_a_file_that_simulate_reads(folder: Path) -> None:
    centre_, out = folder / "centre.yaml", folder / "day.jsonl"
    done = await export("--day", DAY, "--zone", ZONE, "--out", str(out), "--json")
    assert (done.exit_code, json.loads(done.stdout)["from"]) == (0, START)
    found = trace.read(out, centre_file.read(centre_).centre)
    assert len(found.contacts) == json.loads(done.stdout)["contacts"] > 100


async def test_without_a_file_the_trace_is_written_to_standard_output(folder: Path) -> None:
    done = await export("--day", DAY, "--zone", ZONE)
    assert all(json.loads(line)["at"] >= START for line in done.stdout.splitlines())
    assert "contacts from" in done.stderr and "talks are as long as the mean" in done.stderr


async def test_another_day_is_empty(folder: Path) -> None:
    assert (await export("--day", "2026-11-22")).stdout == ""


@pytest.mark.parametrize("words", [("--day", "22.11."), ("--day", DAY, "--zone", "Mars/Base")])
async def test_a_day_or_a_zone_that_does_not_exist_is_said(
    words: tuple[str, ...], folder: Path
) -> None:
    done = await export(*words)
    assert done.exit_code == 1 and words[-1] in done.stderr
