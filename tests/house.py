"""A whole installation in a temporary folder: Asterisk, core and web, as `./hotline run` starts it.

For tests that need all of it. Every process is the real one; callers and phones are SIPp's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.asterisk.instance import Instance
from adapters.cli.pid_file import PidFile
from adapters.cli.run import core_ready, web_ready
from adapters.control.client import CoreClient
from adapters.sipp.callers import Callers, Person, fictional_numbers
from adapters.sipp.phones import Behaviour, Phones
from adapters.sipp.rtp import SILENCE
from adapters.stores.journal import JournalReader
from adapters.stores.schema import open_database
from ivr.ports import CoreAway, CoreRefused, Record
from ivr.settings import ROOT, Settings, load
from tests.ports import free_base

STRAIGHT = {"first": "person", "steps": {"person": {"do": "queue"}}}
"""A flow that leads straight into the queue: for tests that are not about menus."""


class House:
    """One installation with so many agents, none of them logged in yet."""

    def __init__(
        self, folder: Path, agents: int, wrap_up: float = 0.0, ring: float = 15.0,
        fallback: bool = False, site: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        real = load()
        if not (real.tools / "bin" / "asterisk").exists():
            pytest.skip(f"no Asterisk in {real.tools}: run ./hotline setup")
        self.agents = [f"agent-{1001 + n}" for n in range(agents)]
        folder.chmod(0o711)
        self._folder = folder
        home, data = folder / "home", folder / "data"
        home.mkdir()
        (data / "flows").mkdir(parents=True)
        (home / "tools").symlink_to(real.tools)
        real.prompts.mkdir(parents=True, exist_ok=True)
        (home / "prompts").symlink_to(real.prompts)
        self._write(data / "flows" / "main.yaml", STRAIGHT)
        # Callers of tests call from the same numbers again and again: nobody asks them about it.
        plan = {"phones": {name: {} for name in self.agents}, "recovery": {"resume": False}}
        plan |= site or {}
        plan["fallback"] = self.agents if fallback else []
        self._write(data / "site.yaml", plan)
        queue = {"ring_seconds": ring, "wrap_up_seconds": wrap_up}
        staff = {name: {"queues": ["support"]} for name in self.agents}
        self._write(data / "centre.yaml", {"queues": {"support": queue}, "agents": staff})
        self.environment = {
            "HOTLINE_HOME": str(home), "HOTLINE_DATA": str(data),
            "HOTLINE_PORT_BASE": str(free_base()),
            # as ./hotline does: what is compiled is kept
            "PYTHONPYCACHEPREFIX": str(real.home / "cache" / "python"),
            "PYTHONDONTWRITEBYTECODE": "",
        }  # fmt: skip
        self.settings: Settings = load(self.environment)
        self.core = CoreClient(self.settings.core_socket)
        self.asterisk = Instance(self.settings)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self._players: list[Callers | Phones] = []
        self._sip_port = self.settings.ports.demo

    def _write(self, path: Path, content: Mapping[str, Any]) -> None:
        path.write_text(yaml.safe_dump(content))

    # ---------------------------------------------------------------- our processes

    async def start(self, seconds: float = 90.0) -> float:
        """Start the supervisor; seconds until core and web are ready."""
        began = time.monotonic()
        await self.start_calls(seconds)
        await self.until(lambda: web_ready(self.settings), seconds)
        return time.monotonic() - began

    async def start_calls(self, seconds: float = 90.0) -> None:
        """Start the supervisor, until the core can command Asterisk; the web service follows."""
        with (self._folder / "log").open("ab") as output:
            self.supervisor = subprocess.Popen(  # noqa: ASYNC220 (returns at once)
                [sys.executable, "-m", "adapters.cli", "run"], cwd=ROOT, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, env={**os.environ, **self.environment},
            )  # fmt: skip
        await self.until(lambda: core_ready(self.settings), seconds)

    def kill_python(self) -> None:
        """`kill -9` of supervisor, core and web, all before any of them is reaped."""
        pids = [PidFile(self.settings.run / f"{name}.pid").running() for name in ("core", "web")]
        assert self.supervisor and all(pids), "not everything was running"
        for pid in (self.supervisor.pid, *pids):
            os.kill(pid or 0, signal.SIGKILL)
        self.supervisor.wait()

    async def stop(self) -> None:
        for player in self._players:
            await player.stop()
        if self.supervisor and self.supervisor.poll() is None:
            self.supervisor.terminate()
            await asyncio.to_thread(self.supervisor.wait, 15)
        await asyncio.to_thread(self.asterisk.stop)

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text()

    # ---------------------------------------------------------------- people

    async def phones(self, names: Sequence[str], behaviour: Behaviour) -> Phones:
        """These agents' phones, registered; the agents log in, ready."""
        secrets = {name: self.settings.phone_secret(name) for name in names}
        # Silence is speech too: a phone that sends nothing for 30 s has lost its network.
        phones = Phones(self.settings.tools, secrets, behaviour, speech=[SILENCE] * 50)
        self._players.append(phones)
        port = self.next_port(40)
        await phones.start(("127.0.0.1", self.settings.ports.sip), port, (port + 4, port + 38))
        for name in names:
            await self.core.ask("agent login", agent=name)
            await self.until_agent(name, lambda agent: agent["phone"] == "reachable")
        return phones

    async def callers(
        self, count: int, first: int = 0, rate: float = 20.0, deadline: float = 600.0
    ) -> Callers:
        """So many callers; returns when all of them have been answered."""
        people = [Person(number) for number in fictional_numbers(count, first)]
        callers = Callers(self.settings.tools, people)
        self._players.append(callers)
        target = ("127.0.0.1", self.settings.ports.sip)
        await callers.start(target, "4000", self.next_port(4), rate, deadline)
        await callers.answered(seconds=count / rate + 15)
        return callers

    def keep(self, player: Callers | Phones) -> None:
        """Stopped when the house is."""
        self._players.append(player)

    def next_port(self, count: int) -> int:
        port, self._sip_port = self._sip_port, self._sip_port + count
        return port

    def forget_ports(self) -> None:
        """All ports of callers and phones are free again: none of them is left."""
        self._sip_port = self.settings.ports.demo

    # ---------------------------------------------------------------- what can be seen

    async def states(self) -> dict[str, int]:
        """How many contacts are in each state."""
        return dict((await self.core.ask("status"))["contacts"])

    async def until_states(self, seconds: float = 15.0, **wanted: int) -> None:
        """Until so many contacts are in these states: `waiting=20, talking=5`."""

        async def reached() -> bool:
            states = await self.states()
            return all(states[name] == count for name, count in wanted.items())

        await self.until(reached, seconds)

    async def until_agent(
        self, name: str, wanted: Callable[[Mapping[str, Any]], bool], seconds: float = 15.0
    ) -> None:
        async def reached() -> bool:
            agents = (await self.core.ask("agents"))["agents"]
            return any(agent["agent"] == name and wanted(agent) for agent in agents)

        await self.until(reached, seconds)

    async def until(self, condition: Callable[[], Any], seconds: float = 15.0) -> None:
        """Until the (async) condition holds; a core that is away just does not hold it."""
        async with asyncio.timeout(seconds):
            while not await self._holds(condition):
                await asyncio.sleep(0.02)

    async def _holds(self, condition: Callable[[], Any]) -> bool:
        try:
            return bool(await condition())
        except (CoreAway, CoreRefused):
            return False

    async def records(self, *kinds: str) -> list[Record]:
        """The journal, from the beginning."""
        url = self.settings.database_url("core")
        database = await open_database(url, "core", read_only=True)
        try:
            return [record async for record in JournalReader(database).read(0, kinds)]
        finally:
            await database.close()

    def channels(self) -> list[str]:
        """The names of Asterisk's channels."""
        lines = self.asterisk.command("core show channels concise").splitlines()
        return [line.partition("!")[0] for line in lines if "!" in line]


@asynccontextmanager
async def house(agents: int, **more: Any) -> AsyncIterator[House]:
    """A running installation, gone afterwards; of a failed test, its log is shown."""
    with tempfile.TemporaryDirectory(prefix="hotline-") as folder:
        found = House(Path(folder), agents, **more)
        try:
            await found.start()
            yield found
        except BaseException:
            print(found.log[-4000:])
            raise
        finally:
            await found.stop()
