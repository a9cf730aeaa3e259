"""Keys faster than anybody is asked: is every one of them heard?

    python -m tests.campaign_type_ahead --calls 1000 --lanes 20 --seed 1
    python -m tests.campaign_type_ahead --calls 1000 --ends-with "#"

Each caller keys a number of sixteen digits and the answers of three menus in one go, ten keys a
second, from the moment in which the call is answered: into the first prompt, into a lookup that
takes its time, into menus that have not been said yet. The service that is asked tells which number
arrived, the journal which keys the menus got. With `--ends-with` each caller presses the end key
behind the number, which has all its digits, or one less, so that it is needed. Goes on where it
stopped (HOTLINE_DATA/campaigns); exit status 1 if a key of any call is missing, doubled or
elsewhere.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import yaml

from adapters.sipp.callers import fictional_numbers
from ivr.settings import load
from tests.asked_service import AskedService, asked_service
from tests.flow_stage import FlowStage, flow_stage, write_flow
from tests.hand import TEN_A_SECOND, Hand

DIGITS, MENU_KEYS = "0123456789", "0123456789*#"
LENGTH, MENUS = 16, 3
HELD = "40,50,60,80"
"""Milliseconds that keys are held down, one way a caller. With more than 55 the pause behind a key
is less than the 45 ms by which Asterisk knows one."""
ANSWER_SECONDS = 0.5
"""So long the service takes: keys come while it is asked."""
MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Typist:
    """What one caller keys."""

    number: str
    menus: str
    held: float
    ends_with: str = ""

    @staticmethod
    def of(seed: int, n: int, held: Sequence[float], ends_with: str = "") -> Typist:
        """The caller `n` of this seed, who holds all keys alike."""
        chance = Random(f"{seed} {n}")
        number = "".join(chance.choices(DIGITS, k=LENGTH))
        menus = "".join(chance.choices(MENU_KEYS, k=MENUS))
        typist = Typist(number, menus, chance.choice(held), ends_with)
        shorter = ends_with and chance.random() < 0.5
        return replace(typist, number=number[:-1]) if shorter else typist

    @property
    def keys(self) -> str:
        """All of them, in a row."""
        return self.number + self.ends_with + self.menus

    @property
    def trail(self) -> list[str]:
        """What is walked when every key is heard."""
        menus = [f"menu_{n}:{key}" for n, key in enumerate(self.menus)]
        return ["number:done", "kept:done", *menus, "person:waiting"]


def steps(ends_with: str) -> dict[str, Any]:
    """A number, a lookup with it, three menus, the queue."""
    least = LENGTH - 1 if ends_with else LENGTH
    say = {"en": "Please press the keys that you were told about.", "zh": "请按您知道的那些键。"}
    lost = {"silence": "person", "no_match": "person"}
    found: dict[str, Any] = {
        "number": {
            "do": "listen", "say": say, "into": "number", "ends_with": ends_with,
            "tries": 1, "keys": {"least": least, "most": LENGTH}, "then": {"done": "kept", **lost},
        },
        "kept": {
            "do": "lookup", "service": "asked", "path": "/{number}", "into": {"word": "word"},
            "seconds": 10,
            "then": {
                "done": "menu_0", **dict.fromkeys(("not_found", "failed", "timeout"), "person"),
            },
        },
    }  # fmt: skip
    for n in range(MENUS):
        following = f"menu_{n + 1}" if n + 1 < MENUS else "person"
        answers = {**dict.fromkeys(MENU_KEYS, following), **lost}
        found[f"menu_{n}"] = {"do": "menu", "say": say, "tries": 1, "then": answers}
    return {**found, "person": {"do": "queue"}}


def furnish(service: AskedService, ends_with: str = "") -> Callable[[Path], None]:
    """The flow at the usual number, and the service that it asks."""

    def write(data: Path) -> None:
        write_flow(data, "main", steps(ends_with))
        site = yaml.safe_load((data / "site.yaml").read_text())
        site["services"] = {"asked": {"url": f"http://127.0.0.1:{service.port}"}}
        (data / "site.yaml").write_text(yaml.safe_dump(site))

    return write


async def together(
    stage: FlowStage, service: AskedService, typists: Sequence[Typist]
) -> list[dict[str, Any]]:
    """So many calls at once; those of which a key is missing, and what was heard of them."""
    numbers = fictional_numbers(len(typists))
    typing: list[asyncio.Task[None]] = []

    def answered(index: int, hand: Hand) -> None:
        one = typists[index]
        typing.append(asyncio.create_task(hand.keys(one.keys, TEN_A_SECOND, one.held)))

    service.asked.clear()
    service.seconds = ANSWER_SECONDS
    await stage.callers(numbers, "4000", on_answer=answered)
    await asyncio.gather(*typing)
    await stage.house.until_states(MOST_SECONDS, waiting=len(typists))
    trails = await stage.trails()
    lost = []
    for number, one in zip(numbers, typists, strict=True):
        seen = stage.watch.calls[number]
        trail = trails[seen.contact]
        asked = service.asked[f"/{one.number}"]
        if trail != one.trail or asked != 1:
            heard = [path for path in service.asked if path[:6] == f"/{one.number}"[:6]]
            lost.append({"keys": one.keys, "held": one.held, "walked": trail,
                         "asked": asked, "heard": heard, "came": seen.keys})  # fmt: skip
    await stage.forget_callers()
    await stage.house.until_states(MOST_SECONDS, waiting=0)
    return lost


async def campaign(
    state: dict[str, Any], calls: int, lanes: int, caller: Callable[[int], Typist], path: Path
) -> None:
    """Until so many calls have been made; the state is written after each group."""
    ends_with = caller(0).ends_with
    async with asked_service() as service, flow_stage(furnish(service, ends_with)) as stage:
        while state["n"] < calls:
            began = time.monotonic()
            count = min(lanes, calls - state["n"])
            typists = [caller(state["n"] + n) for n in range(count)]
            state["lost"] += await together(stage, service, typists)
            state["n"] += count
            state["seconds"] += round(time.monotonic() - began, 1)
            path.write_text(json.dumps(state, indent=1))
            print(f"{state['n']} calls, {len(state['lost'])} with keys lost", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--lanes", type=int, default=20, help="calls at once")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--held", default=HELD, help="milliseconds that keys are held")
    parser.add_argument("--ends-with", choices=["", "#"], default="", help="behind the number")
    args = parser.parse_args()
    held = [int(text) / 1000 for text in args.held.split(",")]
    name = f"type-ahead-{args.seed}-{args.held}{args.ends_with}.json"
    path = load().data / "campaigns" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    new = {"seed": args.seed, "n": 0, "seconds": 0.0, "lost": []}
    state = json.loads(path.read_text()) if path.exists() else new

    def caller(n: int) -> Typist:
        return Typist.of(args.seed, n, held, args.ends_with)

    asyncio.run(campaign(state, args.calls, args.lanes, caller, path))
    print(*state["lost"], sep="\n")
    print(
        f"{state['n']} calls, {sum(len(caller(n).keys) for n in range(state['n']))} keys, "
        f"ten a second; {'number ended by ' + args.ends_with + '; ' if args.ends_with else ''}"
        f"held {args.held} ms; {len(state['lost'])} calls with keys lost or doubled; "
        f"seed {args.seed}, {state['seconds']:.0f} s"
    )
    return 1 if state["lost"] else 0


if __name__ == "__main__":
    sys.exit(main())
