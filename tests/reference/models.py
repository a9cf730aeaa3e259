"""Centres whose figures are known exactly: their traces, and the figures as the formulas have them.

A figure is the mean of a value that a contact has, or has not: then it does not count. Losses
(Erlang B) are contacts with patience 0: an idle agent takes them at once, or they have left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean, stdev
from typing import Any

from tests.reference.formulas import (
    erlang_a,
    erlang_b,
    erlang_c,
    pollaczek_khinchine,
    strict_order,
)
from tests.reference.skill_chains import Chain
from tests.reference.traces import Draw, exponential, lognormal

Table = dict[str, Any]
Value = Callable[[Table, Table], float | None]
"""Of a line of the trace and its result."""

BATCHES = 40
STUDENT = 3.558
"""With so many batches 99.9 % of all means lie within so many standard errors (Student's t)."""
ANY_WAIT = 0.001


@dataclass(frozen=True, slots=True)
class Model:
    """A centre, what comes to it, and the expected figures with the value that each is the mean of.

    `kinds` are lines of the trace as far as they differ, each with its arrivals a second.
    """

    name: str
    centre: Table
    kinds: Sequence[tuple[float, Table]]
    handle: Draw
    patience: Draw | None
    figures: Mapping[str, tuple[float, Value]]

    def trace(self, seed: int, n: int) -> list[Table]:
        random = Random(f"{seed}/{self.name}")
        rates = [rate for rate, _ in self.kinds]
        at, lines = 0.0, []
        for number in range(n):
            at += random.expovariate(sum(rates))
            (kind,) = random.choices([kind for _, kind in self.kinds], rates)
            lines.append({
                "id": f"c{number}", "at": at, "channel": "voice", **kind,
                "handle": self.handle(random), "patience": self.patience and self.patience(random),
            })  # fmt: skip
        return lines

    def misses(self, trace: list[Table], results: list[Table]) -> dict[str, str]:
        """The figures that lie outside their limits."""
        found = {}
        for name, (expected, value) in self.figures.items():
            middle, half = limits([value(*pair) for pair in zip(trace, results, strict=True)])
            if abs(middle - expected) > half:
                found[name] = f"{middle:.4g} ± {half:.2g}, not {expected:.4g}"
        return found


def limits(values: Sequence[float | None]) -> tuple[float, float]:
    """Mean of a path and half the width of its interval, by means of batches.

    Of the path the start, which began with nobody there, is left out.
    """
    size = len(values) // (BATCHES + 1)
    parts = [values[n * size : (n + 1) * size] for n in range(1, BATCHES + 1)]
    means = [fmean(value for value in part if value is not None) for part in parts]
    return fmean(means), STUDENT * stdev(means) / math.sqrt(BATCHES)


def wait(line: Table, result: Table) -> float:
    """Until served or gone."""
    end = result["ended"] if result["started"] is None else result["started"]
    return float(end - line["at"])


def served_wait(line: Table, result: Table) -> float | None:
    return wait(line, result) if result["outcome"] == "served" else None


def abandoned(_line: Table, result: Table) -> float:
    return float(result["outcome"] == "abandoned")


def longer_than(seconds: float) -> Value:
    return lambda line, result: float(wait(line, result) > seconds)


def served_within(seconds: float) -> Value:
    return lambda line, result: float(
        result["outcome"] == "served" and wait(line, result) <= seconds
    )


def by(agent: str) -> Value:
    """The share of an agent in all that is served."""
    return lambda _, result: float(result["agent"] == agent) if result["agent"] else None


def of(kind: Table, value: Value) -> Value:
    """The value among contacts of one kind."""
    return lambda line, result: value(line, result) if line.items() >= kind.items() else None


def _alike(agents: int, classes: Table | None = None) -> Table:
    return {
        "classes": classes or {},
        "queues": {"q": {"wrap_up_seconds": 0}},
        "agents": {str(n): {"queues": ["q"]} for n in range(1, agents + 1)},
    }


def _losses(name: str, handle: Draw) -> Model:
    return Model(
        name, _alike(12), [(10 / 150, {"queue": "q"})], handle, lambda _: 0.0,
        {"abandoned": (erlang_b(12, 10), abandoned)},
    )  # fmt: skip


def _waiting(agents: int, load: float, average: float) -> Model:
    rate = load * agents / average
    known = erlang_c(agents, rate, average)
    late = known.quantile(0.95)
    return Model(
        "waiting", _alike(agents), [(rate, {"queue": "q"})], exponential(average), None,
        {
            "wait": (known.wait, wait),
            "delayed": (known.delayed, longer_than(ANY_WAIT)),
            "within 20 s": (1 - known.longer_than(20), served_within(20)),
            "longer than P95": (0.05, longer_than(late)),
            "longer than 2 P95": (known.longer_than(2 * late), longer_than(2 * late)),
        },
    )  # fmt: skip


def _giving_up(agents: int, offered: float, average: float, patience: float) -> Model:
    rate = offered / average
    known = erlang_a(agents, rate, average, patience, 20)
    return Model(
        "giving up", _alike(agents), [(rate, {"queue": "q"})],
        exponential(average), exponential(patience),
        {
            "abandoned": (known.abandoned, abandoned),
            "delayed": (known.delayed, longer_than(ANY_WAIT)),
            "wait": (known.wait, wait),
            "served wait": (known.served_wait, served_wait),
            "within 20 s": (known.level, served_within(20)),
        },
    )  # fmt: skip


def _strict_order(agents: int, rates: Mapping[str, float], average: float) -> Model:
    """Head starts longer than the whole path make a strict order of classes."""
    names = list(rates)
    credits = {name: {"credit": 1e6 * n} for n, name in enumerate(reversed(names))}
    known = erlang_c(agents, sum(rates.values()), average)
    first = agents / average - rates[names[0]]
    waits = zip(names, strict_order(agents, list(rates.values()), average), strict=True)
    return Model(
        "strict order", _alike(agents, credits),
        [(rate, {"queue": "q", "class": name}) for name, rate in rates.items()],
        exponential(average), None,
        {f"wait of {name}": (known, of({"class": name}, wait)) for name, known in waits}
        | {f"{name} delayed": (known.delayed, of({"class": name}, longer_than(ANY_WAIT)))
           for name in names}
        | {
            "wait of all": (known.wait, wait),  # the conservation law
            "first longer than 60 s": (
                known.delayed * math.exp(-first * 60), of({"class": names[0]}, longer_than(60)),
            ),
        },
    )  # fmt: skip


def _one_agent(name: str, load: float, average: float, variation: float) -> Model:
    rate = load / average
    handle = lognormal(average, variation)
    known = pollaczek_khinchine(rate, average, variation)
    return Model(
        name, _alike(1), [(rate, {"queue": "q"})], handle, None,
        {"wait": (known, wait), "delayed": (load, longer_than(ANY_WAIT))},
    )  # fmt: skip


def _skilled(name: str, chain: Chain) -> Model:
    known = chain.solved()
    if known.full() > 1e-4:
        raise ValueError(f"{name}: too few places to say anything")
    all_busy = sum(known.busy(agent) for agent in chain.agents)
    asks = {kind: {"queue": "q", "skills": {kind: 1}} for kind in chain.rates}
    agents = {
        agent: {"queues": ["q"], "skills": dict.fromkeys(kinds, 1)}
        for agent, kinds in chain.agents.items()
    }

    def figures() -> Iterator[tuple[str, tuple[float, Value]]]:
        for kind, ask in asks.items():
            yield f"wait of {kind}", (known.wait(kind), of(ask, wait))
            yield f"{kind} abandoned", (known.abandoned(kind), of(ask, abandoned))
            yield f"{kind} delayed", (known.delayed(kind), of(ask, longer_than(ANY_WAIT)))
        for agent in chain.agents:
            yield f"share of {agent}", (known.busy(agent) / all_busy, by(agent))

    return Model(
        name, {**_alike(0), "agents": agents},
        [(rate, asks[kind]) for kind, rate in chain.rates.items()],
        exponential(chain.mean), exponential(chain.patience), dict(figures()),
    )  # fmt: skip


N_MODEL = Chain({"a": 0.015, "b": 0.005}, {"1": "a", "2": "ab", "3": "a"}, 120, 60, 9)
W_MODEL = Chain({"a": 0.005, "b": 0.006, "c": 0.004}, {"1": "ab", "2": "bc"}, 120, 30, 6)

MODELS: Mapping[str, Callable[[], Model]] = {
    "losses": lambda: _losses("losses", exponential(150)),
    "losses, uneven": lambda: _losses("losses, uneven", lognormal(150, 1.5)),
    "waiting": lambda: _waiting(2, 0.5, 90),
    "giving up": lambda: _giving_up(6, 7.5, 120, 70),
    "strict order": lambda: _strict_order(
        3, {"gold": 0.005, "silver": 0.007, "others": 0.006}, 120
    ),
    "one agent": lambda: _one_agent("one agent", 0.6, 60, 0.5),
    "one agent, uneven": lambda: _one_agent("one agent, uneven", 0.4, 60, 1.5),
    "N": lambda: _skilled("N", N_MODEL),
    "W": lambda: _skilled("W", W_MODEL),
}
"""Erlang B (twice: it does not depend on how handle times vary), C and A, Cobham, Pollaczek and
Khinchine (twice: it does), and skills in the shapes that are called N and W."""
