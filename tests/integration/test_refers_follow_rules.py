"""A telephone sends its caller by the rules in force, also when they have changed meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.integration.test_talk_on_asterisk import ANN, talk

pytestmark = pytest.mark.asterisk


async def test_a_queue_that_came_during_the_talk_can_be_sent_to_and_one_that_went_cannot() -> None:
    async with talk(agents=1) as it:
        house = it.house
        file = house.settings.data / "centre.yaml"
        rules: dict[str, Any] = yaml.safe_load(file.read_text())

        async def apply(**queues: Any) -> None:
            file.write_text(yaml.safe_dump(rules | {"queues": rules["queues"] | queues}))
            assert (await house.core.ask("rules apply"))["changed"]

        def names() -> str:
            return house.asterisk.command("dialplan show acd-refer")

        epoch = house.asterisk.command("dialplan show globals")
        await it.leg.refer("sales")
        await it.until_together("caller", ANN)
        await apply(sales={}, gone={})
        assert "'sales'" in names() and "'gone'" in names()
        await apply(sales={})
        assert "'gone'" not in names()
        await it.until_together("caller", ANN)
        kept = {line for line in epoch.splitlines() if "ACD_EPOCH" in line}
        assert kept and kept <= set(house.asterisk.command("dialplan show globals").splitlines())

        assert await it.leg.refer("sales") == 202
        await house.until_states(waiting=1)
        [contact] = (await house.core.ask("contacts"))["contacts"]
        assert contact["queue"] == "sales"
        await it.until_agents(ann="wrap-up")
        await it.caller.hang_up()
        await it.until_over()


async def test_rules_that_changed_while_the_core_was_away_hold_when_it_is_back() -> None:
    async with talk(agents=1) as it:
        house = it.house
        house.kill_python()
        file = house.settings.data / "centre.yaml"
        rules = yaml.safe_load(file.read_text())
        file.write_text(yaml.safe_dump(rules | {"queues": rules["queues"] | {"sales": {}}}))
        await house.start_calls()
        await it.until_together("caller", ANN)
        assert await it.leg.refer("sales") == 202
        await house.until_states(waiting=1)
        [contact] = (await house.core.ask("contacts"))["contacts"]
        assert contact["queue"] == "sales"
        await it.caller.hang_up()
        await it.until_over()
