"""`kill -9` of the core while calls stand in every kind of step: does each go on where it was?

    python -m tests.campaign_resume --kills 10

For each kill a call is brought into a step of each kind (`tests/resume_rows.py`), and more walk
along chains of steps that take no time, one kind each. Printed: how long after the core was back
each step began again (the line `core is up` of its log to Asterisk's event that the step has
begun), how many calls stood in a step of each kind, and what the journal, the tickets and the
service that was asked have twice or not at all. Exit status 1 if a kind was never hit, a call did
not go on, went on elsewhere, took more than two seconds, or something happened twice.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from adapters.cli.pid_file import PidFile
from adapters.sipp.callers import fictional_numbers
from adapters.stores.closure_file import put_pin
from ivr import closure_pin, pins
from tests.asked_service import AskedService, asked_service
from tests.flow_stage import FlowStage, Seen, flow_stage
from tests.hand import Hand
from tests.resume_effects import CHAIN_EFFECTS, effects, twice
from tests.resume_house import AGENT, CHAIN, dialled, furnish
from tests.resume_report import Result
from tests.resume_rows import LINKS, PIN, ROWS, Row, chain, kind_of
from tests.short_talks import short_talks

CHAIN_CALLS = (*LINKS, "flow", "flow")
"""The kinds of steps along which a call walks; three, along those that call a flow and return."""
SLOW_ANSWER = 5.0
STANDS_SECONDS = 0.5
"""So long after a step has begun its prompt or question is on the line."""
GONE_SECONDS = 0.3
"""What begins later than this after the kill was begun by the next process."""
MOST_SECONDS = 30.0


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
    numbers = fictional_numbers(len(ROWS) + len(CHAIN_CALLS), first)
    service.seconds = SLOW_ANSWER
    chained = dict(zip(numbers[len(ROWS) :], CHAIN_CALLS, strict=True))
    ready = await asyncio.gather(*(_ready(stage, *each) for each in chained.items()))
    coming = (_stands(stage, kind, number) for kind, number in zip(ROWS, numbers, strict=False))
    standing = await asyncio.gather(*coming)
    await asyncio.sleep(STANDS_SECONDS)
    await asyncio.gather(*(_walks(stage, number, hand) for number, hand in ready))
    killed = _kill(stage)
    service.seconds = 0.0
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
    for number, kind in chained.items():
        contact = stage.watch.calls[number].contact
        _count_notes(trails[contact], set(chain(kind)), result)
        for effect, told in CHAIN_EFFECTS.items():
            wanted = LINKS[kind][0] if kind == effect else 0
            _compare_effects(kind, done[contact, told], wanted, result)
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


def _is_there(seen: Seen, row: Row) -> bool:
    names = [step for _, step in seen.steps]
    return names[-1:] == [row.stands] and names.count(row.stands) == row.begins


async def _ready(stage: FlowStage, number: str, kind: str) -> tuple[str, Hand]:
    """A call at the beginning of its chain."""
    _, [hand] = await stage.callers([number], dialled(f"{CHAIN}{kind}"))
    await stage.watch.until(number, lambda seen: bool(seen.steps), 20)
    return number, hand


async def _walks(stage: FlowStage, number: str, hand: Hand) -> None:
    """Until the call walks along its chain."""
    await hand.keys("1")
    await stage.watch.until(number, lambda seen: len(seen.steps) > 1, 20)


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
        result.hits[each.kind] += 1
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
    await each.hand.act(each.row.after)


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
    result.hits[kind_of(kind)] += 1
    result.begun(kind, round(at - back, 3))
    if begun != step:
        result.faults.append(f"{kind}: was in {step}, goes on in {begun}")


def _compare(each: Standing, trail: list[str], service: AskedService, result: Result) -> None:
    if tuple(trail) != each.row.trail:
        result.faults.append(
            f"{each.kind}: walked {trail}, not {list(each.row.trail)}; keys {each.seen.keys}"
        )
    for path, most in each.row.asked.items():
        path = path.replace("N", each.short).replace("C", each.seen.contact)
        asked, keys = service.asked[path], service.keys[path]
        if len(keys) > 1:
            result.faults.append(f"{each.kind}: {path} was asked for under {sorted(keys)}")
        if not 0 < asked <= most:
            result.faults.append(
                f"{each.kind}: {path} was asked for {asked} times; keys {each.seen.keys}"
            )


def _compare_effects(kind: str, found: Counter[str], wanted: int, result: Result) -> None:
    """An effect has one key, and may be told once more under it: readers take it for one."""
    if len(found) != wanted:
        result.faults.append(f"{kind}: {len(found)} effects, not {wanted}")
    if again := sum(found.values()) - len(found):
        result.told_again[kind] += again


def _count_notes(trail: list[str], steps: set[str], result: Result) -> None:
    """A step's note is written behind the caller's back: those on their way when the core dies are
    missing, a few of each call that runs along a chain; the last may be written twice."""
    noted = Counter(entry.partition(":")[0] for entry in trail)
    result.notes["as they should be"] += sum(noted[step] == 1 for step in steps)
    result.notes["missing"] += sum(noted[step] == 0 for step in steps)
    result.notes["twice"] += sum(noted[step] > 1 for step in steps)


async def campaign(kills: int) -> Result:
    """So many kills in one house."""
    result = Result()
    async with asked_service() as service, flow_stage(furnish(service)) as stage:
        put_pin(stage.house.settings.secrets, closure_pin.make(PIN))
        async with short_talks(stage.house, [AGENT]):
            for n in range(kills):
                await kill_once(stage, service, n * (len(ROWS) + len(CHAIN_CALLS)), result)
                print(f"kill {n + 1} of {kills}", *result.faults, sep="\n  ", file=sys.stderr)
        result.faults += await twice(stage)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    args = parser.parse_args()
    result = asyncio.run(campaign(args.kills))
    print(*result.report(), f"{args.kills} kills, {len(result.faults)} faults", sep="\n")
    return 0 if result.good else 1


if __name__ == "__main__":
    sys.exit(main())
