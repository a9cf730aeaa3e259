"""The flows that calls walk: of one that was published its newest version, else its file.

Once a flow has been published, its file is a draft: what is changed there reaches no caller before
it is published too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from ivr.calls import called_by, is_called
from ivr.check import House
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flow_versions import FlowVersions, Version
from ivr.frozen_flow import freeze
from ivr.load import files_of, house_of, load, numbers_without_flow
from ivr.settings import Settings


def load_in_force(settings: Settings) -> dict[str, Flow]:
    """By name, ready to answer calls; raises `BadFlow` with every fault."""
    versions, house = FlowVersions(settings.data), house_of(settings)
    flows: dict[str, Flow] = {}
    faults: list[str] = []
    files = drafts(settings)
    for name in sorted({*_taking_calls(files), *versions.flows()}):
        try:
            flows[name] = _in_force(name, files, versions, house)
        except BadFlow as bad:
            if name not in _only_in_versions(settings, versions):
                faults += bad.faults
    if not faults:
        faults = numbers_without_flow(settings, flows)
    if faults:
        raise BadFlow(list(dict.fromkeys(faults)))
    return flows


def _in_force(name: str, files: Mapping[str, Path], versions: FlowVersions, house: House) -> Flow:
    newest = versions.newest(name)
    if newest:
        return load_version(versions, newest, house)
    file = files[name]
    return replace(load(file, house, files), version=f"{name}/file-{_digest(file, files)}")


def _only_in_versions(settings: Settings, versions: FlowVersions) -> set[str]:
    """Flows that published versions have with them, and no number leads to: what is wrong with
    their files, which are drafts, hurts nobody."""
    newest = [versions.newest(name) for name in versions.flows()]
    called = {name for version in newest if version for name in versions.called(version)}
    numbers, chat = settings.site.numbers.values(), settings.site.chat
    by_chat = {chat.flow} if chat and chat.flow else set()
    return called - {flow for entry in numbers for flow in entry.flows} - by_chat


def load_version(versions: FlowVersions, version: Version, house: House) -> Flow:
    """A published version, checked against the house as it is now; raises `BadFlow`."""
    return replace(load(versions.file(version), house), version=version.name)


def drafts(settings: Settings) -> dict[str, Path]:
    """Every flow's file by its name; of two the installation's own stands."""
    return {file.stem: file for file in files_of(settings)}


def versions_in_force(settings: Settings) -> dict[str, str]:
    """Every flow's version: its number when it was published, else a digest of its file."""
    versions, files = FlowVersions(settings.data), drafts(settings)
    found = {name: _digest(files[name], files) for name in _taking_calls(files)}
    newest = {name: versions.newest(name) for name in versions.flows()}
    return found | {name: str(version.number) for name, version in newest.items() if version}


def changed_drafts(settings: Settings) -> Iterator[str]:
    """The published flows whose file says something else than the version in force."""
    versions, files = FlowVersions(settings.data), drafts(settings)
    for name in versions.flows():
        newest = versions.newest(name)
        if newest and name in files and _draft_digest(files[name], files) != newest.digest:
            yield name


def _taking_calls(files: Mapping[str, Path]) -> list[str]:
    """The flows that are not only there for others to call: those are in force with the others."""
    return [name for name in files if not is_called_file(files[name])]


def is_called_file(file: Path) -> bool:
    """Whether this flow is there to be called by others; what cannot be read is not."""
    try:
        return is_called(file)
    except (OSError, UnicodeDecodeError):
        return False


def only_called(name: str, what: str) -> str:
    """Why nobody can do this with a flow that is there to be called."""
    return f"the flow {name!r} is called by other flows and takes no calls itself: {what} those"


def _draft_digest(file: Path, files: Mapping[str, Path]) -> str:
    """Empty: it cannot be published as it is."""
    try:
        return freeze(file, files).digest
    except BadFlow:
        return ""


def _digest(file: Path, files: Mapping[str, Path]) -> str:
    """Of the file as it stands, with those of the flows that it calls."""
    try:
        whole = sha256(file.read_bytes())
        for _, other in sorted(called_by(file, files).items()):
            whole.update(other.read_bytes())
    except (OSError, UnicodeDecodeError) as fault:
        raise BadFlow([f"{file}: cannot be read: {fault}"]) from fault
    return whole.hexdigest()[:12]
