"""The reference with one mistake each, of those that engines really make.

Traces that cannot tell such a mutant from the reference would not see the mistake in the product.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.reference import simulation

Simulate = Callable[[dict[str, Any], list[dict[str, Any]]], list[dict[str, Any]]]

KEY = 'x["at"] - credit.get(x.get("class"), 0.0), n)'
CREDIT = 'credit.get(x.get("class"), 0.0)'
AGENT = "(self.idle[agent], agent)"
INSTANT = "ANSWERED, FREE, ARRIVED, LEFT = range(4)"
QUEUE = 'self.centre["queues"][self.trace[contact]["queue"]]'

MUTANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "last come, first served": (
        (KEY, '-x["at"], -n)'), ("deque()).append(", "deque()).appendleft("),
    ),
    "head start turned round": ((KEY, f'x["at"] + {CREDIT}, n)'),),
    "head start forgotten": ((KEY, 'x["at"], n)'),),
    "head start without end": ((KEY, f"-{CREDIT}, n)"),),
    "equal keys the wrong way round": ((KEY, f'x["at"] - {CREDIT}, -n)'),),
    "queue before key": ((KEY, f'x["queue"], x["at"] - {CREDIT}, n)'),),
    "shortest idle": ((AGENT, "(-self.idle[agent], agent)"),),
    "agents by id alone": ((AGENT, "agent"),),
    "ids as numbers": ((AGENT, "(self.idle[agent], int(agent))"),),
    "idle since the talk ended": (
        ("dict.fromkeys(agents, now)", f'dict.fromkeys(agents, now - {QUEUE}["wrap_up_seconds"])'),
    ),
    "wrap-up forgotten": (("(ended + wrap_up, FREE", "(ended, FREE"),),
    "wrap-up of another queue": ((QUEUE, 'next(iter(self.centre["queues"].values()))'),),
    "patience before everything": ((INSTANT, "LEFT, ANSWERED, FREE, ARRIVED = range(4)"),),
    "patience before arrivals": ((INSTANT, "ANSWERED, FREE, LEFT, ARRIVED = range(4)"),),
    "arrivals before ends": ((INSTANT, "ANSWERED, ARRIVED, FREE, LEFT = range(4)"),),
    "one end at a time": (("self.events and self.events[0][:2]", "False and (0.0, 0)"),),
    "an able agent, whoever is left over": (("self.all_served(chosen, rest)", "True"),),
    "only one of those who are free": (("len(chosen) < len(free)", "not chosen"),),
    "agents looked at once a second": (("(ended + wrap_up, F", "(-(-(ended + wrap_up) // 1), F"),),
    "level must be higher": ((", 0) >= level", ", 0) > level"),),
    "levels do not count": ((", 0) >= level", ", 0) >= 1"),),
    "one of the skills is enough": (("and all(", "and not skills or any("),),
    "any queue": (("if queue in agent", "if agent"),),
    "a ringing phone holds the caller": (("waiting or contact in self.ringing)", "waiting)"),),
    "whose caller left takes nobody": (("next_for([agent])", "next_for([])"),),
    "answers at once": (('.get("answer_after", 0.0)', '.get("", 0.0)'),),
    "talk counts from the offer": (
        ("ended = now +", 'ended = now - self.trace[contact].get("answer_after", 0.0) +'),
    ),
}  # fmt: skip

LEFT_OPEN: dict[str, tuple[tuple[str, str], ...]] = {
    "idle anew when the caller left": (("self.idle[agent] = since", "self.idle[agent] = now"),),
}
"""What the contract does not say: of this the traces must not be able to tell."""


def mutant(changes: tuple[tuple[str, str], ...], folder: Path) -> Simulate:
    """The reference with these places of its source changed."""
    source = Path(simulation.__file__).read_text()
    for place, instead in changes:
        if source.count(place) != 1:
            raise ValueError(f"{place!r} is not there just once")
        source = source.replace(place, instead)
    path = folder / "mutant.py"
    path.write_text(source)
    spec = importlib.util.spec_from_file_location("mutant", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    simulate: Simulate = module.simulate
    return simulate
