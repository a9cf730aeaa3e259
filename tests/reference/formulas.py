"""Queues whose figures are known: what a simulation of enough contacts has to come to.

Everywhere `rate` is arrivals a second, `mean` the mean handle time, `agents` their number and
`patience` its mean (exponential). `offered` is the load, rate x mean. Waits are seconds; *wait* is
how long a contact is in the queue, however that ends; *served wait* that of the served only.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise


def erlang_b(agents: int, offered: float) -> float:
    """The share that finds no agent free where nobody waits."""
    blocked = 1.0
    for n in range(1, agents + 1):
        blocked = offered * blocked / (n + offered * blocked)
    return blocked


@dataclass(frozen=True, slots=True)
class Waits:
    """Where everybody waits until served (M/M/n)."""

    delayed: float
    """The share that has to wait at all."""
    drain: float
    """Rate of the exponential wait of those who do."""

    @property
    def wait(self) -> float:
        return self.delayed / self.drain

    def longer_than(self, seconds: float) -> float:
        return self.delayed * math.exp(-self.drain * seconds)

    def quantile(self, share: float) -> float:
        return max(0.0, math.log(self.delayed / (1 - share)) / self.drain)


def erlang_c(agents: int, rate: float, mean: float) -> Waits:
    blocked = erlang_b(agents, rate * mean)
    occupancy = rate * mean / agents
    return Waits(blocked / (1 - occupancy * (1 - blocked)), agents / mean - rate)


def halfin_whitt(agents: int, offered: float) -> float:
    """About the share that has to wait, the better the more agents there are."""
    spare = (1 - offered / agents) * math.sqrt(agents)
    below = 0.5 * (1 + math.erf(spare / math.sqrt(2)))
    density = math.exp(-(spare**2) / 2) / math.sqrt(2 * math.pi)
    return 1 / (1 + spare * below / density)


def full_queue(agents: int, places: int, rate: float, mean: float) -> tuple[float, float]:
    """M/M/n/K, `places` with those at the agents: the share turned away, the wait of the rest."""
    weights = [1.0]
    for n in range(1, places + 1):
        weights.append(weights[-1] * rate * mean / min(n, agents))
    waiting = sum((n - agents) * weight for n, weight in enumerate(weights) if n > agents)
    return weights[-1] / sum(weights), waiting / (rate * sum(weights[:-1]))


def pollaczek_khinchine(rate: float, mean: float, variation: float) -> float:
    """The wait before one agent; `variation` is the coefficient of variation of handle times."""
    load = rate * mean
    return load * mean * (1 + variation**2) / (2 * (1 - load))


def strict_order(agents: int, rates: Sequence[float], mean: float) -> list[float]:
    """The waits of classes of which the first always goes before the next (Cobham)."""
    delayed = erlang_c(agents, sum(rates), mean).delayed
    free = [1 - load * mean / agents for load in (0.0, *accumulate(rates))]
    return [delayed * mean / agents / (above * with_mine) for above, with_mine in pairwise(free)]


@dataclass(frozen=True, slots=True)
class Abandonment:
    """Where customers give up (M/M/n+M, Erlang A)."""

    abandoned: float
    delayed: float
    wait: float
    served_wait: float
    level: float
    """The share of all that is served `within` so many seconds."""


def erlang_a(agents: int, rate: float, mean: float, patience: float, within: float) -> Abandonment:
    """From the chain itself, and for the served from what one meets who comes behind others.

    Behind `n` one moves up at the rate at which agents end or one of the `n` gives up.
    """
    shares = _with_abandonment(agents, rate, mean, patience)
    behind = shares[agents:]
    waiting = sum(n * share for n, share in enumerate(behind))
    moves = [agents / mean + n / patience for n in range(len(behind))]
    served_wait = 0.0
    for ahead, share in enumerate(behind):
        rates = [move + 1 / patience for move in moves[: ahead + 1]]
        stays = math.prod(move / rate for move, rate in zip(moves, rates, strict=False))
        served_wait += share * stays * sum(1 / rate for rate in rates)
    in_time = _served_within(within, moves, 1 / patience)
    return Abandonment(
        abandoned=waiting / patience / rate,
        delayed=sum(behind),
        wait=waiting / rate,
        served_wait=served_wait / (1 - waiting / patience / rate),
        level=sum(shares[:agents]) + sum(map(operator.mul, behind, in_time)),
    )


def _with_abandonment(agents: int, rate: float, mean: float, patience: float) -> list[float]:
    """Shares of time by the number of contacts, up to numbers that are never reached."""
    weights = [1.0]
    while len(weights) <= agents or weights[-1] > 1e-16 * max(weights):
        n = len(weights)
        ends = min(n, agents) / mean + max(0, n - agents) / patience
        weights.append(weights[-1] * rate / ends)
    return [weight / sum(weights) for weight in weights]


def _served_within(seconds: float, moves: Sequence[float], gives_up: float) -> list[float]:
    """By the number ahead: the chance to be served in time. The transient chain, uniformised."""
    fastest = moves[-1] + gives_up
    jumps = fastest * seconds
    chance, total = [0.0] * len(moves), [0.0] * len(moves)
    weight = math.exp(-jumps)
    for jump in range(int(jumps + 10 * math.sqrt(jumps) + 30)):
        total = [t + weight * c for t, c in zip(total, chance, strict=True)]
        chance = [
            (move * nearer + (fastest - move - gives_up) * c) / fastest
            for move, nearer, c in zip(moves, [1.0, *chance], chance, strict=False)
        ]
        weight *= jumps / (jump + 1)
    return total
