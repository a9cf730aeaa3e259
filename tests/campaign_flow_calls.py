"""Real calls through a flow that we offer to copy: to every outcome of every step, over Asterisk.

    python -m tests.campaign_flow_calls --flow retail --lanes 25

The callers come from the flow's graph (`tests/flow_paths.py`): for every step a way to it by keys,
and there every key, wrong keys, silence and a hang-up. SIPp dials, keys are RFC 4733 events.
Printed: which outcomes of which steps the journal of the real calls has, and the longest time that
nothing at all reached a caller. Exit status 1 if something was not covered, or a call went another
way than by the flow, stuck, or was silent for more than a second.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path as File

import yaml

from adapters.sipp.callers import Callers, fictional_numbers
from ivr.flow import Flow
from ivr.load import OWN_FLOWS, load_for
from ivr.rehearsal.coverage import Coverage
from ivr.settings import Settings
from ivr.settings import load as settings_of
from tests import fake_shop
from tests.flow_deeds import HANG_UP, TAKES_TIME, Answer, Deed, Maze, World
from tests.flow_paths import Path, calls
from tests.flow_stage import FlowStage, Seen, flow_stage
from tests.hand import Hand

EXAMPLES: Mapping[str, File] = {
    **{name: OWN_FLOWS / "examples" / name for name in ("retail", "bank", "municipal")},
    "orders": fake_shop.EXAMPLE,
}
"""Data folders by the name of their flow."""
ORDERS: Mapping[str, Answer] = {
    "1001": ("done", {"status": "shipped"}), "1002": ("done", {"status": "delivered"}),
    "1003": ("done", {"status": "packing"}), "9999": ("not_found", {}),
    "5000": ("failed", {}), "4000": ("timeout", {}),
}  # fmt: skip
"""What the fake shop says of these orders."""
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
        pairs, missing = len(self.coverage.pairs()), self.coverage.missing()
        hung_up = len(self.coverage.hang_ups)
        return [
            f"{self.coverage.flow.name}: {self.calls} calls, {pairs - len(missing)} of {pairs} "
            f"outcomes of steps, hang-ups in {hung_up} of {self.most_hang_ups} steps, "
            f"longest silence {self.longest_gap * 1000:.0f} ms",
            *(f"not covered: {pair}" for pair in missing),
            *self.faults,
        ]

    @property
    def good(self) -> bool:
        covered = len(self.coverage.hang_ups) == self.most_hang_ups
        return covered and not self.coverage.missing() and not self.faults


def planned(name: str) -> tuple[Flow, list[Path]]:
    """The flow of an example, and the calls that cover it."""
    settings = settings_of({"HOTLINE_DATA": str(EXAMPLES[name])})
    flow = load_for(settings)[name]
    maze = Maze(flow, ORDERS if name == "orders" else {})
    return flow, calls(maze, worlds(settings, name, "en"))


def worlds(settings: Settings, name: str, language: str) -> list[World]:
    """Each number that leads to the flow, open and closed."""
    return [
        World(number, entry.class_, entry.queue, language, is_open)
        for number, entry in settings.site.numbers.items()
        if entry.flow == name
        for is_open in (True, False)
    ]


def furnish(name: str, is_open: bool, shop: str) -> Callable[[File], None]:
    """The example's data folder, with all opening hours open or closed, speaking English first."""

    def write(data: File) -> None:
        shutil.copytree(EXAMPLES[name], data, dirs_exist_ok=True)
        site = yaml.safe_load((data / "site.yaml").read_text())
        for number in site["numbers"].values():
            number["language"] = "en"
        if "services" in site:
            headers = {"Authorization": f"Bearer {fake_shop.TOKEN}"}
            site["services"] = {"orders": {"url": shop, "headers": headers}}
        (data / "site.yaml").write_text(yaml.safe_dump(site))
        centre = yaml.safe_load((data / "centre.yaml").read_text())
        times = "00:00-24:00" if is_open else "closed"
        for entry in centre.get("hours", {}).values():
            entry.clear()
            entry["open"] = {"mon-sun": times}
        (data / "centre.yaml").write_text(yaml.safe_dump(centre))

    return write


async def one_call(
    stage: FlowStage, path: Path, number: str, callers: Callers, index: int, hand: Hand
) -> str:
    """Play the caller to the end; what went wrong, if something did."""
    for n, deed in enumerate(path.deeds):
        try:
            seen = await stage.watch.until(number, partial(_began, n), STUCK_SECONDS)
        except TimeoutError:
            return f"stuck before {deed.step}, on the way {path.trail}"
        if len(seen.steps) <= n or seen.steps[n][1] != deed.step:
            there = seen.steps[n][1] if len(seen.steps) > n else "the end"
            return f"came to {there}, not to {deed.step}, on the way {path.trail}"
        await _do(deed, callers, index, hand)
    if path.deeds[-1].outcome == "waiting":
        await asyncio.sleep(IN_QUEUE)
        callers.hang_up(index)
    try:
        await stage.watch.until(number, lambda seen: seen.ended, STUCK_SECONDS)
    except TimeoutError:
        return f"stuck in {path.deeds[-1].step}, on the way {path.trail}"
    return ""


def _began(n: int, seen: Seen) -> bool:
    return len(seen.steps) > n or seen.ended


async def _do(deed: Deed, callers: Callers, index: int, hand: Hand) -> None:
    if deed.outcome == HANG_UP:
        await asyncio.sleep(LISTENS)
        callers.hang_up(index)
    elif deed.keys:
        await hand.keys(deed.keys)


async def together(stage: FlowStage, paths: Sequence[Path], report: Report) -> None:
    """These calls at once, each number's by a SIPp process of its own."""
    numbers = dict(zip(paths, fictional_numbers(len(paths)), strict=True))
    stage.watch.calls.clear()
    by_number: dict[str, list[Path]] = {}
    for path in paths:
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
    await stage.house.until_states(30, waiting=0)
    for path, trail in (await _noted(stage, numbers)).items():
        _note(path, trail, report)
    for hand in hands:
        report.longest_gap = max(report.longest_gap, hand.longest_gap)
        if hand.longest_gap > SILENT_SECONDS:
            report.faults.append(f"a caller heard nothing for {hand.longest_gap:.1f} s")
    report.calls += len(paths)


async def _noted(stage: FlowStage, numbers: Mapping[Path, str]) -> dict[Path, list[str]]:
    """What the journal has of each call: who hangs up while a prompt is being made is noticed when
    it is there."""
    end = time.monotonic() + NOTED_SECONDS
    while True:
        trails = await stage.trails()
        contacts = {path: stage.watch.calls[number].contact for path, number in numbers.items()}
        found = {path: trails.get(contact, []) for path, contact in contacts.items()}
        late = any(len(trail) < len(path.deeds) for path, trail in found.items())
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
    kinds = (*TAKES_TIME, "queue")
    report = Report(Coverage(flow), sum(step.do in kinds for step in flow.steps.values()))
    paths = sorted(paths, key=lambda path: path.seconds)[:most]
    with fake_shop.shop() as shop:
        for is_open in (True, False):
            group = [path for path in paths if path.world.open is is_open]
            if group:
                await _in_a_house(name, group, is_open, shop, lanes, report)
    return report


async def _in_a_house(
    name: str, paths: Sequence[Path], is_open: bool, shop: str, lanes: int, report: Report
) -> None:
    async with flow_stage(furnish(name, is_open, shop)) as stage:
        for first in range(0, len(paths), lanes):
            await together(stage, paths[first : first + lanes], report)
            print(f"{name}: {report.calls} calls, {len(report.faults)} faults", file=sys.stderr)


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
