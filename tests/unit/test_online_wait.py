"""How it stands for a waiting caller, here and in the chat: the one line, asked twice."""

from __future__ import annotations

import json

import pytest

from acd import snapshot
from acd.config import (
    Capacity,
    Centre,
    Class,
    Condition,
    Member,
    Online,
    OverflowRule,
    Queue,
    Relax,
    Team,
)
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    AgentLoggedOff,
    AgentPaused,
    Arrived,
    DeskChanged,
    LegEnded,
    LinkChanged,
    Moved,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
    Started,
    TimePassed,
)
from acd.model import CALLS, CHATS, AgentId, Contact, ContactId, OfferId, QueueId
from acd.states import ContactState
from acd.waits import Waits
from ivr.online_offer import Rules, Sight, offer_to
from ivr.online_wait import LOOKS_A_SECOND, OneLook, offers_chat, rules_of

SUPPORT, SALES = QueueId("support"), QueueId("sales")
ANN, BOB, CHO, DAN, EVE = (AgentId(name) for name in ("ann", "bob", "cho", "dan", "eve"))
CALLS_ONLY, CHATS_ONLY = Capacity(voice=1, chat=0), Capacity(voice=0, chat=2)
EITHER, BOTH = Capacity(), Capacity(mix=True)


def member(id_: AgentId, capacity: Capacity, after: float = 0.0, **more: object) -> Member:
    return Member(id_, {SUPPORT: after}, capacity=capacity, **more)  # type: ignore[arg-type]


class Stage:
    """A house where handling times are known: 180 s for calls, 300 s for chats."""

    def __init__(self, *staff: Member, queue: Queue | None = None, known: bool = True) -> None:
        classes = {"standard": Class(), "vip": Class(credit=600.0)}
        teams = {"house": Team(), "outside": Team(partner=True)}
        queues = {SUPPORT: queue or Queue(SUPPORT), SALES: Queue(SALES)}
        centre = Centre(queues, {one.id: one for one in staff}, classes, teams=teams)
        self.engine = Engine(centre)
        self.engine.waits = Waits(centre)
        self.now, self.come = 0.0, 0
        self.engine.handle(LinkChanged(True), self.now)
        for _ in range(40 if known else 0):
            self.engine.waits.estimates[SUPPORT].served(180.0, self.now)
            self.engine.waits.chats[SUPPORT].served(300.0, self.now)
        self.agents(*(one.id for one in staff))

    def agents(self, *agents: AgentId) -> None:
        for agent in agents:
            self.engine.handle(AgentLoggedIn(agent), self.now)
            self.engine.handle(PhoneChanged(agent, True), self.now)

    def arrives(self, channel: str = CALLS, answered: bool = False, **more: object) -> Contact:
        self.come += 1
        contact = ContactId(f"c{self.come}")
        self.now += 1.0
        self.engine.handle(
            Arrived(contact, SUPPORT, self.now, channel=channel, waits=True, **more),  # type: ignore[arg-type]
            self.now,
        )
        found = self.engine.contacts[contact]
        if answered and found.offer:
            self.engine.handle(OfferAnswered(contact, found.offer), self.now)
        return found

    def calls(self, number: int, answered: bool = False) -> list[Contact]:
        return [self.arrives(answered=answered) for _ in range(number)]

    def chats(self, number: int, answered: bool = False) -> list[Contact]:
        return [self.arrives(CHATS, answered=answered) for _ in range(number)]

    def tell(self, *events: object) -> None:
        for event in events:
            self.engine.handle(event, self.now)  # type: ignore[arg-type]

    def sight(self, contact: Contact, *coming: Contact) -> Sight:
        return OneLook(self.engine, self.now, coming).sight_of(contact)

    def asks(self, contact: Contact) -> bool:
        return offer_to(Rules(CHATS), self.sight(contact), self.now) is not None


FIVE = tuple(member(one, EITHER) for one in (ANN, BOB, CHO, DAN, EVE))


# ---------------------------------------------------------------- one line for both


def test_where_everybody_takes_either_nobody_is_sooner_in_the_chat_by_the_same_key() -> None:
    stage = Stage(*FIVE)
    stage.calls(5, answered=True)
    last = stage.calls(21)[-1]
    sight = stage.sight(last)
    assert sight.phone and sight.online
    assert sight.online >= sight.phone and not stage.asks(last)
    stage.tell(Moved(last.id, CHATS, waits=True))
    assert stage.engine.waits and stage.engine.waits.place(last) == 21


def test_who_has_both_at_once_has_room_for_chats_however_many_call() -> None:
    stage = Stage(*(member(one, BOTH) for one in (ANN, BOB)))
    stage.calls(2, answered=True)
    last = stage.calls(20)[-1]
    assert stage.sight(last).online == 0.0 and stage.asks(last)
    stage.chats(6, answered=True)
    sight = stage.sight(last)
    assert sight.online and sight.phone and sight.online < 0.2 * sight.phone, "first of the chats"
    assert stage.engine.waits and stage.engine.waits.place(last) == 20, "chats keep nobody away"


def test_who_is_in_chats_already_goes_on_taking_chats_before_calls() -> None:
    stage = Stage(*FIVE)
    stage.chats(3, answered=True)  # one each
    stage.calls(2, answered=True)
    last = stage.calls(20)[-1]
    assert stage.sight(last).online == 0.0
    stage.tell(Moved(last.id, CHATS, waits=True))
    assert last.state is ContactState.RINGING, "as told"


def test_who_chats_one_at_a_time_may_take_a_call_next() -> None:
    stage = Stage(*(member(one, Capacity(chat=1)) for one in (ANN, BOB)))
    stage.chats(2, answered=True)
    last = stage.calls(20)[-1]
    sight = stage.sight(last)
    assert sight.online and sight.phone and not stage.asks(last)


def test_chats_with_older_keys_stand_before_a_call_where_the_same_agents_take_them() -> None:
    def phone(capacity: Capacity) -> tuple[float, int]:
        stage = Stage(member(ANN, capacity), member(BOB, capacity))
        stage.calls(2, answered=True)
        stage.chats(2, answered=True)
        stage.chats(5)
        last = stage.arrives()
        assert stage.engine.waits
        return stage.sight(last).phone or 0.0, stage.engine.waits.place(last)

    either, both = phone(Capacity(chat=1)), phone(Capacity(chat=1, mix=True))
    assert (either[1], both[1]) == (8, 1)
    assert either[0] > 4 * both[0]


# ---------------------------------------------------------------- who serves it there


def test_without_an_open_desk_nobody_can_tell_a_wait() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    first, second = stage.calls(2)
    assert first.offer and stage.sight(second).online == 0.0
    stage.tell(DeskChanged(BOB, False))
    sight = stage.sight(second)
    assert sight.online is None and not sight.online_serves
    stage.tell(DeskChanged(BOB, True), AgentPaused(BOB))
    assert stage.sight(second).online is None, "on a break"


def test_a_new_run_of_the_engine_counts_on_no_desk_until_it_is_told_of_one() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    stage.chats(3)
    last = stage.calls(2)[-1]
    assert stage.sight(last).online
    stage.tell(Started(2, desks=False), LinkChanged(True))
    assert stage.sight(last).online is None
    stage.tell(DeskChanged(BOB, True))
    assert stage.sight(last).online is not None


def test_a_chat_that_nobody_could_serve_keeps_no_call_away() -> None:
    stage = Stage(member(ANN, Capacity(chat=1)))
    stage.tell(DeskChanged(ANN, False))
    stage.chats(5)
    stage.calls(1)
    last = stage.arrives()
    assert stage.engine.waits and stage.engine.waits.place(last) == 2


def test_only_who_has_the_skills_counts_there_as_here() -> None:
    relax = (Relax(100.0, {"billing": 2}),)
    staff = member(ANN, CALLS_ONLY, skills={"billing": 5}), member(BOB, CHATS_ONLY)
    stage = Stage(*staff, member(CHO, CHATS_ONLY, skills={"billing": 2}),
                  queue=Queue(SUPPORT, relax=relax))  # fmt: skip
    stage.calls(1)
    asks = stage.arrives(skills={"billing": 4})
    nobody = stage.arrives(skills={"chinese": 1})
    assert stage.sight(asks).online, "Cho will do after 100 s"
    assert stage.sight(nobody).online is None
    assert not stage.sight(nobody).phone_serves, "nor does anybody talk with them"
    stage.now += 100.0
    assert stage.sight(asks).online == 0.0


def test_a_second_queue_and_a_partner_team_count_from_when_contacts_come_to_them() -> None:
    for who, queue in (
        (member(BOB, CHATS_ONLY, after=60.0), Queue(SUPPORT)),
        (member(BOB, CHATS_ONLY, team="outside"), Queue(SUPPORT, partner_after=60.0)),
    ):
        stage = Stage(member(ANN, CALLS_ONLY), who, queue=queue)
        last = stage.calls(2)[-1]
        assert stage.sight(last).online
        stage.now += 60.0
        assert stage.sight(last).online == 0.0


def test_room_that_is_reserved_for_a_class_is_told_to_nobody_else() -> None:
    staff = member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY), member(CHO, CHATS_ONLY)
    stage = Stage(*staff)
    classes = {"standard": Class(), "vip": Class(reserve=2)}
    centre = stage.engine.centre
    rules = Centre(centre.queues, centre.agents, classes, teams=centre.teams)
    stage.engine.use(rules, 0.0)
    stage.tell(AgentPaused(ANN))
    standard, vip = stage.arrives(), stage.arrives(class_="vip")
    assert stage.sight(vip).online == 0.0
    assert stage.sight(standard).online != 0.0
    stage.tell(Moved(standard.id, CHATS, waits=True))
    assert standard.state is ContactState.WAITING, "as told"


def test_room_beyond_what_is_reserved_is_told_to_everybody() -> None:
    chatting = (member(one, CHATS_ONLY) for one in (BOB, CHO, DAN))
    stage = Stage(member(ANN, CALLS_ONLY), *chatting)
    centre = stage.engine.centre
    classes = {"standard": Class(), "vip": Class(reserve=2)}
    stage.engine.use(Centre(centre.queues, centre.agents, classes, teams=centre.teams), 0.0)
    stage.tell(AgentPaused(ANN))
    standard = stage.arrives()
    assert stage.sight(standard).online == 0.0
    stage.tell(AgentPaused(DAN))
    assert stage.sight(standard).online != 0.0


def test_who_would_be_held_for_the_agent_they_know_has_room_at_no_other_desk() -> None:
    chatting = member(BOB, CHATS_ONLY), member(CHO, CHATS_ONLY)
    stage = Stage(member(ANN, CALLS_ONLY), *chatting, queue=Queue(SUPPORT, hold_for_preferred=60.0))
    stage.calls(1, answered=True)
    knows_cho, knows_nobody = stage.arrives(preferred=CHO), stage.arrives()
    assert stage.sight(knows_cho).online == 0.0
    stage.tell(DeskChanged(CHO, False))
    assert stage.sight(knows_cho).online, "Bob has room, but not for them"
    assert stage.sight(knows_nobody).online == 0.0
    arrived, stage.now = stage.now, knows_cho.entered_at + 60.0
    assert stage.sight(knows_cho).online == 0.0, "no longer held"
    stage.now = arrived
    stage.tell(AgentLoggedOff(CHO))
    assert stage.sight(knows_cho).online == 0.0, "for nobody who is not here"


def test_an_agent_without_a_telephone_takes_chats_before_any_call() -> None:
    stage = Stage(member(ANN, EITHER), member(BOB, EITHER))
    stage.tell(PhoneChanged(BOB, False))
    stage.calls(1, answered=True)
    stage.chats(3, answered=True)
    last = stage.calls(10)[-1]
    sight = stage.sight(last)
    assert sight.online and sight.phone and sight.online < sight.phone / 2
    talk = stage.engine.contacts[ContactId("c1")].offer
    assert talk
    stage.tell(PhoneChanged(ANN, False), LegEnded(ContactId("c1"), talk))
    stage.now += 15.0  # wrapped up
    stage.tell(TimePassed())
    assert not stage.sight(last).phone_serves, "who chats does not talk"


# ---------------------------------------------------------------- those who are about to come


def test_with_every_place_taken_the_wait_grows_with_those_ahead() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    stage.chats(1, answered=True)
    early = stage.calls(2)[-1]
    assert stage.sight(early).online == 0.0
    stage.chats(1, answered=True)
    first = stage.sight(early).online
    stage.chats(3)
    late = stage.arrives()
    behind, before = stage.sight(late).online, stage.sight(early).online
    assert first and behind and before
    assert behind > 2 * before and before == pytest.approx(first, rel=0.05), "older keys go first"


def test_a_place_that_somebody_is_about_to_take_is_told_to_nobody_else() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    one, two, three, four = stage.calls(5)[1:]
    assert stage.sight(four).online == 0.0
    assert stage.sight(four, one).online == 0.0, "Bob has room for two"
    waits = stage.sight(four, one, two).online
    assert waits and stage.sight(one, one, two).online == 0.0, "nobody is ahead of themselves"
    more = stage.sight(four, one, two, three).online
    assert more and more > waits
    other = stage.sight(one, two, three, four).online
    assert other and other < waits, "who comes with a younger key stands behind"


def test_a_chat_that_somebody_has_leaves_room_for_one_less() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    stage.chats(1, answered=True)
    one, two = stage.calls(3)[1:]
    assert stage.sight(two).online == 0.0
    assert stage.sight(two, one).online, "Bob has room for one more"


# ---------------------------------------------------------------- what is not known, who is there


def test_a_wait_of_which_little_is_known_is_not_told() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY), known=False)
    stage.calls(1, answered=True)
    one = stage.arrives()
    sight = stage.sight(one)
    assert (sight.phone, sight.online, sight.phone_serves) == (None, 0.0, True)
    stage.chats(2, answered=True)
    assert stage.sight(one).online is None


def test_handling_times_of_chats_and_of_calls_are_told_apart() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    stage.calls(1, answered=True)
    stage.chats(2, answered=True)
    one = stage.arrives()
    before = stage.sight(one)
    assert stage.engine.waits
    for _ in range(200):
        stage.engine.waits.chats[SUPPORT].served(1200.0, stage.now)
    after = stage.sight(one)
    assert after.phone == before.phone
    assert before.online and after.online and after.online > 2 * before.online


def test_what_is_told_is_the_same_after_a_restart() -> None:
    stage = Stage(*FIVE, member(AgentId("fay"), CHATS_ONLY))
    stage.calls(3, answered=True)
    stage.chats(8, answered=True)
    last = stage.calls(9)[-1]
    stage.tell(DeskChanged(ANN, False))
    before = stage.sight(last)
    assert before.online
    plain = json.loads(json.dumps(snapshot.dump(stage.engine)))
    stage.engine = snapshot.load(stage.engine.centre, plain, stage.now)
    assert stage.sight(stage.engine.contacts[last.id]) == before
    assert json.loads(json.dumps(snapshot.dump(stage.engine))) == plain, "to look changes nothing"


def test_the_phone_serves_as_long_as_somebody_who_talks_is_logged_in() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    one = stage.arrives()
    assert stage.sight(one).phone_serves
    stage.tell(PhoneChanged(ANN, False))
    assert stage.sight(one).phone_serves, "it rings there"
    stage.tell(OfferEnded(one.offer or OfferId(""), OfferEnd.UNREACHABLE))
    assert not stage.sight(one).phone_serves


def test_who_comes_in_the_same_instant_is_seen_by_who_has_asked_before() -> None:
    stage = Stage(member(ANN, CALLS_ONLY), member(BOB, CHATS_ONLY))
    stage.calls(1, answered=True)
    stage.chats(2, answered=True)
    last = stage.arrives()
    before = stage.sight(last)
    for name in ("early call", "early chat"):
        channel = CHATS if "chat" in name else CALLS
        stage.tell(Arrived(ContactId(name), SUPPORT, 0.5, channel=channel, waits=True))
    after = stage.sight(last)
    assert before.phone and before.online and after.phone and after.online
    assert after.phone > before.phone and after.online > before.online


def test_callers_are_looked_at_less_often_the_more_there_are() -> None:
    stage = Stage(member(ANN, CALLS_ONLY))
    stage.calls(10)
    assert OneLook(stage.engine, stage.now).pause(5.0) == 5.0
    stage.calls(2990)
    assert OneLook(stage.engine, stage.now).pause(5.0) == 3000 / LOOKS_A_SECOND


# ---------------------------------------------------------------- which queues ask


def test_only_queues_that_say_so_ask_their_callers() -> None:
    to_chat = (OverflowRule(Condition(waited=30), CHATS),)
    for queue, ever, at_once in (
        (Queue(SUPPORT), False, False),
        (Queue(SUPPORT, online=Online()), True, True),
        (Queue(SUPPORT, overflow=to_chat), True, False),
        (Queue(SUPPORT, overflow=to_chat, online=Online(frozenset({"vip"}))), True, False),
        (Queue(SUPPORT, overflow=(OverflowRule(Condition(waited=30), SALES),)), False, False),
    ):
        stage = Stage(queue=queue)
        contact = stage.arrives()
        assert offers_chat(queue) == ever
        assert (rules_of(stage.engine, contact) is not None) == at_once
        contact.overflowed = 1
        rules = rules_of(stage.engine, contact)
        assert (rules is not None) == ever
        assert rules is None or rules.wanted == bool(queue.overflow)
        if rules and queue.online:
            assert rules.never == queue.online.never
