"""The flows that calls walk: of one that was published its newest version, else its file.

Once a flow has been published, its file is a draft: what is changed there reaches no caller before
it is published too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

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
    for name in sorted({*drafts(settings), *versions.flows()}):
        try:
            flows[name] = _in_force(name, settings, versions, house)
        except BadFlow as bad:
            faults += bad.faults
    if not faults:
        faults = numbers_without_flow(settings, flows)
    if faults:
        raise BadFlow(faults)
    return flows


def _in_force(name: str, settings: Settings, versions: FlowVersions, house: House) -> Flow:
    newest = versions.newest(name)
    if newest:
        return load_version(versions, newest, house)
    file = drafts(settings)[name]
    return replace(load(file, house), version=f"{name}/file-{_digest(file)}")


def load_version(versions: FlowVersions, version: Version, house: House) -> Flow:
    """A published version, checked against the house as it is now; raises `BadFlow`."""
    return replace(load(versions.file(version), house), version=version.name)


def drafts(settings: Settings) -> dict[str, Path]:
    """Every flow's file by its name; of two the installation's own stands."""
    return {file.stem: file for file in files_of(settings)}


def versions_in_force(settings: Settings) -> dict[str, str]:
    """Every flow's version: its number when it was published, else a digest of its file."""
    versions = FlowVersions(settings.data)
    found = {name: _digest(file) for name, file in drafts(settings).items()}
    newest = {name: versions.newest(name) for name in versions.flows()}
    return found | {name: str(version.number) for name, version in newest.items() if version}


def changed_drafts(settings: Settings) -> Iterator[str]:
    """The published flows whose file says something else than the version in force."""
    versions, files = FlowVersions(settings.data), drafts(settings)
    for name in versions.flows():
        newest = versions.newest(name)
        if newest and name in files and _draft_digest(files[name]) != newest.digest:
            yield name


def _draft_digest(file: Path) -> str:
    """Empty: it cannot be published as it is."""
    try:
        return freeze(file).digest
    except BadFlow:
        return ""


def _digest(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()[:12]
