"""`bench recovery`: Asterisk is killed under callers who wait, and everybody gets their place back.

They wait, and the private Asterisk of an installation made for this ends by `kill -9`. Every one of
them must be offered a way back: a text at the carrier. Some have called for the first time since,
then in random order half of the others open their links, and half call again and press 1. In the
end the line must stand as before, the new callers behind, and be served so.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from acd.model import ContactId
from adapters.sipp.phones import Behaviour
from tests.bench.command import JsonFile, hand_out, run, say, settings_or_end
from tests.bench.machine import machine, versions
from tests.house import House
from tests.recovery_stage import MOST_VOICES, RecoveryStage, numbers, recovery_stage

SHORT = Behaviour(rings=0.1, talks=0.3)
LIMIT = 10.0
"""Seconds from the loss of the link to the last text at the carrier."""
ASK_SECONDS = 0.02
"""Between two questions to the core while it makes offers: does anything hold it up?"""
NEW = 5
"""Callers who come for the first time when Asterisk is back."""


async def measure(tools: Path, callers: int, seed: int) -> dict[str, Any]:
    """The figures; raises when somebody was not offered anything, or twice."""
    began, head = time.monotonic(), machine()
    async with recovery_stage() as stage:
        here = stage.here
        waiting = await here.callers(callers)
        await here.until_states(waiting=callers)
        before = [contact["contact"] for contact in await stage.line()]
        say(f"{callers} wait; Asterisk is killed")
        async with answering(here) as answers:
            killed = time.time()
            stage.kill_asterisk()
            await stage.until_texts(callers, 60 + callers)
        seconds = await _seconds(stage, killed)
        await waiting.stop()
        await stage.until_back()
        back = time.time() - killed
        say(f"offers {seconds['last_text']} s after detection; Asterisk back after {back:.1f} s")
        order = await _return(stage, callers, before, random.Random(seed))
    return {
        "n": callers,
        **seconds,
        "core_answers_ms": {"p50": round(statistics.median(answers) * 1000, 1),
                            "max": round(max(answers) * 1000, 1), "n": len(answers)},
        "asterisk_back_seconds": round(back, 2),
        **order,
        "within_limit": seconds["last_text"] <= LIMIT,
        "seed": seed,
        "duration": round(time.monotonic() - began, 1),
        "machine": head,
        "versions": versions(tools),
    }  # fmt: skip


@asynccontextmanager
async def answering(here: House) -> AsyncIterator[list[float]]:
    """Asks the core again and again; the seconds that each answer took."""
    took: list[float] = []

    async def ask() -> None:
        while True:
            began = time.monotonic()
            await here.core.ask("status")
            took.append(time.monotonic() - began)
            await asyncio.sleep(ASK_SECONDS)

    asking = asyncio.create_task(ask())
    try:
        yield took
    finally:
        asking.cancel()


async def _seconds(stage: RecoveryStage, killed: float) -> dict[str, Any]:
    """How long it took; detection is when the journal has the loss of the link."""
    now = time.time()
    offers = await stage.offers()
    texts = await stage.texts()
    lost = [record.at for record in await stage.here.records("LinkChanged")
            if not record.data["up"] and record.at > killed - 1]  # fmt: skip
    assert len({record.contact for record in offers}) == len(offers) == len(texts)
    assert len({text["to"] for text in texts}) == len(texts), "somebody was written to twice"
    return {
        "offers": len(offers),
        "texts": len(texts),
        "detected": round(lost[0] - killed, 2),
        "last_offer": round(max(record.at for record in offers) - lost[0], 2),
        "last_text": round(now - lost[0], 2),
    }


async def _return(
    stage: RecoveryStage, callers: int, before: Sequence[str], chance: random.Random
) -> dict[str, Any]:
    """They come back, and are served."""
    here, people = stage.here, numbers(callers)
    chance.shuffle(people)
    calling = min(callers // 2, MOST_VOICES)
    by_phone, online = people[:calling], people[calling:]
    await here.callers(NEW, first=callers)
    for number in online:
        await stage.redeem(number)
    await stage.call_again(by_phone)
    await here.until_states(30, waiting=callers + NEW)
    came_from = {record.contact: record.data["resumes"]
                 for record in await here.records("Arrived") if record.data["resumes"]}  # fmt: skip
    line = [came_from.get(contact["contact"], contact["contact"]) for contact in await stage.line()]
    kept = line[:callers] == list(before)
    await here.phones(here.agents, SHORT)
    await here.until(lambda: _served(stage, len(by_phone) + NEW), 30 + 3.0 * callers)
    place = {contact: n for n, contact in enumerate(line)}
    talks = [ContactId(record.contact or "") for record in await here.records("OfferAnswered")]
    answered = [place[came_from.get(contact, contact)] for contact in talks]
    return {
        "online": len(online),
        "called_again": len(by_phone),
        "line_as_before": kept,
        "served_in_that_order": answered == sorted(answered),
        "served": len(answered),
    }


async def _served(stage: RecoveryStage, count: int) -> bool:
    return len(await stage.here.records("OfferAnswered")) >= count


def main(
    json: JsonFile = None,
    callers: Annotated[int, typer.Option(min=2, max=400, help="How many wait.")] = 50,
    seed: Annotated[int, typer.Option(help="Of who comes back how, and when.")] = 1,
) -> None:
    """Asterisk killed under waiting callers: offers, and the old order afterwards."""
    figures = asyncio.run(measure(settings_or_end().tools, callers, seed))
    hand_out(figures, json)
    if not (figures["within_limit"] and figures["line_as_before"]
            and figures["served_in_that_order"]):  # fmt: skip
        sys.exit("hotline: somebody was late, or out of order")


if __name__ == "__main__":
    run(main)
