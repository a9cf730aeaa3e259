"""Which waiting callers are spoken to, and by whose rules."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.config import Centre
from acd.engine import Engine
from acd.estimate import Range
from acd.events import Arrived, Parked, Reached
from acd.floor import Floor
from acd.model import Contact, ContactId, QueueId, Seconds
from acd.waits import Waits
from ivr.announcer import Announcer
from ivr.flow import Flow
from ivr.ports import Origin, PhonesFailed
from tests.fakes_calls import StandingClock, flow_of
from voice.ports import Prompt

ONE, SUPPORT = ContactId("one"), QueueId("support")
EAST, WEST = "4000", "5000"
OLD = "west/1"
PERSON = """
first: person
steps:
  person:
    do: queue
    while_waiting:
      - {{after: 0, say: {{zh: {0}, en: {0}}}}}
      - {{every: 30, say: {{zh: 等, en: stay}}}}
"""


@dataclass
class Loop:
    """A waiting loop that keeps what it is asked to say."""

    origins: dict[ContactId, Origin] = field(default_factory=dict)
    said: list[tuple[str, list[str]]] = field(default_factory=list)
    fails: bool = False

    def origin(self, contact: ContactId) -> Origin | None:
        return self.origins.get(contact)

    async def say(
        self, contact: ContactId, request: str, prompts: Sequence[Prompt], key_seconds: Seconds
    ) -> None:
        if self.fails:
            raise PhonesFailed("no link")
        self.said.append((request, [prompt.text for prompt in prompts]))


@dataclass
class Stage:
    engine: Engine
    loop: Loop
    announcer: Announcer

    async def look(self, *times: Seconds) -> list[tuple[str, list[str]]]:
        """What has been said in all after looking at these times."""
        for now in times:
            self.announcer.look(now)
            await asyncio.sleep(0)
        return self.loop.said


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Two numbers of one queue, and a caller who came to the west's at 100."""
    flows = {
        number: flow_of(PERSON.format(word), tmp_path)
        for number, word in ((EAST, "east"), (WEST, "west"), (OLD, "older words"))
    }
    engine, loop = Engine(Centre({}, {})), Loop({ONE: Origin(WEST, "person")})

    def of_waiting(origin: Origin) -> Flow | None:
        return flows.get(origin.version or origin.dialled)

    engine.handle(Arrived(ONE, SUPPORT, 100.0, language="en", waits=True), 100.0)
    return Stage(engine, loop, Announcer(engine, of_waiting, loop, StandingClock()))


async def test_who_waits_is_told_what_the_flow_of_their_number_wants(stage: Stage) -> None:
    assert await stage.look(100.6, 101.6, 130.5) == [("w0", ["west"]), ("w30000", ["stay"])]


TELLS = """
first: person
steps:
  person:
    do: queue
    while_waiting: [{every: 30, say: {zh: "等待{wait}", en: "Wait {wait}"}}]
"""


class Estimates(Waits):
    """Everybody's wait is the same."""

    wait: Range | None = Range(60.0, 100.0, 170.0)

    def range(self, engine: Floor, contact: Contact, now: Seconds) -> Range | None:
        return self.wait


async def test_who_waits_is_told_the_long_end_of_the_estimate(stage: Stage, tmp_path: Path) -> None:
    flow = flow_of(TELLS, tmp_path)
    stage.engine.waits = waits = Estimates(stage.engine.centre)
    stage.announcer = Announcer(stage.engine, lambda _: flow, stage.loop, StandingClock())
    assert await stage.look(130.5) == [("w30000", ["Wait about three minutes"])]
    for unknown in (None, Range(60.0, 100.0, 170.0, few=True)):
        waits.wait = unknown
        assert len(await stage.look(160.5, 190.5)) == 1, "what nobody knows is not told"


async def test_nothing_is_said_while_nobody_knows_where_a_caller_came_from(stage: Stage) -> None:
    origin = stage.loop.origins.pop(ONE)
    assert await stage.look(100.6) == []
    stage.loop.origins[ONE] = origin
    assert await stage.look(101.6) == [("w0", ["west"])]


async def test_a_number_that_is_gone_from_the_site_file_says_nothing(stage: Stage) -> None:
    stage.loop.origins[ONE] = Origin("6000", "person")
    assert await stage.look(100.6, 130.5) == []


async def test_who_waits_hears_what_was_said_when_they_came(stage: Stage) -> None:
    stage.loop.origins[ONE] = Origin(WEST, "person", OLD)
    assert await stage.look(100.6) == [("w0", ["older words"])]


async def test_who_has_waited_long_when_the_core_starts_is_not_welcomed(stage: Stage) -> None:
    assert await stage.look(120.0, 130.5) == [("w30000", ["stay"])]


async def test_an_announcement_that_fails_is_left_out(stage: Stage) -> None:
    stage.loop.fails = True
    assert await stage.look(100.6) == []
    stage.loop.fails = False
    assert await stage.look(101.6, 130.5) == [("w30000", ["stay"])]


async def test_who_comes_to_another_step_hears_what_is_said_there_and_nothing_again(
    stage: Stage,
) -> None:
    assert await stage.look(100.6) == [("w0", ["west"])]
    stage.engine.handle(Parked(ONE, limit=1e6), 101.0)
    assert len(await stage.look(101.6)) == 1
    stage.loop.origins[ONE] = Origin(EAST, "person")
    stage.engine.handle(Reached(ONE), 103.0)
    assert await stage.look(103.6) == [("w0", ["west"])], "the same step says nothing twice"
    stage.loop.origins[ONE] = Origin(EAST, "no queue")
    assert await stage.look(104.6) == [("w0", ["west"]), ("w0", ["east"])]
