"""Callers who do anything: for what nobody thought of when writing callers by hand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from ivr.flow import KEYS
from ivr.rehearsal.line import HANGS_UP, SILENT
from ivr.rehearsal.stage import Premises, Role
from ivr.transfers import Rung

SEED = 1
FICTIONAL = "+12025550123"
"""A number that is kept for stories: nobody has it."""
_KEYS = sorted(KEYS)
_YEAR = datetime(2026, 1, 1)  # noqa: DTZ001 (what a clock on a wall shows)
_MINUTES = 365 * 24 * 60
_RINGS = 20


def callers(premises: Premises, flow: str, count: int, seed: int = SEED) -> Iterator[Role]:
    """So many callers of a flow, the same ones for the same seed: of any language and class, by any
    number that leads there, at any minute of a year. Every second withholds their own number. To
    one in eight all opening hours are closed, as in an emergency."""
    start = _YEAR.replace(tzinfo=premises.zone())
    languages, classes = premises.flows[flow].languages, sorted(premises.classes)
    numbers = premises.numbers_for(flow) or [""]
    for number in range(count):
        chance = random.Random(f"{seed} {flow} {number}")  # noqa: S311 (no secret)
        at = start + timedelta(minutes=chance.randrange(_MINUTES))
        closed = dict.fromkeys(premises.hours, False) if chance.random() < 1 / 8 else {}
        yield Role(
            flow, _acts(chance), at.timestamp(), chance.choice(numbers), chance.choice(languages),
            chance.choice(classes), chance.choice([None, FICTIONAL]), closed,
            transfers={name: chance.choices([*Rung], k=_RINGS) for name in premises.destinations},
        )  # fmt: skip


def _acts(chance: random.Random) -> Iterator[str]:
    """Without end: mostly a key, now and then silence, a word, several keys at once, or a
    hang-up."""
    while True:
        kind = chance.random()
        if kind < 0.03:
            yield HANGS_UP
        elif kind < 0.18:
            yield SILENT
        elif kind < 0.24:
            yield "speaks 5"
        elif kind < 0.25:
            yield "speaks 5 and hangs up"
        elif kind < 0.9:
            yield chance.choice(_KEYS)
        else:
            yield "".join(chance.choices(_KEYS, k=chance.randint(2, 20)))
