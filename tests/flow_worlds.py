"""The houses that callers of a flow meet: open or closed, with rules that lead elsewhere, with
agents who talk, and what is known of the callers there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from ivr.flow import TALKED, Flow, OverflowStep, QueueStep, VerifyStep
from ivr.load import OWN_FLOWS
from ivr.settings import Settings
from ivr.steps_spilling import CALLBACK, ELSEWHERE, MESSAGE, QUEUE
from tests import fake_shop
from tests.flow_deeds import Answer, World

EXAMPLES: Mapping[str, Path] = {
    **{name: OWN_FLOWS / "examples" / name for name in ("retail", "bank", "municipal")},
    "orders": fake_shop.EXAMPLE,
}
"""Data folders by the name of their flow."""
ORDERS: Mapping[str, Answer] = {
    "1001": ("done", {"status": "shipped"}), "1002": ("done", {"status": "delivered"}),
    "1003": ("done", {"status": "packing"}), "9999": ("not_found", {}),
    "5000": ("failed", {}), "4000": ("timeout", {}),
}  # fmt: skip
"""What the fake shop says of these orders."""
PIN = "246813"
"""Of callers who have one."""


def worlds(settings: Settings, flow: Flow, language: str) -> list[World]:
    """Each number that leads to the flow, open and closed; then, by the first of them, whatever
    else the flow asks about: a PIN, the overflow rules, agents who talk."""
    entries = {n: e for n, e in settings.site.numbers.items() if e.flow == flow.name}
    found = [
        World(number, entry.class_, entry.queue, language, is_open)
        for number, entry in entries.items()
        for is_open in (True, False)
    ]
    number, first = next(iter(entries.items()))
    usual = (number, first.class_, first.queue, language, True)
    steps = flow.steps.values()
    pin = PIN if any(isinstance(step, VerifyStep) for step in steps) else ""
    if pin:
        found.append(World(*usual, pin=pin))
    if spills_from(flow):
        found += [World(*usual, overflow=to) for to in (CALLBACK, MESSAGE, ELSEWHERE)]
    if any(isinstance(step, QueueStep) and TALKED in step.then for step in steps):
        found.append(World(*usual, pin=pin, talks=True))
    return found


def spills_from(flow: Flow) -> set[str]:
    """The queues whose overflow rules the flow asks, or goes by while callers wait."""
    return {
        step.queue
        for step in flow.steps.values()
        if (isinstance(step, OverflowStep) or (isinstance(step, QueueStep) and step.overflow))
        and step.queue
    }


def furnish(flow: Flow, world: World, shop: str) -> Callable[[Path], None]:
    """The example's data folder, made into the house of this world, speaking English first."""

    def write(data: Path) -> None:
        shutil.copytree(EXAMPLES[flow.name], data, dirs_exist_ok=True)
        site = yaml.safe_load((data / "site.yaml").read_text())
        for number in site["numbers"].values():
            number["language"] = world.language
        if "services" in site:
            headers = {"Authorization": f"Bearer {fake_shop.TOKEN}"}
            site["services"] = {"orders": {"url": shop, "headers": headers}}
        site["recovery"] = {"resume": False}  # numbers come again, and nobody has called before
        (data / "site.yaml").write_text(yaml.safe_dump(site))
        centre = yaml.safe_load((data / "centre.yaml").read_text())
        for entry in centre.get("hours", {}).values():
            entry.clear()
            entry["open"] = {"mon-sun": "00:00-24:00" if world.open else "closed"}
        _rule(centre["queues"], spills_from(flow), world.overflow)
        (data / "centre.yaml").write_text(yaml.safe_dump(centre))

    return write


def _rule(queues: dict[str, dict[str, Any]], asked: set[str], to: str) -> None:
    """No queue has rules but those that are asked: theirs lead there as long as nobody serves it.
    No agent rests after a talk."""
    elsewhere = next((name for name in queues if name not in asked), "")
    for name, entry in queues.items():
        entry.pop("overflow", None)
        entry["wrap_up_seconds"] = 0
        if name in asked and to != QUEUE:
            rule = {"when": {"nobody": True}, "to": elsewhere if to == ELSEWHERE else to}
            entry["overflow"] = [rule]
