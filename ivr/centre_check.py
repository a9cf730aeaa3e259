"""What the keys of a centre file must mean together, and what works but is hardly meant.

Each check names what it finds by the path of keys that leads to it. Faults keep the file from being
used; warnings do not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ivr import graph
from ivr.centre_keys import AgentEntry, CentreKeys, ConditionEntry, QueueEntry, RelaxEntry
from ivr.check_dispositions import dispositions
from ivr.faults import meant
from ivr.located import KeyPath

Finding = tuple[KeyPath, str]

CHANNELS = ("chat", "email", "sms")
"""Online channels that a contact may be sent to."""
WAYS_OUT = (*CHANNELS, "callback", "message")
ALWAYS = "always"
HOUSE = "house"
STANDARD = "standard"


@dataclass(frozen=True, slots=True)
class Names:
    """The names that the file has given, those of faulty entries among them."""

    queues: Collection[str]
    hours: Collection[str]
    teams: Collection[str]


def faults(file: CentreKeys, names: Names) -> Iterator[Finding]:
    """Contradictions, and names of what does not exist."""
    for name, queue in file.queues.items():
        yield from _queue(("queues", name), queue, file, names)
    yield from _circles(file)
    for id_, agent in file.agents.items():
        yield from _agent(("agents", id_), agent, names)
    if ALWAYS in file.hours:
        yield ("hours", ALWAYS), "is there without an entry, and always open: give it another name"


# ---------------------------------------------------------------- queues


def _queue(where: KeyPath, queue: QueueEntry, file: CentreKeys, names: Names) -> Iterator[Finding]:
    known = {*names.hours, ALWAYS}
    if queue.hours is not None and queue.hours not in known:
        text = f"there are no hours {queue.hours!r}{meant(queue.hours, known)}"
        yield (*where, "hours"), text
    elsewhere = queue.offer_elsewhere_after
    if elsewhere is not None and elsewhere >= queue.ring_seconds:
        text = f"never comes: a phone rings for {queue.ring_seconds:g} seconds (`ring_seconds`)"
        yield (*where, "offer_elsewhere_after"), text
    yield from _relax((*where, "relax"), queue.relax)
    yield from dispositions(where, queue)
    classes = {STANDARD, *file.classes}
    for class_ in queue.online.never if queue.online else ():
        if class_ not in classes:
            yield (
                (*where, "online", "never"),
                f"there is no class {class_!r}{meant(class_, classes)}",
            )
    for number, rule in enumerate(queue.overflow):
        here = (*where, "overflow", number)
        yield from _condition((*here, "when"), rule.when, queue, file)
        if fault := _target(str(where[-1]), rule.to, names.queues):
            yield (*here, "to"), fault


def _relax(where: KeyPath, steps: tuple[RelaxEntry, ...]) -> Iterator[Finding]:
    enough: dict[str, int] = {}
    before = -1.0
    for number, step in enumerate(steps):
        if step.after <= before:
            text = f"must be later than the step before, which is at {before:g}"
            yield (*where, number, "after"), text
        before = step.after
        for skill, level in step.skills.items():
            if level > enough.get(skill, 10):
                text = f"asks for more than a step before ({enough[skill]}); steps only relax"
                yield (*where, number, "skills", skill), text
            enough[skill] = min(level, enough.get(skill, level))


def _condition(
    where: KeyPath, when: ConditionEntry, queue: QueueEntry, file: CentreKeys
) -> Iterator[Finding]:
    if not when.model_dump(exclude_none=True):
        known = ", ".join(ConditionEntry.model_fields)
        yield where, f"say when, by at least one of: {known}"
    if when.closed is not None and queue.hours in (None, ALWAYS):
        yield (*where, "closed"), "the queue is never closed: give it `hours`"
    if when.holiday is not None:
        if queue.hours in (None, ALWAYS):
            yield (*where, "holiday"), "the queue knows no holidays: give it `hours` that have them"
        elif (hours := file.hours.get(queue.hours or "")) and not hours.holidays:
            yield (*where, "holiday"), f"hours.{queue.hours} have no `holidays`"


def _target(queue: str, to: str, queues: Collection[str]) -> str:
    if to == queue:
        return "leads back to its own queue"
    if to in queues and to in WAYS_OUT:
        return f"{to!r} is both a queue and a way out; call the queue otherwise"
    if to not in queues and to not in WAYS_OUT:
        return f"{to!r} is no queue, nor a way out{meant(to, {*queues, *WAYS_OUT} - {queue})}"
    return ""


def _circles(file: CentreKeys) -> Iterator[Finding]:
    arrows = {
        name: {
            str(number): rule.to
            for number, rule in enumerate(queue.overflow)
            if rule.to in file.queues and rule.to != name
        }
        for name, queue in file.queues.items()
    }
    for way in graph.loops(arrows, (), ""):
        first, second = way[0], way[1]
        number = next(int(n) for n, to in arrows[first].items() if to == second)
        text = f"leads round in a circle: {' -> '.join([*way, first])}"
        yield ("queues", first, "overflow", number, "to"), text


# ---------------------------------------------------------------- agents and classes


def _agent(where: KeyPath, agent: AgentEntry, names: Names) -> Iterator[Finding]:
    teams = {*names.teams, HOUSE}
    if agent.team not in teams:
        yield (*where, "team"), f"there is no team {agent.team!r}{meant(agent.team, teams)}"
    for queue in agent.queues:
        if queue not in names.queues:
            text = f"there is no queue {queue!r}{meant(queue, names.queues)}"
            yield (*where, "queues", queue), text
    capacity = agent.capacity
    if not (capacity.voice or capacity.chat or capacity.mail):
        yield (*where, "capacity"), "leaves room for nothing: give room for voice, chat or mail"


def _staff(file: CentreKeys) -> Counter[str]:
    """How many agents serve each queue."""
    staff = Counter(dict.fromkeys(file.queues, 0))
    staff.update(queue for agent in file.agents.values() for queue in agent.queues)
    return staff


def _reserves(file: CentreKeys) -> Iterator[Finding]:
    (queue, most), *_ = _staff(file).most_common(1) or [("", 0)]
    for name, class_ in file.classes.items():
        if file.agents and class_.reserve > most:
            text = f"no queue has so many agents (the largest, {queue!r}, has {most})"
            yield ("classes", name, "reserve"), text


# ---------------------------------------------------------------- warnings


def warnings(file: CentreKeys) -> Iterator[Finding]:
    """What works, but leaves somebody without service or has no effect."""
    yield from _reserves(file)
    staff = _staff(file)
    reserved = {name: entry.reserve for name, entry in file.classes.items() if entry.reserve}
    for name, queue in file.queues.items():
        where = ("queues", name)
        members = [agent for agent in file.agents.values() if name in agent.queues]
        if not members:
            yield where, "no agent serves this queue"
            continue
        if reserved and staff[name] <= sum(reserved.values()):
            text = f"all {staff[name]} agents are reserved ({', '.join(reserved)})"
            yield where, f"{text}: customers of other classes get one agent at most"
        yield from _skills_without_agents((*where, "relax"), queue.relax, members, file)
        if queue.partner_after and not any(_is_partner(agent, file) for agent in members):
            yield (*where, "partner_after"), "no agent of this queue is of a partner team"
    for id_, agent in file.agents.items():
        if not agent.queues:
            yield ("agents", id_), "serves no queue"


def _skills_without_agents(
    where: KeyPath, steps: tuple[RelaxEntry, ...], members: list[AgentEntry], file: CentreKeys
) -> Iterator[Finding]:
    known = {skill for agent in file.agents.values() for skill in agent.skills}
    for number, step in enumerate(steps):
        for skill, level in step.skills.items():
            best = max((agent.skills.get(skill, 0) for agent in members), default=0)
            here = (*where, number, "skills", skill)
            if not best:
                yield here, f"no agent of this queue has this skill{meant(skill, known - {skill})}"
            elif level > best:
                yield here, f"no agent of this queue has more than {best}"


def _is_partner(agent: AgentEntry, file: CentreKeys) -> bool:
    return agent.team in file.teams and file.teams[agent.team].partner
