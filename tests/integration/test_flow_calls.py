"""Real calls through flows: the examples, type-ahead, and a core that is killed in the middle.

A few calls each; the campaigns of the same names (CONTRIBUTING.md) make them all.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest
import yaml

from adapters.sipp.callers import fictional_numbers
from tests import campaign_flow_calls, campaign_resume, campaign_type_ahead, fake_shop
from tests.asked_service import asked_service
from tests.campaign_type_ahead import Typist
from tests.flow_stage import example, flow_stage
from tests.resume_rows import ROWS, kind_of

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]
ORDER = {"status": "delivered", "total": "18.00 CNY", "delivery": {"day": "2026-02-27"}}


@pytest.mark.parametrize("name", ["retail", "bank", "municipal", "orders"])
async def test_calls_go_the_way_that_the_flow_says(name: str) -> None:
    report = await campaign_flow_calls.campaign(name, lanes=6, most=6)
    assert report.faults == [] and report.calls == 6


@pytest.mark.parametrize("ends_with", ["", "#"])
async def test_no_key_is_lost_of_sixteen_digits_and_three_menus_typed_ahead(ends_with: str) -> None:
    typists = [Typist.of(7, n, (0.04, 0.05), ends_with) for n in range(10)]
    furnish = campaign_type_ahead.furnish
    async with asked_service() as service, flow_stage(furnish(service, ends_with)) as stage:
        assert await campaign_type_ahead.together(stage, service, typists) == []


async def test_calls_go_on_in_their_steps_when_the_core_is_killed() -> None:
    result = await campaign_resume.campaign(kills=1)
    assert result.faults == []
    assert {kind_of(row) for row in ROWS} <= set(result.hits)


async def test_a_key_pressed_while_the_shop_is_asked_answers_what_is_said_then() -> None:
    async with asked_service() as service:
        service.seconds, service.answer = 2.0, ORDER

        def furnish(data: Path) -> None:
            example(fake_shop.EXAMPLE)(data)
            site = yaml.safe_load((data / "site.yaml").read_text())
            site["services"] = {"orders": {"url": f"http://127.0.0.1:{service.port}"}}
            (data / "site.yaml").write_text(yaml.safe_dump(site))

        async with flow_stage(furnish) as stage:
            [number] = fictional_numbers(1, Random().randrange(900))
            _, [hand] = await stage.callers([number], "4001")
            await hand.keys("1002")
            seen = await stage.watch.until(number, lambda seen: seen.steps[-1][1] == "status", 30)
            await asyncio.sleep(0.5)
            await hand.keys("0")
            assert service.asked["/orders/1002"] == 1 and seen.steps[-1][1] == "status"
            await stage.house.until_states(waiting=1)
            trails = await stage.trails()
    assert trails[seen.contact][-4:] == [
        "status:done", "which:delivered", "delivered:0", "person:waiting",
    ]  # fmt: skip
