"""New rules in a running house: agents come and go, and Asterisk knows the credits."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from adapters.sipp.phones import Behaviour
from tests.house import House, house

pytestmark = pytest.mark.asterisk


async def go_by(running: House, agents: list[str], credit: int) -> Any:
    rules = {
        "classes": {"vip": {"credit": credit}},
        "agents": {name: {"queues": ["support"]} for name in agents},
    }
    (running.settings.data / "centre.yaml").write_text(yaml.safe_dump(rules))
    return await running.core.ask("rules apply")


async def test_an_agent_who_comes_by_new_rules_can_be_rung_at_once() -> None:
    async with house(2) as running:
        first, second = running.agents
        await running.phones([first, second], Behaviour())
        await running.core.ask("agent logout", agent=second)
        assert (await go_by(running, [first], credit=60))["agents"] == 1
        assert [agent["agent"] for agent in (await running.core.ask("agents"))["agents"]] == [first]
        assert "ACD_CREDIT_vip=60" in running.asterisk.command("dialplan show globals")

        await go_by(running, [first, second], credit=30)
        await running.until_agent(second, lambda agent: agent["phone"] == "reachable")
        assert "ACD_CREDIT_vip=30" in running.asterisk.command("dialplan show globals")
        changed = [record.data["version"] for record in await running.records("RulesChanged")]
        status = await running.core.ask("status")
        assert len(changed) == 3 and changed[-1] == status["rules"]
