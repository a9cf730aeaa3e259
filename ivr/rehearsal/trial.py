"""A trial of flows: callers from files and at random, and what they showed of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from acd.model import Seconds
from ivr.rehearsal import at_random
from ivr.rehearsal.callers import Scripted
from ivr.rehearsal.coverage import Coverage
from ivr.rehearsal.stage import BROKE_OFF, Premises, Stage, Walk


@dataclass(frozen=True, slots=True)
class Played:
    """A caller of a file, and what came of the call."""

    caller: Scripted
    walk: Walk
    differences: Sequence[str]
    """What came otherwise than expected; none: all is well."""


@dataclass(slots=True)
class Trial:
    """What has been tried so far, flow by flow."""

    coverage: dict[str, Coverage]
    played: list[Played] = field(default_factory=list)
    strays: list[Walk] = field(default_factory=list)
    """Callers at random who came to no end."""
    calls: int = 0
    seconds: Seconds = 0.0
    """Of real time, in which these calls were walked."""

    def failed(self) -> list[Played]:
        """The callers of files of whom something came otherwise than expected."""
        return [one for one in self.played if one.differences]

    def below(self, share: float) -> list[Coverage]:
        """The flows of which less than this share has been walked."""
        return [each for each in self.coverage.values() if each.share() < share]

    def calls_a_minute(self) -> float:
        """How many calls like these could be walked in a minute, on this machine's one core."""
        return self.calls / self.seconds * 60 if self.seconds else 0.0


def run(
    premises: Premises, flows: Iterable[str], callers: Iterable[Scripted], random: int, seed: int
) -> Trial:
    """Let all callers of files walk, then so many at random through each of these flows."""
    trial = Trial({name: Coverage(premises.flows[name]) for name in flows})
    began = time.perf_counter()
    with Stage(premises) as stage:
        for caller in callers:
            walk = stage.walk(caller.role)
            trial.played.append(Played(caller, walk, caller.differences(walk)))
            _count(trial, walk)
        for name in trial.coverage:
            for role in at_random.callers(premises, name, random, seed):
                walk = stage.walk(role)
                if walk.ends == BROKE_OFF:
                    trial.strays.append(walk)
                _count(trial, walk)
    trial.seconds = time.perf_counter() - began
    return trial


def _count(trial: Trial, walk: Walk) -> None:
    trial.calls += 1
    trial.coverage[walk.role.flow].add(walk.trail)
