"""Who calls and how far they have come, from what Asterisk tells a script when it begins. Pure."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from urllib.parse import quote, unquote

from acd.model import ContactId
from adapters.asterisk.facts import signalled_number
from ivr.ports import CallFacts
from ivr.values import NAME

ON_RECORD = "LEN(${HOTLINE_TYPED})"
"""How long the record of the caller's keys is: whoever looks at the channel sees arguments."""
TALKED = "SHARED(TALKED)"
"""The offer of the last talk; empty before there was one."""
ARGUMENTS = (
    "SECRET", "CONTACT", "DIALLED", "QUEUE", "CLASS", "STEP", "VISITS", ON_RECORD, "FLOW", TALKED,
    "LEFT",
)  # fmt: skip
"""What the dialplan hands to the script, in this order: but for the first what `${...}` of the
call has."""
SCRIPT = "HOTLINE_SCRIPT"
"""The variable of a call that names the process which last began its script."""
THIS_PROCESS = secrets.token_hex(4)
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
WRITTEN = re.compile(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*")
"""A value as the call keeps it."""
ALLOWED = range(0x20)
"""Presentations (agi_callingpres) that do not ask for the number to be withheld."""


def arguments(env: Mapping[str, str]) -> dict[str, str]:
    """The script's arguments by name; what was not handed over is empty."""
    return {name: env.get(f"agi_arg_{at}", "") for at, name in enumerate(ARGUMENTS, start=1)}


def call_facts(env: Mapping[str, str], values: str = "") -> CallFacts:
    """`env` is the header of the script's connection, `values` what the call has kept of them."""
    variables = arguments(env)
    return CallFacts(
        contact=ContactId(variables["CONTACT"] or env.get("agi_uniqueid", "")),
        dialled=variables["DIALLED"] or env.get("agi_extension", ""),
        caller_number=caller_number(env.get("agi_callerid", ""), env.get("agi_callingpres", "")),
        caller_name=CONTROLS.sub("", _known(env.get("agi_calleridname", ""))),
        channel=env.get("agi_channel", ""),
        queue=variables["QUEUE"],
        class_=variables["CLASS"] or "standard",
        language=env.get("agi_language", ""),
        step=variables["STEP"],
        visits=_visits(variables["VISITS"]),
        version=variables["FLOW"],
        values=_values(values),
        talked=variables[TALKED],
        left=variables["LEFT"],
    )


def keys_on_record(env: Mapping[str, str]) -> int:
    """How many signs the record of keys has; 0: none is kept yet."""
    told = arguments(env)[ON_RECORD]
    # An Asterisk that runs since before an upgrade hands over the record itself.
    return int(told) if told.isdecimal() else len(told)


def visits_text(visits: Mapping[str, int]) -> str:
    """How the call keeps them."""
    return " ".join(f"{name}={count}" for name, count in visits.items())


def _visits(text: str) -> dict[str, int]:
    pairs = (pair.partition("=") for pair in text.split())
    return {name: int(count) for name, _, count in pairs if count.isdecimal()}


def values_text(values: Mapping[str, str]) -> str:
    """How the call keeps them: letters, digits and `._~-%=` only, so that nothing in a value can
    mean anything to Asterisk."""
    return " ".join(f"{name}={quote(value, safe='')}" for name, value in values.items())


def _values(text: str) -> dict[str, str]:
    """Those that can be read; a step that misses one is not gone on with."""
    found: dict[str, str] = {}
    for name, equals, value in (pair.partition("=") for pair in text.split()):
        if equals and NAME.fullmatch(name) and WRITTEN.fullmatch(value):
            try:
                found[name] = unquote(value, errors="strict")
            except UnicodeDecodeError:
                continue
    return found


def caller_number(signalled: str, presentation: str) -> str | None:
    """The number, `+0-9` only; None when withheld, or when what was signalled is no number."""
    if presentation.isdecimal() and int(presentation) not in ALLOWED:
        return None
    return signalled_number(signalled)


def _known(name: str) -> str:
    return "" if name == "unknown" else name
