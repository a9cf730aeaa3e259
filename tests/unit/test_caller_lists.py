"""Blocked and allowed callers: who is turned away, until when, and what is written of it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import typer

from adapters.cli import callers
from ivr.call import take_call
from ivr.caller_lists import FIELD, CallerLists, Listed
from ivr.flow import Flow
from ivr.gate import Gate, How
from ivr.neighbours import Neighbours
from ivr.outbound import OutboundSettings
from ivr.ports import CallFacts, CoreRefused, PersonId, StoreFailed
from ivr.rehearsal.stage import Premises, Role, Stage
from ivr.settings import NumberEntry
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryAudit, MemoryVault
from tests.logged import carried

HERE = OutboundSettings()
NUMBER, OTHER = "+8613800138000", "+8613900139000"
NOW, HOUR = 1000.0, 3600.0
WORDS = {"zh": "抱歉。", "en": "Sorry."}
STRAIGHT = "first: person\nsteps: {person: {do: queue}}"
TALKED = """
first: person
steps:
  person: {do: queue, then: {talked: bye}}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""
BY_LIST = """
first: list
steps:
  list:
    do: branch
    fact: listed
    cases: {no: blocked, yes: allowed}
    then: {no: bye, yes: sales, else: person}
  person: {do: queue}
  sales: {do: queue, queue: sales}
  bye: {do: goodbye, say: {zh: 再见。, en: Bye.}}
"""


@dataclass
class House:
    """Lists on a vault and an audit in memory."""

    vault: MemoryVault = field(default_factory=MemoryVault)
    audit: MemoryAudit = field(default_factory=MemoryAudit)
    clock: StandingClock = field(default_factory=lambda: StandingClock(NOW))
    lists: CallerLists = field(init=False)

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.lists = CallerLists(self.vault, self.audit, self.clock, HERE.is_emergency)

    async def ask(self, what: str, **fields: Any) -> Any:
        reason = {"reason": "rude", "who": "ann", "until": None}
        return await self.lists.requests[f"caller {what}"]({**reason, **fields})

    async def listed(self, number: str = NUMBER) -> str:
        return self.lists.listed(await self.vault.person_for_number(number))


@dataclass(slots=True)
class Reception(FakeAcceptance):
    """Looks callers up in the vault of the house, as the distributor does."""

    vault: MemoryVault = field(default_factory=MemoryVault)
    story: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def begin(self, facts: CallFacts) -> PersonId | None:
        await self._answer("begin")
        number = facts.caller_number
        return await (self.vault.person_for_number(number) if number else self.vault.new_person())

    async def note(self, contact: Any, kind: str, data: Any) -> None:
        self.story.append((kind, dict(data)))


async def call(
    house: House, folder: Path, how: How = "refuse", text: str = STRAIGHT,
    facts: CallFacts = A_CALL, **more: Any,
) -> tuple[list[str], FakeLine, Reception]:  # fmt: skip
    flow: Flow = flow_of(text, folder)
    line, acceptance = FakeLine(facts=facts), Reception(vault=house.vault, **more)
    gate = Gate(house.lists, how, WORDS)
    trail = await take_call(line, flow, acceptance, house.clock, HOURS, Neighbours(gate))
    return trail, line, acceptance


# ---------------------------------------------------------------- the call


async def test_a_blocked_caller_hears_a_refusal_and_never_enters_a_queue(tmp_path: Path) -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    trail, line, acceptance = await call(house, tmp_path)
    assert trail == ["turned away"] and acceptance.enqueued == [] and line.queued is None
    assert line.heard == ["抱歉。"] and line.gone
    assert acceptance.story == [("CallerTurnedAway", {"how": "refuse"})]


async def test_a_house_may_send_the_busy_tone_instead(tmp_path: Path) -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    _, line, _ = await call(house, tmp_path, "busy")
    assert line.heard == ["(busy)"] and line.gone


async def test_the_refusal_is_spoken_in_the_language_of_the_call(tmp_path: Path) -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    _, line, _ = await call(house, tmp_path, facts=replace(A_CALL, language="en"))
    assert line.heard == ["Sorry."]


async def test_others_come_in(tmp_path: Path) -> None:
    house = House()
    await house.ask("block", number=OTHER)
    assert (await call(house, tmp_path))[0] == ["person:waiting"]


async def test_a_caller_who_withholds_their_number_is_on_no_list(tmp_path: Path) -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    withheld = replace(A_CALL, caller_number=None)
    assert (await call(house, tmp_path, facts=withheld))[0] == ["person:waiting"]


async def test_with_the_vault_away_the_caller_is_taken_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    trail, _, _ = await call(house, tmp_path, fails={"begin": StoreFailed("locked")})
    assert trail == ["person:waiting"]
    assert "taken as on no list" in caplog.text


@pytest.mark.parametrize(
    ("what", "way"), [("block", "list:no"), ("allow", "list:yes"), ("", "list:else")]
)
async def test_a_flow_may_decide_by_the_list(what: str, way: str, tmp_path: Path) -> None:
    house = House()
    if what:
        await house.ask(what, number=NUMBER)
    trail, _, _ = await call(house, tmp_path, "flow", BY_LIST)
    assert trail[0] == way


async def test_who_has_talked_is_not_turned_away_in_the_survey(tmp_path: Path) -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    facts = replace(A_CALL, step="person", talked="7.1.1")
    trail, line, _ = await call(house, tmp_path, text=TALKED, facts=facts)
    assert trail == ["person:talked", "bye:done"] and line.heard == ["再见。"]


@pytest.mark.parametrize(
    ("listed", "way"), [("blocked", "list:no"), ("allowed", "list:yes"), ("none", "list:else")]
)
def test_a_rehearsed_caller_is_on_the_list_that_the_script_says(
    listed: Listed, way: str, tmp_path: Path
) -> None:
    flow = replace(flow_of(BY_LIST, tmp_path), name="main")
    premises = Premises({"main": flow}, HOURS, frozenset(HOUSE.queues), {"4000": NumberEntry()})
    with Stage(premises) as stage:
        assert stage.walk(Role("main", listed=listed)).trail[0] == way


# ---------------------------------------------------------------- the lists


async def test_a_block_holds_at_once_and_until_its_end() -> None:
    house = House()
    assert await house.listed() == "none"
    await house.ask("block", number=NUMBER, until=NOW + HOUR)
    assert await house.listed() == "blocked"
    house.clock.at = NOW + HOUR - 0.001
    assert await house.listed() == "blocked"
    house.clock.at = NOW + HOUR
    assert await house.listed() == "none"


async def test_an_allowance_stands_before_a_block_as_long_as_it_holds() -> None:
    house = House()
    await house.ask("allow", number=NUMBER, until=NOW + HOUR)
    await house.ask("block", number=NUMBER, until=NOW + 2 * HOUR)
    assert await house.listed() == "allowed"
    house.clock.at = NOW + HOUR
    assert await house.listed() == "blocked"


async def test_who_is_removed_is_on_no_list() -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    assert (await house.ask("remove", number=NUMBER))["listed"] == "none"
    assert await house.listed() == "none"
    with pytest.raises(CoreRefused, match="on no list"):
        await house.ask("remove", number=NUMBER)


async def test_the_lists_are_there_after_a_restart() -> None:
    house = House()
    await house.ask("block", number=NUMBER)
    await house.ask("block", number=OTHER)
    await house.ask("remove", number=OTHER)
    house.restart()
    await house.lists.begin()
    assert (await house.listed(), await house.listed(OTHER)) == ("blocked", "none")


async def test_lists_that_cannot_be_read_block_nobody(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    house = House()
    await house.ask("block", number=NUMBER)

    async def away(*_: object) -> None:
        raise StoreFailed("locked")

    monkeypatch.setattr(house.vault, "having", away)
    house.restart()
    await house.lists.begin()
    assert await house.listed() == "none" and "all are taken" in caplog.text


async def test_the_audit_comes_before_the_deed_and_without_it_nothing_is_done() -> None:
    house = House()
    house.audit.failing = "disk full"
    with pytest.raises(CoreRefused, match="disk full"):
        await house.ask("block", number=NUMBER)
    assert await house.listed() == "none"


async def test_the_number_and_the_reason_stand_in_the_vault_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    house = House()
    told = await house.ask("block", number=NUMBER, reason="shouts at Li", until=NOW + HOUR)
    [entry] = house.audit.entries
    assert (entry.who, entry.action, entry.subject) == ("ann", "caller blocked", told["caller"])
    assert entry.details == {"until": NOW + HOUR}
    outside = f"{house.audit.entries} {carried(caplog.records)} {told}"
    assert "13800138000" not in outside and "shouts" not in outside
    assert "shouts" in str(house.vault.fields[told["caller"]][FIELD])


async def test_a_list_masks_numbers_and_tells_the_rest() -> None:
    house = House()
    await house.ask("block", number=NUMBER, until=NOW + HOUR)
    [row] = (await house.ask("list"))["callers"]
    assert (row["number"], row["listed"]) == ("+86138****8000", "blocked")
    assert row["blocked"] == {"reason": "rude", "who": "ann", "since": NOW, "until": NOW + HOUR}
    json.dumps(row)


async def test_a_listed_caller_can_be_named_by_id() -> None:
    house = House()
    told = await house.ask("block", number=NUMBER)
    await house.ask("remove", number=told["caller"])
    assert await house.listed() == "none"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"number": NUMBER, "reason": " "}, "say why"),
        ({"number": NUMBER, "reason": "x" * 501}, "say why"),
        ({"number": NUMBER, "until": NOW}, "over already"),
        ({"number": NUMBER, "until": "tomorrow"}, "over already"),
        ({"number": ""}, "telephone number"),
        ({"number": "anonymous"}, "telephone number"),
        ({"number": "per_01UNKNOWN"}, "telephone number"),
    ],
)
async def test_what_makes_no_sense_is_refused(fields: dict[str, Any], why: str) -> None:
    house = House()
    with pytest.raises(CoreRefused, match=why):
        await house.ask("block", **fields)
    assert house.audit.entries == []


@pytest.mark.parametrize("number", ["110", "119", "120", "112", "911", "1 1 0"])
async def test_numbers_that_help_comes_from_are_never_blocked(number: str) -> None:
    with pytest.raises(CoreRefused, match="help comes from"):
        await House().ask("block", number=number)


@pytest.mark.parametrize("number", [NUMBER, "95588", "10086", "1101"])
def test_other_numbers_are_no_numbers_of_help(number: str) -> None:
    assert not HERE.is_emergency(number)


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize(
    ("given", "until"),
    [("never", None), ("90d", NOW + 90 * 86400), ("12h", NOW + 12 * HOUR), ("30m", NOW + 1800),
     ("1970-01-02", 86400.0), ("1970-01-02T01:00", 90000.0)],
)  # fmt: skip
def test_an_end_is_a_time_or_how_long_from_now(given: str, until: float | None) -> None:
    assert callers.moment(given, NOW, "UTC") == until


@pytest.mark.parametrize("given", ["yesterday", "1970-01-01", "90 days", "-1d", ""])
def test_an_end_that_is_none_is_refused(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit):
        callers.moment(given, NOW, "UTC")
    assert "--until" in capsys.readouterr().err
