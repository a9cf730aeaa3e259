"""For each kind of step a call that stands in one, and what becomes of it when the core is killed.

A new kind of step is a row more in `ROWS`; one that takes no time, a line more in `CHAINED` and
`LINKS`. A kind that is killed in at two of its moments has two rows: `callback`, and
`callback_promised`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.hand import SPEECH

LONG = {
    "en": "This is said for quite a while. " * 6,
    "zh": "这一段话会说上好一会儿。" * 6,
}
WORD = {"en": "Please.", "zh": "请按键。"}
PERSON = {"do": "queue"}
PIN = "246813"
"""Of the house's closures, and of callers who have one."""
OTHER_QUEUE = "other"
"""Nobody waits here: it may be closed."""
TALK_QUEUE = "talks"
"""Whoever waits here is talked to at once, for a moment."""
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


def callback(promised: Mapping[str, str]) -> dict[str, Any]:
    """A promise to call the caller's own number, and these words when it is made."""
    instead = dict.fromkeys(("declined", "silence", "no_match", "full", "failed"), "person")
    number = {"en": "We call {number}.", "zh": "我们将拨打{number}。"}
    return {
        "ring": {
            "do": "callback", "say": number, "another": WORD, "promised": promised, "seconds": 12,
            "tries": 1, "then": {"promised": "bye", **instead},
        },
        "bye": {"do": "goodbye", "say": WORD}, "person": PERSON,
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
    """Keys that lead into the step, or are pressed in it before the kill."""
    begins: int = 1
    """How often the step has begun by then."""
    after: str = ""
    """Keys once the step has begun again, and speech."""
    speaks: bool = False
    """The caller speaks while the core is killed."""
    has_pin: bool = False
    """The caller has `PIN`."""
    asked: Mapping[str, int] = field(default_factory=dict)
    """What the service was asked for in all, and how often at most; the number stands for `N`, and
    the contact for `C`."""
    effect: str = ""
    """The kind of record in the journal that tells of what the step does, under one key."""
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
        before="N", asked={"/slow/N": 2},  # by one key; reading twice changes nothing
    ),
    "queue": Row({"person": PERSON}, "person", ("person:waiting",), begins_again=False),
    "survey": Row(  # after a talk
        {
            "person": {"do": "queue", "queue": TALK_QUEUE, "then": {"talked": "rate"}},
            "rate": {
                "do": "survey", "say": WORD, "second": WORD, "seconds": 12, "tries": 1,
                "then": {"done": "bye", "silence": "bye"},
            },
            "bye": {"do": "goodbye", "say": WORD},
        },
        "rate", ("person:waiting", "person:talked", "rate:done", "bye:done"), after="42",
        effect="SurveyAnswered",
    ),
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
    "ask": Row(
        {
            "willing": {
                "do": "ask", "say": WORD, "seconds": 12, "tries": 1,
                "then": dict.fromkeys(("yes", "no", "silence", "no_match"), "person"),
            },
            "person": PERSON,
        },
        "willing", ("willing:yes", "person:waiting"), after="1",
    ),
    "verify": Row(
        {
            "proof": {
                "do": "verify", "say": WORD, "keys": {"least": 6, "most": 6}, "seconds": 12,
                "tries": 1, "then": dict.fromkeys(
                    ("verified", "refused", "locked", "none", "silence", "failed"), "person"
                ),
            },
            "person": PERSON,
        },
        "proof", ("proof:verified", "person:waiting"), after=PIN, has_pin=True,
    ),
    "message": Row(
        {
            "mailbox": {
                "do": "message", "say": WORD, "confirm": WORD, "seconds": 60, "tries": 1,
                "then": dict.fromkeys(("done", "silence", "cancelled", "failed"), "person"),
            },
            "person": PERSON,
        },
        "mailbox", ("mailbox:done", "person:waiting"), before="1", after=f"1{SPEECH * 5}#1",
        speaks=True, effect="MessageLeft",
    ),
    "record": Row(
        {
            "name": {
                "do": "record", "say": LONG, "of": "name", "tries": 1,
                "then": dict.fromkeys(("done", "silence", "failed"), "person"),
            },
            "person": PERSON,
        },
        "name", ("name:done", "person:waiting"), after=f"1{SPEECH * 5}#",
        effect="RecordingKept",
    ),
    "callback": Row(
        callback({"en": "Yes.", "zh": "好。"}), "ring", ("ring:promised", "bye:done"), after="1",
        effect="CallbackPromised",
    ),
    "callback_promised": Row(  # mostly what is said then is on the line when the core dies
        callback(LONG), "ring", ("ring:promised", "bye:done"), before="1", after="1",
        effect="CallbackPromised",
    ),
    "closure": Row(
        {
            "shut": {
                "do": "closure", "queue": OTHER_QUEUE, "say": WORD, "choose": LONG, "seconds": 12,
                "tries": 1, "lasts": 1,
                "then": dict.fromkeys(("closed", "opened", "refused", "silence"), "person"),
            },
            "person": PERSON,
        },
        "shut", ("shut:closed", "person:waiting"), before=f"{PIN}#", after=f"{PIN}#1",
        effect="ClosureSet",
    ),
    "python": Row(
        {
            "run": {
                "do": "python", "name": "with_key",
                "then": dict.fromkeys(("did", "failed"), "person"),
            },
            "person": PERSON,
        },
        "run", ("run:did", "person:waiting"), asked={"/did/C/run/1": 2},  # by one key
    ),
    "python_once": Row(
        {
            "account": listen("account", "run"),
            "run": {
                "do": "python", "name": "without_key", "inputs": {"account": "{account}"},
                "then": dict.fromkeys(("did", "failed", "unknown"), "person"),
            },
            "person": PERSON,
        },
        "run", ("account:done", "run:unknown", "person:waiting"), before="N",
        asked={"/once/N": 1},
    ),
}  # fmt: skip
"""By kind, or by kind and moment: `kind_moment`."""

FUNCTIONS = """
from urllib.request import urlopen

from ivr.python_steps import python_step


@python_step(outcomes=["did"], has_effect=True, seconds=10)
def with_key(key: str) -> str:
    urlopen(f"{ROOT}/did/{key}", timeout=9).read()
    return "did"


@python_step(outcomes=["did"], has_effect=True, seconds=10)
def without_key(account: str) -> str:
    urlopen(f"{ROOT}/once/{account}", timeout=9).read()
    return "did"
"""
"""The Python steps; `ROOT` is the service's address."""

CHAINED: dict[str, dict[str, Any]] = {
    "set": {"do": "set", "language": "en", "values": {"mark": "1"}},
    "branch": {"do": "branch", "fact": "language", "cases": {"english": "en"}},
    "hours": {"do": "hours", "hours": "always"},
    "overflow": {"do": "overflow"},
    "ticket": {"do": "ticket", "type": "recall", "subject": "To be called."},
    "transfer": {"do": "transfer", "to": "desk"},  # nobody has registered that telephone
    "flow": {"do": "flow", "flow": "inner"},
    "return": {"do": "return"},  # out of `inner`
}
"""Kinds that take a few milliseconds. For each there is a flow with many such steps in a row (one
for `flow` and `return`): the core is killed while a call walks along it."""
LINKS: dict[str, tuple[int, tuple[str, ...]]] = {
    "set": (60, ("done",)), "branch": (60, ("english", "else")),
    "hours": (60, ("open", "closed")),
    "overflow": (60, ("queue", "callback", "message", "elsewhere")),
    "ticket": (30, ("done", "failed")), "flow": (40, ("done",)),
    "transfer": (30, ("done", "busy", "no_answer", "unreachable")),
}  # fmt: skip
"""So many of them in a row, and their outcomes."""

INNER = {"back": CHAINED["return"]}
"""The flow that `flow` calls."""

NO_ROW: dict[str, str] = {}
"""Kinds that are not killed in, and why not."""


def kind_of(name: str) -> str:
    """The kind of step of a row, or of a step of a chain."""
    return "return" if "/" in name else name.partition("_")[0]


def chain(kind: str) -> dict[str, dict[str, Any]]:
    """The steps of a flow: a key begins the walk along steps of this kind, then comes the queue."""
    count, outcomes = LINKS[kind]
    names = [f"{kind}_{n}" for n in range(count)]
    ready = {"1": names[0], "silence": "person", "no_match": "person"}
    steps: dict[str, dict[str, Any]] = {
        "ready": {"do": "menu", "say": WORD, "seconds": 30, "tries": 1, "then": ready}
    }
    for name, following in zip(names, [*names[1:], "person"], strict=True):
        steps[name] = {**CHAINED[kind], "then": dict.fromkeys(outcomes, following)}
    return steps | {"person": dict(PERSON)}
