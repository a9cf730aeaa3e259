"""What agents ask of a talk: what is checked, what Asterisk is told, what its news mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from acd import events
from acd.commands import Offer
from acd.events import Event
from acd.model import AgentId, ContactId, OfferId, QueueId, Rule
from acd.requests import ConsultAsked
from acd.states import ContactState
from adapters.asterisk import legs
from adapters.asterisk.ami import AmiRefused
from adapters.asterisk.facts import CelRow, from_ami, from_cel
from adapters.asterisk.phone_holds import PhoneHolds
from ivr import talk as talk_module
from ivr.dialling import NotDialled, Refusal, Route
from ivr.ports import CoreRefused, Note, PhonesFailed
from ivr.talk import Place, TalkRequests
from ivr.transfers import Destination
from tests.fakes_rules import RulesBy
from tests.routing_stage import ANN, BOB, ONE, Stage, house, member

CID = AgentId("cid")
MOBILE = "+8613800138000"


@dataclass
class FakeDesk:
    """A telephone side that does at once what it is told, through the engine's own facts."""

    stage: Stage
    failed: str = ""
    phone_holds: bool = False
    silent: bool = False
    moved: list[tuple[str, str]] = field(default_factory=list)
    sent: list[tuple[str, str]] = field(default_factory=list)

    def held_by_phone(self, offer: OfferId) -> bool:
        return self.phone_holds

    async def move(self, offer: OfferId, to: Place) -> None:
        if self.failed:
            raise PhonesFailed(self.failed)
        self.moved.append((offer, to))
        if not self.silent:
            self._follows(offer, to)

    def _follows(self, offer: OfferId, to: Place) -> None:
        tell = self.stage.tell
        if to in (Place.HOLD, Place.CONSULT):
            tell(events.Held(ONE, offer), 50.0)
        elif to is Place.LEAVE:
            tell(events.LegEnded(ONE, offer), 50.0)
        else:
            tell(events.Resumed(ONE, offer, alone=to is Place.TALK), 50.0)

    async def send_to_queue(self, contact: ContactId, offer: OfferId, queue: str) -> None:
        self.sent.append(("queue", queue))
        self.stage.tell(events.LegEnded(contact, offer), 50.0)

    async def send_outside(
        self, contact: ContactId, offer: OfferId, name: str, seconds: float, ways: Sequence[Route]
    ) -> None:
        if self.failed:
            raise PhonesFailed(self.failed)
        self.sent.append((name, " ".join(way.dial for way in ways)))
        self.stage.tell(events.LegEnded(contact, offer), 50.0)

    async def send_to_destination(
        self, contact: ContactId, offer: OfferId, name: str, to: Destination
    ) -> None:
        self.sent.append((name, to.phone))
        self.stage.tell(events.LegEnded(contact, offer), 50.0)


@dataclass
class FakeDistributor:
    """Records by handing over to the engine, whose offers to consult are followed at once."""

    stage: Stage
    desk: FakeDesk | None = None
    notes: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def engine(self) -> Any:
        return self.stage.engine

    async def record(self, event: Event | Note) -> None:
        if isinstance(event, Note):
            self.notes.append((event.kind, event.data))
            return
        for command in self.stage.tell(event, 40.0):
            if isinstance(command, Offer) and command.asked_by and self.desk:
                place = Place.LEAVE if command.leaves else Place.CONSULT
                await self.desk.move(command.asked_by, place)


@dataclass
class Talks:
    stage: Stage
    desk: FakeDesk
    requests: TalkRequests
    offer: OfferId
    notes: list[tuple[str, Mapping[str, Any]]]

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        return await self.requests.known[f"talk {what}"]({"agent": ANN, **fields})


@pytest.fixture
def talks(monkeypatch: pytest.MonkeyPatch) -> Talks:
    """ANN talks with ONE; BOB is ready, CID is not here."""
    monkeypatch.setattr(talk_module, "CONFIRM_SECONDS", 0.04)
    stage = Stage(house(member(ANN), member(BOB), member(CID), wrap_up_seconds=30.0), ANN, BOB)
    stage.arrives(ONE, 10.0)
    offer = stage.answers(ONE, 11.0)
    desk = FakeDesk(stage)
    distributor = FakeDistributor(stage, desk)
    destinations = {"reception": Destination(phone="2001"), "mobile": Destination(number=MOBILE)}
    requests = TalkRequests(distributor, desk, destinations, RulesBy(rules))  # type: ignore[arg-type]
    return Talks(stage, desk, requests, offer, distributor.notes)


async def rules(number: str, *, queue: str, agent: str = "") -> tuple[Route, ...]:
    """`ivr.dialling.Routing` of a house that dials its own country, and nobody by anybody else."""
    assert (queue, agent) == ("support", ANN)
    if not number.startswith("+86"):
        raise NotDialled(Refusal.NOT_ALLOWED)
    return (Route("north", f"{number}@trunk.north", "+861012345678"),)


async def test_a_talk_is_held_and_goes_on(talks: Talks) -> None:
    held = await talks.ask("hold")
    assert (held["state"], held["confirmed"]) == (ContactState.HELD, True)
    assert (await talks.ask("resume"))["state"] is ContactState.TALKING
    assert talks.desk.moved == [(talks.offer, "hold"), (talks.offer, "talk")]


async def test_what_asterisk_has_not_told_is_not_confirmed(talks: Talks) -> None:
    talks.desk.silent = True
    assert (await talks.ask("hold"))["confirmed"] is False


@pytest.mark.parametrize(
    ("deeds", "why"),
    [
        (["hold", "hold"], "on hold already"),
        (["resume"], "not on hold"),
        (["swap"], "nobody is being consulted"),
        (["conference"], "nobody is being consulted"),
        (["complete"], "nobody is being consulted"),
        (["cancel"], "nobody is being consulted"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_the_way_out(
    talks: Talks, deeds: list[str], why: str
) -> None:
    for deed in deeds[:-1]:
        await talks.ask(deed)
    before = list(talks.desk.moved)
    with pytest.raises(CoreRefused, match=why):
        await talks.ask(deeds[-1])
    assert talks.desk.moved == before


@pytest.mark.parametrize("agent", ["nobody", "bob", None, 5])
async def test_who_has_no_talk_can_do_nothing_with_it(talks: Talks, agent: object) -> None:
    with pytest.raises(CoreRefused):
        await talks.ask("hold", agent=agent)
    assert talks.desk.moved == []


async def test_a_hold_by_the_telephone_is_ended_there(talks: Talks) -> None:
    await talks.ask("hold")
    talks.desk.phone_holds = True
    with pytest.raises(CoreRefused, match="resume there"):
        await talks.ask("resume")


async def test_a_line_that_is_gone_is_named_and_nothing_was_changed(talks: Talks) -> None:
    talks.desk.failed = "no such channel"
    with pytest.raises(CoreRefused, match="nothing was changed: no such channel"):
        await talks.ask("hold")


@pytest.mark.parametrize(
    ("to", "sent"),
    [({"to_queue": "sales"}, ("queue", "sales")),
     ({"to_destination": "reception"}, ("reception", "2001"))],
)  # fmt: skip
async def test_a_caller_is_sent_where_the_house_has_a_name_for(
    talks: Talks, to: dict[str, str], sent: tuple[str, str]
) -> None:
    assert (await talks.ask("transfer", **to))["confirmed"]
    assert talks.desk.sent == [sent]


@pytest.mark.parametrize(
    ("to", "name"),
    [({"to_number": MOBILE}, "outside number"), ({"to_destination": "mobile"}, "mobile")],
)
async def test_a_caller_is_handed_on_to_a_number_as_the_rules_let_them_out(
    talks: Talks, to: dict[str, str], name: str
) -> None:
    assert (await talks.ask("transfer", **to))["confirmed"]
    assert talks.desk.sent == [(name, f"{MOBILE}@trunk.north")]
    data = {"to": name, "trunk": "north", "agent": ANN, "effect": f"talk-{talks.offer}"}
    assert talks.notes == [("DestinationDialled", data)], "it counts, and no number is told"


async def test_a_line_that_is_gone_is_told_and_the_talk_goes_on(talks: Talks) -> None:
    talks.desk.failed = "the caller's line is not known"
    with pytest.raises(CoreRefused, match="nothing was changed: the caller's line"):
        await talks.ask("transfer", to_number=MOBILE)
    assert talks.offer in talks.stage.engine.offers


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ({}, "say where to"),
        ({"to_queue": "sales", "to_agent": "bob"}, "say where to"),
        ({"to_queue": "s)&System(x"}, "there is no queue"),
        ({"to_destination": "nowhere"}, "there is reception"),
        ({"to_number": "+442079460018"}, "not dialled: numbers that begin so are not dialled"),
    ],
)
async def test_a_caller_is_sent_nowhere_else(talks: Talks, to: dict[str, str], why: str) -> None:
    with pytest.raises(CoreRefused, match=why):
        await talks.ask("transfer", **to)
    assert talks.desk.sent == talks.desk.moved == []


async def test_a_consultation_goes_its_way(talks: Talks) -> None:
    asked = await talks.ask("consult", to_agent="bob")
    assert (asked["consulted"], asked["state"]) == ("bob", ContactState.HELD)
    with pytest.raises(CoreRefused, match="not answered yet"):
        await talks.ask("swap")
    with pytest.raises(CoreRefused, match="`cancel` or `complete`"):
        await talks.ask("hold")
    [offer] = [o.id for o in talks.stage.engine.offers.values() if o.rule is Rule.CONSULT]
    talks.stage.tell(events.OfferAnswered(ONE, offer), 45.0)
    with pytest.raises(CoreRefused, match="only consulted"):
        await talks.ask("hold", agent="bob")
    for deed in ("swap", "swap", "conference", "complete"):
        assert (await talks.ask(deed))["confirmed"], deed
    assert [place for _, place in talks.desk.moved] == [
        "consult", "swap", "consult", "conf", "leave"
    ]  # fmt: skip


# ---------------------------------------------------------------- commands and news of Asterisk


def test_a_consulted_leg_has_a_gate_of_its_own() -> None:
    offer = Offer(OfferId("7.1.2"), ONE, BOB, 15.0, Rule.CONSULT, OfferId("7.1.1"))
    made = legs.leg_of(offer, *legs.gate_of(offer, "PJSIP/trunk-1"))
    assert (made["Context"], made["ChannelId"]) == ("acd-aside", "acd-7.1.2")
    assert {"OF=7.1.1", "AGENT=bob"} <= set(made["Variable"])
    assert legs.mark_of(offer) == "SHARED(HEIR)"
    assert legs.to_desk("7.1.1", "consult")["Channel"] == "acd-7.1.1"


NEWS: list[tuple[dict[str, str], str, str, Event]] = [
    ({"UserEvent": "AcdHeld", "State": "hold", "Number": "3"}, "ACD_HELD", "one|7.1.1|hold|3",
     events.Held(ONE, OfferId("7.1.1"), 3)),
    ({"UserEvent": "AcdResumed", "State": "talk", "Number": "4"}, "ACD_RESUMED",
     "one|7.1.1|talk|4", events.Resumed(ONE, OfferId("7.1.1"), 4, alone=True)),
    ({"UserEvent": "AcdResumed", "State": "conf", "Number": "5"}, "ACD_RESUMED",
     "one|7.1.1|conf|5", events.Resumed(ONE, OfferId("7.1.1"), 5)),
    ({"UserEvent": "AcdConsulted", "Of": "7.1.0"}, "ACD_CONSULTED", "one|7.1.1|7.1.0",
     events.OfferAnswered(ONE, OfferId("7.1.1"))),
    ({"UserEvent": "AcdTaken", "Of": "7.1.0", "Agent": "bob"}, "ACD_TAKEN",
     "one|7.1.1|7.1.0|bob", events.TakenOver(ONE, OfferId("7.1.1"), BOB)),
    ({"UserEvent": "AcdSent", "Queue": "sales"}, "ACD_SENT", "one|7.1.1|sales",
     events.Transferred(ONE, QueueId("sales"), offer=OfferId("7.1.1"))),
    ({"UserEvent": "AcdSecondEnd"}, "ACD_SECOND_END", "one|7.1.1",
     events.ConsultDropped(ONE, OfferId("7.1.1"))),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "kind", "extra", "event"), NEWS)
def test_event_and_record_tell_the_same(
    headers: dict[str, str], kind: str, extra: str, event: Event
) -> None:
    told = {"Event": "UserEvent", "Contact": "one", "Offer": "7.1.1", **headers}
    assert from_ami(told) == [event]
    assert from_cel(CelRow(1, kind, "acd-7.1.1", extra)) == [event]


def test_a_telephone_that_sends_a_caller_to_an_agent_only_asks_for_them() -> None:
    told = {"Event": "UserEvent", "UserEvent": "AcdAsked", "Contact": "one", "Agent": "bob"}
    assert from_ami(told) == [ConsultAsked(ONE, BOB, leaves=True)]


def test_who_was_only_consulted_ends_a_talk_of_their_own() -> None:
    told = {"Event": "UserEvent", "UserEvent": "AcdLegEnd", "Contact": "one", "Offer": "7.1.2",
            "Phase": "consult"}  # fmt: skip
    assert from_ami(told) == [events.LegEnded(ONE, OfferId("7.1.2"))]


@pytest.mark.parametrize(("end", "nobody"), [("7.1.1~16~left~", True), ("7.1.1~38~talk~", False),
                                             ("", False)])  # fmt: skip
def test_a_caller_whom_nobody_took_is_told_from_one_whose_line_was_lost(
    end: str, nobody: bool
) -> None:
    told = {"Event": "UserEvent", "UserEvent": "AcdBack", "Contact": "one", "End": end}
    [event] = from_ami(told)
    assert isinstance(event, events.Returned) and event.nobody is nobody


# ---------------------------------------------------------------- holds by the telephone itself


@dataclass
class AskedAmi:
    values: dict[str, str]

    async def send(self, action: Mapping[str, str]) -> Mapping[str, str]:
        if action["Variable"] not in self.values:
            raise AmiRefused("no such channel")
        return {"Value": self.values[action["Variable"]]}


def holds_of(talks: Talks, **values: str) -> tuple[PhoneHolds, list[Event]]:
    told: list[Event] = []

    def post(event: Event) -> None:
        told.append(event)
        talks.stage.tell(event, 60.0)

    named = {"CHANNEL(rtp,hold)": values.get("hold", "0"), "SHARED(DESK)": values.get("desk", "")}
    ami = AskedAmi(named if values.get("there", "yes") == "yes" else {})
    return PhoneHolds(ami, talks.stage.engine, post), told  # type: ignore[arg-type]


def test_a_telephone_that_resumes_ends_no_hold_by_command(talks: Talks) -> None:
    holds, told = holds_of(talks)
    leg = {"Uniqueid": f"acd-{talks.offer}"}
    holds.hear({"Event": "Hold", **leg})
    assert holds.holds(talks.offer) and told == [events.Held(ONE, talks.offer)]
    holds.hear({"Event": "UserEvent", "UserEvent": "AcdHeld", "Offer": talks.offer})
    holds.hear({"Event": "Unhold", **leg})
    assert talks.stage.engine.contacts[ONE].state is ContactState.HELD
    holds.hear({"Event": "Hold", **leg})
    talks.stage.tell(events.Resumed(ONE, talks.offer), 61.0)
    holds.hear({"Event": "UserEvent", "UserEvent": "AcdResumed", "Offer": talks.offer})
    assert talks.stage.engine.contacts[ONE].state is ContactState.HELD
    holds.hear({"Event": "Unhold", **leg})
    assert talks.stage.engine.contacts[ONE].state is ContactState.TALKING


def test_the_hold_of_a_leg_that_nobody_knows_is_nobodys(talks: Talks) -> None:
    holds, told = holds_of(talks)
    holds.hear({"Event": "Hold", "Uniqueid": "acd-9.9.9"})
    holds.hear({"Event": "Unhold", "Uniqueid": "h-1.7"})
    assert told == []


@pytest.mark.parametrize(
    ("values", "before", "after"),
    [
        ({"hold": "1"}, False, ContactState.HELD),
        ({"hold": "0"}, True, ContactState.TALKING),
        ({"hold": "0", "desk": "{offer}~hold~1"}, True, ContactState.HELD),
        ({"hold": "0", "desk": "{offer}~talk~2"}, True, ContactState.TALKING),
        ({"hold": "0", "desk": "9.9.9~hold~1"}, True, ContactState.TALKING),
        ({"there": "no"}, True, ContactState.HELD),
    ],
)
async def test_after_a_gap_the_legs_are_asked(
    talks: Talks, values: dict[str, str], before: bool, after: ContactState
) -> None:
    if before:
        talks.stage.tell(events.Held(ONE), 55.0)
    given = {name: value.format(offer=talks.offer) for name, value in values.items()}
    holds, _ = holds_of(talks, **given)
    await holds.look({ONE: "PJSIP/trunk-1"})
    assert talks.stage.engine.contacts[ONE].state is after
