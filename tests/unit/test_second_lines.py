"""Telephones that ask for a colleague in a talk: what the engine is asked, what they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from acd import events
from acd.commands import Offer
from acd.model import CALLED_OUT, AgentId, ContactId, OfferId, Rule
from adapters.asterisk import legs
from adapters.asterisk.ami import AmiRefused
from adapters.asterisk.phone_holds import PhoneHolds
from adapters.asterisk.phone_states import PhoneStates
from adapters.asterisk.second_lines import SecondLines
from ivr.dialling import NotDialled, Refusal, Route, Routing
from ivr.ports import Note
from ivr.transfers import Destination
from tests.routing_stage import ANN, BOB, ONE, SALES, SUPPORT, Stage, house, member

CID = AgentId("cid")
LINE, CALLER = f"PJSIP/{ANN}-00000007", "PJSIP/trunk-00000001"


@dataclass
class Ami:
    """Knows the variables of channels: `(channel, name)`."""

    gone: bool = False
    sent: list[Mapping[str, str | Sequence[str]]] = field(default_factory=list)
    values: dict[tuple[object, object], str] = field(default_factory=dict)

    async def send(self, action: Mapping[str, str | Sequence[str]]) -> Mapping[str, str]:
        if action["Action"] == "Getvar":
            if (action["Channel"], action["Variable"]) not in self.values:
                raise AmiRefused("no such channel")
            return {"Value": self.values[action["Channel"], action["Variable"]]}
        if self.gone:
            raise AmiRefused("no such channel")
        self.sent.append(action)
        return {}


@dataclass
class Board:
    second: dict[ContactId, str] = field(default_factory=dict)
    channels: dict[ContactId, str] = field(default_factory=lambda: {ONE: CALLER})
    phones: PhoneStates = field(default_factory=PhoneStates)
    variables: list[tuple[ContactId, Mapping[str, str]]] = field(default_factory=list)

    async def set_on(self, contact: ContactId, variables: Mapping[str, str]) -> None:
        self.variables.append((contact, variables))


@dataclass
class Distributor:
    stage: Stage
    offers: list[Offer] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    posted: list[events.Event] = field(default_factory=list)

    @property
    def engine(self) -> object:
        return self.stage.engine

    def post(self, event: events.Event) -> None:
        self.posted.append(event)

    async def record(self, event: events.Event | Note) -> None:
        if isinstance(event, Note):
            self.notes.append(event)
            return
        self.offers += [c for c in self.stage.tell(event, 20.0) if isinstance(c, Offer)]


@dataclass
class Rules(Routing):
    """Whom is asked for, and for whom; `refuses`: with this, if anything."""

    refuses: Refusal | None = None
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def __call__(self, number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
        self.asked.append((number, queue, agent))
        if self.refuses:
            raise NotDialled(self.refuses)
        return (Route("north", f"{number}@trunk.north", "+861012345678"),)


@dataclass
class Desk:
    stage: Stage
    ami: Ami
    board: Board
    distributor: Distributor
    holds: PhoneHolds
    lines: SecondLines
    rules: Rules

    async def asks(self, to: str, phone: str = ANN, line: str = LINE, kind: str = "agent") -> None:
        """This telephone calls somebody; until that is settled."""
        told = {"UserEvent": "AcdSecond", "Line": line, "Phone": phone, "To": to, "Kind": kind}
        self.lines.hear(told)
        while self.lines._tasks:
            await asyncio.gather(*self.lines._tasks)

    @property
    def talk(self) -> OfferId:
        talk = self.stage.engine.contacts[ONE].offer
        assert talk
        return talk

    @property
    def told(self) -> list[tuple[object, object]]:
        return [(action["Channel"], action["Value"]) for action in self.ami.sent]


@pytest.fixture
def desk() -> Desk:
    """ANN talks with ONE; BOB and CID are ready."""
    stage = Stage(house(member(ANN), member(BOB), member(CID)), ANN, BOB, CID)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    ami, board, distributor = Ami(), Board(), Distributor(stage)
    holds = PhoneHolds(ami, stage.engine, lambda event: None)  # type: ignore[arg-type]
    places = {"branch": Destination(number="+8613800138001")}
    lines = SecondLines(ami, board, distributor, holds, places)  # type: ignore[arg-type]
    lines.routing = rules = Rules()
    return Desk(stage, ami, board, distributor, holds, lines, rules)


async def test_a_second_line_is_a_consultation_like_any(desk: Desk) -> None:
    await desk.asks(BOB)
    [offer] = desk.distributor.offers
    assert (offer.agent, offer.rule, offer.leaves) == (BOB, Rule.CONSULT, False)
    assert desk.board.second == {ONE: LINE} and desk.told == []
    room = legs.room_for(offer, CALLER, desk.board.second[ONE])
    assert (room["Action"], room["Channel"]) == ("Setvar", LINE)
    assert room["Value"] == f"{offer.asked_by}~{CALLER}", "the leg of the talk stays where it is"


@pytest.mark.parametrize(("agent", "phone"), [(BOB, "nobody"), (BOB, CID), (ANN, ANN),
                                              ("nobody", ANN)])  # fmt: skip
async def test_who_has_no_talk_or_asks_for_nobody_who_is_free_hears_that_it_is_busy(
    desk: Desk, agent: str, phone: str
) -> None:
    await desk.asks(agent, phone)
    assert desk.told == [(LINE, "no")]
    assert desk.board.second == {} and desk.distributor.offers == []


async def test_a_second_question_does_not_take_the_first_ones_place(desk: Desk) -> None:
    await desk.asks(BOB)
    await desk.asks(CID, line="another")
    assert desk.told == [("another", "no")]
    assert [offer.agent for offer in desk.distributor.offers] == [BOB]


async def test_a_destination_is_nobodys_but_the_dialplans(desk: Desk) -> None:
    await desk.asks("reception", kind="destination")
    assert desk.told == [(LINE, f"{desk.talk}~{CALLER}")]
    assert desk.distributor.offers == [] and desk.board.second == {}


async def test_of_a_destination_and_an_agent_there_is_one_at_a_time(desk: Desk) -> None:
    await desk.asks(BOB)
    await desk.asks("reception", kind="destination")
    assert desk.told == [(LINE, "no")], "BOB rings"
    far = "Local/dest@acd-second-far-00000001;2"
    desk.ami.values = {(CALLER, "SHARED(FAR)"): far, (far, "CHANNEL(state)"): "Up"}
    await desk.asks(CID, line="another")
    assert desk.told[1:] == [("another", "no")]
    desk.ami.values = {(CALLER, "SHARED(FAR)"): far}
    assert not await desk.lines._has_one(desk.stage.engine.offers[desk.talk]), "it is gone"


@pytest.mark.parametrize(("to", "kind", "number", "name"), [
    ("13800138000", "number", "13800138000", "outside number"),
    ("branch", "outside", "+8613800138001", "branch"),
])  # fmt: skip
async def test_a_number_outside_is_asked_of_the_rules_and_counted_before_the_line_is_told(
    desk: Desk, to: str, kind: str, number: str, name: str
) -> None:
    queue = desk.stage.engine.contacts[ONE].queue
    await desk.asks(to, kind=kind)
    assert desk.rules.asked == [(number, queue, ANN)], "whose caps and caller ID"
    [note] = desk.distributor.notes
    assert (note.contact, note.kind) == (ONE, "DestinationDialled")
    told = {"to": name, "trunk": "north", "agent": ANN, "effect": note.data["effect"]}
    assert note.data == told, "and no number is told"
    ways = {action["Variable"]: action["Value"] for action in desk.ami.sent[:-1]}
    assert ways["__ROUTE_1"] == f"{number}@trunk.north" and ways["__ROUTE_2"] == ""
    assert desk.told[-1] == (LINE, f"{desk.talk}~{CALLER}"), "told last: then it dials"
    await desk.asks(to, kind=kind)
    assert desk.distributor.notes[1].data["effect"] != told["effect"], "each counts by itself"


async def test_a_number_that_may_not_be_dialled_ends_otherwise_than_one_that_is_busy(
    desk: Desk,
) -> None:
    desk.rules.refuses = Refusal.NOT_ALLOWED
    await desk.asks("13800138000", kind="number")
    assert desk.told == [(LINE, "refused")] and desk.distributor.notes == []


async def test_without_a_talk_no_number_outside_is_even_looked_at(desk: Desk) -> None:
    await desk.asks("13800138000", CID, kind="number")
    await desk.asks(BOB)
    await desk.asks("13800138000", kind="number", line="another")
    assert desk.told == [(LINE, "no"), ("another", "no")], "BOB rings"
    desk.lines.routing = None
    await desk.asks("13800138000", kind="number", line="a third")
    assert desk.told[-1] == ("a third", "no")
    assert desk.rules.asked == [] and desk.distributor.notes == []


async def test_whoever_is_next_in_a_queue_is_waited_for_and_the_line_is_told_so(
    desk: Desk,
) -> None:
    await desk.asks(SALES, kind="queue")
    wait = desk.stage.engine.contacts[ONE].stand_in
    assert wait and desk.stage.engine.contacts[wait].queue == SALES
    assert desk.told == [(LINE, f"{desk.talk}~{CALLER}~{wait}")]
    assert desk.board.variables == [(ONE, {"SENT_QUEUE": SALES})], "should they be handed on now"
    for to, kind in ((BOB, "agent"), (SUPPORT, "queue"), ("reception", "destination")):
        await desk.asks(to, kind=kind, line="another")
        assert desk.told[-1] == ("another", "no"), "one at a time"
    desk.lines.hear({"Event": "Hangup", "Channel": "another"})
    assert desk.distributor.posted == []
    desk.lines.hear({"Event": "Hangup", "Channel": LINE})
    assert desk.distributor.posted == [events.ConsultDropped(ONE, OfferId(wait))]


async def test_a_queue_that_there_is_not_and_a_line_that_is_gone_leave_nobody_waiting(
    desk: Desk,
) -> None:
    await desk.asks("nowhere", kind="queue")
    assert desk.told == [(LINE, "no")]
    desk.ami.gone = True
    await desk.asks(SALES, kind="queue")
    wait = desk.stage.engine.contacts[ONE].stand_in
    assert desk.distributor.posted == [events.ConsultDropped(ONE, OfferId(wait or ""))]


async def test_a_caller_whose_line_is_not_known_is_nobody_to_ask_about(desk: Desk) -> None:
    desk.board.channels.clear()
    await desk.asks("reception", kind="destination")
    assert desk.told == [(LINE, "no")]


async def test_in_a_hold_by_command_no_telephone_asks(desk: Desk) -> None:
    desk.holds.hear({"Event": "UserEvent", "UserEvent": "AcdHeld", "Offer": desk.talk})
    await desk.asks(BOB)
    assert desk.told == [(LINE, "no")]
    desk.holds.hear({"Event": "UserEvent", "UserEvent": "AcdResumed", "Offer": desk.talk})
    await desk.asks(BOB)
    assert [offer.agent for offer in desk.distributor.offers] == [BOB]


async def test_whoever_is_only_dialled_yet_is_nobody_to_ask_about(desk: Desk) -> None:
    desk.stage.engine.contacts[ONE].channel = CALLED_OUT
    await desk.asks(BOB)
    assert desk.told == [(LINE, "no")]


async def test_a_line_that_has_hung_up_meanwhile_is_no_fault(desk: Desk) -> None:
    desk.ami.gone = True
    await desk.asks("nobody")
    assert desk.ami.sent == [] and desk.board.second == {}


def test_without_a_second_line_the_agents_leg_makes_room_itself() -> None:
    offer = Offer(OfferId("7.1.2"), ONE, BOB, 15.0, Rule.CONSULT, OfferId("7.1.1"))
    assert legs.room_for(offer, CALLER, "")["Exten"] == "consult"
    assert legs.room_for(offer._replace(leaves=True), CALLER, "")["Exten"] == "leave"
