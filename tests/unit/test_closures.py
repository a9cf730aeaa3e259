"""Emergency closures: by command, by telephone with a PIN, and what callers meet meanwhile."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.cli.commands import app
from adapters.stores.closure_file import NAME, PIN_NAME, ClosureFile, pin_in, put_pin
from ivr import closure_pin as pin
from ivr.call import take_call
from ivr.closure_pin import BadPin
from ivr.closures import ALL, MOST_WRONG, WRONG_SECONDS, Closures, Locked
from ivr.flow import Flow
from ivr.gate import Gate
from ivr.neighbours import Neighbours
from ivr.ports import CoreRefused, Note, StoreFailed
from ivr.rehearsal import supposed
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryAudit
from tests.logged import carried

NOW, HOUR = 1000.0, 3600.0
GOOD, WRONG, SILENCE = "246810", "999999", ""
CALLERS = """
first: clock
steps:
  clock: {do: hours, hours: always, then: {open: person, closed: shut, emergency: emergency}}
  person: {do: queue}
  shut: {do: goodbye, say: {zh: 已下班。, en: We are closed.}}
  emergency: {do: goodbye, say: {zh: 紧急关闭。, en: An emergency.}}
"""
STAFF = """
first: closure
steps:
  closure:
    do: closure
    say: {zh: 密码？, en: Your PIN?}
    choose: {zh: 关闭一，恢复二。, en: "One closes, two opens."}
    after_no_match: {zh: 不对。, en: Wrong.}
    lasts: 2
    then: {closed: shut, opened: open, refused: bye, silence: bye}
  shut: {do: goodbye, say: {zh: 已关闭。, en: Closed.}}
  open: {do: goodbye, say: {zh: 已恢复。, en: Open.}}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""


@dataclass
class House:
    """Closures on files in a folder, with an audit in memory and a list as the journal."""

    folder: Path
    clock: StandingClock = field(default_factory=lambda: StandingClock(NOW))
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    journal: list[Note] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    closures: Closures = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.closures = Closures(
            ClosureFile(self.folder), self.audit, self.clock, lambda: pin_in(self.folder),
            self.record, lambda: HOUSE.queues, lambda: self.flows,
        )  # fmt: skip
        self.closures.begin()

    async def record(self, note: Note) -> None:
        self.journal.append(note)

    async def ask(self, what: str, queue: str = ALL, **fields: Any) -> Any:
        usual = {"queue": queue, "why": "fire alarm", "who": "ann", "until": NOW + HOUR}
        return await self.closures.requests[f"closure {what}"]({**usual, **fields})

    async def call(self, text: str, *acts: str, queue: str = "support") -> tuple[str, list[str]]:
        """The outcome of the first step of this flow, and what the caller heard."""
        line = FakeLine(*acts, facts=replace(A_CALL, queue=queue, language="en"))
        flow, gate = flow_of(text, self.folder), Gate(closures=self.closures)
        around = Neighbours(gate)
        trail = await take_call(line, flow, FakeAcceptance(), self.clock, HOURS, around)
        return trail[0].partition(":")[2], line.heard


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    put_pin(tmp_path, pin.make(GOOD))
    yield House(tmp_path)


# ---------------------------------------------------------------- callers


async def test_a_closed_house_is_an_emergency_to_every_caller(house: House) -> None:
    assert (await house.call(CALLERS))[0] == "open"
    await house.ask("on")
    assert await house.call(CALLERS) == ("emergency", ["An emergency."])
    await house.ask("off")
    assert (await house.call(CALLERS))[0] == "open"


async def test_a_flow_that_names_no_emergency_says_that_it_is_closed(house: House) -> None:
    await house.ask("on")
    plain = CALLERS.replace(", emergency: emergency}", "}").replace(
        "  emergency: {do: goodbye, say: {zh: 紧急关闭。, en: An emergency.}}\n", ""
    )
    assert await house.call(plain) == ("closed", ["We are closed."])


async def test_a_closed_queue_leaves_the_others_open(house: House) -> None:
    await house.ask("on", "support")
    assert (await house.call(CALLERS))[0] == "emergency"
    assert (await house.call(CALLERS, queue="sales"))[0] == "open"
    of_sales = CALLERS.replace("hours: always", "hours: always, queue: sales")
    assert (await house.call(of_sales))[0] == "open"


async def test_a_closure_ends_by_itself(house: House) -> None:
    await house.ask("on", until=NOW + HOUR)
    house.clock.at = NOW + HOUR - 0.001
    assert house.closures.is_closed("support")
    house.clock.at = NOW + HOUR
    assert not house.closures.is_closed("support") and (await house.ask("list"))["closures"] == []


# ---------------------------------------------------------------- by command


async def test_what_is_closed_stays_so_over_a_restart(house: House) -> None:
    await house.ask("on", "sales")
    house.restart()
    assert house.closures.is_closed("sales") and not house.closures.is_closed("support")
    [row] = (await house.ask("list"))["closures"]
    assert (row["queue"], row["why"], row["who"], row["until"]) == (
        "sales", "fire alarm", "ann", NOW + HOUR,
    )  # fmt: skip


async def test_opening_all_opens_every_queue_and_opening_one_that_one(house: House) -> None:
    for queue in ("support", "sales", ALL):
        await house.ask("on", queue)
    await house.ask("off", "sales")
    assert {c["queue"] for c in (await house.ask("list"))["closures"]} == {"support", ALL}
    assert (await house.ask("off", ALL))["closures"] == []


async def test_both_ways_stand_in_audit_and_journal(house: House) -> None:
    await house.ask("on", "sales")
    await house.ask("off", "sales", who="bob")
    told = [(e.who, e.action, e.subject, e.reason) for e in house.audit.entries]
    assert told == [("ann", "closure on", "sales", "fire alarm"),
                    ("bob", "closure off", "sales", "")]  # fmt: skip
    assert [(note.kind, note.data) for note in house.journal] == [
        ("ClosureSet", {"queue": "sales", "until": NOW + HOUR, "who": "ann"}),
        ("ClosureLifted", {"queue": "sales", "who": "bob"}),
    ]


@pytest.mark.parametrize("deed", ["on", "off"])
async def test_without_the_audit_nothing_is_done(house: House, deed: str) -> None:
    await house.ask("on", "sales")
    house.audit.failing = "disk full"
    with pytest.raises(CoreRefused, match="disk full"):
        await house.ask(deed, ALL)
    assert house.closures.is_closed("sales") and not house.closures.is_closed("support")


@pytest.mark.parametrize(
    ("what", "fields", "why"),
    [
        ("on", {"queue": "suport"}, "did you mean 'support'"),
        ("on", {"why": " "}, "say why"),
        ("on", {"until": NOW}, "over already"),
        ("on", {"until": None}, "over already"),
        ("off", {"queue": "sales"}, "sales is not closed"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    house: House, what: str, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(CoreRefused, match=why):
        await house.ask(what, **fields)
    assert house.audit.entries == []


async def test_flows_that_look_at_no_hours_are_named(house: House, tmp_path: Path) -> None:
    straight = flow_of("first: a\nsteps: {a: {do: queue}}", tmp_path)
    house.flows = [replace(straight, version="main/3"), flow_of(CALLERS, tmp_path)]
    assert (await house.ask("on"))["untold"] == ["main/3"]


async def test_a_file_that_cannot_be_read_closes_nothing_and_is_told(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    (house.folder / NAME).write_text("{")
    house.restart()
    assert not house.closures.is_closed("support") and "nothing is closed" in caplog.text


def test_what_cannot_be_written_is_a_failure_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreFailed):
        put_pin(tmp_path / "file", pin.make(GOOD))


# ---------------------------------------------------------------- by telephone


async def test_by_telephone_it_takes_the_pin_to_close_and_to_open(house: House) -> None:
    assert await house.call(STAFF, f"{GOOD}#", "1") == (
        "closed", ["Your PIN?", "One closes, two opens.", "Closed."],
    )  # fmt: skip
    [row] = (await house.ask("list"))["closures"]
    assert (row["queue"], row["who"], row["until"]) == (ALL, "telephone", NOW + 2 * HOUR)
    assert (await house.call(STAFF, f"{GOOD}#", "2"))[0] == "opened"
    assert not house.closures.is_closed("support")
    assert [entry.action for entry in house.audit.entries] == ["closure on", "closure off"]
    assert house.audit.entries[0].details["contact"] == "c-1"
    assert house.journal[0].data["effect"] == "c-1/closure/1"


async def test_a_pin_of_the_most_digits_may_be_ended_by_the_hash_key_like_any_other(
    house: House,
) -> None:
    put_pin(house.folder, pin.make("123456789012"))
    assert (await house.call(STAFF, "123456789012#", "1"))[0] == "closed"
    assert (await house.call(STAFF, "123456789013#", "123456789012#2"))[0] == "opened"


async def test_opening_what_is_not_closed_says_so_and_changes_nothing(house: House) -> None:
    assert (await house.call(STAFF, f"{GOOD}#", "2"))[0] == "opened"
    assert house.audit.entries == []


@pytest.mark.parametrize(
    ("acts", "outcome"),
    [([f"{WRONG}#"] * 3, "refused"), ([SILENCE], "silence"), ([f"{GOOD}#", SILENCE], "silence"),
     ([f"{GOOD}#", "7"], "silence"), ([f"{WRONG}#", f"{GOOD}#", "1"], "closed")],
)  # fmt: skip
async def test_without_the_pin_or_a_choice_nothing_is_closed(
    house: House, acts: list[str], outcome: str
) -> None:
    assert (await house.call(STAFF, *acts))[0] == outcome
    assert house.closures.is_closed("support") == (outcome == "closed")


async def test_a_house_without_a_pin_lets_nobody_close(house: House) -> None:
    (house.folder / PIN_NAME).unlink()
    assert (await house.call(STAFF, *[f"{GOOD}#"] * 3))[0] == "refused"


async def test_too_many_wrong_pins_lock_even_the_good_one_for_a_while(house: House) -> None:
    for _ in range(MOST_WRONG):
        assert not await house.closures.is_pin(WRONG)
    assert (await house.call(STAFF, f"{GOOD}#", "1"))[0] == "refused"
    house.restart()  # does not help
    with pytest.raises(Locked):
        await house.closures.is_pin(GOOD)
    house.clock.at = NOW + WRONG_SECONDS
    assert await house.closures.is_pin(GOOD)


async def test_good_pins_count_as_no_wrong_ones(house: House) -> None:
    for _ in range(MOST_WRONG + 1):
        assert await house.closures.is_pin(GOOD)


async def test_the_pin_stands_nowhere(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    await house.call(STAFF, f"{WRONG}#", f"{GOOD}#", "1")
    written = "".join(path.read_text() for path in house.folder.iterdir() if path.is_file())
    logged = carried(caplog.records)
    outside = f"{written} {logged} {house.audit.entries} {house.journal}"
    assert GOOD not in outside and WRONG not in outside


def test_the_file_of_the_pin_is_the_owners_alone(tmp_path: Path) -> None:
    put_pin(tmp_path, pin.make(GOOD))
    assert stat.S_IMODE((tmp_path / PIN_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize("keys", ["12345", "1234567890123", "12345a", "", "111111", "121212"])
def test_what_anybody_would_guess_is_no_pin(keys: str) -> None:
    with pytest.raises(BadPin):
        pin.make(keys)


def test_a_pin_is_read_back_and_two_of_the_same_look_different() -> None:
    one, other = pin.make(GOOD), pin.make(GOOD)
    assert one.written() != other.written()
    assert pin.read(one.written()).is_good(GOOD) and not pin.read(one.written()).is_good(WRONG)
    with pytest.raises(BadPin):
        pin.read("scrypt 1")


def test_the_command_asks_for_the_pin_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATA", str(tmp_path))
    done = CliRunner().invoke(app, ["closure", "pin"], input=f"{GOOD}\n{GOOD}\n")
    assert done.exit_code == 0 and GOOD not in done.stdout
    kept = pin_in(tmp_path / "secrets")
    assert kept and kept.is_good(GOOD)


# ---------------------------------------------------------------- rehearsed


@pytest.mark.parametrize(
    ("emergency", "acts", "ends"),
    [(False, [supposed.PIN + "#", "1"], "closure:closed"),
     (True, [supposed.PIN + "#", "2"], "closure:opened"),
     (False, ["1#", "2#", "3#"], "closure:refused")],
)  # fmt: skip
def test_a_rehearsal_has_a_pin_of_its_own_and_changes_nothing(
    emergency: bool, acts: list[str], ends: str, tmp_path: Path
) -> None:
    flow = replace(flow_of(STAFF, tmp_path), name="main")
    premises = Premises({"main": flow}, HOURS, frozenset(HOUSE.queues), {"4000": NumberEntry()})
    with Stage(premises) as stage:
        assert stage.walk(Role("main", acts, emergency=emergency)).trail[0] == ends


def test_a_rehearsed_emergency_is_met_by_callers(tmp_path: Path) -> None:
    flow = replace(flow_of(CALLERS, tmp_path), name="main")
    premises = Premises({"main": flow}, HOURS, frozenset(HOUSE.queues), {"4000": NumberEntry()})
    with Stage(premises) as stage:
        assert stage.walk(Role("main", emergency=True)).trail[0] == "clock:emergency"
