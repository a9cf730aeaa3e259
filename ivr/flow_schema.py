"""A flow file's form as a JSON Schema: editors complete steps by it, and show what they mean.

It says what a file may look like, not whether the flow holds: names of steps, queues and values,
ways round and recordings are seen by `flow check` alone. Made from the models of the steps. In an
editor `1.50` or `true` is no text, here it is: so wherever a text may stand, those may too.
"""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from ivr import (
    cases,
    grammar,
    step,
    steps_asking,
    steps_calling,
    steps_closing,
    steps_deciding,
    steps_leaving,
    steps_outside,
    steps_promising,
    steps_proving,
    steps_python,
    steps_spilling,
    steps_survey,
    steps_talking,
    steps_transferring,
    steps_waiting,
)
from ivr.cases import OUTCOME
from ivr.field_texts import field_texts
from ivr.flow import DONE, KINDS, TOO_MANY, FlowStep, MenuStep, PythonStep, Step
from ivr.frame import STEP_NAME

Part = dict[str, Any]

MODULES = (
    step, steps_talking, steps_asking, steps_deciding, steps_outside, steps_python, steps_calling,
    steps_proving, steps_promising, steps_spilling, steps_leaving, steps_waiting, steps_survey,
    steps_closing, steps_transferring, grammar, cases,
)  # fmt: skip
"""Where the models are."""
NAME = {"type": "string", "pattern": f"^{STEP_NAME.pattern}$"}
SCALAR = ["string", "number", "boolean"]
YES_OR_NO = ["yes", "no", "on", "off"]
"""What the loader takes besides `true` and `false`, and editors take for text."""
ONE_OF = {
    "BranchStep": (("value",), ("fact",)),
    "Announcement": (("after",), ("every",)),
    "Case": (("equal",), ("one_of",), ("least", "most"), ("missing",)),
}
"""Fields of which one must be there, and none beside it but those that stand with it."""
SOME_OF = {"SetStep": ("language", "values")}
"""Fields of which at least one must be there."""
KEY = "^[0-9*#]$"
FIRST = "The name of the step that begins."
NEEDS = "The values that whoever calls this flow has collected."
STEPS = "The steps by name: small letters, digits and _, at most 32."


def schema() -> Part:
    """The whole of it; each field with the text that stands under it in its model."""
    _, made = models_json_schema([(kind, "validation") for kind in KINDS.values()])
    parts: dict[str, Part] = {name: _plain(part) for name, part in made["$defs"].items()}
    _describe(parts)
    for name, groups in ONE_OF.items():
        parts[name]["oneOf"] = [_any_of(group) for group in groups]
    for name, fields in SOME_OF.items():
        parts[name] |= _any_of(fields)
    for kind in KINDS.values():
        _lead_on(parts[kind.__name__], kind)
    _shorten(parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Flow",
        "type": "object",
        "additionalProperties": False,
        "required": ["first", "steps"],
        "properties": {
            "first": {**NAME, "description": FIRST},
            "needs": {"type": "array", "items": NAME, "minItems": 1, "description": NEEDS},
            "steps": {
                "type": "object",
                "description": STEPS,
                "minProperties": 1,
                "propertyNames": NAME,
                "additionalProperties": {"$ref": "#/$defs/Step"},
            },
        },
        "$defs": {"Step": _any_step(parts), **parts},
    }


def _any_step(parts: dict[str, Part]) -> Part:
    """By `do` first: of an unknown kind, or of none, editors then say only that."""
    kinds = {name: kind.__name__ for name, kind in KINDS.items()}
    does = [{"const": name, "description": parts[kinds[name]]["description"]} for name in kinds]
    return {
        "type": "object",
        "required": ["do"],
        "properties": {"do": {"description": "What the step does.", "oneOf": does}},
        "allOf": [
            {
                "if": {"required": ["do"], "properties": {"do": {"const": name}}},
                "then": {"$ref": f"#/$defs/{model}"},
            }
            for name, model in kinds.items()
        ],
    }


def _plain(part: Any) -> Any:
    """The same as the loader reads it: texts of any look, nothing that is null."""
    if isinstance(part, list):
        return [_plain(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    if "anyOf" in part:
        options = [option for option in part["anyOf"] if option != {"type": "null"}]
        if {"type": "number"} in options:  # of a number's ways of writing, the one editors know
            options = [{"type": "number"}]
        rest = {key: inner for key, inner in part.items() if key not in ("anyOf", "default")}
        return _plain({**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options})
    kept = {
        key: {name: _plain(field) for name, field in inner.items()}
        if key == "properties"
        else _plain(inner)
        for key, inner in part.items()
        if key not in ("title", "format")
    }
    if kept.get("type") == "string" and not kept.keys() & {"enum", "const", "pattern"}:
        kept["type"] = SCALAR
    if kept.get("type") == "boolean":
        kept = {**kept, "anyOf": [{"type": "boolean"}, {"enum": YES_OR_NO}]}
        del kept["type"]
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    return kept


def _describe(parts: dict[str, Part]) -> None:
    """Each field with the text under it, in its own model or the one that it comes from."""
    texts = {(model, field): text for module in MODULES for model, field, text in
             field_texts(module)}  # fmt: skip
    for name, part in parts.items():
        for field, about in part["properties"].items():
            text = texts.get((name, field)) or texts.get(("AnyStep", field))
            if text:
                about["description"] = text
        if "do" in part["properties"]:
            part["properties"]["do"]["description"] = part["description"]


def _any_of(fields: tuple[str, ...]) -> Part:
    options = [{"required": [field]} for field in fields]
    return options[0] if len(options) == 1 else {"anyOf": options}


def _lead_on(part: Part, kind: type[Step]) -> None:
    """`then` as this kind has it: the outcomes that it always has must be there."""
    nothing: Part = {"then": {}, "at_most": None, "cases": {}}
    outcomes = sorted(kind.model_construct(**nothing).outcomes())
    outcomes = [] if kind is FlowStep else outcomes  # those of the called flow
    then: Part = {
        "type": "object",
        "properties": dict.fromkeys((*outcomes, *sorted(kind.may_lead_on), TOO_MANY), NAME),
        "required": outcomes,
        "additionalProperties": False,
    }
    if "cases" in part["properties"] or kind in (FlowStep, PythonStep):
        then["patternProperties"] = {f"^{OUTCOME.pattern}$": NAME}
    if kind is MenuStep:
        then["patternProperties"] = {KEY: NAME}
    about = part["properties"]["then"]["description"]
    short = [NAME] if outcomes == [DONE] or kind is FlowStep else []
    part["properties"]["then"] = {"description": about, "anyOf": [*short, then]} if short else {
        **then, "description": about,
    }  # fmt: skip
    if outcomes:
        part["required"] = [*part["required"], "then"]


def _shorten(parts: dict[str, Part]) -> None:
    """The short forms: a text alone for words, a text or a list for a case."""
    words, case = parts["Words"], parts["Case"]
    words["properties"]["text"]["pattern"] = r"\S"
    for part, shorts in ((words, ["text"]), (case, ["equal", "one_of"])):
        full = dict(part)
        part.clear()
        part["description"] = full.pop("description")
        part["anyOf"] = [*(full["properties"][name] for name in shorts), full]
