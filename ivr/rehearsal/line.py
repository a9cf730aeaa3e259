"""The outside world of a rehearsed call: a caller who acts, and a distributor that takes note.

Keys are taken as on the telephone: those that no question has taken yet are kept, the next one
takes them and is not spoken. Waiting for a key takes its seconds of simulated time; speaking and
pressing keys take none.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from acd.model import ContactId, Seconds
from ivr.flow import TALKED, QueueStep, Step
from ivr.matter import ANY, Matter
from ivr.ports import (
    NO_VALUES,
    CallerGone,
    CallFacts,
    Clock,
    EffectKey,
    LineFailed,
    PersonId,
    Take,
)
from ivr.rehearsal.kept import Shelf
from ivr.transfers import Ringing, Rung
from ivr.typed import EndKey, answer_in
from voice.ports import Prompt

SILENT, HANGS_UP = "silence", "hang up"
"""What a caller can do besides pressing keys and speaking."""
TALKS = "talk"
"""What happens to a caller who waits: an agent talks with them and hangs up."""
SPEAKS = re.compile(r"speaks ([1-9][0-9]{0,2})( and hangs up)?")
"""They say something, for so many seconds."""
MOST_QUESTIONS = 50
"""One performance of a step that asks more often than this will not end."""


SOMEBODY = PersonId("per_rehearsed")
"""Who every rehearsed caller is."""


class NoEnd(Exception):
    """A caller has come further than any walk through this flow should."""


class OutOfPlace(Exception):
    """A caller is to talk with an agent, but is asked for keys."""


class Actor:
    """A caller on the telephone, as `ivr.ports.Line`. `acts` answer one question each: keys,
    `SPEAKS`, `SILENT` or `HANGS_UP`; a caller who has no more of them says nothing. Who speaks
    where keys are asked for presses none. Where the caller waits comes one act: `TALKS`, if the
    flow goes on after a talk, or a key that leads out; any other leaves them waiting. Where
    `overflow` has a way out of waiting, it is gone before, once."""

    def __init__(self, facts: CallFacts, acts: Iterator[str], most_steps: int) -> None:
        self.facts = facts
        self.heard: list[Prompt] = []
        self.listener: Callable[[Prompt], None] | None = None
        """Whom it is told what the caller hears, while they hear it."""
        self.done: list[str] = []
        """The acts so far."""
        self.language = facts.language
        self.queue = self.urgency = ""
        """Where the caller waits or waited, once handed over, and how urgent that is."""
        self.waits = False
        self.overflow = ""
        """Where the overflow rules lead callers who wait; empty: nowhere, or there already."""
        self.left = self.dismissed = False
        """Whether the caller hung up, or we did."""
        self._acts = acts
        self._typed, self._end_key = "", EndKey()
        self._steps, self._most_steps = 0, most_steps
        self._questions = 0
        """Of the step that is being performed."""
        self.rings: Mapping[str, list[Rung]] = {}
        """How ringing each destination ends, in order."""
        self.rings_else = Rung.DONE
        """How it ends where that is not said."""

    async def answer(self) -> None:
        self._check()

    async def say(self, prompts: Sequence[Prompt], *, interruptible: bool = True) -> str | None:
        self._check()
        self._typed = self._end_key.without(self._typed)
        if not interruptible or not self._typed:
            self.hear(prompts)
        return self._typed[:1] or None if interruptible else None

    async def ask(
        self,
        prompts: Sequence[Prompt],
        *,
        most_keys: int,
        seconds: Seconds,
        ends_with: str = "#",
        secret: bool = False,
    ) -> str | None:
        self._check()
        self._count()
        self._typed = self._end_key.without(self._typed)
        if not self._typed:
            self.hear(prompts)
            act = self._act()
            spoken = SPEAKS.fullmatch(act)
            if act == SILENT or spoken:
                await asyncio.sleep(seconds)
                self._leave(bool(spoken and spoken[2]))
                return None
            self._typed = act
        return self._answer(most_keys, ends_with)

    async def record(
        self, prompts: Sequence[Prompt], *, seconds: Seconds, pause: int, ends_with: str = "#"
    ) -> Take:
        self._check()
        self._count()
        if not self._end_key.without(self._typed):
            self.hear(prompts)
        self._typed = ""
        act = self._act()
        found = SPEAKS.fullmatch(act)
        spoken = min(float(found[1]), seconds) if found else 0.0
        self.left = bool(found and found[2])
        await asyncio.sleep(spoken + (0 if self.left else pause))
        return Take(b"", spoken, self.left)

    async def set_language(self, language: str) -> None:
        self._check()
        self.language = language

    async def remember(
        self,
        step: str,
        visits: Mapping[str, int],
        version: str = "",
        *,
        values: Mapping[str, str] = NO_VALUES,
    ) -> None:
        """Count the step. Nothing else is kept: nobody takes a rehearsed call over."""
        self._check()
        self.facts = replace(self.facts, step=step, visits=dict(visits))
        self._questions = 0
        self._steps += 1
        if self._steps > self._most_steps:
            raise NoEnd(f"after {self._most_steps} steps the walk goes on, at {step!r}")

    async def join_queue(
        self,
        queue: str,
        class_: str,
        entered_at: Seconds,
        prompts: Sequence[Prompt] = (),
        after: str = "goodbye",
        goes_on: bool = False,
        urgency: str = "",
        keys: str = "",
    ) -> None:
        self._check()
        self.hear(prompts)
        self.queue, self.waits, self.urgency = queue, True, urgency
        self._end_key = EndKey()

    def comes_back(self, step: Step | None) -> bool:
        """Whether the flow goes on for a caller who waits in this step: the overflow rules lead
        them out, an agent has talked with them by now, or they have pressed a key for it."""
        if not self.waits or not isinstance(step, QueueStep) or not step.then:
            return False
        act, left, talked = "", self.overflow, ""
        if not step.leads_on(left):
            act = next(self._acts, SILENT)
            left = act[0] if act[:1] in step.keys else ""
            talked = "rehearsal" if act == TALKS and TALKED in step.then else ""
        if not (left or talked):
            return False
        self.done += [act] if act else []
        self.overflow = self.overflow if act else ""  # once
        self.waits, self._typed = False, act[1:] if left else ""
        self.facts = replace(self.facts, talked=talked, left=left, language=self.language)
        return True

    async def transfer(self, ringing: Ringing, prompts: Sequence[Prompt] = ()) -> Rung:
        self._check()
        self.hear(prompts)
        self._typed = ""
        ends = self.rings.get(ringing.name)
        how = ends.pop(0) if ends else self.rings_else
        await asyncio.sleep(ringing.seconds if how is Rung.NO_ANSWER else 0)
        return how

    async def end_of(self, key: EffectKey) -> Rung | None:
        self._check()
        return None

    @property
    def unrung(self) -> list[str]:
        """The destinations that have ends left."""
        return [name for name, ends in self.rings.items() if ends]

    async def busy(self) -> None:
        self._check()

    async def hang_up(self) -> None:
        self.dismissed = not self.left

    def hear(self, prompts: Sequence[Prompt]) -> None:
        """Something is said to the caller."""
        self.heard += prompts
        if tell := self.listener:
            for prompt in prompts:
                tell(prompt)

    def _check(self) -> None:
        if self.left or self.dismissed:
            raise CallerGone
        if self.waits:
            raise LineFailed("the caller has been handed over to the waiting loop")

    def _count(self) -> None:
        self._questions += 1
        if self._questions > MOST_QUESTIONS:
            raise NoEnd(f"one step has asked {MOST_QUESTIONS} times and asks again")

    def _act(self) -> str:
        """What the caller does next, unless it is to hang up: then that is done."""
        act = next(self._acts, SILENT)
        self.done.append(act)
        self._leave(act == HANGS_UP)
        if act == TALKS:
            raise OutOfPlace("a caller talks only where they wait, in a queue with `talked`")
        return act

    def _leave(self, leaves: bool) -> None:
        self.left = leaves
        self._check()

    def _answer(self, most_keys: int, ends_with: str) -> str:
        """The keys for this question; what was pressed after them is kept."""
        typed = self._typed
        keys, taken = answer_in(typed, most_keys, ends_with) or (typed, len(typed))
        self._typed = typed[taken:]
        self._end_key.may_follow(keys, most_keys, ends_with)
        return keys


class Desk:
    """`ivr.ports.Acceptance` that takes everybody, and knows everybody by one name."""

    def __init__(self, clock: Clock, shelf: Shelf | None = None) -> None:
        self._clock = clock
        self.shelf = shelf or Shelf()
        """What the call leaves behind."""
        self.overflow = ""
        """Where the overflow rules of all queues lead."""
        self.matter = ANY
        """What the caller waits for, or waited."""

    async def begin(self, facts: CallFacts) -> PersonId | None:
        return SOMEBODY

    async def enqueue(
        self, facts: CallFacts, queue: str, class_: str, language: str,
        person: PersonId | None, matter: Matter = ANY,
    ) -> Seconds:  # fmt: skip
        self.matter = matter
        return self._clock.now()

    async def let_out(self, facts: CallFacts) -> None:
        """Nobody rings at a rehearsal."""

    async def way_out(self, queue: str, class_: str) -> str:
        return self.overflow

    async def note(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """A step has ended; nothing is kept of it."""

    async def write(self, contact: ContactId, kind: str, data: Mapping[str, Any]) -> None:
        """A step has had an effect; `StoreFailed` where that is to be so."""
        self.shelf.written(data)
