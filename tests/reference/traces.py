"""Random centres and traces from a seed, in the form of the files that `simulate` reads.

All times are multiples of a power of two (a second, or about a microsecond), so that every sum of
them is exact whatever the order of adding: what meets in one instant does so for everyone.
What the contract does not say is left out: answers that meet anything else in one instant (they
come half-way between whole seconds, or with the fine step), agents who are not alike and end talks
without wrap-up in one instant (with whole seconds such agents always have wrap-up), and who of
several agents is idle longest after a caller left while the phone rang (there is just one).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

Draw = Callable[[Random], float]

FINE = 2.0**-20
WHOLE = 1.0
ANSWERS = (None, 0.0, 1.5, 4.5, 11.5)
"""All of them shorter than the ring time of a queue that does not say otherwise."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What a configuration is about; the seed chooses the rest."""

    name: str
    agents: tuple[int, int] = (1, 50)
    load: tuple[float, float] = (0.7, 0.95)
    mean: tuple[float, float] = (60.0, 240.0)
    """Handle times; short ones let more agents become free in one instant."""
    queues: int = 1
    classes: int = 0
    skills: bool = False
    patience: str = ""
    """Empty: nobody gives up."""
    wrap_up: tuple[int, ...] = (0, 5)
    answers: bool = False
    step: float = FINE
    bursts: float = 0.0
    """Share of the contacts that come in the same instant as the one before."""


SHAPES = (
    Shape("one queue"),
    Shape("head starts", (2, 20), (0.9, 1.1), classes=3, patience="exponential", step=WHOLE),
    Shape("one agent whose phone rings", (1, 1), (0.9, 1.3), (6.0, 15.0), classes=3,
          patience="mixed", answers=True, step=WHOLE, bursts=0.2),
    Shape("agents in several queues", (6, 30), queues=4, patience="lognormal", bursts=0.1),
    Shape("skills with levels", (10, 50), (0.5, 0.9), skills=True, bursts=0.1),
    Shape("everybody differs", (8, 40), (0.9, 1.2), (8.0, 20.0), 4, 3, True, "exponential", (5,),
          step=WHOLE),
    Shape("more than can be served", (1, 30), (1.2, 1.3), classes=2, wrap_up=(5,)),
    Shape("phones that ring", (5, 40), queues=2, classes=2, answers=True),
    Shape("bursts", (2, 20), (0.8, 1.2), (20.0, 60.0), patience="short", wrap_up=(0,), step=WHOLE,
          bursts=0.3),
    Shape("everything", (20, 50), (0.8, 1.1), (60.0, 240.0), 3, 3, True, "lognormal", bursts=0.05),
)  # fmt: skip
"""The configurations, by number."""


def configuration(
    seed: int, number: int, n: int
) -> tuple[dict[str, Any], list[dict[str, Any]], Shape]:
    """Centre, trace of `n` contacts, and what they are about."""
    shape = SHAPES[number]
    random = Random(f"{seed}/{number}")
    centre = _centre(shape, random)
    mean = random.uniform(*shape.mean)
    handle = random.choice((exponential(mean), lognormal(mean, 1.5), lognormal(mean, 0.3)))
    wrap_up = sum(q["wrap_up_seconds"] for q in centre["queues"].values()) / len(centre["queues"])
    rings = sum(answer or 0.0 for answer in ANSWERS) / len(ANSWERS) if shape.answers else 0.0
    rate = random.uniform(*shape.load) * len(centre["agents"]) / (mean + wrap_up + rings)
    patience = _patience(shape, random, mean)
    demands = _demands(centre, shape, random)
    trace: list[dict[str, Any]] = []
    at = 0.0
    for number_of_line in range(n):
        if trace and random.random() >= shape.bursts:
            at += _stepped(random.expovariate(rate * (1 - shape.bursts)), shape.step)
        line: dict[str, Any] = {"id": f"c{number_of_line}", "at": at, "channel": "voice"}
        line |= random.choice(demands)
        line["handle"] = max(shape.step, _stepped(handle(random), shape.step))
        line["patience"] = patience and _stepped(patience(random), shape.step)
        if shape.answers and (answer_after := random.choice(ANSWERS)) is not None:
            line["answer_after"] = answer_after
            line["handle"] += answer_after % 1  # ends on a step, where no answer ever is
        trace.append(line)
    return centre, trace, shape


def lognormal(mean: float, variation: float) -> Draw:
    """Lengths of time with this mean and coefficient of variation."""
    sigma = math.sqrt(math.log(1 + variation**2))
    return lambda random: random.lognormvariate(math.log(mean) - sigma**2 / 2, sigma)


def exponential(mean: float) -> Draw:
    return lambda random: random.expovariate(1 / mean)


def _stepped(seconds: float, step: float) -> float:
    return round(seconds / step) * step


def _centre(shape: Shape, random: Random) -> dict[str, Any]:
    queues = [f"q{n}" for n in range(shape.queues)]
    credits = random.sample((0, 30, 90, 300), shape.classes)
    agents: dict[str, Any] = {}
    for number in range(1, random.randint(*shape.agents) + 1):
        count = random.randint(1, len(queues))
        mine = queues if number == 1 else sorted(random.sample(queues, count))
        agents[str(number)] = {"queues": mine if number % 2 else {queue: {} for queue in mine}}
        if shape.skills:
            known = random.sample(("billing", "cards", "english"), random.randint(1, 3))
            agents[str(number)]["skills"] = {skill: random.randint(1, 10) for skill in known}
    return {
        "classes": {f"k{n}": {"credit": credit} for n, credit in enumerate(credits)},
        "queues": {queue: {"wrap_up_seconds": random.choice(shape.wrap_up)} for queue in queues},
        "agents": agents,
    }


def _patience(shape: Shape, random: Random, mean: float) -> Draw | None:
    long = random.uniform(0.5, 2.0) * mean
    hours = exponential(20 * mean)
    return {
        "": None,
        "exponential": exponential(long),
        "lognormal": lognormal(long, 1.0),
        "short": lambda random: random.choice((0.0, 0.0, 2.0, 10.0, 30.0)),
        "mixed": lambda random: random.choice((0.0, 5.0, 10.0, hours(random), hours(random))),
    }[shape.patience]


def _demands(centre: dict[str, Any], shape: Shape, random: Random) -> list[dict[str, Any]]:
    """What contacts may ask for: each time queue, class and skills of which somebody is able."""
    demands: list[dict[str, Any]] = []
    for _ in range(12 * shape.queues if shape.skills else 40):
        agent = random.choice(list(centre["agents"].values()))
        demand: dict[str, Any] = {"queue": random.choice(list(agent["queues"]))}
        if class_ := random.choice(["", *centre["classes"]]):
            demand["class"] = class_
        if shape.skills and random.random() < 0.8:
            asked = random.sample(list(agent["skills"]), random.randint(1, len(agent["skills"])))
            demand["skills"] = {skill: random.randint(1, agent["skills"][skill]) for skill in asked}
        demands.append(demand)
    if shape.skills:
        nobody = {**demands[0], "skills": {"juggling": 1}}
        demands = demands * 20 + [nobody]
    return demands
