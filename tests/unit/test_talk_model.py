"""The foretelling by which real talks are judged: it sees what is wrong, and refuses nonsense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from tests.talk_house import by_line, places
from tests.talk_model import CALLER, Seen, Talk

LANE = places(4)[0]
ONE, TWO, THREE, FOUR = LANE.agents
FRONT, BACK = LANE.queues


def begun() -> Talk:
    """Agent one talks with the caller."""
    talk = Talk(LANE.queues, FRONT, dict.fromkeys(LANE.agents, "ready"))
    talk.taken(ONE)
    talk.answer()
    return talk


def consulting(*steps: Callable[[Talk], None]) -> Talk:
    talk = begun()
    talk.consult(THREE)
    talk.consult_answered()
    for step in steps:
        step(talk)
    return talk


def parties(*groups: set[str]) -> frozenset[frozenset[str]]:
    return frozenset(frozenset(group) for group in groups)


def states(**others: str) -> dict[str, str]:
    return dict.fromkeys(LANE.agents, "ready") | {
        agent: others[name]
        for name, agent in zip(("one", "two", "three", "four"), LANE.agents, strict=True)
        if name in others
    }


PRIVATE = Seen(
    "held", ONE, states(one="talking", three="talking"), frozenset(),
    frozenset({CALLER, ONE, THREE}), parties({ONE, THREE}),
)  # fmt: skip


def test_a_look_that_is_as_foretold_is_not_wrong() -> None:
    assert consulting().wrong(PRIVATE) == []


@pytest.mark.parametrize(
    "change",
    [
        {"contact": "talking"},
        {"owner": THREE},
        {"agents": states(one="talking", three="wrap-up")},
        {"rings": frozenset({TWO})},
        {"there": frozenset({ONE, THREE})},
        {"together": parties({ONE, CALLER})},
        {"together": parties()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_every_difference_is_told_by_its_name(change: dict[str, object]) -> None:
    [told] = consulting().wrong(replace(PRIVATE, **change))  # type: ignore[arg-type]
    assert told.startswith(next(iter(change)))


def test_who_was_only_consulted_has_no_wrap_up() -> None:
    for steps in ([], [Talk.swap], [Talk.conference]):
        talk = consulting(*steps)
        talk.consult_ends()
        assert (talk.a, talk.phase, talk.agents[THREE]) == (ONE, "talk", "ready")


def test_who_hangs_up_in_a_consultation_hands_the_caller_over() -> None:
    for steps in ([], [Talk.swap], [Talk.swap, Talk.swap], [Talk.conference]):
        talk = consulting(*steps)
        talk.agent_hangs_up()
        assert (talk.a, talk.b, talk.phase, talk.agents[ONE]) == (THREE, "", "talk", "wrap-up")


def test_who_hangs_up_while_the_other_still_rings_leaves_the_caller_to_them() -> None:
    talk = begun()
    talk.consult(THREE)
    talk.agent_hangs_up()
    assert (talk.phase, talk.b, talk.agents[ONE]) == ("sent", THREE, "wrap-up")
    talk.sent_declined()
    assert (talk.phase, talk.agents[THREE], talk.candidates()) == ("waiting", "ready", [TWO])


def test_a_second_line_leaves_the_caller_where_the_telephone_has_them() -> None:
    talk = begun()
    talk.phone_hold()
    talk.line_consult(THREE)
    talk.line_answered()
    seen = replace(PRIVATE, together=parties({CALLER, ONE}))
    assert talk.wrong(seen) == []
    talk.line_ends()
    assert (talk.phase, talk.agents) == ("phone held", states(one="talking"))
    talk.line_consult(TWO)
    talk.agent_hangs_up()
    assert (talk.phase, talk.b) == ("sent", TWO)
    assert talk.agents == states(one="wrap-up", two="offered")


def test_a_caller_who_leaves_ends_everybodys_part() -> None:
    talk = consulting(Talk.conference)
    talk.caller_hangs_up()
    over = Seen("ended", "", states(one="wrap-up"), frozenset(), frozenset(), parties())
    assert talk.wrong(over) == []


@pytest.mark.parametrize(
    "step", [Talk.swap, Talk.conference, Talk.hand_over, Talk.resume, Talk.sent_answered]
)
def test_a_step_that_makes_no_sense_is_refused(step: Callable[[Talk], None]) -> None:
    with pytest.raises(ValueError, match="only in"):
        step(begun())


def test_nobody_is_rung_who_is_not_ready_or_serves_another_queue() -> None:
    talk = Talk(LANE.queues, BACK, states(three="wrap-up"), barred=set())
    for agent in (ONE, THREE):
        with pytest.raises(ValueError, match="must not be rung"):
            talk.taken(agent)


def test_channels_are_told_apart_by_contact_and_phone() -> None:
    chance = Random(1)

    def line(channel: str, unique: str, state: str, bridge: str = "") -> dict[str, str]:
        return {"Channel": f"PJSIP/{channel}-{chance.getrandbits(32):08x}", "Uniqueid": unique,
                "ChannelStateDesc": state, "BridgeId": bridge}  # fmt: skip

    told = [
        line("trunk", "1.1", "Up", "x"), line("trunk", "1.9", "Up", "y"), line(ONE, "a", "Up", "x"),
        line(THREE, "b", "Ringing"), line("agent-9999", "c", "Up", "x"),
    ]  # fmt: skip
    found = by_line(told, LANE.agents, "1.1")
    assert found["there"] == found["x"] == {CALLER, ONE}
    assert found["rings"] == {THREE} and "y" not in found
