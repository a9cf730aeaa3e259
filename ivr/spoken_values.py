"""A caller's values in the words of a prompt: `{account}`, or `{account:digits}` for a way of
saying it.

How a value is said in each language is the business of `voice.spoken`. Where that is not there,
values can be said as they stand only.
"""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ivr.values import NAME, RESERVED
from voice.ports import Prompt

log = logging.getLogger(__name__)

NO_WAY = "there is no such way of saying"
MARK = re.compile(r"\{[^{}]*\}?")
"""Everything in a text that looks like a placeholder."""
_VALUE = re.compile(rf"\{{(?P<name>{NAME.pattern})(?::(?P<kind>[a-z]+))?\}}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Where a prompt says a value."""

    written: str
    name: str
    kind: str | None


def placeholder(mark: str) -> Placeholder | None:
    """What this mark stands for; None: for no value."""
    found = _VALUE.fullmatch(mark)
    if not found or found["name"] in RESERVED:
        return None
    return Placeholder(mark, found["name"], found["kind"])


def placeholders(text: str) -> Iterator[Placeholder]:
    """The values that a text says, in order."""
    for mark in MARK.findall(text):
        if found := placeholder(mark):
            yield found


def filled(prompt: Prompt, values: Mapping[str, str], *, to_read: bool = False) -> Prompt:
    """The prompt with the values in it; KeyError when one was not collected. `to_read`: it is
    written to somebody, who hears nothing."""
    if not any(placeholders(prompt.text)):
        return prompt

    def words(found: re.Match[str]) -> str:
        if found["name"] in RESERVED:
            return found[0]
        return _words(values[found["name"]], found["kind"], prompt.language, to_read)

    return replace(prompt, text=_VALUE.sub(words, prompt.text), personal=True)


def why_not(value: str, kind: str, language: str) -> str:
    """Why this text cannot be said in this way; empty when it can."""
    ways = _ways()
    if ways is None:
        return "ways of saying values are not installed: leave it out, the value is said as it is"
    try:
        ways(value, kind, language)
    except (ValueError, LookupError) as fault:
        return str(fault) if isinstance(fault, ValueError) else NO_WAY
    return ""


def _words(value: str, kind: str | None, language: str, to_read: bool = False) -> str:
    """As it stands where it cannot be said better: a caller is not left without an answer."""
    ways = (_written() if to_read else _ways()) if kind else None
    if kind is None or ways is None:
        return value
    try:
        return ways(value, kind, language)
    except (ValueError, LookupError):
        log.warning("value said as it stands", extra={"way": kind, "language": language})
        return value


def _ways() -> Callable[[str, str, str], str] | None:
    """`voice.spoken.spoken(value, kind, language)`, loaded when a flow first needs it."""
    return _way_in("spoken")


def _written() -> Callable[[str, str, str], str] | None:
    """The same for who reads: `voice.written.written`."""
    return _way_in("written")


def _way_in(name: str) -> Callable[[str, str, str], str] | None:
    try:
        found: Callable[[str, str, str], str] = getattr(
            importlib.import_module(f"voice.{name}"), name
        )
    except ModuleNotFoundError:
        return None
    return found
