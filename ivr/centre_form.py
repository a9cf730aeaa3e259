"""From what a centre file says to typed keys: what is wrong with their form, in plain words.

Faulty parts are left out and the rest is read again, so that one fault does not hide others.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ivr.centre_check import Names
from ivr.centre_keys import CentreKeys
from ivr.faults import meant
from ivr.keys import is_blank
from ivr.located import KeyPath, Located
from ivr.marked_yaml import Value

File = TypeVar("File", bound=CentreKeys)

SPARE: dict[str, Value] = {
    "open": {},
    "after": "0",
    "skills": {"_": "1"},
    "when": {"nobody": "true"},
    "to": "message",
}
"""What stands for a key that must be given, so that what is around it can be looked at."""
LONGEST_VALUE = 40
NONE = type(None)
ATTEMPTS = 8
"""Keys are nested less deeply: at the last attempt nothing faulty is left."""
NAME_RULE = "letters, digits, - and _, a letter or digit first, at most 32"
WORD_RULE = "letters, digits, - and _, at most 32"
WORDS = {
    "missing": "is missing",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large",
    "finite_number": "must be a finite number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be one word or text",
    "tuple_type": "must be a list",
    "frozen_set_type": "must be a list",
    "dict_type": "must have names with a value each",
    "model_type": "must have keys of its own",
    "too_short": "is empty",
}
LIMITS = {
    "greater_than": ("gt", "must be more than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
}


@dataclass(slots=True)
class Formed(Generic[File]):
    """The keys as far as they can be read, and where they cannot."""

    file: File
    unread: set[KeyPath] = field(default_factory=set)
    around: set[KeyPath] = field(default_factory=set)

    def knows(self, path: KeyPath) -> bool:
        """Whether nothing at, above or below this path had to be left out."""
        above = (path[:length] for length in range(len(path) + 1))
        return path not in self.around and self.unread.isdisjoint(above)


def formed(kind: type[File], found: Located) -> Formed[File]:
    """The keys, as far as they can be read; the faults of the others are added to `found`."""
    read = Formed(kind())
    rest = found.value
    for attempt in range(ATTEMPTS):
        try:
            read.file = kind.model_validate(rest)
            break
        except ValidationError as bad:
            errors = bad.errors(include_url=False)
        rest = rest if attempt else deepcopy(rest)
        for error in errors:
            path = tuple(part for part in error["loc"] if part != "[key]")
            read.unread.add(path)
            if attempt == 0:
                found.add(path, _explained(error, path))
            further = 0 if error["type"] == "missing" else attempt
            rest = _without(rest, path[: max(len(path) - further, 0)])
    read.around |= {path[:length] for path in read.unread for length in range(len(path))}
    return read


def names_in(value: Value) -> Names:
    """Every name that the file gives, also where the entry itself is faulty."""

    def names(key: str, default: tuple[str, ...] = ()) -> Collection[str]:
        given = value.get(key) if isinstance(value, dict) else None
        if given is None or is_blank(given):
            return default
        return [name for name in given if isinstance(name, str)]

    return Names(names("queues", ("support",)), names("hours"), names("teams"))


def _explained(error: ErrorDetails, path: KeyPath) -> str:
    kind, given, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key{meant(str(path[-1]), _known_keys(path))}"
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_pattern_mismatch":
        return f"is no name: {NAME_RULE if '{0,' in context['pattern'] else WORD_RULE}"
    if kind == "enum":
        options = re.findall(r"'([^']+)'", context["expected"])
        return f"must be one of {', '.join(options)}{_instead(given)}"
    if kind in LIMITS:
        limit, words = LIMITS[kind]
        return f"{words} {context[limit]:g}{_instead(given)}"
    return WORDS.get(kind, error["msg"]) + ("" if kind == "missing" else _instead(given))


def _instead(given: object) -> str:
    return f", not {given[:LONGEST_VALUE]!r}" if isinstance(given, str) else ""


def _known_keys(path: KeyPath) -> Collection[str]:
    """The keys that could stand where this one does."""
    model: type[BaseModel] = CentreKeys
    parts = iter(path[:-1])
    for part in parts:
        kind = model.model_fields[str(part)].annotation
        model = next(_models(kind))
        if kind is not model and NONE not in get_args(kind):
            next(parts)  # a name, or a place in a list
    return model.model_fields


def _models(kind: object) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models(part)


def _without(value: Value, path: KeyPath) -> Any:
    """The same without what is at the path; places in lists stay, empty."""
    if not path:
        return {}
    around: Any = value
    for part in path[:-1]:
        around = _inside(around, part)
    last = path[-1]
    if isinstance(around, dict):
        around.pop(last, None)
        if last in SPARE:
            around[last] = deepcopy(SPARE[str(last)])
    elif isinstance(around, list):
        if isinstance(last, int) and last < len(around):
            around[last] = {}
        elif last in around:
            around.remove(last)
    return value


def _inside(around: Any, part: str | int) -> Any:
    if isinstance(around, dict):
        return around.get(part)
    if isinstance(around, list) and isinstance(part, int) and part < len(around):
        return around[part]
    return None
