"""A random centre, day after day: what must hold after every single event.

The machine plays the telephone side too: it answers, declines, loses and repeats legs as a real
one does, and is never asked by the engine for anything impossible.
"""

from __future__ import annotations

import json

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from acd import events, snapshot
from acd.commands import Close, Offer
from acd.config import Queue
from acd.engine import Engine
from acd.events import Event, OfferEnd
from acd.model import Agent, AgentId, Contact, ContactId, OfferId, QueueId
from acd.states import AgentState, ContactState, ForbiddenMove
from tests.centres import centre

QUEUES = [QueueId("cards"), QueueId("loans")]
AGENTS = {
    AgentId("ann"): (QUEUES[0],),
    AgentId("bob"): (QUEUES[1],),
    AgentId("cho"): tuple(QUEUES),
}
CENTRE = centre(
    queues={queue: Queue(queue, ring_seconds=15, wrap_up_seconds=5) for queue in QUEUES},
    credits={"standard": 0, "vip": 60},
    agents=AGENTS,
)
agents = st.sampled_from(sorted(AGENTS))


def is_free(agent: Agent, now: float) -> bool:
    return agent.state is AgentState.READY and agent.reachable and agent.rests_until <= now


def may_serve(agent: Agent, contact: Contact, now: float) -> bool:
    return contact.queue in agent.queues and contact.rests.get(agent.id, 0.0) <= now


class Day(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.engine = Engine(CENTRE)
        self.replayed = Engine(CENTRE)
        self.arrived = 0
        self.closed: list[ContactId] = []
        self.legs: dict[OfferId, ContactId] = {}
        self.keys: dict[ContactId, tuple[float, int]] = {}
        self.tell(events.Started(1))
        self.tell(events.LinkChanged(True))

    def tell(self, event: Event) -> None:
        """Every event also goes to a second engine, from its journal form."""
        try:
            commands = self.engine.handle(event, self.now)
        except ForbiddenMove:
            return
        if not self.engine.changed:
            return  # the journal does not hold it either
        kind, version, data = events.to_plain(event)
        again = events.from_plain(kind, version, json.loads(json.dumps(data)))
        assert self.replayed.handle(again, self.now) == commands
        for command in commands:
            if isinstance(command, Offer):
                assert command.contact not in self.legs.values(), "rung at two agents at once"
                self.legs[command.offer] = command.contact
            if isinstance(command, Close):
                self.closed.append(command.contact)

    # ---- what can happen

    @rule(queue=st.sampled_from(QUEUES), vip=st.booleans(), earlier=st.integers(0, 30))
    def a_contact_arrives(self, queue: QueueId, vip: bool, earlier: int) -> None:
        self.arrived += 1
        id_ = ContactId(f"c{self.arrived}")
        class_ = "vip" if vip else "standard"
        self.tell(events.Arrived(id_, queue, self.now - earlier, class_=class_))
        self.keys[id_] = self.engine.contacts[id_].order_key

    @rule(pick=st.integers(0, 99))
    def a_contact_reports_from_the_loop(self, pick: int) -> None:
        if self.engine.contacts:
            ids = list(self.engine.contacts)
            self.tell(events.Reached(ids[pick % len(ids)]))

    @rule(agent=agents, ready=st.booleans())
    def an_agent_logs_in(self, agent: AgentId, ready: bool) -> None:
        self.tell(events.AgentLoggedIn(agent, ready=ready))

    @rule(agent=agents, what=st.sampled_from(["pause", "ready", "off"]))
    def an_agent_asks(self, agent: AgentId, what: str) -> None:
        asked: dict[str, Event] = {
            "pause": events.AgentPaused(agent, "tea"),
            "ready": events.AgentReady(agent),
            "off": events.AgentLoggedOff(agent),
        }
        self.tell(asked[what])

    @rule(agent=agents, reachable=st.booleans())
    def a_phone_changes(self, agent: AgentId, reachable: bool) -> None:
        self.tell(events.PhoneChanged(agent, reachable))

    @rule(up=st.booleans())
    def the_link_changes(self, up: bool) -> None:
        self.tell(events.LinkChanged(up))

    @precondition(lambda self: self.legs)
    @rule(pick=st.integers(0, 99), how=st.sampled_from(list(OfferEnd)))
    def a_ringing_leg_ends(self, pick: int, how: OfferEnd) -> None:
        offer = list(self.legs)[pick % len(self.legs)]
        held = self.engine.offers.get(offer)
        if held is None or held.answered_at is None:
            del self.legs[offer]
            self.tell(events.OfferEnded(offer, how))

    @precondition(lambda self: self.legs)
    @rule(pick=st.integers(0, 99), told=st.booleans())
    def a_leg_is_answered(self, pick: int, told: bool) -> None:
        offer = list(self.legs)[pick % len(self.legs)]
        if told and self.legs[offer] in self.engine.contacts:
            self.tell(events.OfferAnswered(self.legs[offer], offer))

    @precondition(lambda self: self.legs)
    @rule(pick=st.integers(0, 99), back=st.booleans())
    def a_talk_ends(self, pick: int, back: bool) -> None:
        offer = list(self.legs)[pick % len(self.legs)]
        held = self.engine.offers.get(offer)
        if held and held.answered_at is not None:
            contact = self.legs.pop(offer)
            self.tell(events.LegEnded(contact, offer))
            self.tell(events.Returned(contact) if back else events.CallerLeft(contact))

    @rule(pick=st.integers(0, 99), lost=st.booleans())
    def a_caller_leaves(self, pick: int, lost: bool) -> None:
        if self.engine.contacts:
            ids = list(self.engine.contacts)
            self.tell(events.CallerLeft(ids[pick % len(ids)], lost))

    @rule(seconds=st.sampled_from([0.001, 1.0, 5.0, 16.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.tell(events.TimePassed())

    # ---- what must hold

    @invariant()
    def every_contact_is_in_exactly_one_place(self) -> None:
        assert len(self.closed) == len(set(self.closed))
        assert self.arrived == len(self.engine.contacts) + len(self.closed)

    @invariant()
    def no_contact_holds_two_offers_and_no_agent_two_contacts(self) -> None:
        live = [offer for offer in self.engine.offers.values() if not offer.withdrawn]
        assert len({offer.contact for offer in live}) == len(live)
        holders = [agent.offer for agent in self.engine.agents.values() if agent.offer]
        assert len(set(holders)) == len(holders)

    @invariant()
    def nobody_waits_while_an_agent_who_may_serve_them_is_free(self) -> None:
        waiting = [c for c in self.engine.contacts.values() if c.state is ContactState.WAITING]
        free = [agent for agent in self.engine.agents.values() if is_free(agent, self.now)]
        held = any(may_serve(agent, contact, self.now) for agent in free for contact in waiting)
        assert not (self.engine.link_up and held)

    @invariant()
    def keys_never_change(self) -> None:
        for id_, contact in self.engine.contacts.items():
            assert contact.order_key == self.keys[id_]

    @invariant()
    def an_agent_holds_an_offer_exactly_while_offered_or_talking(self) -> None:
        for agent in self.engine.agents.values():
            busy = agent.state in (AgentState.OFFERED, AgentState.TALKING)
            assert busy == (agent.offer is not None), agent

    @invariant()
    def the_next_deadline_lies_ahead(self) -> None:
        deadline = self.engine.next_deadline()
        assert deadline is None or deadline > self.now

    @invariant()
    def a_snapshot_holds_everything(self) -> None:
        dumped = json.loads(json.dumps(snapshot.dump(self.engine)))
        assert snapshot.dump(snapshot.load(CENTRE, dumped, self.now)) == snapshot.dump(self.engine)


TestDay = Day.TestCase
TestDay.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
