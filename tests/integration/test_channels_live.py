"""Texts with everything real but the carrier: the web process, the stores, the gateway of the
example as programs of their own; the core's desk here, behind its socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from adapters.control.server import ControlServer
from adapters.stores.journal import SqlJournal
from adapters.stores.outbox import TEXTS, FileOutbox
from adapters.stores.vault import SqlVault
from ivr.clock import CentreClock
from ivr.ports import Note, Record
from ivr.settings import load
from ivr.text_desk import TextDesk
from ivr.text_ladder import CallbackLadder
from ivr.text_rules import TextRules
from tests.channel_hands import OLD_KEY, delivery, secret, written
from tests.fakes_stores import MemoryAudit
from tests.fakes_texts import Promises
from tests.sms_gateway import gateway
from tests.web_site import Site, answering, core_stores, everything, web

NUMBER, WORDS, CANARY = "+8613800138000", "Where is my card?", "canary 你好"
SITE = """\
channels:
  sms:
    kind: sms
    secrets: ["${{file:secrets/channel-sms}}"]
    url: http://127.0.0.1:{port}/texts
    allow: ["+86"]
    per_hour: 100
    or_callback: true
"""


@dataclass
class House:
    """An installation that writes and is written to."""

    site: Site
    journal: SqlJournal
    vault: SqlVault
    ask: Callable[..., Any]
    promises: Promises
    gateway_port: int

    @property
    def hook(self) -> str:
        return f"http://127.0.0.1:{self.site.base + 3}/hooks/sms"

    async def kinds(self) -> list[str]:
        kinds = [record.kind async for record in self.journal.read()]
        return [kind for kind in kinds if kind != "TextSent"]

    async def until(self, *kinds: str) -> None:
        """Until the journal has these records, and no others, in any order. That a text was sent is
        left out: the gateway may have told its end before."""
        try:
            async with asyncio.timeout(30):
                while sorted(await self.kinds()) != sorted(kinds):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{await self.kinds()}\n{self.site.log.read_text()[-3000:]}")

    def gateway(self) -> Any:
        folder = self.site.folder / "data/secrets"
        return gateway(folder / "channel-sms", self.hook, self.gateway_port)


@asynccontextmanager
async def house_of(site: Site) -> AsyncIterator[House]:
    """Everything but the web process and the gateway."""
    data, port = site.folder / "data", site.base + 20
    (data / "secrets").mkdir(exist_ok=True)
    (data / "secrets/channel-sms").write_text(secret(OLD_KEY))
    (data / "site.yaml").write_text(SITE.format(port=port))
    settings = load(site.environment)
    async with core_stores(site) as (journal, vault):
        clock, promises = CentreClock(), Promises()

        async def record(note: Note) -> None:
            await journal.append([Record(clock.now(), note.kind, note.data, note.contact)])

        desk = TextDesk(
            settings.site.channels, TextRules(settings.site.outbound, vault), vault, MemoryAudit(),
            journal, record, FileOutbox(settings.data, TEXTS), clock,
            CallbackLadder(promises, vault, "en"),
        )  # fmt: skip

        async def answer(what: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
            return await desk.known[what](fields)

        async def ask(what: str, **fields: Any) -> Mapping[str, Any]:
            return await answer(what, {"channel": "sms", **fields})

        control = ControlServer(settings.core_socket, answer)
        await control.start()
        yield House(site, journal, vault, ask, promises, port)
        await control.stop()


@pytest.fixture
async def house(site: Site) -> AsyncIterator[House]:
    async with house_of(site) as made:
        yield made


async def test_texts_go_out_come_in_and_stand_on_one_ticket(house: House) -> None:
    with house.gateway() as address:
        async with web(house.site), house.site.client() as client:
            async with httpx.AsyncClient(trust_env=False) as customer:
                body = {"from": NUMBER, "text": f"{WORDS} {CANARY}"}
                assert (await customer.post(f"{address}/write", json=body)).json() == {
                    "hotline": 202
                }
                await house.until("TextReceived")
                (ticket,) = await tickets(client)
                text = {"channel": "sms", "text": "It is on its way."}
                sent = await client.post(f"/api/v1/tickets/{ticket}/texts", json=text)
                await house.until("TextReceived", "TextQueued", "TextDelivered")
                (held,) = (await customer.get(f"{address}/texts.json")).json()
            timeline = await lines(client, ticket)
            assert (await client.get("/api/v1/texts")).json()["items"] == []
    assert (sent.status_code, sent.json()["state"]) == (201, "queued")
    assert (held["to"], held["text"]) == (NUMBER, "It is on its way.")
    shown = {(line["kind"], line["text"]) for line in timeline if line["kind"] != "text_sent"}
    assert shown == {
        ("text_received", f"{WORDS} {CANARY}"), ("ticket_opened", None),
        ("text_queued", "It is on its way."), ("text_delivered", None),
    }  # fmt: skip
    log, data = house.site.log.read_text(), house.site.folder / "data"
    kept = b"".join(
        f.read_bytes() for f in data.rglob("*") if f.is_file() and "secrets" not in str(f)
    )
    for personal in (CANARY, NUMBER, NUMBER[3:], "on its way"):
        assert personal not in log and personal.encode() not in kept


async def test_a_gateway_that_fails_is_told_and_the_customer_is_promised_a_callback(
    house: House,
) -> None:
    with house.gateway():
        async with web(house.site):
            for end in ("0400", "0404"):
                await house.ask("text send", number=f"+861380013{end}", words=WORDS)
            await house.until(*["TextQueued", "TextFailed"] * 2)
    whys = sorted([r.data["why"] async for r in house.journal.read() if r.kind == "TextFailed"])
    assert whys == ["refused", "unreachable"]
    assert sorted(wish.number[-4:] for wish in house.promises.wishes) == ["0400", "0404"]


async def test_while_the_gateway_is_away_texts_wait_and_then_go_out_once(house: House) -> None:
    async with web(house.site):
        texts = [f"+86138001380{n:02}" for n in range(1, 7)]
        for number in texts:
            await house.ask("text send", number=number, words=WORDS)
        with house.gateway() as address:
            await house.until(*["TextQueued", "TextDelivered"] * 6)
            async with httpx.AsyncClient(trust_env=False) as anybody:
                held = (await anybody.get(f"{address}/texts.json")).json()
    assert sorted(each["to"] for each in held) == texts


async def test_the_web_process_killed_at_any_moment_loses_no_text_and_sends_none_twice(
    house: House,
) -> None:
    with ExitStack() as stack:
        address = stack.enter_context(house.gateway())
        for n in range(12):
            await house.ask("text send", number=f"+8613800138{n:03}", words=WORDS)
        for pause in (0.0, 0.3, 0.6):
            async with web(house.site) as process:
                await asyncio.sleep(pause)  # any moment will do: this one varies it
                process.kill()
        async with web(house.site) as process:
            await answering(house.site, process)
            await ended(house, 12)
        async with httpx.AsyncClient(trust_env=False) as anybody:
            held = (await anybody.get(f"{address}/texts.json")).json()
    assert len({each["to"] for each in held}) == len(held) == 12


async def test_what_was_taken_is_refused_after_a_restart_of_everything(house: House) -> None:
    headers = dict(delivery(written(), at=time.time(), key=OLD_KEY).headers)
    statuses = []
    for _ in range(2):
        async with web(house.site), httpx.AsyncClient(trust_env=False) as sender:
            answer = await sender.post(house.hook, content=written(), headers=headers)
            statuses.append(answer.status_code)
    assert (statuses, await house.kinds()) == ([202, 409], ["TextReceived"])


async def ended(house: House, count: int) -> None:
    """Until so many texts are delivered, or sent by a gateway that could not tell us any more."""
    async with asyncio.timeout(30):
        while len({r.data["effect"] async for r in house.journal.read()
                   if r.kind in ("TextSent", "TextDelivered")}) < count:  # fmt: skip
            await asyncio.sleep(0.05)


async def tickets(client: httpx.AsyncClient) -> list[str]:
    """The tickets, as soon as there is one."""
    async with asyncio.timeout(10):
        while not (found := await everything(client, "/api/v1/tickets")):
            await asyncio.sleep(0.05)
    return [str(each["id"]) for each in found]


async def lines(client: httpx.AsyncClient, ticket: str) -> list[dict[str, object]]:
    """The ticket's timeline, as soon as it says that the text was delivered."""
    path = f"/api/v1/tickets/{ticket}/timeline"
    found: list[dict[str, object]] = []
    async with asyncio.timeout(10):
        while "text_delivered" not in [line["kind"] for line in found]:
            await asyncio.sleep(0.05)
            found = await everything(client, path)
    return found
