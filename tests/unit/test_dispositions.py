"""What a talk came to: who may say it, when, and what it does to the wrap-up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from acd import events, snapshot
from acd.agents import NO_DISPOSITION
from acd.commands import Offer, Undisposed
from acd.config import Centre
from acd.engine import Engine
from acd.events import CallerLeft, LegEnded, OfferAnswered, TakenOver, Transferred
from acd.model import CALLED_OUT, CHATS, ContactId, OfferId
from acd.requests import AgentLoggedOff, AgentPaused, AgentReady, CalledOut, ConsultAsked, Disposed
from acd.simulation import Simulation, Traced
from acd.states import AgentState, ContactState, ForbiddenMove
from ivr.dispositions import DispositionRequests
from ivr.ports import CoreRefused
from tests.fakes_calls import StandingClock
from tests.fakes_stores import MemoryAudit
from tests.routing_stage import ANN, BOB, ONE, SALES, SUPPORT, TWO, Stage, house, member

CODES = {"solved": {"zh": "已解决", "en": "Solved"}, "open": {"zh": "未解决", "en": "Open"}}
WRAP_UP, LIMIT = 10.0, 60.0


def centre(**more: Any) -> Centre:
    """Support wraps up for 10 s, and for 60 at most while a disposition is missing."""
    rules: dict[str, Any] = {
        "wrap_up_seconds": WRAP_UP,
        "dispositions": CODES,
        "disposition_limit": LIMIT,
    } | more
    return house(member(ANN, queues={SUPPORT: 0.0, SALES: 0.0}), member(BOB), **rules)


def talked(rules: Centre, at: float = 20.0) -> tuple[Stage, OfferId]:
    """ANN's talk with ONE, which is still there, is over at this time."""
    stage = Stage(rules, ANN)
    stage.arrives(ONE, 10.0)
    offer = stage.answers(ONE, 11.0)
    stage.hangs_up(ONE, at)
    return stage, offer


def says(stage: Stage, offer: OfferId, at: float, code: str = "solved") -> None:
    stage.tell(Disposed(ONE, ANN, SUPPORT, code, offer), at)


def asks(stage: Stage, at: float) -> OfferId:
    """ANN asks BOB, who answers at once."""
    [offer] = stage.tell(ConsultAsked(ONE, BOB), at)
    assert isinstance(offer, Offer)
    stage.tell(OfferAnswered(ONE, offer.offer), at)
    return offer.offer


def state(stage: Stage) -> AgentState:
    return stage.engine.agents[ANN].state


# ---------------------------------------------------------------- the wrap-up


def test_wrap_up_waits_for_the_disposition_that_a_talk_needs() -> None:
    stage, offer = talked(centre())
    stage.at(30.0)
    assert state(stage) is AgentState.WRAP_UP
    says(stage, offer, 45.0)
    assert state(stage) is AgentState.READY
    assert stage.arrives(TWO, 46.0) == [(TWO, ANN)]


def test_a_disposition_before_the_end_of_wrap_up_leaves_it_its_usual_length() -> None:
    stage, offer = talked(centre())
    says(stage, offer, 22.0)
    stage.at(29.9)
    assert state(stage) is AgentState.WRAP_UP
    stage.wakes(30.0)
    assert state(stage) is AgentState.READY


def test_a_disposition_during_the_talk_is_enough() -> None:
    stage = Stage(centre(), ANN)
    stage.arrives(ONE, 10.0)
    offer = stage.answers(ONE, 11.0)
    says(stage, offer, 12.0)
    stage.hangs_up(ONE, 20.0)
    stage.wakes(30.0)
    assert state(stage) is AgentState.READY


def test_whose_talk_has_none_in_time_is_not_ready_and_it_is_written_down() -> None:
    stage, offer = talked(centre())
    [told] = stage.tell_time(20.0 + LIMIT)
    assert told == Undisposed(ONE, ANN, offer, SUPPORT)
    agent = stage.engine.agents[ANN]
    assert (agent.state, agent.reason) == (AgentState.NOT_READY, NO_DISPOSITION)
    assert stage.arrives(TWO, 81.0) == []
    stage.tell(AgentReady(ANN), 90.0)
    assert state(stage) is AgentState.OFFERED


def test_nobody_is_ready_before_their_talk_has_its_disposition() -> None:
    stage, offer = talked(centre())
    with pytest.raises(ForbiddenMove, match="needs a disposition"):
        stage.tell(AgentReady(ANN), 25.0)
    says(stage, offer, 26.0)
    stage.tell(AgentReady(ANN), 27.0)
    assert state(stage) is AgentState.READY


@pytest.mark.parametrize("during", [False, True])
def test_whose_time_is_up_while_another_talk_ends_or_is_disposed_is_written_down(
    during: bool,
) -> None:
    """The news of the other chat is told before the deadline of the first, which has passed."""
    stage = Stage(centre(disposition_ends_wrap_up=True), ANN)
    for at, contact in enumerate((ONE, TWO)):
        stage.arrives(contact, 10.0 + at, channel=CHATS)
    first, second = stage.answers(ONE, 12.0), stage.answers(TWO, 13.0)
    stage.hangs_up(ONE, 20.0)
    said = Disposed(TWO, ANN, SUPPORT, "solved", second)
    ended = LegEnded(TWO, second)
    stage.tell(said if during else ended, 70.0)
    assert stage.tell(ended if during else said, 80.5) == [Undisposed(ONE, ANN, first, SUPPORT)]
    agent = stage.engine.agents[ANN]
    assert (agent.state, agent.reason) == (AgentState.NOT_READY, NO_DISPOSITION)
    assert stage.tell_time(200.0) == []


def test_a_chat_that_is_answered_leaves_the_one_before_it_its_wrap_up() -> None:
    """Both rang at once; the first is over before the second is answered."""
    stage = Stage(centre(), ANN)
    for at, contact in enumerate((ONE, TWO)):
        stage.arrives(contact, 10.0 + at, channel=CHATS)
    first = stage.answers(ONE, 12.0)
    stage.hangs_up(ONE, 20.0)
    second = stage.answers(TWO, 21.0)
    assert [*stage.engine.agents[ANN].works] == [first, second]
    assert stage.tell_time(20.0 + LIMIT) == [Undisposed(ONE, ANN, first, SUPPORT)]


@pytest.mark.parametrize("leaves", [AgentPaused(ANN, "lunch"), AgentLoggedOff(ANN)])
def test_who_takes_a_break_instead_may_and_it_is_written_down(leaves: Any) -> None:
    stage, offer = talked(centre())
    assert stage.tell(leaves, 25.0) == [Undisposed(ONE, ANN, offer, SUPPORT)]
    assert state(stage) in (AgentState.NOT_READY, AgentState.LOGGED_OFF)


def test_wrap_up_can_end_with_the_disposition() -> None:
    rules = centre(disposition_ends_wrap_up=True)
    stage, offer = talked(rules)
    says(stage, offer, 23.0)
    assert state(stage) is AgentState.READY
    stage = Stage(rules, ANN)
    stage.arrives(ONE, 10.0)
    says(stage, stage.answers(ONE, 11.0), 12.0)
    stage.hangs_up(ONE, 20.0)
    assert state(stage) is AgentState.READY


def test_without_a_limit_a_talk_needs_none() -> None:
    stage, _ = talked(centre(disposition_limit=None))
    stage.wakes(30.0)
    assert state(stage) is AgentState.READY


def test_a_talk_without_wrap_up_still_needs_its_disposition() -> None:
    stage, offer = talked(centre(wrap_up_seconds=0.0))
    assert state(stage) is AgentState.WRAP_UP
    says(stage, offer, 21.0)
    assert state(stage) is AgentState.READY


def test_a_break_asked_for_during_the_talk_is_taken_after_the_limit_under_its_own_name() -> None:
    stage = Stage(centre(), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.tell(AgentPaused(ANN, "lunch"), 15.0)
    stage.hangs_up(ONE, 20.0)
    stage.at(80.0)
    assert stage.engine.agents[ANN].reason == "lunch"


def test_of_a_customer_who_was_not_reached_nothing_need_be_said() -> None:
    stage = Stage(centre(), ANN)
    stage.tell(CalledOut(ONE, ANN, SUPPORT), 10.0)
    offer = stage.answers(ONE, 11.0)
    assert stage.engine.contacts[ONE].channel == CALLED_OUT
    stage.tell(LegEnded(ONE, offer), 20.0)
    stage.wakes(30.0)
    assert state(stage) is AgentState.READY


# ---------------------------------------------------------------- what wrap-up holds across


def test_wrap_up_of_one_queue_keeps_the_contacts_of_every_other_away() -> None:
    stage, _ = talked(centre(disposition_limit=None))
    assert stage.arrives(TWO, 25.0, queue=SALES) == []
    assert stage.at(29.9) == []
    assert stage.wakes(30.0) == [(TWO, ANN)]


def test_each_owner_of_a_transferred_contact_wraps_up_and_who_was_only_asked_does_not() -> None:
    stage = Stage(centre(), ANN, BOB)
    stage.arrives(ONE, 10.0)
    first = stage.answers(ONE, 11.0)
    asked = asks(stage, 12.0)
    with pytest.raises(ForbiddenMove, match="does not have"):
        stage.tell(Disposed(ONE, BOB, SUPPORT, "solved", asked), 13.0)
    stage.tell(LegEnded(ONE, asked), 14.0)
    assert stage.engine.agents[BOB].state is AgentState.READY
    asked = asks(stage, 15.0)
    stage.tell(TakenOver(ONE, asked, BOB), 17.0)
    stage.tell(LegEnded(ONE, first), 17.1)
    stage.tell(CallerLeft(ONE), 30.0)
    stage.tell(LegEnded(ONE, asked), 30.1)
    ends = {id_: stage.engine.agents[id_].wrap_up_ends for id_ in (ANN, BOB)}
    assert ends == {ANN: 17.1 + LIMIT, BOB: 30.1 + LIMIT}


def test_a_contact_that_was_sent_to_another_queue_leaves_the_wrap_up_of_its_own_talk() -> None:
    stage = Stage(centre(), ANN)
    stage.arrives(ONE, 10.0)
    offer = stage.answers(ONE, 11.0)
    stage.tell(Transferred(ONE, SALES, offer=offer), 20.0)
    stage.tell(LegEnded(ONE, offer), 20.1)
    assert stage.engine.contacts[ONE].state is ContactState.WAITING
    assert stage.engine.agents[ANN].wrap_up_ends == 20.1 + LIMIT
    says(stage, offer, 25.0)
    assert stage.engine.agents[ANN].wrap_up_ends == 20.1 + WRAP_UP


def test_new_rules_neither_shorten_nor_lose_a_wrap_up_that_has_begun() -> None:
    stage, offer = talked(centre())
    stage.engine.use(centre(wrap_up_seconds=1.0, disposition_limit=None), 21.0)
    assert stage.engine.agents[ANN].wrap_up_ends == 20.0 + LIMIT
    says(stage, offer, 22.0)
    stage.wakes(20.0 + WRAP_UP)
    assert state(stage) is AgentState.READY


def test_a_talk_that_ends_under_new_rules_wraps_up_by_them() -> None:
    stage = Stage(centre(), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    stage.engine.use(centre(wrap_up_seconds=3.0, disposition_limit=None), 12.0)
    stage.hangs_up(ONE, 20.0)
    stage.wakes(23.0)
    assert state(stage) is AgentState.READY


def test_a_restart_in_the_middle_changes_nothing() -> None:
    stage, offer = talked(centre())
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(centre(), plain, 25.0)
    says(stage, offer, 40.0)
    assert state(stage) is AgentState.READY
    stage.engine = snapshot.load(centre(), plain, 25.0)
    assert Undisposed(ONE, ANN, offer, SUPPORT) in stage.tell_time(80.0)


def test_a_snapshot_of_before_is_understood() -> None:
    stage, _ = talked(centre(disposition_limit=None))
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    for agent in plain["agents"]:
        for work in agent["works"].values():
            for name in ("contact", "queue", "usual_end", "owes"):
                del work[name]
    stage.engine = snapshot.load(centre(), plain, 25.0)
    stage.at(29.9)
    assert state(stage) is AgentState.WRAP_UP
    stage.at(30.0)
    assert state(stage) is AgentState.READY


def test_in_a_simulation_every_talk_has_its_disposition_in_time() -> None:
    contacts = [Traced(id_, at, SUPPORT, 5.0) for id_, at in ((ONE, 0.0), (TWO, 1.0))]
    rules = house(member(ANN), wrap_up_seconds=WRAP_UP, dispositions=CODES, disposition_limit=LIMIT)
    assert [r.started for r in Simulation(Engine(rules)).run(contacts)] == [0.0, 15.0]


# ---------------------------------------------------------------- what is asked of the core


@dataclass
class Recorder:
    """Records by handing over to the engine of a stage."""

    stage: Stage
    told: list[events.Event] = field(default_factory=list)

    @property
    def engine(self) -> Any:
        return self.stage.engine

    async def record(self, *entries: events.Event) -> None:
        for entry in entries:
            self.stage.tell(entry, 25.0)
            self.told.append(entry)


class Asked:
    """The core's side of it, and what it has written down."""

    def __init__(self, stage: Stage) -> None:
        self.audit = MemoryAudit()
        recorder = Recorder(stage)
        self.told = recorder.told
        requests = DispositionRequests(recorder, self.audit, StandingClock(25.0))
        self._known = requests.known

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        return await self._known[what](fields)


async def test_the_agent_says_it_of_the_talk_that_is_wrapped_up() -> None:
    stage, offer = talked(centre())
    asked = Asked(stage)
    choice = await asked.ask("talk dispositions", agent=ANN)
    assert choice["dispositions"] == CODES and choice["needed_until"] == 80.0
    answer = await asked.ask("talk disposition", agent=ANN, code="solved")
    assert (answer["contact"], answer["queue"], answer["code"]) == (ONE, SUPPORT, "solved")
    assert asked.told == [Disposed(ONE, ANN, SUPPORT, "solved", offer)]
    assert (await asked.ask("talk dispositions", agent=ANN))["needed_until"] is None


async def test_the_talk_there_is_goes_before_one_that_is_wrapped_up() -> None:
    stage = Stage(centre(), ANN)
    stage.arrives(ONE, 10.0)
    stage.answers(ONE, 11.0)
    choice = await Asked(stage).ask("talk dispositions", agent=ANN)
    assert (choice["contact"], choice["given"], choice["needed_until"]) == (ONE, None, None)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"agent": "nobody", "code": "solved"}, "name one of the agents"),
        ({"agent": BOB, "code": "solved"}, "bob has no talk"),
        ({"agent": ANN, "code": "solvd"}, "did you mean 'solved'"),
        ({"agent": ANN, "code": "solved", "contact": "other"}, "calls disposition"),
    ],
)
async def test_what_cannot_be_said_is_refused_with_the_way_out(
    fields: Mapping[str, str], says: str
) -> None:
    stage, _ = talked(centre())
    asked = Asked(stage)
    with pytest.raises(CoreRefused, match=says):
        await asked.ask("talk disposition", **fields)
    assert asked.told == []


async def test_a_queue_without_dispositions_says_where_they_are_given() -> None:
    stage, _ = talked(centre(dispositions={}, disposition_limit=None))
    with pytest.raises(CoreRefused, match="dispositions` in centre"):
        await Asked(stage).ask("talk disposition", agent=ANN, code="solved")


OLD = ContactId("old")
CORRECTION = {"contact": OLD, "agent": ANN, "queue": SUPPORT, "code": "open", "who": "eve",
              "why": "mistaken"}  # fmt: skip


async def test_a_correction_stands_in_audit_and_journal() -> None:
    stage, _ = talked(centre())
    asked = Asked(stage)
    await asked.ask("disposition correct", **CORRECTION)
    [entry] = asked.audit.entries
    assert (entry.who, entry.subject, entry.reason) == ("eve", OLD, "mistaken")
    corrected = Disposed(OLD, ANN, SUPPORT, "open", OfferId(""), "eve", "mistaken")
    assert asked.told == [corrected]


async def test_a_correction_of_the_talk_that_is_wrapped_up_counts_for_it() -> None:
    stage, _ = talked(centre())
    await Asked(stage).ask("disposition correct", **(CORRECTION | {"contact": ONE}))
    assert stage.engine.agents[ANN].wrap_up_ends == 20.0 + WRAP_UP


@pytest.mark.parametrize("name", ["contact", "agent", "queue", "who", "why"])
async def test_a_correction_without_all_it_needs_is_refused(name: str) -> None:
    stage, _ = talked(centre())
    asked = Asked(stage)
    with pytest.raises(CoreRefused, match=name):
        await asked.ask("disposition correct", **(CORRECTION | {name: ""}))
    assert asked.told == [] and asked.audit.entries == []


async def test_what_cannot_be_audited_is_not_corrected() -> None:
    stage, _ = talked(centre())
    asked = Asked(stage)
    asked.audit.failing = "disk full"
    with pytest.raises(CoreRefused, match="disk full"):
        await asked.ask("disposition correct", **CORRECTION)
    assert asked.told == []
