"""A trace: one JSON object a line, one contact each, sorted by `at`. All times are seconds.

    {"id": "c1", "at": 12.5, "queue": "support", "channel": "voice", "class": "vip",
     "skills": {"billing": 5}, "handle": 180.0, "patience": 60.0}

`./hotline simulate` reads it, `./hotline export trace` writes it. `read` gives all of it, or all
its faults. Empty lines do not count.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from acd.config import Centre
from acd.model import MEDIA, ContactId, QueueId, Seconds
from acd.simulation import Result, Traced
from ivr.centre_check import CHANNELS
from ivr.faults import meant
from ivr.located import PLAIN

LEVELS = range(1, 11)
LATEST: Seconds = 1e11
"""No time or length of time is more: what is larger was meant as milliseconds."""
MOST_SHOWN = 50
LONGEST_SHOWN = 40
CHANNELS_KNOWN = {*MEDIA, *CHANNELS}


class BadTrace(Exception):
    """Faults of a trace: `file:line: path: what is wrong`, the first of them and their number."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Trace:
    """The contacts of a trace, and what works but is hardly meant, a sentence each."""

    contacts: list[Traced]
    warnings: list[str]


def read(path: Path, centre: Centre) -> Trace:
    """The contacts in this file for a centre with these rules; raises `BadTrace`."""
    reading = _Reading(path, centre)
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    reading.take(number, line)
    except OSError as error:
        raise BadTrace([f"{path}: {error.strerror}"]) from error
    if reading.count:
        more = reading.count - len(reading.faults)
        raise BadTrace(reading.faults + ([f"{path}: and {more} more faults"] if more else []))
    return Trace(reading.contacts, list(reading.warnings))


def line_of(contact: Traced) -> str:
    """The contact as a line of a trace; `read` makes the same of it."""
    plain: dict[str, Any] = {
        "id": contact.id, "at": contact.at, "queue": contact.queue, "channel": contact.channel,
    }  # fmt: skip
    plain |= {"class": contact.class_} if contact.class_ else {}
    plain |= {"skills": dict(contact.skills)} if contact.skills else {}
    plain |= {"handle": contact.handle, "patience": contact.patience}
    plain |= {"answer_after": contact.answer_after} if contact.answer_after else {}
    return json.dumps(plain)


def line_of_result(result: Result) -> str:
    """The result as a line of the file that `simulate` writes."""
    return json.dumps({
        "id": result.contact.id, "outcome": result.outcome, "agent": result.agent,
        "started": result.started, "ended": result.ended,
    })  # fmt: skip


class _Reading:
    """What has been read so far."""

    def __init__(self, path: Path, centre: Centre) -> None:
        self._path = path
        self._centre = centre
        self._skills = {skill for agent in centre.agents.values() for skill in agent.skills}
        self._lines: dict[str, int] = {}
        """The line of each id."""
        self._before: tuple[Seconds, int] = (0.0, 0)
        """The time of the line before, and its number."""
        self._number = 0
        self.contacts: list[Traced] = []
        self.warnings: dict[str, None] = {}
        self.faults: list[str] = []
        self.count = 0
        """Of all faults; only the first are kept."""

    def take(self, number: int, line: bytes) -> None:
        self._number = number
        count = self.count
        try:
            plain = json.loads(line.rstrip(), object_pairs_hook=_object)
        except (ValueError, RecursionError) as error:
            self._fault("", _what_is_wrong(error))
            return
        if not isinstance(plain, dict):
            self._fault("", 'must be an object: {"id": "c1", ...}')
            return
        self._check(plain)
        if count == self.count:
            self.contacts.append(traced(plain))

    def _fault(self, key: str, text: str) -> None:
        self.count += 1
        if self.count <= MOST_SHOWN:
            where = f"{self._path}:{self._number}: "
            self.faults.append(where + (f"{key}: {text}" if key else text))

    def _check(self, plain: dict[str, Any]) -> None:
        for key in plain:
            if key not in KEYS:
                self._fault(_path(key), f"unknown key{meant(key, KEYS)}")
        for key in NEEDED:
            if plain.get(key) is None:
                self._fault(key, "is missing")
        for key, value in plain.items():
            if value is not None and key in KEYS:
                KEYS[key](self, key, value)

    # ---------------------------------------------------------------- a key each

    def _id(self, key: str, value: Any) -> None:
        if not isinstance(value, str) or not value:
            self._fault(key, "must be a text that is not empty")
        elif (first := self._lines.setdefault(value, self._number)) != self._number:
            self._fault(key, f"{_shown(value)} is there twice, in lines {first} and {self._number}")

    def _at(self, key: str, value: Any) -> None:
        if self._is_number(key, value):
            before, line = self._before
            self._before = (value, self._number)
            if value < before:
                self._fault(key, f"{value} is before {before} in line {line}: sort the lines by it")

    def _time(self, key: str, value: Any) -> None:
        self._is_number(key, value)

    def _is_number(self, key: str, value: Any) -> bool:
        fault = ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            fault = "must be a number"
        elif isinstance(value, float) and not isfinite(value):
            fault = "must be a finite number"
        elif value < 0:
            fault = "must be at least 0"
        elif value > LATEST:
            fault = f"must be at most {LATEST:.0f} (times are seconds)"
        if fault:
            self._fault(key, fault)
        return not fault

    def _queue(self, key: str, value: Any) -> None:
        self._is_name(key, value, self._centre.queues)

    def _class(self, key: str, value: Any) -> None:
        self._is_name(key, value, self._centre.classes)

    def _is_name(self, key: str, value: Any, known: Collection[str]) -> None:
        if not isinstance(value, str):
            self._fault(key, "must be a text")
        elif value not in known:
            self._fault(key, f"there is no {key} {_shown(value)}{meant(value, known)}")

    def _channel(self, key: str, value: Any) -> None:
        if not isinstance(value, str) or not value:
            self._fault(key, "must be a text that is not empty")
        elif value not in CHANNELS_KNOWN:
            text = f"channel {_shown(value)} is taken as a chat{meant(value, CHANNELS_KNOWN)}"
            self.warnings[text] = None

    def _levels(self, key: str, value: Any) -> None:
        if not isinstance(value, dict):
            self._fault(key, 'must be levels by skill: {"billing": 5}')
            return
        for skill, level in value.items():
            if isinstance(level, bool) or not isinstance(level, int) or level not in LEVELS:
                self._fault(f"{key}.{_path(skill)}", "must be a whole number from 1 to 10")
            if skill not in self._skills:
                text = f"no agent has the skill {_shown(skill)}{meant(skill, self._skills)}"
                self.warnings[text] = None


KEYS: Mapping[str, Callable[[_Reading, str, Any], None]] = {
    "id": _Reading._id,
    "at": _Reading._at,
    "queue": _Reading._queue,
    "channel": _Reading._channel,
    "class": _Reading._class,
    "skills": _Reading._levels,
    "handle": _Reading._time,
    "patience": _Reading._time,
    "answer_after": _Reading._time,
}
NEEDED = ("id", "at", "queue", "handle")


def traced(plain: Mapping[str, Any]) -> Traced:
    """The contact of a line that has no faults."""
    patience = plain.get("patience")
    return Traced(
        ContactId(plain["id"]),
        float(plain["at"]),
        QueueId(plain["queue"]),
        float(plain["handle"]),
        None if patience is None else float(patience),
        plain.get("channel") or "voice",
        plain.get("class") or "",
        plain.get("skills") or {},
        float(plain.get("answer_after") or 0.0),
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Twice(f"the key {_shown(twice)} is there twice")
    return plain


class _Twice(ValueError):
    """A key that is there twice: which of its values is meant?"""


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"this is not JSON: {error.msg} (character {error.pos + 1})"
    if isinstance(error, UnicodeDecodeError):
        return "is not text in UTF-8"
    return str(error) if isinstance(error, _Twice) else "cannot be read: too deep or too long"


def _path(key: str) -> str:
    return key if PLAIN.fullmatch(key) else _shown(key)


def _shown(name: str) -> str:
    return repr(name[:LONGEST_SHOWN])
