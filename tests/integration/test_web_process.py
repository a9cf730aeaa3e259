"""`python -m adapters.web` as a process of its own: started, killed, without a core, stopped."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from ivr.settings import ROOT
from tests.web_site import NUMBER, Site, a_call, applied, core_stores, everything, web

CANARY = "canary-5d0e"


async def test_killed_at_any_moment_it_applies_every_record_exactly_once(site: Site) -> None:
    async with core_stores(site) as (journal, vault):
        person = await vault.person_for_number(NUMBER)
        for n in range(0, 600, 20):
            await journal.append([record for m in range(n, n + 20) for record in a_call(m, person)])
        for pause in (0.0, 0.15):
            async with web(site) as process:
                await asyncio.sleep(pause)  # any moment will do: this one varies it
                process.kill()
        async with web(site):
            await applied(site, 1800)
            async with site.client() as client:
                (ticket,) = await everything(client, "/api/v1/tickets")
                timeline = await everything(client, f"/api/v1/tickets/{ticket['id']}/timeline")
    assert [event["seq"] for event in timeline] == list(range(1, 2401))
    assert len({(event["contact"], event["kind"]) for event in timeline}) == 2400


async def test_it_serves_before_its_core_has_ever_run_and_follows_it_when_it_comes(
    site: Site,
) -> None:
    async with web(site), site.client() as client:
        ready = await client.get("/ready")
        assert ready.status_code == 503 and ready.json()["links"]["database"] == "up"
        assert (await client.get("/api/v1/agents")).status_code == 503
        async with core_stores(site) as (journal, vault):
            await journal.append(a_call(1, await vault.person_for_number(NUMBER)))
            await applied(site, 3)
            ticket = (await everything(client, "/api/v1/tickets"))[0]
            customer = (await everything(client, "/api/v1/customers"))[0]
        assert (customer["id"], customer["number"]) == (ticket["customer"], "+86138****8000")
        words = {"text": CANARY}
        said = await client.post(f"/api/v1/tickets/{ticket['id']}/comments", json=words)
        assert (said.status_code, said.json()["text"]) == (201, CANARY)
        await client.post(f"/api/v1/customers/{customer['id']}/reveal", json={"reason": "canary"})
    log = site.log.read_text()
    secrets = (CANARY, site.token, NUMBER, NUMBER[3:])
    kept = b"".join(file.read_bytes() for file in (site.folder / "data").glob("web.db*"))
    assert CANARY.encode() not in kept
    assert "comment written" in log and not [secret for secret in secrets if secret in log]
    assert site.token not in Path("/proc/self/environ").read_text()


async def test_erasing_a_person_erases_what_was_written_about_them(site: Site) -> None:
    async with web(site), core_stores(site) as (journal, vault), site.client() as client:
        person = await vault.person_for_number(NUMBER)
        await journal.append(a_call(1, person))
        await applied(site, 3)
        path = f"/api/v1/tickets/{(await everything(client, '/api/v1/tickets'))[0]['id']}"
        await client.post(f"{path}/comments", json={"text": CANARY})
        await vault.erase(person)
        (comment,) = [
            e for e in await everything(client, f"{path}/timeline") if e["who"] == "operator"
        ]
        assert comment["text"] is None
        assert (await client.post(f"{path}/comments", json={"text": CANARY})).status_code == 409
        assert (await everything(client, "/api/v1/customers"))[0]["number"] is None


async def test_told_to_stop_it_ends_its_streams_and_itself_in_time(site: Site) -> None:
    async with (
        web(site) as process,
        site.client() as client,
        client.stream("GET", "/api/v1/events") as response,
    ):
        assert await anext(response.aiter_lines()) == "retry: 1000"
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    log = site.log.read_text()
    assert '"web stopped"' in log and "graceful shutdown exceeded" not in log


async def test_a_port_that_is_taken_is_said_plainly(site: Site) -> None:
    async with web(site):
        second = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "adapters.web", cwd=ROOT, env=site.environment,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await asyncio.wait_for(second.communicate(), 15)
    assert second.returncode and b"Traceback" not in said
    assert b"address already in use" in said
