"""What a flow must keep to about the ways out of waiting (`keys` and `overflow` of a `queue`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from ivr import graph
from ivr.faults import Faults
from ivr.online_offer import ACCEPT_KEY
from ivr.step import AnyStep
from ivr.steps_waiting import TALKED, QueueStep

Steps = Mapping[str, AnyStep]
NAMES = dict(zip("0123456789*#", (
    *("zero|零", "one|一", "two|二", "three|三", "four|四", "five|五", "six|六", "seven|七"),
    *("eight|八", "nine|九", "star|星", "hash|井"),
), strict=True))  # fmt: skip
"""How the two languages of our own flows call a key that is not written as its sign."""


def follow(arrows: graph.Arrows, steps: Steps) -> list[str]:
    """The steps that waiting callers come to; `arrows` lead to steps only."""
    return [
        target
        for name, step in steps.items()
        if isinstance(step, QueueStep)
        for outcome, target in arrows[name].items()
        if outcome != TALKED and step.leads_on(outcome)
    ]


def keys(steps: Steps, languages: tuple[str, ...], faults: Faults) -> None:
    """Callers hear of every key: some text of the step names it, in each language."""
    for name, step in steps.items():
        if not isinstance(step, QueueStep):
            continue
        for key in step.keys:
            silent = [one for one in languages if not _is_named(key, step, one)]
            if silent:
                text = (
                    f"nobody who waits hears of this key ({', '.join(silent)}): let `say` or a "
                    f"text of `while_waiting` name it, as {key}"
                )
                faults.add(("steps", name, "keys", key), text)


def overflow(steps: Steps, faults: Faults) -> None:
    """Who is led away without having asked for it hears why: the step says something first."""
    for name, step in steps.items():
        for outcome, target in step.overflow.items() if isinstance(step, QueueStep) else ():
            if target in steps and not getattr(steps[target], "say", None):
                text = (
                    f"callers are led to {target!r}, which says nothing before; let it lead to a "
                    "step with a `say` of its own"
                )
                faults.add(("steps", name, "overflow", outcome), text)


def online(steps: Steps, queues: Collection[str], faults: Faults) -> None:
    """The key by which waiting callers go on in the chat means nothing else; `queues`: those whose
    callers are offered it. A step that names no queue may have any."""
    for name, step in steps.items():
        if not isinstance(step, QueueStep) or ACCEPT_KEY not in step.keys:
            continue
        if step.queue in queues or (step.queue is None and queues):
            text = (
                f"callers of {step.queue or ', '.join(queues)} are offered the chat by this key "
                "while they wait (`online`, or `overflow` with `to: chat`, in centre.yaml): give "
                "this way another key, or the step a queue that is not offered it"
            )
            faults.add(("steps", name, "keys", ACCEPT_KEY), text)


def _is_named(key: str, step: QueueStep, language: str) -> bool:
    english, chinese = NAMES[key].split("|")
    sign = rf"(?<![0-9]){re.escape(key)}(?![0-9])"
    named = re.compile(rf"{sign}|\b{english}\b|按\s*{chinese}", re.IGNORECASE)
    return any(
        named.search(words.text)
        for _, spoken in step.spoken()
        for one, words in spoken.items()
        if one == language
    )
