"""A whole installation whose callers' steps can be watched as they begin, for calls through flows.

Every process is the real one, calls are placed by SIPp; keys are pressed by `tests.hand`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.asterisk.config import Folders
from adapters.asterisk.instance import Instance
from adapters.sipp.callers import Callers, Person
from ivr.load import load_for
from ivr.settings import load
from tests import rig
from tests.hand import Hand
from tests.house import House
from tests.watch import WATCH

WATCHED = """read = system,call,user,dialplan,dtmf
eventfilter(action(include),name(FullyBooted)) =
eventfilter(action(include),name(Newchannel)) =
eventfilter(action(include),name(Hangup)) =
eventfilter(action(include),name(VarSet),header(Variable),method(exact)) = STEP
eventfilter(action(include),name(DTMFBegin)) =
eventfilter(action(include),name(DTMFEnd)) =
"""


@dataclass(slots=True)
class Seen:
    """One call, as Asterisk's events show it."""

    contact: str
    channel: str
    steps: list[tuple[float, str]] = field(default_factory=list)
    """When each step began (UTC seconds), and its name."""
    keys: str = ""
    """As they came in: `1` where a key went down, `1.` where it came up again."""
    ended: bool = False


class Watch:
    """Follows every caller's steps."""

    def __init__(self) -> None:
        self.calls: dict[str, Seen] = {}
        """By the caller's number; the latest call of each."""
        self._channels: dict[str, Seen] = {}
        self._news: dict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def hear(self, event: Mapping[str, str]) -> None:
        """One event of the manager interface."""
        number = event.get("CallerIDNum", "")
        if event["Event"] == "Newchannel" and event["Uniqueid"].startswith("acd-"):
            return  # an agent's leg
        if event["Event"] == "Newchannel":
            new = Seen(event["Uniqueid"], event["Channel"])
            self.calls[number] = self._channels[event["Channel"]] = new
        elif seen := self._channels.get(event.get("Channel", "")):
            if event["Event"] == "VarSet":
                seen.steps.append((float(event["Timestamp"]), event["Value"]))
            elif event["Event"] == "DTMFBegin" and event["Direction"] == "Received":
                seen.keys += event["Digit"]
            elif event["Event"] == "DTMFEnd" and event["Direction"] == "Received":
                seen.keys += "." if seen.keys[-1:] == event["Digit"] else f"({event['Digit']})."
            elif event["Event"] == "Hangup":
                seen.ended = True
        self._news[number].set()

    async def until(self, number: str, holds: Callable[[Seen], Any], seconds: float) -> Seen:
        """The call of this number once `holds` is true of it; raises `TimeoutError`."""
        async with asyncio.timeout(seconds):
            while number not in self.calls or not holds(self.calls[number]):
                self._news[number].clear()
                await self._news[number].wait()
        return self.calls[number]


class FlowStage:
    """A house with the data folder of one's choice, and callers with hands."""

    def __init__(self, house: House, watch: Watch) -> None:
        self.house, self.watch = house, watch
        self._hands: list[Hand] = []
        self._callers: list[Callers] = []

    async def callers(
        self,
        numbers: Sequence[str],
        dialled: str,
        rate: float = 10.0,
        on_answer: Callable[[int, Hand], None] = lambda index, hand: None,
    ) -> tuple[Callers, list[Hand]]:
        """One caller a number, all answered. `on_answer` is told the index of each at once."""
        hands = [Hand() for _ in numbers]
        people = [Person(number) for number in numbers]
        callers = Callers(
            self.house.settings.tools, people, voices=dict(enumerate(hands)),
            on_answer=lambda index: on_answer(index, hands[index]),
        )  # fmt: skip
        self._hands += hands
        self._callers.append(callers)
        target = ("127.0.0.1", self.house.settings.ports.sip)
        await callers.start(target, dialled, self.house.next_port(4), rate, deadline=900.0)
        await callers.answered(seconds=len(numbers) / rate + 20)
        return callers, hands

    async def forget_callers(self) -> None:
        """Those who are still there hang up; their ports are free again."""
        for callers in self._callers:
            if callers.sipp.alive:
                with contextlib.suppress(TimeoutError):
                    await callers.leave(15)
            await callers.stop()
        for hand in self._hands:
            await hand.stop()
        self._callers.clear()
        self._hands.clear()
        self.house.forget_ports()

    async def trails(self) -> dict[str, list[str]]:
        """`step:outcome` of each contact so far, by the journal."""
        found: dict[str, list[str]] = defaultdict(list)
        for record in await self.house.records("StepTaken"):
            found[str(record.contact)].append(f"{record.data['step']}:{record.data['outcome']}")
        return found


@asynccontextmanager
async def flow_stage(furnish: Callable[[Path], None]) -> AsyncIterator[FlowStage]:
    """A running house whose data folder `furnish` has filled; gone afterwards.

    Of what failed, the log is shown.
    """
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        house = House(Path(folder), 0)
        furnish(house.settings.data)
        house.settings = load(house.environment)
        load_for(house.settings)  # a flow that is refused is told at once
        house.asterisk = Instance(house.settings)
        conf = Folders.of(house.settings).conf.with_name("manager-watch.conf")
        conf.parent.mkdir(parents=True, exist_ok=True)
        conf.write_text(f"[{WATCH}](account)\n{WATCHED}", encoding="utf-8")
        try:
            await house.start()
            ami = await rig.login(house.asterisk)
            watch = Watch()
            ami.hears = watch.hear
            stage = FlowStage(house, watch)
            try:
                yield stage
            finally:
                await stage.forget_callers()
                await ami.close()
        except BaseException:
            print(house.log[-4000:])
            raise
        finally:
            await house.stop()


def write_flow(data: Path, name: str, steps: Mapping[str, Any]) -> None:
    """A flow that begins with the first of these steps. (JSON is YAML without short forms.)"""
    text = json.dumps({"first": next(iter(steps)), "steps": steps}, ensure_ascii=False)
    (data / "flows" / f"{name}.yaml").write_text(text, encoding="utf-8")


def example(source: Path) -> Callable[[Path], None]:
    """The data folder of an example, copied."""

    def furnish(data: Path) -> None:
        shutil.copytree(source, data, dirs_exist_ok=True)

    return furnish
