"""The estimates of all queues, told by the engine what happens.

    engine.waits = Waits(centre)            # part of the engine's state from now on
    engine.waits.range(engine, contact, now)

What a contact's wait is made of stands in `acd.estimate`; this is only who tells it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from acd import events
from acd.commands import Command, Offer
from acd.config import Centre
from acd.estimate import Estimate, Range
from acd.floor import Floor
from acd.model import (
    CALLED_OUT,
    COLLEAGUE,
    AgentId,
    Contact,
    ContactId,
    Lane,
    OrderKey,
    QueueId,
    Rule,
    Seconds,
)
from acd.place import Competition, Demand
from acd.prediction import Standing
from acd.states import AgentState, ContactState

IN_LINE = (ContactState.WAITING, ContactState.RINGING)
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
        self._competition = Competition(centre.agents.values())
        self._members = centre.agents
        self._here: set[AgentId] = set()

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
        demand = _demand(contact)
        free = 1 if contact.state is ContactState.RINGING else 0  # nobody is free for who waits
        return self._competition.standing(demand, contact.order_key, self._keys, free, now)

    # ---- what is told

    def told(
        self,
        engine: Floor,
        handled: Iterable[events.Event],
        commands: Sequence[Command],
        now: Seconds,
    ) -> None:
        """The engine has handled these events of one instant."""
        for event in handled:
            agent = getattr(event, "agent", None)
            if agent in engine.agents:
                self._staff(engine, agent)
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
        for id_, talked in engine.freed.items():
            self._freed(engine, id_, now, talked, turned=id_ in offered)
        for id_, offer in offered.items():
            self._busy_since.setdefault(id_, now)
            self._turned(engine, id_, engine.contacts[offer.contact].order_key, now)

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
            estimate.arrived(id_, stands[1], contact.credit, standing, now, repr(stands[0].skills))
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

    def _freed(self, engine: Floor, id_: AgentId, now: Seconds, talked: bool, turned: bool) -> None:
        """The agent has done with a contact; who has nobody to turn to has passed all who left."""
        self._staff(engine, id_)
        began, agent = self._busy_since.pop(id_, None), engine.agents.get(id_)
        if agent is None or began is None:
            return
        for queue in agent.queues if talked else ():
            self.estimates.setdefault(queue, Estimate()).served(now - began, now)
        if not turned and agent.state is AgentState.READY:
            self._turned(engine, id_, None, now)

    def _turned(self, engine: Floor, id_: AgentId, key: OrderKey | None, now: Seconds) -> None:
        for queue in engine.agents[id_].queues:
            self.estimates.setdefault(queue, Estimate()).passed(key, now)

    def _staff(self, engine: Floor, id_: AgentId) -> None:
        """Whether this agent will take contacts, as it is now."""
        agent = engine.agents.get(id_)
        here = agent is not None and agent.state in WORKING
        here = here and agent is not None and agent.pause_after is None and not agent.log_off_after
        if id_ in self._members and here is not (id_ in self._here):
            (self._competition.comes if here else self._competition.goes)(id_)
            (self._here.add if here else self._here.discard)(id_)

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
    return Demand.of(contact.queue, contact.skills)
