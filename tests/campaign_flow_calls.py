"""Real calls through a flow that we offer to copy: to every outcome of every step, over Asterisk.

    python -m tests.campaign_flow_calls --flow retail --lanes 25

The callers come from the flow's graph (`tests/flow_paths.py`): for every step a way to it by keys,
and there every key, wrong keys, silence and a hang-up. SIPp dials, keys are RFC 4733 events.
Some callers have a PIN, some are talked to by agents, some find rules that lead elsewhere
(`tests/flow_worlds.py`). Printed: which outcomes of which steps the journal of the real calls has,
which only come when something of the house is away, and the longest time that nothing at all
reached a caller. Exit status 1 if something was not covered that callers can bring about, or a call
went another way than by the flow, stuck, or was silent for more than a second.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from adapters.sipp.callers import Callers, fictional_numbers
from ivr import pins
from ivr.flow import Flow
from ivr.load import load_for
from ivr.rehearsal.coverage import Coverage
from ivr.settings import load as settings_of
from tests import fake_shop
from tests.flow_deeds import HANG_UP, TAKES_TIME, Deed, Maze
from tests.flow_paths import Path, calls, only_by_faults
from tests.flow_stage import FlowStage, Seen, flow_stage
from tests.flow_worlds import EXAMPLES, ORDERS, PIN, furnish, worlds
from tests.hand import QUIET, Hand
from tests.short_talks import short_talks

SILENT_SECONDS = 1.0
STUCK_SECONDS = 90.0
"""No step takes as long, with all its tries."""
LISTENS = 0.2
"""Seconds after which a caller who hangs up does: into the middle of the prompt."""
IN_QUEUE = 1.5
NOTED_SECONDS = 10.0


@dataclass
class Report:
    """What came of the calls through one flow."""

    coverage: Coverage
    most_hang_ups: int
    calls: int = 0
    longest_gap: float = 0.0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """In words."""
        pairs, left_out = len(self.coverage.pairs()), self.coverage.missing()
        open_, hung_up = missing(self.coverage), len(self.coverage.hang_ups)
        by_faults = [pair for pair in left_out if pair not in open_]
        return [
            f"{self.coverage.flow.name}: {self.calls} calls, {pairs - len(left_out)} of {pairs} "
            f"outcomes of steps, hang-ups in {hung_up} of {self.most_hang_ups} steps, "
            f"longest silence {self.longest_gap * 1000:.0f} ms",
            *([f"only when the house is at fault: {', '.join(by_faults)}"] if by_faults else []),
            *(f"not covered: {pair}" for pair in open_),
            *self.faults,
        ]

    @property
    def good(self) -> bool:
        covered = len(self.coverage.hang_ups) == self.most_hang_ups
        return covered and not missing(self.coverage) and not self.faults


def missing(coverage: Coverage) -> list[str]:
    """Outcomes that some caller could have brought about, and none has."""
    left_out = {f"{step}:{o}" if o else step for step, o in only_by_faults(coverage.flow)}
    return [pair for pair in coverage.missing() if pair not in left_out]


def planned(name: str) -> tuple[Flow, list[Path]]:
    """The flow of an example, and the calls that cover it."""
    settings = settings_of({"HOTLINE_DATA": str(EXAMPLES[name])})
    flow = load_for(settings)[name]
    maze = Maze(flow, ORDERS if name == "orders" else {})
    return flow, calls(maze, worlds(settings, flow, "en"))


async def one_call(
    stage: FlowStage, path: Path, number: str, callers: Callers, index: int, hand: Hand
) -> str:
    """Play the caller to the end; what went wrong, if something did."""
    quiet: asyncio.Task[None] | None = None
    for n, deed in enumerate(path.deeds):
        try:
            seen = await stage.watch.until(number, partial(_began, n), STUCK_SECONDS)
        except TimeoutError:
            return f"stuck before {deed.step}, on the way {path.trail}"
        if len(seen.steps) <= n or seen.steps[n][1] != deed.step:
            there = seen.steps[n][1] if len(seen.steps) > n else "the end"
            return f"came to {there}, not to {deed.step}, on the way {path.trail}"
        if quiet:
            quiet.cancel()  # the step is over
        if deed.waited and deed.keys:
            await _waits(stage, seen.contact)
        quiet = await _do(deed, callers, index, hand)
    if path.deeds[-1].outcome == "waiting":
        await asyncio.sleep(IN_QUEUE)
        callers.hang_up(index)
    try:
        await stage.watch.until(number, lambda seen: seen.ended, STUCK_SECONDS)
    except TimeoutError:
        return f"stuck in {path.deeds[-1].step}, on the way {path.trail}"
    return ""


async def _waits(stage: FlowStage, contact: str) -> None:
    """Until they are in the line: what is keyed before is no answer."""
    async with asyncio.timeout(STUCK_SECONDS):
        while True:
            contacts = (await stage.house.core.ask("contacts"))["contacts"]
            if any(one["contact"] == contact and one["state"] == "waiting" for one in contacts):
                return
            await asyncio.sleep(0.2)


def _began(n: int, seen: Seen) -> bool:
    return len(seen.steps) > n or seen.ended


async def _do(deed: Deed, callers: Callers, index: int, hand: Hand) -> asyncio.Task[None] | None:
    """Do it; who only has to be silent is so for as long as the step takes."""
    if QUIET in deed.keys:
        return asyncio.create_task(hand.act(deed.keys))
    if deed.outcome == HANG_UP:
        await asyncio.sleep(LISTENS)
        callers.hang_up(index)
    elif deed.keys:
        await hand.act(deed.keys)
    return None


async def together(stage: FlowStage, paths: Sequence[Path], report: Report) -> None:
    """These calls at once, each number's by a SIPp process of its own."""
    numbers = dict(zip(paths, fictional_numbers(len(paths)), strict=True))
    stage.watch.calls.clear()
    await _give_pins(stage, numbers)
    by_number: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda path: len(path.deeds), reverse=True):
        # Nobody acts before all are answered: whoever hangs up in the first step dials last.
        by_number.setdefault(path.world.dialled, []).append(path)
    playing: list[asyncio.Task[str]] = []
    hands: list[Hand] = []
    for dialled, group in by_number.items():
        callers, own = await stage.callers([numbers[path] for path in group], dialled)
        hands += own
        for index, (path, hand) in enumerate(zip(group, own, strict=True)):
            play = one_call(stage, path, numbers[path], callers, index, hand)
            playing.append(asyncio.create_task(play))
    report.faults += [fault for fault in await asyncio.gather(*playing) if fault]
    await stage.forget_callers()
    await stage.house.until_states(30, waiting=0, talking=0)
    for path, trail in (await _noted(stage, numbers)).items():
        _note(path, trail, report)
    for hand in hands:
        report.longest_gap = max(report.longest_gap, hand.longest_gap)
        if hand.longest_gap > SILENT_SECONDS:
            report.faults.append(f"a caller heard nothing for {hand.longest_gap:.1f} s")
    report.calls += len(paths)


async def _give_pins(stage: FlowStage, numbers: Mapping[Path, str]) -> None:
    kept = pins.kept(PIN)
    about = {"salt": kept.salt, "digest": kept.digest, "who": "campaign", "why": "to be keyed"}
    for path, number in numbers.items():
        if path.world.pin:
            await stage.house.core.ask("pin set", number=number, **about)


async def _noted(stage: FlowStage, numbers: Mapping[Path, str]) -> dict[Path, list[str]]:
    """What the journal has of each call: who hangs up while a prompt is being made is noticed when
    it is there."""
    end = time.monotonic() + NOTED_SECONDS
    while True:
        trails = await stage.trails()
        contacts = {path: stage.watch.calls[number].contact for path, number in numbers.items()}
        found = {path: trails.get(contact, []) for path, contact in contacts.items()}
        late = any(len(trail) < len(path.trail) for path, trail in found.items())
        if not late or time.monotonic() > end:
            return found
        await asyncio.sleep(0.2)


def _note(path: Path, trail: list[str], report: Report) -> None:
    report.coverage.add(trail)
    last = path.deeds[-1]
    if last.outcome == "waiting" and trail[-1:] == [f"{last.step}:waiting"]:
        report.coverage.hang_ups[last.step] += 1  # in the queue
    if trail != path.trail:
        report.faults.append(f"walked {trail}, not {path.trail}")


async def campaign(name: str, lanes: int, most: int | None = None) -> Report:
    """All calls of one flow, or the first `most`, `lanes` at once."""
    flow, paths = planned(name)
    away = {step for step, outcome in only_by_faults(flow) if not outcome}
    kinds = (*TAKES_TIME, "queue")
    heard = [name for name, step in flow.steps.items() if step.do in kinds and name not in away]
    report = Report(Coverage(flow), len(heard))
    paths = sorted(paths, key=lambda path: path.seconds)[:most]
    houses: dict[tuple[bool, str, bool], list[Path]] = {}
    for path in paths:
        world = path.world
        houses.setdefault((world.open, world.overflow, world.talks), []).append(path)
    with fake_shop.shop() as shop:
        for group in houses.values():
            await _in_a_house(flow, group, shop, lanes, report)
    return report


async def _in_a_house(
    flow: Flow, paths: Sequence[Path], shop: str, lanes: int, report: Report
) -> None:
    world = paths[0].world
    async with flow_stage(furnish(flow, world, shop)) as stage:
        agents = stage.house.settings.rules.agents if world.talks else ()
        async with short_talks(stage.house, agents):
            for first in range(0, len(paths), lanes):
                await together(stage, paths[first : first + lanes], report)
                told = f"{report.calls} calls, {len(report.faults)} faults"
                print(f"{flow.name}: {told}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flow", choices=[*EXAMPLES, "all"], default="all")
    parser.add_argument("--lanes", type=int, default=25, help="calls at once")
    args = parser.parse_args()
    names: Iterable[str] = EXAMPLES if args.flow == "all" else [args.flow]
    good = True
    for name in names:
        began = time.monotonic()
        report = asyncio.run(campaign(name, args.lanes))
        print(*report.lines(), f"{name}: {time.monotonic() - began:.0f} s", sep="\n", flush=True)
        good = good and report.good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
