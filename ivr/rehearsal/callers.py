"""Callers written in YAML: what each does, and what is expected to come of it.

Like flows, a file of callers is refused with all of its faults at once, each with its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ivr.centre_form import WORDS
from ivr.faults import BadFlow, BadSettings, meant
from ivr.keys import Keys
from ivr.load import OWN_FLOWS
from ivr.located import Located, document_of
from ivr.rehearsal.form import Caller, CallersFile, Expected, Known, at
from ivr.rehearsal.mocks import MockedAnswer, MockedEnd
from ivr.rehearsal.stage import BROKE_OFF, Premises, Role, Walk
from ivr.settings import Settings


@dataclass(frozen=True, slots=True)
class Scripted:
    """A caller of a file, ready to walk."""

    file: Path
    name: str
    role: Role
    expect: Expected

    def differences(self, walk: Walk) -> list[str]:
        """What came otherwise than expected, a sentence or two each."""
        return list(_differences(self, walk))


def files_for(settings: Settings) -> list[Path]:
    """The files of callers beside our own flows and those of the installation. Ours are left out
    where the installation has a flow of its own by that name."""
    theirs = settings.data / "flows"
    ours = sorted((OWN_FLOWS / "tests").glob("*.yaml"))
    return [file for file in ours if not (theirs / file.name).exists()] + sorted(
        (theirs / "tests").glob("*.yaml")
    )


def load(files: Iterable[Path], premises: Premises) -> list[Scripted]:
    """Every caller of these files, in order; raises `BadFlow` with the faults of all files."""
    found: list[Scripted] = []
    faults: list[str] = []
    for file in files:
        try:
            found += _callers(file, premises)
        except (BadFlow, BadSettings) as bad:
            faults += bad.faults
    if faults:
        raise BadFlow(faults)
    return found


def _callers(file: Path, premises: Premises) -> list[Scripted]:
    located = Located(*document_of(file))
    given = located.value
    name = given.get("flow", "") if isinstance(given, dict) else ""
    flow = str(name or file.stem)
    if why := premises.why_not(flow):
        located.add(("flow",), why)
        raise BadFlow(located.report())
    try:
        read = CallersFile.model_validate(given, context=Known(premises, premises.flows[flow]))
    except ValidationError as bad:
        for error in bad.errors(include_url=False):
            path = tuple(part for part in error["loc"] if part != "[key]")
            located.add(path, _explained(error))
    if located.faults:
        raise BadFlow(located.report())
    zone = ZoneInfo(read.zone) if read.zone else premises.zone()
    return [Scripted(file, one.name, _role(one, flow, zone), one.expect) for one in read.callers]


def _explained(error: ErrorDetails) -> str:
    kind, last = error["type"], error["loc"][-1] if error["loc"] else ""
    if kind == "extra_forbidden":
        models: dict[int, type[Keys]] = {1: CallersFile, 3: Caller}
        mocks: dict[str, type[Keys]] = {"mocks": MockedAnswer, "python": MockedEnd}
        inner = next((mocks[part] for part in error["loc"] if part in mocks), Expected)
        fields = models.get(len(error["loc"]), inner).model_fields
        known = [field.alias or name for name, field in fields.items()]
        return f"unknown key{meant(str(last), known)}"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    return WORDS.get(kind) or error["msg"].replace("Input should be", "must be")


def _role(caller: Caller, flow: str, zone: ZoneInfo) -> Role:
    when = at(caller.at, zone)
    open_ = {name: state == "open" for name, state in caller.hours.items()}
    return Role(
        flow, caller.does, when, caller.dialled or "", caller.language or "",
        caller.class_ or "", caller.caller_number, open_, caller.mocks, caller.pin, caller.python,
        caller.callbacks, caller.overflow or "", frozenset(caller.broken),
        caller.listed, caller.emergency, caller.transfers, chat=caller.chat,
    )  # fmt: skip


def _differences(caller: Scripted, walk: Walk) -> Iterator[str]:
    expect = caller.expect
    if walk.ends == BROKE_OFF:
        yield f"broke off: {walk.fault or 'the flow is over, but the call is not'}"
    for service in dict.fromkeys(walk.unmocked):
        times = walk.unmocked.count(service)
        yield f"mocks: {service} was asked and had no answer left ({times} missing)"
    for service in walk.unasked:
        yield f"mocks: {service} was not asked for all of its answers"
    if expect.steps is not None and expect.steps != walk.trail:
        yield f"steps: expected {', '.join(expect.steps)}"
    for name in ("ends", "queue", "language", "urgency", "skills", "told"):
        expected, happened = getattr(expect, name), getattr(walk, name)
        if expected is not None and expected != happened:
            yield f"{name}: expected {expected!r}, happened {happened!r}"
    said, place = "\n".join(prompt.text for prompt in walk.heard), 0
    for part in expect.hears:
        place = said.casefold().find(part.casefold(), place)
        if place < 0:
            heard = said.replace("\n", " | ") or "nothing"
            yield f"hears: expected {part!r}, which is not said or not in this order; said: {heard}"
            break
        place += len(part)
    if left := tuple(caller.role.acts)[len(walk.done) :]:
        yield f"does: nothing was asked any more, left to do: {', '.join(left)}"
