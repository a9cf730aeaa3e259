"""`kill -9` of the core while calls stand in every kind of step: does each go on where it was?

    python -m tests.campaign_resume --kills 10

For each kill a call is brought into a step of each kind (`tests/resume_rows.py`), and more walk
through a chain of steps that take no time. Printed: how long after the core was back each step
began again (the line `core is up` of its log to Asterisk's event that the step has begun), and what
the journal, the tickets and the service that was asked have twice or not at all. Exit status 1 if a
call did not go on, went on elsewhere, took more than two seconds, or something happened twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from adapters.cli.pid_file import PidFile
from adapters.sipp.callers import fictional_numbers
from adapters.stores.closure_file import put_pin
from ivr import closure_pin, pins
from tests.asked_service import AskedService, asked_service
from tests.flow_stage import FlowStage, Seen, flow_stage
from tests.hand import Hand
from tests.resume_effects import CHAIN_EFFECTS, effects, twice
from tests.resume_house import CHAIN, dialled, furnish
from tests.resume_rows import CHAIN_ROUNDS, CHAINED, PIN, ROWS, SPEECH, Row, chain, kind_of

GOAL = 2.0
"""Seconds."""
CHAIN_CALLS, SLOW_ANSWER = 6, 5.0
STANDS_SECONDS = 0.5
"""So long after a step has begun its prompt or question is on the line."""
GONE_SECONDS = 0.3
"""What begins later than this after the kill was begun by the next process."""
MOST_SECONDS = 30.0


@dataclass
class Result:
    """What all kills came to."""

    took: dict[str, list[float]] = field(default_factory=dict)
    """Seconds from the core's return to the step's begin, by kind of step."""
    faults: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    """Notes of chained steps that the journal lacks, or has twice."""
    told_again: Counter[str] = field(default_factory=Counter)
    """Effects of which the journal tells once more under their key, by kind."""

    def report(self) -> list[str]:
        """In words, a line a kind."""
        lines = [_figures(kind, took) for kind, took in sorted(self.took.items())]
        every = [one for took in self.took.values() for one in took]
        lines += [_figures("all", every)] if every else []
        noted = ", ".join(f"{what}: {count}" for what, count in sorted(self.notes.items()))
        again = ", ".join(f"{kind}: {count}" for kind, count in sorted(self.told_again.items()))
        lines += [f"notes of steps that took no time: {noted}", f"effects told again: {again}"]
        return [*lines, *self.faults]


def _figures(kind: str, took: Sequence[float]) -> str:
    median = statistics.median(took)
    return f"{kind:17} n={len(took):3}  median {median:.2f} s  max {max(took):.2f} s"


@dataclass(frozen=True)
class Standing:
    """A call that stands in its step."""

    kind: str
    row: Row
    number: str
    hand: Hand
    seen: Seen
    speech: asyncio.Task[None] | None = None

    @property
    def short(self) -> str:
        return self.number[-4:]


async def kill_once(stage: FlowStage, service: AskedService, first: int, result: Result) -> None:
    """One kill; callers have the fictional numbers from `first` on."""
    numbers = fictional_numbers(len(ROWS) + CHAIN_CALLS, first)
    service.seconds = SLOW_ANSWER
    standing = await asyncio.gather(*map(partial(_stands, stage), ROWS, numbers))
    await asyncio.sleep(STANDS_SECONDS)
    calling = await _in_the_chain(stage, chained := numbers[len(ROWS) :])
    killed = _kill(stage)
    service.seconds = 0.0
    await calling
    back = await _core_back(stage, killed)
    await asyncio.gather(*(_goes_on(stage, each, killed, back, result) for each in standing))
    for number in chained:
        await _chain_goes_on(stage, number, killed, back, result)
    await _come_to_rest(stage, standing, len(chained), result)
    trails = await stage.trails()
    done = await effects(stage)
    for each in standing:
        _compare(each, trails.get(each.seen.contact, []), service, result)
        if each.row.effect:
            _compare_effects(each.kind, done[each.seen.contact, each.row.effect], 1, result)
    for number in chained:
        contact = stage.watch.calls[number].contact
        _count_notes(trails[contact], result)
        for kind, told in CHAIN_EFFECTS.items():
            _compare_effects(kind, done[contact, told], CHAIN_ROUNDS, result)
    await stage.forget_callers()
    await stage.house.until_states(MOST_SECONDS, waiting=0)


async def _come_to_rest(
    stage: FlowStage, standing: list[Standing], chained: int, result: Result
) -> None:
    """Until everybody waits or is gone who should."""
    waits = [each for each in standing if each.row.trail[-1].endswith(":waiting")]
    try:
        await stage.house.until_states(MOST_SECONDS, waiting=len(waits) + chained)
        for each in standing:
            if each not in waits:
                await stage.watch.until(each.number, lambda seen: seen.ended, MOST_SECONDS)
    except TimeoutError:
        result.faults.append(f"not as many wait as should: {await stage.house.states()}")


async def _stands(stage: FlowStage, kind: str, number: str) -> Standing:
    row = ROWS[kind]
    if row.has_pin:
        pin, why = pins.kept(PIN), {"who": "campaign", "why": "to be keyed"}
        await stage.house.core.ask(
            "pin set", number=number, salt=pin.salt, digest=pin.digest, **why
        )
    _, [hand] = await stage.callers([number], dialled(kind))
    await hand.keys(row.before.replace("N", number[-4:]))
    seen = await stage.watch.until(number, lambda seen: _is_there(seen, row), 20)
    speech = asyncio.create_task(hand.speak(MOST_SECONDS * 2)) if row.speaks else None
    return Standing(kind, row, number, hand, seen, speech)


async def _act(hand: Hand, acts: str) -> None:
    """Press the keys, and speak where it says so."""
    keys, *after = acts.split(SPEECH)
    await hand.keys(keys)
    for more in after:
        await hand.speak(1.0)
        await hand.keys(more)


def _is_there(seen: Seen, row: Row) -> bool:
    names = [step for _, step in seen.steps]
    return names[-1:] == [row.stands] and names.count(row.stands) == row.begins


async def _in_the_chain(stage: FlowStage, numbers: list[str]) -> asyncio.Task[Any]:
    """Until one of them is in the middle of it; how they come in."""
    calling = asyncio.create_task(stage.callers(numbers, dialled(CHAIN), rate=30))
    middle = len(chain()) // 2
    async with asyncio.timeout(20):
        while not any(
            (seen := stage.watch.calls.get(number)) and len(seen.steps) >= middle
            for number in numbers
        ):
            await asyncio.sleep(0)
    return calling


def _kill(stage: FlowStage) -> float:
    pid = PidFile(stage.house.settings.run / "core.pid").running()
    assert pid, "the core does not run"
    os.kill(pid, signal.SIGKILL)
    return time.time()


async def _core_back(stage: FlowStage, killed: float) -> float:
    """When the core that came after the kill could take calls."""
    found: list[float] = []

    async def up() -> bool:
        found[:] = [at for at in _ups(stage.house.log) if at > killed]
        return bool(found)

    await stage.house.until(up, MOST_SECONDS)
    return found[0]


def _ups(log: str) -> list[float]:
    lines = [json.loads(line) for line in log.splitlines() if '"core is up"' in line]
    return [datetime.fromisoformat(line["at"]).timestamp() for line in lines]


async def _goes_on(
    stage: FlowStage, each: Standing, killed: float, back: float, result: Result
) -> None:
    if not each.row.begins_again:
        return
    try:
        await stage.watch.until(
            each.number, lambda seen: seen.steps[-1][0] > killed + GONE_SECONDS, MOST_SECONDS
        )
    except TimeoutError:
        result.faults.append(f"{each.kind}: the call did not go on in {MOST_SECONDS:.0f} s")
        return
    _note(each.kind, each.row.stands, each.seen, killed, back, result)
    if each.speech:
        each.speech.cancel()
    await _act(each.hand, each.row.after)


async def _chain_goes_on(
    stage: FlowStage, number: str, killed: float, back: float, result: Result
) -> None:
    seen = stage.watch.calls[number]
    before = [step for at, step in seen.steps if at <= killed + GONE_SECONDS]
    if not before or before[-1] == "person":
        return
    await stage.watch.until(
        number, lambda seen: seen.steps[-1][0] > killed + GONE_SECONDS, MOST_SECONDS
    )
    _note(kind_of(before[-1]), before[-1], seen, killed, back, result)


def _note(kind: str, step: str, seen: Seen, killed: float, back: float, result: Result) -> None:
    at, begun = next(one for one in seen.steps if one[0] > killed + GONE_SECONDS)
    took = round(at - back, 3)
    result.took.setdefault(kind, []).append(took)
    if begun != step:
        result.faults.append(f"{kind}: was in {step}, goes on in {begun}")
    if took > GOAL:
        result.faults.append(f"{kind}: {took:.2f} s after the core was back")


def _compare(each: Standing, trail: list[str], service: AskedService, result: Result) -> None:
    if tuple(trail) != each.row.trail:
        result.faults.append(
            f"{each.kind}: walked {trail}, not {list(each.row.trail)}; keys {each.seen.keys}"
        )
    for path, most in each.row.asked.items():
        asked = service.asked[path.replace("N", each.short).replace("C", each.seen.contact)]
        if not 0 < asked <= most:
            result.faults.append(
                f"{each.kind}: {path} was asked for {asked} times; keys {each.seen.keys}"
            )


def _compare_effects(kind: str, found: Counter[str], wanted: int, result: Result) -> None:
    """An effect has one key, and may be told once more under it: readers take it for one."""
    if len(found) != wanted:
        result.faults.append(f"{kind}: {len(found)} effects, not {wanted}")
    result.told_again[kind] += sum(found.values()) - len(found)


def _count_notes(trail: list[str], result: Result) -> None:
    """A step's note is written behind the caller's back: the one under way when the core dies may
    be missing, or be written twice."""
    noted = Counter(entry.partition(":")[0] for entry in trail)
    steps = set(chain())
    result.notes["as they should be"] += sum(noted[step] == 1 for step in steps)
    result.notes["missing"] += sum(noted[step] == 0 for step in steps)
    result.notes["twice"] += sum(noted[step] > 1 for step in steps)


async def campaign(kills: int) -> Result:
    """So many kills in one house."""
    result = Result()
    async with asked_service() as service, flow_stage(furnish(service)) as stage:
        put_pin(stage.house.settings.secrets, closure_pin.make(PIN))
        for n in range(kills):
            await kill_once(stage, service, n * (len(ROWS) + CHAIN_CALLS), result)
            print(f"kill {n + 1} of {kills}", *result.faults, sep="\n  ", file=sys.stderr)
        result.faults += await twice(stage)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    args = parser.parse_args()
    result = asyncio.run(campaign(args.kills))
    print(*result.report(), f"{args.kills} kills, {len(result.faults)} faults", sep="\n")
    missed = {kind for kind, row in ROWS.items() if row.begins_again} | set(CHAINED)
    missed -= set(result.took)
    if missed:
        print(f"no kill in: {', '.join(sorted(missed))}")
    return 1 if result.faults or missed else 0


if __name__ == "__main__":
    sys.exit(main())
