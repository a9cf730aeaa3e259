"""What the running core is asked about flows by who publishes them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ivr.faults import BadFlow, meant
from ivr.flow_versions import FlowVersions, Version
from ivr.flows_in_force import drafts, is_called_file, load_version, only_called
from ivr.live_flows import LiveFlows
from ivr.load import load
from ivr.ports import Audit, Audited, Clock, CoreRefused
from ivr.settings import Settings

Fields = Mapping[str, Any]


class FlowRequests:
    """Before a version is written: is it good for the rules in force, and who does it and why?
    Afterwards: go by it."""

    def __init__(self, flows: LiveFlows, audit: Audit, clock: Clock) -> None:
        self._flows = flows
        self._audit = audit
        self._clock = clock

    @property
    def in_force(self) -> Mapping[str, str]:
        """The version that new calls walk, by the flow's name."""
        return self._flows.in_force

    async def announce(self, fields: Fields) -> Fields:
        """Somebody is about to publish the draft of `flow`, or to go back to its version `to`."""
        name, to = _flow_of(fields), fields.get("to")
        try:
            await asyncio.to_thread(self._check, name, to)
        except BadFlow as bad:
            raise CoreRefused("\n".join(bad.faults)) from bad
        who, why = str(fields.get("who", "")), str(fields.get("why", ""))
        await self._audit.write(deed_of(self._clock.now(), name, to, who, why))
        return {"flow": name}

    async def take(self, fields: Fields) -> Fields:
        """Go by the newest version of `flow` from the next call on."""
        return await self._flows.take(_flow_of(fields))

    def _check(self, name: str, to: int | None) -> None:
        house, versions = self._flows.house(), self._flows.versions
        if to is None:
            settings = self._flows.settings
            load(draft_of(settings, name), house, drafts(settings))
        else:
            load_version(versions, kept(versions, name, to), house)


def draft_of(settings: Settings, name: str) -> Path:
    """The file that is published as `name`; `BadFlow` when there is none, or it is only called."""
    files = drafts(settings)
    if name not in files:
        raise BadFlow([f"there is no flow {name!r}{meant(name, files)}"])
    if is_called_file(files[name]):
        raise BadFlow([only_called(name, "publish")])
    return files[name]


def kept(versions: FlowVersions, name: str, number: int) -> Version:
    """One version of a flow; `BadFlow` when there is no such."""
    found = versions.find(name, number)
    if found is None:
        there = ", ".join(str(each.number) for each in versions.history(name))
        why = f"its versions are {there}" if there else "it was never published"
        raise BadFlow([f"the flow {name!r} has no version {number}: {why}"])
    return found


def deed_of(at: float, name: str, to: int | None, who: str, why: str) -> Audited:
    """How publishing stands in the audit."""
    action = "flow publish" if to is None else "flow rollback"
    return Audited(at, who, action, name, why, {} if to is None else {"to": to})


def _flow_of(fields: Fields) -> str:
    if not isinstance(fields.get("flow"), str):
        raise CoreRefused("name the flow: flow=...")
    return str(fields["flow"])
