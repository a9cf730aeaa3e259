"""Codes that agents' telephones dial, as AMI tells of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.engine import Engine
from acd.model import AgentId
from adapters.asterisk.ami import AmiAway
from adapters.asterisk.feature_codes import FeatureCodes
from ivr.directory import Directory
from ivr.seats import Seats
from tests.unit.test_directory import settings

CHANNEL = "PJSIP/1002-7"
Action = Mapping[str, str | Sequence[str]]


@dataclass
class Line:
    """An AMI whose channel has these variables."""

    variables: dict[str, str] = field(default_factory=dict)
    away: bool = False

    async def send(self, action: Action) -> Mapping[str, str]:
        if self.away:
            raise AmiAway("gone")
        assert action["Channel"] == CHANNEL
        name = str(action["Variable"])
        if action["Action"] == "Setvar":
            self.variables[name] = str(action["Value"])
        return {"Value": self.variables.get(name, "")}


@dataclass
class Desks:
    """Everybody may come, and goes."""

    asked: list[tuple[str, ...]] = field(default_factory=list)

    async def come(self, phone: str, number: str, pin: str, call: str) -> str:
        self.asked.append((phone, number, pin, call))
        return "in"

    async def go(self, phone: str) -> str:
        self.asked.append((phone,))
        return "out"


@dataclass
class Stage:
    """The codes of a house, in which one thing rings at Ann."""

    codes: FeatureCodes
    line: Line
    desks: Desks
    seats: Seats
    taken: list[tuple[str, str]]

    async def hears(self, what: str, **more: str) -> str:
        """What the telephone is told."""
        event = {"Event": "UserEvent", "UserEvent": what, "Channel": CHANNEL, "Phone": "1002"}
        self.codes.hear({**event, "Uniqueid": "h-1.7", **more})
        for _ in range(5):
            await asyncio.sleep(0)
        return self.line.variables.get("SHARED(TOLD)", "")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    given, line, desks, seats = settings(tmp_path), Line(), Desks(), Seats()
    taken: list[tuple[str, str]] = []

    def pickup(agent: AgentId, colleague: AgentId) -> bool:
        taken.append((agent, colleague))
        return colleague == "ann"

    directory = Directory(given.site, Engine(given.centre), {}, seats)
    codes = FeatureCodes(line, directory, pickup, seats, desks)  # type: ignore[arg-type]
    return Stage(codes, line, desks, seats, taken)


@pytest.mark.parametrize(
    ("of", "asked", "told"),
    [("801", [("1002", "ann")], "yes"), ("1002", [("1002", "1002")], "no"), ("802", [], "no"),
     ("999", [], "no"), ("", [], "no")],
)  # fmt: skip
async def test_a_phone_is_told_whether_what_rings_at_the_colleague_will_come(
    stage: Stage, of: str, asked: list[tuple[str, str]], told: str
) -> None:
    assert await stage.hears("AcdPickup", Of=of) == told
    assert stage.taken == asked


async def test_who_picks_up_is_whoever_sits_at_the_telephone(stage: Stage) -> None:
    stage.seats.sit(AgentId("bob"), "1002")
    assert await stage.hears("AcdPickup", Of="801") == "yes"
    stage.seats.sit(AgentId("1002"), "elsewhere")
    stage.seats.leave(AgentId("bob"))
    assert await stage.hears("AcdPickup", Of="801") == "no", "nobody sits there"
    assert stage.taken == [("bob", "ann")]


async def test_a_pin_is_read_from_the_channel_once_and_emptied(stage: Stage) -> None:
    stage.line.variables["SHARED(DESK_PIN)"] = "4813"
    assert await stage.hears("AcdDeskIn", Number="801") == "in"
    assert stage.desks.asked == [("1002", "801", "4813", "h-1.7")]
    assert stage.line.variables["SHARED(DESK_PIN)"] == ""


async def test_whoever_goes_is_told_so(stage: Stage) -> None:
    assert await stage.hears("AcdDeskOut") == "out"
    assert stage.desks.asked == [("1002",)]


async def test_other_events_are_not_answered_and_a_lost_link_leaves_the_phone_to_its_own_time(
    stage: Stage,
) -> None:
    assert await stage.hears("AcdKey", Of="801") == ""
    stage.line.away = True
    assert await stage.hears("AcdPickup", Of="801") == ""
    assert await stage.hears("AcdDeskIn", Number="801") == ""
    assert stage.desks.asked == [], "without the PIN nobody comes"
