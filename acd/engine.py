"""The routing engine: told what happened and what time it is, it says what to do.

    commands = engine.handle(event, now)
    engine.next_deadline()      # come back with TimePassed by then

It does no I/O and knows no clock: the same events at the same times give the same commands, in
service, in simulation and in a replay of the journal. One writer calls it (`ivr.distributor`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from acd import agents, events
from acd.commands import Close, Command, ContactEnd, Offer, Withdraw
from acd.events import Event, OfferEnd
from acd.match import pairs
from acd.model import (
    Agent,
    Centre,
    Contact,
    ContactId,
    OfferId,
    OfferMade,
    Queue,
    QueueId,
    Seconds,
)
from acd.states import ContactState, ForbiddenMove, after_contact

DECLINE_REST: Seconds = 10.0
"""How long an agent is not offered a contact that they declined."""
PHONE_REST: Seconds = 5.0
"""How long an agent whose phone was busy or out of reach is offered nothing."""
CONFIRM_SECONDS: Seconds = 3.0
"""How long to wait for the end of a withdrawn leg before asking for it again."""
REMEMBER_SECONDS: Seconds = 3600.0
"""How long the id of an ended contact is known, so that late news of it changes nothing."""

ENDINGS = {
    ContactState.ARRIVING: ContactEnd.LEFT,
    ContactState.WAITING: ContactEnd.ABANDONED,
    ContactState.RINGING: ContactEnd.ABANDONED,
    ContactState.TALKING: ContactEnd.SERVED,
    ContactState.AFTER: ContactEnd.SERVED,
}


class Engine:
    """Contacts, agents and the offers between them. The only mutable object in `acd`."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.epoch = 0
        self.seq = 0
        self.link_up = False
        self.changed = False
        """Whether the last event was news; what was not need not be journaled."""
        self.contacts: dict[ContactId, Contact] = {}
        self.offers: dict[OfferId, OfferMade] = {}
        self.ended: dict[ContactId, Seconds] = {}
        self.agents = {id_: Agent(id_, queues) for id_, queues in centre.agents.items()}
        self._commands: list[Command] = []

    # ---------------------------------------------------------------- the three public calls

    def handle(self, event: Event, now: Seconds) -> list[Command]:
        """What to do about this event. `ForbiddenMove`: the request is refused, nothing changed."""
        self._commands = []
        self.changed = _RULES[type(event)](self, event, now)
        if not self.changed:
            return []
        self._pass_time(now)
        if self.link_up:
            self._assign(now)
        return self._commands

    def next_deadline(self) -> Seconds | None:
        """When to come back with `TimePassed` if nothing happens sooner; None: no need to."""
        ringing = [offer for offer in self.offers.values() if offer.answered_at is None]
        times = [offer.rings_until for offer in ringing if self.link_up]
        times += [
            ends for agent in self.agents.values() if (ends := agent.wrap_up_ends) is not None
        ]
        if any(contact.state is ContactState.WAITING for contact in self.contacts.values()):
            times += [agent.rests_until for agent in self.agents.values() if agent.rests_until]
            times += [end for contact in self.contacts.values() for end in contact.rests.values()]
        return min(times, default=None)

    def waiting(self) -> list[Contact]:
        """The contacts that wait or ring, in the order in which they will be served."""
        states = (ContactState.WAITING, ContactState.RINGING)
        found = [contact for contact in self.contacts.values() if contact.state in states]
        return sorted(found, key=lambda contact: contact.order_key)

    # ---------------------------------------------------------------- facts about the engine itself

    def _started(self, event: events.Started, now: Seconds) -> bool:
        self.epoch = max(self.epoch, event.epoch)
        self.link_up = False
        return True

    def _link_changed(self, event: events.LinkChanged, now: Seconds) -> bool:
        was, self.link_up = self.link_up, event.up
        return was != event.up

    def _time_passed(self, event: events.TimePassed, now: Seconds) -> bool:
        return True

    # ---------------------------------------------------------------- facts about contacts

    def _arrived(self, event: events.Arrived, now: Seconds) -> bool:
        self._forget(now)
        if known := self.contacts.get(event.contact):
            # May be older than their talk, so it brings nobody back; `Reached` does.
            arriving = known.state is ContactState.ARRIVING
            return event.waits and arriving and self._reached(events.Reached(known.id), now)
        if event.contact in self.ended:
            return False
        self.seq += 1
        self.contacts[event.contact] = Contact(
            id=event.contact,
            queue=event.queue,
            entered_at=event.entered_at,
            seq=self.seq,
            channel=event.channel,
            class_=event.class_,
            credit=self.centre.credits.get(event.class_, 0.0),
            language=event.language,
            skills=dict(event.skills),
            state=ContactState.WAITING if event.waits else ContactState.ARRIVING,
        )
        return True

    def _reached(self, event: events.Reached, now: Seconds) -> bool:
        contact = self.contacts.get(event.contact)
        if contact and contact.state is ContactState.ARRIVING:
            contact.state = after_contact(contact.state, "reach")
            return True
        # No leg, and the caller still reports from the waiting loop: they are back.
        talked = contact and contact.state in (ContactState.TALKING, ContactState.AFTER)
        if contact and talked and contact.offer is None:
            contact.state = after_contact(contact.state, "back")
            return True
        return False

    def _returned(self, event: events.Returned, now: Seconds) -> bool:
        contact = self.contacts.get(event.contact)
        if contact is None or contact.state not in (ContactState.TALKING, ContactState.AFTER):
            return False
        if event.offer and event.offer != contact.talked:
            return False  # late news of an earlier talk
        contact.state, contact.offer = after_contact(contact.state, "back"), None
        return True

    def _taken_by_fallback(self, event: events.TakenByFallback, now: Seconds) -> bool:
        contact = self.contacts.get(event.contact)
        if contact is None or contact.state is not ContactState.WAITING:
            return False
        contact.state = after_contact(contact.state, "answer")
        return True

    def _caller_left(self, event: events.CallerLeft, now: Seconds) -> bool:
        contact = self.contacts.pop(event.contact, None)
        if contact is None:
            return False
        how = ContactEnd.LOST if event.lost else ENDINGS[contact.state]
        offer = self.offers.get(contact.offer) if contact.offer else None
        contact.state = after_contact(contact.state, "leave")
        self.ended[contact.id] = now
        if offer and offer.answered_at is None:
            self._withdraw(offer, "caller left", now)
        self._commands.append(Close(contact.id, how))
        return True

    # ---------------------------------------------------------------- facts about offers

    def _offer_answered(self, event: events.OfferAnswered, now: Seconds) -> bool:
        offer, contact = self.offers.get(event.offer), self.contacts.get(event.contact)
        if offer is None or offer.answered_at is not None:
            return False
        offer.answered_at, offer.withdrawn = now, ""
        agents.answered(self.agents[offer.agent], offer.id, now)
        if contact is None:
            return True  # the caller left in the same instant: the leg's end will follow
        if contact.offer and contact.offer != offer.id:
            self._withdraw(self.offers[contact.offer], "answered elsewhere", now)
        if contact.state in (ContactState.WAITING, ContactState.RINGING):
            contact.state = after_contact(contact.state, "answer")
        contact.offer = contact.talked = offer.id
        return True

    def _offer_ended(self, event: events.OfferEnded, now: Seconds) -> bool:
        offer = self.offers.pop(event.offer, None)
        if offer is None:
            return False
        how = OfferEnd.RELEASED if offer.withdrawn else event.how
        how = OfferEnd.RANG_OUT if offer.withdrawn == OfferEnd.RANG_OUT else how
        agent, contact = self.agents[offer.agent], self.contacts.get(offer.contact)
        agents.offer_over(agent, offer.id, how, now, rest_until=now + PHONE_REST)
        if contact is None or contact.offer != offer.id:
            return True
        contact.offer = None
        if contact.state in (ContactState.RINGING, ContactState.TALKING):
            move = "offer over" if contact.state is ContactState.RINGING else "back"
            contact.state = after_contact(contact.state, move)
        if how is OfferEnd.DECLINED:
            contact.rests[agent.id] = now + DECLINE_REST
        return True

    def _leg_ended(self, event: events.LegEnded, now: Seconds) -> bool:
        self._offer_answered(events.OfferAnswered(event.contact, event.offer), now)
        offer, contact = self.offers.pop(event.offer, None), self.contacts.get(event.contact)
        if offer is None:
            return False
        agents.talk_over(self.agents[offer.agent], offer.id, now, self._wrap_up(offer, contact))
        if contact and contact.offer == offer.id:
            contact.offer = None
            contact.state = after_contact(contact.state, "leg ended")
        return True

    # ---------------------------------------------------------------- facts and requests of agents

    def _phone_changed(self, event: events.PhoneChanged, now: Seconds) -> bool:
        agent = self.agents.get(event.agent)
        if agent is None or agent.reachable == event.reachable:
            return False
        agent.reachable = event.reachable
        return True

    def _requested(self, event: events.Request, now: Seconds) -> bool:
        if event.agent not in self.agents:
            raise ForbiddenMove(f"there is no agent {event.agent}")
        agents.REQUESTS[type(event)](self.agents[event.agent], event, self.centre, now)
        return True

    # ---------------------------------------------------------------- what follows from every event

    def _pass_time(self, now: Seconds) -> None:
        for offer in self.offers.values() if self.link_up else ():
            if offer.answered_at is None and offer.rings_until <= now:
                self._withdraw(offer, offer.withdrawn or OfferEnd.RANG_OUT, now)
        for agent in self.agents.values():
            if agent.wrap_up_ends is not None and agent.wrap_up_ends <= now:
                agents.wrap_up_over(agent, now)
            if agent.rests_until <= now:
                agent.rests_until = 0.0
        for contact in self.contacts.values():
            for id_ in [id_ for id_, until in contact.rests.items() if until <= now]:
                del contact.rests[id_]

    def _assign(self, now: Seconds) -> None:
        for contact, agent in pairs(self.contacts.values(), self.agents.values(), now):
            contact.offers_made += 1
            id_ = OfferId(f"{self.epoch}.{contact.seq}.{contact.offers_made}")
            ring = self._queue(contact.queue).ring_seconds
            self.offers[id_] = OfferMade(id_, contact.id, agent.id, now, now + ring)
            contact.state, contact.offer = after_contact(contact.state, "offer"), id_
            agents.offered(agent, id_, now)
            self._commands.append(Offer(id_, contact.id, agent.id, ring))

    def _withdraw(self, offer: OfferMade, reason: str, now: Seconds) -> None:
        offer.withdrawn = reason
        offer.rings_until = now + CONFIRM_SECONDS
        self._commands.append(Withdraw(offer.id, offer.contact, offer.agent, reason))

    def _forget(self, now: Seconds) -> None:
        while self.ended and next(iter(self.ended.values())) < now - REMEMBER_SECONDS:
            del self.ended[next(iter(self.ended))]

    def _queue(self, id_: QueueId) -> Queue:
        return self.centre.queues.get(id_) or Queue(id_)

    def _wrap_up(self, offer: OfferMade, contact: Contact | None) -> Seconds:
        agent = self.agents[offer.agent]
        queue = contact.queue if contact else next(iter(agent.queues), QueueId(""))
        return self._queue(queue).wrap_up_seconds


_RULES: dict[type[Event], Callable[[Engine, Any, Seconds], bool]] = {
    events.Started: Engine._started,
    events.LinkChanged: Engine._link_changed,
    events.TimePassed: Engine._time_passed,
    events.Arrived: Engine._arrived,
    events.Reached: Engine._reached,
    events.Returned: Engine._returned,
    events.TakenByFallback: Engine._taken_by_fallback,
    events.CallerLeft: Engine._caller_left,
    events.OfferAnswered: Engine._offer_answered,
    events.OfferEnded: Engine._offer_ended,
    events.LegEnded: Engine._leg_ended,
    events.PhoneChanged: Engine._phone_changed,
    events.AgentLoggedIn: Engine._requested,
    events.AgentPaused: Engine._requested,
    events.AgentReady: Engine._requested,
    events.AgentLoggedOff: Engine._requested,
}
