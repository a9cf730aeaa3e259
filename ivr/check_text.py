"""What a flow that answers calls cannot do where customers read and write (`chat.flow`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ivr.flow import Flow, MenuStep, QueueStep, VerifyStep
from ivr.perform_by_text import BY_TELEPHONE
from ivr.steps_waiting import TALKED


def notes(flow: Flow) -> Iterator[str]:
    """What is otherwise for chats that this flow asks, a sentence for each step."""
    for name, step in flow.steps.items():
        if said := "; ".join(_said_of(step)):
            yield f"{flow.name}: steps.{name}: in chats {said}"


def _said_of(step: Any) -> Iterator[str]:
    if step.do in BY_TELEPHONE:
        yield f"nothing comes of `{step.do}`, which needs a telephone: customers go to a person"
    elif isinstance(step, VerifyStep):
        yield "nobody has a PIN: it ends in `none`"
    elif isinstance(step, MenuStep) and (bare := [k for k in step.then if k in _without(step)]):
        yield f"the buttons of {', '.join(bare)} show the key alone: give them `buttons`"
    elif isinstance(step, QueueStep) and (only_callers := [*_of_callers(step)]):
        yield f"{', '.join(only_callers)} mean nothing: that is for callers who wait"


def _without(step: MenuStep) -> frozenset[str]:
    return step.keys - step.buttons.keys()


def _of_callers(step: QueueStep) -> Iterator[str]:
    there = {
        "`keys`": step.keys, "`overflow`": step.overflow, "`talked`": TALKED in step.then,
        "`while_waiting`": step.while_waiting,
    }  # fmt: skip
    yield from (name for name, given in there.items() if given)
