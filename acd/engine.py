"""The routing engine: told what happened and what time it is, it says what to do.

    commands = engine.handle(event, now)
    engine.next_deadline()      # come back with TimePassed by then

It does no I/O and knows no clock: the same events at the same times give the same commands, in
service, in simulation and in a replay of the journal. One writer calls it (`ivr.distributor`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from acd import (
    agents,
    arrivals,
    consults,
    desks,
    dispositions,
    offers,
    outgoing,
    pickups,
    requests,
)
from acd.alarms import act, stands
from acd.assign import assign
from acd.commands import Command
from acd.config import Centre
from acd.deadlines import Alarm
from acd.events import (
    Arrived,
    BecameLive,
    CallerLeft,
    ConsultDropped,
    DeskChanged,
    Event,
    Held,
    LegEnded,
    LinkChanged,
    Moved,
    OfferAnswered,
    OfferEnded,
    Parked,
    PhoneAnswered,
    PhoneChanged,
    Reached,
    Resumed,
    Returned,
    Started,
    TakenByFallback,
    TakenOver,
    TimePassed,
    Transferred,
)
from acd.floor import Floor
from acd.model import Contact, Lane, Seconds
from acd.overflow import look_for_overflow
from acd.requests import AgentRequest
from acd.states import AgentState, ContactState, ForbiddenMove


class Engine(Floor):
    """Contacts, agents and the offers between them, and what follows from every event."""

    def __init__(self, centre: Centre) -> None:
        super().__init__(centre)
        self.changed = False
        """Whether the last event was news; what was not need not be journaled."""

    def handle(self, event: Event, now: Seconds) -> list[Command]:
        """What to do about this event. `ForbiddenMove`: the request is refused, nothing changed."""
        return self.handle_all((event,), now)

    def handle_all(self, events: Sequence[Event], now: Seconds) -> list[Command]:
        """The same for facts of one instant: agents who become free by them do so together."""
        self.commands = []
        self.freed.clear()
        self.moved.clear()
        self.changed = False
        for event in events:
            self.changed |= _RULES[type(event)](self, event, now)
        if not self.changed:
            return []
        for alarm, subject in self.deadlines.due(now, self._stands):
            act(self, alarm, subject, now)
        if self.link_up or not self.desks:
            assign(self, now)
            if self.overflow.contacts or self.overflow.queues:
                look_for_overflow(self, now)
        if self.waits:
            self.waits.told(self, events, self.commands, now)
        return self.commands

    def next_deadline(self) -> Seconds | None:
        """When to come back with `TimePassed` if nothing happens sooner; None: no need to."""
        return self.deadlines.next(self._stands)

    def waiting(self) -> list[Contact]:
        """The contacts that wait or ring, in the order in which they will be served; without what
        stands in line for one whose agent waits for a colleague."""
        states = (ContactState.WAITING, ContactState.RINGING)
        found = [c for c in self.contacts.values() if c.state in states and not c.stands_for]
        return sorted(found, key=lambda contact: (contact.lane is not Lane.LIVE, contact.order_key))

    def _stands(self, alarm: Alarm, subject: str, at: Seconds) -> bool:
        return stands(self, alarm, subject, at)

    # ---------------------------------------------------------------- facts about the engine itself

    def _started(self, event: Started, now: Seconds) -> bool:
        self.epoch = max(self.epoch, event.epoch)
        self.link_up, self.desks = False, event.desks
        desks.begin(self, now)
        for offer in self.offers.values():  # chats may be linked that were not
            self.rings(offer)
        return True

    def _link_changed(self, event: LinkChanged, now: Seconds) -> bool:
        if event.up == self.link_up:
            return False
        self.link_up = event.up
        for agent in list(self.agents.values()) if not self.desks else ():
            self.refresh(agent, now)
        for offer in self.offers.values() if event.up else ():
            self.rings(offer)
        return True

    def _time_passed(self, event: TimePassed, now: Seconds) -> bool:
        return True

    # ---------------------------------------------------------------- facts and requests of agents

    def _phone_changed(self, event: PhoneChanged, now: Seconds) -> bool:
        agent = self.agents.get(event.agent)
        if agent is None or agent.reachable == event.reachable:
            return False
        agent.reachable = event.reachable
        self.refresh(agent, now)
        return True

    def _agent_asks(self, event: AgentRequest, now: Seconds) -> bool:
        agent = self.agents.get(event.agent)
        if agent is None:
            raise ForbiddenMove(f"there is no agent {event.agent}")
        was, owed = agent.state, {i: w for i, w in agent.works.items() if w.owes}
        agents.REQUESTS[type(event)](agent, event, self.centre, now)
        left = {id_: work for id_, work in owed.items() if id_ not in agent.works}
        dispositions.undisposed(self, agent, left)
        if was is AgentState.WRAP_UP:
            self.freed[agent.id] = True
        comes = agent.off_duty and agent.state in (AgentState.READY, AgentState.NOT_READY)
        if was is AgentState.LOGGED_OFF or comes:
            agent.off_duty = False
            self.signed_in(agent, now)
        self.refresh(agent, now)
        return True


Handled = Callable[[Engine, Any, Seconds], bool]
_RULES: Mapping[type[Event], Handled] = {
    Started: Engine._started,
    LinkChanged: Engine._link_changed,
    TimePassed: Engine._time_passed,
    PhoneChanged: Engine._phone_changed,
    DeskChanged: desks.desk_changed,
    Arrived: arrivals.arrived,
    Reached: arrivals.reached,
    Returned: arrivals.returned,
    TakenByFallback: arrivals.taken_by_fallback,
    CallerLeft: arrivals.caller_left,
    Moved: arrivals.moved,
    Parked: arrivals.parked,
    BecameLive: arrivals.became_live,
    Transferred: arrivals.transferred,
    Held: arrivals.held,
    Resumed: arrivals.resumed,
    TakenOver: consults.taken_over,
    ConsultDropped: consults.consult_dropped,
    requests.Regraded: arrivals.regraded,
    PhoneAnswered: offers.phone_answered,
    OfferAnswered: offers.answered,
    OfferEnded: offers.over,
    LegEnded: offers.leg_ended,
    requests.PickedUp: offers.picked_up,
    requests.RingingTaken: pickups.ringing_taken,
    requests.CalledOut: outgoing.called_out,
    requests.ConsultAsked: consults.consult_asked,
    requests.ColleagueAsked: consults.colleague_asked,
    requests.TransferCompleted: consults.transfer_completed,
    requests.Disposed: dispositions.disposed,
    requests.AgentLoggedIn: Engine._agent_asks,
    requests.AgentPaused: Engine._agent_asks,
    requests.AgentReady: Engine._agent_asks,
    requests.AgentLoggedOff: Engine._agent_asks,
}
