"""The flows of the running core: what new calls walk, and the versions that calls began in.

A call keeps to its version to its end. When its script begins again in another process, the call
itself tells the version (`CallFacts.version`), which is then read from where versions are kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol

from acd.model import CHATS
from acd.schedule import Schedule
from ivr.check import House
from ivr.faults import BadFlow
from ivr.flow import Flow
from ivr.flow_versions import FlowVersions
from ivr.flows_in_force import load_version
from ivr.ports import CallFacts, Clock, CoreRefused, Origin
from ivr.settings import Settings

log = logging.getLogger(__name__)


class LiveFlows:
    """Which flow a call walks. Used by one event loop; files are read in threads."""

    def __init__(
        self, settings: Settings, flows: Mapping[str, Flow], house: Callable[[], House],
        closed: Callable[[str], bool] = lambda hours: False,
    ) -> None:  # fmt: skip
        """`flows`: in force now, by name. `house`: by the rules in force. `closed`: whether the
        hours of this name are closed now."""
        self.settings = settings
        self.versions = FlowVersions(settings.data)
        self.house = house
        self._current = dict(flows)
        self._closed = closed
        self._known = {flow.version: flow for flow in flows.values()}
        """By version: once read, kept."""
        self._gone: set[str] = set()
        """Versions that were looked for and cannot be walked."""
        self._walked: Counter[str] = Counter()
        self._reading: dict[str, asyncio.Task[Flow | None]] = {}

    @property
    def in_force(self) -> dict[str, str]:
        """The version that new calls walk, by the flow's name."""
        return {name: flow.version for name, flow in self._current.items()}

    def walked(self) -> list[Flow]:
        """All that calls walk, or would walk if they came now."""
        found = {flow.version: flow for flow in self._current.values()}
        found |= {version: self._known[version] for version in self._walked if version}
        return list(found.values())

    async def of_call(self, facts: CallFacts) -> Flow:
        """The flow that the call began in; for a new call that of its number."""
        current = self._current[self._flow_of(facts.dialled)]
        if facts.version in ("", current.version):
            return current
        begun = self._known.get(facts.version)
        if begun is None:
            begun = await asyncio.shield(self._begin_to_read(facts.version))
        if begun is None:
            told = {"contact": facts.contact, "version": facts.version, "now": current.version}
            log.warning("version of the flow is gone, the call goes on in another", extra=told)
        return begun or current

    def _flow_of(self, dialled: str) -> str:
        chat = self.settings.site.chat
        if dialled == CHATS and chat and chat.flow:
            return chat.flow
        number = self.settings.site.numbers[dialled]
        if number.closed and number.hours and self._closed(number.hours):
            return number.closed
        return number.flow

    def of_waiting(self, origin: Origin) -> Flow | None:
        """The flow that a waiting caller came by; None while it is being read, or there is none."""
        number = self.settings.site.numbers.get(origin.dialled)
        current = self._current.get(number.flow) if number else None
        if origin.version in ("", *self._gone):
            return current
        known = self._known.get(origin.version)
        if known is None:
            self._begin_to_read(origin.version)
        return known

    @asynccontextmanager
    async def walking(self, facts: CallFacts) -> AsyncIterator[Flow]:
        """The flow that the call walks inside."""
        flow = await self.of_call(facts)
        self._walked[flow.version] += 1
        try:
            yield flow
        finally:
            self._walked[flow.version] -= 1
            self._walked += Counter()  # forgets who is at zero

    async def take(self, name: str) -> Mapping[str, Any]:
        """Go by the newest version from the next call on; `CoreRefused` with every fault."""
        flow = await asyncio.to_thread(self._read_newest, name)
        before = self._current.get(name)
        self._known[flow.version] = self._current[name] = flow
        self._gone.clear()
        was = before.version if before else ""
        if was != flow.version:
            log.info("flow changed", extra={"flow": flow.version, "was": was})
        return {"flow": name, "version": flow.version, "was": was}

    async def catch_up(self) -> None:
        """Go by what was published while the core was starting, when nobody could tell it."""
        for name in await asyncio.to_thread(self._overtaken):
            try:
                await self.take(name)
            except CoreRefused as refusal:
                log.error("flow not changed", extra={"flow": name, "why": str(refusal)})

    # ---------------------------------------------------------------- reading

    def _overtaken(self) -> list[str]:
        newest = {name: self.versions.newest(name) for name in self.versions.flows()}
        in_force = self.in_force
        return [name for name, each in newest.items() if each and each.name != in_force.get(name)]

    def _begin_to_read(self, version: str) -> asyncio.Task[Flow | None]:
        """Once for all calls that ask meanwhile."""
        task = self._reading.get(version)
        if task is None:
            task = self._reading[version] = asyncio.create_task(self._read(version))
            task.add_done_callback(lambda _: self._reading.pop(version))
        return task

    async def _read(self, version: str) -> Flow | None:
        flow = await asyncio.to_thread(self._read_version, version)
        if flow is None:
            self._gone.add(version)
        else:
            self._known[version] = flow
        return flow

    def _read_version(self, version: str) -> Flow | None:
        name, _, number = version.partition("/")
        try:
            kept = self.versions.find(name, int(number)) if number.isdecimal() else None
            return load_version(self.versions, kept, self.house()) if kept else None
        except BadFlow as bad:
            log.error("version cannot be walked", extra={"version": version, "why": str(bad)})
            return None

    def _read_newest(self, name: str) -> Flow:
        try:
            newest = self.versions.newest(name)
            if newest is None:
                raise CoreRefused(f"the flow {name!r} was never published")
            return load_version(self.versions, newest, self.house())
        except BadFlow as bad:
            raise CoreRefused("\n".join(bad.faults)) from bad


class RulesNow(Protocol):
    """What flows need of the rules in force."""

    @property
    def house(self) -> House: ...
    @property
    def hours(self) -> Mapping[str, Schedule]: ...


def live_flows(
    settings: Settings, flows: Mapping[str, Flow], rules: Callable[[], RulesNow],
    clock: Callable[[], Clock],
) -> LiveFlows:  # fmt: skip
    """Those of the core, by its rules and its clock, which may be made later."""

    def closed(hours: str) -> bool:
        return not rules().hours[hours].is_open(clock().now())

    return LiveFlows(settings, flows, lambda: rules().house, closed)
