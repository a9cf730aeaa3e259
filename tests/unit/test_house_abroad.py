"""A house in another country: what is written there without a code is a number of that country."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from adapters.cli import seen_numbers
from adapters.stores.opened import Stores, opened
from adapters.web.__main__ import CorePart
from ivr.dialling import Today, routes
from ivr.outbound import OutboundSettings
from ivr.settings import Settings, load

HERE = "(212) 555-0123"
SITE = """
outbound: {region: US, allow: ["+1"], caller_id: "+12125550100"}
trunks: {main: {address: "192.0.2.10:5060", caller_ids: ["+12125550100"]}}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    (data / "site.yaml").write_text(SITE)
    return load({"HOTLINE_HOME": str(tmp_path / "home"), "HOTLINE_DATA": str(data)})


@pytest.fixture
async def stores(settings: Settings) -> AsyncIterator[Stores]:
    async with AsyncExitStack() as stack:
        yield await opened(settings, stack)


async def test_what_the_rules_let_out_is_what_the_vault_has_dialled(
    settings: Settings, stores: Stores
) -> None:
    site, vault = settings.site, stores.vault
    [way] = routes(site.outbound, site.trunks, HERE, queue="support", today=Today())
    kept = await vault.open(await vault.person_for_number(HERE), "number")
    assert kept == "+12125550123" == way.dial.split("@")[0]


async def test_every_process_finds_who_has_a_number_of_the_country(
    settings: Settings, stores: Stores
) -> None:
    person = await stores.vault.person_for_number("+12125550123")
    web = CorePart(settings)
    assert await web.find(HERE) == person
    await web.close()
    async with seen_numbers.opened(settings, "core") as core:
        assert await seen_numbers.person_with(core, settings, HERE) == person
        assert await seen_numbers.numbers_in(core, settings)(person) == "+12125550123"


def test_a_number_of_help_is_one_where_the_house_stands() -> None:
    assert OutboundSettings(region="AU").is_emergency("000")
    assert not OutboundSettings().is_emergency("000")
