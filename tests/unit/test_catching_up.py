"""After a gap calls are offered again, whatever goes on meanwhile and whatever fails first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from acd.commands import Command
from acd.config import Centre
from acd.engine import Engine
from acd.events import Event
from acd.model import ContactId
from acd.states import ForbiddenMove
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.ami import Ami
from adapters.asterisk.cel import MOST_ROWS, CelLog, NotReadable
from adapters.asterisk.event_log import EventLog
from adapters.asterisk.facts import CelRow
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.resync import EPOCH, Resync
from adapters.asterisk.switchboard import Switchboard
from ivr.callback_book import ANEW
from ivr.distributor import Distributor
from ivr.ports import PersonId, StoreFailed
from ivr.settings import ROOT
from tests.centres import centre
from tests.fake_asterisk import WORD, FakeAmi
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryJournal, MemoryVault
from tests.unit.test_cel import written

RULES = centre({}, {}, {})
NOBODY = (
    "Response: Success\r\n{of}EventList: start\r\nMessage: will follow\r\n\r\n"
    "Event: Complete\r\n{of}EventList: Complete\r\nListItems: 0\r\n\r\n"
)


class BusyLog(CelLog):
    """An event log that has this, and a key more whenever somebody looks at it."""

    def __init__(self, rows: Sequence[CelRow] = ()) -> None:
        super().__init__(Path("nowhere"))
        self.rows = list(rows)
        self.forgotten = 0

    def key(self) -> None:
        self.rows.append(CelRow(len(self.rows) + 1, "ACD_KEY", "h-1.0", "h-1|5"))

    async def newest(self) -> int:
        self.key()
        return self.rows[-1].id

    async def rows_after(self, row: int) -> Sequence[CelRow]:
        self.key()
        return [each for each in self.rows if each.id > row][:MOST_ROWS]

    async def forget_numbers(self, row: int) -> None:
        self.forgotten = row


class LockedLog(BusyLog):
    """A log that cannot be read the first so many times."""

    locked = 2

    async def newest(self) -> int:
        self._try()
        return await super().newest()

    async def rows_after(self, row: int) -> Sequence[CelRow]:
        self._try()
        return await super().rows_after(row)

    def _try(self) -> None:
        self.locked -= 1
        if self.locked >= 0:
            raise NotReadable("database is locked")


class FullVault(MemoryVault):
    """A vault that fails until it has been asked so often."""

    failures = 1

    async def person_for_number(self, number: str) -> PersonId:
        self.failures -= 1
        if self.failures >= 0:
            raise StoreFailed("the disk is full")
        return await super().person_for_number(number)


class Side:
    """The telephone side as far as it catches up, at an Asterisk with no channels."""

    def __init__(self, fake: FakeAmi, log: CelLog, faults: Sequence[Exception]) -> None:
        self.fake, self.beaten = fake, 0
        self.faults = list(faults)
        self.vault = FullVault()
        self.ami = Ami(
            "127.0.0.1", fake.port, "acd", WORD, on_event=lambda event: None,
            on_link=lambda up: self.resync.link_changed(up),
        )  # fmt: skip
        switchboard = Switchboard(self.ami, AgentLines(ROOT))
        self.journal = MemoryJournal()
        self.distributor = Distributor(
            Engine(RULES), self.journal, switchboard, self.vault, StandingClock()
        )
        switchboard.tell(self.distributor)
        holds = PhoneHolds(self.ami, self.distributor.engine, self.distributor.post)
        self.keys_of: list[str] = []
        self.log = EventLog(log, self.distributor, self.vault, self.pause_ended)
        self.resync = Resync(
            self.ami, self.log, switchboard, self.distributor, holds, self.refers
        )  # fmt: skip

    async def pause_ended(self, contact: ContactId) -> None:
        self.keys_of.append(contact)

    async def refers(self, centre: Centre) -> None:
        if self.faults:
            raise self.faults.pop()

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                await asyncio.sleep(0.01)

    async def beats(self, count: int) -> None:
        """Let so many times pass at which a sign of life may be given."""
        until = self.beaten + count
        await self.until(lambda: self.beaten >= until)

    async def beat(self, seconds: float) -> None:
        self.beaten += 1
        await asyncio.sleep(0.02)

    def signs(self) -> int:
        """How often Asterisk was told that the core lives."""
        told = [action.get("Variable") for action in self.fake.actions]
        return told.count("GLOBAL(ACD_ALIVE)")

    def kinds(self) -> list[str]:
        return [record.kind for record in self.journal.records]


@asynccontextmanager
async def side(log: CelLog, *faults: Exception) -> AsyncIterator[Side]:
    async with FakeAmi() as fake:
        for name in ("Status", "DeviceStateList"):
            fake.answers[name] = lambda of: NOBODY.format(of=of).encode()
        made = Side(fake, log, faults)
        parts = made.ami.run(), made.distributor.run(), made.resync.follow()
        lives = made.resync.keep_alive(made.beat)
        running = [asyncio.create_task(part) for part in (*parts, lives)]
        try:
            yield made
            assert [task for task in running if task.done()] == []
        finally:
            for task in running:
                task.cancel()


async def test_calls_are_offered_again_while_the_event_log_grows_without_a_pause() -> None:
    log = BusyLog()
    log.rows = [CelRow(n, "ACD_KEY", "h-1.0", "h-1|5") for n in range(1, 2 * MOST_ROWS)]
    async with side(log) as made:
        await made.until(lambda: made.distributor.engine.link_up)
        before = made.kinds().index("LinkChanged")
        assert made.kinds()[:before].count("KeyPressed") >= 2 * MOST_ROWS - 1  # all that was there
        await made.until(lambda: "KeyPressed" in made.kinds()[before:])  # and what came since


async def test_a_vault_that_is_full_while_we_catch_up_is_asked_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    log = BusyLog([CelRow(1, "ACD_NUMBER", "h-1.0", "h-1|0|support|standard|en|13800138000")])
    async with side(log) as made:
        await made.until(lambda: made.distributor.engine.link_up)
        assert made.kinds().count("NumberLeft") == 1
        assert log.forgotten
    assert "could not catch up" in caplog.text


async def test_a_pause_that_ended_with_its_talk_is_told_to_who_takes_keys_again() -> None:
    log = BusyLog([CelRow(1, "ACD_PAUSE_END", "out-7.3.1", "h-1")])
    async with side(log) as made:
        await made.until(lambda: "RecordingResumed" in made.kinds())
        assert made.keys_of == ["h-1"]
        await made.until(lambda: made.distributor.engine.link_up)
        log.rows.append(CelRow(len(log.rows) + 1, "ACD_PAUSE_END", "out-7.3.2", "h-2"))
        await made.until(lambda: made.keys_of == ["h-1", "h-2"])


async def test_a_vault_that_is_full_later_is_asked_again() -> None:
    log = BusyLog()
    async with side(log) as made:
        await made.until(lambda: made.distributor.engine.link_up)
        row = CelRow(len(log.rows) + 1, "ACD_NUMBER", "h-1.0", "h-1|0|support|standard|en|138")
        log.rows.append(row)
        await made.until(lambda: "NumberLeft" in made.kinds())


@pytest.mark.parametrize("fault", [TimeoutError(), ForbiddenMove("no"), OSError("disk is full")])
async def test_no_fault_keeps_calls_from_being_offered_for_good(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async with side(BusyLog(), fault) as made:
        await made.until(lambda: made.distributor.engine.link_up)
    assert "could not catch up" in caplog.text


async def test_the_dialplan_is_told_of_no_life_while_nobody_can_be_offered() -> None:
    """After a minute without it the fallback phones ring: callers are served by them then."""
    async with side(BusyLog(), *[OSError("no room")] * 99) as made:
        await made.until(lambda: len(made.faults) < 98)
        await made.beats(5)
        assert made.signs() == 0
        made.faults.clear()
        await made.until(lambda: made.distributor.engine.link_up and made.signs())
        await made.beats(5)
        assert made.signs() > 1


async def test_the_dialplan_is_told_of_no_life_while_the_journal_takes_nothing() -> None:
    async with side(BusyLog()) as made:
        await made.until(lambda: made.distributor.engine.link_up)
        made.journal.failing = "the disk is full"
        await made.until(lambda: not made.distributor.writes)
        told = made.signs()
        await made.beats(5)
        assert made.signs() <= told + 1, "one may have been on its way"
        made.journal.failing = ""
        await made.until(lambda: made.distributor.writes)
        await made.beats(5)
        assert made.signs() > told + 1


@pytest.mark.parametrize("extra", [None, "[1]", '{"extra": 1', "{}"])
async def test_a_row_that_nobody_understands_holds_nobody_up(extra: str) -> None:
    strange = CelRow(1, "ACD_GONE", "h-1.0", extra)
    async with side(BusyLog([strange])) as made:
        await made.until(lambda: made.distributor.engine.link_up)
        await made.until(lambda: "KeyPressed" in made.kinds())


@pytest.mark.parametrize("when", ["while we were away", "later"])
async def test_a_row_that_the_engine_refuses_holds_no_other_back(when: str) -> None:
    log = BusyLog()
    async with side(log) as made:
        refuse(made, "h-bad")
        if when == "later":
            await made.until(lambda: made.distributor.engine.link_up)
        for contact in ("h-bad", "h-good"):
            log.rows.append(CelRow(len(log.rows) + 1, "ACD_GONE", "h-1.0", f"{contact}|0|16"))
        await made.until(lambda: "h-good" in [one.contact for one in made.journal.records])
        await made.until(lambda: made.distributor.engine.link_up)
        assert made.distributor.cel_row > 2


def refuse(made: Side, contact: str) -> None:
    """An engine with a mistake about this contact."""
    handle = made.distributor.engine.handle

    def mistaken(event: Event, now: float) -> Sequence[Command]:
        if getattr(event, "contact", "") == contact:
            raise ForbiddenMove("no")
        return handle(event, now)

    made.distributor.engine.handle = mistaken  # type: ignore[method-assign, assignment]


def channel(contact: str, of: str) -> str:
    """A look at all channels that finds this caller in the menu."""
    told = f"Channel: PJSIP/x-1\r\nUniqueid: {contact}\r\nVariable: CONTACT={contact}"
    complete = "Event: StatusComplete"
    seen = f"Event: Status\r\n{of}{told}\r\n\r\n{complete}"
    return NOBODY.format(of=of).replace("Event: Complete", seen).replace("ListItems: 0", "Items: 1")


@pytest.mark.parametrize("first", [False, True])
async def test_it_is_written_down_who_is_on_the_line_of_an_asterisk_that_nobody_has_known(
    first: bool,
) -> None:
    """So that callers of the one before do not count as on the line: their ends nobody tells."""
    async with side(BusyLog()) as made:
        fake = made.fake
        fake.answers["Status"] = lambda of: channel("h-1", of).encode()
        of_ours = {"Response": "Success", "Variable": EPOCH, "Value": "" if first else "7"}

        def told(of: str) -> bytes:
            lines = [f"{name}: {value}" for name, value in of_ours.items()]
            return "\r\n".join([*lines, f"{of}\r\n"]).encode()

        fake.answers["Getvar"] = told
        await made.until(lambda: made.distributor.engine.link_up)
        [*anew] = [one for one in made.journal.records if one.kind == ANEW]
        assert [one.data["there"] for one in anew] == ([["h-1"]] if first else [])
        told_us = [action.get("Variable") for action in fake.actions]
        assert EPOCH in told_us[told_us.index(EPOCH) + 1 :], "the next core is to know it"
        if first:
            kinds = made.kinds()
            assert kinds.index("KeyPressed") < kinds.index(ANEW) < kinds.index("LinkChanged")
            assert anew[0].data["before"] <= anew[0].at


async def test_what_was_not_written_of_a_new_asterisk_is_written_at_the_next_try() -> None:
    async with side(BusyLog()) as made:
        made.journal.failing = "the disk is full"
        await made.until(lambda: not made.distributor.writes)
        told = [one for one in made.fake.actions if one.get("Variable") == EPOCH]
        assert {one["Action"] for one in told} == {"Getvar"}, "Asterisk is as new as before"
        made.journal.failing = ""
        await made.until(lambda: made.distributor.engine.link_up)
        assert ANEW in made.kinds()


async def test_a_house_without_an_event_log_yet_waits_for_none() -> None:
    async with side(CelLog(ROOT / "nowhere")) as made:
        await made.until(lambda: made.distributor.engine.link_up)


async def test_nobody_is_offered_before_a_log_that_is_locked_has_been_read() -> None:
    log = LockedLog([CelRow(n, "ACD_KEY", "h-1.0", "h-1|5") for n in range(1, 2 * MOST_ROWS)])
    async with side(log) as made:
        await made.until(lambda: made.distributor.engine.link_up)
        before = made.kinds().index("LinkChanged")
        assert made.kinds()[:before].count("KeyPressed") >= 2 * MOST_ROWS - 1


async def test_an_event_log_that_stays_unreadable_holds_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cel.db").write_bytes(b"this is no database " * 100)
    async with side(CelLog(tmp_path / "cel.db")) as made:
        made.log.patience = 0.0
        await made.until(lambda: made.distributor.engine.link_up)
    assert "calls are offered without" in caplog.text


async def test_an_event_log_that_began_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    log = written(tmp_path / "cel.db", range(1, 2 * MOST_ROWS))
    async with side(log) as made:
        made.distributor.cel_row = 10 * MOST_ROWS
        await made.until(lambda: made.distributor.engine.link_up)
        assert made.distributor.cel_row == 2 * MOST_ROWS - 1
