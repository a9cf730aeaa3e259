"""Many redeem one pass at once: does exactly one of them, every time?

    python -m tests.campaign_passes --seed 1 --passes 10000
    python -m tests.campaign_passes --seed 1 --passes 10000 --database postgresql://...
    python -m tests.campaign_passes --seed 1 --passes 200 --over http
    python -m tests.campaign_passes --seed 1 --passes 10000 --over days

Each contact has a link and a code, and a hundred who redeem one or the other at the same moment. At
store level they come through the connections of three processes. Over HTTP it is the web process
itself that they ask, from ten addresses, in front of a core with the real rules and the real store;
the order of those who wait must be that of their coming, whoever went online. Over days it is
random days of `tests/pass_day.py`, one for each pass. Goes on where it stopped
(HOTLINE_DATA/campaigns); exit status 1 if ever none or two came through, or a place was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import httpx

from acd.model import ContactId
from adapters.control.server import ControlServer
from adapters.stores.passes import SqlPasses
from adapters.stores.schema import open_database
from ivr.pass_requests import PassRequests
from ivr.pass_secrets import PASS_KEY, new_secret
from ivr.passes import CODE_SECONDS, Form, Pass, PassId, PassState
from ivr.settings import load
from tests.fakes_passes import KEY, PassHouse
from tests.pass_day import PassDay
from tests.ports import free_base
from tests.web_site import Site, web

AT_ONCE = 100
PROCESSES, ADDRESSES = 3, 10
START_SECONDS = 90.0
"""Campaigns run on machines that do other things besides."""
EACH = 20
"""Contacts after which the state is written."""
A_LINE = 20
"""Contacts that wait at once, over HTTP."""
ASK_AGAIN = (429, 503)
AT = 1_700_000_000.0

Group = Callable[[Random, str], Awaitable[list[str]]]
"""One contact and its hundred; what was wrong with it. Given dice and a name of its own."""


# ---------------------------------------------------------------- at store level


@asynccontextmanager
async def at_store_level(url: str) -> AsyncIterator[Group]:
    """The book alone, in the database behind `url`."""
    async with AsyncExitStack() as stack:
        databases = [await open_database(url, "core") for _ in range(PROCESSES)]
        for database in databases:
            stack.push_async_callback(database.close)
        books = [SqlPasses(database) for database in databases]

        async def group(dice: Random, name: str) -> list[str]:
            contact = ContactId(f"c-{name}")
            for form in Form:
                until = AT + CODE_SECONDS if form is Form.CODE else None
                made = Pass(PassId(f"pas_{name}_{form}"), contact, "webchat", form, AT, until)
                await books[0].keep(made, f"{new_secret(Form.LINK).digest(KEY)}")
            wanted = [PassId(f"pas_{name}_{dice.choice(list(Form))}") for _ in range(AT_ONCE)]
            tries = [dice.choice(books).redeem(id_, f"{n}", AT) for n, id_ in enumerate(wanted)]
            done = await asyncio.gather(*tries)
            passes = await books[0].of(contact)
            return [*_wrong(done.count(True), passes), *_other(done, wanted, passes)]

        yield group


def _wrong(successes: int, passes: Any) -> list[str]:
    states = sorted(one.state for one in passes)
    found = [] if successes == 1 else [f"{successes} came through"]
    if states != [PassState.REDEEMED, PassState.VOID]:
        found.append(f"the passes are {', '.join(states)}")
    return found


def _other(done: list[bool], wanted: list[PassId], passes: Any) -> list[str]:
    """Whether it is written down that somebody else came through."""
    if done.count(True) != 1:
        return []
    who = done.index(True)
    [redeemed] = [one for one in passes if one.state is PassState.REDEEMED] or [None]
    right = redeemed and (redeemed.id, redeemed.by) == (wanted[who], f"{who}")
    return [] if right else ["somebody else stands in the book"]


# ---------------------------------------------------------------- over HTTP


@asynccontextmanager
async def over_http(folder: Path) -> AsyncIterator[Group]:
    """The web process, and a core behind its socket that knows passes."""
    site = _site(folder)
    settings = load(site.environment)
    database = await open_database(settings.database_url("core"), "core")
    house = PassHouse(SqlPasses(database))
    await house.begin()
    known = PassRequests(house.desk, house.audit).known

    async def answer(what: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        return await known[what](fields) if what in known else {"link": True}

    control = ControlServer(settings.core_socket, answer)
    await control.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        stack.push_async_callback(control.stop)
        stack.callback(house.running.cancel)
        await stack.enter_async_context(web(site, START_SECONDS))
        askers = [
            await stack.enter_async_context(_from(site, f"127.0.0.{n + 2}"))
            for n in range(ADDRESSES)
        ]

        async def group(dice: Random, name: str) -> list[str]:
            return await _one_contact(house, askers, dice, ContactId(f"c-{name}"))

        yield group


def _site(folder: Path) -> Site:
    (folder / "data" / "secrets").mkdir(parents=True)
    (folder / "data" / "secrets" / PASS_KEY).write_text(KEY)
    base = free_base()
    places = {
        "HOTLINE_HOME": str(folder / "home"), "HOTLINE_DATA": str(folder / "data"),
        "HOTLINE_PORT_BASE": str(base),
    }  # fmt: skip
    return Site(folder, base, folder / "web.log", os.environ | places)


def _from(site: Site, address: str) -> httpx.AsyncClient:
    """Somebody without a token, on this machine, at an address of their own."""
    kept = httpx.Limits(keepalive_expiry=2.0)
    transport = httpx.AsyncHTTPTransport(local_address=address, limits=kept)
    url = f"http://127.0.0.1:{site.base + 3}/api/v1/passes"
    return httpx.AsyncClient(transport=transport, base_url=url, trust_env=False, timeout=30)


async def _one_contact(
    house: PassHouse, askers: list[httpx.AsyncClient], dice: Random, contact: ContactId
) -> list[str]:
    """The house keeps a line of callers, some of whom have gone online before."""
    await house.comes(contact)
    house.wait(1)
    line = [text.split()[0] for text in house.line()]
    secrets = [await house.issue(contact, form) for form in Form]
    wanted = [dice.choice(secrets).text for _ in range(AT_ONCE)]
    done = await asyncio.gather(
        *(_redeem(askers[n % ADDRESSES], held, f"asker-{n}") for n, held in enumerate(wanted))
    )
    found = _wrong(done.count(200), await house.book.of(contact))
    if others := sorted({status for status in done if status not in (200, 409)}):
        found.append(f"answers {others}")
    if [text.split()[0] for text in house.line()] != line:
        found.append("the order has changed")
    if house.contact(contact).channel != "webchat":
        found.append("not online")
    if len(line) >= A_LINE:
        first = house.engine.waiting()[0]
        await house.leaves_channel(first.id)
    return found


async def _redeem(asker: httpx.AsyncClient, held: str, by: str) -> int:
    """The status in the end; who hears no answer asks again in the same words."""
    while True:
        try:
            answer = await asker.post(f"/{held}/redeem", json={"channel": "webchat", "by": by})
        except httpx.TransportError:
            await asyncio.sleep(0.1)
            continue
        if answer.status_code not in ASK_AGAIN:
            return answer.status_code
        await asyncio.sleep(float(answer.headers["retry-after"]))


# ---------------------------------------------------------------- random days


@asynccontextmanager
async def over_days(state: dict[str, Any]) -> AsyncIterator[Group]:
    """A day for each pass; what has happened is counted in `state`."""

    async def group(dice: Random, name: str) -> list[str]:
        day = PassDay(f"{dice.random()}")
        faults = await day.play()
        done = {"offers": day.ideal.offers, "hops": day.hops, **day.did}
        state["done"] = dict(Counter(state.get("done", {})) + Counter(done))
        return faults

    yield group


# ---------------------------------------------------------------- the campaign


async def campaign(state: dict[str, Any], args: argparse.Namespace, path: Path) -> None:
    """Until so many passes have been fought for; the state is written again and again."""
    with tempfile.TemporaryDirectory() as folder:
        url = args.database or f"sqlite:///{folder}/core.db"
        stages = {
            "store": lambda: at_store_level(url), "http": lambda: over_http(Path(folder)),
            "days": lambda: over_days(state),
        }  # fmt: skip
        stage = stages[args.over]()
        async with stage as group:
            while state["n"] < args.passes:
                began, name = time.monotonic(), f"{state['seed']}-{state['n']}-{os.getpid()}"
                faults = await group(Random(f"{state['seed']} {state['n']}"), name)
                state["faults"] += [f"{state['n']}: {fault}" for fault in faults]
                state["n"] += 1
                state["seconds"] += time.monotonic() - began
                if state["n"] % EACH == 0 or state["n"] == args.passes:
                    path.write_text(json.dumps(state, indent=1))
                    told = f"{state['n']} passes, {len(state['faults'])} faults"
                    print(told, file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--over", choices=("store", "http", "days"), default="store")
    parser.add_argument("--database", default="", help="a PostgreSQL of tests; else SQLite")
    args = parser.parse_args()
    kind = "postgres" if args.database else "sqlite"
    path = load().data / "campaigns" / f"passes-{args.over}-{kind}-{args.seed}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    new: dict[str, Any] = {"seed": args.seed, "n": 0, "seconds": 0.0, "faults": []}
    state = json.loads(path.read_text()) if path.exists() else new
    asyncio.run(campaign(state, args, path))
    print(*state["faults"], sep="\n")
    what = f"contacts with two passes, {AT_ONCE} redemptions at once each, over {args.over}, {kind}"
    what = "random days" if args.over == "days" else what
    told = f"{len(state['faults'])} faults; seed {args.seed}, {state['seconds']:.0f} s"
    print(f"{state['n']} {what}: {told}")
    if done := state.get("done"):
        print(", ".join(f"{count} {what}" for what, count in sorted(done.items())))
    return 1 if state["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
