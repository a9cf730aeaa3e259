"""For each kind of step a call that stands in one, and what becomes of it when the core is killed.

A new kind of step is a row more in `ROWS`, or a reason in `NO_ROW`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LONG = {
    "en": "This is said for quite a while. " * 6,
    "zh": "这一段话会说上好一会儿。" * 6,
}
WORD = {"en": "Please.", "zh": "请按键。"}
PERSON = {"do": "queue"}
ASK = {
    "do": "lookup", "service": "asked", "seconds": 8, "into": {"word": "word"},
    "then": dict.fromkeys(("done", "not_found", "failed", "timeout"), "person"),
}  # fmt: skip


def listen(into: str, then: str) -> dict[str, Any]:
    """Four digits, for which there are twelve seconds."""
    return {
        "do": "listen", "say": WORD, "into": into, "keys": {"least": 4, "most": 4},
        "seconds": 12, "tries": 1,
        "then": {"done": then, "silence": "person", "no_match": "person"},
    }  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One call: how it comes into the step, and how it goes on."""

    steps: Mapping[str, Mapping[str, Any]]
    """A flow; the first is where it begins."""
    stands: str
    """The step that the core is killed in."""
    trail: tuple[str, ...]
    """All steps, once the call is over or waits: as if nothing had happened."""
    before: str = ""
    """Keys that lead into the step."""
    begins: int = 1
    """How often the step has begun by then."""
    after: str = ""
    """Keys once the step has begun again."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """What the service was asked for in all, and how often at most; the number stands for `N`."""
    begins_again: bool = True
    """False: nothing need begin again, Asterisk alone has the call."""


ROWS: dict[str, Row] = {
    "say": Row(
        {"talk": {"do": "say", "say": LONG, "then": "person"}, "person": PERSON},
        "talk", ("talk:done", "person:waiting"), after="1",
    ),
    "menu": Row(
        {
            "menu": {
                "do": "menu", "say": WORD, "seconds": 12, "tries": 1, "at_most": 2,
                "then": {
                    "1": "menu", **dict.fromkeys(("silence", "no_match", "too_many"), "person"),
                },
            },
            "person": PERSON,
        },
        "menu", ("menu:1", "menu:1", "menu:too_many", "person:waiting"),
        before="1", begins=2, after="1",
    ),
    "listen": Row(
        {
            "account": listen("account", "amount"), "amount": listen("amount", "kept"),
            "kept": {**ASK, "path": "/kept/{account}/{amount}"}, "person": PERSON,
        },
        "amount", ("account:done", "amount:done", "kept:done", "person:waiting"),
        before="N", after="2468", asked={"/kept/N/2468": 1},
    ),
    "lookup": Row(
        {
            "account": listen("account", "slow"), "slow": {**ASK, "path": "/slow/{account}"},
            "person": PERSON,
        },
        "slow", ("account:done", "slow:done", "person:waiting"),
        before="N", asked={"/slow/N": 2},  # reading twice changes nothing
    ),
    "queue": Row({"person": PERSON}, "person", ("person:waiting",), begins_again=False),
    "goodbye": Row(
        {
            "choice": {
                "do": "menu", "say": WORD, "seconds": 12, "tries": 1,
                "then": {"1": "bye", "silence": "person", "no_match": "person"},
            },
            "bye": {"do": "goodbye", "say": LONG}, "person": PERSON,
        },
        "bye", ("choice:1", "bye:done"), before="1",
    ),
}  # fmt: skip
"""By kind."""

CHAINED: dict[str, dict[str, Any]] = {
    "set": {"do": "set", "language": "en", "values": {"mark": "1"}},
    "branch": {"do": "branch", "value": "mark", "cases": {"set": "1"}},
    "hours": {"do": "hours", "hours": "always"},
}
"""Kinds that take a few milliseconds: many calls walk through a long chain of them, and the core is
killed while they do."""
CHAIN_ROUNDS = 40

NO_ROW: dict[str, str] = {}
"""Kinds that are not killed in, and why not."""


def chain() -> dict[str, dict[str, Any]]:
    """The steps of a flow: each kind of `CHAINED` in turn, again and again, then the queue."""
    names = [f"{kind}_{n}" for n in range(CHAIN_ROUNDS) for kind in CHAINED]
    outcomes = {"set": ("done",), "branch": ("set", "else"), "hours": ("open", "closed")}
    steps: dict[str, dict[str, Any]] = {}
    for name, following in zip(names, [*names[1:], "person"], strict=True):
        kind = name.partition("_")[0]
        steps[name] = {**CHAINED[kind], "then": dict.fromkeys(outcomes[kind], following)}
    return steps | {"person": dict(PERSON)}
