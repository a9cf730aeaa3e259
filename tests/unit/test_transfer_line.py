"""A transfer on the wire: what the dialplan is asked for, and what is made of its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from adapters.asterisk.agi_server import AgiServer
from adapters.asterisk.facts import CelRow, from_cel
from adapters.asterisk.transfers import CONTEXT, RUNG, longest_ring, rung
from ivr.dialling import Route
from ivr.ports import EffectKey, Line, LineFailed, Note
from ivr.transfers import Ringing, Rung
from tests.bare_asterisk import free_port
from tests.fake_asterisk import WORD, FakeCall
from voice.ports import Prompt

KEY = EffectKey("c-1/desk/1")
RINGING = Ringing(KEY, "reception", "2001", 20)


class NoPrompts:
    """A prompt store that is not asked for anything."""

    def find(self, prompt: Prompt) -> Path | None:
        return None

    async def make(self, prompt: Prompt) -> Path:
        raise AssertionError


class Stage:
    """A server, and one call that is transferred."""

    def __init__(self) -> None:
        self.port = free_port()
        self.server = AgiServer("127.0.0.1", self.port, WORD, self._take_call, NoPrompts())
        self.call = FakeCall(self.port)
        self.ringing = RINGING
        self.ended: list[Rung | str | None] = []
        self.then: Callable[[Line], Awaitable[object]] | None = None

    async def _take_call(self, line: Line) -> None:
        try:
            self.ended.append(await line.transfer(self.ringing))
            if self.then:
                await self.then(line)
        except LineFailed as failed:
            self.ended.append(str(failed))

    def dials(self, status: str, cause: str = "0", typed: str = "") -> None:
        async def run(told: str) -> str:
            key, name, *_ = told.split(",")
            kept = f"{key}~{name}~{status}~{cause}~"
            self.call.variables |= {RUNG: kept, "HOTLINE_TYPED": f"={typed}"}
            return "0"

        self.call.applications[CONTEXT] = run

    @property
    def rang(self) -> list[str]:
        return [command for command in self.call.commands if command.startswith("GOSUB")]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    await stage.server.start()
    yield stage
    await stage.server.stop(0)


async def test_the_dialplan_is_told_whom_to_ring_for_how_long_and_under_which_key(
    stage: Stage,
) -> None:
    stage.dials("ANSWER")
    await stage.call.run()
    assert stage.ended == [Rung.DONE]
    assert stage.rang == ['GOSUB acd-transfer s 1 "c-1/desk/1,reception,2001,20,14400"']


NORTH = Route("north", "+8613800138000@trunk.north", "+861012345678")
SOUTH = Route("south", "013800138000@trunk.south", "+861012345678")


async def test_a_number_outside_stands_in_variables_of_the_channel_and_nowhere_else(
    stage: Stage,
) -> None:
    stage.call.variables |= {"ROUTE_3": "+8613900139000@trunk.north"}
    stage.ringing = Ringing(KEY, "mobile", "", 30, (NORTH, SOUTH))
    stage.dials("CONGESTION", "21")
    await stage.call.run()
    assert stage.ended == [Rung.BUSY]
    assert stage.rang == ['GOSUB acd-transfer s 1 "c-1/desk/1,mobile,,30,14400"']
    routes = {name: stage.call.variables[name] for name in ("ROUTE_1", "ROUTE_2", "FROM_2")}
    assert routes == {"ROUTE_1": NORTH.dial, "ROUTE_2": SOUTH.dial, "FROM_2": SOUTH.caller_id}
    assert stage.call.variables["ROUTE_3"] == "", "what an earlier call left is not dialled"
    seen = [one for one in stage.call.commands if "8613800138000" in one]
    assert len(seen) == 1 and seen[0].startswith('SET VARIABLE "ROUTE_1"')


async def test_how_it_ended_is_known_before_anybody_is_rung(stage: Stage) -> None:
    ends: list[Rung | None] = []

    async def asks(line: Line) -> None:
        ends.append(await line.end_of(KEY))
        ends.append(await line.end_of(EffectKey("c-1/desk/2")))

    stage.dials("ANSWER")
    stage.then = asks
    await stage.call.run()
    assert ends == [Rung.DONE, None]


def test_each_trunk_has_its_time_to_ring() -> None:
    ringing = Ringing(KEY, "mobile", "", 30, (NORTH, SOUTH))
    assert longest_ring(ringing) >= 2 * ringing.seconds


async def test_what_an_earlier_script_has_rung_is_not_rung_again(stage: Stage) -> None:
    stage.call.variables[RUNG] = f"{KEY}~reception~NOANSWER~19~"
    await stage.call.run()
    assert (stage.ended, stage.rang) == ([Rung.NO_ANSWER], [])


async def test_the_end_of_another_visit_is_not_taken_for_this_one(stage: Stage) -> None:
    stage.call.variables[RUNG] = "c-1/desk/0~reception~BUSY~17~"
    stage.dials("ANSWER")
    await stage.call.run()
    assert stage.ended == [Rung.DONE] and len(stage.rang) == 1


async def test_an_asterisk_without_the_subroutine_says_so(stage: Stage) -> None:
    await stage.call.run()
    assert stage.ended == ["asterisk could not carry out GOSUB"]


async def test_keys_from_before_answer_nothing_and_those_after_the_talk_do(stage: Stage) -> None:
    answers: list[str | None] = []

    async def asks(line: Line) -> None:
        answers.append(await line.ask([], most_keys=1, seconds=1))

    stage.call.variables["HOTLINE_TYPED"] = "=77"
    stage.dials("ANSWER", typed="3")
    stage.then = asks
    await stage.call.run()
    assert answers == ["3"]


@pytest.mark.parametrize(
    ("status", "cause", "how"),
    [
        ("ANSWER", "16", Rung.DONE), ("BUSY", "17", Rung.BUSY), ("NOANSWER", "19", Rung.NO_ANSWER),
        ("CHANUNAVAIL", "21", Rung.BUSY), ("CHANUNAVAIL", "20", Rung.UNREACHABLE),
        ("CONGESTION", "34", Rung.UNREACHABLE), ("INVALIDARGS", "", Rung.UNREACHABLE),
        ("", "", Rung.UNREACHABLE),
    ],
)  # fmt: skip
def test_each_status_of_asterisk_is_an_outcome(status: str, cause: str, how: Rung) -> None:
    assert rung(f"{KEY}~reception~{status}~{cause}~7", KEY) is how


def test_what_was_begun_and_never_ended_is_not_rung_again() -> None:
    assert rung(f"{KEY}~reception", KEY) is Rung.UNREACHABLE
    assert rung("", KEY) is None


def row(kind: str, extra: str) -> CelRow:
    return CelRow(1, kind, "c-1", f'{{"extra":"{extra}"}}')


@pytest.mark.parametrize(
    ("kept", "how", "seconds"),
    [("ANSWER~16~42", "done", 42), ("CANCEL~~", "left", 0), ("BUSY~17~", "busy", 0),
     ("~~", "unreachable", 0)],
)  # fmt: skip
def test_the_event_log_tells_who_was_rung_and_how_it_ended(
    kept: str, how: str, seconds: int
) -> None:
    told = {"to": "reception", "effect": KEY}
    assert from_cel(row("ACD_TRANSFER", f"c-1|{KEY}~reception")) == [
        Note("c-1", "DestinationRung", told)  # type: ignore[arg-type]
    ]
    [ended] = from_cel(row("ACD_TRANSFER_END", f"c-1|{KEY}~reception~{kept}"))
    assert ended == Note("c-1", "DestinationEnded", told | {"how": how, "seconds": seconds})  # type: ignore[arg-type]
