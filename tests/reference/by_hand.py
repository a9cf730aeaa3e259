"""Small traces that anyone can work out on paper: a case for each sentence of the contract.

A result is written `AGENT STARTED-ENDED`, `left ENDED` or `waits`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

HEAD_STARTS = {"vip": {"credit": 90}, "member": {"credit": 30}}


@dataclass(frozen=True)
class Case:
    """Agents with what they are able to do, contacts in order, and what becomes of each."""

    name: str
    agents: dict[str, Any]
    lines: list[dict[str, Any]]
    results: list[str]
    wrap_up: dict[str, float] = field(default_factory=lambda: {"q": 0.0})

    @property
    def centre(self) -> dict[str, Any]:
        return {
            "classes": HEAD_STARTS,
            "queues": {queue: {"wrap_up_seconds": w} for queue, w in self.wrap_up.items()},
            "agents": {name: {"queues": ["q"], **more} for name, more in self.agents.items()},
        }

    @property
    def trace(self) -> list[dict[str, Any]]:
        return [{"id": f"c{n}", **line} for n, line in enumerate(self.lines)]


def call(
    at: float, handle: float = 10, patience: float | None = None, **more: Any
) -> dict[str, Any]:
    """A line of a trace."""
    plain = {"at": at, "queue": "q", "channel": "voice", "handle": handle, "patience": patience}
    return plain | {"class" if key == "class_" else key: value for key, value in more.items()}


def written(result: dict[str, Any]) -> str:
    if result["outcome"] == "served":
        return f"{result['agent']} {result['started']:g}-{result['ended']:g}"
    return f"left {result['ended']:g}" if result["outcome"] == "abandoned" else "waits"


ONE: dict[str, Any] = {"1": {}}
TWO: dict[str, Any] = {"1": {}, "2": {}}

CASES = [
    Case("first come, first served", ONE, [call(0), call(1), call(2)],
         ["1 0-10", "1 10-20", "1 20-30"]),
    Case("a head start of 90 s passes who came 89 s before, not who came 91 s before", ONE,
         [call(0, 200), call(1), call(3), call(92, class_="vip")],
         ["1 0-200", "1 200-210", "1 220-230", "1 210-220"]),
    Case("equal keys: who comes first in the trace", ONE,
         [call(0, 200), call(10), call(40, class_="member"), call(100, class_="vip"), call(100)],
         ["1 0-200", "1 200-210", "1 210-220", "1 220-230", "1 230-240"]),
    Case("arrivals of one instant come in order of their lines", ONE,
         [call(5), call(5, class_="vip")],
         ["1 5-15", "1 15-25"]),
    Case("at the start all are idle since 0, and ids are text", {"9": {}, "10": {}}, [call(5)],
         ["10 5-15"]),
    Case("longest idle first", TWO, [call(0, 5), call(6, 5), call(12, 5), call(18, 5)],
         ["1 0-5", "2 6-11", "1 12-17", "2 18-23"]),
    Case("idle since the wrap-up, not since the talk",
         {"1": {"queues": ["q", "long"]}, "2": {"queues": ["q", "long"]}},
         [call(0, 5, queue="long"), call(1, 6), call(40)],
         ["1 0-5", "2 1-7", "2 40-50"], {"q": 5, "long": 20}),
    Case("both free in one instant: by id, whoever talked first", {"9": {}, "10": {}},
         [call(0, 20), call(5, 15), call(6), call(7)],
         ["10 0-20", "9 5-20", "10 20-30", "9 20-30"]),
    Case("free when wrap-up is over, and for who comes in that instant", ONE,
         [call(0), call(15), call(26)],
         ["1 0-10", "1 15-25", "1 30-40"], {"q": 5}),
    Case("the end of a talk comes before an arrival with a head start", ONE,
         [call(0), call(5), call(10, class_="vip")],
         ["1 0-10", "1 10-20", "1 20-30"]),
    Case("the end of a talk comes before patience", ONE, [call(0), call(5, patience=5)],
         ["1 0-10", "1 10-20"]),
    Case("an agent free by wrap-up comes before patience", ONE, [call(0), call(5, patience=10)],
         ["1 0-10", "1 15-25"], {"q": 5}),
    Case("who gives up leaves no gap", ONE, [call(0), call(1, patience=4), call(2)],
         ["1 0-10", "left 5", "1 10-20"]),
    Case("no patience: served at once or gone at once", ONE,
         [call(0, patience=0), call(3, patience=0), call(10, patience=0)],
         ["1 0-10", "left 3", "1 10-20"]),
    Case("arrivals come before patience: the phone is free only after both have come", ONE,
         [call(0, patience=2, answer_after=5), call(1), call(2, class_="vip")],
         ["left 2", "1 12-22", "1 2-12"]),
    Case("a talk starts with the answer", ONE, [call(0, answer_after=2.5), call(1)],
         ["1 2.5-12.5", "1 12.5-22.5"]),
    Case("a phone that rings is not free", TWO, [call(0, answer_after=5), call(1), call(2)],
         ["1 5-15", "2 1-11", "2 11-21"]),
    Case("the level asked for is enough, one less is not", {"1": {"skills": {"cards": 5}}},
         [call(0, skills={"cards": 6}), call(1, skills={"cards": 5})],
         ["waits", "1 1-11"]),
    Case("all skills, not one of them",
         {"1": {"skills": {"a": 9}}, "2": {"skills": {"a": 1, "b": 1}}},
         [call(0, skills={"a": 1, "b": 1}), call(1, skills={"b": 1})],
         ["2 0-10", "2 10-20"]),
    Case("who cannot be served blocks nobody", {"1": {}},
         [call(0, skills={"cards": 1}), call(0), call(1)],
         ["waits", "1 0-10", "1 10-20"]),
    Case("one order over all queues of an agent", {"1": {"queues": {"r": {}, "q": {}}}},
         [call(0), call(1, queue="q"), call(2, queue="r"), call(3, queue="q", class_="member")],
         ["1 0-10", "1 20-30", "1 30-40", "1 10-20"], {"r": 0, "q": 0}),
    Case("nobody in the queue", {"1": {"queues": ["r"]}}, [call(0), call(1, queue="r")],
         ["waits", "1 1-11"], {"q": 0, "r": 0}),
    Case("the queue's own wrap-up", {"1": {"queues": ["q", "r"]}},
         [call(0), call(1, queue="r"), call(2)],
         ["1 0-10", "1 13-23", "1 30-40"], {"q": 3, "r": 7}),
    Case("two who are free together serve both, though the first could have either",
         {"1": {"skills": {"a": 1}}, "2": {}},
         [call(0, 10, skills={"a": 1}), call(0, 10), call(1), call(2, skills={"a": 1})],
         ["1 0-10", "2 0-10", "2 15-25", "1 15-25"], {"q": 5}),
]  # fmt: skip


def together() -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """All cases side by side in one centre: none has to do with another. Results by trace."""
    queues: dict[str, Any] = {}
    agents: dict[str, Any] = {}
    lines: list[tuple[dict[str, Any], str]] = []
    for number, case in enumerate(CASES):
        own = f"{number}-"
        queues |= {own + queue: rules for queue, rules in case.centre["queues"].items()}
        for name, agent in case.centre["agents"].items():
            agents[own + name] = {**agent, "queues": [own + queue for queue in agent["queues"]]}
        for line, result in zip(case.trace, case.results, strict=True):
            own_line = {**line, "id": own + line["id"], "queue": own + line["queue"]}
            lines.append((own_line, own + result if result[0].isdigit() else result))
    lines.sort(key=lambda pair: float(pair[0]["at"]))
    centre = {"classes": HEAD_STARTS, "queues": queues, "agents": agents}
    return centre, [line for line, _ in lines], [result for _, result in lines]
