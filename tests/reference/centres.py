"""Two centres with every rule that routing knows, for random days and random scenarios."""

from __future__ import annotations

from acd.config import (
    Capacity,
    Centre,
    Class,
    Condition,
    Member,
    OverflowRule,
    Queue,
    Relax,
    Strategy,
    Team,
)
from acd.model import AgentId, Medium, QueueId

CARDS, LOANS, DESK = QueueId("cards"), QueueId("loans"), QueueId("desk")
ANN, BOB, CHO, DAN, EVE = (AgentId(name) for name in ("ann", "bob", "cho", "dan", "eve"))

CLASSES = {
    "standard": Class(repeat=16.0),
    "vip": Class(credit=64.0, reserve=1),
    "gold": Class(credit=32.0, repeat=8.0),
}
URGENCY = {"card loss": 128.0}
TEAMS = {"house": Team(), "outside": Team(partner=True)}
OVERFLOW = (
    OverflowRule(Condition(waited=48.0), "chat"),
    OverflowRule(Condition(length=4), "callback"),
    OverflowRule(Condition(nobody=True), "message"),
    OverflowRule(Condition(predicted_wait=600.0), "sms"),
    OverflowRule(Condition(trunks_busy=True), "email"),
)


def _queue(
    id_: QueueId,
    strategy: Strategy,
    wrap_up: float,
    partner_after: float,
    owes: float | None = None,
) -> Queue:
    return Queue(
        id_,
        ring_seconds=16.0,
        wrap_up_seconds=wrap_up,
        park_limit=128.0,
        grace=64.0,
        strategy=strategy,
        relax=(
            Relax(32.0, {"billing": 3}),
            Relax(64.0, {"billing": 0, "english": 4}),
        ),
        partner_after=partner_after,
        hold_for_preferred=8.0,
        offer_elsewhere_after=12.0,
        overflow=OVERFLOW,
        disposition_limit=owes,
        disposition_ends_wrap_up=id_ == LOANS,
    )


RICH = Centre(
    queues={
        CARDS: _queue(CARDS, Strategy.LONGEST_IDLE, 4.0, 16.0, owes=16.0),
        LOANS: _queue(LOANS, Strategy.FEWEST_SKILLS, 0.0, 0.0, owes=8.0),
        DESK: _queue(DESK, Strategy.RANDOM, 2.0, 4.0),
    },
    agents={
        ANN: Member(ANN, {CARDS: 0.0}, {"billing": 8}),
        BOB: Member(BOB, {LOANS: 0.0, CARDS: 20.0}, {"english": 5, "billing": 3}),
        CHO: Member(
            CHO,
            {CARDS: 0.0, LOANS: 0.0, DESK: 0.0},
            {"billing": 5, "english": 8},
            capacity=Capacity(chat=2, mail=2, mix=True),
        ),
        DAN: Member(DAN, {CARDS: 0.0, DESK: 8.0}, {"english": 10}, team="outside"),
        EVE: Member(EVE, {DESK: 0.0, LOANS: 4.0}, {"billing": 10}, capacity=Capacity(chat=3)),
    },
    classes=CLASSES,
    urgency=URGENCY,
    teams=TEAMS,
    version="rich",
    seed=7,
)
"""Everything at once."""

OTHER = Centre(
    queues={
        CARDS: _queue(CARDS, Strategy.LEVEL, 8.0, 0.0),
        LOANS: Queue(LOANS, strategy=Strategy.FEWEST_CONTACTS, ring_seconds=8.0),
        DESK: Queue(DESK, strategy=Strategy.ROUND_ROBIN, wrap_up_seconds=0.0),
    },
    agents={
        ANN: Member(ANN, {CARDS: 0.0, LOANS: 8.0}, {"billing": 2}),
        BOB: Member(BOB, {LOANS: 0.0}, {"english": 5}, capacity=Capacity(voice=0)),
        CHO: Member(
            CHO,
            {CARDS: 0.0, LOANS: 0.0, DESK: 0.0},
            {"billing": 5, "english": 8},
            capacity=Capacity(interruptible=frozenset()),
        ),
        DAN: Member(DAN, {CARDS: 0.0, DESK: 0.0}, {"english": 10, "billing": 9}),
    },
    classes={"standard": Class(), "vip": Class(credit=16.0), "gold": Class(reserve=2)},
    teams=TEAMS,
    version="other",
    seed=8,
)
"""Other rules for the same house, one agent gone: what a new centre file may bring."""

CHANNELS = {Medium.VOICE: ("voice", "callback"), Medium.CHAT: ("web chat", "sms")}
