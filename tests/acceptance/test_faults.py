"""A neighbour freezes, dies or misbehaves: a clear log line, and full service again by itself."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from adapters.sipp.callers import Callers, Person
from adapters.sipp.phones import Behaviour
from tests.house import House, house

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.timeout(180),
    pytest.mark.asyncio(loop_scope="module"),
]
QUICK = Behaviour(rings=0.1, talks=0.5)
HOSTILE_NAMES = (
    "a'b Action: Hangup", "${SHELL(touch /tmp/hotline-was-here)}", "500&PJSIP/agent-1001",
    "%0d%0aAction: Logoff", "王小明 — \u202e", "x" * 200, "|~&^$[1+1]", "<script>alert(1)</script>",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here() -> AsyncIterator[House]:
    async with house(agents=2) as found:
        await found.phones(found.agents, QUICK)
        yield found


async def serves(here: House, people: list[Person] | None = None) -> None:
    """Whoever dials now is answered, talks with an agent and is let go."""
    people = people or [Person("+447700900001"), Person("+447700900002"), Person("+447700900003")]
    before = len(await here.records("OfferAnswered"))
    callers = Callers(here.settings.tools, people)
    try:
        port = here.next_port(4)
        await callers.start(("127.0.0.1", here.settings.ports.sip), "4000", port)
        assert await callers.finished(40) == 0, (callers.results, callers.sipp.errors())
        assert all(result.released_at for result in callers.results)
    finally:
        await callers.stop()
    assert len(await here.records("OfferAnswered")) == before + len(people)


async def test_a_frozen_asterisk_is_noticed_and_goes_on_where_it_stood(here: House) -> None:
    pid = here.asterisk.adopt()
    assert pid
    os.kill(pid.pid, signal.SIGSTOP)
    try:
        await here.until(lambda: link(here, up=False), 4.5)
        await asyncio.sleep(5)  # the fault itself lasts: nothing is waited for here
    finally:
        os.kill(pid.pid, signal.SIGCONT)
    await here.until(lambda: link(here, up=True), 10)
    assert "link to asterisk lost" in here.log
    await serves(here)


async def test_a_dead_asterisk_is_started_again_and_its_callers_are_called_lost(
    here: House,
) -> None:
    started = here.asterisk.adopt()
    assert started
    await here.core.ask("agent pause", agent=here.agents[0])
    await here.core.ask("agent pause", agent=here.agents[1])
    await here.callers(2)
    await here.until_states(waiting=2)
    os.kill(started.pid, signal.SIGKILL)
    await here.until(lambda: link(here, up=False), 5)
    await here.until(lambda: link(here, up=True), 20)
    assert "asterisk is gone, starting it again" in here.log
    assert [end.data["how"] for end in await here.records("ContactEnded")][-2:] == ["lost"] * 2
    for agent in here.agents:
        await here.core.ask("agent ready", agent=agent)
    await serves(here)


async def test_hostile_callers_names_are_names_and_nothing_else(here: House) -> None:
    people = [Person(f"+44770090001{n}", name) for n, name in enumerate(HOSTILE_NAMES)]
    before = len(here.log)
    await serves(here, people)
    assert not Path("/tmp/hotline-was-here").exists()
    assert "ERROR" not in here.log[before:]
    journal = str(await here.records())
    assert not [name for name in HOSTILE_NAMES if name in journal or name in here.log]


@pytest.mark.parametrize("junk", [b"", b"\0" * 64, b"GET / HTTP/1.1\r\n\r\n", b"x" * 1_000_000])
async def test_junk_at_every_port_harms_nobody(here: House, junk: bytes) -> None:
    ports = here.settings.ports
    for port in (ports.agi, ports.ami, ports.web, ports.sip):
        await asyncio.gather(*(poke(port, junk) for _ in range(20)))
    await serves(here, [Person("+447700900031")])


async def poke(port: int, junk: bytes) -> None:
    """Connect, send, and go away without a word; nobody listening is an answer too."""
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", port), 2)
    except (OSError, TimeoutError):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram:
            datagram.sendto(junk[:60_000], ("127.0.0.1", port))
        return
    try:
        writer.write(junk)
        await asyncio.wait_for(writer.drain(), 2)
    except (OSError, TimeoutError):
        pass
    finally:
        writer.transport.abort()


async def link(here: House, up: bool) -> bool:
    return bool((await here.core.ask("status"))["link"]) == up
