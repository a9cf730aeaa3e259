"""The burst by real calls: a small house on a private Asterisk, with SIPp for callers and agents.

Talks are short, so that two handling times are over soon; all waits are those of the clock. Callers
stay until they are hung up on. They are offered to go on in the chat, where agents are free; nobody
does. Who then still has some seconds to wait is told so and led out of the line, by the queue's
rules. The reserve is the smallest with which the simulation of this house keeps the promise.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from acd.config import Condition, OverflowRule
from acd.model import Seconds
from adapters.cli.pid_file import PidFile
from adapters.sipp.callers import Callers, CallResult, Person, fictional_numbers
from adapters.sipp.phones import Behaviour, Phones
from tests.bench.burst_figures import or_never
from tests.bench.burst_house import BURST, CREDIT, PROMISE, STANDARD, VIP, Plan, least_reserve
from tests.bench.burst_journal import KINDS, figures_of
from tests.bench.command import Limit, say
from tests.bench.figures import percentile
from tests.house import House

TALKS = (12.0, 16.0, 20.0, 24.0)
"""Of each quarter of the agents; a telephone that is silent for half a minute counts as dead."""
RINGS = 0.1
CHATTERS, CHATS_EACH = 2, 20
PATIENT: Seconds = 20.0
"""So long everybody may wait; then whoever has more than `SOON` to go is led out of the line."""
SOON: Seconds = 2.0
MOST_IN_LINE = 200
FIRST_OFFER: Seconds = 3.0
BEFORE, AFTER = 90.0, 60.0
"""As usual before the burst, and from two handling times after it."""
NUMBERS = {STANDARD: "4000", VIP: "4001"}
FLOW = {
    "first": "person",
    "steps": {
        "person": {"do": "queue", "overflow": {"message": "bye"}},
        "bye": {"do": "goodbye", "say": {"zh": "我们会回拨给您。再见。",
                                         "en": "We will call you back. Goodbye."}},
    },
}  # fmt: skip
SITE: Mapping[str, Any] = {
    "numbers": {number: {"language": "en", "class": name} for name, number in NUMBERS.items()},
    "chat": {"url": "http://127.0.0.1:8080"},
}
RULES = (
    OverflowRule(Condition(waited=PATIENT, predicted_wait=SOON), "message"),
    OverflowRule(Condition(length=MOST_IN_LINE), "message"),
)


def plan_of(agents: int) -> Plan:
    """The same house for the simulation."""
    return Plan(
        agents, vips=0.15, talk=sum(TALKS) / len(TALKS) + RINGS, wrap_up=0.0, patience=None,
        before=BEFORE, talks=tuple(talk + RINGS for talk in TALKS), rules=RULES,
    )  # fmt: skip


async def by_calls(agents: int, days: int, seed: int) -> dict[str, Any]:
    """The figures of one burst."""
    plan = plan_of(agents)
    reserve = await asyncio.to_thread(least_reserve, plan, f"{seed}/calls", days)
    say(f"{agents} agents, talks of {plan.talk:g} s: the simulation says reserve {reserve}")
    async with _house(agents, reserve or 0) as here:
        await _agents(here, agents)
        before = _processes(here)
        began = time.time()
        results = await _calls(here, plan)
        records = await here.records(*KINDS)
        crashed = _processes(here) != before or "Traceback" in here.log
    burst = began + plan.before, began + plan.over
    set_up = [found.set_up for found in results if found.set_up is not None]
    return {
        "reserve": reserve,
        "agents": agents,
        "handling_seconds": plan.handling,
        "calls": len(results),
        "calls_a_second": {"usual": round(plan.rate, 2), "burst": round(plan.rate * 10, 2)},
        "failed": sum(found.released_at is None for found in results),
        "crashed": crashed,
        "set_up_ms_p95": _milliseconds(percentile(set_up, 95)),
        **figures_of(records, *burst),
    }


def limits(found: Mapping[str, Any], handling: Seconds) -> list[Limit]:
    """What is promised of real calls."""
    late = 1 - (found["vip_within_promise"] or 0.0)
    promised = Limit("real VIPs not answered within 20 s, share", 0.1, round(late, 3))
    offered = found["offers"]
    first = or_never(offered["seconds"]["p95"])
    return [
        *([] if found["reserve"] is None else [promised]),
        Limit("seconds from joining to the offer, 95 of 100", FIRST_OFFER, first),
        Limit("most real callers in line at once", MOST_IN_LINE, found["most_waiting"]),
        Limit("seconds until the real line is as usual", 2 * handling,
              or_never(found["seconds_to_usual_line"])),
        Limit("calls that failed or were lost", 0, found["failed"] + found["lost"]),
        Limit("processes that crashed", 0, found["crashed"]),
    ]  # fmt: skip


# ---------------------------------------------------------------- the house and its people


@asynccontextmanager
async def _house(agents: int, reserve: int) -> AsyncIterator[House]:
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        here = House(Path(folder), agents + CHATTERS)
        data = here.settings.data
        site = yaml.safe_load((data / "site.yaml").read_text()) | SITE
        files = {"centre.yaml": _centre(here, agents, reserve), "site.yaml": site,
                 "flows/main.yaml": FLOW}  # fmt: skip
        for name, content in files.items():
            (data / name).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        try:
            await here.start()
            yield here
        except BaseException:
            say(here.log[-4000:])
            raise
        finally:
            await here.stop()


def _centre(here: House, agents: int, reserve: int) -> Mapping[str, Any]:
    overflow = [
        {"when": {"waited": PATIENT, "predicted_wait": SOON}, "to": "message"},
        {"when": {"length": MOST_IN_LINE}, "to": "message"},
    ]
    queue = {"wrap_up_seconds": 0, "promise_seconds": PROMISE, "online": {"never": [VIP]}}
    talk = {"queues": ["support"], "capacity": {"voice": 1, "chat": 0}}
    chat = {"queues": ["support"], "capacity": {"voice": 0, "chat": CHATS_EACH}}
    return {
        "classes": {VIP: {"credit": CREDIT, "reserve": reserve}},
        "queues": {"support": queue | {"overflow": overflow}},
        "agents": {n: talk if i < agents else chat for i, n in enumerate(here.agents)},
    }


async def _agents(here: House, agents: int) -> None:
    """The telephones of all who talk, a quarter for each length of talk; and the open desks."""
    for n, talks in enumerate(TALKS):
        names = here.agents[:agents][n :: len(TALKS)]
        secrets = {name: here.settings.phone_secret(name) for name in names}
        phones = Phones(here.settings.tools, secrets, Behaviour(RINGS, talks))
        here.keep(phones)
        port = here.next_port(20)
        await phones.start(_sip(here), port, (port + 4, port + 18))
    for name in here.agents:
        await here.core.ask("agent login", agent=name)
    for name in here.agents[:agents]:
        await here.until_agent(name, lambda agent: agent["phone"] == "reachable")
    for name in here.agents[agents:]:
        await here.core.ask("chat desk", agent=name, open=True)


async def _calls(here: House, plan: Plan) -> list[CallResult]:
    """As usual for the whole time, and nine times as much besides for a minute."""
    whole = plan.over + 2 * plan.handling + AFTER
    usual = await _dial(here, plan, 1.0, whole, 0)
    first = sum(len(callers.results) for callers in usual)
    await asyncio.sleep(plan.before)
    say("the burst begins")
    more = await _dial(here, plan, plan.times - 1, BURST, first)
    everybody = [*usual, *more]
    for callers in everybody:
        with suppress(TimeoutError):  # who is still there then counts as failed
            await callers.finished(whole + 120)
    return [found for callers in everybody for found in callers.results]


async def _dial(
    here: House, plan: Plan, times: float, seconds: Seconds, first: int
) -> list[Callers]:
    """So many times the usual calls, of both classes, for so long."""
    started = []
    for name, share in ((STANDARD, 1 - plan.vips), (VIP, plan.vips)):
        rate = plan.rate * times * share
        people = [Person(number) for number in fictional_numbers(round(rate * seconds), first)]
        first += len(people)
        callers = Callers(here.settings.tools, people)
        here.keep(callers)
        port = here.next_port(4)
        await callers.start(_sip(here), NUMBERS[name], port, rate, seconds + 300)
        started.append(callers)
    return started


def _sip(here: House) -> tuple[str, int]:
    return "127.0.0.1", here.settings.ports.sip


def _processes(here: House) -> list[int | None]:
    """Who plays each part: another one, or none, when it has crashed."""
    parts = [PidFile(here.settings.run / f"{name}.pid").running() for name in ("core", "web")]
    asterisk = here.asterisk.adopt()
    return [*parts, asterisk.pid if asterisk else None]


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)
