"""The engine is told when no trunk that takes calls has a line left, and when one has again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from acd import config, events
from acd.config import Centre, Condition, OverflowRule
from acd.engine import Engine
from acd.equipment import TrunksChanged
from acd.model import QueueId
from adapters.asterisk.ami_wire import AmiAway
from adapters.asterisk.trunk_lines import TrunkLines
from ivr.settings import BadSettings, load
from ivr.trunks import TrunkEntry

SUPPORT = QueueId("support")


def centre(*when: Condition) -> Centre:
    rules = tuple(OverflowRule(one, "chat") for one in when)
    return Centre({SUPPORT: config.Queue(SUPPORT, overflow=rules)}, {})


ASKED = centre(Condition(trunks_busy=True))


@dataclass
class Link:
    """Asterisk as it is asked: `values` by name; what is not there counts none."""

    up: bool = True
    away: bool = False
    values: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def send(self, action: Mapping[str, str]) -> Mapping[str, str]:
        if self.away:
            raise AmiAway("no link to asterisk")
        self.asked.append(action["Variable"])
        return {"Value": self.values.get(action["Variable"], "0")}

    def calls(self, trunk: str, came: int, dialled: int = 0) -> None:
        self.values[f"GROUP_COUNT(trunk.{trunk}@lines)"] = str(came)
        self.values[f"GROUP_COUNT(trunk.{trunk}@out)"] = str(dialled)

    def state(self, trunk: str, state: str) -> None:
        self.values[f"DEVICE_STATE(PJSIP/trunk.{trunk})"] = state


class House:
    """Trunks with so many lines (None: no limit), and an engine that hears of them."""

    def __init__(self, *, rules: Centre = ASKED, **lines: int | None) -> None:
        self.link, self.engine = Link(), Engine(rules)
        self.told: list[bool] = []
        trunks = {
            name: TrunkEntry(address="192.0.2.10", channels=most) for name, most in lines.items()
        }
        trunks["only_out"] = TrunkEntry(address="192.0.2.20", incoming=False)
        self.watch = TrunkLines(self.link, trunks, self.engine, self._hear)

    def _hear(self, event: TrunksChanged) -> None:
        self.told.append(event.busy)
        self.engine.handle(event, float(len(self.told)))

    async def look(self) -> list[bool]:
        await self.watch.look()
        return self.told


async def test_a_full_trunk_is_told_of_once_and_again_when_a_line_is_free() -> None:
    house = House(north=2)
    house.link.calls("north", 1)
    assert await house.look() == []
    house.link.calls("north", 1, dialled=1)
    assert await house.look() == [True]
    assert await house.look() == [True]
    house.link.calls("north", 0, dialled=1)
    assert await house.look() == [True, False]


async def test_as_long_as_one_trunk_takes_calls_they_are_not_busy() -> None:
    house = House(north=1, south=1)
    house.link.calls("north", 1)
    assert await house.look() == []
    house.link.calls("south", 1)
    assert await house.look() == [True]


async def test_a_trunk_without_a_limit_is_never_full() -> None:
    house = House(north=1, south=None)
    house.link.calls("north", 1)
    house.link.calls("south", 900)
    assert await house.look() == []


async def test_a_trunk_that_does_not_answer_takes_no_calls_and_alone_is_not_busy() -> None:
    house = House(north=1, south=None)
    house.link.state("south", "UNAVAILABLE")
    assert await house.look() == []
    house.link.calls("north", 1)
    assert await house.look() == [True]
    house.link.calls("north", 0)
    house.link.state("north", "UNAVAILABLE")
    assert await house.look() == [True, False]


async def test_nothing_is_asked_where_no_rule_names_the_trunks() -> None:
    house = House(north=1, rules=centre(Condition(length=3)))
    house.link.calls("north", 1)
    assert await house.look() == [] and house.link.asked == []


async def test_when_the_last_rule_that_named_them_is_gone_they_count_as_free() -> None:
    house = House(north=1)
    house.link.calls("north", 1)
    assert await house.look() == [True]
    house.engine.use(centre(), 2.0)
    assert await house.look() == [True, False]


@pytest.mark.parametrize("fault", ["up", "away"])
async def test_what_was_seen_last_stands_while_asterisk_cannot_be_asked(fault: str) -> None:
    house = House(north=1)
    house.link.calls("north", 1)
    await house.look()
    house.link.calls("north", 0)
    setattr(house.link, fault, fault == "away")
    assert await house.look() == [True]
    setattr(house.link, fault, fault != "away")
    assert await house.look() == [True, False]


async def test_an_answer_that_is_no_number_counts_no_call() -> None:
    house = House(north=1)
    house.link.values["GROUP_COUNT(trunk.north@lines)"] = ""
    house.link.values["GROUP_COUNT(trunk.north@out)"] = "-1"
    assert await house.look() == []


async def test_a_new_core_goes_by_what_the_journal_says_until_it_has_looked() -> None:
    house = House(north=1)
    house.engine.handle(events.TrunksChanged(busy=True), 1)
    assert await house.look() == [False], "the call has ended while nobody looked"


# ---------------------------------------------------------------- the check of the rules


def loaded(tmp_path: Path, trunks: Mapping[str, object], key: str = "trunks_busy") -> list[str]:
    rules = {"queues": {"support": {"overflow": [{"when": {key: True}, "to": "chat"}]}},
             "agents": {"a1": {"queues": ["support"]}}}  # fmt: skip
    (tmp_path / "centre.yaml").write_text(yaml.safe_dump(rules))
    site = {"phones": {"a1": {}}, "trunks": trunks, "numbers": {"4000": {}}}
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    return list(load({"HOTLINE_DATA": str(tmp_path), "HOTLINE_HOME": str(tmp_path)}).warnings)


@pytest.mark.parametrize(
    ("trunks", "why"),
    [
        ({}, "site.yaml has no trunk that takes calls"),
        ({"north": {"address": "192.0.2.10", "channels": 2},
          "south": {"address": "192.0.2.20"}},
         "say in site.yaml how many calls at once they take (trunks.south.channels)"),
    ],
)  # fmt: skip
def test_a_rule_by_trunks_that_are_never_full_is_warned_of(
    tmp_path: Path, trunks: Mapping[str, object], why: str
) -> None:
    assert loaded(tmp_path, trunks) == [
        "centre.yaml: queues.support.overflow[0].when.trunks_busy: "
        f"the trunks are never busy: {why}"
    ]


def test_a_rule_by_trunks_with_limits_is_fine(tmp_path: Path) -> None:
    assert loaded(tmp_path, {"north": {"address": "192.0.2.10", "channels": 2}}) == []


def test_a_condition_that_is_written_wrongly_is_told_with_what_was_meant(tmp_path: Path) -> None:
    with pytest.raises(BadSettings) as bad:
        loaded(tmp_path, {}, "trunk_busy")
    assert "did you mean 'trunks_busy'" in str(bad.value.faults)
