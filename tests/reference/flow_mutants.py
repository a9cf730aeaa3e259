"""Faulty variants of clean flows: one mistake each, of those that people make.

Each kind is a function that changes a document and names the steps where the fault must be told.
It gives no step where such a mistake cannot be made, or would not surely be one by the words of
the guide: `tests.reference.flow_documents` judges that, never the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.reference import (
    call_mutants,
    field_mutants,
    kind_mutants,
    prompt_mutants,
    waiting_mutants,
    way_mutants,
)
from tests.reference.clean_flows import random_flow
from tests.reference.flow_documents import FRAME, Document, examples, lines_of, written

Mistake = Callable[[Document, Random], set[str]]
MISTAKES: dict[str, Mistake] = {
    **way_mutants.MISTAKES, **prompt_mutants.MISTAKES, **field_mutants.MISTAKES,
    **kind_mutants.MISTAKES, **call_mutants.MISTAKES, **waiting_mutants.MISTAKES,
}  # fmt: skip
ATTEMPTS = 400


@dataclass(frozen=True)
class Variant:
    """One faulty flow; its fault must be told at one of these steps (or at `first` or `steps`)."""

    kind: str
    origin: str
    text: str
    steps: frozenset[str]

    def is_told(self, faults: list[str], file: str) -> bool:
        """Whether one of the faults names file, a line of such a step, and its path; or names a
        flow that such a step calls, and says that it is only wrong where it calls."""
        return any(self._is_told(fault, file, step) for fault in faults for step in self.steps)

    def _is_told(self, fault: str, file: str, step: str) -> bool:
        if f"(where step {step} of {Path(file).name} calls)" in fault:
            return True
        path = step if step in FRAME else f"steps.{step}"
        place, _, line_and_rest = fault.partition(":")
        line, _, rest = line_and_rest.partition(": ")
        named = rest.startswith((f"{path}:", f"{path}."))
        return place == file and named and int(line) in lines_of(self.text, step)


def variants(seed: int, count: int) -> list[Variant]:
    """So many, all kinds in turn, half of them from examples where those have room for it."""
    random, known = Random(seed), examples()
    kinds = list(MISTAKES)
    return [_variant(kinds[n % len(kinds)], random, known) for n in range(count)]


def _variant(kind: str, random: Random, known: dict[str, Document]) -> Variant:
    for attempt in range(ATTEMPTS):
        if random.random() < 0.5:
            origin, example = random.choice(list(known.items()))
            document = deepcopy(example)
        else:
            origin, document = f"random-{attempt}", random_flow(random)
        if steps := MISTAKES[kind](document, random):
            return Variant(kind, origin, written(document), frozenset(steps))
    raise LookupError(f"no flow has room for {kind!r}")
