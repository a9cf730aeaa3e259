"""Small centres with skills, exactly: who waits in which order, and which agents are idle how long.

A state is the idle agents, longest idle first, and the kinds of the waiting, first come first. With
exponential times that is all one has to know, so the shares of time follow from linear equations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

State = tuple[tuple[str, ...], tuple[str, ...]]
"""Idle agents, waiting kinds."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Kinds of contacts with their arrivals a second; agents with the kinds they serve.

    At most `places` wait: as many as are hardly ever reached.
    """

    rates: Mapping[str, float]
    agents: Mapping[str, str]
    """By agent the kinds, a letter each."""
    mean: float
    patience: float
    places: int

    def start(self) -> State:
        return tuple(sorted(self.agents)), ()

    def moves(self, state: State) -> Iterator[tuple[float, State]]:
        """What happens next, with its rate."""
        idle, waiting = state
        for kind, rate in self.rates.items():
            agent = next((agent for agent in idle if kind in self.agents[agent]), None)
            if agent is not None:
                yield rate, (tuple(other for other in idle if other != agent), waiting)
            elif len(waiting) < self.places:
                yield rate, (idle, (*waiting, kind))
        for agent in self.agents.keys() - set(idle):
            place = next((n for n, kind in enumerate(waiting) if kind in self.agents[agent]), None)
            if place is None:
                yield 1 / self.mean, ((*idle, agent), waiting)
            else:
                yield 1 / self.mean, (idle, waiting[:place] + waiting[place + 1 :])
        for place in range(len(waiting)):
            yield 1 / self.patience, (idle, waiting[:place] + waiting[place + 1 :])

    def solved(self) -> Shares:
        """The shares of time of all states."""
        number: dict[State, int] = {self.start(): 0}
        states = [self.start()]
        flows: list[tuple[int, int, float]] = []
        for state in states:
            for rate, reached in self.moves(state):
                if reached not in number:
                    number[reached] = len(states)
                    states.append(reached)
                flows.append((number[state], number[reached], rate))
        balance = np.zeros((len(states), len(states)))
        for source, target, rate in flows:
            balance[target, source] += rate
            balance[source, source] -= rate
        balance[0] = 1.0  # one equation follows from the others; the shares sum up to one
        right = np.zeros(len(states))
        right[0] = 1.0
        shares = np.linalg.solve(balance, right)
        return Shares(self, dict(zip(states, shares.tolist(), strict=True)))


@dataclass(frozen=True, slots=True)
class Shares:
    """The shares of time of a chain's states, and what follows from them."""

    chain: Chain
    of: Mapping[State, float]

    def wait(self, kind: str) -> float:
        waiting = sum(share * state[1].count(kind) for state, share in self.of.items())
        return waiting / self.chain.rates[kind]

    def abandoned(self, kind: str) -> float:
        return self.wait(kind) / self.chain.patience

    def delayed(self, kind: str) -> float:
        able = {agent for agent, kinds in self.chain.agents.items() if kind in kinds}
        return sum(share for (idle, _), share in self.of.items() if able.isdisjoint(idle))

    def busy(self, agent: str) -> float:
        return sum(share for (idle, _), share in self.of.items() if agent not in idle)

    def full(self) -> float:
        """The share of time in which the chain is cut off: next to nothing, or it says nothing."""
        return sum(s for (_, waiting), s in self.of.items() if len(waiting) == self.chain.places)
