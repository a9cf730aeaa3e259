"""The estimates of all queues, told by the engine what happens: of calls, and of chats.

    engine.waits = Waits(centre)            # part of the engine's state from now on
    engine.waits.range(engine, contact, now)
    engine.waits.as_chat(engine, contact, now)    # if it went on as a chat now, by its key

What a contact's wait is made of stands in `acd.estimate`; this is only who tells it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from acd import events
from acd.commands import Command, Offer
from acd.config import Centre
from acd.estimate import Estimate, Range
from acd.floor import Floor
from acd.handling import Handling
from acd.match import NEVER, can_reach, leaves_room, takes_contacts
from acd.model import (
    CALLED_OUT,
    COLLEAGUE,
    Agent,
    AgentId,
    Contact,
    ContactId,
    Lane,
    Medium,
    OfferId,
    OrderKey,
    QueueId,
    Rule,
    Seconds,
)
from acd.place import Competition, Demand
from acd.prediction import Standing
from acd.states import AgentState, ContactState

VOICE, CHAT = Medium.VOICE, Medium.CHAT  # enums are slow to look into on Python 3.11
IN_LINE = (ContactState.WAITING, ContactState.RINGING)
IN_TURN = (Rule.ORDER, Rule.PREFERRED, Rule.ELSEWHERE)
"""Offers by these rules go to the first of those whom the agent may serve."""
WORKING = (AgentState.READY, AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP)


class Waits:
    """Two estimates a queue, and who is in line."""

    def __init__(self, centre: Centre) -> None:
        self.estimates = {queue: Estimate() for queue in centre.queues}
        """Of all contacts but chats."""
        self.chats = {queue: Estimate() for queue in centre.queues}
        self._in_line: dict[ContactId, tuple[Demand, OrderKey]] = {}
        self._keys: dict[Demand, list[OrderKey]] = {}
        self._handling = Handling()
        self._rule(centre)

    def use(self, centre: Centre, engine: Floor) -> None:
        """Go by these rules from now on."""
        self._rule(centre)
        self._look_at_agents(engine)

    def _rule(self, centre: Centre) -> None:
        for queue in centre.queues:
            for medium in (VOICE, CHAT):
                self.of(queue, medium)
        self._competition = Competition(centre)
        self._members = centre.agents
        self._here: dict[AgentId, Mapping[QueueId, Seconds]] = {}
        """Who will take contacts, and of which queues."""

    # ---- what is asked

    def of(self, queue: QueueId, medium: Medium) -> Estimate:
        """The estimate of contacts of this medium in this queue."""
        return self._all(medium).setdefault(queue, Estimate())

    def of_queue(self, queue: QueueId) -> list[Estimate]:
        """Those of calls and of chats, as far as the queue is known."""
        return [each[queue] for each in (self.estimates, self.chats) if queue in each]

    def _all(self, medium: Medium) -> dict[QueueId, Estimate]:
        return self.chats if medium is CHAT else self.estimates

    def range(self, engine: Floor, contact: Contact, now: Seconds) -> Range | None:
        """How much longer this contact will wait; None: unknown."""
        if contact.lane is Lane.DEFERRED:
            return None  # as long as was promised
        estimate = self._all(contact.medium).get(contact.queue)
        return estimate.range(self.standing(engine, contact, now)) if estimate else None

    def as_chat(self, engine: Floor, contact: Contact, now: Seconds, more: int = 0) -> Range | None:
        """The same if it went on as a chat now, with the key that it has, where nobody has room
        just now. `more`: so many more would be ahead of it."""
        estimate = self.chats.get(contact.queue)
        found = self.standing(engine, contact, now, CHAT)
        if more:
            phases = tuple((at, able, load + more) for at, able, load in found.phases)
            found = replace(found, place=found.place + more, phases=phases)
        return estimate.range(found) if estimate else None

    def place(self, contact: Contact) -> int:
        """1 + the number ahead that compete for the same agents."""
        return self._competition.place(_demand(contact), contact.order_key, self._keys)

    def standing(
        self, engine: Floor, contact: Contact, now: Seconds, medium: Medium | None = None
    ) -> Standing:
        """Nobody is free for who waits; when it rings, whoever stands before does not matter."""
        demand = _demand(contact, medium)
        key, credit = contact.order_key, contact.credit
        chat, call = (self._all(one).get(contact.queue) for one in (CHAT, VOICE))
        worth = chat.handle / call.handle if chat and call else 1.0
        found = self._competition.standing(demand, key, self._keys, 0, now, credit, worth)
        rings = contact.state is ContactState.RINGING
        return replace(found, free=found.place) if rings else found

    # ---- what is told

    def told(
        self,
        engine: Floor,
        handled: Iterable[events.Event],
        commands: Sequence[Command],
        now: Seconds,
    ) -> None:
        """The engine has handled these events of one instant."""
        looked = dict(engine.freed)
        for event in handled:
            agent = getattr(event, "agent", None)
            if agent in engine.agents:
                self._staff(engine, agent)
                looked.setdefault(agent, False)
            contact = getattr(event, "contact", None)
            if contact is not None:
                self._line(engine, contact, event, now)
            if isinstance(event, events.Started):  # no desk is open, as far as is known
                self._look_at_agents(engine)
        for moved in engine.moved:  # also whom no event names: a callback that is due, a lost leg
            self._line(engine, moved, events.TimePassed(), now)
        offers = [
            command for command in commands
            if isinstance(command, Offer) and command.rule is not Rule.OUTGOING
        ]  # fmt: skip
        for id_, had in engine.freed.items():
            self._freed(engine, id_, had, now)
        for offer in offers:
            self._staff(engine, offer.agent)
            if engine.contacts[offer.contact].lane is not Lane.DEFERRED:  # keeps nobody away
                medium = engine.offers[offer.offer].medium
                self._handling.began(offer.agent, offer.offer, medium, now)
        offered = {offer.agent: offer for offer in offers}
        for id_, offer in offered.items():
            if offer.rule in IN_TURN or offer.in_line:
                key = engine.contacts[offer.contact].order_key
                self._turned(engine, engine.agents[id_], offer.offer, key, now)
        for id_ in looked:
            if id_ not in offered and id_ in engine.agents:
                self._turned(engine, engine.agents[id_], None, None, now)

    def _line(self, engine: Floor, id_: ContactId, event: events.Event, now: Seconds) -> None:
        """Put the contact in line, or take it out, as its state is now."""
        contact, known = engine.contacts.get(id_), self._in_line.get(id_)
        if contact and not _stands_in_line(contact):
            return
        stands = (_demand(contact), contact.order_key) if contact else None
        if known and (contact is None or contact.state not in IN_LINE or stands != known):
            self._leave(id_, event, now)
        if contact and stands and contact.state in IN_LINE and id_ not in self._in_line:
            estimate = self.of(contact.queue, contact.medium)
            standing = self.standing(engine, contact, now)
            estimate.arrived(id_, stands[1], contact.credit, standing, now, stands[0])
            self._in_line[id_] = stands
            self._competition.forget()
            insort(self._keys.setdefault(stands[0], []), stands[1])

    def _leave(self, id_: ContactId, event: events.Event, now: Seconds) -> None:
        demand, key = self._in_line.pop(id_)
        self._competition.forget()
        keys = self._keys[demand]
        del keys[bisect_left(keys, key)]
        if not keys:
            del self._keys[demand]
        estimate = self.of(demand.queue, demand.medium)
        if isinstance(event, events.OfferAnswered | events.LegEnded):
            estimate.started(id_, now)
        elif isinstance(event, events.CallerLeft) and not event.lost:
            estimate.abandoned(id_, now)
        else:
            estimate.forget(id_)

    def _freed(self, engine: Floor, id_: AgentId, had: bool, now: Seconds) -> None:
        """The agent has done with a contact; `had`: it was theirs, and is a handling time."""
        self._staff(engine, id_)
        agent = engine.agents.get(id_)
        over = self._handling.over(id_, agent.works if agent else ())
        for began in over if agent and had else ():
            for queue in agent.queues if agent else ():
                self.of(queue, began.medium).served(now - began.at, now)

    def _turned(
        self,
        engine: Floor,
        agent: Agent,
        offer: OfferId | None,
        key: OrderKey | None,
        now: Seconds,
    ) -> None:
        """By this offer the agent goes to the contact with this key; None: to nobody. It has passed
        all who left and whom it could have served just as well."""
        need = partial(_need, engine, agent, offer, now)
        for queue in agent.queues:
            self.of(queue, VOICE).passed(key, now, need)
            self.of(queue, CHAT).passed(key, now, need)

    def _staff(self, engine: Floor, id_: AgentId) -> None:
        """Whether this agent will take contacts, of which queues and media, as it is now."""
        agent, before = engine.agents.get(id_), self._here.get(id_)
        queues = agent.queues if agent and _stays(agent) else None
        if id_ not in self._members:
            return
        if agent:
            self._competition.see(agent)
        if queues is before:
            return
        if before is not None:
            self._competition.goes(id_, before)
            del self._here[id_]
        if queues is not None:
            self._competition.comes(id_, queues)
            self._here[id_] = queues

    def _look_at_agents(self, engine: Floor) -> None:
        for id_ in engine.agents:
            self._staff(engine, id_)

    # ---- plain data

    def plain(self) -> dict[str, Any]:
        """What `from_plain` cannot see from the engine, as plain data (JSON)."""
        return {
            "estimates": {queue: one.plain() for queue, one in self.estimates.items()},
            "chats": {queue: one.plain() for queue, one in self.chats.items()},
            "since": self._handling.plain(),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], engine: Floor) -> Waits:
        """The estimates as they were, beside an engine as it was."""
        waits = cls(engine.centre)
        waits.estimates |= {
            QueueId(queue): Estimate.from_plain(one) for queue, one in plain["estimates"].items()
        }
        chats = plain.get("chats", {})  # older versions knew no difference
        waits.chats |= {QueueId(queue): Estimate.from_plain(one) for queue, one in chats.items()}
        waits._handling.restore(plain, engine.agents)
        waits.look_around(engine)
        return waits

    def look_around(self, engine: Floor) -> None:
        """Learn who is here and who is in line from the engine itself."""
        self._look_at_agents(engine)
        for contact in engine.contacts.values():
            if contact.state in IN_LINE and _stands_in_line(contact):
                stands = self._in_line[contact.id] = (_demand(contact), contact.order_key)
                insort(self._keys.setdefault(stands[0], []), stands[1])


def _stands_in_line(contact: Contact) -> bool:
    """Whether it waits for an agent of its own, and before others: who is called by an agent, or
    asked for by one, does not, and deferred contacts are after everybody."""
    return contact.channel not in (CALLED_OUT, COLLEAGUE) and contact.lane is not Lane.DEFERRED


def _demand(contact: Contact, medium: Medium | None = None) -> Demand:
    return Demand.of(contact.queue, contact.skills, medium or contact.medium)


def _stays(agent: Agent) -> bool:
    """Whether the agent will take contacts, now or after this one."""
    return agent.state in WORKING and agent.pause_after is None and not agent.log_off_after


def _need(
    engine: Floor, agent: Agent, offer: OfferId | None, now: Seconds, demand: Demand
) -> Seconds:
    """From which wait on the agent could have been given such a contact instead of this offer."""
    held = [work.medium for id_, work in agent.works.items() if id_ != offer]
    room = leaves_room(engine.member(agent.id).capacity, held, demand.medium)
    linked = engine.is_linked(demand.medium)
    if not (room and takes_contacts(agent) and can_reach(agent, demand.medium, linked, now)):
        return NEVER
    terms = (demand.queue, demand.medium, Lane.LIVE, demand.skills)
    return engine.demands.need(agent.id, engine.demands.named(terms))
