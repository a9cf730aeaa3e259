"""Steps that ask systems outside: `lookup`.

A question is read-only and may be asked twice: a script that begins again after its process has
died asks again. What a caller keyed in fills places in path and query; it can never change where
the question goes to, or how many parts its path has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field

from ivr.step import DONE, AnyStep, Outcome
from ivr.values import NAME, RESERVED, ValueName

NOT_FOUND, FAILED, TIMEOUT = "not_found", "failed", "timeout"
LONGEST_ANSWER = 200
"""Bytes (UTF-8) of one value out of an answer."""
_PLACE = re.compile(rf"\{{({NAME.pattern})\}}")
_PATH_SIGNS = re.compile(r"[A-Za-z0-9._~-]*")
_QUERY_NAME = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_JSON_PART = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PATH_ENDS = re.compile(r"[/\\\x00-\x1f\x7f]")
"""What some server might take for the end of a part of the path, however it is written."""


class BadQuestion(ValueError):
    """A question cannot be asked with the values of this call. Never says which."""


class BadAnswer(ValueError):
    """An answer does not have what the step takes from it. Never says what it has instead."""


def _path(text: str) -> str:
    if not text:
        return text
    if not text.startswith("/"):
        raise ValueError("a path begins with /, like /orders/{order}")
    for part in text[1:].split("/"):
        literal = _PLACE.sub("", part)
        if not part or part in (".", ".."):
            raise ValueError("a path has no empty parts, and no . and .. in it")
        if not _PATH_SIGNS.fullmatch(literal):
            raise ValueError(
                "a path has letters, digits, . _ ~ - and {name} of a value between its /; "
                "what comes after ? stands in `query`"
            )
    places(text)
    return text


def with_places(text: str) -> str:
    if "{" in _PLACE.sub("", text) or "}" in _PLACE.sub("", text):
        raise ValueError("in braces there is the name of a value, like {order}")
    places(text)
    return text


def places(text: str) -> list[str]:
    """The values that a text has places for."""
    names = _PLACE.findall(text)
    for name in RESERVED & set(names):
        raise ValueError(f"{{{name}}} is no value of the call")
    return names


def _query_name(text: str) -> str:
    if not _QUERY_NAME.fullmatch(text):
        raise ValueError("a name in a query is letters, digits and . _ ~ -, at most 64")
    return text


def _json_path(text: str) -> str:
    if not all(_JSON_PART.fullmatch(part) for part in text.split(".")):
        raise ValueError("names with points between them, like order.status (0 is a list's first)")
    return text


class LookupStep(AnyStep):
    """Ask a service and keep what it answers. Outcomes: `done`, `not_found`, `failed`, `timeout`.

    Only `done` sets values, and then all of them.
    """

    do: Literal["lookup"]
    service: str
    """One of `services` in the site file."""
    path: Annotated[str, AfterValidator(_path)] = ""
    """Behind the service's own address."""
    query: Mapping[
        Annotated[str, AfterValidator(_query_name)], Annotated[str, AfterValidator(with_places)]
    ] = Field(default_factory=dict)
    """What is asked for, by name: what stands behind the ? of an address."""
    into: Annotated[
        Mapping[ValueName, Annotated[str, AfterValidator(_json_path)]], Field(min_length=1)
    ]
    """Where in the answer each value stands."""
    seconds: Annotated[float, Field(ge=1, le=10)] = 3
    """For the whole answer."""

    @property
    def is_counted(self) -> bool:
        """Each visit asks under a key of its own."""
        return True

    def question(self, values: Mapping[str, str]) -> str:
        """Path and query with these values in them, encoded. Raises `BadQuestion`."""
        path = "".join(f"/{_filled_part(part, values)}" for part in self.path.split("/")[1:])
        pairs = (
            f"{name}={quote(filled_text(text, values), safe='')}"
            for name, text in self.query.items()
        )
        query = "&".join(pairs)
        return f"{path}?{query}" if query else path

    def found(self, answer: Any) -> dict[str, str]:
        """The values in an answer (JSON, numbers as they are written). Raises `BadAnswer`."""
        return {name: _value(answer, path) for name, path in self.into.items()}

    def uses(self) -> Iterator[tuple[tuple[str, ...], str]]:
        yield from ((("path",), name) for name in places(self.path))
        for field, text in self.query.items():
            yield from ((("query", field), name) for name in places(text))

    def collects(self) -> Mapping[str, int]:
        return dict.fromkeys(self.into, LONGEST_ANSWER)

    def gives(self, outcome: Outcome) -> frozenset[str]:
        return frozenset(self.into) if outcome == DONE else frozenset()

    def _own_outcomes(self) -> frozenset[Outcome]:
        return frozenset({DONE, NOT_FOUND, FAILED, TIMEOUT})


def filled_text(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], text)


def _filled_part(part: str, values: Mapping[str, str]) -> str:
    """One part of a path, which stays one part whatever the values are."""
    filled = filled_text(part, values)
    if filled in ("", ".", "..") or _PATH_ENDS.search(filled):
        raise BadQuestion("a value cannot stand in a path")
    return quote(filled, safe="")


def _value(answer: Any, path: str) -> str:
    """The text, number or yes and no that stands there."""
    for part in path.split("."):
        if isinstance(answer, list) and part.isdecimal() and int(part) < len(answer):
            answer = answer[int(part)]
        elif isinstance(answer, dict) and part in answer:
            answer = answer[part]
        else:
            raise BadAnswer(f"there is no {path} in the answer")
    if isinstance(answer, bool):
        return "true" if answer else "false"
    if not isinstance(answer, str | int | float):
        raise BadAnswer(f"{path} is no text, number or boolean")
    text = str(answer).strip()
    if not text or not text.isprintable() or len(text.encode(errors="replace")) > LONGEST_ANSWER:
        raise BadAnswer(f"{path} is empty, longer than {LONGEST_ANSWER} bytes or not printable")
    return text
