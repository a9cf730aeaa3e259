"""YAML as plain values that remember their lines. Every scalar is text: `no`, `1`, `9:00` too.

The typed fields of a flow turn texts into numbers; nobody has to know YAML's guesses about types.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

Value = dict[str, "Value"] | list["Value"] | str
YamlPath = tuple[str, ...]
"""The keys (and list places) that lead from the top to a value."""


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
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as fault:
        mark = fault.problem_mark
        document.lines[()] = mark.line + 1 if mark else 1
        document.faults.append(((), f"this is not YAML: {fault.problem}"))
    except yaml.YAMLError as fault:
        document.faults.append(((), f"this is not YAML: {fault}"))
    except RecursionError:
        document.faults.append(((), "this is nested too deeply"))
    else:
        if root is not None:
            document.value = _plain(root, (), document, set())
    return document


def _plain(node: yaml.Node, path: YamlPath, document: Marked, seen: set[int]) -> Value:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in seen:  # an alias may hold itself
        document.faults.append((path, "aliases (*) are not used in flows: write it out"))
        return ""
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(node, path, document, seen))
    if isinstance(node, yaml.SequenceNode):
        return [
            _plain(inner, (*path, str(number)), document, seen)
            for number, inner in enumerate(node.value)
        ]
    return str(node.value)


def _entries(
    node: yaml.MappingNode, path: YamlPath, document: Marked, seen: set[int]
) -> Iterator[tuple[str, Value]]:
    names: set[str] = set()
    for key, inner in node.value:
        name = str(key.value)
        here = (*path, name)
        if name in names:
            first = document.lines[here]
            line = key.start_mark.line + 1
            document.faults.append((here, f"is there twice, in lines {first} and {line}"))
        names.add(name)
        document.lines.setdefault(here, key.start_mark.line + 1)
        yield name, _plain(inner, here, document, seen)
