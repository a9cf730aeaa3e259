"""`kill -9` of every Python process drops no call, loses nobody, and keeps the order."""

from __future__ import annotations

import asyncio
import time

import pytest

from adapters.cli.run import web_ready
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.phones import Behaviour
from adapters.sipp.voice import Voice
from tests.house import House, house

pytestmark = [pytest.mark.once, pytest.mark.asterisk, pytest.mark.timeout(180)]

LONG = Behaviour(rings=0.2, talks=600.0)
SHORT = Behaviour(rings=0.2, talks=9.0)


async def stage(here: House) -> None:
    """Five talk (one of them not for long), twenty wait."""
    await here.phones(here.agents[:4], LONG)
    first = await here.callers(4)
    await here.until_states(talking=4)
    await here.phones(here.agents[4:], SHORT)
    rest = await here.callers(21, first=4)
    assert not first.results[0].released_at and not rest.results[0].released_at
    await here.until_states(talking=5, waiting=20)


async def test_twenty_wait_and_five_talk_through_a_kill_of_every_python_process() -> None:
    async with house(agents=5) as here:
        await stage(here)
        order = [record.contact for record in await here.records("Arrived")]
        talkers = [record.contact for record in await here.records("Offered")]
        here.kill_python()
        assert len(here.channels()) == 30  # 25 callers and five agents' legs
        await here.until(lambda: asyncio.to_thread(lambda: len(here.channels()) == 28), 20)

        began = time.time()
        await here.start_calls()
        await here.until_states(talking=5, waiting=19)
        offered = await here.records("Offered")
        ended = await here.records("ContactEnded")
        assert [(e.contact, e.data["how"]) for e in ended] == [(talkers[4], "served")]
        first_waiting = next(contact for contact in order if contact not in talkers)
        assert [record.contact for record in offered] == [*talkers, first_waiting]
        # who is pulled into a bridge leaves a surrogate in the dialplan for an instant
        found = [name for name in here.channels() if not name.startswith("Surrogate/")]
        assert len(found) == 29, found
        await here.until(lambda: web_ready(here.settings), 60)
        web_began = (here.settings.run / "web.pid").stat().st_mtime
        assert offered[-1].at < web_began  # nothing of it held a caller up
        print(f"first offer {offered[-1].at - began:.2f} s after the start")


async def test_who_dials_while_python_is_away_is_served_in_order_and_known_by_number() -> None:
    async with house(agents=1) as here:
        await here.phones(here.agents, Behaviour(rings=0.1, talks=0.5))
        here.kill_python()
        callers = await here.callers(3, rate=2.0)
        await here.until(lambda: asyncio.to_thread(lambda: in_loop(here) == 3), 60)
        await here.start()
        assert await callers.finished(30) == 0
        arrived = [record.contact for record in await here.records("Arrived")]
        assert [record.contact for record in await here.records("Offered")] == arrived
        people = {r.contact: r.data["person"] for r in await here.records("CallStarted")}
        assert len(arrived) == len({people[contact] for contact in arrived}) == 3


async def test_calls_are_offered_again_though_waiting_callers_press_keys_all_the_while() -> None:
    """Each key is a row of the event log, which has no quiet moment then."""
    async with house(agents=1) as here:
        voices = [Voice(here.next_port(2)) for _ in range(4)]
        people = [Person(number) for number in fictional_numbers(4)]
        callers = Callers(here.settings.tools, people, voices=dict(enumerate(voices)))
        here.keep(callers)
        target, port = ("127.0.0.1", here.settings.ports.sip), here.next_port(4)
        await callers.start(target, "4000", port, rate=20.0)
        await here.until_states(waiting=4)
        await here.phones(here.agents, LONG)
        await here.until_states(talking=1, waiting=3)
        for voice in voices:
            voice.press("5" * 600)
        here.kill_python()
        await here.start_calls(30)
        pressed = len(await here.records("KeyPressed"))
        await here.until(lambda: more_than(pressed, here))
        for voice in voices:
            await voice.stop()


async def more_than(pressed: int, here: House) -> bool:
    return len(await here.records("KeyPressed")) > pressed


def in_loop(here: House) -> int:
    lines = here.asterisk.command("core show channels concise").splitlines()
    return sum("!acd-wait!" in line for line in lines)
