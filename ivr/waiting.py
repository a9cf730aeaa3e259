"""What a waiting caller hears, and when. Pure: the time is an argument, one value a contact.

The rules are those of the flow's `queue` step. What is due depends on the time alone: after a gap
(the core was away) nothing is made up for. A request made again has the same id and is not said
again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from acd.model import Seconds
from ivr.flow import Announcement, Flow, QueueStep, prompt
from voice.phrases import LONGER, waiting_time, waiting_time_said
from voice.ports import Prompt

WAIT = "{wait}"
LATE: Seconds = 5.0
"""What was due longer ago than this stays unsaid."""


def _nobody_knows() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Request:
    """Something to say now. `id` is unique within the contact, and the same after a restart."""

    id: str
    prompts: tuple[Prompt, ...]


@dataclass(slots=True)
class Waiting:
    """One waiting contact's announcements."""

    rules: Sequence[Announcement]
    language: str
    since: Seconds
    """When the caller came to the waiting loop."""
    said: Seconds | None = None
    """Until when everything due has been said."""
    place: tuple[str, str] = ("", "")
    """The step and the queue in which this is said."""
    over: Seconds | None = None
    """When the wait is over by what the caller was told; None: nothing was told, or no end."""

    def next_deadline(self) -> Seconds | None:
        """When something is due next; None: never."""
        waited = self._waited(self.said)
        later = [at for rule in self.rules if (at := _next(rule, waited)) is not None]
        return self.since + min(later) / 1000 if later else None

    def due(
        self, now: Seconds, expected: Callable[[], Seconds | None] = _nobody_knows
    ) -> Request | None:
        """What has come due since the last time, each once. `expected`: the wait to tell, asked
        for if it is to be told; None: it is not known well enough, and nothing is said of it."""
        waited = self._waited(now)
        before = max(self._waited(self.said), self._waited(now - LATE), -1)
        self.said = now
        found = [(at, rule) for rule in self.rules if (at := _newest(rule, waited)) > before]
        prompts = [
            made
            for _, rule in sorted(found, key=lambda pair: pair[0])
            for made in self._said(prompt(rule.say, self.language), now, expected)
        ]
        if not prompts:
            return None
        return Request(f"w{max(at for at, _ in found)}", tuple(prompts))

    def _said(
        self, text: Prompt, now: Seconds, expected: Callable[[], Seconds | None]
    ) -> Iterable[Prompt]:
        """As the rule has it, with the wait in words; and that it takes longer, if it does."""
        if WAIT not in text.text:
            yield text
        elif (wait := expected()) is not None:
            if self.over is not None and now + wait > self.over:
                yield Prompt(LONGER[self.language], self.language)
            promised = waiting_time_said(wait)
            self.over = None if promised is None else now + promised
            words = text.text.replace(WAIT, waiting_time(wait, self.language))
            yield replace(text, text=words)

    def _waited(self, until: Seconds | None) -> int:
        """Milliseconds, whole ones: else a deadline might be reached and yet not be over."""
        return -1 if until is None else round((until - self.since) * 1000)


def announcements(flow: Flow, step: str, queue: str) -> Sequence[Announcement]:
    """The rules of this step. Who came past the flow, by the plain menu: those of its step for
    this queue, or of its step for the number's queue."""
    last = flow.steps.get(step)
    if isinstance(last, QueueStep):
        return last.while_waiting
    steps = [step for step in flow.steps.values() if isinstance(step, QueueStep)]
    by_queue = {each.queue: each.while_waiting for each in reversed(steps)}
    return by_queue.get(queue, by_queue.get(None, ()))


def _newest(rule: Announcement, waited: int) -> int:
    """The last time up to now at which the rule spoke, in milliseconds; -1: not yet."""
    if rule.every is not None:
        every = round(rule.every * 1000)
        return waited // every * every or -1
    after = round((rule.after or 0) * 1000)
    return after if after <= waited else -1


def _next(rule: Announcement, waited: int) -> int | None:
    """The first time from now on at which the rule speaks; None: it has spoken."""
    if rule.every is not None:
        every = round(rule.every * 1000)
        return (max(waited, 0) // every + 1) * every
    after = round((rule.after or 0) * 1000)
    return after if after > waited else None
