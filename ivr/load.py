"""YAML -> Flow. A flow that loads cannot trap a caller; one that does not says why, all at once.

Refused: unknown steps, kinds, fields, outcomes, queues, hours and languages; missing outcomes,
texts and recordings; steps that nobody reaches; keys given twice; ways round without a limit;
steps from which a person is too many keys away.
`tests/flows/bad` has one file for each.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ivr import check, check_python, check_talk, check_values, check_waiting, marked_yaml
from ivr.calls import Part, Unfolded, beside, check_returns
from ivr.cases import Case
from ivr.check import House
from ivr.check_skills import able_in
from ivr.faults import BadFlow, Faults, meant
from ivr.flow import KINDS, Announcement, Flow, FlowStep, Step, Words
from ivr.flow_versions import FlowVersions
from ivr.frame import NO_STEP_NAME, STEP_NAME, Fields, Frame, arrows_of, field_of, frame_of
from ivr.grammar import Keys
from ivr.marked_yaml import Value, YamlPath
from ivr.online_wait import offers_chat
from ivr.python_files import python_functions
from ivr.settings import Settings
from ivr.steps_calling import INTO
from ivr.steps_python import PythonStep

OWN_FLOWS = Path(__file__).resolve().parent / "flows"
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
_LEVELS = {"skills": "give a level from 1 to 10 for each skill, like {billing: 5}"}
_MAPPINGS = _LEVELS | {
    "cases": 'give a test for each outcome, like {gold: "1", silver: {one_of: ["2", "3"]}}',
    "into": "say where in the answer each value stands, like {status: order.status}",
    "keys": "say how many keys, like {least: 4, most: 12}",
    "inputs": 'give a text for each input, like {number: "{card}"}',
    "query": 'give a text for each name, like {order: "{order}"}',
    "values": "give a text for each name, like {tariff: basic}",
    "buttons": 'give a label for each key, like {"1": {zh: 订单, en: Order}}',
}
"""Fields that are no texts by language."""
_LEADING_ON = _LEVELS | {
    "keys": 'give a step for each key, like {"1": ring_me}',
    "overflow": "give a step for each, like {message: full}",
}
"""The same of a `queue`."""


def load_for(settings: Settings) -> dict[str, Flow]:
    """Our own flows and those in `HOTLINE_DATA/flows` (of two with one name theirs stands).

    These are drafts where a flow has been published; `ivr.flows_in_force` has what calls walk.
    """
    flows = load_all(files_of(settings), house_of(settings))
    published = FlowVersions(settings.data).flows()
    answering = [name for name, flow in flows.items() if not flow.is_called]
    if faults := numbers_without_flow(settings, [*answering, *published]):
        raise BadFlow(faults)
    return flows


def files_of(settings: Settings) -> list[Path]:
    """Every flow's file, ours before the installation's own."""
    return sorted(OWN_FLOWS.glob("*.yaml")) + sorted((settings.data / "flows").glob("*.yaml"))


def house_of(settings: Settings) -> House:
    """The names that flows of this installation may refer to; `BadFlow` when its Python files
    cannot be read."""
    site = settings.site
    queues, hours = settings.centre.queues, settings.hours
    functions = python_functions(settings)
    return House(
        site.languages, queues, hours, site.keys_to_a_person, site.services, functions,
        site.destinations, settings.centre.urgency, asked_online(settings), able_in(settings.rules),
    )  # fmt: skip


def asked_online(settings: Settings) -> list[str]:
    """Queues whose callers are offered to go on in the chat."""
    queues = settings.centre.queues.values() if settings.site.chat else ()
    return [queue.id for queue in queues if offers_chat(queue)]


def numbers_without_flow(settings: Settings, flows: Collection[str]) -> list[str]:
    """A fault for each dialled number, and the chat, that leads to no flow; `flows`: those that
    take calls."""
    site, called = settings.site, {file.stem for file in files_of(settings)}.difference(flows)
    named = {"chat.flow": site.chat.flow} if site.chat and site.chat.flow else {}
    for number, entry in site.numbers.items():
        for key, flow in zip(("flow", "closed"), entry.flows, strict=False):
            named[f"numbers.{number}.{key}"] = flow
    return [
        f"site.yaml: {where}: {_no_flow(flow, flows, called)}"
        for where, flow in named.items()
        if flow not in flows
    ]


def _no_flow(name: str, flows: Collection[str], called: Collection[str]) -> str:
    if name in called:
        return f"the flow {name!r} is called by other flows and takes no calls itself"
    return f"there is no flow {name!r}{meant(name, flows)}"


def load_all(files: Iterable[Path], house: House) -> dict[str, Flow]:
    """Flows by name (their file's); of two with one name the later stands. Raises `BadFlow`."""
    newest = {file.stem: file for file in files}
    flows: dict[str, Flow] = {}
    faults: list[str] = []
    for name, file in newest.items():
        try:
            flows[name] = load(file, house, newest)
        except BadFlow as bad:
            faults += bad.faults
    if faults:
        raise BadFlow(list(dict.fromkeys(faults)))
    return flows


def load(file: Path, house: House, files: Mapping[str, Path] | None = None) -> Flow:
    """The flow in this file; raises `BadFlow` with every fault in it and in those that it calls.

    `files`: where the flows are that may be called, by name; None: beside this one.
    """
    read = _Files(house, beside(file) if files is None else files).read(file, ())
    if read.report:
        raise BadFlow(read.report)
    return read.flow


@dataclass(frozen=True, slots=True)
class _Read(Part):
    flow: Flow
    """To be thrown away if there are faults."""


class _Files:
    """Flows as they are read: each once, however often it is called."""

    def __init__(self, house: House, files: Mapping[str, Path]) -> None:
        self._house, self._files = house, files
        self._known: dict[str, _Read] = {}

    def read(self, file: Path, callers: tuple[str, ...]) -> _Read:
        """A flow by itself, with those that it calls; `callers`: who calls it, in order."""
        try:
            document = marked_yaml.read(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as fault:
            raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault
        faults = Faults(file, document, list(document.faults))
        frame = frame_of(document.value, faults)
        unfolded = Unfolded()
        for name, fields in frame.plain.items():
            part = self._called(name, fields, faults, (*callers, file.stem))
            if part and unfolded.has_room(name, part, faults):
                unfolded.call(name, fields, part, frame.plain, faults)
            else:
                unfolded.plain[name] = fields
        flow = _flow(frame, unfolded, self._house, faults)
        inner = [fault for part in unfolded.parts for fault in part.report]
        report = list(dict.fromkeys([*faults.report(), *inner]))
        return _Read(file.stem, faults, frame, unfolded, report, flow)

    def _called(
        self, name: str, fields: Fields, faults: Faults, callers: tuple[str, ...]
    ) -> _Read | None:
        """The flow that this step calls; None: it calls none, or none that can be looked at."""
        called = fields.get("flow")
        if fields.get("do") != "flow" or not isinstance(called, str):
            return None
        where = ("steps", name, "flow")
        if called in callers:
            way = " -> ".join([*callers[callers.index(called) :], called])
            faults.add(where, f"a flow cannot call itself ({way})")
        elif called not in self._files:
            faults.add(where, f"there is no flow {called!r}{meant(called, self._files)}")
        else:
            return self._part(called, callers, faults, where)
        return None

    def _part(
        self, called: str, callers: tuple[str, ...], faults: Faults, where: YamlPath
    ) -> _Read | None:
        try:
            read = self._known.get(called) or self.read(self._files[called], callers)
        except BadFlow as bad:
            faults.add(where, bad.faults[0])
            return None
        self._known[called] = read
        return read


def _flow(frame: Frame, unfolded: Unfolded, house: House, faults: Faults) -> Flow:
    """The flow, to be thrown away if there are faults."""
    first, plain = frame.first, unfolded.plain
    found = {name: _step(name, plain[name], unfolded, house, faults) for name in plain}
    steps = {name: step for name, step in found.items() if step}
    arrows = {name: arrows_of(fields) for name, fields in plain.items()}
    limited = {name for name, fields in plain.items() if "at_most" in fields}
    check_returns(frame, faults)
    check.targets(first, arrows, faults, lambda name, outcome: field_of(plain[name], outcome))
    once = {(n, o) for n in plain for o in arrows[n] if field_of(plain[n], o) == "overflow"}
    check.ways(first, arrows, limited, faults, once)
    check.people(first, arrows, steps, house.keys_to_a_person, faults)
    check_talk.no_second(arrows, steps, faults)
    check_waiting.keys(steps, house.languages, faults)
    check_waiting.overflow(steps, faults)
    check_waiting.online(steps, house.asked_online, faults)
    check_values.limits(steps, faults)
    if len(steps) == len(plain):  # else it may be a step that is not understood
        check_values.all_of(first, arrows, steps, frame.needs, faults)
        check_python.inputs(steps, house.python, faults)
    for name, step in steps.items():
        check.outcomes(name, step, faults)
        check.texts(name, step, house, faults)
        check.names(name, step, house, faults)
    sure = {} if faults.found else check_values.sure(first, arrows, steps)
    is_called = bool(frame.needs or frame.returns)
    return Flow(faults.file.stem, first, steps, house.languages, sure=sure, is_called=is_called)


def _step(
    name: str, given: Fields, unfolded: Unfolded, house: House, faults: Faults
) -> Step | None:
    """The step with typed fields, or None and its faults."""
    where = ("steps", name)
    if not STEP_NAME.fullmatch(name.rpartition(INTO)[2]):
        faults.add(where, NO_STEP_NAME)
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
    fields["then"] = {**arrows_of(given)}
    try:
        step = KINDS[kind].model_validate(_with_full_paths(fields, faults.folder(name)))
        return _known(name, step, unfolded, house, faults)
    except ValidationError as bad:
        for error in bad.errors(include_url=False):
            path = (*where, *(str(part) for part in error["loc"] if part != "[key]"))
            faults.add(path, _explained(error["type"], path[-1], error["msg"], kind))
        return None


def _known(name: str, step: Step, unfolded: Unfolded, house: House, faults: Faults) -> Step | None:
    """The step with what it is to call; None when that is not known."""
    if isinstance(step, FlowStep):
        return unfolded.as_called(name, step)
    if isinstance(step, PythonStep):
        return check_python.registered(name, step, house.python, faults)
    return step


def _explained(fault: str, field: str, message: str, kind: str) -> str:
    mappings = _LEADING_ON if kind == "queue" else _MAPPINGS
    if field in mappings and fault in ("dict_type", "mapping_type", "model_type", "too_short"):
        return mappings[field]
    if fault == "extra_forbidden":
        known = {name for part in _PARTS for name in part.model_fields}
        return f"unknown field{meant(field, known)}"
    return _IN_PLAIN_WORDS.get(fault) or message.removeprefix("Value error, ").replace(
        "Input should be", "must be"
    )


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
