"""The API guide tells the truth: its examples run, and what it shows has the shapes of the API."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import BaseModel

from adapters.control.server import ControlServer
from adapters.tickets.parts import PROBLEMS
from adapters.tickets.passes import RedeemRequest
from adapters.tickets.shapes import EventShape, TicketShape
from adapters.tickets.talks import TalkShape
from adapters.web.problems import Problem
from ivr.settings import ROOT, load
from ivr.tickets.shown import SHOWN
from ivr.tickets.story import snake
from tests.web_site import NUMBER, Site, a_call, applied, core_stores, web
from tests.web_stage import FakeCore

GUIDE = (ROOT / "docs/guides/api.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


async def run(site: Site, *command: str) -> str:
    """The output of a program that must succeed."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=site.folder,
        env=site.environment | {"HOTLINE_URL": f"http://127.0.0.1:{site.base + 3}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    return said.decode()


async def test_every_example_runs(site: Site) -> None:
    if not shutil.which("curl") or not shutil.which("bash"):
        pytest.skip("the examples are for bash and curl")
    core = FakeCore()

    async def answer(what: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return await core.ask(what, **fields)

    control = ControlServer(load(site.environment).core_socket, answer)
    await control.start()
    async with core_stores(site) as (journal, vault), web(site):
        person = await vault.person_for_number(NUMBER)
        await journal.append(a_call(1, person) + a_call(2, person))
        await applied(site, 6)
        said = await run(site, "bash", "-euc", "set -o pipefail\n" + "\n".join(blocks("sh")))
        site.environment["HOTLINE_TOKEN"] = site.token
        followed = await run(site, sys.executable, "-c", *blocks("python"))
    await control.stop()
    assert f'"number":"{NUMBER}"' in said and "['call-1']" in said and '"ready":true' in said
    assert [what for what, _ in core.asked if what.startswith("agent ")] == [
        "agent login", "agent pause", "agent ready", "agent logout", "agent work",
    ]  # fmt: skip
    assert followed.endswith("ticket_closed\n") and "contact_joined" in followed


def test_what_it_shows_has_the_shapes_of_the_api() -> None:
    shapes: list[type[BaseModel]] = [TicketShape, EventShape, TalkShape, RedeemRequest, Problem]
    shown = [json.loads(block) for block in blocks("json")]
    assert len(shown) == len(shapes)
    for value, shape in zip(shown, shapes, strict=True):
        assert set(value) == set(shape.model_fields)
        shape.model_validate(value)


def test_it_names_every_kind_of_event_and_every_status() -> None:
    own = ["ticket_opened", "contact_joined", "call_without_a_person", "comment", "ticket_closed"]
    for kind in [*map(snake, SHOWN), *own, "ticket_reopened"]:
        assert re.search(rf"\b{kind}\b", GUIDE), kind
    for status in {400, 401, 404, 405, 408, 413, 414, 415, 421, 500, *PROBLEMS.values()}:
        assert re.search(rf"^\| .*{status}.* \|", GUIDE, re.MULTILINE), status
