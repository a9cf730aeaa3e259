"""A few words that are recorded, and what a flow writes on a ticket: kept once, and sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from adapters.tickets.parts import shown
from adapters.tickets.store import Numbered
from ivr.call import take_call
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.ports import EffectKey, JournalFailed, PersonId, Record, StoreFailed
from ivr.rehearsal.kept import Shelf
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import NumberEntry
from ivr.tickets.projection import Known, tell
from tests.fakes import A_CALL, HANGS_UP, FakeLine
from tests.fakes_calls import ANYBODY, HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryOutbox, MemoryRecordings, MemoryVault
from tests.logged import carried

NAME = """
first: name
steps:
  name:
    do: record
    say: {zh: 请说姓名。, en: Say your name.}
    of: name
    after_silence: {zh: 没有听到。, en: We heard nothing.}
    then: {done: person, silence: person, failed: person}
  person: {do: queue}
"""
WISH = """
first: order
steps:
  order:
    do: listen
    say: {zh: 订单号。, en: Your order number.}
    into: order
    keys: {most: 4}
    then: {done: wish, silence: person, no_match: person}
  wish:
    do: ticket
    type: return
    subject: "Order {order}"
    text: "The caller wants to return {order}."
    then: {done: person, failed: person}
  person: {do: queue}
"""
SILENT = ""
WRITTEN = "Order 4711\nThe caller wants to return 4711."


class House:
    """Where what callers leave goes to."""

    def __init__(self) -> None:
        self.acceptance = FakeAcceptance()
        self.recordings = MemoryRecordings()
        self.vault = MemoryVault({ANYBODY: {}})

    async def take(self, line: FakeLine, flow: Flow) -> list[str]:
        around = Neighbours(outbox=MemoryOutbox(), recordings=self.recordings, seals=self.vault)
        return await take_call(line, flow, self.acceptance, StandingClock(), HOURS, around)


@pytest.fixture
def house() -> House:
    return House()


# ---------------------------------------------------------------- record


async def test_a_few_words_are_kept_with_the_contact_and_are_nobody_s_work(
    house: House, tmp_path: Path
) -> None:
    trail = await house.take(FakeLine("speaks 2"), flow_of(NAME, tmp_path))
    assert trail == ["name:done", "person:waiting"]
    [(kind, data)] = house.acceptance.written
    assert (kind, data["of"], data["seconds"]) == ("RecordingKept", "name", 2.0)
    known = Known()
    tell(known, Record(1.0, kind, data, A_CALL.contact, seq=1))
    [entry] = known.entries
    assert (entry.kind, entry.who) == ("recording_kept", "customer")
    assert set(entry.data) == {"of", "recording", "seconds", "effect"} and not known.tickets


@pytest.mark.parametrize(
    ("acts", "trail", "kept"),
    [
        ([SILENT, "speaks 3"], "name:done", 1),
        ([SILENT, SILENT], "name:silence", 0),
        (["speaks 4 and hangs up"], "name:caller gone", 1),
        ([SILENT, HANGS_UP], "name:caller gone", 0),
    ],
)
async def test_silence_is_asked_again_and_a_hang_up_loses_nothing(
    house: House, tmp_path: Path, acts: list[str], trail: str, kept: int
) -> None:
    assert (await house.take(FakeLine(*acts), flow_of(NAME, tmp_path)))[0] == trail
    assert len(house.recordings.sounds) == len(house.acceptance.written) == kept


async def test_words_are_recorded_no_longer_than_the_step_allows(
    house: House, tmp_path: Path
) -> None:
    await house.take(FakeLine("speaks 99"), flow_of(NAME, tmp_path))
    assert [len(sound) for sound in house.recordings.sounds.values()] == [10 * 16_000]


async def test_words_that_cannot_be_kept_are_an_outcome(house: House, tmp_path: Path) -> None:
    house.recordings.failing = "disk full"
    trail = await house.take(FakeLine("speaks 2"), flow_of(NAME, tmp_path))
    assert trail == ["name:failed", "person:waiting"]


async def test_words_that_are_kept_are_not_asked_for_again(house: House, tmp_path: Path) -> None:
    await house.recordings.keep(EffectKey("c-1/name/1"), ANYBODY, b"\0\0" * 8000)
    line = FakeLine(facts=replace(A_CALL, step="name"))
    assert (await house.take(line, flow_of(NAME, tmp_path)))[0] == "name:done"
    assert line.heard == [] and len(house.acceptance.written) == 1


# ---------------------------------------------------------------- ticket


async def test_what_is_written_is_sealed_and_the_journal_has_ids_only(
    house: House, tmp_path: Path
) -> None:
    trail = await house.take(FakeLine("4711"), flow_of(WISH, tmp_path))
    assert trail[1] == "wish:done"
    ids = {"effect": "c-1/wish/1", "person": ANYBODY, "type": "return", "queue": "support"}
    assert house.acceptance.written == [("TicketNoted", ids)]
    assert house.vault.fields[ANYBODY] == {"ticket c-1/wish/1": WRITTEN}


async def test_a_ticket_shows_what_is_written_until_its_person_is_erased(
    house: House, tmp_path: Path
) -> None:
    class Opened(MemoryVault):
        async def seal_text(self, person: PersonId, place: str, text: str) -> bytes:
            raise AssertionError

        async def open_text(self, person: PersonId, place: str, sealed: bytes) -> str | None:
            raise AssertionError

    await house.take(FakeLine("4711"), flow_of(WISH, tmp_path))
    [(kind, data)] = house.acceptance.written
    known = Known()
    for seq in (1, 2):  # told twice
        tell(known, Record(1.0, kind, data, A_CALL.contact, seq=seq))
    noted, opened = known.entries
    assert (noted.kind, opened.kind) == ("ticket_noted", "ticket_opened")
    [ticket] = known.tickets.values()
    assert (ticket.person, noted.ticket) == (ANYBODY, ticket.id)
    vault = Opened(house.vault.fields)
    assert (await shown(vault, Numbered(1, noted))).text == WRITTEN
    assert (await shown(vault, Numbered(2, opened))).text is None
    await vault.erase(ANYBODY)
    assert (await shown(vault, Numbered(1, noted))).text is None


@pytest.mark.parametrize("what", ["vault", "journal"])
async def test_a_ticket_that_cannot_be_written_is_an_outcome(
    house: House, tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    if what == "vault":
        house.vault.fields.clear()
    else:
        house.acceptance.fails = {"write": JournalFailed("disk full")}
    trail = await house.take(FakeLine("4711"), flow_of(WISH, tmp_path))
    assert trail[1:] == ["wish:failed", "person:waiting"]
    assert "ticket not written" in caplog.text
    assert "4711" not in carried(caplog.records)


async def test_a_script_that_begins_again_writes_the_same_ticket(
    house: House, tmp_path: Path
) -> None:
    flow = flow_of(WISH, tmp_path)
    await house.take(FakeLine("4711"), flow)
    again = replace(A_CALL, step="wish", values={"order": "4711"})
    await house.take(FakeLine(facts=again), flow)
    assert [data["effect"] for _, data in house.acceptance.written] == ["c-1/wish/1"] * 2
    assert len(house.vault.fields[ANYBODY]) == 1


@pytest.mark.parametrize(
    ("written", "instead", "fault"),
    [
        ("type: return", "type: Two words", "one word of small letters"),
        ('"Order {order}"', '"Order {ordr}"', "did you mean 'order'"),
        ('"Order {order}"', '"{order"', "in braces"),
        ('"Order {order}"', '""', "the text is empty"),
        ("silence: person", "silence: wish", "without 'order'"),
    ],
)
def test_a_ticket_that_could_not_be_written_is_refused(
    tmp_path: Path, written: str, instead: str, fault: str
) -> None:
    with pytest.raises(BadFlow, match=fault):
        flow_of(WISH.replace(written, instead), tmp_path)


def test_rehearsals_write_nothing_and_can_be_broken(tmp_path: Path) -> None:
    flow = flow_of(WISH, tmp_path)
    numbers = {"4000": NumberEntry(flow=flow.name)}
    with Stage(Premises({flow.name: flow}, HOURS, frozenset(HOUSE.queues), numbers)) as stage:
        role = Role(flow.name, ["4711"])
        assert stage.walk(role).trail[1] == "wish:done"
        assert stage.walk(replace(role, broken=frozenset({"wish"}))).trail[1] == "wish:failed"


def test_a_step_of_a_called_flow_can_be_broken_too() -> None:
    shelf = Shelf(broken={"identity/wish"})
    shelf.check("rehearsal/wish/1")
    with pytest.raises(StoreFailed):
        shelf.check("rehearsal/identity/wish/2")
