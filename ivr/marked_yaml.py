"""YAML as plain values that remember their lines. Every scalar is text: `no`, `1`, `9:00` too.

The typed fields of a flow or a settings file turn texts into numbers; nobody has to know YAML's
guesses about types. Aliases are faults, so that no file is larger than it looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Value = dict[str, "Value"] | list["Value"] | str
YamlPath = tuple[str, ...]
"""The keys (and list places) that lead from the top to a value."""

QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 50
TOO_DEEP = "is nested too deeply"
LONG = 100_000
"""Longer texts are not read a second time for a better word on what is wrong with them."""


@dataclass(slots=True)
class Marked:
    """A document: its value, the line of each path in it, and what is wrong with its form."""

    value: Value = ""
    lines: dict[YamlPath, int] = field(default_factory=dict)
    faults: list[tuple[YamlPath, str]] = field(default_factory=list)

    def line(self, path: YamlPath) -> int:
        """The line of this path, or of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Marked:
    """Never raises: what cannot be read is a fault."""
    document = Marked()
    try:
        events = _events(text)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        document.lines[()] = mark.line + 1 if mark else 1
        document.faults.append(((), f"this is not YAML: {fault.problem}"))
    except yaml.YAMLError as fault:
        document.faults.append(((), f"this is not YAML: {' '.join(str(fault).split())}"))
    else:
        inside = (e for e in events if isinstance(e, yaml.NodeEvent | yaml.CollectionEndEvent))
        for event in inside:
            if document.lines:
                document.faults.append(((), "this is more than one document"))
                break
            document.value = _value(event, inside, (), document)
    return document


def _events(text: str) -> list[yaml.Event]:
    try:
        return list(_shallow(yaml.parse(text, Loader=QUICK)))
    except yaml.YAMLError:
        if len(text) > LONG:
            raise
        # Slow, but says more clearly what is wrong.
        return list(_shallow(yaml.parse(text, Loader=yaml.SafeLoader)))


def _shallow(events: Iterator[yaml.Event]) -> Iterator[yaml.Event]:
    """The same; ends a text that would keep the parser busy for hours (`[[[[...`)."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"line {_line(event)} {TOO_DEEP}")
        yield event


def _value(
    event: yaml.Event, events: Iterator[yaml.Event], path: YamlPath, document: Marked
) -> Value:
    """The value that begins with this event, taking the events that belong to it."""
    document.lines.setdefault(path, _line(event))
    if isinstance(event, yaml.ScalarEvent):
        return str(event.value)
    if isinstance(event, yaml.AliasEvent):
        document.faults.append((path, "aliases (*) are not used here: write it out"))
        return ""
    if isinstance(event, yaml.MappingStartEvent):
        return dict(_entries(events, path, document))
    return list(_items(events, path, document))


def _items(events: Iterator[yaml.Event], path: YamlPath, document: Marked) -> Iterator[Value]:
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionEndEvent):
            return
        yield _value(event, events, (*path, str(number)), document)


def _entries(
    events: Iterator[yaml.Event], path: YamlPath, document: Marked
) -> Iterator[tuple[str, Value]]:
    lines: dict[str, int] = {}
    for key in events:
        if isinstance(key, yaml.CollectionEndEvent):
            return
        line = _line(key)
        name = _name(key, events, path, document)
        here = (*path, name)
        if name in lines:
            text = f"is there twice, in lines {lines[name]} and {line}"
            document.faults.append((here, text))
        lines.setdefault(name, line)
        document.lines.setdefault(here, line)
        yield name, _value(next(events), events, here, document)


def _name(key: yaml.Event, events: Iterator[yaml.Event], path: YamlPath, document: Marked) -> str:
    if isinstance(key, yaml.ScalarEvent):
        return str(key.value)
    document.faults.append((path, "a key is a word, not a list, a mapping or an alias"))
    if isinstance(key, yaml.CollectionStartEvent):
        _skip(events)
    return "?"


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _skip(events: Iterator[yaml.Event]) -> None:
    """Past the end of the list or mapping that has just begun."""
    depth = 1
    while depth:
        event = next(events)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
