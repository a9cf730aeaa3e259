"""Rehearsed calls: who calls, what they walk through, and what came of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from acd.model import CHATS, ContactId, Seconds
from acd.schedule import ALWAYS, Schedule
from ivr.call import take_call
from ivr.caller_lists import Listed
from ivr.centre_file import STANDARD
from ivr.faults import meant
from ivr.flow import Flow, QueueStep
from ivr.flows_in_force import only_called
from ivr.neighbours import Neighbours
from ivr.ports import CallFacts
from ivr.python_files import python_functions
from ivr.python_steps import PythonFunction
from ivr.rehearsal import supposed
from ivr.rehearsal.kept import Shelf
from ivr.rehearsal.line import Actor, Desk
from ivr.rehearsal.mocks import MockedAnswer, MockedEnd, MockedLookups, MockedPython
from ivr.rehearsal.pins import RehearsedPins
from ivr.rehearsal.promises import RehearsedCallbacks
from ivr.rehearsal.simulated_time import SimulatedTime
from ivr.rehearsal.writer import Writer
from ivr.settings import NumberEntry, Settings
from ivr.transfers import Destination, Rung
from voice.ports import Prompt

UTC = ZoneInfo("UTC")
NEVER = Schedule(UTC, ())
USUAL_TIME = datetime(2026, 3, 2, 10)  # noqa: DTZ001 (what a clock on a wall shows)
"""A Monday morning."""
CALLER_GONE, BROKE_OFF = "caller gone", "broke off"
"""How `take_call` writes into the trail that a walk ended before its step did."""


@dataclass(frozen=True, slots=True)
class Premises:
    """What rehearsed calls come to: flows, opening hours, queues, dialled numbers, classes."""

    flows: Mapping[str, Flow]
    hours: Mapping[str, Schedule]
    queues: frozenset[str]
    numbers: Mapping[str, NumberEntry]
    classes: frozenset[str] = frozenset({STANDARD})
    called: frozenset[str] = frozenset()
    """Flows that take no calls: they are walked where others call them."""
    python: Mapping[str, PythonFunction] = field(default_factory=dict)
    """What `python` steps may run."""
    destinations: Mapping[str, Destination] = field(default_factory=dict)
    """Whom `transfer` steps may ring: nobody is rung."""
    chat_queue: str = "support"
    """Where chats wait that a flow leads nowhere else."""

    @staticmethod
    def of(settings: Settings, flows: Mapping[str, Flow]) -> Premises:
        queues = frozenset(settings.centre.queues)
        classes = frozenset({STANDARD, *settings.centre.classes})
        takes = {name: flow for name, flow in flows.items() if not flow.is_called}
        called = frozenset(flows.keys() - takes.keys())
        functions, site = python_functions(settings), settings.site
        return Premises(
            takes, settings.hours, queues, site.numbers, classes, called, functions,
            site.destinations, site.chat.queue if site.chat else "support",
        )  # fmt: skip

    def why_not(self, flow: str) -> str:
        """Why nobody can walk this flow; empty when they can."""
        if flow in self.called:
            return only_called(flow, "try")
        return "" if flow in self.flows else f"there is no flow {flow!r}{meant(flow, self.flows)}"

    def zone(self) -> ZoneInfo:
        """The time zone that all opening hours share, else UTC."""
        zones = {schedule.zone for name, schedule in self.hours.items() if name != "always"}
        return zones.pop() if len(zones) == 1 else UTC

    def numbers_for(self, flow: str) -> list[str]:
        """The numbers that lead to this flow."""
        return [number for number, to in self.numbers.items() if flow in to.flows]


@dataclass(frozen=True, slots=True)
class Role:
    """Who calls: at which time, by which number, and what they do."""

    flow: str
    acts: Iterable[str] = ()
    at: Seconds | None = None
    """UTC; None: the usual time."""
    dialled: str = ""
    """Empty: the first number that leads to the flow."""
    language: str = ""
    """Empty: the number's."""
    class_: str = ""
    """Empty: the number's."""
    caller_number: str | None = None
    """None: withheld."""
    open: Mapping[str, bool] = field(default_factory=dict)
    """Opening hours, by name, that are open or closed whatever the clock shows."""
    mocks: Mapping[str, Sequence[MockedAnswer]] = field(default_factory=dict)
    """What services answer, by name, in the order in which they are asked."""
    pin: str | None = None
    """The caller's; None: they have none. `locked` and `away` stand for one that is."""
    python: Mapping[str, Sequence[MockedEnd]] = field(default_factory=dict)
    """How Python steps end, by name, in the order in which they are run."""
    callbacks: str | None = None
    """None: everybody is promised one; `full` or `away`: nobody is."""
    overflow: str = ""
    """Where the overflow rules of all queues lead; empty: callers wait."""
    broken: frozenset[str] = frozenset()
    """Steps whose effects cannot be kept."""
    listed: Listed = "none"
    """The list that the caller is on; their flow decides what becomes of it."""
    emergency: bool = False
    """Whether the house is closed in an emergency."""
    transfers: Mapping[str, Sequence[Rung]] = field(default_factory=dict)
    """How ringing each destination ends, by name, in order."""
    transfer: Rung = Rung.DONE
    """How it ends where that is not said."""
    chat: bool = False
    """Whether they write in a chat: what they do are their words."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What came of a call."""

    role: Role
    trail: tuple[str, ...]
    heard: tuple[Prompt, ...]
    done: tuple[str, ...]
    """What the caller did."""
    ends: str
    """`waiting` in a queue, `goodbye`, `hang up` (the caller did), or `broke off`."""
    queue: str
    language: str
    fault: str = ""
    """Why it broke off."""
    unmocked: tuple[str, ...] = ()
    """Services and functions that were asked and had no mock left, once for each time."""
    urgency: str = ""
    """Of the contact, in the queue."""
    told: tuple[str, ...] = ()
    """What the agent is told of values, a line each."""
    skills: Mapping[str, int] = field(default_factory=dict)
    """What is asked of the agent."""
    unasked: tuple[str, ...] = ()
    """Services, functions and destinations that have mocks left."""


def longest_walk(flows: Iterable[Flow]) -> int:
    """So many steps no walk exceeds: every way round has a step with a limit (`ivr.graph`), or an
    arrow that is gone once."""
    steps = [step for flow in flows for step in flow.steps.values()]
    once = sum(len(step.overflow) for step in steps if isinstance(step, QueueStep))
    return (sum(step.at_most or 0 for step in steps) + once + 1) * (len(steps) + 1)


class Stage:
    """Where calls are rehearsed, one after the other. Close it in the end."""

    def __init__(self, premises: Premises) -> None:
        self.premises = premises
        self.most_steps = longest_walk(premises.flows.values())
        """So many steps no call should exceed."""
        self._loop = SimulatedTime()
        self._log = _SilentLog()

    def __enter__(self) -> Stage:
        self._log.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._log.end()
        self._loop.close()

    def walk(self, role: Role) -> Walk:
        """Let this caller walk through their flow, to one end or the other."""
        line = self.line(role)
        clock = self.clock(role)
        return self.play(role, line, Desk(clock, Shelf(role.broken)), clock)

    def line(self, role: Role) -> Actor:
        """The line of this caller, or of this customer who writes."""
        facts, acts = self.facts(role), iter(role.acts)
        if role.chat:
            return Writer(facts, acts, self.most_steps, self.premises.flows[role.flow])
        return Actor(facts, acts, self.most_steps)

    def play(self, role: Role, line: Actor, desk: Desk, clock: StageClock) -> Walk:
        """The same with a line and a desk of one's own."""
        hours = {**self.premises.hours, **{n: ALWAYS if o else NEVER for n, o in role.open.items()}}
        flow = self.premises.flows[role.flow]
        self._log.faults.clear()
        lookups, desk.overflow = MockedLookups(role.mocks), role.overflow
        line.rings = {name: list(ends) for name, ends in role.transfers.items()}
        line.rings_else = role.transfer
        line.overflow = role.overflow
        python = MockedPython(self.premises.python, role.python)
        neighbours = Neighbours(
            gate=supposed.gate(role.listed, role.emergency), lookups=lookups, outbox=desk.shelf,
            python=python, pins=RehearsedPins(role.pin),
            callbacks=RehearsedCallbacks(role.callbacks), recordings=desk.shelf, seals=desk.shelf,
            destinations=self.premises.destinations, routing=supposed.Anywhere(),
        )  # fmt: skip
        trail: list[str] = []
        while not trail or line.comes_back(flow.steps.get(line.facts.step)):
            walk = take_call(line, flow, desk, clock, hours, neighbours, by_text=role.chat)
            trail += self._loop.run_until_complete(walk)
        return Walk(
            role, tuple(trail), tuple(line.heard), tuple(line.done), _end(line, trail),
            line.queue, line.language, "; ".join(self._log.faults),
            (*lookups.unmocked, *python.unmocked), line.urgency,
            desk.shelf.told(), desk.matter.skills,
            (*lookups.unasked, *python.unasked, *line.unrung),
        )  # fmt: skip

    def facts(self, role: Role) -> CallFacts:
        """What the network would say of this call, or what is known of a chat."""
        if role.chat:
            language = role.language or self.premises.flows[role.flow].languages[0]
            queue = self.premises.chat_queue
            return CallFacts(ContactId("rehearsal"), CHATS, None, queue=queue, language=language)
        dialled = role.dialled or next(iter(self.premises.numbers_for(role.flow)), "")
        entry = self.premises.numbers.get(dialled) or NumberEntry(flow=role.flow)
        return CallFacts(
            ContactId("rehearsal"), dialled, role.caller_number, queue=entry.queue,
            class_=role.class_ or entry.class_, language=role.language or entry.language,
        )  # fmt: skip

    def clock(self, role: Role) -> StageClock:
        """The clock of this call, which begins now."""
        usual = USUAL_TIME.replace(tzinfo=self.premises.zone()).timestamp()
        return StageClock(self._loop, usual if role.at is None else role.at)


class StageClock:
    """`ivr.ports.Clock` that shows a given time when the call begins, and goes on from there."""

    def __init__(self, loop: SimulatedTime, at: Seconds) -> None:
        self._loop = loop
        self._offset = at - loop.time()

    def now(self) -> Seconds:
        return round(self._loop.time() + self._offset, 3)


def _end(line: Actor, trail: list[str]) -> str:
    if trail and trail[-1].endswith(f":{BROKE_OFF}"):
        return BROKE_OFF
    if line.waits:
        return "waiting"
    if line.left:
        return "hang up"
    return "goodbye" if line.dismissed else BROKE_OFF


class _SilentLog(logging.Handler):
    """Nobody reads the log of a rehearsal; what it would say of faults is kept instead."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.faults: list[str] = []
        self._log = logging.getLogger("ivr")
        self._before = (logging.NOTSET, True)

    def begin(self) -> None:
        self._before = (self._log.level, self._log.propagate)
        self._log.setLevel(logging.ERROR)
        self._log.propagate = False
        self._log.addHandler(self)

    def end(self) -> None:
        self._log.removeHandler(self)
        level, self._log.propagate = self._before
        self._log.setLevel(level)

    def emit(self, record: logging.LogRecord) -> None:
        why = record.exc_info[1] if record.exc_info else None
        said = [type(why).__name__, str(why)] if why else [record.getMessage()]
        self.faults.append(": ".join(filter(None, said)))
