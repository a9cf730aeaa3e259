"""The running core: new calls walk the newest version, calls in progress the one they began in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from ivr import settings
from ivr.call import take_call
from ivr.flow_requests import FlowRequests
from ivr.flow_versions import Deed, FlowVersions
from ivr.flows_in_force import changed_drafts, load_in_force, versions_in_force
from ivr.frozen_flow import FrozenFlow
from ivr.live_flows import LiveFlows
from ivr.load import house_of
from ivr.ports import CoreRefused, Origin
from ivr.settings import Settings
from tests.fakes import A_CALL, FakeLine
from tests.fakes_calls import HOURS, FakeAcceptance, StandingClock
from tests.fakes_stores import MemoryAudit

DEED = Deed("ann", 100.0, "why not")
MENU = """
first: menu
steps:
  menu:
    do: menu
    say: {{zh: {0}, en: {0}}}
    tries: 1
    then: {{"1": person, silence: person, no_match: person}}
  person: {{do: queue}}
"""


@dataclass
class House:
    """An installation whose core has just started."""

    settings: Settings
    versions: FlowVersions

    def publish(self, words: str, name: str = "main") -> None:
        self.versions.add(name, FrozenFlow(MENU.format(words)), DEED, lambda *_: [])

    def draft(self, words: str) -> None:
        (self.settings.data / "flows" / "main.yaml").write_text(MENU.format(words))

    def start(self) -> LiveFlows:
        """A core that begins now."""
        known = self.settings
        return LiveFlows(known, load_in_force(known), lambda: house_of(known))


@pytest.fixture
def house(tmp_path: Path) -> House:
    (tmp_path / "flows").mkdir()
    known = settings.load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path)})
    found = House(known, FlowVersions(tmp_path))
    found.draft("draft")
    return found


async def heard(flows: LiveFlows, line: FakeLine) -> list[str]:
    """What this caller hears."""
    async with flows.walking(line.facts) as flow:
        await take_call(line, flow, FakeAcceptance(), StandingClock(), HOURS)
    return line.heard


# ---------------------------------------------------------------- what is in force


async def test_a_file_is_walked_until_the_flow_is_published_and_is_a_draft_from_then(
    house: House,
) -> None:
    assert await heard(house.start(), FakeLine("1")) == ["draft"]
    house.publish("one")
    house.draft("changed")
    flows = house.start()
    assert await heard(flows, FakeLine("1")) == ["one"]
    assert flows.in_force == {"main": "main/1"}
    assert versions_in_force(house.settings) == {"main": "1"}


def test_a_draft_differs_until_it_is_published(house: House) -> None:
    assert list(changed_drafts(house.settings)) == []
    house.publish("draft")
    assert list(changed_drafts(house.settings)) == []
    house.draft("changed")
    assert list(changed_drafts(house.settings)) == ["main"]


def test_a_bad_draft_of_a_published_flow_keeps_nobody_from_starting(house: House) -> None:
    house.publish("one")
    (house.settings.data / "flows" / "main.yaml").write_text("first: [")
    assert load_in_force(house.settings)["main"].version == "main/1"


def test_a_published_flow_without_a_file_is_walked_on(house: House) -> None:
    house.publish("promotion", "promo")
    entry = house.settings.site.numbers["4000"].model_copy(update={"flow": "promo"})
    site = house.settings.site.model_copy(update={"numbers": {"4000": entry}})
    assert load_in_force(replace(house.settings, site=site))["promo"].version == "promo/1"


# ---------------------------------------------------------------- while calls go on


async def test_a_new_version_is_walked_from_the_next_call_on(house: House) -> None:
    house.publish("one")
    flows = house.start()
    house.publish("two")
    assert await heard(flows, FakeLine("1")) == ["one"]
    assert await flows.take("main") == {"flow": "main", "version": "main/2", "was": "main/1"}
    assert await heard(flows, FakeLine("1")) == ["two"]


async def test_a_call_remembers_its_version_with_every_step(house: House) -> None:
    house.publish("one")
    line = FakeLine("1")
    await heard(house.start(), line)
    assert line.versions == ["main/1", "main/1"]


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_call_goes_on_in_the_version_it_began_in(house: House, restarted: bool) -> None:
    house.publish("one")
    flows = house.start()
    house.publish("two")
    await flows.take("main")
    if restarted:
        flows = house.start()
    begun = replace(A_CALL, step="menu", version="main/1")
    lines = [FakeLine("1", facts=begun) for _ in range(20)]
    assert await asyncio.gather(*(heard(flows, line) for line in lines)) == [["one"]] * 20
    assert await heard(flows, FakeLine("1")) == ["two"]


async def test_a_call_keeps_to_a_file_that_was_in_force_when_it_began(house: House) -> None:
    flows = house.start()
    begun = flows.in_force["main"]
    house.publish("one")
    await flows.take("main")
    assert begun.startswith("main/file-")
    line = FakeLine("1", facts=replace(A_CALL, step="menu", version=begun))
    assert await heard(flows, line) == ["draft"]


@pytest.mark.parametrize("version", ["main/9", "gone/1", "main/file-0123", "x", "../../x/1"])
async def test_a_call_whose_version_is_gone_goes_on_in_the_current_one(
    house: House, version: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.publish("one")
    flows = house.start()
    line = FakeLine("1", facts=replace(A_CALL, step="menu", version=version))
    assert await heard(flows, line) == ["one"]
    assert "version of the flow is gone" in caplog.text
    assert line.versions[-1] == "main/1"


async def test_a_version_that_does_not_fit_the_house_any_more_is_not_walked(house: House) -> None:
    bad = MENU.format("one").replace("do: queue", "do: queue, queue: closed_down")
    house.versions.add("main", FrozenFlow(bad), DEED, lambda *_: [])
    house.publish("two")
    flows = house.start()
    line = FakeLine("1", facts=replace(A_CALL, version="main/1"))
    assert await heard(flows, line) == ["two"]


async def test_rules_must_fit_what_calls_walk_and_nothing_else(house: House) -> None:
    house.publish("one")
    flows = house.start()
    house.publish("two")
    async with flows.walking(A_CALL):
        await flows.take("main")
        assert {flow.version for flow in flows.walked()} == {"main/1", "main/2"}
    assert [flow.version for flow in flows.walked()] == ["main/2"]


# ---------------------------------------------------------------- while callers wait


async def test_who_waits_is_known_by_the_version_they_came_by(house: House) -> None:
    house.publish("one")
    house.publish("two")
    flows = house.start()
    origin = Origin("4000", "person", "main/1")
    assert flows.of_waiting(origin) is None  # being read
    await until(partial(flows.of_waiting, origin))
    found = flows.of_waiting(origin)
    assert found and found.version == "main/1"


async def test_who_came_by_no_version_or_one_that_is_gone_is_told_what_is_current(
    house: House,
) -> None:
    house.publish("one")
    flows = house.start()
    for origin in (Origin("4000", "person"), Origin("4000", "person", "main/7")):
        await until(partial(flows.of_waiting, origin))
        found = flows.of_waiting(origin)
        assert found and found.version == "main/1"
    assert flows.of_waiting(Origin("5555", "person")) is None


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


# ---------------------------------------------------------------- what the core is asked


async def test_a_version_that_the_core_cannot_walk_changes_nothing(house: House) -> None:
    house.publish("one")
    flows = house.start()
    house.versions.add("main", FrozenFlow("first: ["), DEED, lambda *_: [])
    for name, why in (("main", "not YAML"), ("promo", "never published")):
        with pytest.raises(CoreRefused, match=why):
            await flows.take(name)
    assert await heard(flows, FakeLine("1")) == ["one"]


async def test_what_was_published_while_the_core_started_is_taken(house: House) -> None:
    flows = house.start()
    house.publish("one")
    house.publish("promotion", "promo")
    await flows.catch_up()
    assert flows.in_force == {"main": "main/1", "promo": "promo/1"}


async def test_the_core_writes_down_who_publishes_before_it_is_done(house: House) -> None:
    audit = MemoryAudit()
    requests = FlowRequests(house.start(), audit, StandingClock(100.0))
    await requests.announce({"flow": "main", "who": "ann", "why": "a new menu"})
    [entry] = audit.entries
    told = (entry.who, entry.action, entry.subject, entry.reason, entry.at)
    assert told == ("ann", "flow publish", "main", "a new menu", 100.0)
    house.publish("one")
    await requests.announce({"flow": "main", "to": 1, "who": "ann", "why": "no good"})
    assert (audit.entries[1].action, audit.entries[1].details) == ("flow rollback", {"to": 1})


async def test_the_core_refuses_what_does_not_fit_its_own_rules(house: House) -> None:
    audit = MemoryAudit()
    requests = FlowRequests(house.start(), audit, StandingClock())
    (house.settings.data / "flows" / "main.yaml").write_text("first: a\nsteps: {}")
    for fields in ({"flow": "main"}, {"flow": "main", "to": 3}, {"flow": "mian"}, {}):
        with pytest.raises(CoreRefused):
            await requests.announce(fields)
    assert audit.entries == []
