"""Fields and outcomes of the kinds of steps that random clean flows have besides the first ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from random import Random

from tests.reference.flow_documents import Fields

Text = Callable[[], Fields]
LINE = {"zh": "号码是{number}。", "en": "The number is {number}."}
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "ask": ("yes", "no", "silence", "no_match"),
    "lookup": ("done", "not_found", "failed", "timeout"),
    "flow": ("known", "unknown"),
    "verify": ("verified", "refused", "locked", "none", "silence", "failed"),
    "message": ("done", "silence", "cancelled", "failed"),
    "record": ("done", "silence", "failed"),
    "ticket": ("done", "failed"),
    "callback": ("promised", "declined", "silence", "no_match", "full", "failed"),
    "overflow": ("queue", "callback", "message", "elsewhere"),
    "transfer": ("done", "busy", "no_answer", "unreachable"),
}
"""Of each kind but `python`, whose outcomes are those of its function."""
FUNCTIONS: Mapping[str, tuple[Fields, tuple[str, ...]]] = {
    "parity": ({"inputs": {"number": "12"}}, ("even", "odd", "failed")),
    "fee_of": (
        {"inputs": {"amount": "99.50", "day": "2026-03-05"}},
        ("given", "free", "failed", "unknown"),
    ),
}
FREE: Mapping[str, tuple[str, ...]] = {
    "message": ("done", "silence", "cancelled", "failed"), "callback": ("promised",),
    "ask": ("no",), "transfer": ("done",),
}  # fmt: skip
"""Outcomes that may lead to the goodbye: a person has been promised or talked to, or the caller has
chosen."""
NEW_KINDS = (*OUTCOMES, "python")


def fields(kind: str, n: int, random: Random, text: Text) -> Fields:
    """Those of a step of this kind, the `n`th of its flow; some of them only now and then."""
    made = _needed(kind, n, random, text)
    for field, value in _possible(kind, random, text).items():
        if random.random() < 0.4:
            made[field] = value
    return made


def outcomes(step: Fields) -> tuple[str, ...]:
    """Everything that a step of these kinds can end in."""
    return FUNCTIONS[step["name"]][1] if step["do"] == "python" else OUTCOMES[step["do"]]


def _needed(kind: str, n: int, random: Random, text: Text) -> Fields:
    if kind in ("ask", "verify", "message"):
        return {"say": text()}
    if kind == "record":
        return {"say": text(), "of": random.choice(("name", "consent"))}
    if kind == "ticket":
        return {"type": "recall", "subject": "Wants to be called"}
    if kind == "callback":
        return {"say": dict(LINE), "another": text()}
    if kind == "lookup":
        return {"service": "orders", "path": "/orders/7", "into": {f"found_{n}": "order.status"}}
    if kind == "transfer":
        return {"to": "reception"}
    if kind == "flow":
        return {"flow": "identity"}
    if kind == "python":
        function = random.choice(sorted(FUNCTIONS))
        given = {"into": {f"fee_{n}": "fee"}} if function == "fee_of" else {}
        return {"name": function, **deepcopy(FUNCTIONS[function][0]), **given}
    return {}


def _possible(kind: str, random: Random, text: Text) -> Fields:
    again = {"after_silence": text(), "tries": "2"}
    queue = {"queue": random.choice(("support", "sales"))}
    possible: dict[str, Fields] = {
        "ask": {**again, "after_no_match": text(), "key_for_yes": "7", "seconds": "6"},
        "verify": {**again, "keys": {"least": "6", "most": "6"}, "seconds": "8"},
        "message": {**again, **queue, "confirm": text(), "seconds": "90", "cancel": "*"},
        "record": {**again, "seconds": "20", "pause": "3", "least": "1"},
        "ticket": {**queue, "text": "See the recording."},
        "callback": {
            **again,
            **queue,
            "promised": dict(LINE),
            "keys": {"least": "7", "most": "12"},
        },
        "overflow": queue,
        "transfer": {"say": text(), "seconds": random.choice(("5", "30", "120"))},
        "lookup": {"seconds": "4", "query": {"currency": "CNY"}},
    }
    return possible.get(kind, {})
