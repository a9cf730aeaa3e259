"""`transfer` rings a telephone that is no agent's: once, whatever dies, and never leaves callers
alone. What Asterisk does for it: `test_transfer_line`, `integration/test_transfer_on_asterisk`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from acd.model import ContactId
from ivr.call import take_call
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.dialling_rules import HANDED_ON, DiallingRules
from ivr.flow import Flow
from ivr.neighbours import Neighbours
from ivr.outbound import OutboundSettings
from ivr.ports import LineFailed, Record, StoreFailed
from ivr.rehearsal import at_random, callers, trial
from ivr.rehearsal.stage import Premises
from ivr.settings import BadSettings, NumberEntry, SiteFile, load
from ivr.transfers import NOT_OUTSIDE, Destination, Ringing, Rung
from ivr.trunks import TrunkEntry
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, HOUSE, FakeAcceptance, StandingClock, flow_of
from tests.fakes_stores import MemoryJournal
from voice.ports import Prompt

RINGS = """
first: desk
steps:
  desk:
    do: transfer
    to: reception
    say: {zh: 正在转接。, en: One moment.}
    then: {done: more, busy: sales, no_answer: person, unreachable: person}
  more:
    do: menu
    say: {zh: 一。, en: One.}
    tries: 1
    at_most: 2
    then: {1: desk, silence: person, no_match: person, too_many: person}
  sales: {do: queue, queue: sales}
  person: {do: queue}
"""
RECEPTION = Destination(phone="2001", seconds=20)


@pytest.fixture
def flow(tmp_path: Path) -> Flow:
    return flow_of(RINGS, tmp_path)


async def take(
    line: FakeLine, flow: Flow, destinations: Mapping[str, Destination] | None = None
) -> list[str]:
    known = {"reception": RECEPTION} if destinations is None else destinations
    neighbours = Neighbours(destinations=known)
    acceptance = FakeAcceptance()
    trail = await take_call(line, flow, acceptance, StandingClock(), HOURS, neighbours)
    queued = {"person:waiting", "sales:waiting"} & {*trail}
    assert bool(acceptance.enqueued) == bool(queued), "who is transferred is in no queue"
    return trail


@pytest.mark.parametrize(
    ("rung", "trail"),
    [
        (Rung.DONE, ["desk:done", "more:silence", "person:waiting"]),
        (Rung.BUSY, ["desk:busy", "sales:waiting"]),
        (Rung.NO_ANSWER, ["desk:no_answer", "person:waiting"]),
        (Rung.UNREACHABLE, ["desk:unreachable", "person:waiting"]),
    ],
)
async def test_the_caller_goes_on_as_the_telephone_ended(
    flow: Flow, rung: Rung, trail: list[str]
) -> None:
    line = FakeLine("")
    line.rings = [rung]
    assert await take(line, flow) == trail
    assert line.heard[0] == "正在转接。"
    assert line.rang == [Ringing(line.rang[0].key, "reception", "2001", 20)]


async def test_a_step_may_ring_for_longer_than_the_site_says(tmp_path: Path) -> None:
    flow = flow_of(RINGS.replace("to: reception", "to: reception\n    seconds: 45"), tmp_path)
    line = FakeLine("")
    await take(line, flow)
    assert line.rang[0].seconds == 45


async def test_a_caller_who_hangs_up_meanwhile_goes_nowhere(flow: Flow) -> None:
    line = FakeLine()
    line.rings = [None]
    assert await take(line, flow) == ["desk:caller gone"]


async def test_a_destination_that_the_site_has_no_more_is_unreachable(flow: Flow) -> None:
    line = FakeLine()
    assert await take(line, flow, {}) == ["desk:unreachable", "person:waiting"]
    assert line.rang == []


async def test_a_line_that_cannot_ring_leaves_the_caller_with_a_person(flow: Flow) -> None:
    class Old(FakeLine):
        async def transfer(self, *_: object, **__: object) -> Rung:
            raise LineFailed("there is no such subroutine")

    assert await take(Old(), flow) == ["desk:unreachable", "person:waiting"]


async def test_a_script_that_begins_again_rings_nobody_twice(flow: Flow) -> None:
    first = FakeLine("")
    first.rings = [Rung.BUSY]
    await take(first, flow)
    again = replace(A_CALL, step="desk", visits={})
    then = FakeLine(facts=again)
    then.rung = first.rung
    assert await take(then, flow) == ["desk:busy", "sales:waiting"]
    assert then.rang == [] and then.heard == []


async def test_each_visit_of_the_step_rings_anew(flow: Flow) -> None:
    line = FakeLine("1", "")
    line.rings = [Rung.DONE, Rung.BUSY]
    assert await take(line, flow) == ["desk:done", "more:1", "desk:busy", "sales:waiting"]
    assert [each.key for each in line.rang] == ["c-1/desk/1", "c-1/desk/2"]


# ---------------------------------------------------------------- numbers outside

NUMBER, WAY = "+8613800138000", Route("north", "+8613800138000@trunk.north", "+861012345678")
OUTSIDE = {"reception": Destination(number=NUMBER, seconds=30)}


@dataclass
class Rules(Routing):
    """`ivr.dialling.Routing` that says what the test wants."""

    refusal: Refusal | None = None
    fault: Exception | None = None
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        self.asked.append((number, queue))
        if self.fault:
            raise self.fault
        if self.refusal:
            raise NotDialled(self.refusal)
        return (WAY,)


async def goes_out(
    line: FakeLine, flow: Flow, rules: Rules | None = None
) -> tuple[list[str], list[tuple[str, Mapping[str, object]]]]:
    """The trail, and what the journal has of it."""
    neighbours = Neighbours(destinations=OUTSIDE)
    neighbours = replace(neighbours, routing=rules) if rules else neighbours
    acceptance = FakeAcceptance()
    trail = await take_call(line, flow, acceptance, StandingClock(), HOURS, neighbours)
    told = [one for one in acceptance.written if one[0].startswith("Destination")]
    return trail, told


async def test_a_number_outside_is_rung_by_the_ways_that_the_rules_name(flow: Flow) -> None:
    line, rules = FakeLine(""), Rules()
    trail, told = await goes_out(line, flow, rules)
    assert trail == ["desk:done", "more:silence", "person:waiting"]
    assert line.rang == [Ringing(line.rang[0].key, "reception", "", 30, (WAY,))]
    assert rules.asked == [(NUMBER, A_CALL.queue)], "the caller ID is that of the queue"
    data = {"to": "reception", "effect": "c-1/desk/1", "trunk": "north"}
    assert told == [("DestinationDialled", data)], "it counts for the day, and no number is told"


async def test_what_the_rules_refuse_is_unreachable_and_on_the_record(flow: Flow) -> None:
    line = FakeLine("")
    trail, told = await goes_out(line, flow, Rules(Refusal.DAY_CAP))
    assert trail == ["desk:unreachable", "person:waiting"] and line.rang == []
    [(kind, data)] = told
    assert kind == "DestinationRefused" and "as often as is allowed" in str(data["why"])


@pytest.mark.parametrize("fault", [StoreFailed("disk full"), TimeoutError()])
async def test_who_cannot_be_counted_is_not_dialled(flow: Flow, fault: Exception) -> None:
    line = FakeLine("")
    trail, _ = await goes_out(line, flow, Rules(fault=fault))
    assert trail == ["desk:unreachable", "person:waiting"] and line.rang == []


async def test_a_house_without_rules_dials_nobody(flow: Flow) -> None:
    line = FakeLine("")
    trail, _ = await goes_out(line, flow)
    assert trail == ["desk:unreachable", "person:waiting"] and line.rang == []


async def test_who_has_talked_outside_is_not_refused_by_a_script_that_begins_again(
    flow: Flow,
) -> None:
    first = FakeLine("")
    first.rings = [Rung.BUSY]
    await goes_out(first, flow, Rules())
    then = FakeLine(facts=replace(A_CALL, step="desk", visits={}))
    then.rung = first.rung
    trail, told = await goes_out(then, flow, Rules(Refusal.DAY_CAP))
    assert trail == ["desk:busy", "sales:waiting"]
    assert (then.rang, told) == ([], [])


async def test_a_transfer_counts_once_for_the_caps_however_often_it_is_written() -> None:
    journal, clock = MemoryJournal(), StandingClock()
    settings = OutboundSettings(allow=("+86",), per_day=2, per_agent=1)
    trunks = {"north": TrunkEntry(address="192.0.2.1", caller_ids=("+861012345678",))}
    rules = DiallingRules(settings, trunks, journal, clock)
    contact = ContactId("c-1")
    for effect, agent in (("a", ""), ("a", ""), ("b", "ann")):
        data = {"to": "reception", "effect": effect, "agent": agent}
        await journal.append([Record(clock.now(), HANDED_ON, data, contact)])
        if effect == "a":
            assert await rules(NUMBER, queue="support", agent="ann")
    with pytest.raises(NotDialled) as refused:
        await rules(NUMBER, queue="support")
    assert refused.value.reason is Refusal.DAY_CAP


def test_a_rehearsal_asks_no_rules_and_dials_nobody(flow: Flow, tmp_path: Path) -> None:
    outside = replace(premises_of(flow), destinations=OUTSIDE)
    file = tmp_path / "shop.yaml"
    file.write_text("callers: [{name: x, transfers: {reception: [busy]}}]", encoding="utf-8")
    played = trial.run(outside, ["shop"], callers.load([file], outside), 0, 1)
    assert [one.differences for one in played.failed()] == []


# ---------------------------------------------------------------- rehearsals

CALLERS = """
callers:
  - {name: talks, does: ["1"], transfers: {reception: [done, busy]}, expect: {hears: [正在转接], steps: [desk:done, "more:1", desk:busy, sales:waiting]}}
  - {name: nobody is there, transfers: {reception: [no_answer]}, expect: {steps: [desk:no_answer, person:waiting]}}
  - {name: the plug is out, transfers: {reception: [unreachable]}, expect: {steps: [desk:unreachable, person:waiting]}}
  - {name: says nothing after, expect: {steps: [desk:done, more:silence, person:waiting]}}
  - {name: presses nonsense, does: ["7"], expect: {steps: [desk:done, more:no_match, person:waiting]}}
  - {name: wants it again, does: ["1", "1"], expect: {steps: [desk:done, "more:1", desk:done, "more:1", desk:done, more:too_many, person:waiting]}}
"""  # noqa: E501


def premises_of(flow: Flow) -> Premises:
    numbers = {"4000": NumberEntry(flow="shop")}
    named = replace(flow, name="shop")
    queues = frozenset(HOUSE.queues)
    return Premises({"shop": named}, HOURS, queues, numbers, destinations={"reception": RECEPTION})


def tried(flow: Flow, folder: Path, text: str, at_random: int = 0) -> trial.Trial:
    premises, file = premises_of(flow), folder / "shop.yaml"
    file.write_text(text, encoding="utf-8")
    return trial.run(premises, ["shop"], callers.load([file], premises), at_random, 1)


def test_scripted_callers_come_to_every_outcome(flow: Flow, tmp_path: Path) -> None:
    played = tried(flow, tmp_path, CALLERS, 20)
    assert [(one.caller.name, one.differences) for one in played.failed()] == []
    assert (played.strays, played.coverage["shop"].missing()) == ([], [])


def test_an_end_that_nobody_comes_to_is_told(flow: Flow, tmp_path: Path) -> None:
    text = "callers: [{name: x, transfers: {reception: [busy, done]}}]"
    [one] = tried(flow, tmp_path, text).failed()
    assert one.differences == ["mocks: reception was not asked for all of its answers"]


def test_a_file_of_callers_knows_the_flows_destinations(flow: Flow, tmp_path: Path) -> None:
    text = "callers: [{name: x, transfers: {receptoin: [bsy]}}]"
    with pytest.raises(Exception, match="receptoin") as refused:
        tried(flow, tmp_path, text)
    assert "did you mean 'reception'?" in str(refused.value)


def test_callers_at_random_meet_every_end(flow: Flow) -> None:
    roles = at_random.callers(premises_of(flow), "shop", 40)
    assert {role.transfers["reception"][0] for role in roles} == set(Rung)


# ---------------------------------------------------------------- the site file


def test_a_destination_may_be_left_with_its_usual_ring() -> None:
    assert Destination.model_validate({"phone": "2001"}).seconds == 25


@pytest.mark.parametrize(
    "phone",
    ["+8613800138000", "01012345678", "13800138000", "010-1234 5678", "(021) 555-0100", "5550100"],
)
def test_a_number_outside_is_refused_with_what_it_needs(phone: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Destination.model_validate({"phone": phone})
    assert NOT_OUTSIDE in str(refused.value)


SITE = """
phones: {agent-1001: {}}
numbers: {"4000": {queue: support}}
destinations:
"""
CENTRE = "{queues: [support], agents: {agent-1001: {queues: [support]}, a9: {queues: [support]}}}"


@pytest.mark.parametrize(
    ("destinations", "said"),
    [
        ("desk: {phone: agent-1001}", "destinations.desk.phone: 'agent-1001' is an agent's phone"),
        ("desk: {phone: a9}", "destinations.desk.phone: 'a9' is an agent's phone"),
        ('desk: {phone: "4000"}', "destinations.desk.phone: '4000' is a number that callers dial"),
        ("desk: {phone: trunk}", "destinations.desk.phone: 'trunk' means something else"),
        ('{a: {phone: "2001"}, b: {phone: "2001"}}', "destinations.b.phone: 'a' has this phone"),
        ('desk: {phone: "2001", secnds: 9}', "destinations.desk: unknown key 'secnds'; did you "
         "mean 'seconds'?"),
        ("desk: {phone: 2001}", 'destinations.desk: put quotation marks around the phone: "2001"'),
        ('desk: {phone: "20 01"}', "destinations.desk.phone: "),
        ('desk: {phone: "2001", seconds: 1}', "destinations.desk.seconds: "),
        ("desk: 2001", 'destinations.desk: write {phone: "2001"} or {number: "+861012345678"}'),
        ("desk: {seconds: 9}", "destinations.desk: name either `phone`"),
        ('desk: {phone: "2001", number: "+8613800138000"}', "name either `phone`"),
        ("desk: {number: 13800138000}", "destinations.desk: put quotation marks around the number"),
        ('desk: {number: "13800138000"}', "destinations.desk.number: "),
        ('desk: {number: "+8613800138000", secret: x}', "a number has no account"),
        ('desk: {number: "+8613800138000"}', "destinations.desk.number: numbers that begin so are "
         "not dialled here (`outbound.allow`)"),
    ],
)  # fmt: skip
def test_a_destination_that_cannot_be_is_refused_with_its_place(
    tmp_path: Path, destinations: str, said: str
) -> None:
    (tmp_path / "site.yaml").write_text(f"{SITE}  {destinations}\n")
    (tmp_path / "centre.yaml").write_text(CENTRE)
    with pytest.raises(BadSettings) as refused:
        load({"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATA": str(tmp_path)})
    assert [fault for fault in refused.value.faults if said in fault]


TRUNK = """
trunks: {north: {address: 192.0.2.1, caller_ids: ["+861012345678"]}}
outbound: {allow: ["+86"], block: ["+8610"]}
"""


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+8613800138000", ""),
        ("+861087654321", "numbers that begin so are blocked"),
        ("+442079460018", "numbers that begin so are not dialled here"),
        ("+8699999999999", "this is no telephone number"),
        ("+8613900139000", "this is a number that callers dial"),
    ],
)
def test_a_number_outside_is_looked_at_by_the_rules_when_settings_are_read(
    tmp_path: Path, number: str, said: str
) -> None:
    site = SITE.replace('"4000"', '"+8613900139000": {queue: support}, "4000"')
    text = f'{site}  mobile: {{number: "{number}"}}\n{TRUNK}'
    (tmp_path / "site.yaml").write_text(text)
    (tmp_path / "centre.yaml").write_text(CENTRE.replace(", a9: {queues: [support]}", ""))
    try:
        load({"HOTLINE_HOME": str(tmp_path), "HOTLINE_DATA": str(tmp_path)})
        faults = []
    except BadSettings as refused:
        faults = refused.faults
    assert [fault for fault in faults if "destinations.mobile.number: " in fault] == [
        fault for fault in faults if said and said in fault
    ]
    assert bool(faults) == bool(said), faults


def test_every_telephone_of_the_house_has_an_account() -> None:
    house = '  {desk: {phone: "2001", secret: x}, mobile: {number: "+8613800138000"}}'
    site = SiteFile.model_validate(yaml.safe_load(SITE + house))
    assert site.accounts == {"agent-1001": "", "2001": "x"}


def test_what_is_said_before_it_rings_is_made_before_a_call_is_there(flow: Flow) -> None:
    assert Prompt("One moment.", "en") in flow.prompts()
