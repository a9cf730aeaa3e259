"""Forged, replayed and late deliveries, as many as one likes: none may be taken.

    python -m tests.campaign_webhooks --seed S --n 100000 --state FILE

Each is made from the seed and its number alone; the campaign goes on where it stopped (`--state`).
Among them are deliveries that are right, so that it shows when everything is refused. They go
through the whole intake: signature, time, list of what was taken (a real database, opened anew for
every shard: a restart), pace. It ends with status 1 at the first that got through, and names its
number. What is right and wrong is decided here, by `tests/channel_hands.py`, without the code of
the channels.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from adapters.channels.intake import Intake
from adapters.channels.taken import Taken
from adapters.channels.webhook import WebhookChannel
from adapters.stores.schema import open_database
from ivr.channel_ports import Channel, Delivery
from ivr.channel_settings import ChannelEntry
from tests.channel_hands import (
    KEY,
    NOW,
    OLD_KEY,
    SMS,
    STRANGE_KEY,
    WEBHOOK,
    delivery,
    envelope,
    secret,
    sign,
)
from tests.fakes_channel import WebhookFarEnd

SHARD = 500
"""So many go through one process's life; then it is opened anew."""
RIGHT = 20
"""One in so many is right."""
OTHER_KEY = b"p" * 32
"""Of another channel of the house."""
Tally = Counter[str]


class GotThrough(Exception):
    """Something that must not happen, with what is needed to see it again."""


class CountingCore:
    """Keeps how often it was asked for anything."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, what: str, **fields: Any) -> Mapping[str, Any]:
        self.asked += 1
        return {}


class Shard:
    """One process's life: what was right so far may be replayed in all those that follow."""

    def __init__(self, seed: int, first: int, true: list[Delivery]) -> None:
        self.chance = random.Random(f"{seed} {first}")
        self.now = NOW + first * 0.01
        self.true = true

    def right(self, number: int) -> Delivery:
        """A delivery as its sender makes it, and never before."""
        words = "".join(self.chance.choices('ab {}\\"\n.你好', k=self.chance.randrange(1, 40)))
        body = envelope("text.received", **{"from": "+8613800138000", "text": f"w{words}"})
        key = self.chance.choice((KEY, OLD_KEY))
        at = self.now + self.chance.randrange(-290, 290)
        return delivery(body, f"msg_{number}", at, key)

    def wrong(self, number: int) -> tuple[str, Delivery]:
        """A delivery that nothing may come of, and its kind."""
        kind = self.chance.choice(list(WRONGS))
        return kind, WRONGS[kind](self, self.right(number))


def _changed(delivery_: Delivery, name: str, value: str) -> Delivery:
    return Delivery([(key, value if key == name else old) for key, old in delivery_.headers],
                    delivery_.body)  # fmt: skip


def _told(true: Delivery, name: str) -> str:
    return dict(true.headers)[name]


def _flipped(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    other = chance.choice([c for c in "ABCabc012+/=,v" if c != text[at]])
    return text[:at] + other + text[at + 1 :]


def _signed_by(key: bytes) -> Callable[[Shard, Delivery], Delivery]:
    def make(shard: Shard, true: Delivery) -> Delivery:
        at = float(_told(true, "webhook-timestamp"))
        return delivery(true.body, _told(true, "webhook-id"), at, key)

    return make


def _late(shard: Shard, true: Delivery) -> Delivery:
    off = shard.chance.choice((-1, 1)) * (301 + shard.chance.expovariate(1e-4))
    return delivery(true.body, _told(true, "webhook-id"), shard.now + off, KEY)


def _replayed(shard: Shard, true: Delivery) -> Delivery:
    """A true one again, byte by byte or in another order of its headers."""
    if not shard.true:
        return _late(shard, true)
    old = shard.chance.choice(shard.true)
    return Delivery(shard.chance.sample(list(old.headers), 3), old.body)


def _made_younger(shard: Shard, true: Delivery) -> Delivery:
    old = shard.chance.choice(shard.true or [true])
    return _changed(old, "webhook-timestamp", str(int(float(_told(old, "webhook-timestamp"))) + 1))


def _renamed(shard: Shard, true: Delivery) -> Delivery:
    """A true one under another id, so that it looks new."""
    old = shard.chance.choice(shard.true or [true])
    return _changed(old, "webhook-id", _flipped(_told(old, "webhook-id"), shard.chance))


def _other_body(shard: Shard, true: Delivery) -> Delivery:
    body = bytearray(true.body)
    for _ in range(shard.chance.randrange(1, 4)):
        body[shard.chance.randrange(len(body))] ^= 1 << shard.chance.randrange(8)
    more = shard.chance.choice((b"", b" ", b"\n", b"{}"))
    found = bytes(body) + more
    return Delivery(true.headers, found if found != true.body else found + b" ")


def _shifted(shard: Shard, true: Delivery) -> Delivery:
    """Signed text moved from one part to the next."""
    id_, at = _told(true, "webhook-id"), _told(true, "webhook-timestamp")
    given = _told(true, "webhook-signature")
    moved = shard.chance.choice([
        (f"{id_}.{at}", at, true.body), (id_, at[:-1], at[-1:].encode() + true.body),
        (id_[:-1], id_[-1] + at, true.body), (id_, f"{at}.", true.body),
        (f"{id_}.", at, true.body), (id_, "", at.encode() + b"." + true.body),
    ])  # fmt: skip
    headers = (("webhook-id", moved[0]), ("webhook-timestamp", moved[1]),
               ("webhook-signature", given))  # fmt: skip
    return Delivery(headers, moved[2])


def _doubled(shard: Shard, true: Delivery) -> Delivery:
    """A header twice: one signed, one not."""
    name, value = shard.chance.choice(list(true.headers))
    twice = [*true.headers, (name, _flipped(value, shard.chance))]
    return Delivery(shard.chance.sample(twice, len(twice)), true.body)


def _missing(shard: Shard, true: Delivery) -> Delivery:
    return Delivery(shard.chance.sample(list(true.headers), shard.chance.randrange(3)), true.body)


def _no_signature(shard: Shard, true: Delivery) -> Delivery:
    raw = shard.chance.randbytes(32)
    given = shard.chance.choice([
        "", "v1,", "v1", " ", "v1a," + base64.b64encode(raw).decode(), raw.hex(), "v1," + raw.hex(),
        "v1," + base64.b64encode(raw).decode(), "v1,None", "v1,null", "v1,\x00", "v1," + "=" * 44,
        " ".join(["v1," + base64.b64encode(raw).decode()] * 9),
    ])  # fmt: skip
    return _changed(true, "webhook-signature", given)


def _spelt_otherwise(shard: Shard, true: Delivery) -> Delivery:
    """The right signature, not as it is written."""
    given = _told(true, "webhook-signature")
    other = shard.chance.choice([
        given.rstrip("="), given + "=", given.replace("v1,", "v1, "), given.replace("v1,", "V1,"),
        given.removeprefix("v1,"), given.swapcase(), f"{given},", f"({given})",
    ])  # fmt: skip
    return _changed(true, "webhook-signature", other)


def _plain_hash(shard: Shard, true: Delivery) -> Delivery:
    """What somebody would make who has misread how it is signed, or knows half of it."""
    id_, at = _told(true, "webhook-id"), _told(true, "webhook-timestamp")
    text = secret(KEY).encode()
    wrong = shard.chance.choice([
        sign(b"", id_, at, true.body), sign(text, id_, at, true.body),
        sign(text.removeprefix(b"whsec_"), id_, at, true.body), sign(KEY, "", at, true.body),
        sign(KEY, id_, "", true.body), sign(KEY, id_, at, b""), sign(KEY, at, id_, true.body),
    ])  # fmt: skip
    return _changed(true, "webhook-signature", wrong)


WRONGS: Mapping[str, Callable[[Shard, Delivery], Delivery]] = {
    "by a stranger": _signed_by(STRANGE_KEY), "by another channel": _signed_by(OTHER_KEY),
    "late": _late, "replayed": _replayed, "made younger": _made_younger, "renamed": _renamed,
    "another body": _other_body, "shifted": _shifted, "doubled": _doubled, "missing": _missing,
    "no signature": _no_signature, "spelt otherwise": _spelt_otherwise, "misread": _plain_hash,
}  # fmt: skip


async def shard_of(seed: int, first: int, count: int, folder: Path, true: list[Delivery]) -> Tally:
    """One process's life."""
    shard, tally, core = Shard(seed, first, true), Counter[str](), CountingCore()
    database = await open_database(f"sqlite:///{folder / 'web.db'}", "web")
    taken = Taken(database)
    await taken.begin()
    settings = {"sms": SMS, "other": {**WEBHOOK, "secrets": [secret(OTHER_KEY)]}}
    post = WebhookFarEnd(SMS).post
    channels: dict[str, Channel] = {
        name: WebhookChannel(name, ChannelEntry.model_validate(plain), post, lambda: shard.now)
        for name, plain in settings.items()
    }
    paces = dict.fromkeys(channels, 1e9)
    intake = Intake(channels, paces, taken, core, lambda: shard.now, lambda: shard.now)
    for number in range(first, first + count):
        if number % RIGHT == 0:
            good = shard.right(number)
            if (status := (await intake.take("sms", good)).status) != 202:
                raise GotThrough(f"{number} of seed {seed} is right, and was answered {status}")
            shard.true.append(good)
            tally["right, and taken"] += 1
            continue
        kind, bad = shard.wrong(number)
        before = core.asked
        verdict = await intake.take("sms", bad)
        if verdict.status < 400 or core.asked != before:
            raise GotThrough(f"{number} of seed {seed}: {kind} was answered {verdict.status}")
        tally[kind] += 1
    await database.close()
    return tally


async def run(seed: int, n: int, state: Path | None) -> Tally:
    """From where it stopped; `GotThrough` at the first."""
    kept: dict[str, Any] = {"done": 0, "tally": {}}
    if state and state.exists():
        kept = json.loads(state.read_text())
    tally: Tally = Counter(kept["tally"])
    true: list[Delivery] = []
    with tempfile.TemporaryDirectory() as folder:
        for first in range(kept["done"], n, SHARD):
            count = min(SHARD, n - first)
            tally.update(await shard_of(seed, first, count, Path(folder), true))
            del true[:-1000]
            if state:
                state.write_text(json.dumps({"done": first + count, "tally": tally}))
    return tally


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--seed", type=int, default=6)
    given.add_argument("--n", type=int, default=100_000)
    given.add_argument("--state", type=Path, default=None, help="where it is kept how far it came")
    options = given.parse_args()
    try:
        tally = asyncio.run(run(options.seed, options.n, options.state))
    except GotThrough as fault:
        print(f"GOT THROUGH: {fault}")
        return 1
    wrong = sum(times for kind, times in tally.items() if kind in WRONGS)
    print(f"seed {options.seed}: {wrong} that are wrong, none taken; {dict(sorted(tally.items()))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
