"""When a contact should go elsewhere, by its queue's rules. The engine says so; others do it.

A rule holds when all conditions that it names hold. Of the rules that hold, the first that has not
spoken for this contact speaks; each speaks once. Contacts are looked at when they begin to wait and
nobody is free for them, when they have waited as long as a rule says, and every few seconds for
what concerns the whole queue. A contact goes on waiting, with its place, until it has moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from acd.commands import Overflow
from acd.config import Condition, Queue
from acd.deadlines import Alarm
from acd.equipment import TrunksChanged
from acd.model import DEFERRED, Contact, ContactId, Medium, QueueId, Seconds
from acd.states import AgentState, ContactState

if TYPE_CHECKING:
    from acd.floor import Floor

LOOK_SECONDS: Seconds = 5.0
"""How often the queue's own conditions are looked at while somebody waits."""


@dataclass(slots=True)
class ToLookAt:
    """Whom the overflow rules are to be asked about."""

    contacts: dict[ContactId, None] = field(default_factory=dict)
    """Contacts that have begun to wait in a queue with overflow rules."""
    queues: dict[QueueId, None] = field(default_factory=dict)
    """Queues with overflow rules that an agent has just logged off from, or that name the trunks
    when these have changed."""
    again: dict[QueueId, Seconds] = field(default_factory=dict)
    """When the rules of a queue are asked next about everybody in it."""


def look_for_overflow(floor: Floor, now: Seconds) -> None:
    """Look at the contacts that have begun to wait and still do, and at queues left alone."""
    for queue in list(floor.overflow.queues) if floor.link_up else ():
        del floor.overflow.queues[queue]
        look_at_queue(floor, floor.queue(queue), now)
    for id_ in list(floor.overflow.contacts):
        contact = floor.contacts.get(id_)
        if contact and not floor.is_linked(contact.medium):
            continue  # nobody there can be led anywhere just now
        del floor.overflow.contacts[id_]
        if contact and contact.state is ContactState.WAITING and contact.lane is not DEFERRED:
            look(floor, contact, now)
            _come_back(floor, contact, now)


def look(floor: Floor, contact: Contact, now: Seconds, seen: Seen | None = None) -> None:
    """Say where this waiting contact should go, if a rule holds."""
    queue = floor.queue(contact.queue)
    seen = seen or Seen(floor, queue, now)
    for number, rule in enumerate(queue.overflow):
        if contact.overflowed >> number & 1:
            continue
        reasons = list(_reasons(floor, seen, rule.when, contact, now))
        if None not in reasons:
            contact.overflowed |= 1 << number
            why = ", ".join(reason for reason in reasons if reason)
            floor.commands.append(Overflow(contact.id, rule.to, why))
            return


def way_out(floor: Floor, queue: QueueId, class_: str, now: Seconds) -> str:
    """Where a call would be sent that came to this queue now; empty: it should wait. Changes
    nothing, and says nothing where an agent is free at once: the rules are for those who wait."""
    rules = floor.queue(queue)
    if not rules.overflow or _is_free(floor, queue):
        return ""
    credit = floor.centre.credit(class_)
    caller = Contact(ContactId(""), queue, now, floor.seq + 1, class_=class_, credit=credit)
    seen = Seen(floor, rules, now)
    for rule in rules.overflow:
        if None not in _reasons(floor, seen, rule.when, caller, now):
            return rule.to
    return ""


def _is_free(floor: Floor, queue: QueueId) -> bool:
    """Whether an agent may take a call of this queue now, without it having waited."""
    openings = floor.openings[Medium.VOICE].agents
    return any(floor.agents[agent].queues.get(queue) == 0.0 for agent in openings)


def look_at_queue(floor: Floor, queue: Queue, now: Seconds) -> None:
    """Look at everybody who waits in this queue, and again after a while."""
    floor.overflow.again.pop(queue.id, None)
    seen = Seen(floor, queue, now)
    for contact in seen.waiting:
        if not contact.stands_for:
            look(floor, contact, now, seen)
    if seen.waiting:
        _look_again(floor, queue.id, now + LOOK_SECONDS)


def trunks_changed(floor: Floor, event: TrunksChanged, now: Seconds) -> bool:
    """The last channel of all trunks is taken, or one is free again: rules that name it look."""
    if event.busy == floor.trunks_busy:
        return False
    floor.trunks_busy = event.busy
    for queue in floor.centre.queues.values():
        if any(rule.when.trunks_busy is not None for rule in queue.overflow):
            floor.overflow.queues[queue.id] = None
    return True


def _come_back(floor: Floor, contact: Contact, now: Seconds) -> None:
    queue = floor.queue(contact.queue)
    for rule in queue.overflow:
        if rule.when.waited is not None and contact.entered_at + rule.when.waited > now:
            floor.deadlines.add(contact.entered_at + rule.when.waited, Alarm.OVERFLOW, contact.id)
    if queue.id not in floor.overflow.again:
        _look_again(floor, queue.id, now + LOOK_SECONDS)


def _look_again(floor: Floor, queue: QueueId, at: Seconds) -> None:
    floor.overflow.again[queue] = at
    floor.deadlines.add(at, Alarm.OVERFLOW_QUEUE, queue)


# ---------------------------------------------------------------- conditions


class Seen:
    """What is the same for all who wait in a queue, found out once for all of them."""

    def __init__(self, floor: Floor, queue: Queue, now: Seconds) -> None:
        self._floor, self._queue, self._now = floor, queue, now

    @cached_property
    def waiting(self) -> list[Contact]:
        """Who is there: deferred work waits for hours, and says nothing of how full it is."""
        line = (contact for contact in self._floor.lines if contact.queue == self._queue.id)
        return [contact for contact in line if contact.lane is not DEFERRED]

    @cached_property
    def longest_wait(self) -> Seconds:
        return self._now - min((c.entered_at for c in self.waiting), default=self._now)

    @cached_property
    def nobody(self) -> bool:
        agents, queue = self._floor.agents.values(), self._queue.id
        return not any(queue in a.queues and a.state is not AgentState.LOGGED_OFF for a in agents)

    @cached_property
    def closed(self) -> bool:
        hours = self._queue.hours
        return hours is not None and not hours.is_open(self._now)

    @cached_property
    def holiday(self) -> bool:
        hours = self._queue.hours
        return hours is not None and hours.is_holiday(self._now)


def _reasons(
    floor: Floor, seen: Seen, when: Condition, contact: Contact, now: Seconds
) -> Iterator[str | None]:
    """Of each condition that is named why it holds; None where one does not."""
    if when.waited is not None:
        yield _at_least("has waited", now - contact.entered_at, when.waited)
    if when.longest_wait is not None:
        yield _at_least("the longest wait is", seen.longest_wait, when.longest_wait)
    if when.predicted_wait is not None:
        predicted = _predicted(floor, contact, now)
        yield _at_least("the wait would be", predicted, when.predicted_wait)
    if when.length is not None:
        others = len(seen.waiting) - (contact.state is ContactState.WAITING)
        yield f"{others} others wait" if others >= when.length else None
    if when.nobody is not None:
        yield _is("nobody is logged in", seen.nobody, when.nobody)
    if when.closed is not None:
        yield _is("the queue is closed", seen.closed, when.closed)
    if when.holiday is not None:
        yield _is("it is a holiday", seen.holiday, when.holiday)
    if when.trunks_busy is not None:
        yield _is("all trunks are busy", floor.trunks_busy, when.trunks_busy)


def _predicted(floor: Floor, contact: Contact, now: Seconds) -> Seconds | None:
    """The middle of the estimate of the contact's wait; None: unknown."""
    found = floor.waits.range(floor, contact, now) if floor.waits else None
    return found.middle if found else None


def _at_least(what: str, seconds: Seconds | None, limit: Seconds) -> str | None:
    if seconds is None or seconds < limit:
        return None
    return f"{what} {seconds:.0f} s, {limit:g} or more"


def _is(what: str, is_so: bool, wanted: bool) -> str | None:
    if is_so is not wanted:
        return None
    return what if wanted else f"not so: {what}"
