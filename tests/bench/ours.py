"""Hotline itself under the load of `bench calls`: an installation of its own, the rules alike.

Its folders lie below `folder`; tools and spoken prompts are those of the installation around it.
The dialled number leads straight into the queue, as it does with app_queue.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from adapters.asterisk.instance import Instance
from adapters.cli.pid_file import PidFile
from adapters.cli.run import running, stop_asterisk
from adapters.control.client import CoreClient
from ivr.settings import Settings, load
from tests.bench.app_queue import NUMBER
from tests.bench.figures import TOLD
from tests.bench.tap import Tap
from tests.watch import WATCH, let_watch

READY_SECONDS = 15.0
STRAIGHT = {
    "first": "person",
    "steps": {"person": {"do": "queue"}},
}
NOTHING_MORE: Mapping[str, Any] = {}


class Ours:
    """A running Hotline whose one number leads straight into its one queue."""

    def __init__(self, settings: Settings, agents: Sequence[str]) -> None:
        self.settings = settings
        self._agents = agents

    @property
    def sip(self) -> tuple[str, int]:
        return "127.0.0.1", self.settings.ports.sip

    @property
    def phone_secrets(self) -> Mapping[str, str]:
        return {agent: self.settings.phone_secret(agent) for agent in self._agents}

    def tap(self) -> Tap:
        return Tap("127.0.0.1", self.settings.ports.ami, WATCH, self.settings.secret("ami"))

    def pids(self) -> Mapping[str, Sequence[int]]:
        asterisk = Instance(self.settings).adopt()
        parts = (PidFile(self.settings.run / f"{part}.pid").running() for part in ("core", "web"))
        return {
            "asterisk": [asterisk.pid] if asterisk else [],
            "python": [pid for pid in parts if pid],
        }

    async def phones_ready(self) -> None:
        """Log every agent in and wait until each can be offered calls."""
        core = CoreClient(self.settings.core_socket)
        for agent in self._agents:
            await core.ask("agent login", agent=agent)
        async with asyncio.timeout(READY_SECONDS):
            while not all(map(_can_serve, (await core.ask("agents"))["agents"])):
                await asyncio.sleep(0.1)


def _can_serve(agent: Mapping[str, Any]) -> bool:
    return bool(agent["state"] == "ready" and agent["phone"] == "reachable")


@asynccontextmanager
async def hotline(
    around: Settings, folder: Path, port_base: int, agents: Sequence[str],
    flow: Mapping[str, Any] | None = None, site: Mapping[str, Any] = NOTHING_MORE,
) -> AsyncIterator[Ours]:  # fmt: skip
    """Hotline with these agents, up and ready; all of it ends afterwards.

    `flow`: what answers the number; None: straight into the queue. `site`: more of its site file.
    """
    home, data = folder / "home", folder / "data"
    place = {"HOTLINE_HOME": home, "HOTLINE_DATA": data, "HOTLINE_PORT_BASE": port_base}
    environment = os.environ | {name: str(value) for name, value in place.items()}
    _end_what_was_left(folder, environment)
    (data / "flows").mkdir(parents=True)
    home.mkdir()
    for shared in (around.tools, around.prompts):
        shared.mkdir(parents=True, exist_ok=True)
        (home / shared.name).symlink_to(shared.resolve())
    files = _files(agents, flow or STRAIGHT)
    files["site.yaml"] |= site
    for name, content in files.items():
        (data / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    settings = load(environment)
    let_watch(settings, TOLD)
    before = {name: os.environ.get(name) for name in place}
    os.environ.update(environment)  # for the processes
    try:
        async with running(settings, logs=folder / "logs"):
            yield Ours(settings, agents)
    finally:
        stop_asterisk(settings)
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value


def _end_what_was_left(folder: Path, environment: Mapping[str, str]) -> None:
    """By a benchmark that was killed: its processes, then its folders."""
    shutil.rmtree(folder / "data", ignore_errors=True)
    settings = load(environment)
    for part in ("core", "web"):
        PidFile(settings.run / f"{part}.pid").end()
    stop_asterisk(settings)
    shutil.rmtree(folder, ignore_errors=True)


def _files(agents: Sequence[str], flow: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "site.yaml": {
            "languages": ["zh", "en"],
            "numbers": {NUMBER: {"flow": "bench", "language": "en", "queue": "bench"}},
            "phones": {agent: {} for agent in agents},
        },
        "centre.yaml": {
            "queues": {"bench": {"ring_seconds": 15, "wrap_up_seconds": 0}},
            "agents": {agent: {"queues": ["bench"]} for agent in agents},
        },
        "flows/bench.yaml": dict(flow),
    }
