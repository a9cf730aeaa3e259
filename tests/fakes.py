"""Stand-ins for the outside world, to be used instead of mocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from acd.model import ContactId, Seconds
from ivr.ports import NO_VALUES, CallerGone, CallFacts, EffectKey, LineFailed, Take
from ivr.rehearsal.line import SPEAKS
from ivr.transfers import Ringing, Rung
from ivr.typed import EndKey, answer_in
from voice.ports import Prompt

HANGS_UP = "hangs up"
"""An act of `FakeLine`: the caller leaves instead of answering."""

A_CALL = CallFacts(
    ContactId("c-1"), dialled="4000", caller_number="+8613800138000", queue="support"
)


class FakeLine:
    """A caller who plays a script against `ivr.ports.Line`.

    `acts` are taken one for each question: the keys pressed (`""`: silence), `HANGS_UP`, or what
    they do into a recording: `speaks 5`, `speaks 5 and hangs up`. A
    caller whose script is over hangs up. Keys left over, and those that broke into a text
    (`interrupts` says which key into which text), are typed ahead: the next question takes them
    and is not spoken.
    """

    def __init__(
        self, *acts: str, facts: CallFacts = A_CALL, interrupts: Mapping[str, str] | None = None
    ) -> None:
        self.facts = facts
        self.heard: list[str] = []
        """Every text that was spoken, in order."""
        self.answered = False
        self.language = facts.language
        self.step, self.visits = facts.step, dict(facts.visits)
        self.versions: list[str] = []
        """Of the flow, as remembered with each step."""
        self.values = dict(facts.values)
        self.queued: tuple[str, str, Seconds] | None = None
        """Queue, class and time of entry, once handed over to the waiting loop."""
        self.after, self.goes_on, self.urgency = "", False, ""
        """What follows the talk, whether the flow goes on after it, how urgent the matter is."""
        self.keys = ""
        """The keys that lead out of the waiting loop."""
        self.gone = False
        self.in_secret = 0
        """So many questions whose answers were not to be kept."""
        self.rings: list[Rung | None] = []
        """How the next transfers end."""
        self.rang: list[Ringing] = []
        """Whom they rang."""
        self.rung: dict[str, Rung] = {}
        """What the call has kept of them, by key."""
        self._acts = list(acts)
        self._interrupts = dict(interrupts or {})
        self._typed, self._end_key = "", EndKey()

    async def answer(self) -> None:
        self._check()
        self.answered = True

    async def say(self, prompts: Sequence[Prompt], *, interruptible: bool = True) -> str | None:
        self._check()
        self._typed = self._end_key.without(self._typed)
        for prompt in prompts:
            if interruptible and self._typed:
                break
            self.heard.append(prompt.text)
            if interruptible:
                self._typed += self._interrupts.pop(prompt.text, "")
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
        self.in_secret += secret
        self._typed = self._end_key.without(self._typed)
        if not self._typed:
            self.heard += [prompt.text for prompt in prompts]
            act = self._acts.pop(0) if self._acts else HANGS_UP
            if act == HANGS_UP:
                self.hangs_up()
                self._check()
            self._typed = act
        if not self._typed:
            return None
        typed = self._typed
        keys, taken = answer_in(typed, most_keys, ends_with) or (typed, len(typed))
        self._typed = typed[taken:]
        self._end_key.may_follow(keys, most_keys, ends_with)
        return keys

    async def record(
        self, prompts: Sequence[Prompt], *, seconds: Seconds, pause: int, ends_with: str = "#"
    ) -> Take:
        self._check()
        if not self._typed:
            self.heard += [prompt.text for prompt in prompts]
        self._typed = ""
        act = self._acts.pop(0) if self._acts else HANGS_UP
        speaks = SPEAKS.fullmatch(act)
        if act == HANGS_UP:
            self.hangs_up()
            self._check()
        if not speaks:
            return Take(b"", 0.0)
        self.gone = bool(speaks[2])
        spoken = min(float(speaks[1]), seconds)
        return Take(b"\x00\x20" * int(spoken * 8000), spoken, self.gone)

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
        self._check()
        self.step, self.visits, self.values = step, dict(visits), dict(values)
        self.versions.append(version)

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
        self.after, self.goes_on, self.urgency, self.keys = after, goes_on, urgency, keys
        self.heard += [prompt.text for prompt in prompts]
        self.queued = (queue, class_, entered_at)

    async def transfer(self, ringing: Ringing, prompts: Sequence[Prompt] = ()) -> Rung:
        """`rings` says how; `None`: the caller hangs up meanwhile."""
        self._check()
        if ringing.key not in self.rung:
            self.heard += [prompt.text for prompt in prompts]
            self.rang.append(ringing)
            self._typed, ends = "", self.rings.pop(0) if self.rings else Rung.DONE
            if ends is None:
                self.hangs_up()
                self._check()
            else:
                self.rung[ringing.key] = ends
        return self.rung[ringing.key]

    async def end_of(self, key: EffectKey) -> Rung | None:
        return self.rung.get(key)

    async def busy(self) -> None:
        self._check()
        self.heard.append("(busy)")

    async def hang_up(self) -> None:
        self.gone = True

    def types(self, keys: str) -> None:
        """The caller presses keys, from now on."""
        self._typed += keys

    def hangs_up(self) -> None:
        """The caller leaves, from now on."""
        self.gone = True

    def _check(self) -> None:
        if self.gone:
            raise CallerGone
        if self.queued:
            raise LineFailed("the caller has been handed over to the waiting loop")
