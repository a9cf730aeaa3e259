"""Hostile destinations and SIP headers, as many as one likes: none may be dialled.

    python -m tests.campaign_hostile --seed S --n 100000            destinations, through the rules
    python -m tests.campaign_hostile --seed S --n 5000 --calls      messages, to a real Asterisk

Each is made from the seed and its number alone; the campaign goes on where it stopped (`--state`).
It ends with status 1 at the first that got through, and names its number.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.asterisk.instance import Instance
from ivr.dialling import NotDialled, Today, routes
from ivr.outbound import OutboundSettings
from ivr.trunks import TrunkEntry, endpoint_of
from tests import hostile, rig
from tests.trunk_peer import Peer, free_place

NUMBER, DIALLED = "+861012345678", "01012345678"
CHUNK = 100
"""So many are judged together; between chunks the state is written."""
PAUSE = 0.004
"""Seconds between two messages, so that none is lost before it is read."""
MAY_REMAIN = 0.2
Tally = Counter[str]


class GotThrough(Exception):
    """Something that must not happen, with what is needed to see it again."""


def destinations(seed: int, first: int, count: int) -> Tally:
    """Those of one chunk, through the rules."""
    trunk = TrunkEntry(address="192.0.2.10", caller_ids=(NUMBER,))
    rules = OutboundSettings(allow=hostile.SAFE, caller_id=NUMBER)
    tally: Tally = Counter()
    for at, text in enumerate(hostile.destinations(f"{seed} {first}", count), start=first):
        try:
            [way] = routes(rules, {"north": trunk}, text, queue="support", today=Today())
        except NotDialled as refusal:
            tally[str(refusal.reason)] += 1
            continue
        digits, _, endpoint = way.dial.partition("@")
        if not hostile.may_be_dialled(digits) or endpoint != endpoint_of("north"):
            raise GotThrough(f"destination {at} of seed {seed}: {text!r} became {way.dial!r}")
        tally["dialled, and may be"] += 1
    return tally


async def calls(instance: Instance, peers: list[Peer], seed: int, first: int, count: int) -> Tally:
    """Those of one chunk, as INVITEs from a trunk; then everything is hung up."""
    source, server = peers[0], ("127.0.0.1", instance.settings.ports.sip)
    tally: Tally = Counter()
    async with rig.ami(instance) as ami:
        for at in range(first, first + count):
            source.send(hostile.invite(f"{seed} {at}", DIALLED, source.place, server), server)
            await asyncio.sleep(PAUSE)
        await asyncio.sleep(MAY_REMAIN)
        made = {event["Channel"].rpartition("-")[0] for event in ami.events
                if event["Event"] == "Newchannel"}  # fmt: skip
        if made - {"PJSIP/trunk.north"} or any(peer.of("INVITE") for peer in peers):
            raise GotThrough(f"messages {first} to {first + count} of seed {seed} made {made}")
        if not instance.alive():
            raise GotThrough(f"messages {first} to {first + count} of seed {seed} ended Asterisk")
        for each in source.heard:
            if each.message.status >= 200:
                tally[str(each.message.status)] += 1
        await asyncio.to_thread(instance.command, "channel request hangup all")
        source.heard.clear()
    return tally


async def on_asterisk(
    seed: int, first: int, count: int, done: Callable[[int, Tally], None]
) -> None:
    """Through a real Asterisk with two trunks; `done` is told of each chunk."""
    places = [free_place("127.0.0.2"), free_place("127.0.0.3")]
    entries = [{"address": f"{host}:{port}", "caller_ids": [NUMBER], "country": "86"}
               for host, port in places]  # fmt: skip
    trunks = dict(zip(("north", "south"), entries, strict=True))
    outbound = {"allow": list(hostile.SAFE), "caller_id": NUMBER}
    with rig.asterisk(trunks=trunks, outbound=outbound, numbers={NUMBER: {}}) as instance:
        async with Peer(places[0]) as north, Peer(places[1]) as south:
            for at in range(first, count, CHUNK):
                size = min(CHUNK, count - at)
                done(at + size, await calls(instance, [north, south], seed, at, size))


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--seed", type=int, default=5)
    given.add_argument("--n", type=int, default=100_000)
    given.add_argument("--calls", action="store_true", help="whole messages, to a real Asterisk")
    given.add_argument("--state", type=Path, default=None, help="where it is kept how far it came")
    options = given.parse_args()
    kept: dict[str, Any] = {"done": 0, "tally": {}}
    if options.state and options.state.exists():
        kept = json.loads(options.state.read_text())
    tally: Tally = Counter(kept["tally"])

    def done(at: int, found: Tally) -> None:
        tally.update(found)
        if options.state:
            options.state.write_text(json.dumps({"done": at, "tally": tally}))

    try:
        if options.calls:
            asyncio.run(on_asterisk(options.seed, kept["done"], options.n, done))
        else:
            for at in range(kept["done"], options.n, CHUNK):
                size = min(CHUNK, options.n - at)
                done(at + size, destinations(options.seed, at, size))
    except GotThrough as fault:
        print(f"GOT THROUGH: {fault}")
        return 1
    print(f"seed {options.seed}, {options.n}: none got through; {dict(sorted(tally.items()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
