"""Offers and withdrawals as AMI actions, and what comes back, against a scripted AMI."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acd import events
from acd.commands import Offer, Withdraw
from acd.events import OfferEnd
from acd.model import AgentId, ContactId, OfferId
from adapters.asterisk import switchboard as switchboard_module
from adapters.asterisk.agent_lines import AgentLines
from adapters.asterisk.ami import AmiAway, AmiRefused
from adapters.asterisk.switchboard import Switchboard
from ivr.out_of_line import WaitsIn
from ivr.ports import CallFacts, Origin, PhonesFailed

ONE, ANN, OFFER = ContactId("h-1.0"), AgentId("agent-1001"), OfferId("7.1.1")
CHANNEL = "PJSIP/trunk-00000001"
RING = Offer(OFFER, ONE, ANN, 15.0)
TAKE_BACK = Withdraw(OFFER, ONE, ANN, "rang out")
Action = Mapping[str, str | Sequence[str]]


@dataclass
class ScriptedAmi:
    """Answers each action by its name: by default yes, else with the error it is given."""

    errors: dict[str, list[Exception | None]] = field(default_factory=dict)
    sent: list[Action] = field(default_factory=list)
    """Everything but questions."""
    leg_states: list[str] = field(default_factory=list)
    """What each look at the leg finds; afterwards it rings. Empty: no such channel."""

    async def send(self, action: Action, deadline: float = 2.0) -> Mapping[str, str]:
        if action["Action"] != "Getvar":
            self.sent.append(action)
        script = self.errors.get(str(action["Action"]), [])
        error = script.pop(0) if script else None
        if error:
            raise error
        if action["Action"] != "Getvar":
            return {"Response": "Success"}
        state = self.leg_states.pop(0) if self.leg_states else "Ringing"
        if not state:
            raise AmiRefused("no such channel")
        return {"Response": "Success", "Value": state}

    @property
    def names(self) -> list[str]:
        return [str(action["Action"]) for action in self.sent]


@dataclass
class Listener:
    """Keeps what a distributor would be told."""

    stage: Stage

    def post(self, *entries: events.Event) -> None:
        self.stage.told.extend(entries)

    def meet(self, facts: CallFacts, *entries: events.Event) -> None:
        self.stage.met.append(facts)
        self.stage.told.extend(entries)


@dataclass
class Stage:
    ami: ScriptedAmi
    board: Switchboard
    told: list[events.Event]
    met: list[CallFacts] = field(default_factory=list)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A switchboard that knows one waiting caller."""
    monkeypatch.setattr(switchboard_module, "SURROGATE_RETRY", 0.0)
    monkeypatch.setattr(switchboard_module, "CHANNEL_WAIT", 0.0)
    ami = ScriptedAmi()
    board = Switchboard(ami, AgentLines(Path("/t")))  # type: ignore[arg-type]
    stage = Stage(ami, board, [])
    board.hear(
        {"Event": "UserEvent", "UserEvent": "AcdWaiting", "Contact": ONE, "Channel": CHANNEL}
    )
    board.tell(Listener(stage))
    return stage


@pytest.mark.parametrize(
    ("number", "presentation", "known"),
    [("+86138", "allowed_not_screened", "+86138"), ("+86138", "prohib_passed_screen", None),
     ("<unknown>", "allowed", None), ("+86138", "unavailable", None)],
)  # fmt: skip
async def test_a_caller_who_came_past_our_script_is_met_with_the_number_they_show(
    stage: Stage, number: str, presentation: str, known: str | None
) -> None:
    words = {"Contact": "h-1.9", "Channel": CHANNEL, "CallerIDNum": number, "Pres": presentation}
    stage.board.hear({"Event": "UserEvent", "UserEvent": "AcdWaiting", **words})
    assert [facts.caller_number for facts in stage.met] == [known]


async def test_where_a_waiting_caller_came_from_is_known_with_the_version_of_the_flow(
    stage: Stage,
) -> None:
    words = {"Contact": "h-1.9", "Channel": CHANNEL, "Dialled": "4000", "Step": "person"}
    heard = {"Event": "UserEvent", "UserEvent": "AcdWaiting", **words, "Flow": "main/3"}
    stage.board.hear(heard)
    assert stage.board.origin(ContactId("h-1.9")) == Origin("4000", "person", "main/3")


async def test_an_offer_is_on_the_callers_channel_before_the_agent_rings(stage: Stage) -> None:
    await stage.board.offer(RING)
    mark, ring = stage.ami.sent
    assert (mark["Channel"], mark["Variable"], mark["Value"]) == (CHANNEL, "SHARED(OFFER)", OFFER)
    assert (ring["Action"], ring["Channel"]) == ("Originate", "PJSIP/agent-1001")
    assert ring["ChannelId"] == f"acd-{OFFER}"
    assert f"CALLER={CHANNEL}" in ring["Variable"]
    assert stage.told == []


async def test_an_agent_who_cannot_be_rung_is_told_as_unreachable(stage: Stage) -> None:
    stage.ami.errors["Originate"] = [AmiRefused("no such phone")]
    await stage.board.offer(RING)
    assert stage.told == [events.OfferEnded(OFFER, OfferEnd.UNREACHABLE)]


async def test_an_offer_to_a_caller_nobody_has_seen_is_over_at_once(stage: Stage) -> None:
    await stage.board.offer(Offer(OFFER, ContactId("stranger"), ANN, 15.0))
    assert stage.told == [events.OfferEnded(OFFER, OfferEnd.RELEASED)] and not stage.ami.sent


async def test_an_offer_waits_a_moment_for_the_callers_channel_to_be_named(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switchboard_module, "CHANNEL_WAIT", 2.0)
    late = ContactId("late")
    offering = asyncio.create_task(stage.board.offer(Offer(OFFER, late, ANN, 15.0)))
    await asyncio.sleep(0)
    words = {"UserEvent": "AcdWaiting", "Contact": late, "Channel": "PJSIP/trunk-9"}
    stage.board.hear({"Event": "UserEvent", **words})
    await asyncio.wait_for(offering, 5)
    assert stage.ami.sent[0]["Channel"] == "PJSIP/trunk-9"


async def test_a_channel_with_another_name_for_a_moment_is_asked_twice(stage: Stage) -> None:
    stage.ami.errors["Setvar"] = [AmiRefused("no such channel"), None]
    await stage.board.offer(RING)
    assert stage.ami.names == ["Setvar", "Originate", "Setvar"]


async def test_a_leg_that_could_not_pass_the_gate_is_ended(stage: Stage) -> None:
    stage.ami.errors["Setvar"] = [AmiRefused("no such channel")] * 2
    await stage.board.offer(RING)
    assert stage.ami.sent[-1]["Channel"] == f"acd-{OFFER}" and stage.ami.names[-1] == "Hangup"


async def test_a_withdrawal_voids_the_offer_before_it_ends_the_leg(stage: Stage) -> None:
    await stage.board.offer(RING)
    await stage.board.withdraw(TAKE_BACK)
    void, end = stage.ami.sent[2:]
    assert (void["Variable"], void["Value"]) == ("SHARED(OFFER)", "")
    assert (end["Action"], end["Channel"]) == ("Hangup", f"acd-{OFFER}")
    assert stage.told == []  # the leg's own end will tell


async def test_who_is_not_asked_for_advice_any_more_takes_no_other_offer_along(
    stage: Stage,
) -> None:
    await stage.board.offer(RING)
    await stage.board.withdraw(TAKE_BACK._replace(consulted=True))
    assert stage.ami.names[2:] == ["Hangup"]


async def test_a_withdrawn_leg_that_is_not_there_any_more_is_over(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.board.hear(originated("Success", f"acd-{OFFER}"))
    stage.ami.leg_states = ["", ""]
    await stage.board.withdraw(TAKE_BACK)
    assert stage.told == [events.OfferEnded(OFFER, OfferEnd.RELEASED)]


async def test_a_leg_that_was_answered_is_not_hung_up_whatever_came_of_it(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.ami.leg_states = ["", "Up"]  # under another name at the first look
    await stage.board.withdraw(TAKE_BACK)
    assert "Hangup" not in stage.ami.names and stage.told == []


@pytest.mark.parametrize(
    ("marks", "phase", "ends"),
    [(["", ""], "ahead", True), (["", ""], "asked", True), (["", ""], "answered", False),
     (["", ""], "talk", False), ([OFFER, ""], "ahead", False), (["", OFFER], "asked", False)],
)  # fmt: skip
async def test_a_leg_before_its_gate_is_ended_once_its_offer_is_void(
    stage: Stage, marks: list[str], phase: str, ends: bool
) -> None:
    """It was picked up; only the proof that it can pass no gate any more lets it be hung up."""
    await stage.board.offer(RING)
    stage.ami.leg_states = ["Up", *(mark or "none" for mark in marks), phase]
    await stage.board.withdraw(TAKE_BACK)
    assert ("Hangup" in stage.ami.names) is ends and stage.told == []


async def test_a_leg_before_its_gate_is_ended_when_the_caller_has_gone(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.board.hear({"Event": "UserEvent", "UserEvent": "AcdGone", "Contact": ONE})
    stage.ami.leg_states = ["Up", "ahead"]
    await stage.board.withdraw(TAKE_BACK)
    assert stage.ami.names[-1] == "Hangup"


async def test_a_leg_that_nobody_knows_is_not_ended_before_its_gate(stage: Stage) -> None:
    """Whether its offer is void cannot be said of a caller who is not named."""
    stage.ami.leg_states = ["Up", "ahead"]
    await stage.board.end_leg(OFFER)
    assert "Hangup" not in stage.ami.names


async def test_a_leg_that_claimed_its_caller_is_not_taken_for_gone(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.board.hear(originated("Success", f"acd-{OFFER}"))
    claimed = {"UserEvent": "AcdClaimed", "Contact": ONE, "Offer": OFFER}
    stage.board.hear({"Event": "UserEvent", **claimed})
    stage.ami.leg_states = ["", ""]
    await stage.board.withdraw(TAKE_BACK)
    assert stage.told == [events.OfferAnswered(ONE, OFFER)]


async def test_a_leg_that_is_still_being_made_is_not_taken_for_gone(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.ami.leg_states = ["", ""]
    await stage.board.withdraw(TAKE_BACK)
    assert stage.told == []


async def test_without_a_link_a_withdrawal_waits_for_the_next_look(stage: Stage) -> None:
    stage.ami.errors = {"Setvar": [AmiAway("gone")], "Getvar": [AmiAway("gone")]}
    await stage.board.withdraw(TAKE_BACK)
    assert stage.told == []


def originated(response: str, unique: str) -> dict[str, str]:
    words = {"Response": response, "ActionID": f"acd-{OFFER}", "Uniqueid": unique}
    return {"Event": "OriginateResponse", **words}


async def test_a_phone_that_made_no_channel_at_all_is_unreachable(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.board.hear(originated("Failure", "<null>"))
    assert stage.told == [events.OfferEnded(OFFER, OfferEnd.UNREACHABLE)]


async def test_a_leg_with_a_channel_is_told_once_by_its_hang_up(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.board.hear(originated("Failure", f"acd-{OFFER}"))
    stage.board.hear({"Event": "Hangup", "Uniqueid": f"acd-{OFFER}", "Cause": "17"})
    assert stage.told == [events.OfferEnded(OFFER, OfferEnd.BUSY)]


@pytest.mark.parametrize(
    ("state", "reachable"),
    [("NOT_INUSE", True), ("UNAVAILABLE", False), ("INVALID", False), ("INUSE", False),
     ("ONHOLD", False), ("RINGING", True)],
)  # fmt: skip
async def test_a_phone_is_reachable_when_it_is_there_and_free(
    stage: Stage, state: str, reachable: bool
) -> None:
    stage.board.hear({"Event": "DeviceStateChange", "Device": f"PJSIP/{ANN}", "State": state})
    assert stage.told == [events.PhoneChanged(ANN, reachable)]


async def test_a_phone_in_use_by_our_own_offer_stays_reachable(stage: Stage) -> None:
    await stage.board.offer(RING)
    stage.board.hear({"Event": "DeviceStateChange", "Device": f"PJSIP/{ANN}", "State": "INUSE"})
    assert stage.told == [events.PhoneChanged(ANN, True)]


async def test_what_cannot_be_set_is_said_to_have_failed(stage: Stage) -> None:
    stage.ami.errors["Setvar"] = [AmiRefused("no such channel")]
    with pytest.raises(PhonesFailed):
        await stage.board.set_on(ONE, {"REQ": "w5~/p/a~0"})


async def test_what_is_read_once_is_emptied_on_the_channel(stage: Stage) -> None:
    stage.ami.leg_states = ["13800138000"]
    assert await stage.board.read_once(ONE, "SHARED(KEYED)") == "13800138000"
    [emptied] = stage.ami.sent
    assert (emptied["Variable"], emptied["Value"]) == ("SHARED(KEYED)", "")
    stage.ami.errors["Getvar"] = [AmiRefused("no such channel")]
    for who in (ONE, ContactId("nobody")):
        with pytest.raises(PhonesFailed):
            await stage.board.read_once(who, "SHARED(KEYED)")


async def test_who_is_led_out_or_moved_is_told_to_the_loop_and_a_lost_link_is_told(
    stage: Stage,
) -> None:
    await stage.board.lead_out(ONE, "message", "message")
    await stage.board.moved(ONE, "sales", None)
    asked = [(action["Variable"], action["Value"]) for action in stage.ami.sent]
    assert asked == [("LEAD", "message~message"), ("QUEUE", "sales"), ("LEAD", "sales~")]
    await stage.board.moved(ContactId("h-2.0"), "sales", None)
    assert len(stage.ami.sent) == 3
    stage.ami.errors = {"Setvar": [AmiAway("gone")]}
    with pytest.raises(PhonesFailed):
        await stage.board.lead_out(ONE, "chat", "elsewhere")


async def test_who_is_moved_to_a_queue_of_another_step_waits_in_that_step(stage: Stage) -> None:
    await stage.board.moved(ONE, "sales", WaitsIn("seller", "1#", "survey", goes_on=True))
    asked = {str(action["Variable"]): action["Value"] for action in stage.ami.sent}
    assert asked == {
        "QUEUE": "sales", "STEP": "seller", "WAIT_KEYS": "1#", "AFTER": "survey",
        "AFTER_FLOW": "1", "LEAD": "sales~",
    }  # fmt: skip
    assert list(asked)[-1] == "LEAD", "when the loop sees it everything else is there"
    origin = stage.board.origin(ONE)
    assert origin and origin.step == "seller"
