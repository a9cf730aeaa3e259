"""`centre.yaml` -> the rules of the house. Whoever reads it gets all of it, or all its faults.

    centre, schedules, warnings = centre_file.read(path)

Needs no environment: service and simulation read the same file in the same way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from acd import config
from acd.config import Capacity, Centre, Class, Condition, Member, Online, OverflowRule, Relax, Team
from acd.model import AgentId, QueueId
from acd.schedule import ALWAYS, Schedule, calendar_day, weekly
from ivr import centre_check
from ivr.calendars import calendar
from ivr.centre_form import formed, names_in
from ivr.centre_keys import AgentEntry, CentreKeys, HoursEntry, QueueEntry
from ivr.faults import BadSettings
from ivr.located import Located, document_of

STANDARD = centre_check.STANDARD
VERSION_DIGITS = 12
MOST_FAULTS = 500
"""Of meaning, at once: what was perhaps meant is looked for among all names, again and again."""


class Rules(NamedTuple):
    """What a centre file says."""

    centre: Centre
    schedules: Mapping[str, Schedule]
    """Opening hours by name; `always` is among them."""
    warnings: list[str]
    """What works but is hardly meant, a line each."""


class CentreFile(CentreKeys):
    """The keys of a centre file that fit together, and the values they stand for."""

    def centre(self) -> Centre:
        """The rules as the engine needs them."""
        schedules = self.schedules()
        return Centre(
            queues={QueueId(name): _queue(name, q, schedules) for name, q in self.queues.items()},
            agents={AgentId(id_): _member(id_, agent) for id_, agent in self.agents.items()},
            classes={
                STANDARD: Class(),
                **{name: Class(**dict(entry)) for name, entry in self.classes.items()},
            },
            urgency={name: entry.credit for name, entry in self.urgency.items()},
            teams={
                centre_check.HOUSE: Team(),
                **{name: Team(entry.partner) for name, entry in self.teams.items()},
            },
            version=self.version(),
            seed=self.seed,
        )

    def schedules(self) -> dict[str, Schedule]:
        """Opening hours by name; `always` is there without being written."""
        own = {name: _schedule(entry) for name, entry in self.hours.items()}
        return {**own, centre_check.ALWAYS: ALWAYS}

    def content(self) -> dict[str, Any]:
        """What the file says, without comments and defaults: `model_validate` understands it."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def version(self) -> str:
        """Names the rules: another content, another version; comments and layout do not count."""
        text = json.dumps(self.content(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:VERSION_DIGITS]


def read(source: Path | Mapping[str, Any]) -> Rules:
    """The rules in this file (or mapping); raises `BadSettings` with every fault at once."""
    file, warnings = parse(source)
    return Rules(file.centre(), file.schedules(), warnings)


def parse(source: Path | Mapping[str, Any]) -> tuple[CentreFile, list[str]]:
    """The file's keys and the warnings about them; raises `BadSettings`."""
    found = Located(*document_of(source))
    form = formed(CentreFile, found)
    meaning = centre_check.faults(form.file, names_in(found.value))
    for path, text in islice((fault for fault in meaning if form.knows(fault[0])), MOST_FAULTS):
        found.add(path, text)
    if found.faults:
        raise BadSettings(found.report())
    for path, text in centre_check.warnings(form.file):
        found.add(path, text)
    return form.file, found.report()


def _queue(name: str, entry: QueueEntry, schedules: Mapping[str, Schedule]) -> config.Queue:
    same = entry.model_dump(exclude={"hours", "relax", "overflow", "online"})
    return config.Queue(
        QueueId(name),
        hours=schedules[entry.hours] if entry.hours else None,
        relax=tuple(Relax(step.after, step.skills) for step in entry.relax),
        overflow=tuple(
            OverflowRule(Condition(**dict(rule.when)), rule.to) for rule in entry.overflow
        ),
        online=Online(frozenset(entry.online.never)) if entry.online else None,
        **same,
    )


def _member(id_: str, entry: AgentEntry) -> Member:
    queues = {QueueId(name): place.after for name, place in entry.queues.items()}
    capacity = Capacity(**dict(entry.capacity))
    return Member(AgentId(id_), queues, entry.skills, entry.team, capacity)


def _schedule(entry: HoursEntry) -> Schedule:
    calendars = [calendar(text) for text in entry.holidays if not text[:1].isdigit()]
    single = (calendar_day(text) for text in entry.holidays if text[:1].isdigit())
    return weekly(
        entry.zone,
        entry.open,
        frozenset(single).union(*(known.holidays for known in calendars)),
        frozenset().union(*(known.workdays for known in calendars)),
        entry.days,
    )
