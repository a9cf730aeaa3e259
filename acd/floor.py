"""Everything there is at one instant: contacts, agents, offers, and the indexes over them.

The rules (`arrivals`, `offers`, `agents`, `assign`) change a contact or an agent and then call
`wait`, `leave` or `refresh`, which keep the indexes in step. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from acd.agents import follow
from acd.commands import Command, Offer
from acd.config import Centre, Member, Queue
from acd.deadlines import Alarm, Deadlines
from acd.demands import Demands
from acd.lines import Demand, Lines
from acd.match import VOICE, can_reach, room_for, takes_contacts
from acd.model import (
    Agent,
    AgentId,
    Contact,
    ContactId,
    Medium,
    OfferId,
    OfferMade,
    Phase,
    Place,
    QueueId,
    Rule,
    Seconds,
)  # fmt: skip
from acd.openings import Openings
from acd.overflow import ToLookAt
from acd.reserves import Reserves
from acd.states import AgentState, ContactState

if TYPE_CHECKING:
    from acd.waits import Waits

RING, ORDER, LOGGED_OFF = Alarm.RING, Rule.ORDER, AgentState.LOGGED_OFF  # enums are slow


class Floor:
    """The state of the engine. The only mutable object in `acd`, with what it is made of."""

    def __init__(self, centre: Centre) -> None:
        self.epoch = self.seq = self.offers_made = 0
        self.waits: Waits | None = None
        """The estimates of waiting, where somebody wants them: overflow rules may."""
        self.explains: Callable[[Floor, Offer, Seconds], str] | None = None
        """Who says why an offer is made; asked while everything is still as it was decided on."""
        self.link_up, self.desks, self.trunks_busy = False, True, False
        """`desks`: whether those of agents of whom nothing was told are open: see `Started`."""
        self.contacts: dict[ContactId, Contact] = {}
        self.offers: dict[OfferId, OfferMade] = {}
        self.agents: dict[AgentId, Agent] = {}
        self.ended: dict[ContactId, Seconds] = {}
        self.places: dict[ContactId, Place] = {}
        self.commands: list[Command] = []
        """What the event that is being handled has led to so far."""
        self.kept: dict[OfferId, AgentId] = {}
        """Agents who wait for a contact whose offer elsewhere is being withdrawn."""
        self.centre = centre
        self.use(centre, 0.0)

    def use(self, centre: Centre, now: Seconds) -> None:
        """Go by these rules from now on. Who is no longer in them goes when no contact is left."""
        before, self.centre = self.centre.agents, centre
        for agent in self.agents.values():
            follow(agent, before.get(agent.id), centre)
        for id_, member in centre.agents.items():
            if id_ not in self.agents:
                self.agents[id_] = Agent(id_, dict(member.queues), desk=self.desks)
        self.agents = {i: a for i, a in self.agents.items() if i in centre.agents or a.works}
        self.index(now)
        if self.waits:
            self.waits.use(centre, self)

    def index(self, now: Seconds) -> None:
        """Make all indexes from contacts and agents."""
        self.demands = Demands(self.centre)
        numbers = {name: c.reserve for name, c in self.centre.classes.items() if c.reserve}
        self.reserves = Reserves(numbers, self.offers.values())
        self.lines = Lines()
        self.held_for: dict[AgentId, dict[ContactId, Contact]] = {}
        """Contacts that are held for the agent whom their customer knows."""
        self.prefer: dict[AgentId, dict[ContactId, Contact]] = {}
        """Contacts that wait, by the agent whom their customer knows, held or not."""
        self.openings: dict[Medium, Openings] = {}
        self.fresh_agents: dict[AgentId, None] = {}
        self.fresh_contacts: dict[ContactId, None] = {}
        """Those who have changed since the last assignment; nobody else can be a new pair."""
        self.freed: dict[AgentId, bool] = {}
        """Who is done with a contact by this event; True: it was theirs, no mere consultation."""
        self.moved: dict[ContactId, None] = {}  # into the line or out of it, also by a deadline
        self.overflow = ToLookAt()
        self.ringing_long: dict[OfferId, None] = {}
        self.consulting: dict[ContactId, dict[OfferId, None]] = {}
        """Offers to agents who are asked for advice, by the contact that is talked with."""
        self.deadlines = Deadlines()
        self.deadlines.add(now, Alarm.START, "")
        for agent in self.agents.values():
            if agent.state is not AgentState.LOGGED_OFF and not agent.off_duty:
                self.signed_in(agent, now)
        self._open(VOICE, now)  # who is free is asked before the first call, too
        for contact in self.contacts.values():
            if contact.state is ContactState.WAITING:
                self.wait(contact, now)
            elif contact.state is ContactState.PARKED:
                self.parked(contact)
        for offer in self.offers.values():
            self.rings(offer)
            if offer.rule is Rule.CONSULT:
                self.consults(offer)
            if offer.id in self.kept:
                self.deadlines.add(offer.rings_until, Alarm.KEPT, offer.id)
        for agent in self.agents.values():
            self.rests(agent)

    def member(self, agent: AgentId) -> Member:
        return self.centre.agents.get(agent) or Member(agent)

    def queue(self, queue: QueueId) -> Queue:
        return self.centre.queues.get(queue) or Queue(queue)

    # ---------------------------------------------------------------- contacts

    def wait(self, contact: Contact, now: Seconds) -> None:
        """The contact waits from now on: it takes its place in line."""
        self.moved[contact.id] = None
        demand = self.demand(contact, now)
        held_until = self._held_until(contact, demand)
        if held_until > now and contact.preferred:
            self.held_for.setdefault(contact.preferred, {})[contact.id] = contact
            self.deadlines.add(held_until, Alarm.HOLD, contact.id)
        else:
            self.lines.add(contact, demand)
        if contact.preferred:
            self.prefer.setdefault(contact.preferred, {})[contact.id] = contact
        if contact.rests:
            self.deadlines.add(min(contact.rests.values()), Alarm.PAIR_REST, contact.id)
        self.fresh_contacts[contact.id] = None
        if self.queue(contact.queue).overflow and not contact.stands_for:
            self.overflow.contacts[contact.id] = None

    def leave(self, contact: Contact) -> None:
        """The contact does not wait any more."""
        self.moved[contact.id] = None
        self.lines.remove(contact)
        if contact.preferred:
            self.held_for.get(contact.preferred, {}).pop(contact.id, None)
            prefer = self.prefer.get(contact.preferred, {})
            if prefer.pop(contact.id, None) and not prefer:
                del self.prefer[contact.preferred]
        self.fresh_contacts.pop(contact.id, None)

    def is_held(self, contact: Contact) -> bool:
        """Whether the contact is held for its preferred agent."""
        preferred = contact.preferred
        return preferred is not None and contact.id in self.held_for.get(preferred, ())

    def _held_until(self, contact: Contact, demand: Demand) -> Seconds:
        """Until when to hold it for its preferred agent, if that agent is here and will do."""
        hold = self.queue(contact.queue).hold_for_preferred
        preferred = contact.preferred
        if not hold or preferred is None or preferred in contact.rests:
            return 0.0
        return contact.entered_at + hold if self.demands.need(preferred, demand) == 0.0 else 0.0

    def parked(self, contact: Contact) -> None:
        """Come back to a parked contact when it is due, or has been parked for too long."""
        until = contact.parked_until
        limit = self.parked_for_good(contact)
        self.deadlines.add(limit if until is None else until, Alarm.PARK, contact.id)

    def parked_for_good(self, contact: Contact) -> Seconds:
        """From when on a parked contact has been parked for too long."""
        own, usual = contact.park_limit, self.queue(contact.queue).park_limit
        return contact.parked_at + (usual if own is None else own)

    def demand(self, contact: Contact, now: Seconds) -> Demand:
        """What the contact asks for."""
        demand = self.demands.of(contact)
        if demand.trade.medium not in self.openings:
            self._open(demand.trade.medium, now)
        return demand

    # ---------------------------------------------------------------- agents

    def signed_in(self, agent: Agent, now: Seconds) -> None:
        """The agent has logged in, perhaps with other queues than before."""
        self.signed_off(agent, now)
        self.demands.sign_in(agent)
        self.reserves.came(agent)
        for contact in list(self.prefer.get(agent.id, {}).values()):
            self.leave(contact)
            self.wait(contact, now)

    def signed_off(self, agent: Agent, now: Seconds) -> None:
        """The agent has logged off: nothing is held for them any more."""
        self.demands.sign_off(agent.id)
        self.reserves.left(agent.id)
        for contact in self.held_for.pop(agent.id, {}).values():
            self.wait(contact, now)
        for queue in agent.queues:
            if self.queue(queue).overflow:  # the last one to go must not leave silence behind
                self.overflow.queues[queue] = None

    def refresh(self, agent: Agent, now: Seconds) -> None:
        """Something about the agent has changed: are they open, and for what?"""
        self._open_or_close(agent, now)
        for other in self.reserves.loosened(agent) if self.reserves else ():
            self.fresh_agents[other] = None

    def _open_or_close(self, agent: Agent, now: Seconds) -> None:
        id_ = agent.id
        member = self.centre.agents.get(id_)
        if member is None and not agent.works:
            self._gone(agent, now)
            return
        if agent.state is LOGGED_OFF and id_ in self.demands.reach:
            self.signed_off(agent, now)
        for medium, openings in self.openings.items():
            if member and self.has_room(agent, medium, now):
                openings.open(agent, member)
                self.fresh_agents[id_] = None
                if self.reserves:
                    self.reserves.opened(agent, medium)
            elif id_ in openings.agents:
                self._close(id_, medium)

    def has_room(self, agent: Agent, medium: Medium, now: Seconds) -> bool:
        """Whether the agent may be offered one more contact of this medium."""
        member = self.centre.agents.get(agent.id)
        known = member if agent.id in self.demands.reach and takes_contacts(agent) else None
        reached = can_reach(agent, medium, self.link_up or self.desks, now)
        return bool(known and reached and room_for(agent, known, medium))

    def is_linked(self, medium: Medium) -> bool:
        """Whether contacts of this medium can be offered now."""
        return self.link_up or (medium is not VOICE and not self.desks)

    def _close(self, agent: AgentId, medium: Medium) -> None:
        self.openings[medium].close(agent)
        if self.reserves:
            self.reserves.closed(agent, medium)

    def rings_too_long(self) -> list[OfferMade]:
        """Offers that may be taken back for an agent who is free."""
        offers = [self.offers[id_] for id_ in self.ringing_long]
        return [o for o in offers if o.rule is ORDER and o.contact in self.contacts]

    def look_for(self, contact: Contact, now: Seconds) -> None:
        """Whoever has room looks anew: this contact, which rings at somebody, may be for them."""
        self.demand(contact, now)  # its medium may be new to all agents
        for openings in self.openings.values():
            self.fresh_agents.update(dict.fromkeys(openings.agents))

    def is_open(self, agent: AgentId) -> bool:
        """Whether the agent has room for a contact of any medium."""
        return any(agent in openings.agents for openings in self.openings.values())

    def _gone(self, agent: Agent, now: Seconds) -> None:
        """Not in the rules any more, and the last contact is over."""
        for medium in self.openings:
            self._close(agent.id, medium)
        self.signed_off(agent, now)
        self.agents.pop(agent.id, None)

    def _open(self, medium: Medium, now: Seconds) -> None:
        if medium in self.openings:
            return
        strategies = {queue.strategy: None for queue in self.centre.queues.values()}
        self.openings[medium] = Openings(self.centre, strategies)
        for agent in list(self.agents.values()):
            self.refresh(agent, now)

    def consults(self, offer: OfferMade) -> None:
        """The agent of this offer is asked for advice: when the talk ends, so does the offer."""
        self.consulting.setdefault(offer.contact, {})[offer.id] = None

    # ---------------------------------------------------------------- deadlines

    def rings(self, offer: OfferMade) -> None:
        """Come back when this offer has rung long enough."""
        if offer.answered_at is None:
            self.deadlines.add(offer.rings_until, RING, offer.id)
            contact = self.contacts.get(offer.contact)
            after = self.queue(contact.queue).offer_elsewhere_after if contact else None
            if after is not None and not offer.withdrawn:
                self.deadlines.add(offer.made_at + after, Alarm.RING_ELSEWHERE, offer.id)

    def rests(self, agent: Agent) -> None:
        """Come back when the agent's wrap-up or the rest of their phone is over."""
        if agent.rests_until:
            self.deadlines.add(agent.rests_until, Alarm.PHONE_REST, agent.id)
        for work in agent.works.values():
            if work.phase is Phase.WRAP_UP:
                self.deadlines.add(work.ends_at, Alarm.WRAP_UP, agent.id)
