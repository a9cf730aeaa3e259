"""The rules in force, and how they change while everything runs.

A file with any fault changes nothing. Rules that would leave contacts in a queue that is no more,
or flows without a queue or hours that they name, are refused too.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from acd import events
from acd.schedule import Schedule
from ivr import check
from ivr.check import House
from ivr.distributor import Distributor, NewRules
from ivr.faults import BadFlow, BadSettings, Faults
from ivr.flow import Flow
from ivr.flows_in_force import load_in_force
from ivr.load import house_of
from ivr.marked_yaml import Marked
from ivr.ports import CoreRefused
from ivr.settings import Settings, with_new_rules

log = logging.getLogger(__name__)

MOST_FAULTS = 200
"""So many are told at once; the command line names all of them."""


class RulesInForce:
    """What the centre file said when it was last applied."""

    def __init__(
        self,
        settings: Settings,
        distributor: Distributor,
        flows: Callable[[], Iterable[Flow]],
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        self._settings = settings
        self._distributor = distributor
        self._flows = flows
        """Those that calls walk, old versions too."""
        self._on_change = on_change
        """Tells the telephone side; what fails there is its own business."""
        self._one_at_a_time = asyncio.Lock()

    @property
    def hours(self) -> Mapping[str, Schedule]:
        """Opening hours by name."""
        return self._settings.hours

    @property
    def house(self) -> House:
        """What flows may name now."""
        return house_of(self._settings)

    def begin(self, known: str) -> None:
        """Go by the file as it is at the start; `known`: the version that the journal ends with."""
        if self._settings.centre.version != known:
            self._distributor.post(_entry(self._settings))
        for warning in self._settings.warnings:
            log.warning("hardly meant", extra={"rules": warning})

    async def apply(self) -> Mapping[str, Any]:
        """Read the file again and go by it. Raises `CoreRefused` with every fault."""
        async with self._one_at_a_time:
            new = await asyncio.to_thread(self._read)
            if faults := [*self._contacts_left_out(new), *self._flows_left_out(new)]:
                raise CoreRefused(_told(faults))
            changed = new.centre.version != self._settings.centre.version
            if changed:
                await self._distributor.record(_entry(new), events.TimePassed())
                log.info("rules changed", extra={"version": new.centre.version})
            self._settings = new
        if changed:
            await self._on_change()
        return {
            "version": new.centre.version,
            "changed": changed,
            "queues": len(new.centre.queues),
            "agents": len(new.centre.agents),
            "warnings": list(new.warnings),
        }

    def _read(self) -> Settings:
        try:
            new = with_new_rules(self._settings)
            load_in_force(new)
        except (BadSettings, BadFlow) as bad:
            raise CoreRefused(_told(bad.faults)) from bad
        if not new.rules.content():  # as while an editor is writing it
            raise CoreRefused("centre.yaml says nothing")
        return new

    def _contacts_left_out(self, new: Settings) -> Iterator[str]:
        engine = self._distributor.engine
        for queue, count in Counter(c.queue for c in engine.contacts.values()).items():
            if queue not in new.centre.queues and queue in engine.centre.queues:
                yield (
                    f"centre.yaml: queues.{queue}: {count} of its contacts are still here; "
                    "keep it until they are gone"
                )

    def _flows_left_out(self, new: Settings) -> Iterator[str]:
        house = house_of(new)
        for flow in self._flows():
            faults = Faults(Path(flow.name), Marked())
            for name, step in flow.steps.items():
                check.names(name, step, house, faults)
            for path, text in faults.found:
                running = flow.version or flow.name
                yield f"flow {running}, which is running: {'.'.join(path)}: {text}"


def _entry(settings: Settings) -> NewRules:
    return NewRules(settings.centre, settings.rules.content())


def _told(faults: list[str]) -> str:
    more = len(faults) - MOST_FAULTS
    return "\n".join([*faults[:MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])])
