"""How an agent's leg is made: which telephone rings, and what comes before the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd.commands import Offer
from acd.model import AgentId, ContactId, OfferId, Rule
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.legs import Action, gate_of
from adapters.asterisk.resync import _caller
from ivr.agent_phones import LegPlan
from ivr.dialling import Route

OFFER = Offer(OfferId("7.1.1"), ContactId("h-1.0"), AgentId("ann"), 15.0)
TONES, WORDS = Path("/run/tones"), Path("/prompts/words.wav")
WAYS = tuple(Route(name, f"+8613800138000@trunk.{name}", "+861012345678") for name in ("a", "b"))


@dataclass
class Planned:
    """Plans every leg alike."""

    plan_: LegPlan
    asked: list[bool] = field(default_factory=list)

    async def plan(self, offer: Offer, of_a_caller: bool) -> LegPlan:
        self.asked.append(of_a_caller)
        return self.plan_


def variables(action: Action) -> Mapping[str, str]:
    given = action["Variable"]
    assert not isinstance(given, str)
    return dict(line.split("=", 1) for line in given)


async def leg(plan: LegPlan | None) -> Action:
    lines = AgentLines(TONES)
    lines.plans = Planned(plan) if plan else None
    return await lines.leg(OFFER, *gate_of(OFFER, "PJSIP/trunk-1"))


@pytest.mark.parametrize("plan", [None, LegPlan()])
async def test_a_leg_of_which_nothing_is_said_comes_to_its_gate_at_once(
    plan: LegPlan | None,
) -> None:
    made = await leg(plan)
    assert (made["Channel"], made["Context"]) == ("PJSIP/ann", "acd-agent")
    assert set(variables(made)) == {"CALLER", "CONTACT", "OFFER"}


@pytest.mark.parametrize("hears", [None, WORDS])
async def test_another_telephone_rings_where_the_agent_sits(hears: Path | None) -> None:
    made = await leg(LegPlan("desk-7", hears=hears))
    assert (made["Channel"], made["ChannelId"]) == ("PJSIP/desk-7", "acd-7.1.1")


async def test_an_announced_leg_hears_it_before_the_same_gate() -> None:
    made = await leg(LegPlan(hears=WORDS))
    assert (made["Channel"], made["Context"]) == ("PJSIP/ann", "acd-ahead")
    told = variables(made)
    assert (told["GATE"], told["AHEAD"]) == ("acd-agent", "/prompts/words")
    assert "PJSIP_HEADER" not in str(made)


async def test_a_phone_that_picks_up_by_itself_is_told_in_both_forms_and_beeps_first() -> None:
    made = await leg(LegPlan(hears=WORDS, answers_itself=True))
    told = variables(made)
    assert told["AHEAD"] == "/run/tones/picked-up&/prompts/words"
    assert told["PJSIP_HEADER(add,Call-Info)"].endswith(";answer-after=0")
    assert "info=alert-autoanswer" in told["PJSIP_HEADER(add,Alert-Info)"]


async def test_a_number_outside_is_dialled_by_its_ways_and_asked_for_the_key() -> None:
    made = await leg(LegPlan(routes=WAYS, accept_seconds=20.0))
    told = variables(made)
    assert (made["Channel"], made["Context"]) == ("Local/s@acd-agent-way/n", "acd-accept")
    assert made["ChannelId"] == "acd-7.1.1"
    assert (told["GATE"], told["AHEAD"], told["ACCEPT_SECONDS"]) == ("acd-agent", "", "20")
    assert (told["ROUTE_1"], told["ROUTE_2"], told["ROUTE_3"]) == (WAYS[0].dial, WAYS[1].dial, "")
    assert float(str(made["Timeout"])) >= 1000 * (15 + 2 * 2), "the dead trunks have their time"


async def test_its_far_half_is_neither_a_leg_nor_a_caller() -> None:
    made = await leg(LegPlan(routes=WAYS, accept_seconds=20.0))
    far = str(made["OtherChannelId"])
    assert not far.startswith("acd-")
    row = {"Uniqueid": far, "Channel": "Local/x;2", "Variable": "CONTACT=h-1.0", "Context": "x"}
    assert _caller(row) is None


async def test_a_consulted_agent_comes_to_the_gate_of_those_who_are_asked() -> None:
    consult = OFFER._replace(rule=Rule.CONSULT, asked_by=OfferId("7.1.0"))
    lines = AgentLines(TONES)
    lines.plans = Planned(LegPlan(routes=WAYS, accept_seconds=20.0))
    made = await lines.leg(consult, *gate_of(consult, "PJSIP/trunk-1"))
    assert variables(made)["GATE"] == "acd-aside" and variables(made)["OF"] == "7.1.0"
