"""A second reading of JSON Schema, as far as our own schemas use it: what an editor would mark."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Part = Mapping[str, Any]

TYPES: Mapping[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
SIZES: Mapping[str, tuple[type | tuple[type, ...], Callable[[Any, Any], bool]]] = {
    "minimum": ((int, float), lambda value, bound: value >= bound),
    "maximum": ((int, float), lambda value, bound: value <= bound),
    "minLength": (str, lambda value, bound: len(value) >= bound),
    "maxLength": (str, lambda value, bound: len(value) <= bound),
    "minItems": (list, lambda value, bound: len(value) >= bound),
    "minProperties": (dict, lambda value, bound: len(value) >= bound),
    "pattern": (str, lambda value, bound: re.search(bound, value) is not None),
    "required": (dict, lambda value, bound: set(bound) <= value.keys()),
}
"""Keywords that say something of one type of value, and nothing of others."""
SAYS_NOTHING = {"description", "title", "default", "$schema", "$defs"}
WITHIN = {"properties", "patternProperties", "additionalProperties", "propertyNames", "items"}
CHOICES = {"anyOf", "oneOf", "allOf", "not", "if", "then"}
PLAIN = {"type", "const", "enum", "$ref"}
KNOWN = {*SIZES, *SAYS_NOTHING, *WITHIN, *CHOICES, *PLAIN}


def keywords(part: Any) -> Iterator[str]:
    """Every keyword of a schema, inside too; names of properties are none."""
    if isinstance(part, list):
        for inner in part:
            yield from keywords(inner)
    if isinstance(part, dict):
        for key, inner in part.items():
            yield key
            named = key in ("properties", "patternProperties", "$defs")
            yield from keywords(list(inner.values()) if named else inner)


def fits(value: Any, part: Part | bool, whole: Part) -> bool:
    """Whether this value is as the schema `part` of `whole` wants it."""
    if isinstance(part, bool):
        return part
    if unknown := part.keys() - KNOWN:
        raise NotImplementedError(f"keywords that are not read here: {sorted(unknown)}")
    return (
        _plain(value, part, whole)
        and all(
            bound(value, part[key])
            for key, (kind, bound) in SIZES.items()
            if key in part and isinstance(value, kind)
        )
        and _chosen(value, part, whole)
        and _within(value, part, whole)
    )


def _plain(value: Any, part: Part, whole: Part) -> bool:
    types = part.get("type", list(TYPES))
    listed = [types] if isinstance(types, str) else types
    if "$ref" in part:
        at = part["$ref"].removeprefix("#/$defs/")
        if not fits(value, whole["$defs"][at], whole):
            return False
    return (
        any(TYPES[kind](value) for kind in listed)
        and part.get("const", value) == value
        and value in part.get("enum", [value])
    )


def _chosen(value: Any, part: Part, whole: Part) -> bool:
    def fit(key: str) -> list[bool]:
        return [fits(value, option, whole) for option in part[key]]

    if "if" in part and fits(value, part["if"], whole) and not fits(value, part["then"], whole):
        return False
    return (
        ("anyOf" not in part or any(fit("anyOf")))
        and ("oneOf" not in part or sum(fit("oneOf")) == 1)
        and ("allOf" not in part or all(fit("allOf")))
        and ("not" not in part or not fits(value, part["not"], whole))
    )


def _within(value: Any, part: Part, whole: Part) -> bool:
    if isinstance(value, list):
        return all(fits(item, part.get("items", True), whole) for item in value)
    if not isinstance(value, dict):
        return True
    named, patterns = part.get("properties", {}), part.get("patternProperties", {})
    for name, inner in value.items():
        ruled = [named[name]] if name in named else []
        ruled += [rule for pattern, rule in patterns.items() if re.search(pattern, name)]
        ruled = ruled or [part.get("additionalProperties", True)]
        if not all(fits(inner, rule, whole) for rule in ruled):
            return False
        if not fits(name, part.get("propertyNames", True), whole):
            return False
    return True
