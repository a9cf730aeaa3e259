"""The estimates of all queues, told by the engine what happens.

    engine.waits = Waits(centre)            # part of the engine's state from now on
    engine.waits.range(engine, contact, now)

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
from acd.match import NEVER, can_reach, leaves_room, takes_contacts
from acd.model import (
    CALLED_OUT,
    COLLEAGUE,
    Agent,
    AgentId,
    Contact,
    ContactId,
    Lane,
    OfferId,
    OrderKey,
    QueueId,
    Rule,
    Seconds,
)
from acd.place import Competition, Demand
from acd.prediction import Standing
from acd.states import AgentState, ContactState

IN_LINE = (ContactState.WAITING, ContactState.RINGING)
IN_TURN = (Rule.ORDER, Rule.PREFERRED, Rule.ELSEWHERE)
"""Offers by these rules go to the first of those whom the agent may serve."""
WORKING = (AgentState.READY, AgentState.OFFERED, AgentState.TALKING, AgentState.WRAP_UP)


class Waits:
    """One estimate a queue, and who is in line."""

    def __init__(self, centre: Centre) -> None:
        self.estimates = {queue: Estimate() for queue in centre.queues}
        self._in_line: dict[ContactId, tuple[Demand, OrderKey]] = {}
        self._keys: dict[Demand, list[OrderKey]] = {}
        self._busy_since: dict[AgentId, Seconds] = {}
        self._rule(centre)

    def use(self, centre: Centre, engine: Floor) -> None:
        """Go by these rules from now on."""
        self._rule(centre)
        for id_ in engine.agents:
            self._staff(engine, id_)

    def _rule(self, centre: Centre) -> None:
        for queue in centre.queues:
            self.estimates.setdefault(queue, Estimate())
        self._competition = Competition(centre)
        self._members = centre.agents
        self._here: dict[AgentId, Mapping[QueueId, Seconds]] = {}
        """Who will take contacts, and of which queues."""

    # ---- what is asked

    def range(self, engine: Floor, contact: Contact, now: Seconds) -> Range | None:
        """How much longer this contact will wait; None: unknown."""
        if contact.lane is Lane.DEFERRED:
            return None  # as long as was promised
        estimate = self.estimates.get(contact.queue)
        return estimate.range(self.standing(engine, contact, now)) if estimate else None

    def place(self, contact: Contact) -> int:
        """1 + the number ahead that compete for the same agents."""
        return self._competition.place(_demand(contact), contact.order_key, self._keys)

    def standing(self, engine: Floor, contact: Contact, now: Seconds) -> Standing:
        """Nobody is free for who waits; when it rings, whoever stands before does not matter."""
        demand = _demand(contact)
        key, credit = contact.order_key, contact.credit
        found = self._competition.standing(demand, key, self._keys, 0, now, credit)
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
        for moved in engine.moved:  # also whom no event names: a callback that is due, a lost leg
            self._line(engine, moved, events.TimePassed(), now)
        offered = {
            command.agent: command
            for command in commands
            if isinstance(command, Offer) and command.rule is not Rule.OUTGOING
        }
        for id_, had in engine.freed.items():
            self._freed(engine, id_, had, now)
        for id_, offer in offered.items():
            if engine.contacts[offer.contact].lane is not Lane.DEFERRED:  # keeps nobody away
                self._busy_since.setdefault(id_, now)
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
            estimate = self.estimates.setdefault(contact.queue, Estimate())
            standing = self.standing(engine, contact, now)
            estimate.arrived(id_, stands[1], contact.credit, standing, now, stands[0])
            self._in_line[id_] = stands
            insort(self._keys.setdefault(stands[0], []), stands[1])

    def _leave(self, id_: ContactId, event: events.Event, now: Seconds) -> None:
        demand, key = self._in_line.pop(id_)
        keys = self._keys[demand]
        del keys[bisect_left(keys, key)]
        if not keys:
            del self._keys[demand]
        estimate = self.estimates[demand.queue]
        if isinstance(event, events.OfferAnswered | events.LegEnded):
            estimate.started(id_, now)
        elif isinstance(event, events.CallerLeft):
            estimate.abandoned(id_, now)
        else:
            estimate.forget(id_)

    def _freed(self, engine: Floor, id_: AgentId, had: bool, now: Seconds) -> None:
        """The agent has done with a contact; `had`: it was theirs, and is a handling time."""
        self._staff(engine, id_)
        agent = engine.agents.get(id_)
        if agent and agent.works and not had:
            return  # still busy with what it had before
        began = self._busy_since.pop(id_, None)
        if agent and had and began is not None:
            for queue in agent.queues:
                self.estimates.setdefault(queue, Estimate()).served(now - began, now)

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
            self.estimates.setdefault(queue, Estimate()).passed(key, now, need)

    def _staff(self, engine: Floor, id_: AgentId) -> None:
        """Whether this agent will take contacts, and of which queues, as it is now."""
        agent, before = engine.agents.get(id_), self._here.get(id_)
        queues = agent.queues if agent and _stays(agent) else None
        if id_ not in self._members or queues is before:
            return
        if before is not None:
            self._competition.goes(id_, before)
            del self._here[id_]
        if queues is not None:
            self._competition.comes(id_, queues)
            self._here[id_] = queues

    # ---- plain data

    def plain(self) -> dict[str, Any]:
        """What `from_plain` cannot see from the engine, as plain data (JSON)."""
        return {
            "estimates": {queue: one.plain() for queue, one in self.estimates.items()},
            "busy_since": dict(self._busy_since),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], engine: Floor) -> Waits:
        """The estimates as they were, beside an engine as it was."""
        waits = cls(engine.centre)
        waits.estimates |= {
            QueueId(queue): Estimate.from_plain(one) for queue, one in plain["estimates"].items()
        }
        waits._busy_since = {AgentId(id_): at for id_, at in plain["busy_since"].items()}
        waits.look_around(engine)
        return waits

    def look_around(self, engine: Floor) -> None:
        """Learn who is here and who is in line from the engine itself."""
        for id_ in engine.agents:
            self._staff(engine, id_)
        for contact in engine.contacts.values():
            if contact.state in IN_LINE and _stands_in_line(contact):
                stands = self._in_line[contact.id] = (_demand(contact), contact.order_key)
                insort(self._keys.setdefault(stands[0], []), stands[1])


def _stands_in_line(contact: Contact) -> bool:
    """Whether it waits for an agent of its own, and before others: who is called by an agent, or
    asked for by one, does not, and deferred contacts are after everybody."""
    return contact.channel not in (CALLED_OUT, COLLEAGUE) and contact.lane is not Lane.DEFERRED


def _demand(contact: Contact) -> Demand:
    return Demand.of(contact.queue, contact.skills, contact.medium)


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
