"""How it stands for a waiting caller, here and in the chat."""

from __future__ import annotations

from acd.config import Capacity, Centre, Condition, Member, Online, OverflowRule, Queue
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    Arrived,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    PhoneChanged,
)
from acd.model import CHATS, AgentId, ContactId, OfferId, QueueId
from acd.waits import Waits
from ivr.online_wait import OneLook, offers_chat, online_wait, rules_of

SUPPORT, SALES, ANN, BOB = QueueId("support"), QueueId("sales"), AgentId("ann"), AgentId("bob")


class Stage:
    """Ann talks, Bob has two chats at most."""

    def __init__(self, queue: Queue | None = None, known: bool = True) -> None:
        staff = {
            ANN: Member(ANN, {SUPPORT: 0.0}, capacity=Capacity(voice=1, chat=0)),
            BOB: Member(BOB, {SUPPORT: 0.0}, capacity=Capacity(voice=0, chat=2)),
        }
        centre = Centre({SUPPORT: queue or Queue(SUPPORT), SALES: Queue(SALES)}, staff)
        self.engine = Engine(centre)
        self.engine.waits = Waits(centre)
        self.now = 0.0
        self.engine.handle(LinkChanged(True), self.now)
        for _ in range(40 if known else 0):
            self.engine.waits.estimates[SUPPORT].served(180.0, self.now)

    def agent(self, *agents: AgentId) -> None:
        for agent in agents:
            self.engine.handle(AgentLoggedIn(agent), self.now)
            self.engine.handle(PhoneChanged(agent, True), self.now)

    def arrives(self, name: str, channel: str = "voice", answered: bool = False) -> ContactId:
        contact = ContactId(name)
        self.now += 1.0
        arrived = Arrived(contact, SUPPORT, self.now, channel=channel, waits=True)
        self.engine.handle(arrived, self.now)
        offer = self.engine.contacts[contact].offer
        if answered and offer:
            self.engine.handle(OfferAnswered(contact, offer), self.now)
        return contact


def test_without_an_open_desk_nobody_can_tell_a_wait() -> None:
    stage = Stage()
    assert online_wait(stage.engine, SUPPORT, 0.0) is None
    stage.agent(ANN)
    assert online_wait(stage.engine, SUPPORT, 0.0) is None
    stage.agent(BOB)
    assert online_wait(stage.engine, SUPPORT, 0.0) == 0.0
    assert online_wait(stage.engine, SALES, 0.0) is None


def test_a_desk_that_is_closed_serves_nobody() -> None:
    class Closed:
        def __init__(self, agent: object) -> None:
            self._agent = agent

        def __getattr__(self, name: str) -> object:
            return False if name == "desk" else getattr(self._agent, name)

    stage = Stage()
    stage.agent(BOB)
    stage.engine.agents[BOB] = Closed(stage.engine.agents[BOB])  # type: ignore[assignment]
    assert online_wait(stage.engine, SUPPORT, 0.0) is None


def test_with_every_place_taken_the_wait_grows_with_those_ahead() -> None:
    stage = Stage()
    stage.agent(BOB)
    stage.arrives("c1", CHATS, answered=True)
    assert online_wait(stage.engine, SUPPORT, stage.now) == 0.0
    stage.arrives("c2", CHATS, answered=True)
    first = online_wait(stage.engine, SUPPORT, stage.now)
    stage.arrives("c3", CHATS)
    behind = online_wait(stage.engine, SUPPORT, stage.now)
    ahead = online_wait(stage.engine, SUPPORT, stage.now, (0.0, 0))
    assert first and behind and ahead and behind > first > 0
    assert ahead < behind, "who has waited longer goes before the chats that came later"


def test_a_wait_of_which_little_is_known_is_not_told() -> None:
    stage = Stage(known=False)
    stage.agent(ANN, BOB)
    stage.arrives("talks", answered=True)
    one = stage.engine.contacts[stage.arrives("waits")]
    sight = OneLook(stage.engine, stage.now).sight_of(one)
    assert (sight.phone, sight.online, sight.phone_serves) == (None, 0.0, True)
    for name in ("c1", "c2"):
        stage.arrives(name, CHATS, answered=True)
    assert OneLook(stage.engine, stage.now).sight_of(one).online is None


def test_the_phone_serves_as_long_as_somebody_who_talks_is_logged_in() -> None:
    stage = Stage()
    stage.agent(BOB)
    one = stage.engine.contacts[stage.arrives("waits")]

    def serves() -> bool:
        return OneLook(stage.engine, stage.now).sight_of(one).phone_serves

    assert not serves()
    stage.agent(ANN)
    assert serves()
    stage.engine.handle(PhoneChanged(ANN, False), stage.now)
    assert serves(), "it rings there"
    stage.engine.handle(OfferEnded(stage.engine.contacts[one.id].offer or OfferId(""),
                                   OfferEnd.UNREACHABLE), stage.now)  # fmt: skip
    assert not serves()


def test_only_queues_that_say_so_ask_their_callers() -> None:
    to_chat = (OverflowRule(Condition(waited=30), CHATS),)
    for queue, ever, at_once in (
        (Queue(SUPPORT), False, False),
        (Queue(SUPPORT, online=Online()), True, True),
        (Queue(SUPPORT, overflow=to_chat), True, False),
        (Queue(SUPPORT, overflow=to_chat, online=Online(frozenset({"vip"}))), True, False),
        (Queue(SUPPORT, overflow=(OverflowRule(Condition(waited=30), SALES),)), False, False),
    ):
        stage = Stage(queue)
        contact = stage.engine.contacts[stage.arrives("one")]
        assert offers_chat(queue) == ever
        assert (rules_of(stage.engine, contact) is not None) == at_once
        contact.overflowed = 1
        rules = rules_of(stage.engine, contact)
        assert (rules is not None) == ever
        if rules and queue.online:
            assert rules.never == queue.online.never
