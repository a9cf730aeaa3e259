"""YAML -> Flow. A flow that loads cannot trap a caller; one that does not says why, all at once.

Refused: unknown steps, kinds, fields, outcomes, queues, hours and languages; missing outcomes,
texts and recordings; steps that nobody reaches; keys given twice; ways round without a limit;
steps from which a person is too many keys away.
`tests/flows/bad` has one file for each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import Path

from pydantic import ValidationError

from ivr import check, check_talk, check_values, graph, marked_yaml
from ivr.cases import Case
from ivr.check import House
from ivr.faults import BadFlow, Faults, meant
from ivr.flow import DONE, KINDS, Announcement, Flow, Step, Words
from ivr.flow_versions import FlowVersions
from ivr.grammar import Keys
from ivr.marked_yaml import Value
from ivr.settings import Settings

Fields = dict[str, Value]

OWN_FLOWS = Path(__file__).resolve().parent / "flows"
STEP_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_IN_PLAIN_WORDS = {
    "missing": "is missing",
    "dict_type": "give a text for each language, like {zh: ..., en: ...}",
    "too_short": "give a text for each language, like {zh: ..., en: ...}",
    "string_too_short": "the text is empty",
    "string_pattern_mismatch": "give the three capital letters of a currency, like CNY",
    "decimal_parsing": "must be a number",
    "float_parsing": "must be a number",
    "int_parsing": "must be a whole number",
    "bool_parsing": "must be true or false",
}

_PARTS = (Words, Announcement, Keys, Case)
_MAPPINGS = {
    "cases": 'give a test for each outcome, like {gold: "1", silver: {one_of: ["2", "3"]}}',
    "into": "say where in the answer each value stands, like {status: order.status}",
    "keys": "say how many keys, like {least: 4, most: 12}",
    "query": 'give a text for each name, like {order: "{order}"}',
    "values": "give a text for each name, like {tariff: basic}",
}
"""Fields that are no texts by language."""


def load_for(settings: Settings) -> dict[str, Flow]:
    """Our own flows and those in `HOTLINE_DATA/flows` (of two with one name theirs stands).

    These are drafts where a flow has been published; `ivr.flows_in_force` has what calls walk.
    """
    flows = load_all(files_of(settings), house_of(settings))
    published = FlowVersions(settings.data).flows()
    if faults := numbers_without_flow(settings, [*flows, *published]):
        raise BadFlow(faults)
    return flows


def files_of(settings: Settings) -> list[Path]:
    """Every flow's file, ours before the installation's own."""
    return sorted(OWN_FLOWS.glob("*.yaml")) + sorted((settings.data / "flows").glob("*.yaml"))


def house_of(settings: Settings) -> House:
    """The names that flows of this installation may refer to."""
    site = settings.site
    queues, hours = settings.centre.queues, settings.hours
    return House(site.languages, queues, hours, site.keys_to_a_person, site.services)


def numbers_without_flow(settings: Settings, flows: Collection[str]) -> list[str]:
    """A fault for each dialled number that leads to no flow."""
    return [
        f"site.yaml: numbers.{number}.flow: there is no flow {entry.flow!r}"
        + meant(entry.flow, flows)
        for number, entry in settings.site.numbers.items()
        if entry.flow not in flows
    ]


def load_all(files: Iterable[Path], house: House) -> dict[str, Flow]:
    """Flows by name (their file's); of two with one name the later stands. Raises `BadFlow`."""
    newest = {file.stem: file for file in files}
    flows: dict[str, Flow] = {}
    faults: list[str] = []
    for name, file in newest.items():
        try:
            flows[name] = load(file, house)
        except BadFlow as bad:
            faults += bad.faults
    if faults:
        raise BadFlow(faults)
    return flows


def load(file: Path, house: House) -> Flow:
    """The flow in this file; raises `BadFlow` with every fault in it."""
    try:
        document = marked_yaml.read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault
    faults = Faults(file, document, list(document.faults))
    flow = _flow(document.value, house, faults)
    if faults.found:
        raise BadFlow(faults.report())
    return flow


def _flow(given: Value, house: House, faults: Faults) -> Flow:
    """The flow, to be thrown away if there are faults."""
    first, plain = _frame(given, faults)
    steps = {name: step for name in plain if (step := _step(name, plain[name], faults))}
    arrows = {name: _arrows(fields) for name, fields in plain.items()}
    limited = {name for name, fields in plain.items() if "at_most" in fields}
    check.targets(first, arrows, faults)
    check.ways(first, arrows, limited, faults)
    check.people(first, arrows, steps, house.keys_to_a_person, faults)
    check_talk.no_second(arrows, steps, faults)
    check_values.limits(steps, faults)
    if len(steps) == len(plain):  # else it may be a step that is not understood
        check_values.names(steps, faults)
        if first in steps:
            check_values.prompts(first, graph.among(arrows), steps, faults)
            check_values.uses(first, graph.among(arrows), steps, faults)
    for name, step in steps.items():
        check.outcomes(name, step, faults)
        check.texts(name, step, house, faults)
        check.names(name, step, house, faults)
    sure = {} if faults.found else check_values.sure(first, arrows, steps)
    return Flow(faults.file.stem, first, steps, house.languages, sure=sure)


def _frame(given: Value, faults: Faults) -> tuple[str, dict[str, Fields]]:
    """The name of the first step, and each step's fields as they stand."""
    if not isinstance(given, dict):
        if not faults.found:  # else it is not even YAML
            faults.add((), "a flow has the fields `first` and `steps`")
        return "", {}
    for name in given.keys() - {"first", "steps"}:
        faults.add((name,), f"unknown field{meant(name, ('first', 'steps'))}")
    first, steps = given.get("first"), given.get("steps")
    if not isinstance(first, str) or not first:
        faults.add(("first",), "name the step that begins")
    if not isinstance(steps, dict) or not steps:
        faults.add(("steps",), "a flow needs steps, each with a name")
        return str(first or ""), {}
    plain: dict[str, Fields] = {}
    for name, fields in steps.items():
        if not isinstance(fields, dict) or not fields:
            faults.add(("steps", name), "a step has fields, at least `do`")
        plain[name] = dict(fields) if isinstance(fields, dict) else {}
    return str(first or ""), plain


def _step(name: str, given: Fields, faults: Faults) -> Step | None:
    """The step with typed fields, or None and its faults."""
    where = ("steps", name)
    if not STEP_NAME.fullmatch(name):
        faults.add(where, "a step's name is small letters, digits and _, at most 32")
    kind = given.get("do")
    if not isinstance(kind, str) or kind not in KINDS:
        if given:
            unknown = f"unknown kind of step {kind!r}{meant(str(kind), KINDS)}"
            faults.add((*where, "do"), unknown if kind else "say what the step does")
        return None
    known = KINDS[kind].model_fields
    for field in given.keys() - known:
        faults.add((*where, field), f"unknown field{meant(field, known)}")
    fields: Fields = {field: value for field, value in given.items() if field in known}
    fields["then"] = {**_arrows(given)}
    try:
        return KINDS[kind].model_validate(_with_full_paths(fields, faults.file.parent))
    except ValidationError as bad:
        for error in bad.errors(include_url=False):
            path = (*where, *(str(part) for part in error["loc"] if part != "[key]"))
            faults.add(path, _explained(error["type"], path[-1], error["msg"]))
        return None


def _explained(fault: str, field: str, message: str) -> str:
    if field in _MAPPINGS and fault in ("dict_type", "mapping_type", "model_type", "too_short"):
        return _MAPPINGS[field]
    if fault == "extra_forbidden":
        known = {name for part in _PARTS for name in part.model_fields}
        return f"unknown field{meant(field, known)}"
    return _IN_PLAIN_WORDS.get(fault) or message.removeprefix("Value error, ").replace(
        "Input should be", "must be"
    )


def _arrows(fields: Fields) -> dict[str, str]:
    """`then` in full; `then: menu` is short for `then: {done: menu}`."""
    then = fields.get("then", {})
    if isinstance(then, str):
        return {DONE: then} if then else {}
    if isinstance(then, dict):
        return {outcome: str(target) for outcome, target in then.items()}
    return {}


def _with_full_paths(value: Value, folder: Path) -> Value:
    """The same, with every `recorded` relative to the flow's folder made a full path."""
    if isinstance(value, list):
        return [_with_full_paths(inner, folder) for inner in value]
    if not isinstance(value, dict):
        return value
    return {
        name: str(folder / inner)
        if name == "recorded" and isinstance(inner, str)
        else _with_full_paths(inner, folder)
        for name, inner in value.items()
    }
