"""A supervisor takes a talk over: who may, what is written down, and who owns the contact then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from acd import snapshot
from acd.config import Centre, Class
from acd.consults import listening_offer
from acd.events import Arrived, CallerLeft, LegEnded, PhoneChanged, Returned, TakenOver
from acd.model import AgentId, ContactId, OfferId
from acd.requests import AgentLoggedOff, AgentPaused, AgentReady, ConsultAsked
from acd.states import AgentState, ContactState
from ivr import take_over
from ivr.permission import Permission
from ivr.ports import CoreRefused, Note, PhonesFailed
from ivr.site_file import SiteFile
from ivr.take_over import TakeOverRequests
from ivr.talks import ListenerCall, TalkSeen
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit
from tests.routing_stage import ANN, BOB, ONE, SUPPORT, TWO, Stage, house, member

BOSS = AgentId("boss")
LEG = listening_offer(1, 1, "9-1")


def centre() -> Centre:
    return house(member(ANN), member(BOB), member(BOSS, queues={}), wrap_up_seconds=30.0)


def talk() -> tuple[Stage, OfferId]:
    """ANN talks with ONE since 11; BOB is ready, BOSS not logged in."""
    stage = Stage(centre(), ANN, BOB)
    stage.arrives(ONE, 10.0)
    return stage, stage.answers(ONE, 11.0)


def taken(stage: Stage, offer: OfferId, at: float = 20.0, by: AgentId = BOSS) -> None:
    """As the telephone side tells it: the agent's leg ends, the supervisor's has the caller."""
    stage.tell(LegEnded(ONE, offer), at)
    stage.tell(TakenOver(ONE, LEG, by), at + 0.3)


def state_of(stage: Stage, agent: AgentId) -> AgentState:
    return stage.engine.agents[agent].state


# ---------------------------------------------------------------- who owns the contact


def test_the_supervisor_has_the_contact_and_both_wrap_up_their_own_talk() -> None:
    stage, offer = talk()
    taken(stage, offer)
    contact = stage.engine.contacts[ONE]
    assert (contact.state, contact.offer, contact.talked_with) == (ContactState.TALKING, LEG, BOSS)
    assert state_of(stage, ANN) is AgentState.WRAP_UP
    stage.tell(CallerLeft(ONE), 40.0)
    stage.tell(LegEnded(ONE, LEG), 40.1)
    assert state_of(stage, BOSS) is AgentState.WRAP_UP
    stage.at(70.1)
    assert state_of(stage, BOSS) is AgentState.LOGGED_OFF, "as before"


def test_a_supervisor_on_a_break_goes_on_with_it_afterwards() -> None:
    stage, offer = talk()
    stage.comes(BOSS, 12.0)
    stage.tell(AgentPaused(BOSS, "office"), 13.0)
    taken(stage, offer)
    stage.tell(LegEnded(ONE, LEG), 40.0)
    stage.at(70.0)
    boss = stage.engine.agents[BOSS]
    assert (boss.state, boss.reason) == (AgentState.NOT_READY, "office")


def test_the_takeover_is_known_before_the_end_of_the_agents_leg_too() -> None:
    stage, offer = talk()
    stage.tell(TakenOver(ONE, LEG, BOSS), 20.0)
    stage.tell(LegEnded(ONE, offer), 20.1)
    assert stage.engine.contacts[ONE].offer == LEG
    assert state_of(stage, ANN) is AgentState.WRAP_UP


def test_what_is_told_of_it_again_later_brings_nobody_back() -> None:
    stage, offer = talk()
    taken(stage, offer)
    stage.tell(LegEnded(ONE, LEG), 30.0)
    stage.tell(TakenOver(ONE, LEG, BOSS), 30.5)
    assert stage.engine.contacts[ONE].state is ContactState.AFTER
    assert LEG not in stage.engine.offers
    stage.tell(Returned(ONE, LEG), 31.0)
    stage.tell(TakenOver(ONE, LEG, BOSS), 31.5)
    assert stage.engine.contacts[ONE].state is not ContactState.TALKING


def test_a_late_word_of_a_consulted_agent_is_no_takeover() -> None:
    stage, offer = talk()
    stage.tell(TakenOver(ONE, OfferId("1.1.7"), BOSS), 20.0)
    assert stage.engine.contacts[ONE].offer == offer


def test_of_a_caller_who_has_left_nobody_has_anything() -> None:
    stage, offer = talk()
    stage.tell(CallerLeft(ONE), 19.0)
    taken(stage, offer)
    assert state_of(stage, BOSS) is AgentState.LOGGED_OFF


def test_a_restart_in_the_middle_keeps_owner_and_memory() -> None:
    stage, offer = talk()
    taken(stage, offer)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(centre(), plain, 25.0)
    stage.tell(TakenOver(ONE, LEG, BOSS), 26.0)
    stage.tell(LegEnded(ONE, LEG), 30.0)
    stage.tell(TakenOver(ONE, LEG, BOSS), 31.0)
    assert stage.engine.contacts[ONE].state is ContactState.AFTER
    assert state_of(stage, BOSS) is AgentState.WRAP_UP


def test_a_restart_makes_no_agent_of_a_supervisor_who_is_off_duty() -> None:
    """BOB is the last of the queue, and so is kept back from nobody."""
    agents = (member(ANN), member(BOB), member(BOSS))
    classes = {"standard": Class(), "vip": Class(reserve=2)}
    rules = house(*agents, classes=classes, wrap_up_seconds=30.0)
    stage = Stage(rules, ANN)
    stage.arrives(ONE, 10.0)
    offer = stage.answers(ONE, 11.0)
    stage.comes(BOB, 12.0)
    taken(stage, offer)
    stage.tell(AgentLoggedOff(ANN), 21.0)
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    again = snapshot.load(rules, plain, 25.0)
    arrives = Arrived(TWO, SUPPORT, 26.0, waits=True)
    assert again.handle(arrives, 26.0) == stage.tell(arrives, 26.0) != []


def test_a_supervisor_who_stays_after_a_talk_they_took_over_is_offered_calls() -> None:
    stage = Stage(house(member(ANN), member(BOSS), wrap_up_seconds=30.0), ANN)
    stage.arrives(ONE, 10.0)
    taken(stage, stage.answers(ONE, 11.0))
    stage.tell(CallerLeft(ONE), 25.0)
    stage.tell(LegEnded(ONE, LEG), 25.1)
    stage.tell(PhoneChanged(BOSS, True), 26.0)
    stage.tell(AgentPaused(BOSS), 26.0)
    stage.tell(AgentReady(BOSS), 27.0)
    assert stage.arrives(TWO, 28.0) == [(TWO, BOSS)]


# ---------------------------------------------------------------- what is asked of the core


@dataclass
class Supervised:
    """A telephone side on which BOSS listens, and does at once what it is told."""

    stage: Stage
    agents_offer: OfferId
    leg: OfferId | None = LEG
    fails: bool = False
    notes: list[Note] = field(default_factory=list)

    @property
    def engine(self) -> Any:
        return self.stage.engine

    async def record(self, *entries: Note) -> None:
        self.notes += entries

    async def listener(self, contact: ContactId, phone: str) -> OfferId | None:
        return self.leg

    async def take_over(self, contact: ContactId, offer: OfferId, heir: OfferId) -> None:
        assert (contact, offer, heir) == (ONE, self.agents_offer, LEG)
        assert self.notes, "written down first"
        if self.fails:
            raise PhonesFailed("no link to asterisk")
        taken(self.stage, self.agents_offer)

    async def look(self, contact: ContactId) -> TalkSeen | None: ...

    async def pause(self, contact: ContactId) -> None: ...

    async def resume(self, contact: ContactId) -> None: ...

    async def stop(self, contact: ContactId) -> None: ...

    async def ring(self, listener: ListenerCall) -> None: ...


MAY: Mapping[str, Any] = {"boss": {"may": ["listen", "take_over"]}}
ASKED = {"of": ANN, "phone": BOSS, "who": "eve", "why": "help"}


class House:
    """The requests with all that they need."""

    def __init__(self, listeners: Mapping[str, Any] = MAY) -> None:
        self.stage, offer = talk()
        self.side, self.audit = Supervised(self.stage, offer), MemoryAudit()
        clock = StandingClock()
        rules = SiteFile.model_validate({"listeners": listeners}).listeners
        permission = Permission(rules, self.stage.engine, self.audit, clock)
        self._known = TakeOverRequests(
            self.side, self.side, self.audit, clock, permission
        ).known  # fmt: skip

    async def ask(self, **fields: Any) -> Mapping[str, Any]:
        return await self._known["take over"](ASKED | fields)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take_over, "CONFIRM_SECONDS", 0.04)


async def test_it_is_audited_and_journaled_first_and_answered_when_it_is_so() -> None:
    house_ = House()
    answer = await house_.ask()
    assert (answer["agent"], answer["contact"], answer["confirmed"]) == (BOSS, ONE, True)
    [entry] = house_.audit.entries
    assert (entry.who, entry.action, entry.subject, entry.reason) == (
        "eve",
        "take over",
        ONE,
        "help",
    )
    [note] = house_.side.notes
    assert (note.kind, note.contact) == ("TakeOverAsked", ONE)
    assert note.data == {"agent": ANN, "by": BOSS, "who": "eve", "why": "help"}


@pytest.mark.parametrize(
    ("listeners", "why"),
    [
        ({}, "`listeners` of site.yaml names who"),
        ({"boss": {}}, "may not take over"),
        ({"boss": {"may": ["take_over"], "agents": ["bob"]}}, "listeners.boss.agents"),
        ({"boss": {"may": ["take_over"], "teams": ["outside"]}}, "listeners.boss.teams"),
        ({"boss": {"may": ["take_over"], "queues": ["sales"]}}, "listeners.boss.queues"),
        ({"bob": {"may": ["take_over"]}}, "may not"),
    ],
)
async def test_who_may_not_is_refused_and_that_stands_in_the_audit(
    listeners: Mapping[str, Any], why: str
) -> None:
    house_ = House(listeners)
    with pytest.raises(CoreRefused, match=why):
        await house_.ask()
    [entry] = house_.audit.entries
    assert (entry.action, entry.subject, entry.details["agent"]) == ("take over refused", ONE, ANN)
    assert house_.side.notes == [] and state_of(house_.stage, ANN) is AgentState.TALKING


async def test_who_is_named_and_whose_talk_fits_may() -> None:
    fits = {"may": ["take_over"], "agents": [ANN, BOB], "teams": ["house"], "queues": [SUPPORT]}
    assert (await House({"boss": fits}).ask())["confirmed"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"why": " "}, "name why"),
        ({"who": ""}, "name who"),
        ({"of": BOB}, "bob has no talk"),
        ({"of": "nobody"}, "no agent"),
    ],
)
async def test_what_is_said_wrongly_is_refused(fields: Mapping[str, str], why: str) -> None:
    house_ = House()
    with pytest.raises(CoreRefused, match=why):
        await house_.ask(**fields)
    assert house_.side.notes == []


async def test_a_supervisor_who_is_no_agent_can_have_no_talk() -> None:
    house_ = House({"lee": {"may": ["take_over"]}})
    with pytest.raises(CoreRefused, match="lee is no agent"):
        await house_.ask(phone="lee")


async def test_a_talk_in_which_somebody_is_consulted_is_not_taken_over() -> None:
    house_ = House()
    house_.stage.tell(ConsultAsked(ONE, BOB), 12.0)
    with pytest.raises(CoreRefused, match="bob is being consulted"):
        await house_.ask()


async def test_a_supervisor_who_talks_takes_nothing_over() -> None:
    house_ = House({"bob": {"may": ["take_over"]}})
    house_.stage.arrives(TWO, 12.0)
    house_.stage.answers(TWO, 13.0)
    with pytest.raises(CoreRefused, match="bob is talking"):
        await house_.ask(phone=BOB)


@pytest.mark.parametrize(
    ("leg", "why"), [(None, "listen first"), (listening_offer(0, 1, "9-1"), "listen anew")]
)
async def test_who_does_not_listen_or_began_before_a_restart_changes_nothing(
    leg: OfferId | None, why: str
) -> None:
    house_ = House()
    house_.side.leg = leg
    with pytest.raises(CoreRefused, match=why):
        await house_.ask()
    assert house_.side.notes == [] and state_of(house_.stage, ANN) is AgentState.TALKING


async def test_what_asterisk_refuses_is_not_called_done() -> None:
    house_ = House()
    house_.side.fails = True
    with pytest.raises(CoreRefused, match="nothing was changed"):
        await house_.ask()
    assert state_of(house_.stage, ANN) is AgentState.TALKING


async def test_without_an_audit_nothing_is_taken_over() -> None:
    house_ = House()
    house_.audit.failing = "disk full"
    with pytest.raises(CoreRefused, match="disk full"):
        await house_.ask()
    assert house_.side.notes == [] and state_of(house_.stage, ANN) is AgentState.TALKING


def test_logging_off_during_the_talk_is_not_forgotten() -> None:
    stage, offer = talk()
    stage.comes(BOSS, 12.0)
    taken(stage, offer)
    stage.tell(AgentLoggedOff(BOSS), 25.0)
    stage.tell(LegEnded(ONE, LEG), 30.0)
    stage.at(60.0)
    assert state_of(stage, BOSS) is AgentState.LOGGED_OFF
