"""Publishing a flow, and going back to an older version: check, make prompts, write, tell the core.

Works whether the core runs or not. What is refused is refused before anything is written; once a
version is written, the core takes it now or at its next start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flow_difference import difference
from ivr.flow_requests import deed_of, draft_of, kept
from ivr.flow_versions import NAME, Deed, FlowVersions, Version
from ivr.flows_in_force import drafts, load_version
from ivr.frozen_flow import FrozenFlow, freeze
from ivr.load import house_of, load
from ivr.ports import Audit, Clock, Core, CoreAway, CoreRefused, CoreStopped
from ivr.settings import Settings

MakePrompts = Callable[[Flow], Awaitable[Sequence[str]]]
"""Have everything recorded that the flow says; a sentence for each prompt that could not be."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of it."""

    version: Version
    """The one in force now."""
    is_new: bool
    """False: what was to be published is in force already, nothing was written."""
    core_runs: bool = True
    not_taken: str = ""
    """Why the core, although it runs, does not go by it yet."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes flows of one installation. Raises `BadFlow` with every fault, `CoreRefused` when
    the running core would not take the version, `CoreAway` when it is busy, and what the audit
    raises."""

    settings: Settings
    versions: FlowVersions
    core: Core
    audit: Audit
    """Written when the core is not there to write its own."""
    clock: Clock
    make_prompts: MakePrompts

    async def publish(self, name: str, who: str, why: str) -> Result:
        """Make the draft of this flow its next version."""
        if not NAME.fullmatch(name):
            raise BadFlow([f"{name!r}: a flow's name is letters, digits, - and _, at most 32"])
        file, files = draft_of(self.settings, name), drafts(self.settings)
        flow = load(file, house_of(self.settings), files)
        frozen = freeze(file, files)
        newest = self.versions.newest(name)
        if newest and newest.digest == frozen.digest:
            return await self._told(newest, is_new=False)
        return await self._add(flow, frozen, Deed(who, self.clock.now(), why))

    async def roll_back(self, name: str, to: int | None, who: str, why: str) -> Result:
        """Make an older version current again: `to`, or the one before."""
        newest = self.versions.newest(name)
        if newest is None:
            raise BadFlow([f"the flow {name!r} was never published"])
        target = kept(self.versions, name, to) if to else self._before(newest)
        if target.digest == newest.digest:
            return await self._told(newest, is_new=False)
        flow = load_version(self.versions, target, house_of(self.settings))
        deed = Deed(who, self.clock.now(), why, back_to=target.number)
        return await self._add(flow, self.versions.frozen(target), deed)

    def _before(self, newest: Version) -> Version:
        """The version before the one in force. Who went back goes back further, not to and fro."""
        version = newest
        while version.back_to:
            version = kept(self.versions, newest.flow, version.back_to)
        if version.number == 1:
            raise BadFlow([f"there is no version before {newest.name}; name one with --to"])
        return kept(self.versions, newest.flow, version.number - 1)

    async def _add(self, flow: Flow, frozen: FrozenFlow, deed: Deed) -> Result:
        if faults := await self.make_prompts(flow):
            raise BadFlow(list(faults))
        await self._announce(flow.name, deed)
        version = await asyncio.to_thread(
            self.versions.add, flow.name, frozen, deed, partial(self._difference, flow.name)
        )
        return await self._told(version, is_new=True)

    async def _announce(self, name: str, deed: Deed) -> None:
        try:
            who = {"who": deed.who, "why": deed.why, "to": deed.back_to}
            await self.core.ask("flow announce", flow=name, **who)
        except CoreStopped:
            await self.audit.write(deed_of(deed.at, name, deed.back_to, deed.who, deed.why))

    def _difference(self, name: str, file: Path, before: Version | None) -> list[str]:
        house = house_of(self.settings)
        flow = load(file, house)
        if before is None:
            return []
        try:
            old = load_version(self.versions, before, house)
        except BadFlow as bad:
            return [f"version {before.number} cannot be compared: {bad.faults[0]}"]
        return difference(old, flow)

    async def _told(self, version: Version, *, is_new: bool) -> Result:
        try:
            await self.core.ask("flow take", flow=version.flow)
        except CoreStopped:
            return Result(version, is_new, core_runs=False)
        except (CoreAway, CoreRefused) as fault:
            return Result(version, is_new, not_taken=str(fault))
        return Result(version, is_new)
