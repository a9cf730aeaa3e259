"""A trace replayed under a clock of its own: what would become of every contact.

The engine is the one of the service; the simulation only says what callers and agents do. Agents
are idle since 0 and accept what they are offered, customers leave when their patience ends. At one
instant answers come first, then ends of talks and of wrap-up, arrivals, patience. All times are
seconds, as the trace has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from heapq import heappop, heappush

from acd.commands import Command, Offer, Overflow, Withdraw
from acd.config import Centre, OverflowRule
from acd.engine import Engine
from acd.events import (
    AgentLoggedIn,
    Arrived,
    CallerLeft,
    Event,
    LegEnded,
    LinkChanged,
    OfferAnswered,
    OfferEnd,
    OfferEnded,
    Parked,
    PhoneChanged,
    Started,
    TimePassed,
    Transferred,
)
from acd.model import MEDIA, AgentId, ContactId, Medium, OfferId, QueueId, Seconds
from acd.states import ContactState
from acd.waits import Waits


class Outcome(StrEnum):
    """What became of a contact."""

    SERVED = "served"
    ABANDONED = "abandoned"
    OVERFLOWED = "overflowed"  # a rule of its queue sent it out of the queues
    WAITING = "waiting"  # still there when nothing more can happen


@dataclass(frozen=True, slots=True)
class Traced:
    """A contact as a trace has it. `class_` empty: of no class, without credit."""

    id: ContactId
    at: Seconds
    queue: QueueId
    handle: Seconds
    patience: Seconds | None = None
    """None: never gives up."""
    channel: str = "voice"
    class_: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    answer_after: Seconds = 0.0
    """How long a phone rings before it is answered."""


@dataclass(slots=True)
class Result:
    """What became of a contact. `ended`: of the talk, or when the contact left."""

    contact: Traced
    outcome: Outcome = Outcome.WAITING
    agent: AgentId | None = None
    started: Seconds | None = None
    ended: Seconds | None = None
    queue: QueueId | None = None
    """The queue out of which it was served."""


ANSWERED, ENDED, DUE, ARRIVED, LEFT = range(5)
"""What happens, in the order in which it happens at one instant. DUE: the engine has to look."""

Happening = tuple[Seconds, int, str, int, OfferId]
"""When, what, and whom it concerns: the agent, the number of the contact's line, the offer."""
NO_OFFER = OfferId("")
NEVER: Seconds = float("inf")
WEEK: Seconds = 8 * 86400.0
"""Opening hours have come round, estimates have forgotten everything."""
MOMENTS: Seconds = 60.0
"""More than any length of time that is not in the rules but in the engine itself."""


class Simulation:
    """One run over one trace. The engine must be new."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        if any(queue.disposition_limit for queue in engine.centre.queues.values()):
            engine.use(_disposed_in_time(engine.centre), 0.0)
        if any(rule.when.predicted_wait is not None for rule in _overflow_rules(engine.centre)):
            engine.waits = Waits(engine.centre)
        self._longest = _longest(engine.centre)
        self._settled = NEVER
        """Rules look again and again at who waits; from here on that leads to nothing new."""
        self._results: list[Result] = []
        self._numbers: dict[ContactId, int] = {}
        self._to_come: list[Happening] = []

    def run(self, trace: Iterable[Traced]) -> list[Result]:
        """The results, in the order of the trace, which must be that of time."""
        self._open()
        for contact in trace:
            self._go_on(contact.at, ARRIVED)
            self._arrive(contact)
        self._go_on(NEVER, DUE)
        return self._results

    def _open(self) -> None:
        self._tell(0.0, Started(1))
        self._tell(0.0, LinkChanged(up=True))
        for agent in sorted(self._engine.agents):
            self._tell(0.0, PhoneChanged(agent, reachable=True), AgentLoggedIn(agent))

    def _go_on(self, until: Seconds, before: int) -> None:
        """Let everything happen that comes before this."""
        while True:
            at, what = self._to_come[0][:2] if self._to_come else (NEVER, LEFT)
            due = self._engine.next_deadline()
            if due is not None and due <= self._settled and (due, DUE) < (at, what):
                at, what = due, DUE
            if (at, what) >= (until, before):
                return
            if what == DUE:
                self._look(at)
            elif what == LEFT:
                self._give_up(heappop(self._to_come)[3], at)
            else:
                self._talk(at)

    # ---------------------------------------------------------------- what people do

    def _arrive(self, contact: Traced) -> None:
        number = self._numbers[contact.id] = len(self._results)
        self._results.append(Result(contact))
        arrived = Arrived(
            contact.id, contact.queue, contact.at, contact.channel, contact.class_,
            skills=dict(contact.skills), waits=True, due_at=_due_at(contact),
        )  # fmt: skip
        self._tell(contact.at, arrived)
        if contact.patience is not None:
            heappush(self._to_come, (contact.at + contact.patience, LEFT, "", number, NO_OFFER))

    def _talk(self, now: Seconds) -> None:
        """All answers and all ends of talks of this instant."""
        events: list[Event] = []
        while self._to_come and self._to_come[0][:2] <= (now, ENDED):
            _, what, agent, number, offer = heappop(self._to_come)
            result = self._results[number]
            if what == ENDED:
                events += CallerLeft(result.contact.id), LegEnded(result.contact.id, offer)
            elif offer in self._engine.offers:
                ended = self._answer(result, offer, now)
                heappush(self._to_come, (ended, ENDED, agent, number, offer))
                events.append(OfferAnswered(result.contact.id, offer))
        self._tell(now, *events)

    def _answer(self, result: Result, offer: OfferId, now: Seconds) -> Seconds:
        made = self._engine.offers[offer]
        result.outcome, result.agent, result.queue = Outcome.SERVED, made.agent, made.queue
        result.started, result.ended = now, now + result.contact.handle
        return result.ended

    def _give_up(self, number: int, now: Seconds) -> None:
        if self._results[number].outcome is Outcome.WAITING:
            result = self._results[number]
            result.outcome, result.ended = Outcome.ABANDONED, now
            self._tell(now, CallerLeft(result.contact.id))

    # ---------------------------------------------------------------- what the engine asks for

    def _tell(self, now: Seconds, *events: Event) -> None:
        self._settled = now + self._longest
        for command in self._engine.handle_all(events, now):
            self._carry_out(command, now)

    def _look(self, now: Seconds) -> None:
        commands = self._engine.handle_all((TimePassed(),), now)
        if commands:
            self._settled = now + self._longest
        for command in commands:
            self._carry_out(command, now)

    def _carry_out(self, command: Command, now: Seconds) -> None:
        if isinstance(command, Offer):
            number = self._numbers[command.contact]
            answered = now + self._results[number].contact.answer_after
            happening = (answered, ANSWERED, command.agent, number, command.offer)
            heappush(self._to_come, happening)
        elif isinstance(command, Withdraw):
            self._tell(now, OfferEnded(command.offer, OfferEnd.RELEASED))
        elif isinstance(command, Overflow):
            self._overflow(command, now)

    def _overflow(self, command: Overflow, now: Seconds) -> None:
        """The contact goes where its queue's rules send it, if no phone rings for it meanwhile."""
        contact = self._engine.contacts.get(command.contact)
        if contact is None or contact.state is not ContactState.WAITING:
            return
        if command.to in self._engine.centre.queues:
            self._tell(now, Transferred(contact.id, QueueId(command.to)))
        else:
            result = self._results[self._numbers[contact.id]]
            result.outcome, result.ended = Outcome.OVERFLOWED, now
            # As in service: led out of the line, then gone. Nobody's patience has ended by that.
            self._tell(now, Parked(contact.id), CallerLeft(contact.id))


def _overflow_rules(centre: Centre) -> Iterator[OverflowRule]:
    return (rule for queue in centre.queues.values() for rule in queue.overflow)


def _disposed_in_time(centre: Centre) -> Centre:
    """Nobody here says what a talk came to: it is supposed to be said within the wrap-up."""
    queues = {id_: replace(q, disposition_limit=None) for id_, q in centre.queues.items()}
    return replace(centre, queues=queues)


def _longest(centre: Centre) -> Seconds:
    """When nothing but time passes for so long, nothing more can happen under these rules."""
    lengths: list[Seconds | None] = [MOMENTS]
    for queue in centre.queues.values():
        lengths += queue.ring_seconds, queue.wrap_up_seconds, queue.partner_after
        lengths += queue.hold_for_preferred, *(step.after for step in queue.relax)
    for member in centre.agents.values():
        lengths += member.queues.values()
    for when in (rule.when for rule in _overflow_rules(centre)):
        lengths += when.waited, when.longest_wait
        if (when.predicted_wait, when.closed, when.holiday) != (None, None, None):
            lengths.append(WEEK)
    return MOMENTS + max(length for length in lengths if length is not None)


def _due_at(contact: Traced) -> Seconds | None:
    """What is written waits in the deferred lane, by its age; nobody waits on the line for it."""
    return contact.at if MEDIA.get(contact.channel) is Medium.MAIL else None
