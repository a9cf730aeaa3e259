"""The web process sends notices by e-mail, and stops in time though the mail server is silent."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import yaml

from adapters.stores.outbox import FileOutbox
from ivr.ports import EMAIL, EffectKey, Outgoing
from tests.fakes_smtp import SILENCE, FakeSmtp
from tests.web_site import Site, web

PASSWORD = "a-secret-word"
ABOUT = {"queue": "support", "contact": "c-1", "recording": "rec_1", "seconds": 12.0, "at": 1.7e9}


def settings(data: Path, port: int) -> None:
    smtp = {"host": "127.0.0.1", "port": port, "security": "none", "from": "hotline@example.org",
            "user": "hotline", "password": "${file:secrets/smtp}", "seconds": 60}  # fmt: skip
    (data / "secrets").mkdir(exist_ok=True)
    (data / "secrets/smtp").write_text(PASSWORD)
    site = {"languages": ["en", "zh"], "email": {"support": "desk@example.org"}, "smtp": smtp}
    (data / "site.yaml").write_text(yaml.safe_dump(site))


async def left(data: Path, key: str) -> FileOutbox:
    shelf = FileOutbox(data)
    await shelf.put(Outgoing(EffectKey(key), EMAIL, None, ABOUT))
    return shelf


async def test_what_lies_there_and_what_comes_is_mailed_once_and_no_log_has_the_password(
    site: Site,
) -> None:
    data = site.folder / "data"
    async with FakeSmtp(offers=["AUTH PLAIN"]).open() as server:
        settings(data, server.port)
        shelf = await left(data, "k1")
        async with web(site):
            await server.until(lambda: len(server.taken) == 1)
            await left(data, "k2")
            await server.until(lambda: len(server.taken) == 2)
            async with site.client() as client:
                figure = 'hotline_notices_total{outcome="sent"} 2.0'
                async with asyncio.timeout(20):
                    while figure not in (await client.get("/metrics")).text:
                        await asyncio.sleep(0.02)
    assert [mail["Subject"] for mail in server.mails] == ["A message for support"] * 2
    assert list(shelf.waiting()) == [] and PASSWORD not in site.log.read_text()


async def test_told_to_stop_it_does_not_wait_for_a_silent_mail_server(site: Site) -> None:
    data = site.folder / "data"
    async with FakeSmtp({"CONNECT": SILENCE}).open() as server:
        settings(data, server.port)
        shelf = await left(data, "k1")
        async with web(site) as process:
            await server.until(lambda: server.visits)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), 15) == 0
    assert '"web stopped"' in site.log.read_text() and len(list(shelf.waiting())) == 1
